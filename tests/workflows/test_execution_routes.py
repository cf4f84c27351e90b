"""`/executions`: reading, cancelling and signalling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import pytest

from studio.kernel import codec
from studio.kernel.ids import uuid7
from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET, definition, node
from tests.workflows.rows import execution, missing, step
from workflows.models import Blob, Execution, MailboxItem, Workflow

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def greeted(bob: Person) -> Execution:
    """An execution of GREET that ended well."""
    row = execution(
        bob.workspace, GREET, at=NOON, given={"name": "Ada"}, output={"text": "Hello Ada"}, status="succeeded",
        started_at=NOON, finished_at=NOON + timedelta(seconds=2), seq=4,
    )  # fmt: skip
    step(row, "start", "trigger.manual", 2, output={"name": "Ada"})
    step(row, "hello", "data.set", 3, output={"text": "Hello Ada"})
    return row


def test_an_execution_is_shown_whole(victor: Person, greeted: Execution) -> None:
    assert victor.get(f"/executions/{greeted.pk}").json() == {
        "id": str(greeted.pk),
        "workflow": None,
        "workflow_name": None,
        "version": None,
        "status": "succeeded",
        "trigger": {"node": "start", "kind": "trigger.manual"},
        "input": {"name": "Ada"},
        "output": {"text": "Hello Ada"},
        "error": None,
        "reason": None,
        "queue": "default",
        "region": "local",
        "priority": 0,
        "parent": None,
        "resumed_from": None,
        "tags": [],
        "created_at": "2026-03-01T12:00:00.000000Z",
        "started_at": "2026-03-01T12:00:00.000000Z",
        "finished_at": "2026-03-01T12:00:02.000000Z",
        "url": f"/api/v1/executions/{greeted.pk}",
    }


def test_steps_show_what_they_were_given_and_what_they_gave_back(victor: Person, greeted: Execution) -> None:
    start, hello = victor.get(f"/executions/{greeted.pk}/steps").json()["results"]

    assert (start["node"], start["input"], start["output"]) == ("start", {"name": "Ada"}, {"name": "Ada"})
    assert (hello["node"], hello["input"], hello["output"]) == (
        "hello",
        {"name": "Ada"},
        {"text": "Hello Ada"},
    )
    assert set(hello) == {
        "id", "node", "kind", "iteration", "status", "attempt", "handled", "reason", "input", "output", "error",
        "cache", "due_at", "queued_at", "started_at", "finished_at",
    }  # fmt: skip


def test_steps_of_items_show_their_item_and_their_path(bob: Person) -> None:
    document = definition(
        node("start", "trigger.manual"),
        node("each", "flow.for_each", items=["a", "b"]),
        {**node("tell", "data.set", values={}), "parent": "each"},
        edges=[{"from": "start", "to": "each"}, {"from": "each", "port": "item", "to": "tell"}],
    )
    row = execution(bob.workspace, document, status="running")
    step(row, "start", "trigger.manual", 1)
    step(row, "each", "flow.for_each", 2, status="running", memo={"items": ["a", "b"]})
    step(row, "tell", "data.set", 3, iteration="each.1", output={})

    shown = bob.get(f"/executions/{row.pk}/steps").json()["results"][-1]

    assert (shown["iteration"], shown["input"]) == ([{"scope": "each", "index": 1}], "b")


def test_steps_come_in_pages(bob: Person) -> None:
    row = execution(bob.workspace, GREET)
    for number in range(5):
        step(row, "hello", "data.set", number + 1, iteration=f"loop.{number}")

    seen, cursor = [], ""
    while cursor is not None:
        page = bob.get(f"/executions/{row.pk}/steps?limit=2&cursor={cursor}").json()
        seen += [one["iteration"][0]["index"] for one in page["results"]]
        cursor = page["next"]

    assert seen == [0, 1, 2, 3, 4]


def test_steps_of_a_definition_that_cannot_be_read_any_more_show_no_input(bob: Person) -> None:
    row = execution(bob.workspace, definition(node("a", "gone.kind")))
    step(row, "a", "gone.kind", 1, output=7)

    shown = bob.get(f"/executions/{row.pk}/steps").json()["results"][0]

    assert (shown["input"], shown["output"]) == (None, 7)


def test_a_page_of_steps_costs_the_same_queries_however_long_it_is(
    bob: Person, greeted: Execution, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        step(greeted, "hello", "data.set", number + 10, iteration=f"loop.{number}")
    bob.get(f"/executions/{greeted.pk}/steps")

    with django_assert_max_num_queries(5):
        bob.get(f"/executions/{greeted.pk}/steps")


def test_events_after_a_number_tell_only_what_came_later(bob: Person, greeted: Execution) -> None:
    everything = bob.get(f"/executions/{greeted.pk}/events").json()
    later = bob.get(f"/executions/{greeted.pk}/events?after=3").json()
    paged = bob.get(f"/executions/{greeted.pk}/events?limit=1").json()

    assert [(event["seq"], event["type"]) for event in everything["results"]] == [
        (2, "step.succeeded"), (3, "step.succeeded"), (4, "execution.succeeded"),
    ]  # fmt: skip
    assert [event["seq"] for event in later["results"]] == [4]
    assert ([event["seq"] for event in paged["results"]], paged["next"]) == ([2], 2)
    assert everything["next"] is None


def test_the_definition_is_the_one_it_ran(bob: Person, greeted: Execution) -> None:
    assert bob.get(f"/executions/{greeted.pk}/definition").json() == GREET


class TestListing:
    @pytest.fixture
    def several(self, bob: Person) -> dict[str, Execution]:
        workflow = Workflow.objects.create(workspace=bob.workspace, name="Nightly report", slug="nightly")
        return {
            "old": execution(bob.workspace, GREET, at=NOON - timedelta(days=2), status="succeeded", tags=["vip"]),
            "failed": execution(
                bob.workspace, GREET, at=NOON - timedelta(hours=1), status="failed", workflow=workflow, version=3,
                error={"code": "x", "category": "bug", "message": "It broke."},
            ),
            "slow": execution(
                bob.workspace, GREET, at=NOON, status="succeeded", trigger_kind="trigger.webhook",
                started_at=NOON, finished_at=NOON + timedelta(seconds=90),
            ),
            "running": execution(bob.workspace, GREET, at=NOON, status="running", owner=uuid7(), region="eu"),
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", {"old", "failed", "slow", "running"}),
            ("status=failed", {"failed"}),
            ("status=running", {"running"}),
            ("status=paused", set()),
            ("trigger=webhook", {"slow"}),
            ("trigger=trigger.webhook", {"slow"}),
            ("min_duration=60", {"slow"}),
            ("min_duration=91", set()),
            ("region=eu", {"running"}),
            ("q=nightly", {"failed"}),
            ("q=vip", {"old"}),
            (f"started_before={quote((NOON - timedelta(days=1)).isoformat())}", {"old"}),
            (f"started_after={quote((NOON - timedelta(minutes=1)).isoformat())}", {"slow", "running"}),
            ("started_after=1969-01-01T00:00:00Z&status=failed", {"failed"}),
            ("started_before=9999-12-31T23:59:59Z&status=failed", {"failed"}),
        ],
    )  # fmt: skip
    def test_filters_narrow_the_list(
        self, bob: Person, several: dict[str, Execution], query: str, names: set[str]
    ) -> None:
        found = {one["id"] for one in bob.get(f"/executions?{query}").json()["results"]}

        assert found == {str(several[name].pk) for name in names}

    def test_one_is_found_by_its_id_and_those_of_a_workflow_by_its(
        self, bob: Person, several: dict[str, Execution]
    ) -> None:
        failed = several["failed"]

        for query in (f"q={failed.pk}", f"workflow={failed.workflow_id}"):
            (shown,) = bob.get(f"/executions?{query}").json()["results"]
            assert (shown["id"], shown["workflow_name"]) == (str(failed.pk), "Nightly report")

    @pytest.mark.parametrize(
        "query",
        [
            "status=odd", "workflow=x", "started_after=yesterday", "min_duration=-1", "min_duration=nan",
            "min_duration=inf", "min_duration=1e300", "q=%00", "q=" + "x" * 201, "trigger=A", "page=2",
            "started_after=0001-01-01T00:00:00%2B23:59", "started_before=9999-12-31T23:59:59-23:59",
        ],
    )  # fmt: skip
    def test_a_filter_that_cannot_be_is_400(self, bob: Person, query: str) -> None:
        assert bob.get(f"/executions?{query}").status_code == 400

    def test_a_page_costs_the_same_queries_however_long_it_is(
        self, bob: Person, several: dict[str, Execution], django_assert_num_queries: Any
    ) -> None:
        bob.get("/executions")

        with django_assert_num_queries(2):
            bob.get("/executions")


class TestBelonging:
    def test_another_workspace_sees_nothing_and_stops_nothing(
        self, charlie: Person, greeted: Execution, bob: Person
    ) -> None:
        running = execution(bob.workspace, GREET, status="running")

        refused = [
            *(
                charlie.get(f"/executions/{greeted.pk}{tail}")
                for tail in ("", "/steps", "/events", "/definition")
            ),
            charlie.post(f"/executions/{running.pk}/cancel"),
            charlie.post(f"/executions/{running.pk}/signals/go", 1),
        ]

        assert {answer.status_code for answer in refused} == {404}
        assert charlie.get("/executions").json()["results"] == []
        assert charlie.get(f"/executions?q={greeted.pk}").json()["results"] == []
        assert not MailboxItem.objects.exists()

    def test_a_viewer_stops_nothing(self, victor: Person, bob: Person) -> None:
        running = execution(bob.workspace, GREET, status="running")

        assert victor.post(f"/executions/{running.pk}/cancel").status_code == 403
        assert victor.post(f"/executions/{running.pk}/signals/go").status_code == 403
        assert not MailboxItem.objects.exists()

    @pytest.mark.parametrize("identifier", ["x", "1", "00000000-0000-0000-0000-000000000000", "%00"])
    def test_an_id_that_nothing_has_is_404(self, bob: Person, identifier: str) -> None:
        assert bob.get(f"/executions/{identifier}").status_code in (400, 404)
        assert bob.get(f"/executions/{missing()}").status_code == 404


class TestCancelling:
    def test_a_word_is_left_for_the_owner(self, carol: Person) -> None:
        running = execution(carol.workspace, GREET, status="running", owner=uuid7())

        answer = carol.post(f"/executions/{running.pk}/cancel")

        assert (answer.status_code, answer.json()["status"]) == (202, "running")
        assert [mail.kind for mail in MailboxItem.objects.filter(execution_id=running.pk)] == ["cancel"]
        assert AuditEntry.objects.filter(action="execution.cancel_requested").count() == 1

    def test_what_waits_is_queued_to_hear_it(self, carol: Person) -> None:
        waiting = execution(carol.workspace, GREET, status="waiting")

        carol.post(f"/executions/{waiting.pk}/cancel")

        waiting.refresh_from_db()
        assert waiting.status == "queued"

    def test_what_has_ended_cannot_be_cancelled(self, carol: Person, greeted: Execution) -> None:
        answer = carol.post(f"/executions/{greeted.pk}/cancel")

        assert (answer.status_code, answer.json()["code"]) == (409, "execution_ended")
        assert not MailboxItem.objects.exists()


class TestSignalling:
    @pytest.mark.parametrize("payload", [None, False, 0, "", [], {"approved": True}])
    def test_the_body_is_the_payload(self, carol: Person, payload: Any) -> None:
        waiting = execution(carol.workspace, GREET, status="waiting")

        answer = carol.post(
            f"/executions/{waiting.pk}/signals/approved", b"null" if payload is None else payload
        )

        mail = MailboxItem.objects.get()
        assert answer.status_code == 202
        assert (mail.kind, mail.name, codec.decode(mail.payload)) == ("signal", "approved", payload)

    def test_no_body_is_null(self, carol: Person) -> None:
        waiting = execution(carol.workspace, GREET, status="waiting")

        carol.post(f"/executions/{waiting.pk}/signals/approved")

        assert codec.decode(MailboxItem.objects.get().payload) is None

    @pytest.mark.parametrize("name", ["-x", "a b", "x" * 101, "ä"])
    def test_a_name_that_no_wait_can_have_is_422(self, carol: Person, name: str) -> None:
        waiting = execution(carol.workspace, GREET, status="waiting")

        assert carol.post(f"/executions/{waiting.pk}/signals/{quote(name)}").status_code == 422

    def test_the_same_idempotency_key_signals_once(self, carol: Person) -> None:
        waiting = execution(carol.workspace, GREET, status="waiting")

        for _ in range(2):
            carol.post(f"/executions/{waiting.pk}/signals/go", 1, headers={"Idempotency-Key": "k"})

        assert MailboxItem.objects.count() == 1


class TestBlobs:
    @pytest.fixture
    def blob(self, bob: Person) -> Blob:
        return Blob.objects.create(
            id=uuid7(), workspace_id=bob.workspace.pk, execution_id=None, media_type="application/json",
            size_bytes=9, sha256="0" * 64, body=codec.encode({"large": [1, 2]}),
        )  # fmt: skip

    def test_a_member_reads_the_document(self, victor: Person, blob: Blob) -> None:
        answer = victor.get(f"/blobs/{blob.pk}")

        assert (answer["Content-Type"], answer.json()) == ("application/json", {"large": [1, 2]})

    def test_a_large_input_is_referred_to_under_the_id_of_its_execution(
        self, victor: Person, charlie: Person
    ) -> None:
        given = {"text": "ü" * 40_000, "$$blob": [1]}
        row = execution(victor.workspace, GREET, given=given)

        told = victor.get(f"/executions/{row.pk}").json()["input"]["$blob"]
        read = victor.get(f"/blobs/{told['id']}")

        assert (told["size_bytes"], told["sha256"]) == (len(read.content), sha256(read.content).hexdigest())
        assert (told["media_type"], read.json()) == ("application/json", given)
        assert charlie.get(f"/blobs/{told['id']}").status_code == 404

    def test_another_workspace_does_not(self, charlie: Person, blob: Blob) -> None:
        assert charlie.get(f"/blobs/{blob.pk}").status_code == 404


def test_a_ticket_opens_one_socket_for_a_short_while(victor: Person) -> None:
    answer = victor.post("/tickets").json()

    assert len(answer["ticket"]) >= 32
    assert answer["expires_at"].endswith("Z")
