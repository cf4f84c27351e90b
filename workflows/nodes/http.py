"""Calling other services over HTTP."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import BeforeValidator

from studio.kernel.errors import Category, Permanent
from workflows.engine.cache import Keeping
from workflows.engine.kinds import Effect
from workflows.nodes.http_caching import conditions, keeping_of, renewed_headers
from workflows.nodes.http_message import (
    BodyForm,
    form_body,
    header_object,
    json_body,
    multipart_body,
    pairs,
    read_body,
    status_error,
)
from workflows.nodes.sdk import Example, HttpAnswer, Node, NodeContext, NodeParams, Param, Renewed

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BODIES = ("json", "form", "multipart", "text")
_NOT_MODIFIED = 304
_CONDITIONS = frozenset({"if-none-match", "if-modified-since"})


class Part(NodeParams):
    """One part of a multipart body: a value, or a file as base64."""

    name: str
    value: Any = None
    filename: str | None = None
    content_type: str | None = None
    base64: str | None = None


@dataclass
class _Message:
    """A request as it is put together; `secret_query` names what must not show in the output."""

    headers: list[tuple[str, str]]
    query: list[tuple[str, str]]
    body: bytes | None = None
    secret_headers: tuple[str, ...] = ()
    secret_query: str | None = None

    def has_header(self, name: str) -> bool:
        return any(key.lower() == name for key, _ in self.headers)

    def set_body(self, content: tuple[bytes, str]) -> None:
        self.body, media_type = content
        if not self.has_header("content-type"):
            self.headers.append(("Content-Type", media_type))


class Request(Node):
    """Call a web service and take its answer.

    A status of 400 or more is an error of the fitting category. Requests other than GET, HEAD and OPTIONS
    carry an `Idempotency-Key`, so that a service that knows the header acts once however often it is asked.
    """

    kind = "http.request"
    effect = Effect.WRITE
    sends_idempotency_key = True
    example = Example(
        params={"method": "POST", "url": "https://api.example.com/orders", "json": {"item": "book"}},
        answer={
            "status": 201,
            "headers": [("Content-Type", "application/json")],
            "body": b'{"id": 7}',
            "url": "https://api.example.com/orders",
            "elapsed": 0.05,
        },
        output={
            "status": 201,
            "headers": {"content-type": "application/json"},
            "body": {"id": 7},
            "url": "https://api.example.com/orders",
            "elapsed": 0.05,
        },
    )

    class Params(NodeParams):
        method: Annotated[
            Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
            BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
        ] = Param("GET")
        url: str = Param(widget="url", min_length=1, max_length=8192)
        query: dict[str, Any] = Param({}, widget="key_values")
        headers: dict[str, Any] = Param({}, widget="key_values")
        json_: Any = Param(None, alias="json", widget="json")
        form: dict[str, Any] | None = Param(None, widget="key_values")
        multipart: list[Part] | None = Param(None)
        text: str | None = Param(None, widget="text:long")
        auth: Literal["none", "basic", "bearer", "header", "query"] = Param("none", template=False)
        credential: str | None = Param(None, template=False, widget="credential:http")
        response: BodyForm = Param("auto", template=False)

        @classmethod
        def cross_check(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
            bodies = [name for name in _BODIES if given.get(name) is not None]
            if len(bodies) > 1:
                yield bodies[1], "conflict", f"Give only one body; there is {bodies[0]} already."
            auth, credential = given.get("auth", "none"), given.get("credential")
            if auth != "none" and credential is None:
                yield "credential", "required", "Choose the credential to sign in with."
            if auth == "none" and credential is not None:
                yield "auth", "required", "Say how the credential is used."

    def effect_of(self, params: Params) -> Effect:
        return Effect.READ if params.method in _SAFE_METHODS else Effect.WRITE

    def breaker_of(self, params: Params) -> str | None:
        """The host and port, apart for each credential: one that is over its limit says nothing of another."""
        place = _place(params.url)
        return place if place is None or params.credential is None else f"{place}@{params.credential}"

    def keeping_of(self, params: Params, output: Any) -> Keeping:
        return keeping_of(output["status"], output["headers"])

    async def run(self, params: Params, ctx: NodeContext) -> dict[str, Any]:
        message = _message(params)
        return _output(await self._ask(params, ctx, message), params.response, message.secret_query)

    async def renew(self, params: Params, ctx: NodeContext, kept: Any) -> Renewed:
        message = _message(params)
        message.headers = [
            *(pair for pair in message.headers if pair[0].lower() not in _CONDITIONS),
            *conditions(kept["headers"]),
        ]
        answer = await self._ask(params, ctx, message)
        if answer.status != _NOT_MODIFIED:
            return Renewed(_output(answer, params.response, message.secret_query), changed=True)
        headers = {**kept["headers"], **renewed_headers(answer.headers)}
        return Renewed({**kept, "headers": headers, "elapsed": answer.elapsed}, changed=False)

    async def _ask(self, params: Params, ctx: NodeContext, message: _Message) -> HttpAnswer:
        writes = self.effect_of(params) is Effect.WRITE
        if writes and not message.has_header("idempotency-key"):
            message.headers.append(("Idempotency-Key", ctx.idempotency_key))
        if params.auth != "none" and params.credential is not None:
            _sign_in(message, params.auth, await ctx.credential(params.credential))
        answer = await ctx.http.request(
            params.method,
            params.url,
            headers=message.headers,
            query=message.query,
            body=message.body,
            timeout=ctx.timeout or self.timeout or 30.0,
            effect_write=writes,
            secret_headers=message.secret_headers,
        )
        if answer.status >= 400:
            host = urlsplit(params.url).hostname or "the server"
            raise status_error(answer, params.method, host, ctx.now)
        return answer


@functools.lru_cache(maxsize=4096)
def _place(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return f"{parts.hostname}:{port}" if parts.hostname else None


def _message(params: Request.Params) -> _Message:
    message = _Message(
        headers=[(name, value) for name, value in pairs(params.headers)],
        query=pairs(params.query),
    )
    if params.form is not None:
        message.set_body(form_body(params.form))
    elif params.multipart is not None:
        message.set_body(multipart_body(part.model_dump() for part in params.multipart))
    elif params.text is not None:
        message.set_body((params.text.encode(), "text/plain; charset=utf-8"))
    elif "json_" in params.model_fields_set:
        message.set_body(json_body(params.json_))
    return message


def _sign_in(message: _Message, auth: str, credential: Mapping[str, Any]) -> None:
    match auth:
        case "basic":
            pair = f"{_field(credential, 'username')}:{_field(credential, 'password')}"
            name, value = "Authorization", "Basic " + base64.b64encode(pair.encode()).decode()
        case "bearer":
            name, value = "Authorization", f"Bearer {_field(credential, 'token')}"
        case "header":
            name, value = _field(credential, "name"), _field(credential, "value")
        case _:
            message.secret_query = _field(credential, "name")
            message.query.append((message.secret_query, _field(credential, "value")))
            return
    message.headers = [pair for pair in message.headers if pair[0].lower() != name.lower()]
    message.headers.append((name, value))
    message.secret_headers = (name,)


def _field(credential: Mapping[str, Any], name: str) -> str:
    value = credential.get(name)
    if not isinstance(value, str):
        raise Permanent(
            reason=f"The credential has no {name}.",
            category=Category.AUTH,
            error_code="credential_incomplete",
        )
    return value


def _output(answer: HttpAnswer, wanted: BodyForm, secret_query: str | None) -> dict[str, Any]:
    return {
        "status": answer.status,
        "headers": header_object(answer.headers),
        "body": read_body(answer, wanted),
        "url": _without_query(answer.url, secret_query),
        "elapsed": answer.elapsed,
    }


def _without_query(url: str, name: str | None) -> str:
    if name is None:
        return url
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != name]
    return urlunsplit(parts._replace(query=urlencode(kept)))
