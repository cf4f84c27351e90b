"""Limits on how many run at once: never overrun, nobody forgotten, and free for those who have none."""

from __future__ import annotations

import uuid

import pytest

from studio.kernel.ids import uuid7
from tests.runtime.lab import Lab, Server, flow, get, node, setting
from workflows.runtime.admission import Door
from workflows.runtime.connect import connect


async def test_no_more_run_at_once_than_the_workflow_allows(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("a", server.url("/?delay=0.05")), concurrency={"limit": 3})

    ended = await lab.ends(await lab.submit_many(graph, [None] * 20), 20)

    assert {one["status"] for one in ended} == {"succeeded"}
    assert server.most_at_once == 3


async def test_workers_that_race_do_not_overrun_a_limit(lab: Lab, server: Server) -> None:
    for _ in range(3):
        await lab.start_engine(slots=5)
    graph = flow(get("a", server.url("/?delay=0.03")), concurrency={"limit": 4})

    ended = await lab.ends(await lab.submit_many(graph, [None] * 30), 20)

    assert {one["status"] for one in ended} == {"succeeded"}
    assert server.most_at_once <= 4


async def test_each_key_has_a_limit_of_its_own(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(
        get("a", server.url("/{{ trigger.customer }}?delay=0.05")),
        concurrency={"limit": 1, "key": "{{ trigger.customer }}"},
    )
    inputs = [{"customer": name} for name in ("ada", "bob") for _ in range(4)]

    await lab.ends(await lab.submit_many(graph, inputs), 20)

    of_ada = [call for call in server.calls if call.path == "/ada"]
    assert not any(one.overlaps(other) for one in of_ada for other in of_ada if one is not other)
    assert server.most_at_once == 2


async def test_what_waits_for_a_place_is_queued_and_says_why(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("a", server.url("/?delay=2")), concurrency={"limit": 1, "key": "one"})
    await lab.submit(graph)
    await lab.until(lambda: server.calls)

    second = await lab.submit(graph)

    async def told() -> bool:
        row = await lab.execution(second)
        return bool(row["status"] == "queued" and row["reason"])

    await lab.until(told)
    assert (await lab.execution(second))["reason"] == {
        "code": "concurrency", "scope": "workflow", "limit": 1, "key": "one",
    }  # fmt: skip


async def test_what_waits_for_time_or_word_holds_no_place(lab: Lab) -> None:
    await lab.start_engine()
    graph = flow(node("ask", "flow.wait", signal="go"), concurrency={"limit": 1})
    first, second = await lab.submit_many(graph, [None] * 2)

    await lab.becomes(first, "waiting")
    await lab.becomes(second, "waiting")
    await lab.mail(first, "signal", "go", 1)
    await lab.mail(second, "signal", "go", 2)

    assert [one["output"] for one in await lab.ends([first, second])] == [1, 2]


async def test_one_too_many_is_rejected_where_the_workflow_says_so(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("a", server.url("/?delay=0.8")), concurrency={"limit": 1, "on_limit": "reject"})
    first = await lab.submit(graph)
    await lab.until(lambda: server.calls)

    second = await lab.submit(graph)

    refused = await lab.end(second, 3)
    assert (refused["status"], refused["reason"]) == ("cancelled", {"code": "concurrency"})
    assert (await lab.end(first))["status"] == "succeeded"
    assert len(server.calls) == 1


async def test_the_newest_takes_the_place_of_what_runs_where_the_workflow_says_so(
    lab: Lab, server: Server
) -> None:
    await lab.start_engine()
    graph = flow(get("a", server.url("/?delay=0.6")), concurrency={"limit": 1, "on_limit": "cancel_running"})
    first = await lab.submit(graph)
    await lab.until(lambda: server.calls)

    second, third = await lab.submit_many(graph, [None] * 2)

    ended = await lab.ends([first, *sorted([second, third])])
    assert [one["status"] for one in ended] == ["cancelled", "cancelled", "succeeded"]


@pytest.mark.parametrize(("tier", "most"), [("free", 5), ("pro", 20)])
async def test_a_workspace_runs_no_more_at_once_than_its_tier_allows(
    lab: Lab, server: Server, tier: str, most: int
) -> None:
    await lab.connection.execute("UPDATE accounts_workspace SET tier = %s", [tier])
    await lab.start_engine()

    ended = await lab.ends(
        await lab.submit_many(flow(get("a", server.url("/?delay=0.2"))), [None] * (most * 2)), 20
    )

    assert {one["status"] for one in ended} == {"succeeded"}
    assert server.most_at_once == most


async def test_a_limited_workspace_holds_up_no_other(lab: Lab, server: Server) -> None:
    other = uuid7()
    await _workspace(lab, other, "free")
    await lab.start_engine()
    slow = flow(get("a", server.url("/?delay=0.4")))
    held = await lab.submit_many(slow, [None] * 20, workspace_id=other)

    quick = await lab.ends(await lab.submit_many(flow(setting("a", n=1)), [None] * 50), 3)

    assert {one["status"] for one in quick} == {"succeeded"}
    assert {one["status"] for one in await lab.ends(held, 10)} == {"succeeded"}


async def test_an_execution_that_waits_for_a_place_can_be_cancelled(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("a", server.url("/?delay=2")), concurrency={"limit": 1})
    await lab.submit(graph)
    await lab.until(lambda: server.calls)
    second = await lab.submit(graph)
    await lab.until(lambda: _at_the_door(lab, second))

    await lab.mail(second, "cancel")

    assert (await lab.end(second, 1.5))["status"] == "cancelled"


async def test_a_key_that_cannot_be_worked_out_fails_its_execution(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(
        flow(setting("a", n=1), concurrency={"limit": 1, "key": "{{ trigger.n / 0 }}"}), {"n": 1}
    )

    assert (done["status"], done["error"]["code"]) == ("failed", "expression_error")


async def test_five_of_a_quiet_workspace_start_beside_two_thousand_of_a_busy_one(lab: Lab) -> None:
    quiet = uuid7()
    await lab.submit_many(flow(setting("a", n=1)), [None] * 2000)
    few = await lab.submit_many(flow(setting("a", n=1)), [None] * 5, workspace_id=quiet)
    await lab.start_engine(slots=20)

    await lab.ends(few, 5)

    row = await lab.one(
        "SELECT count(*) AS n FROM workflows_execution WHERE workspace_id = %s AND started_at"
        " < (SELECT max(started_at) FROM workflows_execution WHERE workspace_id = %s)",
        lab.workspace, quiet,
    )  # fmt: skip
    assert row["n"] < 100


async def test_the_door_lets_in_by_turn_and_walks_past_full_slots(lab: Lab) -> None:
    submitted = await lab.submit_many(flow(setting("a", n=1)), [None] * 1200)
    await lab.connection.execute("UPDATE workflows_execution SET admitted = false, slot = id, slot_limit = 1")
    last = max(submitted)
    others = [one for one in submitted if one != last]
    full = await lab.submit_many(flow(setting("a", n=1)), [None] * 1199)
    await lab.connection.execute(
        "UPDATE workflows_execution e SET slot = x.slot FROM unnest(%s::uuid[], %s::uuid[]) AS x(id, slot)"
        " WHERE e.id = x.id",
        [full, others],
    )
    async with await connect("door") as connection:
        queues = await Door(connection, "local").admit()

    assert queues == {"default"}
    assert await _at_the_door(lab, others[0])
    assert not await _at_the_door(lab, last)


async def _at_the_door(lab: Lab, execution: uuid.UUID) -> bool:
    return not (await lab.execution(execution))["admitted"]


async def _workspace(lab: Lab, identifier: uuid.UUID, tier: str) -> None:
    await lab.connection.execute(
        "INSERT INTO accounts_workspace (id, name, slug, region, tier, created_at)"
        " VALUES (%s, %s, %s, 'local', %s, now())",
        [identifier, str(identifier), str(identifier), tier],
    )
