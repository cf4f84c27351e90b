"""Who gets what: fair over workspaces, urgent first, never twice, and only under a living lease."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from studio.kernel.ids import uuid7
from studio.operations.lease import Lease, LeaseLost
from tests.runtime.lab import Lab, flow, setting
from workflows.runtime.claim import Turns, claim
from workflows.runtime.connect import connect

LEASE_SECONDS = 6.0


@pytest.fixture
async def lease(lab: Lab) -> AsyncIterator[Lease]:
    async with await connect("lease") as connection:
        yield await register(connection)


async def register(connection: object) -> Lease:
    return await Lease.register(
        connection,  # type: ignore[arg-type]
        queues=["default"], region="local", slots=10, seconds=LEASE_SECONDS, version="test",
    )  # fmt: skip


async def test_a_claim_is_shared_evenly_over_workspaces(lab: Lab, lease: Lease) -> None:
    quiet = uuid7()
    await lab.submit_many(flow(setting("a", n=1)), [None] * 20)
    await lab.submit_many(flow(setting("a", n=1)), [None] * 3, workspace_id=quiet)

    claimed = await claim(lab.connection, worker=lease.id, queues=["default"], limit=6)

    assert Counter(one.workspace_id for one in claimed) == {lab.workspace: 3, quiet: 3}


async def test_the_last_of_many_workspaces_has_its_turn_before_the_first_has_its_second(
    lab: Lab, lease: Lease
) -> None:
    graph = flow(setting("a", n=1))
    workspaces = [lab.workspace, *(uuid7() for _ in range(260))]
    await lab.submit(graph)
    await asyncio.gather(*(lab.submit_many(graph, [None] * 5, workspace_id=one) for one in workspaces))
    turns, served = Turns(), Counter[uuid.UUID]()

    for _ in range(4):
        claimed = await claim(lab.connection, worker=lease.id, queues=["default"], limit=100, turns=turns)
        served.update(one.workspace_id for one in claimed)

    assert set(served) == set(workspaces)
    assert set(served.values()) <= {1, 2}


async def test_workspaces_take_turns_when_there_is_room_for_one_at_a_time(lab: Lab, lease: Lease) -> None:
    others = sorted([uuid7(), uuid7()])
    graph = flow(setting("a", n=1))
    await lab.submit_many(graph, [None] * 4)
    for other in others:
        await lab.submit_many(graph, [None] * 4, workspace_id=other)
    turns, order = Turns(), []

    for _ in range(6):
        claimed = await claim(lab.connection, worker=lease.id, queues=["default"], limit=1, turns=turns)
        order += [one.workspace_id for one in claimed]

    assert order == [lab.workspace, *others] * 2


async def test_the_earlier_queue_and_the_higher_priority_go_first(lab: Lab, lease: Lease) -> None:
    graph = flow(setting("a", n=1))
    plain = await lab.submit(graph)
    urgent = await lab.submit(graph, priority=5)
    awaited = await lab.submit(graph, queue="high_priority")

    order = []
    for _ in range(3):
        claimed = await claim(lab.connection, worker=lease.id, queues=["high_priority", "default"], limit=1)
        order += [one.id for one in claimed]

    assert order == [awaited, urgent, plain]


async def test_what_waited_long_goes_before_what_is_urgent_and_new(lab: Lab, lease: Lease) -> None:
    graph = flow(setting("a", n=1))
    old, urgent = await lab.submit(graph), await lab.submit(graph, priority=9)
    await lab.connection.execute(
        "UPDATE workflows_execution SET turn_at = turn_at - interval '10 minutes' WHERE id = %s", [old]
    )

    order = [
        one.id
        for _ in range(2)
        for one in await claim(lab.connection, worker=lease.id, queues=["default"], limit=1)
    ]

    assert order == [old, urgent]


async def test_workers_that_claim_at_once_share_without_overlap(lab: Lab) -> None:
    await lab.submit_many(flow(setting("a", n=1)), [None] * 200)
    connections = [await connect("claims") for _ in range(4)]
    leases = [await register(connection) for connection in connections]

    claimed = await asyncio.gather(
        *(
            claim(connection, worker=lease.id, queues=["default"], limit=60)
            for connection, lease in zip(connections, leases, strict=True)
        )
    )

    taken = [one.id for batch in claimed for one in batch]
    assert len(taken) == len(set(taken)) > 60
    for connection in connections:
        await connection.close()


async def test_an_expired_lease_claims_nothing_and_cannot_be_prolonged(lab: Lab, lease: Lease) -> None:
    await lab.submit(flow(setting("a", n=1)))
    await lab.connection.execute("UPDATE operations_worker SET lease_until = now() - interval '1 ms'")

    assert await claim(lab.connection, worker=lease.id, queues=["default"], limit=1) == []
    with pytest.raises(LeaseLost):
        await lease.beat(in_flight=0, finished=0, lag_ms=0)


async def test_a_worker_that_misses_beats_lives_as_long_as_its_session(lab: Lab, lease: Lease) -> None:
    async with await connect("peer") as connection:
        peer = await register(connection)
        await _stop_beating(lab, lease.id, seconds=2)

        assert await peer.bury_the_dead(missing_seconds=0.5) == []


async def test_a_worker_whose_session_is_gone_is_dead_once_it_misses_two_beats(lab: Lab) -> None:
    async with await connect("peer") as connection:
        peer = await register(connection)
        session = await connect("victim")
        victim = await register(session)
        await session.close()

        assert await peer.bury_the_dead(missing_seconds=30) == []
        await _stop_beating(lab, victim.id, seconds=31)
        await _let_postgresql_be_up(lab)
        buried = []

        async def found() -> bool:
            buried.extend(await peer.bury_the_dead(missing_seconds=30))
            return bool(buried)

        # PostgreSQL notices the end of a session in its own time.
        await lab.until(found)
        assert [one.id for one in buried] == [victim.id]


async def test_a_worker_whose_lease_ran_out_is_dead_though_its_session_stands(lab: Lab, lease: Lease) -> None:
    async with await connect("peer") as connection:
        peer = await register(connection)
        await lab.connection.execute(
            "UPDATE operations_worker SET lease_until = now() - interval '1 s' WHERE id = %s", [lease.id]
        )

        assert [one.id for one in await peer.bury_the_dead(missing_seconds=0.5)] == [lease.id]


async def _stop_beating(lab: Lab, worker: uuid.UUID, *, seconds: float) -> None:
    await lab.connection.execute(
        "UPDATE operations_worker SET heartbeat_at = now() - make_interval(secs => %s) WHERE id = %s",
        [seconds, worker],
    )


async def _let_postgresql_be_up(lab: Lab) -> None:
    """A freed lock proves nothing in the first lease after a start of the server."""

    async def up() -> bool:
        row = await lab.one(
            "SELECT pg_postmaster_start_time() < now() - make_interval(secs => %s) AS up", LEASE_SECONDS
        )
        return bool(row["up"])

    await lab.until(up)
