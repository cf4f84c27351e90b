"""Secrets at rest."""

from __future__ import annotations

import base64
import os
import uuid

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from studio.env import SettingError
from studio.security.encryption import KeyRing, SecretUnreadable, key_ring, open_fields, seal_fields

OLD, NEW = os.urandom(32), os.urandom(32)
PLACE = b"place"


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens_to_itself(plain: bytes) -> None:
    ring = KeyRing.of([NEW])

    assert ring.open(ring.seal(plain, PLACE), PLACE) == plain


def test_the_same_secret_never_seals_to_the_same_bytes() -> None:
    ring = KeyRing.of([NEW])

    assert ring.seal(b"x", PLACE) != ring.seal(b"x", PLACE)


def test_a_secret_that_was_moved_to_another_row_does_not_open() -> None:
    ring = KeyRing.of([NEW])
    sealed = ring.seal(b"x", b"here")

    with pytest.raises(SecretUnreadable, match="changed or moved"):
        ring.open(sealed, b"there")


def test_a_changed_byte_anywhere_is_noticed() -> None:
    ring = KeyRing.of([NEW])
    sealed = ring.seal(b"secret", PLACE)

    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(SecretUnreadable):
            ring.open(bytes(changed), PLACE)


def test_a_new_key_in_front_seals_while_the_old_one_still_opens() -> None:
    sealed = KeyRing.of([OLD]).seal(b"x", PLACE)
    ring = KeyRing.of([NEW, OLD])

    assert ring.open(sealed, PLACE) == b"x"
    assert not ring.is_current(sealed)
    assert ring.is_current(ring.seal(b"x", PLACE))


def test_a_key_that_left_the_ring_is_named_as_the_reason() -> None:
    sealed = KeyRing.of([OLD]).seal(b"x", PLACE)

    with pytest.raises(SecretUnreadable, match="STUDIO_ENCRYPTION_KEYS"):
        KeyRing.of([NEW]).open(sealed, PLACE)


@pytest.fixture
def fresh_ring() -> object:
    key_ring.cache_clear()
    yield
    key_ring.cache_clear()


def test_keys_of_ones_own_keep_what_was_sealed_without_any_readable(fresh_ring: object) -> None:
    workspace, credential = uuid.uuid4(), uuid.uuid4()
    sealed = seal_fields({"token": "t"}, workspace_id=workspace, credential_id=credential)
    key_ring.cache_clear()

    with override_settings(STUDIO_ENCRYPTION_KEYS=[base64.b64encode(NEW).decode()]):
        opened = open_fields(sealed, workspace_id=workspace, credential_id=credential)
        is_current = key_ring().is_current(sealed)

    assert (opened, is_current) == ({"token": "t"}, False)


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"x" * 31).decode(), "*" * 44])
def test_a_key_that_is_none_is_refused_by_its_place_and_not_shown(fresh_ring: object, text: str) -> None:
    with (
        override_settings(STUDIO_ENCRYPTION_KEYS=[text]),
        pytest.raises(SettingError, match="key 1 is not 32 bytes") as caught,
    ):
        key_ring()

    assert not text or text not in str(caught.value)
