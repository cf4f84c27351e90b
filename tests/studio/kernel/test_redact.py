"""Nothing that looks like a secret survives."""

from __future__ import annotations

from typing import Any

import pytest

from studio.kernel.redact import HIDDEN, holds_secret, is_secret_name, redact, redact_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key stu_0199a_abcdEFGH1234 used", f"key stu_0199a_{HIDDEN} used"),
        ("Authorization: Bearer abc.def-ghi", f"Authorization: Bearer {HIDDEN}"),
        ("postgresql://studio:hunter2@db:5432/studio", f"postgresql://studio:{HIDDEN}@db:5432/studio"),
        ("redis://:hunter2@127.0.0.1:6379/0", f"redis://:{HIDDEN}@127.0.0.1:6379/0"),
        ("whsec_MfKQ9r8GKYqrTwjU", f"whsec_{HIDDEN}"),
        ("nothing to hide at http://example.com/a@b", "nothing to hide at http://example.com/a@b"),
    ],
)
def test_text_that_has_the_shape_of_a_secret_is_hidden(text: str, shown: str) -> None:
    assert redact_text(text) == shown


def test_fields_are_hidden_by_their_name_at_any_depth() -> None:
    value = {
        "outer": [{"Password": "x", "name": "ada"}],
        "SECRET_KEY": "y",
        "api_key_id": "k",
        "token": None,
    }

    assert redact(value) == {
        "outer": [{"Password": HIDDEN, "name": "ada"}],
        "SECRET_KEY": HIDDEN,
        "api_key_id": "k",
        "token": None,
    }


def test_what_lies_too_deep_to_look_through_is_hidden_as_a_whole() -> None:
    value: object = {"password": "x"}
    for _ in range(20):
        value = {"deeper": value}

    assert "x" not in str(redact(value)).replace("[hidden]", "")


@pytest.mark.parametrize("name", ["tokens", "credential_id", "token_count"])
def test_names_of_identifiers_and_counts_are_not_secret(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"access_token": "abc"}, True),
        ({"a": [{"deep": {"er": {"and": {"deeper": {"password": "x"}}}}}]}, True),
        ({"secret": {"value": "abc"}}, True),
        ({"text": "Authorization: Bearer abcdefgh"}, True),
        ({"text": "postgres://me:hidden1@host/db"}, True),
        ({"password": None, "token": "", "access-control-allow-credentials": "true"}, False),
        ({"usage": {"completion_tokens": 12, "prompt_tokens_details": {"cached_tokens": 3}}}, False),
        ({"next_page_token": "abc", "nextPageToken": "abc", "sync_token": "abc"}, False),
        ({"credential_id": "7", "name": "Ada"}, False),
    ],
)
def test_a_secret_is_found_by_name_or_shape_wherever_it_lies(value: Any, expected: bool) -> None:
    assert holds_secret(value) is expected
