"""What crosses to Django and back: whole, bounded, and with nothing smuggled in."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from studio.ingress import server as serving
from tests.studio.ingress.servers import (
    Script,
    Server,
    Upstream,
    echo,
    read_request,
    running_ingress,
    running_upstream,
)


@pytest.fixture(scope="module")
def upstream_and_server(django_db_setup: None) -> Iterator[tuple[Upstream, Server]]:
    async def unset(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        raise AssertionError("no script")

    with running_upstream(unset) as (upstream, address), running_ingress(address) as server:
        yield upstream, server


@pytest.fixture
def django(upstream_and_server: tuple[Upstream, Server]) -> Upstream:
    """Stands for Django; answers every request with 200 unless a test says otherwise."""
    upstream = upstream_and_server[0]
    upstream.seen.clear()
    upstream.script = echo(upstream.seen)
    return upstream


@pytest.fixture
def server(upstream_and_server: tuple[Upstream, Server], django: Upstream) -> Server:
    return upstream_and_server[1]


def answering(response: bytes, *, then: Script | None = None) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(response)
        await writer.drain()
        if then is not None:
            await then(reader, writer)

    return script


def head_of(seen: bytes) -> dict[str, str]:
    lines = seen.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}


def test_a_request_crosses_with_its_method_target_headers_and_body(server: Server, django: Upstream) -> None:
    reply = server.send("PUT", "/api/v1/x%2Fy?a=1&b=%20", b"body", {"X-Own": "yes"})

    assert (reply.status, reply.body) == (200, b'{"ok": true}')
    assert django.seen[0].startswith(b"PUT /api/v1/x%2Fy?a=1&b=%20 HTTP/1.1\r\n")
    assert django.seen[0].endswith(b"\r\n\r\nbody")
    head = head_of(django.seen[0])
    assert (head["x-own"], head["content-length"], head["x-forwarded-for"]) == ("yes", "4", "127.0.0.1")


def test_what_says_where_a_request_comes_from_is_written_anew(server: Server, django: Upstream) -> None:
    spoofed = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "X_Forwarded_For": "6.6.6.6",
        "X_Request_Id": "forged-request",
    }

    server.send("GET", "/api/v1/me", None, spoofed)

    head = head_of(django.seen[0])
    assert (head["x-forwarded-for"], head["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert not {"x-forwarded-host", "forwarded", "x-real-ip"} & set(head)
    assert not [name for name in head if "_" in name]
    assert b"6.6.6.6" not in django.seen[0]


def test_headers_of_the_connection_stay_on_it(server: Server, django: Upstream) -> None:
    server.raw(
        b"GET /api/v1/me HTTP/1.1\r\nHost: h\r\nConnection: close, X-Secret-Hop\r\nX-Secret-Hop: 1\r\n"
        b"TE: trailers\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\nX-Other: 2\r\n\r\n"
    )

    assert set(head_of(django.seen[0])) == {
        "host", "x-other", "x-forwarded-for", "x-forwarded-proto", "x-request-id", "content-length",
    }  # fmt: skip


def test_a_chunked_body_arrives_whole_with_its_length(server: Server, django: Upstream) -> None:
    server.raw(
        b"POST /api/v1/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    )

    assert django.seen[0].endswith(b"\r\n\r\nhello world")
    assert head_of(django.seen[0])["content-length"] == "11"
    assert "transfer-encoding" not in head_of(django.seen[0])


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbodyy",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\nbody",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4, 4\r\n\r\nbody",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbody\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n X-Folded: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_a_request_that_two_servers_could_read_differently_never_reaches_django(
    server: Server, django: Upstream, request_bytes: bytes
) -> None:
    answer = server.raw(request_bytes, seconds=1.0)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert django.seen == []


def test_a_body_over_the_limit_is_refused_and_never_crosses(server: Server, django: Upstream) -> None:
    declared = server.send("POST", "/api/v1/x", b"x" * (2 << 20))
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    chunked = server.raw(
        b"POST /api/v1/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunk * 20
        + b"0\r\n\r\n"
    )

    assert (declared.status, declared.document["code"]) == (413, "too_large")
    assert chunked.startswith(b"HTTP/1.1 413 ")
    assert django.seen == []


def test_a_body_announced_too_large_is_refused_before_it_is_sent(server: Server, django: Upstream) -> None:
    answer = server.raw(
        b"POST /api/v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
    )

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert django.connections == 0 or django.seen == []


def test_a_head_without_end_is_refused(server: Server, django: Upstream) -> None:
    answer = server.raw(b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X-Long: " + b"x" * 600_000)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert django.seen == []


def test_a_client_that_trickles_is_cut_off_and_others_are_served(
    server: Server, django: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", server.port), timeout=3) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHo")

        assert server.send("GET", "/api/v1/me").status == 200
        assert slow.recv(100) == b""


def test_a_stalled_body_is_answered_408(
    server: Server, django: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "BODY_SECONDS", 0.3)
    answer = server.raw(b"POST /api/v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert django.seen == []


def test_a_large_answer_is_streamed_and_arrives_whole(server: Server, django: Upstream) -> None:
    body = bytes(range(256)) * 20_000
    django.script = answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    assert server.send("GET", "/static/big").body == body


def test_a_chunked_answer_arrives_whole(server: Server, django: Upstream) -> None:
    django.script = answering(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n"
        b"5\r\nhello\r\n0\r\n\r\n"
    )

    reply = server.send("GET", "/x")

    assert (reply.status, reply.body) == (200, b"hello")


def test_an_answer_that_is_cut_off_is_not_passed_off_as_whole(server: Server, django: Upstream) -> None:
    django.script = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with pytest.raises(Exception, match=r"(?i)incomplete|reset|closed"):
        server.send("GET", "/x")


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_end_at_their_head(server: Server, django: Upstream, status: int) -> None:
    django.script = answering(b'HTTP/1.1 %d x\r\nETag: "1"\r\n\r\n' % status)

    assert server.send("GET", "/x").status == status


def test_the_answer_to_head_has_a_length_and_no_body(server: Server, django: Upstream) -> None:
    django.script = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")

    reply = server.send("HEAD", "/x")

    assert (reply.status, reply.headers["content-length"], reply.body) == (200, "500", b"")


def test_reading_is_sent_again_when_a_kept_connection_turns_out_closed(
    server: Server, django: Upstream
) -> None:
    async def once_then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        django.seen.append(b"")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await read_request(reader)

    django.script = once_then_close

    assert [server.send("GET", "/x").status for _ in range(4)] == [200] * 4


def test_a_change_is_never_sent_twice(server: Server, django: Upstream) -> None:
    async def swallow(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        django.seen.append(await read_request(reader))

    django.script = swallow

    reply = server.send("POST", "/api/v1/x", b"{}")

    assert (reply.status, len(django.seen)) == (503, 1)


def test_many_requests_at_once_all_get_their_own_answer(server: Server, django: Upstream) -> None:
    async def mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            body = (await read_request(reader)).partition(b" HTTP/1.1")[0]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()

    django.script = mirror
    answers: dict[int, bytes] = {}
    threads = [
        threading.Thread(target=lambda n=n: answers.update({n: server.send("GET", f"/{n}").body}))  # type: ignore[misc]
        for n in range(60)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {n: b"GET /%d" % n for n in range(60)}


def test_while_django_is_away_callers_are_told_to_come_back(django_db_setup: None, tmp_path: object) -> None:
    with running_ingress(f"unix:{tmp_path}/nobody.sock") as server:
        started = time.perf_counter()
        reply = server.send("GET", "/api/v1/me")

    assert (reply.status, reply.document["code"], reply.headers["retry-after"]) == (503, "store_away", "1")
    assert time.perf_counter() - started < 2


def test_every_answer_carries_the_id_of_its_request(server: Server) -> None:
    own = server.send("GET", "/livez", None, {"X-Request-ID": "my-request-1"})
    hostile = server.send("GET", "/livez", None, {"X-Request-ID": "<script>"})

    assert own.headers["x-request-id"] == "my-request-1"
    assert len(hostile.headers["x-request-id"]) == 36
