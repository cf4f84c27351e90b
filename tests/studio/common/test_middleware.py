"""What every answer carries."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from studio.common.middleware import client_address
from tests.studio.accounts.people import Stranger


@pytest.mark.parametrize("sent", ["request-0001", "a.b_c-d" * 9])
def test_a_decent_request_id_is_kept(stranger: Stranger, sent: str) -> None:
    answer = stranger.send("GET", "/session", headers={"X-Request-ID": sent})

    assert answer.headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["short", "x" * 65, "spaces in it", "new\tline-in-it", ""])
def test_any_other_request_id_is_replaced(stranger: Stranger, sent: str) -> None:
    answer = stranger.send("GET", "/session", headers={"X-Request-ID": sent})

    assert len(answer.headers["X-Request-ID"]) == 36


def test_the_pages_policy_allows_no_inline_script_and_no_foreign_source(stranger: Stranger) -> None:
    answer = stranger.send("GET", "/session")

    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["style-src-attr"] == "'unsafe-inline'"
    assert policy["connect-src"] == "'self' ws://testserver wss://testserver"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
def test_only_the_console_may_compile_scripts_in_the_browser() -> None:
    answer = Client().get("/admin/login/")

    assert "'unsafe-eval'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("nearest", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("", "198.51.100.1", "198.51.100.1"),
        ("", "10.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("", "nonsense", ""),
        ("", "", ""),
    ],
)
def test_only_our_own_proxy_may_say_who_calls(nearest: str, forwarded: str, address: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=nearest, headers={"X-Forwarded-For": forwarded})

    assert client_address(request) == address
