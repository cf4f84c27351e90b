"""Executions: how many a second, how fast one is, and what a node costs, through one real worker process.

    python benchmarks/executions.py [--executions 4000]

Beside them the floors of the same run: what bare Celery does with tasks that do nothing, and what PostgreSQL
takes of the same step rows when nobody has to work them out. Everything shares this machine's cores.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

NODES = 10
TICKS = os.sysconf("SC_CLK_TCK")
NOOP_QUEUE = "benchmark"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=4000)
    parser.add_argument("--celery", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.celery:
        _run_celery_worker()
        return
    with _stores():
        asyncio.run(_measure(arguments.executions))


async def _measure(executions: int) -> None:
    from studio.embedded.os_process import is_alive

    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}\n")
    bench = await Bench.open()
    with _process([sys.executable, __file__, "--celery"]) as celery:
        print(await _celery_floor(1000, celery))
    print(await bench.row_floor(executions))
    with _process([sys.executable, "-W", "ignore", "manage.py", "worker", "--queues", "default"]) as pid:
        await bench.until_registered()
        await bench.throughput(300, pid)
        print(await bench.throughput(executions, pid))
        print(await bench.latency(300))
        print(await bench.fan_out(100))
        print(await bench.waiting_for_http())
        assert is_alive(pid)
    await bench.close()


class Bench:
    """A workspace, a committer for submissions, and a connection to look with."""

    def __init__(self, connection: Any, workspace: uuid.UUID, submitter: Any) -> None:
        self.connection = connection
        self.workspace = workspace
        self.submitter = submitter

    @classmethod
    async def open(cls) -> Bench:
        from studio.common.committer import GroupCommitter
        from workflows.runtime.connect import connect
        from workflows.runtime.submit import SubmitWriter

        connection = await connect("benchmark", statement_seconds=60)
        workspace = uuid.uuid4()
        await connection.execute(
            "INSERT INTO accounts_workspace (id, name, slug, region, tier, created_at)"
            " VALUES (%s, 'Benchmark', 'benchmark', 'local', 'enterprise', now())",
            [workspace],
        )
        submitter = GroupCommitter(connect=partial(connect, "submit"), writer=SubmitWriter(), name="submit")
        submitter.start()
        return cls(connection, workspace, submitter)

    async def close(self) -> None:
        await self.submitter.close()
        await self.connection.close()

    async def until_registered(self) -> None:
        await _until(
            partial(self._holds, "SELECT count(*) > 0 FROM operations_worker WHERE status = 'alive'")
        )

    async def row_floor(self, executions: int) -> str:
        """The same rows, ready-made, through the same committer."""
        from studio.common.committer import GroupCommitter
        from workflows.runtime.connect import connect

        committer = GroupCommitter(connect=partial(connect, "rows"), writer=RowWriter(), name="rows")
        committer.start()
        writes = [_ten_rows() for _ in range(executions)]
        began = time.perf_counter()
        await asyncio.gather(*(committer.submit(write) for write in writes))
        rate = executions * NODES / (time.perf_counter() - began)
        await committer.close()
        return f"floor: group-committed step rows          {rate:10,.0f} rows/s ({rate / NODES:,.0f} executions/s)"

    async def throughput(self, count: int, pid: int) -> str:
        rows = self._executions(_chain(), [{"n": n} for n in range(count)])
        await asyncio.gather(*(self.submitter.submit(row) for row in rows))
        commits, cpu, began = await self._commits(), _cpu_seconds(pid), time.perf_counter()
        self._ring()
        await self._finished([row.id for row in rows])
        seconds = time.perf_counter() - began
        cpu_us = (_cpu_seconds(pid) - cpu) / count / NODES * 1e6
        per = (await self._commits() - commits) / count
        return (
            f"{NODES}-node executions                       {count / seconds:10,.0f}/s"
            f"   {cpu_us:.0f} µs CPU a node   {per:.2f} transactions an execution"
        )

    async def latency(self, rounds: int) -> str:
        """From handing in to hearing of the end, one at a time on an idle worker."""
        taken = []
        async with _ears() as wait_for:
            for number in range(rounds):
                (row,) = self._executions(_chain(), [{"n": number}])
                ended = await wait_for(row.id)
                began = time.perf_counter()
                await self.submitter.submit(row)
                self._ring()
                await ended
                taken.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(0.03)
        return f"submit to finished, idle, {NODES} nodes          {_percentiles(taken)}"

    async def fan_out(self, rounds: int) -> str:
        taken = []
        async with _ears() as wait_for:
            for _ in range(rounds):
                (row,) = self._executions(_fan_out(), [list(range(100))])
                ended = await wait_for(row.id)
                began = time.perf_counter()
                await self.submitter.submit(row)
                self._ring()
                await ended
                taken.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(0.03)
        return f"fan-out 1 to 100 to join                 {_percentiles(taken)}"

    async def waiting_for_http(self) -> str:
        async with _slow_server() as url:
            rows = self._executions(_asking(url), [None] * 100)
            began = time.perf_counter()
            await asyncio.gather(*(self.submitter.submit(row) for row in rows))
            self._ring()
            await self._finished([row.id for row in rows])
        return f"100 executions waiting 1 s on HTTP       {time.perf_counter() - began:10.2f} s (floor 1.00)"

    def _executions(self, document: dict[str, Any], inputs: Sequence[Any]) -> list[Any]:
        from workflows.runtime.plans import Compiled, compile_definition
        from workflows.services.submission import RunRequest, build_execution, definition_identity

        compiled = compile_definition(document)
        assert isinstance(compiled, Compiled), compiled
        identity, body = definition_identity(self.workspace, document)
        return [
            build_execution(
                workspace_id=self.workspace, region="local", request=RunRequest(input=given), plan=compiled.plan,
                definition_id=identity, definition_body=body, workflow_id=None, version=None, waiting=False,
                idempotency=None,
            )
            for given in inputs
        ]  # fmt: skip

    def _ring(self) -> None:
        from workflows.runtime.doorbell import bell

        bell().ring(["default"])

    async def _finished(self, ids: Sequence[uuid.UUID]) -> None:
        query = "SELECT count(*) = 0 FROM workflows_execution WHERE id = ANY(%s) AND finished_at IS NULL"
        await _until(partial(self._holds, query, [list(ids)]), every=0.02)

    async def _holds(self, query: str, arguments: Sequence[Any] = ()) -> bool:
        cursor = await self.connection.execute(query, arguments)
        return bool((await cursor.fetchone())[0])

    async def _commits(self) -> int:
        """PostgreSQL counts for its statistics once a second at most."""
        await asyncio.sleep(1.1)
        cursor = await self.connection.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        return int((await cursor.fetchone())[0])


class RowWriter:
    """Step rows as the engine writes them, without a fence and without anybody making them."""

    def key(self, write: Any) -> str:
        return str(write[0].execution_id)

    def size(self, write: Any) -> int:
        return 300 * len(write)

    async def write(self, connection: Any, writes: Sequence[Any]) -> Sequence[bool]:
        from workflows.runtime.fenced import step_columns

        await connection.execute(
            ROWS_SQL, step_columns([row for write in writes for row in write]), binary=True
        )
        return [True] * len(writes)

    async def look_up(self, connection: Any, writes: Sequence[Any]) -> Sequence[bool | None]:
        return [None] * len(writes)


ROWS_SQL = """
INSERT INTO workflows_step (id, execution_id, node, kind, iteration, status, attempt, handled, reason, port, seq,
    error, wait, due_at, queued_at, started_at, finished_at, output, memo, cache)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[],
    %s::boolean[], %s::text[], %s::text[], %s::bigint[], %s::jsonb[], %s::jsonb[], %s::timestamptz[],
    %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bytea[], %s::bytea[], %s::jsonb[])
"""


def _ten_rows() -> list[Any]:
    from studio.kernel.clock import utcnow
    from studio.kernel.ids import step_id, uuid7
    from workflows.runtime.records import StepRow

    execution, now = uuid7(), utcnow()
    return [
        StepRow(
            id=step_id(execution, f"n{n}", ""), execution_id=execution, node=f"n{n}", kind="data.set", iteration="",
            status="succeeded", attempt=1, handled=False, reason=None, port="success", seq=n, error=None, wait=None,
            due_at=None, queued_at=now, started_at=now, finished_at=now, output=b"\x00\x81\xa1n\x01", memo=None,
        )
        for n in range(NODES)
    ]  # fmt: skip


def _chain() -> dict[str, Any]:
    nodes = [{"id": "start", "kind": "trigger.manual"}]
    nodes += [
        {"id": f"n{n}", "kind": "data.set", "params": {"values": {"n": f"{{{{ trigger.n + {n} }}}}"}}}
        for n in range(NODES - 1)
    ]
    edges = [{"from": a["id"], "to": b["id"]} for a, b in itertools.pairwise(nodes)]
    return {"schema": "studio/1", "nodes": nodes, "edges": edges}


def _fan_out() -> dict[str, Any]:
    return {
        "schema": "studio/1",
        "nodes": [
            {"id": "start", "kind": "trigger.manual"},
            {"id": "each", "kind": "flow.for_each", "params": {"items": "{{ trigger }}", "limit": 100}},
            {
                "id": "twice",
                "kind": "data.set",
                "parent": "each",
                "params": {"values": {"n": "{{ item * 2 }}"}},
            },
            {"id": "total", "kind": "data.set", "params": {"values": {"n": "{{ nodes.each | length }}"}}},
        ],
        "edges": [
            {"from": "start", "to": "each"},
            {"from": "each", "port": "item", "to": "twice"},
            {"from": "each", "port": "done", "to": "total"},
        ],
    }


def _asking(url: str) -> dict[str, Any]:
    return {
        "schema": "studio/1",
        "nodes": [
            {"id": "start", "kind": "trigger.manual"},
            {"id": "ask", "kind": "http.request", "params": {"url": url}},
        ],
        "edges": [{"from": "start", "to": "ask"}],
    }


@contextlib.asynccontextmanager
async def _ears() -> AsyncIterator[Callable[[uuid.UUID], Awaitable[asyncio.Task[None]]]]:
    """Hear of an execution's end the way a waiting caller does."""
    from django.conf import settings
    from redis.asyncio import Redis

    from studio.kernel.keys import WATCHED_SECONDS, execution_channel, watched_key

    redis = Redis.from_url(settings.REDIS_URL)

    async def wait_for(execution: uuid.UUID) -> asyncio.Task[None]:
        subscription = redis.pubsub()
        await subscription.subscribe(execution_channel(execution))
        await redis.set(watched_key(execution), 1, ex=WATCHED_SECONDS)
        return asyncio.create_task(heard(subscription))

    async def heard(subscription: Any) -> None:
        async for message in subscription.listen():
            if message["type"] == "message" and b'"execution.succeeded"' in message["data"]:
                await subscription.aclose()
                return

    yield wait_for
    await redis.aclose()


@contextlib.asynccontextmanager
async def _slow_server() -> AsyncIterator[str]:
    from aiohttp import web

    async def answer(_request: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.json_response({})

    application = web.Application()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def _celery_floor(tasks: int, pid: int) -> str:
    from django.conf import settings
    from redis import Redis

    redis = Redis.from_url(settings.REDIS_URL)
    await _until(lambda: redis.get("benchmark:ready"))
    cpu, began = _cpu_seconds(pid), time.perf_counter()
    redis.lpush(NOOP_QUEUE, *(_noop_message() for _ in range(tasks)))
    await _until(lambda: int(redis.get("benchmark:done") or 0) >= tasks)
    seconds = time.perf_counter() - began
    cpu_us = (_cpu_seconds(pid) - cpu) / tasks * 1e6
    return f"floor: bare Celery tasks that do nothing {tasks / seconds:10,.0f}/s   {cpu_us:.0f} µs CPU a task"


def _noop_message() -> str:
    from workflows.runtime.doorbell import TASK, envelope

    return envelope("x", NOOP_QUEUE, "benchmark").replace(TASK, "benchmark.noop")


def _run_celery_worker() -> None:
    from celery import Celery
    from celery.signals import worker_ready
    from redis import Redis

    redis = Redis.from_url(os.environ["REDIS_URL"])
    app = Celery("benchmark", broker=os.environ["REDIS_URL"])
    app.conf.update(task_default_queue=NOOP_QUEUE, task_ignore_result=True)

    @app.task(name="benchmark.noop")
    def noop(_queue: str) -> None:
        redis.incr("benchmark:done")

    worker_ready.connect(lambda **_: redis.set("benchmark:ready", 1), weak=False)
    app.worker_main(["worker", "--pool=threads", "-c10", "-lERROR", "--without-gossip", "--without-mingle"])


@contextlib.contextmanager
def _stores() -> Iterator[None]:
    """A PostgreSQL that forces every commit to disk, and a Valkey, both new and gone afterwards."""
    from studio.embedded.testing import temporary_stores

    with temporary_stores(durable=True) as environment:
        os.environ.update(environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "studio.settings"
        os.environ["STUDIO_ALLOW_PRIVATE_NETWORKS"] = "*"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield


@contextlib.contextmanager
def _process(command: list[str]) -> Iterator[int]:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _percentiles(milliseconds: Sequence[float]) -> str:
    cuts = statistics.quantiles(milliseconds, n=100)
    return f"p50 {cuts[49]:7.1f} ms   p95 {cuts[94]:7.1f} ms   p99 {cuts[98]:7.1f} ms"


async def _until(condition: Callable[[], Any], *, every: float = 0.01, seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while True:
            held = condition()
            if await held if asyncio.iscoroutine(held) else held:
                return
            await asyncio.sleep(every)


if __name__ == "__main__":
    main()
