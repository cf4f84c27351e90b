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
    return seal(pack(value))


def pack(value: Any) -> bytes:
    """The value as MessagePack, not yet in its stored form: for callers that look at its size or bytes."""
    return _encoder.encode(value)


def seal(packed: bytes) -> bytes:
    """The stored form of packed bytes."""
    if len(packed) <= COMPRESS_ABOVE_BYTES:
        return _PLAIN + packed
    return _ZSTD + zstandard.compress(packed, 1)


def unseal(stored: bytes | memoryview) -> bytes:
    """The packed bytes of a stored form; raise ValueError for an unknown or damaged one."""
    data = bytes(stored)
    match data[:1]:
        case b"\x00":
            return data[1:]
        case b"\x01":
            try:
                return zstandard.decompress(data[1:])
            except zstandard.ZstdError as error:
                raise ValueError("damaged payload") from error
    raise ValueError("unknown payload form")


def unpack(packed: bytes) -> Any:
    return _decoder.decode(packed)


def decode(stored: bytes | memoryview | None) -> Any:
    """The value, None for NULL; raise ValueError for an unknown form."""
    return None if stored is None else unpack(unseal(stored))
