"""`/webhooks` in the API."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from studio.accounts.models import Workspace
from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person
from tests.webhooks.hooked import arrived, published
from webhooks.models import Event, Source

pytestmark = pytest.mark.django_db


def test_sources_are_listed_with_their_address(bob: Person, victor: Person) -> None:
    source = published(bob)

    reply = victor.get("/webhooks/sources")

    shown = reply.json()["results"][0]
    assert reply.status_code == 200
    assert shown["url"].endswith(f"/hooks/{source.token}")
    assert (shown["workflow"], shown["node"], shown["methods"]) == (str(source.workflow_id), "hook", ["POST"])
    assert victor.get(f"/webhooks/sources/{source.pk}").json() == shown


def test_rotating_gives_a_new_address_and_is_noted(bob: Person, carol: Person) -> None:
    source = published(bob)

    refused = carol.post(f"/webhooks/sources/{source.pk}/rotate")
    reply = bob.post(f"/webhooks/sources/{source.pk}/rotate")

    token = Source.objects.get().token
    assert (refused.status_code, reply.status_code) == (403, 200)
    assert token != source.token
    assert reply.json()["url"].endswith(token)
    assert AuditEntry.objects.filter(action="webhook_source.rotated").count() == 1


def test_events_are_shown_with_the_bytes_that_came(bob: Person, victor: Person) -> None:
    source = published(bob)
    text = arrived(source, b'{"a": 1}')
    binary = arrived(source, b"\xff\x00")

    listed = victor.get("/webhooks/events").json()["results"]
    shown = victor.get(f"/webhooks/events/{text.pk}").json()

    # Two ids of one millisecond stand in any order.
    assert [event["id"] for event in listed] == sorted([str(text.pk), str(binary.pk)], reverse=True)
    assert "body" not in listed[0]
    assert (shown["body"], shown["body_base64"], shown["size_bytes"]) == ('{"a": 1}', None, 8)
    assert (
        victor.get(f"/webhooks/events/{binary.pk}").json()["body_base64"]
        == base64.b64encode(b"\xff\x00").decode()
    )


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=refused", 1),
        ("received_after=2000-01-01T00:00:00Z", 3),
        ("received_after=2100-01-01T00:00:00Z", 0),
        ("received_before=0001-01-01T00:00:00Z", 0),
        ("workflow=00000000-0000-7000-8000-000000000000", 0),
    ],
)
def test_events_can_be_narrowed(bob: Person, query: str, count: int) -> None:
    source = published(bob)
    for status in ("stored", "processed", "refused"):
        arrived(source, status=status)

    assert len(bob.get(f"/webhooks/events?{query}").json()["results"]) == count


@pytest.mark.parametrize("query", ["colour=red", "status=lost", "source=x", "received_after=soon"])
def test_a_filter_that_means_nothing_is_refused(bob: Person, query: str) -> None:
    assert bob.get(f"/webhooks/events?{query}").status_code == 400


def test_an_event_can_happen_again_and_the_original_stays(bob: Person, carol: Person, victor: Person) -> None:
    original = arrived(published(bob), b'{"a": 1}', status="processed", dedup_key="d1")

    refused = victor.post(f"/webhooks/events/{original.pk}/replay")
    reply = carol.post(f"/webhooks/events/{original.pk}/replay")

    again = Event.objects.exclude(pk=original.pk).get()
    assert (refused.status_code, reply.status_code) == (403, 202)
    assert reply.json()["id"] == str(again.pk)
    assert (again.status, bytes(again.body), again.dedup_key) == ("stored", b'{"a": 1}', None)
    assert again.reason == f"replay of {original.pk}"
    assert AuditEntry.objects.filter(action="webhook_event.replayed").count() == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "stored"}, "event_pending"),
        ({"status": "refused", "reason": "signature_mismatch"}, "event_refused"),
    ],
)
def test_only_an_event_that_was_believed_and_processed_happens_again(
    bob: Person, fields: dict[str, Any], code: str
) -> None:
    event = arrived(published(bob), **fields)

    reply = bob.post(f"/webhooks/events/{event.pk}/replay")

    assert (reply.status_code, reply.json()["code"]) == (409, code)
    assert Event.objects.count() == 1


def test_other_workspaces_do_not_exist(acme: Workspace, bob: Person, charlie: Person) -> None:
    source = published(bob)
    event = arrived(source, status="processed")

    replies = [
        charlie.get(f"/webhooks/sources/{source.pk}"),
        charlie.post(f"/webhooks/sources/{source.pk}/rotate"),
        charlie.get(f"/webhooks/events/{event.pk}"),
        charlie.post(f"/webhooks/events/{event.pk}/replay"),
        bob.get("/webhooks/events/not-an-id"),
    ]

    assert [reply.status_code for reply in replies] == [404] * 5
    assert charlie.get("/webhooks/events").json() == {"results": [], "next": None}
    assert Source.objects.get().token == source.token
