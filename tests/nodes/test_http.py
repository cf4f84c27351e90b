"""`http.request` against real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from studio.kernel.errors import NodeError, OutcomeUnknown, Permanent, Transient
from studio.outbound.addresses import parse_networks
from studio.outbound.client import OutboundClient
from tests.nodes.context import NOW, Context, codes, run
from tests.studio.outbound.servers import (
    SERVER_ADDRESS,
    Server,
    canary,
    closed_port,
    cut_the_body,
    hang_up,
    http_server,
    raw_server,
    stay_silent,
)
from tests.studio.outbound.spellings import URLS
from workflows.engine.kinds import Effect
from workflows.nodes import registry

KIND = "http.request"


@pytest.fixture
async def ctx() -> AsyncIterator[Context]:
    http = OutboundClient(parse_networks(f"{SERVER_ADDRESS}/32"))
    yield Context(http=http, timeout=5.0)
    await http.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with http_server() as running:
        yield running


async def failure(ctx: Context, **params: Any) -> NodeError:
    with pytest.raises(NodeError) as caught:
        await run(KIND, params, ctx)
    return caught.value


async def test_the_answer_is_the_output(ctx: Context, server: Server) -> None:
    output = await run(KIND, {"url": server.url("/a"), "query": {"n": 1, "tag": ["x", "y"], "no": None}}, ctx)

    elapsed = output.pop("elapsed")
    headers = output.pop("headers")
    assert (output, headers["content-type"], 0 < elapsed < 5) == (
        {
            "status": 200,
            "url": server.url("/a?n=1&tag=x&tag=y"),
            "body": {"method": "GET", "path": "/a?n=1&tag=x&tag=y", "body": ""},
        },
        "application/json; charset=utf-8",
        True,
    )


@pytest.mark.parametrize(
    ("params", "media_type", "body"),
    [
        ({"json": {"a": [1, None]}}, "application/json", b'{"a":[1,null]}'),
        ({"json": None}, "application/json", b"null"),
        ({"form": {"a": "x y", "b": [1, True]}}, "application/x-www-form-urlencoded", b"a=x+y&b=1&b=true"),
        ({"text": "grüße"}, "text/plain; charset=utf-8", "grüße".encode()),
        ({"text": "<a/>", "headers": {"content-type": "text/xml"}}, "text/xml", b"<a/>"),
    ],
)
async def test_a_body_is_sent_in_the_form_that_was_chosen(
    ctx: Context, server: Server, params: dict[str, Any], media_type: str, body: bytes
) -> None:
    await run(KIND, {"method": "POST", "url": server.url(), **params}, ctx)

    assert (server.seen[0].headers["Content-Type"], server.seen[0].body) == (media_type, body)


async def test_a_multipart_body_carries_values_and_files(ctx: Context, server: Server) -> None:
    parts = [
        {"name": 'a"b', "value": 3},
        {"name": "file", "filename": "x.bin", "base64": "AAE=", "content_type": "image/png"},
    ]
    await run(KIND, {"method": "POST", "url": server.url(), "multipart": parts}, ctx)

    boundary = server.seen[0].headers["Content-Type"].partition("boundary=")[2].encode()
    assert server.seen[0].body == (
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="a%22b"\r\n\r\n3\r\n'
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n'
        b"Content-Type: image/png\r\n\r\n\x00\x01\r\n--" + boundary + b"--\r\n"
    )


async def test_a_part_that_is_no_base64_is_bad_input(ctx: Context, server: Server) -> None:
    error = await failure(
        ctx, method="POST", url=server.url(), multipart=[{"name": "f", "filename": "x", "base64": "?"}]
    )

    assert (error.public_code, server.seen) == ("invalid_body", [])


@pytest.mark.parametrize(
    ("path", "response", "body"),
    [
        ("/text", "auto", "grüße"),
        ("/text", "base64", "Z3L832U="),
        ("/bytes", "auto", "AP8="),
        ("/bytes", "text", "\x00�"),
        ("/status?code=204", "auto", None),
        ("/status?code=200&text=[1]", "json", [1]),
        ("/status?code=200&text=[1]", "auto", "[1]"),
    ],
)
async def test_the_body_comes_as_its_type_or_as_asked(
    ctx: Context, server: Server, path: str, response: str, body: Any
) -> None:
    output = await run(KIND, {"url": server.url(path), "response": response}, ctx)

    assert output["body"] == body


async def test_json_that_is_none_is_said_so(ctx: Context, server: Server) -> None:
    error = await failure(ctx, url=server.url("/broken-json"))

    assert (error.public_code, error.category) == ("malformed_json", "upstream")


@pytest.mark.parametrize(
    ("method", "key"), [("POST", "0190-execution:here"), ("DELETE", "0190-execution:here"), ("GET", None)]
)
async def test_a_write_carries_its_idempotency_key(
    ctx: Context, server: Server, method: str, key: str | None
) -> None:
    await run(KIND, {"method": method, "url": server.url()}, ctx)

    assert server.seen[0].headers.get("Idempotency-Key") == key


async def test_an_own_idempotency_key_is_kept(ctx: Context, server: Server) -> None:
    params = {"method": "POST", "url": server.url(), "headers": {"idempotency-key": "mine"}}
    await run(KIND, params, ctx)

    assert server.seen[0].headers["idempotency-key"] == "mine"


@pytest.mark.parametrize(
    ("auth", "secret", "header"),
    [
        ("basic", {"username": "ada", "password": "a:b"}, ("Authorization", "Basic YWRhOmE6Yg==")),
        ("bearer", {"token": "t0k"}, ("Authorization", "Bearer t0k")),
        ("header", {"name": "X-Key", "value": "k"}, ("X-Key", "k")),
    ],
)
async def test_a_credential_signs_the_request(
    ctx: Context, server: Server, auth: str, secret: dict[str, str], header: tuple[str, str]
) -> None:
    ctx.credentials = {"c1": secret}
    await run(KIND, {"url": server.url(), "auth": auth, "credential": "c1"}, ctx)

    assert server.seen[0].headers[header[0]] == header[1]


async def test_a_secret_in_the_query_is_sent_but_never_shown(ctx: Context, server: Server) -> None:
    ctx.credentials = {"c1": {"name": "key", "value": "s3cret"}}
    params = {"url": server.url("/status?code=200&a=1"), "auth": "query", "credential": "c1"}
    output = await run(KIND, params, ctx)

    assert (server.seen[0].path, output["url"]) == (
        "/status?code=200&a=1&key=s3cret",
        server.url("/status?code=200&a=1"),
    )


async def test_a_secret_header_does_not_follow_a_redirect_to_another_host(
    ctx: Context, server: Server
) -> None:
    ctx.credentials = {"c1": {"name": "X-Mine", "value": "s3cret"}}
    async with http_server() as other:
        params = {
            "url": server.url(f"/redirect?to={other.url('/end')}"),
            "auth": "header",
            "credential": "c1",
        }
        await run(KIND, params, ctx)

        assert "X-Mine" not in other.seen[0].headers


async def test_an_incomplete_credential_is_an_auth_error(ctx: Context, server: Server) -> None:
    ctx.credentials = {"c1": {"username": "ada"}}
    error = await failure(ctx, url=server.url(), auth="basic", credential="c1")

    assert (error.category, error.public_code, server.seen) == ("auth", "credential_incomplete", [])


@pytest.mark.parametrize(
    ("status", "category", "kind"),
    [
        (400, "bad_input", Permanent),
        (401, "auth", Permanent),
        (402, "quota", Permanent),
        (403, "auth", Permanent),
        (404, "bad_input", Permanent),
        (408, "timeout", Transient),
        (422, "bad_input", Permanent),
        (429, "rate_limited", Transient),
        (500, "upstream", Transient),
        (503, "upstream", Transient),
        (504, "timeout", Transient),
    ],
)
async def test_an_error_status_has_its_category(
    ctx: Context, server: Server, status: int, category: str, kind: type[NodeError]
) -> None:
    error = await failure(ctx, url=server.url(f"/status?code={status}&text=because"))

    assert (type(error), error.category, error.public_code, error.details, str(error)) == (
        kind,
        category,
        f"http_{status}",
        {"status": status, "body": "because"},
        f"GET {SERVER_ADDRESS} answered with status {status}.",
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("999999999999", 86_400.0),
        ("soon", None),
        ("-5", None),
    ],
)
async def test_retry_after_is_read_in_both_forms(
    ctx: Context, server: Server, value: str, seconds: float | None
) -> None:
    error = await failure(ctx, url=server.url("/status"), query={"code": 429, "h-Retry-After": value})

    assert error.retry_after == seconds


async def test_the_excerpt_of_an_error_is_bounded(ctx: Context, server: Server) -> None:
    error = await failure(ctx, url=server.url("/status"), query={"code": 400, "text": "x" * 1999 + "é" * 9})

    assert error.details["body"] == "x" * 1999 + "é"


@pytest.mark.parametrize("spelling", URLS)
async def test_no_spelling_of_a_forbidden_address_is_called(spelling: str) -> None:
    async with canary() as seen:
        guarded = Context(http=OutboundClient(), timeout=5.0)
        error = await failure(guarded, url=spelling.replace("{port}", str(seen.port)))

        assert (seen.connections, error.public_code in REFUSALS) == (0, True)
        await guarded.http.close()


# A name that this machine cannot resolve is refused by the resolver, the empty URL by its param.
REFUSALS = frozenset({"address_blocked", "invalid_url", "host_not_found", "invalid_params"})


async def test_a_redirect_to_a_forbidden_address_is_refused(ctx: Context, server: Server) -> None:
    async with canary() as seen:
        error = await failure(ctx, url=server.url(f"/redirect?to=http://127.0.0.1:{seen.port}/"))

        assert (error.public_code, seen.connections) == ("address_blocked", 0)


@pytest.mark.parametrize("talk", [hang_up, cut_the_body, stay_silent])
async def test_a_write_that_is_not_answered_has_an_unknown_outcome(ctx: Context, talk: Any) -> None:
    ctx.timeout = 0.2
    async with raw_server(talk) as server:
        error = await failure(ctx, method="POST", url=server.url(), json={})

        assert isinstance(error, OutcomeUnknown)


@pytest.mark.parametrize(
    ("path", "code"), [("/drip", "request_timed_out"), ("/endless", "response_too_large")]
)
async def test_a_body_is_bounded_in_time_and_size(ctx: Context, server: Server, path: str, code: str) -> None:
    ctx.timeout = 0.2 if path == "/drip" else 20.0
    error = await failure(ctx, url=server.url(path))

    assert error.public_code == code


async def test_nobody_listening_is_a_connection_error(ctx: Context) -> None:
    error = await failure(ctx, method="POST", url=f"http://{SERVER_ADDRESS}:{closed_port()}/")

    assert (type(error), error.category) == (Transient, "connection")


async def test_a_cancelled_request_leaves_at_once(ctx: Context) -> None:
    async with raw_server(stay_silent) as server:
        task = asyncio.create_task(run(KIND, {"url": server.url()}, ctx))
        await asyncio.sleep(0)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    ("method", "effect"), [("get", Effect.READ), ("HEAD", Effect.READ), ("POST", Effect.WRITE)]
)
def test_the_method_decides_the_effect(method: str, effect: Effect) -> None:
    params = registry.parse_params(KIND, {"url": "https://example.com", "method": method})

    assert registry.node(KIND).effect_of(params) is effect


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"url": "{{ vars.base }}/orders", "method": "{{ input.method }}"}, {}),
        ({}, {"/url": "required"}),
        ({"url": "https://example.com", "method": "BREW"}, {"/method": "not_allowed"}),
        ({"url": "https://example.com", "json": 1, "text": "x"}, {"/text": "conflict"}),
        ({"url": "https://example.com", "auth": "basic"}, {"/credential": "required"}),
        ({"url": "https://example.com", "credential": "c1"}, {"/auth": "required"}),
        ({"url": "https://example.com", "body": "x"}, {"/body": "unknown_key"}),
    ],
)
def test_a_request_is_checked_when_it_is_written(params: dict[str, Any], expected: dict[str, str]) -> None:
    assert codes(KIND, params) == expected


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"url": "https://API.example.com/a?b=c"}, "api.example.com:443"),
        ({"url": "http://api.example.com:8080/x"}, "api.example.com:8080"),
        ({"url": "http://[::1]/"}, "::1:80"),
        ({"url": "https://a.example/", "auth": "bearer", "credential": "shop"}, "a.example:443@shop"),
        ({"url": "https://a.example:port/"}, None),
        ({"url": "nowhere"}, None),
    ],
)
def test_calls_to_one_host_and_port_with_one_credential_share_a_breaker(
    params: dict[str, Any], place: str | None
) -> None:
    assert registry.node("http.request").breaker_of(registry.parse_params("http.request", params)) == place
