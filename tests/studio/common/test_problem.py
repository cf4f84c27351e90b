"""Every refusal has one shape."""

from __future__ import annotations

from typing import Any

import django.db
import pytest
import redis.exceptions
from django.core import exceptions as django_errors
from django.http import Http404
from django.test import Client
from rest_framework import exceptions as drf_errors

from studio.common.problem import as_studio_error, flatten, problem_document
from studio.kernel.errors import (
    Conflict,
    Invalid,
    LimitReached,
    Malformed,
    Problem,
    StoreAway,
    StudioError,
    Unauthenticated,
)
from tests.studio.accounts.people import Person, Stranger


def document(error: StudioError) -> tuple[int, dict[str, str], dict[str, Any]]:
    return problem_document(error, instance="/api/v1/x", request_id="r-1")


def test_a_problem_says_what_where_and_under_which_request() -> None:
    error = Invalid(reason="No.", problems=[Problem("/a", "required", "Send it.")], error_code="special")

    assert document(error) == (
        422,
        {"Content-Type": "application/problem+json"},
        {
            "type": "urn:studio:problem:special",
            "title": "Content is not valid",
            "status": 422,
            "code": "special",
            "detail": "No.",
            "instance": "/api/v1/x",
            "request_id": "r-1",
            "errors": [{"pointer": "/a", "code": "required", "detail": "Send it."}],
        },
    )


def test_a_limit_says_when_to_come_back_and_which_it_was() -> None:
    status, headers, body = document(
        LimitReached(reason="Slow down.", retry_after=0.2, reason_code="rate", quota=5)
    )

    assert (status, body["reason"], headers["Retry-After"]) == (429, "rate", "1")
    assert headers["RateLimit"] == '"rate";r=0;t=1'
    assert headers["RateLimit-Policy"] == '"rate";q=5;w=1'


def test_a_store_that_is_away_says_when_to_come_back() -> None:
    status, headers, _ = document(StoreAway(retry_after=2.5))

    assert (status, headers["Retry-After"]) == (503, "3")


def test_who_is_not_known_is_told_how_to_become_known() -> None:
    assert document(Unauthenticated())[1]["WWW-Authenticate"] == 'Bearer realm="studio"'


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Conflict(reason="x", error_code="busy"), 409, "conflict"),
        (Http404(), 404, "not_found"),
        (django_errors.PermissionDenied(), 403, "forbidden"),
        (django_errors.SuspiciousOperation(), 400, "malformed"),
        (django_errors.RequestDataTooBig(), 413, "too_large"),
        (django.db.DataError(), 422, "invalid"),
        (django.db.OperationalError(), 503, "store_away"),
        (django.db.InterfaceError(), 503, "store_away"),
        (redis.exceptions.ConnectionError(), 503, "store_away"),
        (drf_errors.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
        (drf_errors.ParseError(), 400, "malformed"),
        (drf_errors.Throttled(), 429, "limit_reached"),
        (ZeroDivisionError(), 500, "internal_error"),
    ],
)
def test_every_frameworks_and_drivers_error_is_one_of_ours(error: Exception, status: int, code: str) -> None:
    known = as_studio_error(error)

    assert (known.status, known.code) == (status, code)


def test_findings_of_a_serializer_become_pointers() -> None:
    findings = {
        "a/b": [{"message": "Bad.", "code": "invalid"}],
        "list": [{}, {"x": [{"message": "Worse.", "code": "required"}]}],
        "map": {"k": [{"message": "No.", "code": "blank"}]},
        "non_field_errors": [{"message": "All.", "code": "invalid"}],
    }

    assert [(problem.pointer, problem.code) for problem in flatten(findings)] == [
        ("/a~1b", "invalid"),
        ("/list/1/x", "required"),
        ("/map/k", "blank"),
        ("", "invalid"),
    ]


def test_a_field_that_is_called_code_or_message_is_still_a_field() -> None:
    findings = {
        "code": [{"message": "Bad.", "code": "invalid"}],
        "message": [{"message": "Bad.", "code": "invalid"}],
    }

    assert [problem.pointer for problem in flatten(findings)] == ["/code", "/message"]


@pytest.mark.parametrize("path", ["/nowhere", "/me/", "/credentials/not-an-id", "/credentials/%00"])
def test_an_unknown_address_is_a_problem(alice: Person, path: str) -> None:
    answer = alice.get(path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_another_method_is_405_and_names_those_that_there_are(alice: Person) -> None:
    answer = alice.send("PUT", "/me")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND"])
def test_methods_nobody_serves_are_405(alice: Person, method: str) -> None:
    assert alice.send(method, "/me").status_code == 405


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?limitt=5", "unknown_parameter"),
        ("?limit=0", "malformed"),
        ("?limit=201", "malformed"),
        ("?limit=\N{SUPERSCRIPT TWO}", "malformed"),
        ("?limit=1&limit=2", "malformed"),
        ("?cursor=%00", "malformed"),
        ("?cursor=bm9uc2Vuc2U", "malformed"),
        ("?cursor=LWlkOngK", "malformed"),
        ("?%00=1", "malformed"),
    ],
)
def test_a_query_that_means_nothing_here_is_400(alice: Person, query: str, code: str) -> None:
    answer = alice.get(f"/credentials{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b'{"a": 1, "a": 2}', 400, "malformed"),
        (b'{"name": "\\u0000"}', 422, "invalid"),
        (b"[" * 65 + b"]" * 65, 422, "invalid"),
        (b" " * (1 << 20) + b"{}", 413, "too_large"),
        (b"null", 422, "invalid"),
        (b"3", 422, "invalid"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused(alice: Person, body: bytes, status: int, code: str) -> None:
    answer = alice.post("/credentials", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_what_is_not_json_is_415(alice: Person, media: str) -> None:
    answer = Client().generic(
        "POST",
        "/api/v1/credentials",
        b"a=1",
        content_type=media,
        headers={"Authorization": f"Bearer {alice.token}"},
    )

    assert answer.status_code == 415


def test_a_packed_body_is_refused(alice: Person) -> None:
    answer = alice.post("/credentials", {}, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 415


def test_a_browser_that_asks_for_html_gets_json(alice: Person) -> None:
    answer = alice.get("/credentials", headers={"Accept": "text/html"})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_a_body_in_chunks_is_refused_and_not_taken_for_an_empty_one(alice: Person) -> None:
    answer = alice.post("/credentials", headers={"Transfer-Encoding": "chunked"})

    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_a_defect_of_ours_is_500_with_the_request_id_and_none_of_its_insides(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from studio.accounts.api import views

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret insides")

    monkeypatch.setattr(views, "get_token", broken)

    answer = stranger.send("GET", "/session", headers={"X-Request-ID": "request-0002"})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.json()["request_id"] == "request-0002"
    assert "insides" not in answer.content.decode()


def test_a_malformed_problem_never_fails_to_be_written() -> None:
    assert document(Malformed(reason="x"))[0] == 400
