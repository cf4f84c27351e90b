"""Signing in on the page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from studio.accounts.access import SYSTEM
from studio.accounts.models import Workspace
from studio.accounts.roles import Role
from studio.accounts.services import sessions
from studio.accounts.services.workspaces import add_member
from studio.security.models import AuditEntry
from tests.studio.accounts.people import PASSWORD, Person, send


class Browser:
    """A browser with cookies that proves its own page sent what it sends."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.send("GET", "/session")

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        proof = self.client.cookies["csrftoken"].value if "csrftoken" in self.client.cookies else ""
        return send(method, path, body, headers={"X-CSRFToken": proof, **headers}, client=self.client)

    def sign_in(self, email: str, password: str = PASSWORD) -> Any:
        return self.send("POST", "/session", {"email": email, "password": password})


@pytest.fixture
def browser(db: None) -> Browser:
    cache.clear()
    return Browser()


def test_whoever_signs_in_is_known_until_they_sign_out(browser: Browser, alice: Person) -> None:
    before = browser.send("GET", "/session").json()
    signed_in = browser.sign_in("Alice@Example.com")
    me = browser.send("GET", "/me")
    ended = browser.send("DELETE", "/session")

    assert before == {"user": None}
    assert signed_in.json()["user"]["email"] == "alice@example.com"
    assert (me.json()["role"], me.json()["workspace"]["slug"]) == ("owner", "acme")
    assert (ended.status_code, browser.send("GET", "/me").status_code) == (204, 401)


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_address_look_the_same(
    browser: Browser, alice: Person, email: str
) -> None:
    answer = browser.sign_in(email, "wrong")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.json()["detail"] == "This e-mail address and password do not belong together."


def test_guessing_ends_in_a_wait_for_this_account_and_no_other(
    browser: Browser, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_FAILURES", 3)
    for _ in range(3):
        browser.sign_in("alice@example.com", "wrong")

    refused = browser.sign_in("alice@example.com")

    assert (refused.status_code, refused.json()["reason"]) == (429, "sign_in")
    assert refused.headers["Retry-After"] == "900"
    assert refused.headers["RateLimit"] == '"sign_in";r=0;t=900'
    assert refused.headers["RateLimit-Policy"] == '"sign_in";q=3;w=900'
    assert browser.sign_in("bob@example.com").status_code == 200


def test_a_change_without_csrf_proof_is_refused_and_changes_nothing(browser: Browser, alice: Person) -> None:
    browser.sign_in("alice@example.com")

    answer = browser.send("POST", "/api-keys", {"name": "x"}, **{"X-CSRFToken": ""})

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert not AuditEntry.objects.filter(action="api_key.created", actor_kind="user").exists()


def test_signing_in_needs_csrf_proof_too(browser: Browser, alice: Person) -> None:
    body = {"email": "alice@example.com", "password": PASSWORD}

    answer = browser.send("POST", "/session", body, **{"X-CSRFToken": "x"})

    assert answer.json()["code"] == "csrf_failed"


def test_the_header_chooses_among_ones_own_workspaces(
    browser: Browser, alice: Person, globex: Workspace
) -> None:
    browser.sign_in("alice@example.com")
    elsewhere = {"Studio-Workspace": "globex"}
    refused = browser.send("GET", "/me", **elsewhere)
    add_member(workspace=globex, user=alice.user, role=Role.VIEWER, by=SYSTEM)

    me = browser.send("GET", "/me", **elsewhere).json()

    assert refused.status_code == 403
    assert (me["workspace"]["slug"], me["role"]) == ("globex", "viewer")
    assert [(place["slug"], place["role"]) for place in me["workspaces"]] == [
        ("acme", "owner"),
        ("globex", "viewer"),
    ]


def test_a_member_of_nothing_may_sign_in_but_is_told_so(browser: Browser, alice: Person) -> None:
    alice.user.memberships.all().delete()
    browser.sign_in("alice@example.com")

    answer = browser.send("GET", "/me")

    assert (answer.status_code, answer.json()["detail"]) == (403, "You are not a member of this workspace.")


def test_an_inactive_user_is_nobody(browser: Browser, alice: Person) -> None:
    browser.sign_in("alice@example.com")
    alice.user.is_active = False
    alice.user.save()

    assert browser.send("GET", "/me").status_code == 401
    assert browser.sign_in("alice@example.com").status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"email": "a\\u0000", "password": "x"}', b"nonsense"])
def test_no_body_breaks_signing_in(browser: Browser, body: bytes) -> None:
    answer = browser.send("POST", "/session", body)

    assert answer.status_code in {400, 422}
