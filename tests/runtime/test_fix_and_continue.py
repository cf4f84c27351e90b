"""From forty failures to forty good ends: groups, a fix, and a job that goes on with all of them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

import pytest
from django.db import connection

from studio.accounts.access import SYSTEM
from studio.accounts.models import Workspace
from studio.kernel.ids import uuid7
from tests.runtime.lab import Lab, Server, flow, get
from tests.runtime.processes import SchedulerProcess
from workflows.models import ErrorGroup, Job
from workflows.services.dead_letters import retry_dead_letter
from workflows.services.error_groups import retry_group, retry_request
from workflows.services.submission import definition_identity

pytestmark = [pytest.mark.slow, pytest.mark.workers]

T = TypeVar("T")


async def _serve(work: Callable[[], T]) -> T:
    """Call services as Django does: on a thread, over a connection of its own."""

    def once() -> T:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(once)


class Shop:
    """A workflow in a lab with workers and schedulers."""

    def __init__(self, lab: Lab, server: Server) -> None:
        self.lab = lab
        self.server = server
        self.schedulers: list[SchedulerProcess] = []
        self.workflow = uuid.UUID(int=0)

    def asks(self, path: str) -> dict[str, Any]:
        """A definition that asks the upstream for `path`, which may hold expressions."""
        return flow(get("fetch", self.server.url(path)))

    async def open(self, path: str) -> None:
        self.workflow = await self.lab.publish("orders", self.asks(path))
        await self.lab.start_workers(2)
        self.start_scheduler()

    def start_scheduler(self) -> SchedulerProcess:
        self.schedulers.append(SchedulerProcess())
        return self.schedulers[-1]

    async def fail(self, path: str, inputs: list[Any]) -> list[uuid.UUID]:
        """Executions of version 1 that all fail, and are grouped."""
        ids = await self.lab.submit_many(self.asks(path), inputs, workflow_id=self.workflow, version=1)
        ended = await self.lab.ends(ids, 30)
        assert {one["status"] for one in ended} == {"failed"}
        await self.lab.until(lambda: self._are_grouped(ids), 15)
        return ids

    async def fix(self, path: str) -> None:
        """Publish version 2."""
        definition = self.asks(path)
        identity, body = definition_identity(self.lab.workspace, definition)
        run = self.lab.connection.execute
        await run(
            "INSERT INTO workflows_definition (id, workspace_id, body, created_at) VALUES (%s, %s, %s, now())"
            " ON CONFLICT DO NOTHING",
            [identity, self.lab.workspace, body],
        )
        await run(
            "INSERT INTO workflows_version (id, workspace_id, workflow_id, number, definition_id, note, created_at)"
            " VALUES (%s, %s, %s, 2, %s, '', now())",
            [uuid7(), self.lab.workspace, self.workflow, identity],
        )
        await run(
            "UPDATE workflows_workflow SET published_version = 2, draft = %s WHERE id = %s",
            [json.dumps(definition), self.workflow],
        )

    async def groups(self) -> list[ErrorGroup]:
        return await _serve(lambda: list(ErrorGroup.objects.order_by("-count")))

    async def retry(self, group: ErrorGroup, **pace: Any) -> Job:
        workspace = Workspace(pk=self.lab.workspace)
        request = retry_request(group, version="published", **pace)
        return await _serve(lambda: retry_group(workspace=workspace, group=group, request=request, by=SYSTEM))

    async def job(self, job: Job) -> Mapping[str, Any]:
        return await self.lab.one("SELECT * FROM workflows_job WHERE id = %s", job.pk)

    async def over(self, job: Job, seconds: float = 30) -> Mapping[str, Any]:
        async def is_over() -> bool:
            return (await self.job(job))["state"] in ("finished", "stopped")

        await self.lab.until(is_over, seconds)
        return await self.job(job)

    async def gone_on(self) -> list[dict[str, Any]]:
        rows = await self.lab.connection.execute(
            "SELECT resumed_from, status, version FROM workflows_execution WHERE resumed_from IS NOT NULL"
        )
        return [dict(zip(("from", "status", "version"), row, strict=True)) for row in await rows.fetchall()]

    async def _are_grouped(self, ids: list[uuid.UUID]) -> bool:
        row = await self.lab.one(
            "SELECT count(*) AS n FROM workflows_execution WHERE id = ANY(%s) AND error_group_id IS NULL", ids
        )
        return bool(row["n"] == 0)


@pytest.fixture
async def shop(lab: Lab, server: Server) -> AsyncIterator[Shop]:
    await lab.connection.execute("TRUNCATE workflows_jobitem, workflows_deadletter")
    opened = Shop(lab, server)
    try:
        yield opened
    finally:
        for scheduler in opened.schedulers:
            scheduler.close()


async def test_forty_failures_in_two_groups_go_on_after_a_fix(shop: Shop) -> None:
    path = "/orders/{{ trigger.n }}?status={{ trigger.status }}"
    await shop.open(path)
    stock = await shop.fail(path, [{"n": n, "status": 410} for n in range(25)])
    await shop.fail(path, [{"n": n, "status": 404} for n in range(15)])
    first, second = await shop.groups()
    assert (first.count, first.code, first.kind) == (25, "http_410", "http.request")
    assert (second.count, second.code) == (15, "http_404")

    await shop.fix("/fixed/{{ trigger.n }}?delay=0.05")
    shop.server.calls.clear()
    job = await shop.over(await shop.retry(first, per_second=1_000))

    assert (job["state"], job["total"], job["done"], job["failed"], job["skipped"]) == (
        "finished",
        25,
        25,
        0,
        0,
    )
    gone_on = await shop.gone_on()
    assert sorted(one["from"] for one in gone_on) == sorted(stock)
    assert {(one["status"], one["version"]) for one in gone_on} == {("succeeded", 2)}
    calls = sorted(shop.server.calls, key=lambda call: call.began)
    one, ten, rest = calls[:1], calls[1:11], calls[11:]
    assert len(rest) == 14
    assert min(call.began for call in ten) > max(call.ended or 0 for call in one)
    assert min(call.began for call in rest) > max(call.ended or 0 for call in ten)


async def test_the_first_failure_of_a_new_kind_stops_the_job(shop: Shop) -> None:
    path = "/orders/{{ trigger.n }}?status=410"
    await shop.open(path)
    await shop.fail(path, [{"n": n} for n in range(40)])
    (group,) = await shop.groups()
    await shop.fix("/fixed?status={{ 400 if trigger.n % 5 == 3 else 200 }}")

    job = await shop.over(await shop.retry(group, per_second=10, canary=[1, 3]))

    assert (job["state"], job["stop_reason"]["code"]) == ("stopped", "new_error_group")
    new = next(one for one in await shop.groups() if one.pk != group.pk)
    assert (job["stop_reason"]["error_group"], new.code) == (str(new.pk), "http_400")
    tried = job["started"] + job["done"] + job["failed"]
    assert 1 <= tried < 40
    await asyncio.sleep(1.5)
    assert len(await shop.gone_on()) == tried


async def test_a_fix_that_fixes_nothing_stops_at_the_canary(shop: Shop) -> None:
    path = "/orders/{{ trigger.n }}?status=410"
    await shop.open(path)
    await shop.fail(path, [{"n": n} for n in range(5)])
    (group,) = await shop.groups()
    await shop.fix("/fixed?status=410")

    job = await shop.over(await shop.retry(group))

    assert (job["state"], job["stop_reason"]["code"]) == ("stopped", "canary_failed")
    assert len(await shop.gone_on()) == 1


async def test_a_killed_scheduler_costs_nothing_and_doubles_nothing(shop: Shop) -> None:
    path = "/orders/{{ trigger.n }}?status=410"
    await shop.open(path)
    failed = await shop.fail(path, [{"n": n} for n in range(60)])
    (group,) = await shop.groups()
    await shop.fix("/fixed/{{ trigger.n }}")
    shop.server.calls.clear()
    job = await shop.retry(group, per_second=20, canary=[])

    for least in (10, 30):
        await shop.lab.until(lambda least=least: len(shop.server.calls) >= least, 20)
        shop.schedulers[-1].kill()
        assert (await shop.job(job))["state"] == "running"
        shop.start_scheduler()
    ended = await shop.over(job)

    assert (ended["state"], ended["done"], ended["failed"], ended["skipped"]) == ("finished", 60, 0, 0)
    assert Counter(one["from"] for one in await shop.gone_on()) == Counter(failed)
    assert Counter(call.path for call in shop.server.calls) == Counter(f"/fixed/{n}" for n in range(60))


async def test_what_lost_its_workers_too_often_is_a_dead_letter_that_can_go_on(
    lab: Lab, server: Server, shop: Shop
) -> None:
    shop.start_scheduler()
    identifier = await lab.submit(flow(get("fetch", server.url("/slow?delay=1.5"))))
    for loss in (1, 2):
        (worker,) = await lab.start_workers(1, STUDIO_LOSS_BUDGET="1")
        await lab.until(lambda loss=loss: len(server.calls) == loss)
        worker.kill()
    await lab.start_workers(1, STUDIO_LOSS_BUDGET="1")

    ended = await lab.end(identifier, 20)

    async def is_listed() -> bool:
        row = await lab.one("SELECT count(*) AS n FROM workflows_deadletter WHERE id = %s", identifier)
        return bool(row["n"])

    await lab.until(is_listed)
    assert (ended["status"], ended["reason"]["code"]) == ("failed", "dead_letter")
    letter = await _serve(
        lambda: retry_dead_letter(workspace=Workspace(pk=lab.workspace), letter_id=identifier, by=SYSTEM)
    )
    assert letter.retried_as is not None
    assert (await lab.end(letter.retried_as, 20))["status"] == "succeeded"
