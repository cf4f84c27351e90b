"""Which failures count as one and the same."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.kernel.errors import Category
from workflows.engine.errors import error_body
from workflows.engine.fingerprint import ALGORITHM, fingerprint_of, normalise, replaced_in

CASES = [
    ("shop.example answered 503.", "shop.example answered <number>."),
    ("GET https://shop.example/orders/17?x=1 answered 404", "GET <url> answered <number>"),
    ("fetch was still running after 30 s.", "fetch was still running after <number> s."),
    ("Order 'A-17' can't be found", "Order <text> can't be found"),
    ('The key "total" isn\'t in `order`', "The key <text> isn't in <text>"),
    ("user 0199a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b is missing", "user <id> is missing"),
    ("customer cus_8fK2xyz and A1b2C3d4E5 are gone", "customer <id> and <id> are gone"),
    ("no route to 10.0.0.1:5432", "no route to <address>"),
    ("no route to [2001:db8::1:2]", "no route to [<address>]"),
    ("bad block 0xdeadbeef, sum deadbeef12", "bad block <hex>, sum <id>"),
    ("until 2026-11-24T22:45:41.344Z, from 12:30 on", "until <time>, from <time> on"),
    ("joe@example.com refused it", "<email> refused it"),
    ("took 1.5s, then 12ms: 45% of 1,000,000", "took <number>s, then <number>ms: <number> of <number>"),
    ("a facade made\n of  cafes", "a facade made of cafes"),
    ("order 9999999 and order 10000000", "order <number> and order <number>"),
    ("", ""),
]


@pytest.mark.parametrize(("message", "template"), CASES)
def test_a_template_keeps_what_stays_equal_from_case_to_case(message: str, template: str) -> None:
    assert normalise(message) == template


def _value(message: str, *, kind: str = "http.request", code: str = "http_503") -> str:
    body = error_body(code=code, category=Category.UPSTREAM, message=message, node="fetch", attempt=3)
    return fingerprint_of(body, kind).value


def test_failures_that_differ_only_in_particulars_are_one() -> None:
    assert _value("order 17 not found at https://a.example/17") == _value(
        "order 4711 not found at https://b.example/x"
    )


@pytest.mark.parametrize(
    "other",
    [
        _value("order 17 not found", kind="code.python"),
        _value("order 17 not found", code="http_500"),
        _value("order 17 not paid"),
    ],
)
def test_another_kind_code_or_message_is_another_failure(other: str) -> None:
    assert _value("order 17 not found") != other


def test_the_category_tells_failures_apart() -> None:
    error = {"code": "x", "message": "It broke."}

    assert (
        fingerprint_of({**error, "category": "bug"}, "").value
        != fingerprint_of({**error, "category": "quota"}, "").value
    )


def test_a_fingerprint_says_what_went_into_it() -> None:
    error = error_body(code="http_503", category=Category.UPSTREAM, message="answered 503 to 'x'")
    found = fingerprint_of(error, "http.request")

    assert (found.algorithm, found.kind, found.category, found.code, found.template) == (
        ALGORITHM,
        "http.request",
        "upstream",
        "http_503",
        "answered <number> to <text>",
    )
    assert replaced_in(found.template) == ["number", "text"]


def test_a_fingerprint_never_changes_within_its_version() -> None:
    """Groups are found by it for as long as they live: a change of the rules takes a new version."""
    assert (ALGORITHM, _value("shop.example answered 503.")) == (1, "d29f7a10ae2a6d3603ee90ae70ffbc1a")


def test_an_error_that_lacks_everything_has_a_fingerprint_too() -> None:
    assert len(fingerprint_of({}, "").value) == 32


@given(st.text(max_size=400))
def test_a_template_of_a_template_is_itself(message: str) -> None:
    once = normalise(message)

    assert normalise(once) == once


@pytest.mark.parametrize("piece", ["'a ", '"', "a-", "1.", "a.", "aA", "a@", ":f", "http://", "0x", "<", " "])
def test_no_message_takes_long_however_it_is_made(piece: str) -> None:
    began = time.perf_counter()
    normalise(piece * 100_000)

    assert time.perf_counter() - began < 0.5
