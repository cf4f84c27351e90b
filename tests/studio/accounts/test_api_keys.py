"""Keys for programs, over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from studio.accounts.models import ApiKey
from studio.accounts.roles import Role
from studio.common.models import IdempotencyKey
from studio.kernel import codec
from studio.kernel.clock import rfc3339, utcnow
from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person, Stranger, send


def test_a_new_key_is_shown_once_and_works(alice: Person) -> None:
    created = alice.post("/api-keys", {"name": "ci", "role": "viewer"})

    key = created.json()["key"]
    assert created.status_code == 201
    assert send("GET", "/me", None, headers={"Authorization": f"Bearer {key}"}).json()["role"] == "viewer"
    assert "key" not in alice.get("/api-keys").json()["results"][0]


def test_of_a_key_only_the_hash_of_its_secret_is_kept(alice: Person) -> None:
    token = alice.post("/api-keys", {"name": "ci"}).json()["key"]

    stored = ApiKey.objects.get(name="ci")
    assert len(bytes(stored.secret_hash)) == 32
    assert token.split("_", 2)[2].encode() not in bytes(stored.secret_hash)


def test_a_repeated_creation_answers_the_same_key_without_its_token(alice: Person) -> None:
    headers = {"Idempotency-Key": "once"}
    first = alice.post("/api-keys", {"name": "ci"}, headers=headers)

    again = alice.post("/api-keys", {"name": "ci"}, headers=headers)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == {**first.json(), "key": None}
    assert ApiKey.objects.filter(name="ci").count() == 1
    assert first.json()["key"] not in str(codec.decode(IdempotencyKey.objects.get().answer))


def test_a_revoked_key_opens_nothing(alice: Person, bob: Person) -> None:
    key = ApiKey.objects.get(name="bob's key")

    assert alice.delete(f"/api-keys/{key.id}").status_code == 204
    assert bob.get("/me").status_code == 401
    assert alice.delete(f"/api-keys/{key.id}").json()["code"] == "conflict"


def test_an_expired_key_opens_nothing(bob: Person) -> None:
    ApiKey.objects.update(expires_at=utcnow() - timedelta(seconds=1))

    assert bob.get("/me").status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer stu_",
        "Bearer stu_0199a0b0c0d0e0f0a0b0c0d0e0f0a0b0_" + "a" * 43,
        "Bearer stu_\N{LATIN SMALL LETTER E WITH ACUTE}" + "_" * 80,
        "Basic dXNlcjpwYXNz",
        "Bearer " + "x" * 5000,
    ],
)
def test_what_is_no_key_is_401_with_a_challenge(stranger: Stranger, authorization: str) -> None:
    answer = stranger.send("GET", "/me", headers={"Authorization": authorization})

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_another_secret_under_a_known_id_is_refused(bob: Person) -> None:
    bob.token = bob.token[:-4] + ("AAAA" if not bob.token.endswith("AAAA") else "BBBB")

    assert bob.get("/me").status_code == 401


def test_a_key_cannot_be_given_a_role_above_its_creators(acme: object, alice: Person) -> None:
    admin = alice.post("/api-keys", {"name": "admin", "role": "admin"}).json()["key"]
    before = ApiKey.objects.count()

    answer = send(
        "POST", "/api-keys", {"name": "x", "role": "owner"}, headers={"Authorization": f"Bearer {admin}"}
    )

    assert (answer.status_code, ApiKey.objects.count()) == (403, before)


def test_scopes_narrow_the_role_and_cannot_be_widened_by_a_key_made_with_them(alice: Person) -> None:
    body = {"name": "narrow", "role": "admin", "scopes": ["api_key.manage"]}
    alice.token = alice.post("/api-keys", body).json()["key"]

    wider = alice.post("/api-keys", {"name": "wide", "role": "admin", "scopes": ["workflow.*"]})
    silent = alice.post("/api-keys", {"name": "silent", "role": "admin"})

    assert (
        alice.get("/credentials").json()["detail"] == "This API key's scopes do not include credential.read."
    )
    assert wider.status_code == 403
    assert silent.json()["scopes"] == ["api_key.manage"]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/name", "required"),
        ({"name": 7}, "/name", "invalid"),
        ({"name": "x" * 201}, "/name", "max_length"),
        ({"name": "x", "role": "emperor"}, "/role", "invalid_choice"),
        ({"name": "x", "scopes": ["workflow.read", "moon.land"]}, "/scopes/1", "unknown_scope"),
        ({"name": "x", "extra": 1}, "/extra", "unknown_field"),
        ({"name": "x", "expires_at": "yesterday"}, "/expires_at", "invalid"),
        ([], "", "invalid"),
    ],
)
def test_a_body_that_breaks_rules_is_422_with_pointers_and_makes_nothing(
    alice: Person, body: object, pointer: str, code: str
) -> None:
    before = ApiKey.objects.count()

    answer = alice.post("/api-keys", body)

    errors = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert (answer.status_code, errors, ApiKey.objects.count()) == (422, [(pointer, code)], before)


def test_a_key_that_is_over_before_it_begins_is_refused(alice: Person) -> None:
    answer = alice.post("/api-keys", {"name": "x", "expires_at": rfc3339(utcnow())})

    assert answer.json()["errors"][0]["code"] == "in_the_past"


@pytest.mark.parametrize("role", [Role.EDITOR, Role.OPERATOR, Role.VIEWER])
def test_below_admin_nobody_sees_or_makes_keys(acme: object, alice: Person, role: Role) -> None:
    alice.token = alice.post("/api-keys", {"name": "lower", "role": role}).json()["key"]
    before = ApiKey.objects.count()

    statuses = [alice.get("/api-keys").status_code, alice.post("/api-keys", {"name": "x"}).status_code]

    assert (statuses, ApiKey.objects.count()) == ([403, 403], before)


def test_another_workspaces_key_does_not_exist(alice: Person, charlie: Person) -> None:
    key = ApiKey.objects.get(name="alice's key")

    answer = charlie.delete(f"/api-keys/{key.id}")

    assert answer.status_code == 404
    assert alice.get("/me").status_code == 200
    assert [row["name"] for row in charlie.get("/api-keys").json()["results"]] == ["charlie's key"]


def test_use_is_noted_to_the_minute(bob: Person) -> None:
    bob.get("/me")
    first = ApiKey.objects.get(name="bob's key").last_used_at
    bob.get("/me")

    assert first is not None
    assert ApiKey.objects.get(name="bob's key").last_used_at == first


def test_making_and_revoking_a_key_stands_in_the_audit_trail(alice: Person) -> None:
    created = alice.post("/api-keys", {"name": "ci"}, headers={"X-Request-ID": "request-0001"})
    alice.delete(f"/api-keys/{created.json()['id']}")

    entries = AuditEntry.objects.filter(target_id=created.json()["id"]).order_by("id")
    assert [(entry.action, entry.actor_kind, entry.actor_name) for entry in entries] == [
        ("api_key.created", "api_key", "alice's key"),
        ("api_key.revoked", "api_key", "alice's key"),
    ]
    assert entries[0].request_id == "request-0001"
    assert entries[0].address == "127.0.0.1"
