"""The arithmetic of API keys."""

from __future__ import annotations

import pytest

from studio.accounts.keys import mint_key, parse_authorization, parse_key


def test_a_minted_key_is_recognised_by_its_hash() -> None:
    minted = mint_key()

    sent = parse_key(minted.token)

    assert sent is not None
    assert (sent.id, sent.matches(minted.secret_hash), sent.matches(mint_key().secret_hash)) == (
        minted.id,
        True,
        False,
    )


def test_a_minted_key_does_not_show_its_token_by_accident() -> None:
    minted = mint_key()

    assert minted.token not in repr(minted)


def test_the_scheme_may_be_written_in_any_case() -> None:
    assert parse_authorization(f"bearer {mint_key().token}") is not None


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Basic abc", "Bearer stu_1_2", "Bearer \N{FULLWIDTH DIGIT ONE}"]
)
def test_what_does_not_look_like_a_key_is_none(header: str) -> None:
    assert parse_authorization(header) is None
