"""What was accepted ends exactly once, whatever is killed, cut off or declared dead meanwhile."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from datetime import timedelta

import pytest

from studio.embedded.postgres import Postgres
from tests.runtime.lab import Lab, Server, flow, get, node, post, setting
from workflows.runtime.records import FencedWrite, StatusChange

KEEPS_GOING = {"retry": {"max_attempts": 3, "base": 0.01}}


@pytest.mark.slow
@pytest.mark.workers
async def test_a_killed_worker_costs_nothing_but_a_second(lab: Lab, server: Server) -> None:
    await lab.start_workers(2)
    graph = flow(
        setting("a", n="{{ trigger.n }}"),
        post("tell", server.url("/tell?delay=0.4"), n="{{ input.n }}"),
        setting("b", n="{{ trigger.n }}"),
    )
    ids = await lab.submit_many(graph, [{"n": n} for n in range(200)])
    await lab.until(lambda: len(server.calls) >= 60)

    (await lab.busiest()).kill()
    killed_at = asyncio.get_running_loop().time()
    done = await lab.ends(ids, seconds=20)

    assert asyncio.get_running_loop().time() - killed_at < 5
    assert {one["status"] for one in done} == {"succeeded"}
    assert [one["output"] for one in done] == [{"n": n} for n in range(200)]
    bodies_by_key = defaultdict(set)
    for call in server.calls:
        bodies_by_key[call.key].add(call.body)
    assert set(bodies_by_key) == {f"{identifier}:tell" for identifier in ids}
    assert all(len(bodies) == 1 for bodies in bodies_by_key.values())
    assert len(server.calls) > 200
    (dead,) = await lab.workers("dead")
    assert dead["stopped_at"] - dead["heartbeat_at"] < timedelta(seconds=2)


@pytest.mark.slow
@pytest.mark.workers
async def test_a_draining_worker_lets_running_nodes_end_and_hands_on_the_rest(
    lab: Lab, server: Server
) -> None:
    (worker,) = await lab.start_workers(1)
    graph = flow(post("a", server.url("/a?delay=0.5")), post("b", server.url("/b?delay=0.5")))
    ids = await lab.submit_many(graph, [None] * 20)
    await lab.until(lambda: len(server.calls) == 20)

    worker.terminate()
    await lab.until(worker.is_over, 10)

    rows = [await lab.execution(one) for one in ids]
    assert {(row["status"], row["owner"], row["losses"]) for row in rows} == {("queued", None, 0)}
    assert worker.process.returncode == 0
    await lab.start_engine()
    assert {one["status"] for one in await lab.ends(ids)} == {"succeeded"}
    assert len(server.calls) == 40


@pytest.mark.slow
@pytest.mark.workers
async def test_a_drain_cuts_nodes_off_at_its_deadline(lab: Lab, server: Server) -> None:
    (worker,) = await lab.start_workers(1, STUDIO_DRAIN_SECONDS="0.5")
    identifier = await lab.submit(flow(get("slow", server.url("/?delay=8"))))
    await lab.until(lambda: server.calls)

    worker.terminate()
    await lab.until(worker.is_over, 6)

    assert (await lab.execution(identifier))["status"] == "queued"


@pytest.mark.slow
@pytest.mark.workers
async def test_an_operator_can_send_a_worker_away(lab: Lab) -> None:
    (worker,) = await lab.start_workers(1)

    await lab.connection.execute("UPDATE operations_worker SET status = 'draining'")

    await lab.until(worker.is_over, 10)
    assert (await lab.workers("stopped"))[0]["pid"] == worker.pid


@pytest.mark.slow
@pytest.mark.workers
async def test_a_restart_of_postgresql_costs_no_execution_a_loss(
    lab_of_its_own: Lab, own_postgres: Postgres, server: Server
) -> None:
    lab = lab_of_its_own
    await lab.start_workers(2)
    ids = await lab.submit_many(
        flow(post("a", server.url("/a?delay=0.5")), get("b", server.url("/b?delay=0.5"))), [None] * 40
    )
    await lab.until(lambda: len(server.calls) >= 40)

    await asyncio.to_thread(own_postgres.stop)
    await asyncio.to_thread(own_postgres.ensure)
    await lab.reconnect()
    done = await lab.ends(ids, 20)

    assert {(one["status"], one["losses"]) for one in done} == {("succeeded", 0)}
    bodies = {call.key for call in server.calls if call.path == "/a"}
    assert len(bodies) == 40


@pytest.mark.slow
@pytest.mark.workers
async def test_a_worker_works_and_leaves_while_valkey_is_away(lab: Lab) -> None:
    (worker,) = await lab.start_workers(1, REDIS_URL="redis://127.0.0.1:1/0")

    done = await lab.run(flow(setting("a", n=1)))
    worker.terminate()

    await lab.until(worker.is_over, 10)
    assert (done["status"], worker.process.returncode) == ("succeeded", 0)


@pytest.mark.slow
@pytest.mark.workers
async def test_losing_everything_in_valkey_loses_nothing(lab: Lab, server: Server) -> None:
    from django.conf import settings
    from redis import Redis

    await lab.start_workers(1)
    running = await lab.submit_many(flow(get("a", server.url("/?delay=0.5")), setting("b", n=1)), [None] * 10)
    await lab.until(lambda: len(server.calls) == 10)

    Redis.from_url(settings.REDIS_URL).flushall()
    queued = await lab.submit_many(flow(setting("b", n=1)), [None] * 10)
    Redis.from_url(settings.REDIS_URL).flushall()

    assert {one["status"] for one in await lab.ends(running + queued)} == {"succeeded"}


async def test_a_worker_whose_session_breaks_registers_anew_and_goes_on(lab: Lab, server: Server) -> None:
    engine = await lab.start_engine()
    first = engine.registration
    identifier = await lab.submit(flow(get("a", server.url("/?delay=0.3")), setting("b", n=1)))
    await lab.until(lambda: server.calls)

    await lab.connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'studio lease'"
    )
    done = await lab.end(identifier)

    assert (done["status"], done["epoch"], done["losses"]) == ("succeeded", 2, 0)
    assert engine.registration is not first


async def test_a_live_worker_that_was_declared_dead_strands_nothing(lab: Lab, server: Server) -> None:
    engine = await lab.start_engine()
    ids = await lab.submit_many(flow(get("a", server.url("/?delay=0.3")), setting("b", n=1)), [None] * 20)
    await lab.until(lambda: len(server.calls) == 20)

    await lab.connection.execute("UPDATE operations_worker SET status = 'dead'")
    done = await lab.ends(ids)

    assert {one["status"] for one in done} == {"succeeded"}
    assert [row["id"] for row in await lab.workers("alive")] == [engine.registration.lease.id]  # type: ignore[union-attr]


async def test_a_worker_that_was_declared_dead_claims_nothing(lab: Lab) -> None:
    from workflows.runtime.claim import claim

    engine = await lab.start_engine()
    worker = engine.registration.lease.id  # type: ignore[union-attr]
    await lab.stop_engines()
    await lab.submit(flow(setting("a", n=1)))

    assert await claim(lab.connection, worker=worker, queues=["default"], limit=10) == []


async def test_a_late_write_of_an_earlier_owner_is_refused(lab: Lab, server: Server) -> None:
    engine = await lab.start_engine()
    identifier = await lab.submit(flow(get("a", server.url("/?delay=0.3"))))
    await lab.until(lambda: server.calls)
    registration = engine.registration
    assert registration is not None

    await lab.connection.execute(
        "UPDATE workflows_execution SET epoch = epoch + 1 WHERE id = %s", [identifier]
    )
    late = FencedWrite(
        execution_id=identifier, epoch=1, steps=[], change=StatusChange(status="failed", seq=1, final=True)
    )

    assert await registration.post(late) is False
    await lab.until(lambda: not registration.runs)
    row = await lab.execution(identifier)
    assert (row["status"], row["finished_at"]) == ("running", None)


async def test_an_execution_that_lost_its_workers_too_often_is_set_aside(lab: Lab) -> None:
    identifier = await lab.submit(flow(setting("a", n=1)))
    await lab.connection.execute("UPDATE workflows_execution SET losses = 11 WHERE id = %s", [identifier])
    await lab.start_engine()

    done = await lab.end(identifier)

    assert (done["status"], done["error"]["code"], done["reason"]["code"]) == (
        "failed", "lost_too_often", "dead_letter",
    )  # fmt: skip


async def test_executions_of_an_owner_that_does_not_exist_are_taken_over(lab: Lab) -> None:
    identifier = await lab.submit(flow(setting("a", n=1)))
    await lab.connection.execute(
        "UPDATE workflows_execution SET status = 'running', owner = %s, epoch = 1 WHERE id = %s",
        [uuid.uuid4(), identifier],
    )
    await lab.start_engine()

    done = await lab.end(identifier)

    assert (done["status"], done["epoch"], done["losses"]) == ("succeeded", 2, 1)


async def test_what_was_finished_before_the_loss_is_not_done_again(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(post("a", server.url("/a")), post("b", server.url("/b?delay=0.4")))
    identifier = await lab.submit(graph)
    await lab.until(lambda: len(server.calls) == 2)

    await lab.connection.execute("UPDATE operations_worker SET status = 'dead'")
    done = await lab.end(identifier)

    assert done["status"] == "succeeded"
    assert [call.path for call in server.calls] == ["/a", "/b", "/b"]


async def test_a_lost_write_of_a_kind_without_keys_leaves_its_outcome_unknown(
    lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.nodes import registry

    monkeypatch.setattr(type(registry.node("http.request")), "sends_idempotency_key", False)
    await lab.start_engine()
    identifier = await lab.submit(flow(post("a", server.url("/?delay=0.4"), KEEPS_GOING)))
    await lab.until(lambda: server.calls)

    await lab.connection.execute("UPDATE operations_worker SET status = 'dead'")
    done = await lab.end(identifier)

    assert (done["status"], done["error"]["category"], len(server.calls)) == ("failed", "outcome_unknown", 1)


async def test_the_start_of_a_write_is_on_disk_before_it_is_sent(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(post("a", server.url("/?delay=0.3"), n=1)))
    await lab.until(lambda: server.calls)

    step = (await lab.steps(identifier))["a"]

    assert (step["status"], step["attempt"]) == ("running", 1)
    assert step["memo"] is not None


async def test_the_end_of_a_write_is_on_disk_before_its_successor_starts(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(post("a", server.url("/a")), get("b", server.url("/b?delay=0.3"))))
    await lab.until(lambda: len(server.calls) == 2)

    assert (await lab.steps(identifier))["a"]["status"] == "succeeded"


async def test_items_that_were_done_before_the_loss_are_not_done_again(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    each = node("each", "flow.for_each", items="{{ trigger }}", limit=1)
    inside = {**post("ask", server.url("/{{ item }}?delay=0.15")), "parent": "each"}
    identifier = await lab.submit(flow(each, inside, edges="start > each, each.item > ask"), [1, 2, 3])
    await lab.until(lambda: len(server.calls) == 2)

    await lab.connection.execute("UPDATE operations_worker SET status = 'dead'")
    done = await lab.end(identifier)

    assert [item["body"]["path"] for item in done["output"]] == ["/1", "/2", "/3"]
    paths = [call.path for call in server.calls]
    assert (paths.count("/1"), sorted(paths) == paths) == (1, True)
