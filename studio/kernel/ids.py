"""UUIDv7 ids (RFC 9562 §5.7) and the ids derived from them.

A step's id starts with the 48-bit time and the 12 random bits of its execution's id and goes on with a
hash, so that all steps of an execution lie side by side in one partition and one index range, and the
same visit of the same node always has the same id: writing a step is an upsert.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from datetime import UTC, datetime

_LOW62 = (1 << 62) - 1


def uuid7(at_ms: int | None = None) -> uuid.UUID:
    """A new time-ordered id; `at_ms` (Unix milliseconds) places it in time, for bounds and tests."""
    ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    random = int.from_bytes(os.urandom(10), "big")
    return _compose(ms, random >> 68, random & _LOW62)


def step_id(execution_id: uuid.UUID, node: str, iteration: str) -> uuid.UUID:
    """The id of one visit of `node` (`iteration` is the path text, "" at the top)."""
    value = execution_id.int
    digest = hashlib.blake2b(
        f"{node}\x00{iteration}".encode(), digest_size=8, key=execution_id.bytes
    ).digest()
    return _compose(value >> 80, (value >> 64) & 0xFFF, int.from_bytes(digest, "big") & _LOW62)


def step_range(execution_id: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """Inclusive bounds between which every step id of an execution lies."""
    value = execution_id.int
    ms, random = value >> 80, (value >> 64) & 0xFFF
    return _compose(ms, random, 0), _compose(ms, random, _LOW62)


def content_id(*parts: bytes) -> uuid.UUID:
    """A UUIDv8 (RFC 9562 §5.8) named by content: equal content, equal id."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    value = int.from_bytes(digest.digest()[:16], "big")
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return uuid.UUID(int=value | (0x8 << 76) | (0x2 << 62))


def lower_bound(at: datetime) -> uuid.UUID:
    """The smallest UUIDv7 of an instant: a partition bound."""
    return _compose(int(at.timestamp() * 1000), 0, 0)


def time_of(value: uuid.UUID) -> datetime:
    """When a UUIDv7 was made (millisecond precision, UTC)."""
    return datetime.fromtimestamp((value.int >> 80) / 1000, UTC)


def _compose(ms: int, rand_a: int, rand_b: int) -> uuid.UUID:
    return uuid.UUID(int=(ms << 80) | (0x7 << 76) | ((rand_a & 0xFFF) << 64) | (0x2 << 62) | rand_b)
