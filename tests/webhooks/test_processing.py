"""Stored events become executions, each exactly once."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync

from studio.accounts.models import Workspace
from tests.studio.accounts.people import Person
from tests.webhooks.hooked import access, arrived, published
from webhooks.inbound.processing import StoredEvents
from webhooks.models import Event
from workflows.models import Execution, Payload
from workflows.runtime import payload
from workflows.services.workflows import pause_workflow

pytestmark = pytest.mark.django_db(transaction=True)


async def process_with(processors: int, limit: int = 100) -> list[int]:
    """How many each of several workers processed until nothing was left."""
    workers = [StoredEvents() for _ in range(processors)]
    try:
        return list(await asyncio.gather(*(drain(worker, limit) for worker in workers)))
    finally:
        for worker in workers:
            await worker.close()


async def drain(worker: StoredEvents, limit: int) -> int:
    total = 0
    while done := await worker.process(limit=limit):
        total += done
    return total


def process(processors: int = 1, limit: int = 100) -> list[int]:
    return async_to_sync(process_with)(processors, limit)


def test_an_event_starts_the_published_version_at_its_node(acme: Workspace, bob: Person) -> None:
    source = published(bob)
    event = arrived(source, b'{"id": 7}', path="/x", query="a=1")

    assert process() == [1]

    event.refresh_from_db()
    execution = Execution.objects.get()
    assert (event.status, event.reason, event.execution_id) == ("processed", None, execution.pk)
    assert event.processed_at is not None
    assert (execution.workflow_id, execution.version, execution.trigger_node, execution.trigger_kind) == (
        source.workflow_id, 1, "hook", "trigger.webhook",
    )  # fmt: skip
    assert payload.load(Payload.objects.get(pk=execution.pk).input) == {
        "method": "POST", "path": "/x", "query": {"a": "1"}, "headers": {"content-type": "application/json"},
        "body": {"id": 7},
    }  # fmt: skip


def test_many_workers_process_every_event_once(acme: Workspace, bob: Person) -> None:
    source = published(bob)
    events = [arrived(source) for _ in range(60)]

    done = process(processors=4, limit=7)

    assert sum(done) == 60
    assert Execution.objects.count() == 60
    assert not Event.objects.exclude(status="processed").exists()
    assert len(set(Event.objects.values_list("execution_id", flat=True))) == len(events)


def test_an_event_of_a_workflow_that_was_paused_meanwhile_is_kept_and_says_why(
    acme: Workspace, bob: Person
) -> None:
    source = published(bob)
    arrived(source)
    pause_workflow(workspace=acme, workflow_id=source.workflow_id, by=access(bob))

    process()

    assert Event.objects.values_list("status", "reason").get() == ("refused", "workflow_not_published")
    assert not Execution.objects.exists()


def test_a_large_body_reaches_the_execution_whole(acme: Workspace, bob: Person) -> None:
    text = "x" * 200_000
    arrived(published(bob), text.encode(), headers={"content-type": "text/plain"})

    process()

    assert payload.load(Payload.objects.get().input)["body"] == text


def test_a_reference_of_the_senders_own_making_is_no_reference(acme: Workspace, bob: Person) -> None:
    arrived(published(bob), b'{"$blob": {"id": "00000000-0000-7000-8000-000000000000"}}')

    process()

    assert payload.load(Payload.objects.get().input)["body"] == {
        "$blob": {"id": "00000000-0000-7000-8000-000000000000"}
    }


def test_an_event_that_cannot_be_stored_is_refused_and_holds_up_nobody(
    acme: Workspace, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webhooks.inbound import processing

    source = published(bob)
    poison = arrived(source, b'{"poison": true}')
    others = [arrived(source) for _ in range(5)]
    build = processing.execution_of

    def with_poison(event: processing.ClaimedEvent) -> object:
        execution = build(event)
        if execution is not None and event.id == poison.pk:
            execution.tags = ["\x00"]
        return execution

    monkeypatch.setattr(processing, "execution_of", with_poison)

    process()

    poison.refresh_from_db()
    assert (poison.status, poison.reason) == ("refused", "unprocessable")
    assert Execution.objects.count() == len(others)
