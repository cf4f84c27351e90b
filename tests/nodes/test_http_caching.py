"""What headers say about keeping an answer."""

from __future__ import annotations

import pytest

from workflows.engine.cache import Keeping
from workflows.nodes.http_caching import conditions, directives, keeping_of, renewed_headers


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Keeping()),
        ({"cache-control": "max-age=60"}, Keeping(seconds=60)),
        ({"cache-control": "max-age=60", "age": "20"}, Keeping(seconds=40)),
        ({"cache-control": "max-age=60", "age": "90"}, Keeping(seconds=0)),
        ({"cache-control": "private, Max-Age=60"}, Keeping(seconds=60)),
        ({"cache-control": "max-age=soon"}, Keeping()),
        ({"cache-control": "no-cache"}, Keeping(seconds=0)),
        ({"cache-control": "max-age=60, stale-while-revalidate=30"}, Keeping(seconds=60, stale_seconds=30)),
        ({"etag": '"a"'}, Keeping(renewable=True)),
        ({"last-modified": "Tue, 24 Nov 2026 10:00:00 GMT"}, Keeping(renewable=True)),
        ({"cache-control": "no-store, max-age=60"}, Keeping(allowed=False)),
        ({"set-cookie": "a=b"}, Keeping(allowed=False)),
        ({"vary": "*"}, Keeping(allowed=False)),
        ({"vary": "Accept"}, Keeping()),
    ],
)
def test_headers_decide(headers: dict[str, str], expected: Keeping) -> None:
    assert keeping_of(200, headers) == expected


@pytest.mark.parametrize(
    ("status", "allowed"), [(200, True), (203, True), (204, True), (206, False), (302, False)]
)
def test_only_whole_answers_are_kept(status: int, allowed: bool) -> None:
    assert keeping_of(status, {}).allowed is allowed


def test_a_version_is_asked_about_by_both_validators() -> None:
    headers = {"etag": 'W/"a"', "last-modified": "Tue, 24 Nov 2026 10:00:00 GMT"}

    assert dict(conditions(headers)) == {
        "If-None-Match": 'W/"a"',
        "If-Modified-Since": "Tue, 24 Nov 2026 10:00:00 GMT",
    }


def test_what_describes_a_body_is_not_renewed_by_an_answer_without_one() -> None:
    sent = [("Content-Length", "0"), ("Content-Type", "text/plain"), ("ETag", '"b"'), ("Date", "now")]

    assert renewed_headers(sent) == {"etag": '"b"', "date": "now"}


def test_directives_are_read_whatever_their_case_and_quotes() -> None:
    assert directives('Public, max-age="60",, no-cache="x"') == {
        "public": "",
        "max-age": "60",
        "no-cache": "x",
    }
