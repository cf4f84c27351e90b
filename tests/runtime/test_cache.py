"""Results that are kept: who is called, who is served, and what is never kept."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from django.conf import settings
from redis.asyncio import Redis

from studio.kernel import keys
from tests.runtime.lab import Lab, Server, flow, get, node, post, serving, setting
from workflows.engine.cache import MOST_BYTES
from workflows.runtime.ports import bound
from workflows.services import cached

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


async def several_worked(lab: Lab) -> bool:
    row = await lab.one("SELECT count(*) AS n FROM operations_worker WHERE finished > 0")
    return bool(row["n"] >= 2)


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
    graph = flow(get("ask", server.url("/a?delay=2"), KEPT))

    ids = await lab.submit_many(graph, [None] * 100)
    done = await lab.ends(ids, 30)

    assert {one["status"] for one in done} == {"succeeded"}
    assert len(server.calls) == 1
    found = await statuses(lab, ids)
    assert (found.count("miss"), set(found) <= {"miss", "shared", "hit"}) == (1, True)
    await lab.until(lambda: several_worked(lab))


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


# -- The other side's own word -------------------------------------------------------------------------------


@dataclass
class Library:
    """Answers with an ETag, and 304 to whoever has that version."""

    headers: dict[str, str]
    version: int = 1
    asked: list[str | None] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        tag, has = f'"v{self.version}"', request.headers.get("If-None-Match")
        self.asked.append(has)
        if has == tag:
            return web.Response(status=304, headers={**self.headers, "ETag": tag})
        return web.json_response({"version": self.version}, headers={**self.headers, "ETag": tag})


async def test_an_answer_that_still_holds_is_not_sent_again(lab: Lab) -> None:
    library = Library({"Cache-Control": "max-age=0"})
    async with serving(library.handle) as url:
        await lab.start_engine()
        graph = flow(get("ask", url, {"cacheable": True}))
        first, _ = await ran(lab, graph)
        second, held = await ran(lab, graph)
        library.version = 2
        third, changed = await ran(lab, graph)

    assert library.asked == [None, '"v1"', '"v1"']
    assert (held["status"], changed["status"]) == ("revalidated", "miss")
    assert [row["output"]["body"] for row in (first, second, third)] == [
        {"version": 1},
        {"version": 1},
        {"version": 2},
    ]
    assert (second["output"]["status"], second["output"]["headers"]["etag"]) == (200, '"v1"')


@pytest.mark.parametrize(
    "headers", [{"Cache-Control": "no-store"}, {"Set-Cookie": "session=abc"}, {"Vary": "*"}]
)
async def test_what_must_not_be_stored_is_not(lab: Lab, headers: dict[str, str]) -> None:
    library = Library(headers)
    async with serving(library.handle) as url:
        await lab.start_engine()
        graph = flow(get("ask", url, KEPT))
        told = [(await ran(lab, graph))[1] for _ in range(2)]

    assert ([one["reason"] for one in told], library.asked) == (["not_allowed"] * 2, [None, None])


# -- Credentials ---------------------------------------------------------------------------------------------


@dataclass
class Safe:
    """One credential whose secret can be replaced."""

    revision: int = 1

    async def open(self, **_who: Any) -> dict[str, str]:
        return {"token": f"secret-{self.revision}"}

    async def identity(self, **_who: Any) -> str:
        return f"one:{self.revision}"


async def test_a_changed_credential_is_another_question(
    lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe = Safe()
    monkeypatch.setattr(bound, "credentials", safe)
    await lab.start_engine()
    ask = get("ask", server.url("/a"), KEPT)
    ask["params"].update(auth="bearer", credential="one")

    for revision in (1, 1, 2, 2):
        safe.revision = revision
        await ran(lab, flow(ask))

    assert len(server.calls) == 2


# -- Shadow mode ---------------------------------------------------------------------------------------------


async def test_the_forecast_of_shadow_mode_is_the_later_hit_rate(
    lab: Lab, server: Server, valkey: Redis
) -> None:
    engine = await lab.start_engine()
    # A workload that can be repeated: names come back, at the same time too, and some calls fail.
    inputs = [(n * n * 7) % 61 for n in range(400)]
    address = server.url("/{{ trigger }}?status={{ 404 if trigger == 7 else 200 }}")
    plain, kept = flow(get("ask", address)), flow(get("ask", address, KEPT))
    await valkey.hset(keys.cache_shadow_key(lab.workspace), "*", str(2**51))

    measured = await lab.submit_many(plain, inputs)
    await lab.ends(measured, 30)
    real_calls = len(server.calls)
    notes = [await note(lab, one) for one in measured[:5]]
    await lab.ends(await lab.submit_many(kept, inputs), 30)
    await engine.results.tally.flush()
    total = (await asyncio.to_thread(cached.stats, workspace_id=lab.workspace))["total"]

    assert real_calls == len(inputs)
    assert {one["status"] for one in notes if one} == {"shadow"}
    assert total["shadow"]["hit_rate"] > 0.5
    assert abs(total["shadow"]["hit_rate"] - total["hit_rate"]) < 0.02
    assert total["saved_seconds"] > 0


async def test_shadow_mode_of_one_workflow_leaves_the_others_alone(
    lab: Lab, server: Server, valkey: Redis
) -> None:
    await lab.start_engine()
    graph = flow(get("ask", server.url("/a")))
    await valkey.hset(keys.cache_shadow_key(lab.workspace), str(uuid.uuid4()), str(2**51))

    _, told = await ran(lab, graph)

    assert told is None


# -- Recovery ------------------------------------------------------------------------------------------------


async def test_a_recorded_output_wins_over_what_is_kept(lab: Lab, server: Server, valkey: Redis) -> None:
    await lab.start_engine()
    graph = flow(
        get("ask", server.url("/a"), KEPT),
        post("tell", server.url("/tell?delay=0.4"), body="{{ input.body }}"),
    )
    identifier = await lab.submit(graph)
    await lab.until(lambda: len(server.calls) == 2)

    await valkey.flushdb()
    await lab.connection.execute("UPDATE operations_worker SET status = 'dead'")
    done = await lab.end(identifier)

    assert done["status"] == "succeeded"
    assert [call.path for call in server.calls] == ["/a", "/tell", "/tell"]
    assert (await note(lab, identifier))["status"] == "miss"


async def test_items_share_what_is_equal(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    each = {"items": "{{ trigger }}", "limit": 10}
    graph = flow(get("ask", server.url("/{{ item }}?delay=0.05"), {**KEPT, "for_each": each}))

    done = await lab.run(graph, [1, 2, 1, 2, 1, 3])

    assert [one["body"]["path"] for one in done["output"]] == ["/1", "/2", "/1", "/2", "/1", "/3"]
    assert len(server.calls) == 3
