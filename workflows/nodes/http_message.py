"""Turning params into a request and an answer into an output; pure, for every kind that speaks HTTP."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urlencode

import orjson

from studio.kernel.errors import Category, NodeError, Permanent, Transient
from workflows.nodes.sdk import HttpAnswer

BodyForm = Literal["auto", "json", "text", "base64"]
EXCERPT_CHARS = 2000
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
_CATEGORIES = {
    401: Category.AUTH,
    402: Category.QUOTA,
    403: Category.AUTH,
    408: Category.TIMEOUT,
    429: Category.RATE_LIMITED,
    504: Category.TIMEOUT,
}


def scalar_text(value: Any) -> str:
    """A JSON value as it stands in a header, a query or a form field; as text templates write it."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
    return orjson.dumps(value).decode()


def pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Query or form fields; a list repeats its name, null leaves it out."""
    return [
        (name, scalar_text(one))
        for name, value in values.items()
        for one in (value if isinstance(value, list) else [value])
        if one is not None
    ]


def json_body(value: Any) -> tuple[bytes, str]:
    """Raise Permanent for a number no JSON reader would take."""
    try:
        return orjson.dumps(value), "application/json"
    except orjson.JSONEncodeError as error:
        raise _bad_body("The body cannot be written as JSON.") from error


def form_body(fields: Mapping[str, Any]) -> tuple[bytes, str]:
    return urlencode(pairs(fields)).encode(), "application/x-www-form-urlencoded"


def multipart_body(parts: Iterable[Mapping[str, Any]]) -> tuple[bytes, str]:
    """`name` with `value`, or with `filename` and `base64` and `content_type` for a file."""
    boundary = f"studio-{secrets.token_hex(16)}"
    lines = []
    for part in parts:
        disposition = f'form-data; name="{_quoted(part["name"])}"'
        head = []
        if part.get("filename") is not None:
            disposition += f'; filename="{_quoted(part["filename"])}"'
            head = [f"Content-Type: {part.get('content_type') or 'application/octet-stream'}"]
        elif part.get("content_type") is not None:
            head = [f"Content-Type: {part['content_type']}"]
        header = "\r\n".join([f"--{boundary}", f"Content-Disposition: {disposition}", *head, "", ""])
        lines.append(header.encode() + _part_bytes(part) + b"\r\n")
    return b"".join([*lines, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _part_bytes(part: Mapping[str, Any]) -> bytes:
    if part.get("base64") is None:
        return scalar_text(part.get("value")).encode()
    try:
        return base64.b64decode(part["base64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad_body(f"The part {part['name']} is not valid base64.") from error


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def read_body(answer: HttpAnswer, wanted: BodyForm) -> Any:
    """The body as JSON, text or base64; `auto` goes by its content type, and nothing at all is null."""
    media_type, charset = _content_type(answer)
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if wanted == "json" or (wanted == "auto" and is_json):
        return read_json(answer.body) if answer.body.strip() else None
    if wanted == "base64":
        return base64.b64encode(answer.body).decode()
    if wanted == "auto" and not answer.body:
        return None
    if wanted == "text" or _is_text(media_type, answer.body):
        return decode_text(answer.body, charset)
    return base64.b64encode(answer.body).decode()


def read_json(body: bytes) -> Any:
    """Raise Permanent `malformed_json`: the same answer would be as malformed the next time."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Permanent(
            reason="The answer is not valid JSON.", category=Category.UPSTREAM, error_code="malformed_json"
        ) from error


def decode_text(body: bytes, charset: str) -> str:
    """Text whatever comes: what cannot be decoded is replaced."""
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def header_object(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Lower-case names; repeated headers are joined as HTTP joins them."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def status_error(answer: HttpAnswer, method: str, host: str, now: datetime) -> NodeError:
    """The error that a status of 400 or more stands for."""
    status = answer.status
    category = _CATEGORIES.get(status, Category.UPSTREAM if status >= 500 else Category.BAD_INPUT)
    kind = (
        Transient if category in (Category.TIMEOUT, Category.RATE_LIMITED, Category.UPSTREAM) else Permanent
    )
    return kind(
        reason=f"{method} {host} answered with status {status}.",
        category=category,
        retry_after=retry_after(answer.header("retry-after"), now),
        error_code=f"http_{status}",
        details={
            "status": status,
            "body": decode_text(answer.body[: EXCERPT_CHARS * 4], _content_type(answer)[1])[:EXCERPT_CHARS],
        },
    )


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from either form of `Retry-After`; None when absent or unreadable, a day at most."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:10])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)


def _content_type(answer: HttpAnswer) -> tuple[str, str]:
    message = Message()
    message["content-type"] = answer.header("content-type") or "application/octet-stream"
    return message.get_content_type(), message.get_content_charset("utf-8")


def _is_text(media_type: str, body: bytes) -> bool:
    if media_type.startswith("text/") or media_type.endswith(("+xml", "/xml", "/javascript", "-urlencoded")):
        return True
    if media_type != "application/octet-stream":
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body


def _bad_body(reason: str) -> Permanent:
    return Permanent(reason=reason, category=Category.BAD_INPUT, error_code="invalid_body")
