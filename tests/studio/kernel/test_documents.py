"""Reading JSON from strangers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.kernel.documents import check_text, read_json
from studio.kernel.errors import Invalid, Malformed, TooLarge

LIMIT = 1 << 20
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
documents = st.recursive(
    scalars | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=30
)


@given(documents)
def test_whatever_json_can_say_comes_back_as_it_was_sent(document: Any) -> None:
    assert read_json(json.dumps(document).encode(), limit_bytes=LIMIT) == document


def refusals(body: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read_json(body, limit_bytes=LIMIT)
    return [(problem.pointer, problem.code) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b'{"a": ["x", "\\u0000"]}', "/a/1", "nul_character"),
        (b'{"a": {"b\\u0000": 1}}', "/a/b\N{REPLACEMENT CHARACTER}", "nul_character"),
        (b'{"a/b": "\\ud800"}', "/a~1b", "lone_surrogate"),
        (b'{"\\udfff": 1}', "/?", "lone_surrogate"),
        (b"1e999", "", "number_not_finite"),
        (b'{"n": 18446744073709551616}', "/n", "number_too_large"),
        (b'{"n": -9223372036854775809}', "/n", "number_too_large"),
        (b'{"n": ' + b"9" * 10_000 + b"}", "/n", "number_too_large"),
        (b"[" * 65 + b"]" * 65, "/0" * 64, "nested_too_deep"),
        (b"[" * 300 + b"]" * 300, "/0" * 64, "nested_too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "", "nested_too_deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "/a" * 64, "nested_too_deep"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_place(body: bytes, pointer: str, code: str) -> None:
    assert refusals(body) == [(pointer, code)]


def test_every_fault_is_named_in_the_order_of_the_document() -> None:
    assert refusals(b'{"b": "\\u0000", "a": [1e999]}') == [
        ("/b", "nul_character"),
        ("/a/0", "number_not_finite"),
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "line 1, column 1"),
        (b'{\n  "a": }', "line 2, column 8"),
        (b"[1,]", "column 4"),
        (b'{"a": NaN}', "JSON knows no NaN"),
        (b"[-Infinity]", "JSON knows no -Infinity"),
        (b"\xff", "UTF-8 at byte 0"),
        (b'"\xed\xa0\x80"', "UTF-8 at byte 1"),
        (b'{"a": 1, "b": {"a": 1, "a": 2}}', "'a' occurs twice"),
        (b'{"a:": 1, "\\u0061\\u003a": 2}', "'a:' occurs twice"),
        (b'{"a": "\\u003a", "a": 1}', "'a' occurs twice"),
        (b"\xef\xbb\xbf{}", "BOM"),
    ],
)
def test_what_is_not_json_is_malformed_and_says_where(body: bytes, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        read_json(body, limit_bytes=LIMIT)


def test_the_deepest_document_allowed_is_read() -> None:
    body = b"[" * 64 + b"]" * 64

    assert json.dumps(read_json(body, limit_bytes=LIMIT)).encode() == body


def test_brackets_and_colons_within_text_count_for_nothing() -> None:
    document = {"text": "[{:" * 200, "other": ": : :"}

    assert read_json(json.dumps(document).encode(), limit_bytes=LIMIT) == document


def test_a_body_over_its_limit_is_not_even_parsed() -> None:
    with pytest.raises(TooLarge, match="larger than 3 bytes"):
        read_json(b"not json", limit_bytes=3)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_text_that_no_store_can_hold_is_malformed_in_an_address(text: str) -> None:
    with pytest.raises(Malformed):
        check_text(text)
