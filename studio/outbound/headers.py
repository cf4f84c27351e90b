"""Which headers a caller may set, and which must not follow a redirect to another host."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TypeAlias

from studio.kernel.errors import Category, Permanent

Headers: TypeAlias = Sequence[tuple[str, str]]

MAX_HEADERS = 100
MAX_HEADERS_BYTES = 64 * 1024
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSAFE_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# The connection is ours: who could set these could speak past the address check or smuggle a request.
_OURS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_SECRET = re.compile(
    r"auth|cookie|token|secret|password|signature|session|api-?key|access-?key", re.IGNORECASE
)


def vet_headers(headers: Headers) -> None:
    """Raise `invalid_header` for what must not be sent; the message names the header, never its value."""
    if len(headers) > MAX_HEADERS:
        raise _invalid(f"More than {MAX_HEADERS} headers.")
    if sum(len(name) + len(value.encode("utf-8", "replace")) for name, value in headers) > MAX_HEADERS_BYTES:
        raise _invalid(f"The headers are larger than {MAX_HEADERS_BYTES} bytes together.")
    for name, value in headers:
        if not _NAME.fullmatch(name):
            raise _invalid(f"{name[:80]!r} is not a header name.")
        if name.lower() in _OURS:
            raise _invalid(f"The header {name} is set by Studio and cannot be given.")
        if _UNSAFE_VALUE.search(value) or not _is_encodable(value):
            raise _invalid(f"The value of the header {name} holds a control character.")


def without_secrets(headers: Headers, secret_names: Collection[str]) -> list[tuple[str, str]]:
    """What may go to a host that the caller did not name."""
    named = {name.lower() for name in secret_names}
    return [(n, v) for n, v in headers if n.lower() not in named and not _SECRET.search(n)]


def without_body_headers(headers: Headers) -> list[tuple[str, str]]:
    """What stays when a redirect turns a request into a GET."""
    return [(name, value) for name, value in headers if not name.lower().startswith("content-")]


def _is_encodable(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _invalid(reason: str) -> Permanent:
    return Permanent(reason=reason, category=Category.BAD_INPUT, error_code="invalid_header")
