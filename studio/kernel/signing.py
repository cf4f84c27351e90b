"""Signatures of webhooks: arithmetic over raw bytes, for what comes in and what goes out.

Every check fails closed: an empty secret, a missing header, an unknown form or a weaker scheme beside a
stronger one is a refusal with a reason, never an exception and never a pass. Secrets and signatures may be
several, so that secrets can be rotated; comparisons take the same time wherever bytes differ.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, Literal

TOLERANCE_SECONDS: Final = 300
MAX_SECRETS: Final = 10
MAX_SIGNATURES: Final = 10
_PREFIX: Final = "whsec_"
_TIMESTAMP: Final = re.compile(rb"[0-9]{1,12}\Z")
_MIN_KEY_BYTES, _MAX_KEY_BYTES = 16, 64

Encoding = Literal["hex", "base64"]


class Refusal(StrEnum):
    """Why a request does not prove who sent it; goes into the log of refused requests."""

    NO_SECRET = "secret_missing"  # noqa: S105 - a reason, not a secret
    NO_SIGNATURE = "signature_missing"
    BAD_SIGNATURE = "signature_mismatch"
    NO_TIMESTAMP = "timestamp_missing"
    BAD_TIMESTAMP = "timestamp_malformed"
    TOO_OLD = "timestamp_too_old"
    TOO_NEW = "timestamp_too_new"
    NO_ID = "id_missing"


def hmac_hex(secret: bytes, body: bytes, *, algorithm: str = "sha256") -> str:
    return hmac.new(secret, body, algorithm).hexdigest()


def github_signature(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature-256`."""
    return "sha256=" + hmac_hex(secret.encode(), body)


def verify_github(signature: bytes | None, body: bytes, secrets: Sequence[str]) -> Refusal | None:
    """`X-Hub-Signature-256` alone counts: the SHA-1 header beside it proves too little."""
    return verify_hmac(signature, body, secrets, prefix="sha256=")


def verify_hmac(
    signature: bytes | None,
    body: bytes,
    secrets: Sequence[str],
    *,
    algorithm: str = "sha256",
    encoding: Encoding = "hex",
    prefix: str = "",
) -> Refusal | None:
    """One header that holds the HMAC of the body under any of the secrets."""
    live = _live(secrets)
    if not live:
        return Refusal.NO_SECRET
    if not signature:
        return Refusal.NO_SIGNATURE
    if prefix and not signature.startswith(prefix.encode()):
        return Refusal.BAD_SIGNATURE
    given = signature[len(prefix.encode()) :].strip()
    if encoding == "hex":
        given = given.lower()
    expected = [_encoded(hmac.digest(secret.encode(), body, algorithm), encoding) for secret in live]
    return None if _any_equal([given], expected) else Refusal.BAD_SIGNATURE


def verify_token(given: bytes | None, secrets: Sequence[str]) -> Refusal | None:
    """A shared token that came as it is, alone or after `Bearer `."""
    live = _live(secrets)
    if not live:
        return Refusal.NO_SECRET
    if not given:
        return Refusal.NO_SIGNATURE
    scheme, _, rest = given.partition(b" ")
    token = rest.strip() if scheme.lower() == b"bearer" else given.strip()
    # Digests are of one length, so that the time of the comparison does not tell that of the secret.
    digest = hashlib.sha256(token).digest()
    same = _any_equal([digest], [hashlib.sha256(secret.encode()).digest() for secret in live])
    return None if same else Refusal.BAD_SIGNATURE


def standard_key(secret: str) -> bytes | None:
    """The key in a Standard Webhooks secret (`whsec_` and base64, padding optional); None if it is none."""
    text = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _MIN_KEY_BYTES <= len(key) <= _MAX_KEY_BYTES else None


def standard_signature(key: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature` for one key."""
    return (
        "v1," + base64.b64encode(_standard_digest(key, message_id.encode(), b"%d" % timestamp, body)).decode()
    )


def verify_standard(
    *,
    message_id: bytes | None,
    timestamp: bytes | None,
    signatures: bytes | None,
    body: bytes,
    secrets: Sequence[str],
    now: float,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> Refusal | None:
    """Standard Webhooks: `webhook-id`, `webhook-timestamp` and signatures of which one must hold."""
    keys = [key for secret in _live(secrets) if (key := standard_key(secret)) is not None]
    if not keys:
        return Refusal.NO_SECRET
    if not message_id:
        return Refusal.NO_ID
    if not signatures:
        return Refusal.NO_SIGNATURE
    if (stale := check_timestamp(timestamp, now=now, tolerance_seconds=tolerance_seconds)) is not None:
        return stale
    given = [part[3:] for part in signatures.split()[:MAX_SIGNATURES] if part.startswith(b"v1,")]
    expected = [base64.b64encode(_standard_digest(key, message_id, timestamp or b"", body)) for key in keys]
    return None if _any_equal(given, expected) else Refusal.BAD_SIGNATURE


def check_timestamp(timestamp: bytes | None, *, now: float, tolerance_seconds: int) -> Refusal | None:
    """Whole Unix seconds, near enough to now on either side."""
    if not timestamp:
        return Refusal.NO_TIMESTAMP
    if not _TIMESTAMP.match(timestamp):
        return Refusal.BAD_TIMESTAMP
    difference = now - int(timestamp)
    if difference > tolerance_seconds:
        return Refusal.TOO_OLD
    return Refusal.TOO_NEW if difference < -tolerance_seconds else None


def _standard_digest(key: bytes, message_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b".".join((message_id, timestamp, body)), "sha256")


def _encoded(digest: bytes, encoding: Encoding) -> bytes:
    return digest.hex().encode() if encoding == "hex" else base64.b64encode(digest)


def _live(secrets: Iterable[str]) -> list[str]:
    return [secret for secret in secrets if secret.strip()][:MAX_SECRETS]


def _any_equal(given: Iterable[bytes], expected: Sequence[bytes]) -> bool:
    found = False
    for one in given:
        for other in expected:
            found |= hmac.compare_digest(one, other)
    return found
