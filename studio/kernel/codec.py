"""How JSON values lie in storage: MessagePack, compressed with Zstandard above 2 KiB.

One leading byte names the form, so that a later form can be added without rewriting rows.
"""

from __future__ import annotations

from typing import Any

import msgspec
import zstandard

COMPRESS_ABOVE_BYTES = 2048
_PLAIN, _ZSTD = b"\x00", b"\x01"
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder()


def encode(value: Any) -> bytes:
    """Raise OverflowError for an integer beyond 64 bits and TypeError for what JSON does not know."""
    packed = _encoder.encode(value)
    if len(packed) <= COMPRESS_ABOVE_BYTES:
        return _PLAIN + packed
    return _ZSTD + zstandard.compress(packed, 1)


def decode(stored: bytes | memoryview | None) -> Any:
    """The value, None for NULL; raise ValueError for an unknown form."""
    if stored is None:
        return None
    data = bytes(stored)
    match data[:1]:
        case b"\x00":
            return _decoder.decode(data[1:])
        case b"\x01":
            return _decoder.decode(zstandard.decompress(data[1:]))
    raise ValueError("unknown payload form")
