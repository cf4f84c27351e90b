"""Credentials: written over HTTP, opened for nodes."""

from __future__ import annotations

import base64
import os
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.test import override_settings

from studio.accounts.access import COMMAND
from studio.kernel.clock import utcnow
from studio.kernel.errors import NotFound
from studio.security.encryption import key_ring
from studio.security.models import AuditEntry, Credential
from studio.security.services.credentials import open_credential, open_credential_now, reseal_credentials
from tests.studio.accounts.people import Person

BEARER = {"name": "Shop", "kind": "http.bearer", "fields": {"token": "t0p-s3cret"}}


def made(person: Person, **changes: Any) -> Any:
    answer = person.post("/credentials", {**BEARER, **changes})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_credential_is_written_and_its_secret_never_read_back(bob: Person) -> None:
    created = bob.post("/credentials", BEARER)
    shown = bob.get(f"/credentials/{created.json()['id']}")
    listed = bob.get("/credentials")

    assert created.json()["field_names"] == ["token"]
    assert "t0p-s3cret" not in "".join(answer.content.decode() for answer in (created, shown, listed))
    assert b"t0p-s3cret" not in bytes(Credential.objects.get().secret)


def test_a_node_finds_a_credential_by_id_and_by_name(bob: Person) -> None:
    identifier = made(bob)["id"]

    by_id = open_credential_now(workspace_id=bob.workspace.pk, ref=identifier)
    by_name = open_credential_now(workspace_id=bob.workspace.pk, ref="Shop")

    assert (by_id, by_id.fields) == (by_name, {"token": "t0p-s3cret"})
    assert "t0p-s3cret" not in repr(by_id)


def test_another_workspace_does_not_find_it(bob: Person, charlie: Person) -> None:
    identifier = made(bob)["id"]

    for ref in (identifier, "Shop"):
        with pytest.raises(NotFound):
            open_credential_now(workspace_id=charlie.workspace.pk, ref=ref)
    assert charlie.get(f"/credentials/{identifier}").status_code == 404


@pytest.mark.django_db(transaction=True)
async def test_the_runtime_opens_over_its_own_connection_and_notes_the_use(bob: Person) -> None:
    from asgiref.sync import sync_to_async

    identifier = (await sync_to_async(made)(bob))["id"]

    async with await psycopg.AsyncConnection.connect(settings.DATABASE_URL, autocommit=True) as connection:
        opened = await open_credential(connection, workspace_id=bob.workspace.pk, ref="Shop")

    assert (str(opened.id), opened.kind, opened.fields) == (
        identifier,
        "http.bearer",
        {"token": "t0p-s3cret"},
    )
    assert (await Credential.objects.aget()).last_used_at is not None


def test_use_is_noted_at_most_once_a_minute(bob: Person) -> None:
    made(bob)
    for earlier, noted in ((59, False), (61, True)):
        before = utcnow() - timedelta(seconds=earlier)
        Credential.objects.update(last_used_at=before)

        open_credential_now(workspace_id=bob.workspace.pk, ref="Shop")

        assert (Credential.objects.get().last_used_at != before) == noted


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"kind": "http.magic"}, "/kind", "invalid_choice"),
        ({"fields": {}}, "/fields/token", "required"),
        ({"fields": {"token": ""}}, "/fields/token", "required"),
        ({"fields": {"token": 1}}, "/fields/token", "wrong_type"),
        ({"fields": {"token": "a\r\nb"}}, "/fields/token", "invalid"),
        ({"fields": {"token": "x" * 16_385}}, "/fields/token", "too_long"),
        ({"fields": {"token": "t", "a/b": "x"}}, "/fields/a~1b", "unknown_field"),
        ({"fields": {"token": "\x00"}}, "/fields/token", "nul_character"),
        ({"fields": []}, "/fields", "wrong_type"),
        ({"kind": "http.header", "fields": {"name": "X Y", "value": "v"}}, "/fields/name", "invalid"),
        (
            {"kind": "webhook.secret", "fields": {"secret": "s", "algorithm": "md5"}},
            "/fields/algorithm",
            "invalid",
        ),
        ({"surprise": 1}, "/surprise", "unknown_field"),
    ],
)
def test_fields_that_break_their_kind_are_named_and_nothing_is_kept(
    bob: Person, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = bob.post("/credentials", {**BEARER, **changes})

    errors = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert (answer.status_code, errors, Credential.objects.count()) == (422, [(pointer, code)], 0)


def test_a_second_credential_of_the_same_name_is_a_conflict(bob: Person) -> None:
    made(bob)

    assert bob.post("/credentials", BEARER).status_code == 409
    assert Credential.objects.count() == 1


def test_a_change_replaces_the_fields_and_needs_the_revision_it_was_made_from(bob: Person) -> None:
    path = f"/credentials/{made(bob)['id']}"
    tag = bob.get(path).headers["ETag"]
    body = {"name": "Store", "fields": {"token": "new"}}

    unguarded = bob.patch(path, body)
    changed = bob.patch(path, body, headers={"If-Match": tag})
    stale = bob.patch(path, {"name": "Third"}, headers={"If-Match": tag})

    assert [unguarded.status_code, changed.status_code, stale.status_code] == [428, 200, 412]
    assert open_credential_now(workspace_id=bob.workspace.pk, ref="Store").fields == {"token": "new"}


def test_a_rename_keeps_the_secret(bob: Person) -> None:
    path = f"/credentials/{made(bob)['id']}"

    bob.patch(path, {"name": "Store"}, headers={"If-Match": "*"})

    assert open_credential_now(workspace_id=bob.workspace.pk, ref="Store").fields == {"token": "t0p-s3cret"}


def test_who_may_not_edit_changes_nothing(bob: Person, carol: Person, victor: Person) -> None:
    path = f"/credentials/{made(bob)['id']}"

    for person in (carol, victor):
        statuses = [
            person.get(path).status_code,
            person.post("/credentials", {**BEARER, "name": "x"}).status_code,
            person.patch(path, {"name": "x"}, headers={"If-Match": "*"}).status_code,
            person.delete(path).status_code,
        ]
        assert statuses == [200, 403, 403, 403]
    assert list(Credential.objects.values_list("name", flat=True)) == ["Shop"]


def test_a_deleted_credential_is_gone(bob: Person) -> None:
    path = f"/credentials/{made(bob)['id']}"

    assert bob.delete(path).status_code == 204
    assert bob.get(path).status_code == 404


def test_every_kind_says_which_fields_it_holds(victor: Person) -> None:
    kinds = {kind["kind"]: kind for kind in victor.get("/credentials/kinds").json()["results"]}

    assert set(kinds) == {"http.basic", "http.bearer", "http.header", "http.query", "webhook.secret"}
    assert [(field["name"], field["secret"]) for field in kinds["http.basic"]["fields"]] == [
        ("username", False),
        ("password", True),
    ]


def test_the_audit_trail_tells_who_changed_it_and_no_secret(alice: Person, bob: Person) -> None:
    path = f"/credentials/{made(bob)['id']}"
    bob.patch(path, {"fields": {"token": "new-s3cret"}}, headers={"If-Match": "*"})
    bob.delete(path)

    answer = alice.get("/audit")

    entries = [
        (entry["action"], entry["actor_name"], entry["target_name"])
        for entry in answer.json()["results"]
        if entry["target_kind"] == "credential"
    ]
    assert entries == [
        ("credential.deleted", "bob's key", "Shop"),
        ("credential.updated", "bob's key", "Shop"),
        ("credential.created", "bob's key", "Shop"),
    ]
    assert "s3cret" not in answer.content.decode()


def test_the_audit_trail_is_for_admins_and_of_one_workspace(
    alice: Person, bob: Person, charlie: Person
) -> None:
    made(bob)

    assert bob.get("/audit").status_code == 403
    assert all("credential" not in entry["action"] for entry in charlie.get("/audit").json()["results"])


def test_an_audit_entry_cannot_be_changed(bob: Person) -> None:
    from django.db import IntegrityError, transaction

    made(bob)

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        AuditEntry.objects.update(action="nothing.happened")


def test_rotating_keys_seals_everything_anew_and_the_old_key_may_go(bob: Person) -> None:
    made(bob)
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    try:
        with override_settings(STUDIO_ENCRYPTION_KEYS=[old]):
            key_ring.cache_clear()
            first = (reseal_credentials(by=COMMAND, dry_run=True), reseal_credentials(by=COMMAND))
        with override_settings(STUDIO_ENCRYPTION_KEYS=[new, old]):
            key_ring.cache_clear()
            second = (reseal_credentials(by=COMMAND), reseal_credentials(by=COMMAND))
        with override_settings(STUDIO_ENCRYPTION_KEYS=[new]):
            key_ring.cache_clear()
            opened = open_credential_now(workspace_id=bob.workspace.pk, ref="Shop")
    finally:
        key_ring.cache_clear()

    assert (first, second, opened.fields) == ((1, 1), (1, 0), {"token": "t0p-s3cret"})
