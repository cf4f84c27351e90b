"""The client against real servers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from studio.kernel.errors import NodeError, OutcomeUnknown, Permanent, Transient
from studio.outbound.addresses import parse_networks
from studio.outbound.client import OutboundClient
from tests.studio.outbound.servers import (
    SERVER_ADDRESS,
    Server,
    canary,
    closed_port,
    cut_the_body,
    hang_up,
    http_server,
    raw_server,
    speak_nonsense,
    stay_silent,
)
from tests.studio.outbound.spellings import URLS

OPENED = parse_networks(f"{SERVER_ADDRESS}/32")


class Names(AbstractResolver):
    """A name server with the answers of the test, one list after the other."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in answer
        ]

    async def close(self) -> None:
        return None


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    outbound = OutboundClient(OPENED)
    yield outbound
    await outbound.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with http_server() as running:
        yield running


async def failure(client: OutboundClient, method: str, url: str, **options: object) -> NodeError:
    with pytest.raises(NodeError) as caught:
        await client.request(method, url, **options)  # type: ignore[arg-type]
    return caught.value


async def test_a_request_arrives_as_it_was_given(client: OutboundClient, server: Server) -> None:
    await client.request(
        "post", server.url("/a?b=1"), headers=[("X-One", "é")], query=[("c", "2"), ("c", "3")], body=b"hello"
    )

    seen = server.seen[0]
    assert (seen.method, seen.path, seen.headers["X-One"], seen.body) == (
        "POST",
        "/a?b=1&c=2&c=3",
        "é",
        b"hello",
    )


async def test_an_error_status_is_an_answer(client: OutboundClient, server: Server) -> None:
    response = await client.request("GET", server.url("/status?code=503&text=busy"))

    assert (response.status, response.body, response.url) == (
        503,
        b"busy",
        server.url("/status?code=503&text=busy"),
    )


@pytest.mark.parametrize("spelling", URLS)
async def test_no_spelling_of_a_forbidden_address_is_connected_to(spelling: str) -> None:
    client = OutboundClient()
    async with canary() as seen:
        error = await failure(client, "GET", spelling.replace("{port}", str(seen.port)), timeout=5)

        assert (seen.connections, isinstance(error, Permanent | Transient)) == (0, True)
    await client.close()


@pytest.mark.parametrize(
    "answers", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["2606:4700:4700::1111", "::1"]]
)
async def test_a_name_with_one_forbidden_answer_is_refused_whole(answers: list[str]) -> None:
    client = OutboundClient(resolver=Names(answers))
    async with canary() as seen:
        error = await failure(client, "GET", f"http://rebind.example:{seen.port}/")

        assert (error.public_code, seen.connections) == ("address_blocked", 0)
    await client.close()


async def test_a_name_that_changes_its_answer_is_connected_to_where_it_was_vetted() -> None:
    async with http_server() as server, canary() as seen:
        client = OutboundClient(OPENED, resolver=Names([SERVER_ADDRESS], ["127.0.0.1"]))

        response = await client.request("GET", f"http://rebind.example:{server.port}/")

        assert (response.status, seen.connections) == (200, 0)
        await client.close()


async def test_a_refusal_never_tells_the_resolved_address() -> None:
    client = OutboundClient(resolver=Names(["10.1.2.3"]))
    error = await failure(client, "GET", "http://internal.example/")

    assert str(error) == (
        "internal.example may not be called from here: private and reserved addresses are refused."
    )
    await client.close()


async def test_a_service_port_of_a_public_name_is_not_connected_to() -> None:
    client = OutboundClient(OPENED, resolver=Names(["93.184.216.34"]))
    error = await failure(client, "GET", "http://db.example:5432/")

    assert error.public_code == "address_blocked"
    await client.close()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_to_a_forbidden_address_is_refused(
    client: OutboundClient, server: Server, code: int
) -> None:
    async with canary() as seen:
        to = f"http://127.0.0.1:{seen.port}/"
        error = await failure(client, "GET", server.url(f"/redirect?code={code}&to={to}"))

        assert (error.public_code, seen.connections) == ("address_blocked", 0)


@pytest.mark.parametrize("to", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://127.1/", "http://["])
async def test_a_redirect_to_something_malformed_is_refused(
    client: OutboundClient, server: Server, to: str
) -> None:
    error = await failure(client, "GET", server.url("/redirect"), query=[("to", to)])

    assert error.public_code == "invalid_url"


@pytest.mark.parametrize(
    ("code", "method", "followed"),
    [
        (301, "POST", ("GET", b"")),
        (302, "POST", ("GET", b"")),
        (303, "PUT", ("GET", b"")),
        (307, "POST", ("POST", b"x")),
        (308, "PUT", ("PUT", b"x")),
        (302, "PUT", ("PUT", b"x")),
    ],
)
async def test_a_redirect_keeps_or_drops_method_and_body_as_http_says(
    client: OutboundClient, server: Server, code: int, method: str, followed: tuple[str, bytes]
) -> None:
    await client.request(method, server.url(f"/redirect?code={code}&to=/end"), body=b"x")

    assert (server.seen[1].method, server.seen[1].body) == followed


async def test_secrets_stay_with_the_host_they_were_meant_for(client: OutboundClient, server: Server) -> None:
    secrets = [("Authorization", "a"), ("Cookie", "b"), ("X-Api-Key", "c"), ("Mine", "d"), ("X-Kept", "e")]
    async with http_server() as other:
        to = other.url("/end")
        await client.request(
            "GET", server.url(f"/redirect?to={to}"), headers=secrets, secret_headers=["mine"]
        )

        names = {"Authorization", "Cookie", "X-Api-Key", "Mine", "X-Kept"}
        assert names & set(other.seen[0].headers) == {"X-Kept"}


async def test_secrets_follow_a_redirect_within_the_host(client: OutboundClient, server: Server) -> None:
    await client.request("GET", server.url("/redirect?to=/end"), headers=[("Authorization", "a")])

    assert server.seen[1].headers["Authorization"] == "a"


async def test_a_redirect_loop_ends(client: OutboundClient, server: Server) -> None:
    error = await failure(client, "GET", server.url("/loop"))

    assert (error.public_code, len(server.seen)) == ("too_many_redirects", 6)


async def test_redirects_can_be_returned_instead_of_followed(client: OutboundClient, server: Server) -> None:
    response = await client.request("GET", server.url("/redirect?to=/end"), max_redirects=0)

    assert (response.status, response.header("LOCATION")) == (302, "/end")


async def test_no_cookie_is_kept_for_the_next_request(client: OutboundClient, server: Server) -> None:
    await client.request("GET", server.url("/cookie"))
    await client.request("GET", server.url("/end"))

    assert "Cookie" not in server.seen[1].headers


async def test_proxies_of_the_environment_are_ignored(
    client: OutboundClient, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with canary() as seen:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{seen.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{seen.port}")
        response = await client.request("GET", server.url())

        assert (response.status, seen.connections) == (200, 0)


@pytest.mark.parametrize("path", ["/endless", "/bomb"])
async def test_a_body_without_end_is_cut_off_at_the_cap(
    client: OutboundClient, server: Server, path: str
) -> None:
    error = await failure(client, "GET", server.url(path), max_bytes=1_000_000, timeout=20)

    assert error.public_code == "response_too_large"


async def test_a_slow_drip_does_not_outlive_the_deadline(client: OutboundClient, server: Server) -> None:
    error = await failure(client, "GET", server.url("/drip"), timeout=0.2)

    assert (error.public_code, error.category) == ("request_timed_out", "timeout")


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (hang_up, "connection_lost"),
        (speak_nonsense, "malformed_response"),
        (cut_the_body, "malformed_response"),
        (stay_silent, "request_timed_out"),
    ],
)
async def test_a_bad_answer_to_a_read_may_be_asked_for_again(
    client: OutboundClient, talk: object, code: str
) -> None:
    async with raw_server(talk) as server:  # type: ignore[arg-type]
        error = await failure(client, "GET", server.url(), timeout=0.2)

        assert (error.public_code, isinstance(error, Transient)) == (code, True)


@pytest.mark.parametrize("talk", [hang_up, speak_nonsense, cut_the_body, stay_silent])
async def test_a_write_without_a_whole_answer_has_an_unknown_outcome(
    client: OutboundClient, talk: object
) -> None:
    async with raw_server(talk) as server:  # type: ignore[arg-type]
        error = await failure(client, "POST", server.url(), body=b"x", timeout=0.2, effect_write=True)

        assert isinstance(error, OutcomeUnknown)


@pytest.mark.parametrize(
    ("path", "code"), [("/big-header", "malformed_response"), ("/broken-gzip", "malformed_response")]
)
async def test_what_cannot_be_read_is_a_malformed_response(
    client: OutboundClient, server: Server, path: str, code: str
) -> None:
    error = await failure(client, "GET", server.url(path))

    assert error.public_code == code


async def test_a_refused_connection_is_transient_even_for_a_write(client: OutboundClient) -> None:
    error = await failure(
        client, "POST", f"http://{SERVER_ADDRESS}:{closed_port()}/", body=b"x", effect_write=True
    )

    assert (error.public_code, type(error)) == ("connect_failed", Transient)


async def test_a_name_nobody_knows_is_a_connection_error(client: OutboundClient) -> None:
    error = await failure(client, "GET", "http://nobody.invalid/")

    assert (error.public_code, error.category) == ("host_not_found", "connection")


async def test_a_server_without_tls_is_no_https_server(client: OutboundClient, server: Server) -> None:
    error = await failure(client, "GET", server.url().replace("http:", "https:"))

    assert error.public_code == "tls_failed"


@pytest.mark.parametrize(
    "header",
    [("Host", "x"), ("Bad Name", "x"), ("X", "a\r\nY: b"), ("X", "\ud800"), ("Transfer-Encoding", "x")],
)
async def test_a_header_that_could_smuggle_is_refused_before_connecting(
    client: OutboundClient, server: Server, header: tuple[str, str]
) -> None:
    error = await failure(client, "GET", server.url(), headers=[header])

    assert (error.public_code, server.seen) == ("invalid_header", [])


@pytest.mark.parametrize(("effect_write", "times"), [(True, 1), (False, 2)])
async def test_a_write_is_never_sent_again_by_the_connection_pool(
    client: OutboundClient, effect_write: bool, times: int
) -> None:
    sent = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async with raw_server(count) as server:
        await failure(client, "PUT", server.url(), effect_write=effect_write)

        assert len(sent) == times


async def test_requests_wait_side_by_side(client: OutboundClient) -> None:
    async with raw_server(stay_silent) as server:
        started = asyncio.get_running_loop().time()
        await asyncio.gather(*(failure(client, "GET", server.url(), timeout=0.2) for _ in range(50)))

        assert asyncio.get_running_loop().time() - started < 2
