"""What HTTP says about keeping answers (RFC 9111, RFC 5861); pure, over headers as outputs hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from workflows.engine.cache import Keeping
from workflows.nodes.http_message import header_object

_KEPT_STATUSES: Final = frozenset({200, 203, 204})
_OF_THE_BODY: Final = frozenset(
    {"content-length", "content-encoding", "content-type", "content-range", "transfer-encoding"}
)


def keeping_of(status: int, headers: Mapping[str, str]) -> Keeping:
    """Never what must not be stored, is for one session, or is a part; `no-cache` must be asked about each time."""
    said = directives(headers.get("cache-control", ""))
    if status not in _KEPT_STATUSES or "no-store" in said or "set-cookie" in headers:
        return Keeping(allowed=False)
    if headers.get("vary", "").strip() == "*":
        return Keeping(allowed=False)
    age = _seconds(headers.get("age")) or 0.0
    most = 0.0 if "no-cache" in said else _seconds(said.get("max-age"))
    return Keeping(
        seconds=None if most is None else max(most - age, 0.0),
        stale_seconds=_seconds(said.get("stale-while-revalidate")) or 0.0,
        renewable=bool(list(conditions(headers))),
    )


def conditions(headers: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """The request headers that ask whether an answer with these headers still holds."""
    if tag := headers.get("etag"):
        yield "If-None-Match", tag
    if changed := headers.get("last-modified"):
        yield "If-Modified-Since", changed


def renewed_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Those of a 304 that replace what was kept: all but what describes a body, of which it has none."""
    return {name: value for name, value in header_object(headers).items() if name not in _OF_THE_BODY}


def directives(cache_control: str) -> dict[str, str]:
    """`max-age=60, no-store` by lower-case names."""
    found = {}
    for part in cache_control.split(","):
        name, _, value = part.strip().partition("=")
        if name:
            found[name.lower()] = value.strip().strip('"')
    return found


def _seconds(text: str | None) -> float | None:
    """A whole number of seconds; what is none counts as not said."""
    return float(text[:10]) if text is not None and text.isascii() and text.isdigit() else None
