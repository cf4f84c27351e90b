"""Whether to believe who sent a webhook, as its trigger declares; pure, over raw bytes, failing closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from studio.kernel import signing
from studio.kernel.signing import Refusal
from webhooks.inbound.records import SourceEntry

UNKNOWN_SCHEME: Final = "scheme_unknown"
DEFAULT_HMAC_HEADER: Final = "x-signature-256"
_ALGORITHMS: Final = frozenset({"sha256", "sha384", "sha512"})
_ID_HEADERS: Final = {"github": "x-github-delivery", "standard_webhooks": "webhook-id"}
_GENERIC_ID_HEADERS: Final = ("webhook-id", "idempotency-key")
_MAX_ID: Final = 255

Headers = Mapping[str, bytes]
"""Names in lower case; the first value of each."""


def refusal(source: SourceEntry, headers: Headers, body: bytes, *, now: float) -> str | None:
    """Why the request does not prove its sender; None when it does, or when the trigger asks for no proof."""
    match source.authentication:
        case "none":
            return None
        case "github":
            return signing.verify_github(headers.get("x-hub-signature-256"), body, source.secrets)
        case "standard_webhooks":
            return signing.verify_standard(
                message_id=headers.get("webhook-id"),
                timestamp=headers.get("webhook-timestamp"),
                signatures=headers.get("webhook-signature"),
                body=body,
                secrets=source.secrets,
                now=now,
            )
        case "hmac":
            return _hmac_refusal(source, headers, body)
        case "token":
            return signing.verify_token(_token(source, headers), source.secrets)
    return UNKNOWN_SCHEME


def dedup_key(source: SourceEntry, headers: Headers) -> str | None:
    """The sender's own id of the event; ask only once the sender is believed, or others could use it up."""
    own = _ID_HEADERS.get(source.authentication)
    for name in (own,) if own else _GENERIC_ID_HEADERS:
        value = headers.get(name)
        if value and len(value) <= _MAX_ID:
            return value.decode("latin-1")
    return None


def is_handshake(source: SourceEntry, headers: Headers) -> bool:
    """Whether the provider only tries the address out: kept as an event, but nothing runs."""
    return source.authentication == "github" and headers.get("x-github-event") == b"ping"


def secret_headers(source: SourceEntry) -> frozenset[str]:
    """Headers that hold a secret of the sender and are not kept."""
    names = {"authorization", "proxy-authorization", "cookie", "x-gitlab-token", "x-webhook-token"}
    if source.authentication == "token" and "header" in source.options:
        names.add(source.options["header"].lower())
    return frozenset(names)


def _hmac_refusal(source: SourceEntry, headers: Headers, body: bytes) -> Refusal | str | None:
    options = source.options
    algorithm = options.get("algorithm", "sha256")
    encoding = options.get("encoding", "hex")
    if algorithm not in _ALGORITHMS or encoding not in ("hex", "base64"):
        return UNKNOWN_SCHEME
    return signing.verify_hmac(
        headers.get(options.get("header", DEFAULT_HMAC_HEADER).lower()),
        body,
        source.secrets,
        algorithm=algorithm,
        encoding="base64" if encoding == "base64" else "hex",
        prefix=options.get("prefix", ""),
    )


def _token(source: SourceEntry, headers: Headers) -> bytes | None:
    chosen = source.options.get("header")
    if chosen:
        return headers.get(chosen.lower())
    for name in ("authorization", "x-webhook-token", "x-gitlab-token"):
        if name in headers:
            return headers[name]
    return None
