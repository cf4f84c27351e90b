"""Secrets at rest: AES-256-GCM under a ring of keys, bound to the place they belong to.

A sealed secret is `version (1) · key id (4) · nonce (12) · ciphertext and tag`. The associated data names the
workspace and the credential, so a ciphertext that is copied to another row does not open there.
The first key of the ring seals; all of them open, so a new key is put in front and old ones removed once
nothing is sealed with them any more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from studio.env import SettingError
from studio.kernel.errors import InternalError

_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEADER_BYTES: Final = 1 + _KEY_ID_BYTES + _NONCE_BYTES


class SecretUnreadable(InternalError):
    """Sealed with a key that is not in the ring, or not what was sealed here."""

    code = "secret_unreadable"
    message = "A stored secret cannot be opened: {what}."


@dataclass(frozen=True)
class KeyRing:
    """Keys by id; the first given one seals."""

    keys: Mapping[bytes, AESGCM]
    current: bytes

    @classmethod
    def of(cls, keys: Sequence[bytes]) -> KeyRing:
        by_id = {_key_id(key): AESGCM(key) for key in keys}
        return cls(by_id, _key_id(keys[0]))

    def seal(self, plain: bytes, place: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        header = _VERSION + self.current
        return header + nonce + self.keys[self.current].encrypt(nonce, plain, header + place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Raise SecretUnreadable for a foreign key, another place, or a changed byte."""
        header, nonce = sealed[: 1 + _KEY_ID_BYTES], sealed[1 + _KEY_ID_BYTES : _HEADER_BYTES]
        key = self.keys.get(header[1:])
        if header[:1] != _VERSION or key is None:
            raise SecretUnreadable(what="its key is not in STUDIO_ENCRYPTION_KEYS")
        try:
            return key.decrypt(nonce, sealed[_HEADER_BYTES:], header + place)
        except InvalidTag as error:
            raise SecretUnreadable(what="it was changed or moved") from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether it is sealed with the key that seals now (`manage.py rotate_keys` seals the rest again)."""
        return sealed[1 : 1 + _KEY_ID_BYTES] == self.current


def seal_fields(fields: Mapping[str, str], *, workspace_id: uuid.UUID, credential_id: uuid.UUID) -> bytes:
    """The fields of a credential as they are stored."""
    return key_ring().seal(orjson.dumps(dict(fields)), _place(workspace_id, credential_id))


def open_fields(
    sealed: bytes | memoryview, *, workspace_id: uuid.UUID, credential_id: uuid.UUID
) -> dict[str, str]:
    """The fields in the clear; keep them no longer than the call they are for."""
    fields: dict[str, str] = orjson.loads(key_ring().open(bytes(sealed), _place(workspace_id, credential_id)))
    return fields


@cache
def key_ring() -> KeyRing:
    """The ring of this installation; raise SettingError for a key that is none."""
    from django.conf import settings

    given = [_decoded(text, index) for index, text in enumerate(settings.STUDIO_ENCRYPTION_KEYS)]
    return KeyRing.of([*given, _derived(settings.SECRET_KEY)])


def _decoded(text: str, index: int) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_" if {"-", "_"} & set(text) else None, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise SettingError(f"STUDIO_ENCRYPTION_KEYS: key {index + 1} is not 32 bytes in base64")
    return key


def _derived(secret: str) -> bytes:
    """What installations without keys of their own seal with; it stays in the ring when they get some."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"studio credentials v1").derive(
        secret.encode()
    )


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"studio key id\x00" + key).digest()[:_KEY_ID_BYTES]


def _place(workspace_id: uuid.UUID, credential_id: uuid.UUID) -> bytes:
    return workspace_id.bytes + credential_id.bytes
