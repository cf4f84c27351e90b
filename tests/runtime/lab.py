"""A workspace with an engine of its own: submit definitions, watch what becomes of them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web
from psycopg.rows import dict_row

from studio.common.committer import Connection, GroupCommitter
from studio.kernel.ids import uuid7
from tests.runtime.processes import WorkerProcess
from workflows.runtime import payload
from workflows.runtime.connect import connect
from workflows.runtime.doorbell import bell
from workflows.runtime.engine import Engine
from workflows.runtime.plans import Compiled, compile_definition
from workflows.runtime.submit import SubmitWriter
from workflows.services.submission import RunRequest, build_execution, definition_identity

TABLES = (
    "workflows_execution, workflows_payload, workflows_step, workflows_blob, workflows_mailbox,"
    " workflows_definition, workflows_version, workflows_workflow, workflows_variable,"
    " common_idempotencykey, operations_worker, operations_breaker, accounts_workspace"
)
FINAL = {"succeeded", "failed", "cancelled"}


def flow(*nodes: Mapping[str, Any], edges: str = "", **settings: Any) -> dict[str, Any]:
    """A definition with a manual trigger `start`; `edges` as `start > a > b, b.error > c`, a chain if left out."""
    ids = ["start", *(node["id"] for node in nodes)]
    links = [_edge(*pair) for path in _paths(edges, ids) for pair in itertools.pairwise(path)]
    start = {"id": "start", "kind": "trigger.manual", "params": {}}
    return {"schema": "studio/1", "nodes": [start, *nodes], "edges": links, "settings": settings}


def node(
    identifier: str, kind: str, settings: Mapping[str, Any] | None = None, **params: Any
) -> dict[str, Any]:
    made: dict[str, Any] = {"id": identifier, "kind": kind, "params": params}
    return made | ({"settings": dict(settings)} if settings else {})


def setting(identifier: str, **values: Any) -> dict[str, Any]:
    return node(identifier, "data.set", values=values)


def get(identifier: str, url: str, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return node(identifier, "http.request", settings, method="GET", url=url)


def post(identifier: str, url: str, settings: Mapping[str, Any] | None = None, **body: Any) -> dict[str, Any]:
    return node(identifier, "http.request", settings, method="POST", url=url, json=body)


def _paths(edges: str, ids: Sequence[str]) -> Iterable[list[str]]:
    if not edges:
        return [list(ids)]
    return [[part.strip() for part in path.split(">")] for path in edges.split(",")]


def _edge(source: str, target: str) -> dict[str, str]:
    node_id, _, port = source.partition(".")
    edge = {"from": node_id, "to": target.partition(".")[0]}
    return edge | ({"port": port} if port else {})


@dataclass
class Call:
    """A request as a loopback server saw it, with the loop's time around it."""

    method: str
    path: str
    key: str | None
    body: bytes
    began: float
    ended: float | None = None

    def overlaps(self, other: Call) -> bool:
        return (
            self.ended is not None
            and other.ended is not None
            and self.began < other.ended
            and other.began < self.ended
        )


@dataclass
class Server:
    """Answers `?delay=seconds&status=code` on every path, 503 while it is down, and remembers who asked."""

    port: int = 0
    down: bool = False
    calls: list[Call] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def handle(self, request: web.Request) -> web.Response:
        loop = asyncio.get_running_loop()
        body = await request.read()
        call = Call(request.method, request.path, request.headers.get("Idempotency-Key"), body, loop.time())
        self.calls.append(call)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(float(request.query.get("delay", 0)))
        finally:
            self._now -= 1
            call.ended = loop.time()
        status = 503 if self.down else int(request.query.get("status", 200))
        return web.json_response({"path": request.path}, status=status)


@contextlib.asynccontextmanager
async def loopback_server() -> AsyncIterator[Server]:
    server = Server()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


@dataclass
class Lab:
    """One workspace in an empty database."""

    connection: Connection
    workspace: uuid.UUID
    submitter: GroupCommitter[Any, Any]
    engines: list[tuple[Engine, asyncio.Task[None]]] = field(default_factory=list)
    processes: list[WorkerProcess] = field(default_factory=list)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls) -> AsyncIterator[Lab]:
        connection = await connect("lab", statement_seconds=20)
        await connection.execute(f"TRUNCATE {TABLES} CASCADE")
        workspace = uuid7()
        await connection.execute(
            "INSERT INTO accounts_workspace (id, name, slug, region, tier, created_at)"
            " VALUES (%s, 'Lab', 'lab', 'local', 'enterprise', now())",
            [workspace],
        )
        submitter = GroupCommitter(connect=partial(connect, "submit"), writer=SubmitWriter(), name="submit")
        submitter.start()
        lab = cls(connection, workspace, submitter)
        try:
            yield lab
        finally:
            for process in lab.processes:
                process.close()
            await lab.stop_engines()
            await submitter.close()
            await lab.connection.execute(f"TRUNCATE {TABLES} CASCADE")
            await lab.connection.close()

    # -- Engines in this process -------------------------------------------------------------------------

    async def start_engine(self, queues: str = "high_priority,default", slots: int = 200) -> Engine:
        engine = Engine(queues=queues.split(","), slots=slots)
        self.engines.append((engine, asyncio.create_task(engine.run())))
        await self.until(lambda: engine.registration is not None)
        return engine

    async def stop_engines(self) -> None:
        engines, self.engines = self.engines, []
        for engine, _ in engines:
            engine.drain()
        await asyncio.gather(*(task for _, task in engines))

    # -- Engines in processes of their own ---------------------------------------------------------------

    async def start_workers(
        self, count: int = 1, queues: str = "default", **environment: str
    ) -> list[WorkerProcess]:
        """Processes that have registered; they start together."""
        started = [WorkerProcess(queues, environment) for _ in range(count)]
        self.processes += started
        await self.until(partial(self._registered, {worker.pid for worker in started}), 40)
        return started

    async def busiest(self) -> WorkerProcess:
        """The process that holds most executions."""
        row = await self.one(
            "SELECT w.pid FROM workflows_execution e JOIN operations_worker w ON w.id = e.owner"
            " GROUP BY w.pid ORDER BY count(*) DESC LIMIT 1"
        )
        return next(process for process in self.processes if process.pid == row["pid"])

    async def reconnect(self) -> None:
        """After the database went away under us."""
        await self.connection.close()
        self.connection = await connect("lab", statement_seconds=20)

    async def _registered(self, pids: set[int]) -> bool:
        for process in self.processes:
            assert not (process.is_over() and process.pid in pids), process.output()
        return pids <= {row["pid"] for row in await self.workers("alive")}

    async def workers(self, *statuses: str) -> list[dict[str, Any]]:
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("SELECT * FROM operations_worker WHERE status = ANY(%s)", [list(statuses)])
            return await cursor.fetchall()

    def wake(self) -> None:
        for engine, _ in self.engines:
            engine.wake("default")

    # -- Executions ----------------------------------------------------------------------------------------

    async def submit(self, definition: Mapping[str, Any], given: Any = None, **changes: Any) -> uuid.UUID:
        return (await self.submit_many(definition, [given], **changes))[0]

    async def submit_many(
        self, definition: Mapping[str, Any], inputs: Sequence[Any], **changes: Any
    ) -> list[uuid.UUID]:
        compiled = compile_definition(definition)
        assert isinstance(compiled, Compiled), compiled
        identity, body = definition_identity(self.workspace, definition)
        rows = [
            build_execution(
                workspace_id=self.workspace, region="local", request=RunRequest(input=given),
                plan=compiled.plan, definition_id=identity, definition_body=body, workflow_id=None,
                version=None, waiting=False, idempotency=None,
            )
            for given in inputs
        ]  # fmt: skip
        for row in rows:
            for name, value in changes.items():
                setattr(row, name, value)
        await asyncio.gather(*(self.submitter.submit(row) for row in rows))
        self.wake()
        if not self.engines:
            bell().ring({row.queue for row in rows})
        return [row.id for row in rows]

    async def publish(self, slug: str, definition: Mapping[str, Any]) -> uuid.UUID:
        """A workflow whose one version is published."""
        identity, body = definition_identity(self.workspace, definition)
        workflow = uuid7()
        await self.connection.execute(
            "INSERT INTO workflows_definition (id, workspace_id, body, created_at) VALUES (%s, %s, %s, now())"
            " ON CONFLICT DO NOTHING",
            [identity, self.workspace, body],
        )
        await self.connection.execute(
            "INSERT INTO workflows_workflow (id, workspace_id, name, slug, description, tags, status, draft,"
            " problems, revision, published_version, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, '', '{}', 'published', %s, '[]', 1, 1, now(), now())",
            [workflow, self.workspace, slug, slug, json.dumps(definition)],
        )
        await self.connection.execute(
            "INSERT INTO workflows_version (id, workspace_id, workflow_id, number, definition_id, note, created_at)"
            " VALUES (%s, %s, %s, 1, %s, '', now())",
            [uuid7(), self.workspace, workflow, identity],
        )
        return workflow

    async def set_variable(self, name: str, value: Any) -> None:
        await self.connection.execute(
            "INSERT INTO workflows_variable (id, workspace_id, name, value, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, now(), now())"
            " ON CONFLICT (workspace_id, name) DO UPDATE SET value = excluded.value",
            [uuid7(), self.workspace, name, json.dumps(value)],
        )

    async def mail(self, execution: uuid.UUID, kind: str, name: str = "", value: Any = None) -> None:
        stored = payload.store(value, workspace_id=self.workspace, execution_id=execution)
        await self.connection.execute(
            "INSERT INTO workflows_mailbox (id, execution_id, kind, name, payload, held, created_at)"
            " VALUES (%s, %s, %s, %s, %s, false, now())",
            [uuid7(), execution, kind, name, stored.data],
        )

    async def run(
        self, definition: Mapping[str, Any], given: Any = None, seconds: float = 10
    ) -> dict[str, Any]:
        """Submit, and wait for the end."""
        return await self.end(await self.submit(definition, given), seconds)

    async def end(self, execution: uuid.UUID, seconds: float = 10) -> dict[str, Any]:
        return (await self.ends([execution], seconds))[0]

    async def ends(self, executions: Sequence[uuid.UUID], seconds: float = 10) -> list[dict[str, Any]]:
        await self.until(partial(self._all_final, executions), seconds)
        return [await self.execution(one) for one in executions]

    async def _all_final(self, executions: Sequence[uuid.UUID]) -> bool:
        cursor = await self.connection.execute(
            "SELECT count(*) FROM workflows_execution WHERE id = ANY(%s) AND finished_at IS NULL",
            [list(executions)],
        )
        return await cursor.fetchone() == (0,)

    async def execution(self, identifier: uuid.UUID) -> dict[str, Any]:
        row = await self.one(
            "SELECT e.*, p.output FROM workflows_execution e JOIN workflows_payload p USING (id) WHERE id = %s",
            identifier,
        )
        row["output"] = payload.load(row["output"])
        return row

    async def steps(self, execution: uuid.UUID) -> dict[str, dict[str, Any]]:
        """Its steps by `node` or `node@iteration`."""
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("SELECT * FROM workflows_step WHERE execution_id = %s", [execution])
            rows = await cursor.fetchall()
        for row in rows:
            row["output"] = payload.load(row["output"])
        return {f"{r['node']}@{r['iteration']}" if r["iteration"] else r["node"]: r for r in rows}

    async def one(self, query: str, *arguments: Any) -> dict[str, Any]:
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, arguments)
            row = await cursor.fetchone()
        assert row is not None
        return row

    async def becomes(self, execution: uuid.UUID, status: str, seconds: float = 10) -> dict[str, Any]:
        async def reached() -> bool:
            return bool((await self.execution(execution))["status"] == status)

        await self.until(reached, seconds)
        return await self.execution(execution)

    async def until(self, condition: Callable[[], Any], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while True:
                held = condition()
                if await held if asyncio.iscoroutine(held) else held:
                    return
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serving(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """The address of a loopback server that answers every request with `handle`."""
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()
