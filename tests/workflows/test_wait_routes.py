"""Pausing and continuing, approvals, and the links that answer them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.conf import settings
from redis import Redis

from studio.accounts import access
from studio.accounts.models import Membership
from studio.accounts.roles import Role
from studio.accounts.services.api_keys import create_api_key
from studio.kernel import codec
from studio.kernel.clock import utcnow
from studio.kernel.ids import uuid7
from studio.kernel.keys import execution_channel, watched_key
from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person, Stranger
from tests.workflows.definitions import GREET, definition, node
from tests.workflows.rows import execution, step
from workflows.models import Execution, MailboxItem, SignalLink

pytestmark = pytest.mark.django_db

ASKS = definition(
    node("start", "trigger.manual"), node("ask", "flow.approval"), edges=[{"from": "start", "to": "ask"}]
)
FORM = [{"name": "amount", "title": "", "type": "number", "required": True, "choices": None}]


def in_person(somebody: Person) -> Person:
    """With a key that they made themselves, so that they answer for what it does."""
    made = create_api_key(
        workspace=somebody.workspace, name="own", role=Role(somebody.role), by=access.person(somebody.user)
    )
    somebody.token = made.token
    return somebody


def asking(of: Person, *, started_by: Any = None, **asked: Any) -> Execution:
    row = execution(of.workspace, ASKS, status="waiting", started_by=started_by)
    details = {
        "approval": "ask", "message": "Pay?", "approvers": ["operator"], "required": 1, "form": [],
        "allow_self": False, "deadline": None, "decisions": [], **asked,
    }  # fmt: skip
    wait = {"kind": "signal", "name": "approval:ask", "reason": "approval 0 of 1", "details": details}
    step(row, "ask", "flow.approval", 2, status="waiting", wait=wait, port=None)
    return row


def letters(row: Execution) -> list[tuple[str, str, Any]]:
    found = MailboxItem.objects.filter(execution_id=row.pk).order_by("id")
    return [(letter.kind, letter.name, codec.decode(letter.payload)) for letter in found]


def heard(ear: Any, count: int) -> list[Any]:
    frames: list[Any] = []
    while len(frames) < count:
        message = ear.get_message(timeout=5)
        assert message is not None, frames
        frames += orjson.loads(message["data"]) if message["type"] == "message" else []
    return frames


class TestPausing:
    @pytest.mark.parametrize("status", ["queued", "waiting"])
    def test_what_nobody_runs_is_paused_at_once_and_goes_on_at_once(self, carol: Person, status: str) -> None:
        row = execution(carol.workspace, GREET, status=status, epoch=1, seq=(1 << 32) + 5)

        paused = carol.post(f"/executions/{row.pk}/pause")
        row.refresh_from_db()

        assert (paused.status_code, paused.json()["status"], row.status, row.reason) == (
            202, "paused", "paused", {"code": "paused"},
        )  # fmt: skip
        assert (1 << 32) + 5 < row.seq < 2 << 32
        gone_on = carol.post(f"/executions/{row.pk}/continue")
        row.refresh_from_db()
        assert (gone_on.status_code, row.status, row.reason, letters(row)) == (202, "queued", None, [])

    def test_its_owner_is_told_by_mail_and_the_last_word_counts(self, carol: Person) -> None:
        row = execution(carol.workspace, GREET, status="running", owner=uuid7())

        carol.post(f"/executions/{row.pk}/pause")
        carol.post(f"/executions/{row.pk}/pause")
        assert [kind for kind, *_ in letters(row)] == ["pause"]

        carol.post(f"/executions/{row.pk}/continue")
        assert [kind for kind, *_ in letters(row)] == ["continue"]

        carol.post(f"/executions/{row.pk}/pause")
        assert [kind for kind, *_ in letters(row)] == ["pause"]

    def test_what_is_not_paused_cannot_be_continued(self, carol: Person) -> None:
        row = execution(carol.workspace, GREET, status="waiting")

        assert carol.post(f"/executions/{row.pk}/continue").json()["code"] == "not_paused"

    def test_what_has_ended_cannot_be_paused(self, carol: Person) -> None:
        row = execution(carol.workspace, GREET, status="succeeded")

        assert carol.post(f"/executions/{row.pk}/pause").json()["code"] == "execution_ended"

    def test_what_is_paused_wakes_up_to_be_cancelled(self, carol: Person) -> None:
        row = execution(carol.workspace, GREET, status="paused", slot=uuid7(), slot_limit=1, admitted=False)

        carol.post(f"/executions/{row.pk}/cancel")

        row.refresh_from_db()
        assert (row.status, row.admitted, [kind for kind, *_ in letters(row)]) == ("queued", True, ["cancel"])

    def test_what_is_paused_sleeps_through_signals(self, carol: Person) -> None:
        row = execution(carol.workspace, GREET, status="paused")

        carol.post(f"/executions/{row.pk}/signals/go")

        row.refresh_from_db()
        assert row.status == "paused"

    def test_both_are_on_record_and_only_for_operators(self, carol: Person, victor: Person) -> None:
        row = execution(carol.workspace, GREET, status="waiting")

        assert victor.post(f"/executions/{row.pk}/pause").status_code == 403
        carol.post(f"/executions/{row.pk}/pause")
        carol.post(f"/executions/{row.pk}/continue")

        deeds = AuditEntry.objects.filter(action__startswith="execution.").order_by("id")
        assert list(deeds.values_list("action", flat=True)) == [
            "execution.pause_requested", "execution.continue_requested",
        ]  # fmt: skip

    def test_those_who_watch_are_told_of_what_no_worker_did(
        self, carol: Person, django_capture_on_commit_callbacks: Any
    ) -> None:
        row = execution(carol.workspace, GREET, status="waiting")
        valkey = Redis.from_url(settings.REDIS_URL)
        valkey.set(watched_key(row.pk), 1, ex=60)
        ear = valkey.pubsub()
        ear.subscribe(execution_channel(row.pk))

        for deed in ("pause", "continue"):
            with django_capture_on_commit_callbacks(execute=True):
                carol.post(f"/executions/{row.pk}/{deed}")

        frames = heard(ear, 2)
        assert [(frame["type"], frame["execution"]["status"]) for frame in frames] == [
            ("execution.paused", "paused"), ("execution.resumed", "queued"),
        ]  # fmt: skip
        assert frames[0]["seq"] < frames[1]["seq"]

    def test_another_workspace_pauses_nothing(self, charlie: Person, carol: Person) -> None:
        row = execution(carol.workspace, GREET, status="waiting")

        assert charlie.post(f"/executions/{row.pk}/pause").status_code == 404
        row.refresh_from_db()
        assert row.status == "waiting"


class TestApprovals:
    def test_an_approver_decides_and_the_decision_says_who_and_when(self, carol: Person) -> None:
        row = asking(in_person(carol), form=FORM)

        answer = carol.post(
            f"/executions/{row.pk}/signals/ask",
            {"decision": "approve", "comment": "Fine.", "form": {"amount": 12.5}},
        )

        ((kind, name, decision),) = letters(row)
        assert (answer.status_code, kind, name) == (202, "signal", "approval:ask")
        assert decision.pop("at") <= utcnow().isoformat()
        assert decision == {
            "decision": "approve", "comment": "Fine.", "form": {"amount": 12.5},
            "by": {"id": str(carol.user.pk), "name": "carol@example.com", "via": "api_key"},
        }  # fmt: skip
        row.refresh_from_db()
        assert row.status == "queued"
        assert AuditEntry.objects.filter(action="execution.approved").count() == 1

    @pytest.mark.parametrize(
        ("approvers", "status"),
        [
            (["viewer"], 202),
            (["admin"], 403),
            (["admin", "CAROL@example.com"], 202),
            (["bob@example.com"], 403),
            (["nobody"], 403),
        ],
    )
    def test_only_those_who_are_asked_may_decide(
        self, carol: Person, approvers: list[str], status: int
    ) -> None:
        row = asking(in_person(carol), approvers=approvers)

        answer = carol.post(f"/executions/{row.pk}/signals/ask", {"decision": "reject"})

        assert (answer.status_code, len(letters(row))) == (status, int(status == 202))

    @pytest.mark.parametrize(("allow_self", "status"), [(False, 403), (True, 202)])
    def test_whoever_started_it_decides_only_where_that_is_allowed(
        self, carol: Person, allow_self: bool, status: int
    ) -> None:
        row = asking(in_person(carol), started_by=carol.user.pk, allow_self=allow_self)

        answer = carol.post(f"/executions/{row.pk}/signals/ask", {"decision": "approve"})

        assert (answer.status_code, len(letters(row))) == (status, int(status == 202))

    def test_a_key_that_nobody_stands_behind_cannot_decide(self, carol: Person) -> None:
        row = asking(carol)

        assert carol.post(f"/executions/{row.pk}/signals/ask", {"decision": "approve"}).status_code == 403

    def test_a_viewer_cannot_decide_even_when_asked_by_name(self, victor: Person) -> None:
        row = asking(in_person(victor), approvers=["victor@example.com"])

        assert victor.post(f"/executions/{row.pk}/signals/ask", {"decision": "approve"}).status_code == 403

    def test_nobody_decides_twice(self, carol: Person, bob: Person) -> None:
        row = asking(in_person(carol), required=2)

        codes = [
            somebody.post(f"/executions/{row.pk}/signals/ask", {"decision": "approve"}).status_code
            for somebody in (carol, carol, in_person(bob))
        ]

        assert (codes, len(letters(row))) == ([202, 409, 202], 2)

    def test_nobody_decides_who_is_in_the_record_of_the_step(self, carol: Person) -> None:
        said = {"decision": "approve", "by": {"id": str(carol.user.pk), "name": "carol"}}
        row = asking(in_person(carol), required=2, decisions=[said])

        answer = carol.post(f"/executions/{row.pk}/signals/ask", {"decision": "approve"})

        assert answer.json()["code"] == "already_decided"

    @pytest.mark.parametrize(
        ("body", "pointers"),
        [
            (None, {""}),
            ({}, {"/decision"}),
            ({"decision": "maybe"}, {"/decision"}),
            ({"decision": "approve"}, {"/form/amount"}),
            ({"decision": "approve", "form": {"amount": "12"}}, {"/form/amount"}),
            ({"decision": "approve", "form": {"amount": True}}, {"/form/amount"}),
            ({"decision": "approve", "form": {"amount": 1, "more": 2}}, {"/form/more"}),
            ({"decision": "approve", "form": []}, {"/form"}),
            ({"decision": "approve", "form": {"amount": 1}, "by": "eve"}, {"/by"}),
            ({"decision": "approve", "form": {"amount": 1}, "comment": "x" * 2001}, {"/comment"}),
        ],
    )
    def test_a_decision_that_cannot_be_is_422_and_changes_nothing(
        self, carol: Person, body: Any, pointers: set[str]
    ) -> None:
        row = asking(in_person(carol), form=FORM)

        answer = carol.post(f"/executions/{row.pk}/signals/ask", body)

        assert (answer.status_code, {one["pointer"] for one in answer.json()["errors"]}) == (422, pointers)
        assert letters(row) == []

    def test_who_rejects_may_leave_the_form_empty(self, carol: Person) -> None:
        row = asking(in_person(carol), form=FORM)

        assert carol.post(f"/executions/{row.pk}/signals/ask", {"decision": "reject"}).status_code == 202

    def test_a_plain_signal_cannot_pass_for_a_decision(self, carol: Person) -> None:
        row = asking(in_person(carol), approvers=["admin"])

        assert carol.post(f"/executions/{row.pk}/signals/approval:ask", {}).status_code == 422
        carol.post(f"/executions/{row.pk}/signals/other", {"decision": "approve"})
        assert [name for _, name, _ in letters(row)] == ["other"]

    def test_what_is_asked_is_shown_with_whether_one_is_asked(
        self, carol: Person, bob: Person, victor: Person
    ) -> None:
        row = asking(in_person(carol), approvers=["editor"], form=FORM)

        (shown,) = in_person(bob).get(f"/executions/{row.pk}/approvals").json()["results"]

        assert shown == {
            "name": "ask", "node": "ask", "iteration": [], "message": "Pay?", "approvers": ["editor"],
            "required": 1, "form": FORM, "allow_self": False, "deadline": None, "decisions": [],
            "may_decide": True,
        }  # fmt: skip
        for other in (carol, victor):
            (shown,) = other.get(f"/executions/{row.pk}/approvals").json()["results"]
            assert not shown["may_decide"]


class TestLinks:
    @pytest.fixture
    def token(self, carol: Person) -> str:
        row = asking(in_person(carol), form=FORM)
        made = carol.post(f"/executions/{row.pk}/signals/ask/links", {"expires_in": 60})
        assert made.status_code == 201
        assert made.json()["url"].endswith(f"/api/v1/signals/{made.json()['token']}")
        return str(made.json()["token"])

    def test_a_link_shows_what_is_asked_and_decides_once_in_its_makers_name(
        self, stranger: Stranger, carol: Person, token: str
    ) -> None:
        shown = stranger.send("GET", f"/signals/{token}").json()
        body = {"decision": "approve", "form": {"amount": 1}}
        answers = [stranger.send("POST", f"/signals/{token}", body).status_code for _ in range(2)]

        assert (shown["used"], shown["approval"]["message"], answers) == (False, "Pay?", [202, 409])
        (letter,) = letters(Execution.objects.get())
        assert letter[2]["by"]["name"] == "carol@example.com"

    def test_a_refused_answer_leaves_the_link_good(self, stranger: Stranger, token: str) -> None:
        refused = stranger.send("POST", f"/signals/{token}", {"decision": "approve"})

        assert refused.status_code == 422
        assert stranger.send("GET", f"/signals/{token}").json()["used"] is False

    def test_its_secret_is_kept_as_a_hash(self, token: str) -> None:
        (link,) = SignalLink.objects.all()

        assert token.rpartition("_")[2].encode() not in bytes(link.secret_hash)
        assert len(bytes(link.secret_hash)) == 32

    def test_an_expired_or_wrong_link_leads_nowhere(self, stranger: Stranger, token: str) -> None:
        assert (
            stranger.send("GET", f"/signals/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}").status_code
            == 404
        )
        SignalLink.objects.update(expires_at=utcnow() - timedelta(seconds=1))

        assert stranger.send("GET", f"/signals/{token}").status_code == 404
        assert stranger.send("POST", f"/signals/{token}", {"decision": "reject"}).status_code == 404

    def test_a_link_of_somebody_who_left_decides_nothing(
        self, stranger: Stranger, carol: Person, token: str
    ) -> None:
        Membership.objects.filter(user=carol.user).delete()

        answer = stranger.send("POST", f"/signals/{token}", {"decision": "reject"})

        assert (answer.status_code, letters(Execution.objects.get())) == (403, [])

    def test_only_those_who_may_decide_make_a_link_for_it(self, carol: Person) -> None:
        row = asking(in_person(carol), approvers=["admin"])

        assert carol.post(f"/executions/{row.pk}/signals/ask/links").status_code == 403
        assert not SignalLink.objects.exists()

    def test_a_link_to_a_plain_signal_carries_any_payload(self, stranger: Stranger, carol: Person) -> None:
        row = execution(in_person(carol).workspace, GREET, status="waiting")
        token = carol.post(f"/executions/{row.pk}/signals/paid/links").json()["token"]

        assert stranger.send("POST", f"/signals/{token}", {"amount": 7}).status_code == 202
        assert letters(row) == [("signal", "paid", {"amount": 7})]


class TestRoom:
    def run(self, somebody: Person, query: str = "?queue=false", **more: Any) -> Any:
        limits = {"limit": 1, "key": "{{ trigger.name }}", **more}
        document = {**GREET, "settings": {"concurrency": limits}}
        return somebody.post(f"/run{query}", {"definition": document, "input": {"name": "Ada"}})

    def occupy(self) -> None:
        from workflows.runtime.admission import slot_for
        from workflows.services.plans import plan_of

        row = Execution.objects.get()
        plan = plan_of(row.workspace_id, row.definition_id)
        assert plan is not None
        assert plan.settings.concurrency is not None
        slot = slot_for(plan.settings.concurrency, row.definition_id, {"trigger": {"name": "Ada"}})
        Execution.objects.update(slot=slot.id, slot_limit=1, admitted=True, status="running")

    def test_a_caller_that_will_not_queue_is_told_to_come_back(self, bob: Person) -> None:
        assert self.run(bob).status_code == 202
        self.occupy()

        refused = self.run(bob)

        assert (refused.status_code, refused.json()["code"]) == (429, "limit_reached")
        assert refused.headers["Retry-After"] == "1"
        assert Execution.objects.count() == 1
        assert self.run(bob, "").status_code == 202

    def test_a_workflow_that_rejects_says_so_at_the_door(self, bob: Person) -> None:
        assert self.run(bob, "", on_limit="reject").status_code == 202
        self.occupy()

        assert self.run(bob, "", on_limit="reject").status_code == 429

    def test_a_workspace_at_its_limit_takes_no_more_from_whoever_will_not_queue(self, bob: Person) -> None:
        for _ in range(5):
            execution(bob.workspace, GREET, status="running", slot=bob.workspace.pk)

        assert bob.post("/run?queue=false", {"definition": GREET}).status_code == 429
        assert bob.post("/run?queue=true", {"definition": GREET}).status_code == 202

    def test_who_started_it_is_kept(self, bob: Person) -> None:
        in_person(bob).post("/run", {"definition": GREET})

        assert Execution.objects.get().started_by == bob.user.pk

    def test_a_key_that_names_what_is_not_known_at_the_start_is_a_problem(self, bob: Person) -> None:
        document = {**GREET, "settings": {"concurrency": {"limit": 1, "key": "{{ nodes.hello.text }}"}}}

        answer = bob.post("/run", {"definition": document})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/definition/settings/concurrency/key"
