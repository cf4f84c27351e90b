"""Which headers cross to Django, and which come back (RFC 9110 §7.6.1).

Django folds `X_Name` and `X-Name` into one, so a name with an underscore could pass for a header that the
ingress itself sets; such names are dropped, and what says where a request came from is written anew.
"""

from __future__ import annotations

from typing import Final

from studio.ingress.messages import Headers, Scope
from studio.kernel.errors import Malformed

HOP_BY_HOP: Final = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection",
        b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect", b"content-length",
    }
)  # fmt: skip
SAYS_WHERE_FROM: Final = frozenset(
    {
        b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto",
        b"x-forwarded-prefix", b"x-forwarded-server", b"x-real-ip", b"x-request-id",
    }
)  # fmt: skip
SERVERS_OWN: Final = frozenset({b"date", b"server"})
MAX_HEADER_BYTES: Final = 32 << 10


def client_address(scope: Scope, *, behind_proxy: bool) -> str:
    """Who sent it. Only the last hop of X-Forwarded-For counts: our proxy wrote it, others are hearsay."""
    if behind_proxy:
        for name, value in reversed(scope["headers"]):
            if name == b"x-forwarded-for":
                return str(value.decode("latin-1").rsplit(",", 1)[-1].strip())
    client = scope.get("client")
    return str(client[0]) if client else ""


def request_head(scope: Scope, *, body_bytes: int, behind_proxy: bool, request_id: str) -> bytes:
    """The head of the request to Django; raise Malformed for one that two servers could read differently."""
    target = scope["raw_path"] or b"/"
    if not target.startswith(b"/"):
        raise Malformed(reason="The request target must be a path.")
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    lines = [scope["method"].encode("ascii") + b" " + target + b" HTTP/1.1"]
    kept, hosts, size = _kept_headers(scope)
    if hosts > 1:
        raise Malformed(reason="The header host came more than once.")
    if size > MAX_HEADER_BYTES:
        raise Malformed(reason="The headers are too long.")
    lines += kept
    address = client_address(scope, behind_proxy=behind_proxy)
    lines += [
        b"x-forwarded-for: " + address.encode("latin-1"),
        b"x-forwarded-proto: " + _scheme(scope, behind_proxy=behind_proxy),
        b"x-request-id: " + request_id.encode("ascii"),
        b"content-length: %d" % body_bytes,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def response_headers(headers: Headers) -> Headers:
    """What Django answered, without what belonged to its connection; a length stays, it may be of HEAD."""
    named = _named_by_connection(headers) | SERVERS_OWN
    return [
        (name, value)
        for name, value in ((name.lower(), value) for name, value in headers)
        if (name not in HOP_BY_HOP or name == b"content-length") and name not in named
    ]


def _kept_headers(scope: Scope) -> tuple[list[bytes], int, int]:
    named = _named_by_connection(scope["headers"])
    kept, hosts, size = [], 0, 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        hosts += name == b"host"
        if b"_" in name or name in HOP_BY_HOP or name in SAYS_WHERE_FROM or name in named:
            continue
        kept.append(name + b": " + value)
    return kept, hosts, size


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    return frozenset(
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    ) - {b"host", b"authorization", b"cookie", b"content-type"}


def _scheme(scope: Scope, *, behind_proxy: bool) -> bytes:
    if behind_proxy:
        for name, value in scope["headers"]:
            if name == b"x-forwarded-proto" and value in (b"http", b"https"):
                return bytes(value)
    return str(scope.get("scheme", "http")).encode("ascii")
