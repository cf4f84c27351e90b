"""The one client for every outgoing request: nodes, deliveries, sign-in, imports.

One aiohttp session per event loop; no cookies, no environment proxies, no automatic redirects. A deadline
covers name resolution, TLS, headers and body together; sizes are capped after decompression. Every failure
leaves as an error of `studio.kernel.errors` whose text never tells what lies behind a refused address.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from studio.kernel.errors import Category, NodeError, OutcomeUnknown, Permanent, Transient
from studio.outbound.addresses import NOTHING_PRIVATE, AllowedNetworks
from studio.outbound.guard import AddressRefused, VettingResolver, open_vetted_socket
from studio.outbound.headers import Headers, vet_headers, without_body_headers, without_secrets
from studio.outbound.urls import address_blocked, invalid_url, vet

MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 5
MAX_CONNECTIONS = 1024
CONNECT_SECONDS = 10.0
DNS_CACHE_SECONDS = 10
# Shorter than what servers use, so that a request rarely meets a connection that is just being closed.
KEEP_ALIVE_SECONDS = 4.0
USER_AGENT = "Studio/1"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class OutboundResponse:
    """A whole answer; header names keep their spelling and order, repeated ones stay apart."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    url: str
    elapsed: float

    def header(self, name: str) -> str | None:
        """The first header of this name, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass
class _Progress:
    """Whether any byte of the request may have left: ever, and on the current hop."""

    sent: bool = False
    sent_on_hop: bool = False
    may_resend: bool = True


@dataclass
class _Exchange:
    """One request as it changes from hop to hop."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    query: Sequence[tuple[str, str]]
    body: bytes | None
    secret_headers: Collection[str]
    max_bytes: int
    effect_write: bool
    timeout: float
    progress: _Progress


class OutboundClient:
    """Make vetted requests; `close()` before the loop ends."""

    def __init__(
        self,
        allowed_networks: AllowedNetworks = NOTHING_PRIVATE,
        *,
        ssl_context: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allowed_networks = allowed_networks
        self._ssl_context = ssl_context
        self._resolver = resolver
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = (
            WeakKeyDictionary()
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Headers = (),
        query: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        timeout: float = 30.0,
        max_bytes: int = MAX_BYTES,
        max_redirects: int = MAX_REDIRECTS,
        effect_write: bool = False,
        secret_headers: Collection[str] = (),
    ) -> OutboundResponse:
        """Send and read the whole answer, whatever its status.

        `effect_write` says that sending twice would act twice: a loss after the first byte left is then
        OutcomeUnknown. `secret_headers` are names that must not follow a redirect to another host, beside
        those that look secret. With `max_redirects=0` a redirect is returned as it is.
        """
        vet_headers(headers)
        exchange = _Exchange(
            method=method.upper(), url=url, headers=list(headers), query=query, body=body,
            secret_headers=secret_headers, max_bytes=max_bytes, effect_write=effect_write, timeout=timeout,
            progress=_Progress(may_resend=not effect_write),
        )  # fmt: skip
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(exchange, max_redirects, started)
        except TimeoutError as error:
            raise _timed_out(exchange) from error

    async def close(self) -> None:
        """Close the session of the running loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    async def _follow(self, exchange: _Exchange, max_redirects: int, started: float) -> OutboundResponse:
        hops = 0
        while True:
            response = await self._one_hop(exchange, started)
            location = response.header("location")
            if response.status not in _REDIRECTS or location is None or max_redirects == 0:
                return response
            hops += 1
            if hops > max_redirects:
                raise Permanent(
                    reason=f"Redirected more than {max_redirects} times.",
                    category=Category.UPSTREAM,
                    error_code="too_many_redirects",
                )
            _redirect(exchange, response, location)

    async def _one_hop(self, exchange: _Exchange, started: float) -> OutboundResponse:
        target = vet(exchange.url, self._allowed_networks)
        exchange.progress.sent_on_hop = False
        url = target.url.extend_query(list(exchange.query)) if exchange.query else target.url
        try:
            async with self._session().request(
                exchange.method,
                url,
                headers=exchange.headers,
                data=exchange.body,
                allow_redirects=False,
                trace_request_ctx=exchange.progress,
            ) as response:
                body = await _read_body(response, exchange.max_bytes)
        except AddressRefused as error:
            raise address_blocked(target.host) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ServerTimeoutError):
                raise
            raise _translate(error, exchange, target.host) from error
        return OutboundResponse(
            status=response.status,
            headers=[(_decode(name), _decode(value)) for name, value in response.raw_headers],
            body=body,
            url=_without_default_port(url),
            elapsed=round(asyncio.get_running_loop().time() - started, 6),
        )

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            session = self._sessions[loop] = self._open_session()
        return session

    def _open_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=VettingResolver(self._allowed_networks, self._resolver),
            socket_factory=partial(open_vetted_socket, allowed_networks=self._allowed_networks),
            ssl=self._ssl_context if self._ssl_context is not None else True,
            limit=MAX_CONNECTIONS,
            ttl_dns_cache=DNS_CACHE_SECONDS,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_start.append(_refuse_resend)
        trace.on_connection_reuseconn.append(_refuse_resend)
        trace.on_request_headers_sent.append(_note_sent)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            trace_configs=[trace],
            trust_env=False,
            max_line_size=8190,
            max_field_size=16 * 1024,
            max_headers=128,
        )


async def _note_sent(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    progress: _Progress = context.trace_request_ctx
    progress.sent = progress.sent_on_hop = True


async def _refuse_resend(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    # The session would send PUT and DELETE a second time by itself when the connection drops; whether a write
    # may be sent again is not its decision.
    progress: _Progress = context.trace_request_ctx
    if progress.sent_on_hop and not progress.may_resend:
        raise aiohttp.ServerDisconnectedError


async def _read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_any():
        received += chunk
        if len(received) > max_bytes:
            response.close()
            raise Permanent(
                reason=f"The answer is larger than {max_bytes} bytes.",
                category=Category.UPSTREAM,
                error_code="response_too_large",
                details={"status": response.status},
            )
    return bytes(received)


def _redirect(exchange: _Exchange, response: OutboundResponse, location: str) -> None:
    """Turn the exchange into its next hop."""
    current = URL(response.url)
    try:
        following = str(current.join(URL(location)))
    except ValueError as error:
        raise invalid_url("a redirect leads to a malformed address") from error
    if response.status == 303 or (response.status in (301, 302) and exchange.method == "POST"):
        exchange.method = "HEAD" if exchange.method == "HEAD" else "GET"
        exchange.body = None
        exchange.headers = without_body_headers(exchange.headers)
    if _origin(following) != _origin(response.url):
        exchange.headers = without_secrets(exchange.headers, exchange.secret_headers)
    exchange.url, exchange.query = following, ()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parsed = URL(url)
    return parsed.scheme, parsed.raw_host, parsed.port


def _without_default_port(url: URL) -> str:
    return str(url.with_port(None) if url.is_default_port() else url)


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _timed_out(exchange: _Exchange) -> NodeError:
    if exchange.effect_write and exchange.progress.sent:
        return _outcome_unknown()
    return Transient(
        reason=f"No complete answer within {exchange.timeout:g} s.",
        category=Category.TIMEOUT,
        error_code="request_timed_out",
    )


def _outcome_unknown() -> OutcomeUnknown:
    return OutcomeUnknown(
        reason="The request was sent, but no complete answer came: it may or may not have had its effect."
    )


def _translate(error: Exception, exchange: _Exchange, host: str) -> NodeError:
    match error:
        case aiohttp.InvalidURL():
            return invalid_url("it is malformed")
        case aiohttp.ClientConnectorDNSError():
            return _unreachable(f"The host {host} has no address.", "host_not_found")
        case aiohttp.ClientSSLError():
            return _unreachable(f"No trusted TLS connection to {host}.", "tls_failed")
        case aiohttp.ServerTimeoutError() if not exchange.progress.sent:
            return Transient(
                reason=f"No connection to {host} in time.",
                category=Category.TIMEOUT,
                error_code="connect_timed_out",
            )
        case aiohttp.ClientConnectorError():
            return _unreachable(f"No connection to {host}.", "connect_failed")
    if exchange.effect_write and exchange.progress.sent:
        return _outcome_unknown()
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError | ValueError):
        return Transient(
            reason=f"{host} did not answer in well-formed HTTP.",
            category=Category.UPSTREAM,
            error_code="malformed_response",
        )
    return _unreachable(f"The connection to {host} broke.", "connection_lost")


def _unreachable(reason: str, code: str) -> Transient:
    return Transient(reason=reason, category=Category.CONNECTION, error_code=code)
