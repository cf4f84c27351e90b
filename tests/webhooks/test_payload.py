"""What a webhook trigger hands on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.kernel import codec
from webhooks.inbound.payload import trigger_payload


def payload(body: bytes, content_type: str = "application/json", query: str = "") -> dict[str, Any]:
    return trigger_payload(
        method="POST", path="/", query=query, headers={"content-type": content_type}, body=body
    )


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"id": 7}', {"id": 7}),
        ("application/vnd.github+json; charset=utf-8", b"[1]", [1]),
        ("", b'{"id": 7}', {"id": 7}),
        ("application/x-www-form-urlencoded", b"a=1&b=x+y&a=2", {"a": ["1", "2"], "b": "x y"}),
        ("text/plain", "größe".encode(), "größe"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/json", b'{"broken', '{"broken'),
        ("application/json", b'{"twice": 1, "twice": 2}', '{"twice": 1, "twice": 2}'),
        ("text/plain", b"a\x00b", "a\N{REPLACEMENT CHARACTER}b"),
        ("application/json", b"", None),
    ],
)
def test_a_body_is_read_by_its_type_and_kept_as_text_where_that_fails(
    content_type: str, body: bytes, expected: Any
) -> None:
    assert payload(body, content_type) == {
        "method": "POST", "path": "/", "query": {}, "headers": {"content-type": content_type}, "body": expected,
    }  # fmt: skip


def test_bytes_that_are_no_text_come_as_base64() -> None:
    found = payload(b"\xff\xfe", "image/png")

    assert (found["body"], found["raw"]) == (None, "//4=")


def test_query_parameters_are_read_once_or_as_a_list() -> None:
    assert payload(b"", query="a=1&b=&a=2&c=%00")["query"] == {
        "a": ["1", "2"], "b": "", "c": "\N{REPLACEMENT CHARACTER}",
    }  # fmt: skip


@given(
    st.binary(max_size=300),
    st.sampled_from(["application/json", "text/x", "application/x-www-form-urlencoded"]),
)
def test_no_body_whatever_it_is_makes_an_error(body: bytes, content_type: str) -> None:
    codec.encode(payload(body, content_type, query=body.decode("latin-1")))
