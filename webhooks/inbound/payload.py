"""What a `trigger.webhook` node hands on, made from the stored bytes. Never fails: odd bytes come as they are."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from studio.kernel.documents import read_json
from studio.kernel.errors import CallerError

MAX_FIELDS: Final = 1_000
_NUL_STANDS_FOR: Final = "\N{REPLACEMENT CHARACTER}"


def trigger_payload(
    *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """`body`: parsed JSON or form by content type, text for other text, null for bytes, which stand in `raw`."""
    document: dict[str, Any] = {
        "method": method,
        "path": path or "/",
        "query": _fields(query),
        "headers": dict(headers),
        "body": None,
    }
    if body:
        parsed, raw = _body(body, headers.get("content-type", ""))
        document["body"] = parsed
        if raw is not None:
            document["raw"] = raw
    return document


def _body(body: bytes, content_type: str) -> tuple[Any, str | None]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json") or not kind:
        try:
            return read_json(body, limit_bytes=len(body)), None
        except CallerError:
            pass
    elif kind == "application/x-www-form-urlencoded":
        return _fields(body.decode("utf-8", "replace")), None
    try:
        return _storable(body.decode("utf-8")), None
    except UnicodeDecodeError:
        return None, base64.b64encode(body).decode()


def _fields(text: str) -> dict[str, Any]:
    """Names with their value; a name that came several times has a list."""
    found: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace")
    except ValueError:
        return found
    for name, value in ((_storable(name), _storable(value)) for name, value in pairs):
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _storable(text: str) -> str:
    return text.replace("\x00", _NUL_STANDS_FOR)
