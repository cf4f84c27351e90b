"""The arithmetic of API keys, shared by Django and the ingress: `stu_<id>_<secret>`."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass, field

from studio.kernel.ids import uuid7

_TOKEN = re.compile(r"stu_([0-9a-f]{32})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A new key: `token` is shown once, `secret_hash` is kept."""

    id: uuid.UUID
    token: str = field(repr=False)
    secret_hash: bytes


@dataclass(frozen=True, slots=True)
class SentKey:
    """A key as a caller sent it."""

    id: uuid.UUID
    secret_hash: bytes

    def matches(self, stored_hash: bytes | memoryview) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.secret_hash, bytes(stored_hash))


def mint_key() -> MintedKey:
    identifier, secret = uuid7(), secrets.token_urlsafe(32)
    return MintedKey(identifier, f"stu_{identifier.hex}_{secret}", _hash(secret))


def parse_key(token: str) -> SentKey | None:
    """None for what does not even look like a key."""
    match = _TOKEN.fullmatch(token)
    return None if match is None else SentKey(uuid.UUID(match[1]), _hash(match[2]))


def parse_authorization(header: str) -> SentKey | None:
    """The key in an `Authorization` header."""
    scheme, _, token = header.partition(" ")
    return parse_key(token.strip()) if scheme.lower() == "bearer" else None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
