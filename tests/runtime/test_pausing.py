"""Pause and continue under real workers, whatever happens to them; and ends that reach everybody."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.runtime.lab import Lab, Server, flow, get, node, setting

READ_SECONDS = 0.5
"""Two looks at the mail."""


async def pause_running(lab: Lab, server: Server, **settings: Any) -> uuid.UUID:
    """An execution that was paused while its first node ran, and has come to rest."""
    graph = flow(get("a", server.url("/a?delay=0.4")), get("b", server.url("/b")), **settings)
    identifier = await lab.submit(graph)
    await lab.until(lambda: server.calls)
    await lab.mail(identifier, "pause")
    await lab.becomes(identifier, "paused")
    return identifier


async def go_on(lab: Lab, identifier: uuid.UUID) -> None:
    """As `workflows.services.holds` does where nobody holds it."""
    await lab.connection.execute("DELETE FROM workflows_mailbox WHERE kind = 'pause'")
    await lab.connection.execute(
        "UPDATE workflows_execution SET status = 'queued', due_at = now() WHERE id = %s", [identifier]
    )
    lab.wake()


async def test_what_runs_finishes_and_what_follows_starts_once_continued(lab: Lab, server: Server) -> None:
    await lab.start_engine()

    identifier = await pause_running(lab, server)

    steps, paused = await lab.steps(identifier), await lab.execution(identifier)
    assert (steps["a"]["status"], [call.path for call in server.calls]) == ("succeeded", ["/a"])
    assert (paused["owner"], paused["reason"]) == (None, {"code": "paused"})
    await go_on(lab, identifier)
    assert (await lab.end(identifier))["status"] == "succeeded"
    assert [call.path for call in server.calls] == ["/a", "/b"]


async def test_a_word_to_continue_that_comes_first_lets_it_run_through(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("a", server.url("/a?delay=1.2")), get("b", server.url("/b")))
    identifier = await lab.submit(graph)
    await lab.until(lambda: server.calls)
    await lab.mail(identifier, "pause")
    await asyncio.sleep(READ_SECONDS)

    await lab.connection.execute("DELETE FROM workflows_mailbox")
    await lab.mail(identifier, "continue")

    done = await lab.end(identifier)
    assert (done["status"], done["epoch"]) == ("succeeded", 1)


async def test_a_word_to_continue_that_crosses_its_parking_wakes_it(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifier = await pause_running(lab, server)
    await lab.connection.execute("DELETE FROM workflows_mailbox")

    await lab.mail(identifier, "continue")

    assert (await lab.end(identifier))["status"] == "succeeded"


async def test_what_is_paused_before_anybody_took_it_starts_nothing(lab: Lab, server: Server) -> None:
    identifier = await lab.submit(flow(get("a", server.url("/a"))))
    await lab.mail(identifier, "pause")
    await lab.start_engine()
    await lab.becomes(identifier, "paused")
    assert server.calls == []

    await go_on(lab, identifier)

    assert (await lab.end(identifier))["status"] == "succeeded"


async def test_a_timer_that_comes_due_while_paused_fires_once_continued(lab: Lab) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(node("nap", "flow.wait", seconds=1.2), setting("b", n=1)))
    await lab.becomes(identifier, "waiting")
    await lab.mail(identifier, "pause")
    await lab.becomes(identifier, "paused")

    await asyncio.sleep(1.3)
    assert (await lab.execution(identifier))["status"] == "paused"
    await go_on(lab, identifier)

    assert (await lab.end(identifier, 2))["output"] == {"n": 1}


async def test_paused_time_does_not_count_against_the_timeout(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifier = await pause_running(lab, server, timeout=1.0)

    await asyncio.sleep(1.0)
    await go_on(lab, identifier)

    assert (await lab.end(identifier))["status"] == "succeeded"


async def test_what_is_paused_can_be_cancelled(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifier = await pause_running(lab, server)

    await lab.mail(identifier, "cancel")

    assert (await lab.end(identifier, 3))["status"] == "cancelled"
    assert [call.path for call in server.calls] == ["/a"]


async def test_a_signal_that_comes_while_paused_beats_a_deadline_that_passed_since(lab: Lab) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(node("ask", "flow.wait", signal="go", seconds=1.5)))
    await lab.becomes(identifier, "waiting")
    await lab.mail(identifier, "pause")
    await lab.becomes(identifier, "paused")

    await lab.mail(identifier, "signal", "go", "in time")
    await asyncio.sleep(1.6)
    await go_on(lab, identifier)

    assert (await lab.end(identifier))["output"] == "in time"


@pytest.mark.slow
async def test_a_pause_outlives_the_worker_that_read_it(lab: Lab, server: Server) -> None:
    (worker,) = await lab.start_workers()
    identifier = await lab.submit(flow(get("a", server.url("/a?delay=2")), get("b", server.url("/b"))))
    await lab.until(lambda: server.calls, 20)
    await lab.mail(identifier, "pause")
    await asyncio.sleep(READ_SECONDS)

    worker.kill()
    await lab.start_workers()

    paused = await lab.becomes(identifier, "paused", 20)
    assert (paused["owner"], [call.path for call in server.calls]) == (None, ["/a"])
    await go_on(lab, identifier)
    assert (await lab.end(identifier, 20))["status"] == "succeeded"


class TestEnding:
    async def test_an_end_reaches_grandchildren_wherever_they_are_within_five_seconds(self, lab: Lab) -> None:
        await self._three_levels(lab)
        parent = await lab.submit(flow(node("sub", "flow.workflow", workflow="child")))
        await lab.until(lambda: _statuses(lab, "waiting", 3))
        began = time.monotonic()

        await lab.mail(parent, "cancel")

        await lab.until(lambda: _statuses(lab, "cancelled", 3), 5)
        assert time.monotonic() - began < 5

    async def test_a_paused_grandchild_is_reached_too(self, lab: Lab) -> None:
        await self._three_levels(lab)
        parent = await lab.submit(flow(node("sub", "flow.workflow", workflow="child")))
        await lab.until(lambda: _statuses(lab, "waiting", 3))
        deepest = await lab.one("SELECT id FROM workflows_execution WHERE depth = 2")
        await lab.mail(deepest["id"], "pause")
        await lab.becomes(deepest["id"], "paused")

        await lab.mail(parent, "cancel")

        await lab.until(lambda: _statuses(lab, "cancelled", 3), 5)

    async def test_nothing_of_a_cancelled_family_stays_behind(self, lab: Lab) -> None:
        engine = await self._three_levels(lab)
        parent = await lab.submit(flow(node("sub", "flow.workflow", workflow="child")))
        await lab.until(lambda: _statuses(lab, "waiting", 3))

        await lab.mail(parent, "cancel")
        await lab.until(lambda: _statuses(lab, "cancelled", 3), 5)

        async def gone() -> bool:
            row = await lab.one("SELECT count(*) AS n FROM workflows_mailbox WHERE kind <> 'child_ended'")
            return bool(row["n"] == 0)

        await lab.until(gone)
        assert engine.registration is not None
        assert engine.registration.runs == {}

    async def _three_levels(self, lab: Lab) -> Any:
        await lab.publish("grandchild", flow(node("nap", "flow.wait", seconds=600)))
        await lab.publish("child", flow(node("sub", "flow.workflow", workflow="grandchild")))
        return await lab.start_engine()


class TestApproving:
    ASKS = flow(
        node("ask", "flow.approval", required=2, seconds=60),
        setting("yes", said="yes"),
        setting("no", said="no"),
        edges="start > ask, ask.approved > yes, ask.rejected > no",
    )

    @staticmethod
    def decision(name: str, said: str = "approve") -> dict[str, Any]:
        return {"decision": said, "by": {"id": name, "name": name}, "at": "2026-03-01T12:00:00Z", "form": {}}

    async def test_decisions_gather_while_nobody_holds_it(self, lab: Lab) -> None:
        engine = await lab.start_engine()
        identifier = await lab.submit(self.ASKS)
        waiting = await lab.becomes(identifier, "waiting")

        await lab.mail(identifier, "signal", "approval:ask", self.decision("ada"))

        async def half() -> bool:
            wait = (await lab.steps(identifier))["ask"]["wait"]
            return len(wait["details"]["decisions"]) == 1

        await lab.until(half)
        again = await lab.becomes(identifier, "waiting")
        assert engine.registration is not None
        assert (engine.registration.runs, again["due_at"]) == ({}, waiting["due_at"])
        await lab.mail(identifier, "signal", "approval:ask", self.decision("bob"))
        done = await lab.end(identifier)
        output = (await lab.steps(identifier))["ask"]["output"]
        assert (done["output"], [one["by"]["id"] for one in output["decisions"]]) == (
            {"said": "yes"},
            ["ada", "bob"],
        )

    async def test_decisions_that_come_at_once_count_each(self, lab: Lab) -> None:
        await lab.start_engine()
        identifier = await lab.submit(self.ASKS)
        await lab.becomes(identifier, "waiting")

        for name in ("ada", "bob"):
            await lab.mail(identifier, "signal", "approval:ask", self.decision(name))

        assert (await lab.end(identifier))["output"] == {"said": "yes"}

    async def test_a_rejection_takes_the_other_branch(self, lab: Lab) -> None:
        await lab.start_engine()
        identifier = await lab.submit(self.ASKS)
        await lab.becomes(identifier, "waiting")

        await lab.mail(identifier, "signal", "approval:ask", self.decision("ada", "reject"))

        assert (await lab.end(identifier))["output"] == {"said": "no"}

    async def test_nobody_answers_in_time(self, lab: Lab) -> None:
        await lab.start_engine()
        graph = flow(
            node("ask", "flow.approval", seconds=0.3), setting("late", n=1),
            edges="start > ask, ask.timed_out > late",
        )  # fmt: skip

        done = await lab.run(graph)

        assert (done["output"], (await lab.steps(done["id"]))["ask"]["port"]) == ({"n": 1}, "timed_out")


async def test_a_wait_of_weeks_holds_no_memory_and_keeps_its_date(lab: Lab) -> None:
    engine = await lab.start_engine()
    identifiers = await lab.submit_many(
        flow(node("nap", "flow.wait", until="2099-01-31T09:00:00Z")), [None] * 50
    )
    for identifier in identifiers:
        await lab.becomes(identifier, "waiting")

    row = await lab.execution(identifiers[0])

    assert engine.registration is not None
    assert (engine.registration.runs, row["due_at"].isoformat()) == ({}, "2099-01-31T09:00:00+00:00")
    await lab.connection.execute("UPDATE workflows_execution SET due_at = now() + interval '0.3 s'")
    await lab.connection.execute("UPDATE workflows_step SET due_at = now() WHERE due_at IS NOT NULL")
    ended = await lab.ends(identifiers)
    assert all(one["finished_at"] - one["started_at"] < timedelta(seconds=30) for one in ended)


async def _statuses(lab: Lab, status: str, wanted: int) -> bool:
    row = await lab.one("SELECT count(*) AS n FROM workflows_execution WHERE status = %s", status)
    return bool(row["n"] == wanted)
