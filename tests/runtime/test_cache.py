"""Results that are kept: who is called, who is served, and what is never kept."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from django.conf import settings
from redis.asyncio import Redis

from studio.kernel import keys
from tests.runtime.lab import Lab, Server, flow, get, node, post, serving, setting
from workflows.engine.cache import MOST_BYTES

KEPT = {"cacheable": True, "cache_ttl": 60}


@pytest.fixture
async def valkey() -> AsyncIterator[Redis]:
    async with Redis.from_url(settings.CACHE_URL) as opened:
        yield opened


async def statuses(lab: Lab, ids: list[uuid.UUID], step: str = "ask") -> list[str]:
    return [(await lab.steps(one))[step]["cache"]["status"] for one in ids]


async def note(lab: Lab, execution: uuid.UUID, step: str = "ask") -> dict[str, Any]:
    found: dict[str, Any] = (await lab.steps(execution))[step]["cache"]
    return found


async def ran(lab: Lab, graph: dict[str, Any], given: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
    identifier = await lab.submit(graph, given)
    return await lab.end(identifier), await note(lab, identifier)


# -- What is served ------------------------------------------------------------------------------------------


async def test_what_was_asked_once_is_served_from_then_on(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("ask", server.url("/a?delay=0.05"), KEPT))

    first, missed = await ran(lab, graph)
    second, hit = await ran(lab, graph)

    assert (missed["status"], hit["status"], len(server.calls)) == ("miss", "hit", 1)
    assert second["output"] == first["output"]
    assert hit["key"] == missed["key"]
    assert hit["saved_seconds"] >= 0.05
    assert hit["execution"] == str(first["id"])


async def test_another_param_is_another_output(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("ask", server.url("/{{ trigger }}"), KEPT))

    for given in (1, 2, 1, 2):
        await ran(lab, graph, given)

    assert [call.path for call in server.calls] == ["/1", "/2"]


async def test_nothing_is_kept_that_nobody_asked_to_keep(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifiers = [await lab.submit(flow(get("ask", server.url("/a")))) for _ in range(2)]
    await lab.ends(identifiers)

    assert len(server.calls) == 2
    assert [await note(lab, one) for one in identifiers] == [None, None]


async def test_code_is_run_again_for_another_input_only(lab: Lab) -> None:
    await lab.start_engine()
    graph = flow(
        setting("given", n="{{ trigger }}"),
        node("ask", "code.python", {"cacheable": True}, code="input['n'] + 1"),
    )

    found = [await ran(lab, graph, given) for given in (1, 2, 1)]

    assert [(row["output"], cache["status"]) for row, cache in found] == [
        (2, "miss"),
        (3, "miss"),
        (2, "hit"),
    ]


async def test_a_cache_key_stands_for_the_params(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("ask", server.url("/a?at={{ trigger.at }}"), {**KEPT, "cache_key": "{{ trigger.id }}"}))

    for given in ({"id": 1, "at": 1}, {"id": 1, "at": 2}, {"id": 2, "at": 3}):
        await ran(lab, graph, given)

    assert len(server.calls) == 2


async def test_an_output_that_ran_out_is_asked_for_again(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("ask", server.url("/a"), {"cacheable": True, "cache_ttl": 0.2}))

    await ran(lab, graph)
    await asyncio.sleep(0.25)
    _, again = await ran(lab, graph)

    assert (again["status"], len(server.calls)) == ("miss", 2)


async def test_a_stale_output_is_served_while_a_newer_one_is_fetched(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(
        get("ask", server.url("/a?delay=0.2"), {"cacheable": True, "cache_ttl": 0.2, "cache_stale": 30})
    )

    await ran(lab, graph)
    await asyncio.sleep(0.25)
    began = asyncio.get_running_loop().time()
    _, stale = await ran(lab, graph)

    assert stale["status"] == "stale"
    assert stale["age_seconds"] >= 0.2
    assert asyncio.get_running_loop().time() - began < 0.2
    await lab.until(lambda: len(server.calls) == 2)


# -- What is never kept --------------------------------------------------------------------------------------


async def test_errors_are_never_kept(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("ask", server.url("/a?status=500"), KEPT))

    rows = [await lab.run(graph) for _ in range(2)]

    assert ({row["status"] for row in rows}, len(server.calls)) == ({"failed"}, 2)


async def test_writes_are_never_kept(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(post("ask", server.url("/a"), KEPT))

    notes = [(await ran(lab, graph))[1] for _ in range(2)]

    assert ([(one["status"], one["reason"]) for one in notes], len(server.calls)) == (
        [("bypass", "writes")] * 2,
        2,
    )


async def test_outputs_with_secrets_are_never_kept(lab: Lab, valkey: Redis) -> None:
    await lab.start_engine()
    graph = flow(node("ask", "code.python", {"cacheable": True}, code='{"access_token": "hunter2-hunter2"}'))

    notes = [(await ran(lab, graph))[1] for _ in range(2)]

    assert [(one["status"], one["reason"]) for one in notes] == [("miss", "secret")] * 2
    assert [key async for key in valkey.scan_iter(keys.cache_entry_key(lab.workspace, "*"))] == []


async def test_no_param_can_be_read_off_the_store(lab: Lab, server: Server, valkey: Redis) -> None:
    await lab.start_engine()
    secret = "zebra-hippo-secret"
    ask = {**get("ask", server.url("/a"), {**KEPT, "cache_key": f"{secret}-{{{{ trigger }}}}"})}
    ask["params"]["headers"] = {"Authorization": f"Bearer {secret}"}

    await ran(lab, flow(ask), 1)

    found = [key async for key in valkey.scan_iter(f"{keys.cache_prefix(lab.workspace)}*")]
    assert len(found) >= 4
    for key in found:
        held = await valkey.dump(key)
        assert secret.encode() not in key + held
        if key.decode().startswith(keys.cache_entry_key(lab.workspace, "")):
            assert secret.encode() not in b"".join(await valkey.hvals(key))


async def test_outputs_that_are_too_large_are_not_kept(lab: Lab) -> None:
    async def noise(_request: web.Request) -> web.Response:
        return web.Response(text=os.urandom(3 * MOST_BYTES // 2).hex())

    async with serving(noise) as url:
        await lab.start_engine()
        _, told = await ran(lab, flow(get("ask", url, KEPT)))

    assert (told["status"], told["reason"]) == ("miss", "too_large")


# -- Single flight -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.workers
async def test_a_hundred_equal_calls_of_several_workers_make_one_request(lab: Lab, server: Server) -> None:
    await lab.start_workers(3, STUDIO_WORKER_SLOTS="40")
    graph = flow(get("ask", server.url("/a?delay=0.5"), KEPT))

    ids = await lab.submit_many(graph, [None] * 100)
    done = await lab.ends(ids, 30)

    assert {one["status"] for one in done} == {"succeeded"}
    assert len(server.calls) == 1
    found = await statuses(lab, ids)
    assert (found.count("miss"), set(found) <= {"miss", "shared", "hit"}) == (1, True)
    owners = await lab.one("SELECT count(*) AS n FROM operations_worker WHERE finished > 0")
    assert owners["n"] >= 2


@pytest.mark.slow
@pytest.mark.workers
async def test_a_killed_leader_frees_its_waiters(lab: Lab, server: Server) -> None:
    await lab.start_workers(2, STUDIO_WORKER_SLOTS="20")
    graph = flow(get("ask", server.url("/a?delay=3"), {**KEPT, "timeout": 20}))
    first = await lab.submit(graph)
    await lab.until(lambda: server.calls)
    leader = await lab.busiest()
    waiting = await lab.submit_many(graph, [None] * 30)
    await asyncio.sleep(0.5)

    leader.kill()
    killed_at = asyncio.get_running_loop().time()
    done = await lab.ends([first, *waiting], 20)

    assert {one["status"] for one in done} == {"succeeded"}
    assert asyncio.get_running_loop().time() - killed_at < 12
    assert len(server.calls) == 2


async def test_a_leader_that_fails_lets_the_next_one_lead(lab: Lab) -> None:
    calls = 0

    async def first_fails(_request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.2)
        return web.json_response({"n": calls}, status=500 if calls == 1 else 200)

    async with serving(first_fails) as url:
        await lab.start_engine()
        ids = await lab.submit_many(flow(get("ask", url, KEPT)), [None] * 20)
        done = await lab.ends(ids)

    outcomes = [one["status"] for one in done]
    assert (outcomes.count("failed"), outcomes.count("succeeded"), calls) == (1, 19, 2)


async def test_a_cancelled_leader_lets_the_next_one_lead(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("ask", server.url("/a?delay=0.5"), KEPT))
    first = await lab.submit(graph)
    await lab.until(lambda: server.calls)
    second = await lab.submit(graph)
    await asyncio.sleep(0.1)

    await lab.mail(first, "cancel")

    assert (await lab.end(first))["status"] == "cancelled"
    assert (await lab.end(second))["status"] == "succeeded"
    assert len(server.calls) == 2


# -- Valkey goes away ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.workers
async def test_flushing_the_store_in_full_flight_loses_nothing(
    lab: Lab, server: Server, valkey: Redis
) -> None:
    await lab.start_workers(2)
    graph = flow(
        get("ask", server.url("/{{ trigger }}?delay=0.1"), KEPT), get("more", server.url("/more"), KEPT)
    )

    ids = await lab.submit_many(graph, [n % 20 for n in range(200)])
    for _ in range(5):
        await asyncio.sleep(0.1)
        await valkey.flushall()

    assert {one["status"] for one in await lab.ends(ids, 30)} == {"succeeded"}


@pytest.mark.slow
@pytest.mark.workers
async def test_without_a_store_everything_is_a_miss(lab: Lab, server: Server) -> None:
    await lab.start_workers(1, CACHE_URL="redis://127.0.0.1:1/0")
    graph = flow(get("ask", server.url("/{{ trigger }}"), KEPT))

    ids = await lab.submit_many(graph, list(range(20)))

    assert {one["status"] for one in await lab.ends(ids, 20)} == {"succeeded"}
    assert set(await statuses(lab, ids)) == {"miss"}
    assert len(server.calls) == 20


# -- A workload with repeats ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.workers
async def test_a_workload_with_repeats_makes_less_than_half_the_calls(lab: Lab, server: Server) -> None:
    await lab.start_workers(2)
    inputs = [(n * n) % 97 % 30 for n in range(300)]
    plain = flow(get("ask", server.url("/plain/{{ trigger }}")))
    kept = flow(get("ask", server.url("/kept/{{ trigger }}"), KEPT))

    await lab.ends(await lab.submit_many(plain, inputs), 30)
    await lab.ends(await lab.submit_many(kept, inputs), 30)

    calls = [call.path.split("/")[1] for call in server.calls]
    assert calls.count("plain") == 300
    assert calls.count("kept") == len(set(inputs)) < 150
