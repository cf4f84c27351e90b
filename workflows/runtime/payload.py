"""Documents as rows hold them: small ones in place, larger ones as blobs that the row refers to.

A document of more than 64 KiB becomes a blob and `{"$blob": {…}}` stands in its place. So that nobody's own data
is taken for such a reference, their key `$blob` is written `$$blob` (and `$$blob` as `$$$blob`, and so on).
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from studio.kernel import codec
from studio.kernel.ids import uuid7
from workflows.runtime.records import BlobRow

INLINE_BYTES = 64 * 1024
MEDIA_TYPE = "application/json"
_KEY = re.compile(r"\$+blob", re.ASCII)
_MARK = b"$blob"


@dataclass(frozen=True, slots=True)
class Stored:
    """What goes into the row, and the blob it refers to if there is one."""

    data: bytes
    blob: BlobRow | None = None


def store(value: Any, *, workspace_id: uuid.UUID, execution_id: uuid.UUID) -> Stored:
    """Raise OverflowError, TypeError or ValueError for what JSON cannot say."""
    packed = codec.pack(value)
    if _MARK in packed:
        value = _escaped(value)
        packed = codec.pack(value)
    if len(packed) <= INLINE_BYTES:
        return Stored(codec.seal(packed))
    blob_id, shown = uuid7(), orjson.dumps(value)
    refers = _refer(blob_id, shown)
    blob = BlobRow(
        id=blob_id,
        workspace_id=workspace_id,
        execution_id=execution_id,
        media_type=MEDIA_TYPE,
        size_bytes=len(shown),
        sha256=refers["$blob"]["sha256"],
        body=codec.seal(packed),
    )
    return Stored(codec.encode(refers), blob)


def input_shown(stored: bytes | memoryview | None, identifier: uuid.UUID) -> Any:
    """What stands for a document that its row holds whole: itself, or when it is large a reference to the row."""
    if stored is None:
        return None
    packed = codec.unseal(stored)
    value = codec.unpack(packed)
    return value if len(packed) <= INLINE_BYTES else _refer(identifier, orjson.dumps(value))


def _refer(identifier: uuid.UUID, shown: bytes) -> dict[str, Any]:
    """The reference describes the bytes that a client reads and can check, not how a row keeps them."""
    return {
        "$blob": {
            "id": str(identifier),
            "size_bytes": len(shown),
            "media_type": MEDIA_TYPE,
            "sha256": hashlib.sha256(shown).hexdigest(),
        }
    }


def load(stored: bytes | memoryview | None) -> Any:
    """The document in place; a reference to a blob comes back as it is (see `reference`)."""
    if stored is None:
        return None
    packed = codec.unseal(stored)
    value = codec.unpack(packed)
    return _unescaped(value) if _MARK in packed and reference(value) is None else value


def reference(value: Any) -> uuid.UUID | None:
    """The blob that a loaded document only refers to."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("$blob"), dict):
        return uuid.UUID(value["$blob"]["id"])
    return None


def _escaped(value: Any) -> Any:
    return _with_keys(value, lambda key: f"${key}" if _KEY.fullmatch(key) else key)


def _unescaped(value: Any) -> Any:
    return _with_keys(value, lambda key: key[1:] if len(key) > 5 and _KEY.fullmatch(key) else key)


def _with_keys(value: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {rename(key): _with_keys(item, rename) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_keys(item, rename) for item in value]
    return value
