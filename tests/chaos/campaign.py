"""One campaign: a run without faults, then the same work under faults, and the ledger's verdict."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.chaos.bells import BellCopier
from tests.chaos.client import Client
from tests.chaos.cluster import Cluster, running_cluster
from tests.chaos.faults import ON_THE_WIRE, Faults, Strike, nothing_stranded
from tests.chaos.graphs import SIGNAL, Recipe, child_definition, recipes
from tests.chaos.ledger import Ledger, running_ledger
from tests.chaos.proxy import Proxy, running_proxy
from tests.chaos.report import Outcome, Report

SIGNAL_VALUE = 17
RECOVERY_SECONDS = 150.0
END_SECONDS = 180.0
REHEARSAL_SECONDS = 60.0
OVERLAP = 0.3
"""Share of the faults that strike on top of others."""

OPEN_SQL = "SELECT count(*) FROM workflows_execution WHERE finished_at IS NULL"
ROOTS_SQL = "SELECT count(*) FROM workflows_execution WHERE parent_id IS NULL"
OPEN_STEPS_SQL = """
SELECT s.execution_id, s.node, s.iteration, s.status FROM workflows_step s
JOIN workflows_execution e ON e.id = s.execution_id
WHERE e.finished_at IS NOT NULL AND s.status IN ('pending', 'running', 'waiting')
"""
ENDS_SQL = "SELECT id, status, finished_at FROM workflows_execution WHERE finished_at IS NOT NULL"


@dataclass(frozen=True)
class Plan:
    """All that a campaign does follows from it; `minutes` of 0 strikes each kind of fault once."""

    seed: int
    minutes: float = 0.0
    graphs: int = 16
    workers: int = 2
    per_second: float = 5.0

    @property
    def is_short(self) -> bool:
        return self.minutes == 0

    @property
    def pause(self) -> tuple[float, float]:
        """The least and the most seconds between two faults."""
        return (0.2, 0.8) if self.is_short else (0.5, 2.5)


@dataclass
class Offering:
    """One piece of work: what to run, and what became of it."""

    tag: str
    workflow: str
    recipe: Recipe
    execution: str = ""


@dataclass
class Campaign:
    plan: Plan
    cluster: Cluster
    client: Client
    ledger: Ledger
    faults: Faults
    report: Report
    workflows: dict[str, str] = field(default_factory=dict)
    expected: dict[str, Outcome] = field(default_factory=dict)
    roots: int = 0
    ends: dict[Any, tuple[Any, ...]] = field(default_factory=dict)

    # -- Without faults ------------------------------------------------------------------------------------

    async def rehearse(self, chosen: Sequence[Recipe]) -> None:
        """Publish every graph and learn what it yields and does when nothing goes wrong."""
        for recipe in chosen:
            self.workflows[recipe.name] = await self.client.publish(recipe.name, recipe.definition)
        offered = [
            Offering(f"rehearsal-{recipe.name}", self.workflows[recipe.name], recipe) for recipe in chosen
        ]
        await asyncio.gather(*(self.offer(one) for one in offered))
        await self.all_end(REHEARSAL_SECONDS)
        for one in offered:
            self.expected[one.recipe.name] = await self.outcome(one)
        statuses = Counter(outcome.status for outcome in self.expected.values())
        assert set(statuses) <= {"succeeded", "failed"}, (statuses, self.cluster.story())
        assert statuses["succeeded"] > statuses["failed"], self.expected

    # -- Under faults --------------------------------------------------------------------------------------

    async def suffer(self, chosen: Sequence[Recipe]) -> list[Offering]:
        """Offer work steadily while one fault follows the other."""
        self.ledger.misbehaves = True
        self.roots = await self._count(ROOTS_SQL)
        rng = random.Random(f"{self.plan.seed} offerings")
        offered: list[Offering] = []
        over = asyncio.Event()

        async def offer_on(group: asyncio.TaskGroup) -> None:
            while not over.is_set():
                recipe = rng.choice(chosen)
                one = Offering(f"offering-{len(offered)}", self.workflows[recipe.name], recipe)
                offered.append(one)
                group.create_task(self.offer(one))
                await asyncio.sleep(rng.expovariate(self.plan.per_second))

        async with asyncio.TaskGroup() as group:
            group.create_task(offer_on(group))
            await self._strike_on()
            over.set()
        return offered

    async def _strike_on(self) -> None:
        """Some faults strike before the one before has been got over; in the short form most of them do."""
        rng = random.Random(f"{self.plan.seed} faults")
        until = time.monotonic() + self.plan.minutes * 60
        async with asyncio.TaskGroup() as group:
            while True:
                for name, strike in self._round(rng):
                    struck = group.create_task(self._strike(name, strike))
                    overlaps = name not in ON_THE_WIRE if self.plan.is_short else rng.random() < OVERLAP
                    if not overlaps:
                        await asyncio.wait([struck])
                    if not self.plan.is_short and time.monotonic() >= until:
                        return
                    await asyncio.sleep(rng.uniform(*self.plan.pause))
                if self.plan.is_short:
                    return

    def _round(self, rng: random.Random) -> list[tuple[str, Strike]]:
        """Every kind once. When they overlap, those that need living workers come before the killing."""
        kinds = list(self.faults.kinds().items())
        rng.shuffle(kinds)
        return sorted(kinds, key=lambda kind: self.plan.is_short and kind[0] not in ON_THE_WIRE)

    async def _strike(self, name: str, strike: Strike) -> None:
        """Recovered: new work is taken and done, and nothing is held by somebody who is gone."""
        began = time.monotonic()
        victims = await strike() or []
        try:
            async with asyncio.timeout(RECOVERY_SECONDS):
                await self.client.probe()
                await nothing_stranded(self.cluster.database_url, victims)
        except TimeoutError:
            raise AssertionError(f"no recovery after: {name}") from None
        self.report.recoveries.append((name, time.monotonic() - began))
        with contextlib.suppress(psycopg.OperationalError):  # another fault may have taken the database away
            await self._look_at_ends()

    async def offer(self, one: Offering) -> None:
        one.execution = await self.client.run(one.workflow, one.recipe.given(one.tag), key=one.tag)
        if one.recipe.awaits_signal:
            await self.client.signal(one.execution, SIGNAL, {"by": SIGNAL_VALUE})

    # -- Verdict -------------------------------------------------------------------------------------------

    async def judge(self, offered: Sequence[Offering]) -> None:
        """Compare everything that was accepted with the rehearsal."""
        report = self.report
        await self._look_at_ends()
        report.offered = len(offered)
        report.accepted = sum(bool(one.execution) for one in offered)
        report.extra = await self._count(ROOTS_SQL) - self.roots - len(offered) - self.client.probes
        for one in offered:
            outcome = await self.outcome(one)
            if outcome.status not in {"succeeded", "failed"}:
                report.lost.append(f"{one.execution} ({one.recipe.name}): {outcome.status}")
                continue
            report.finished += 1
            if outcome != self.expected[one.recipe.name]:
                report.differing.append(
                    f"{one.execution} {one.recipe.kinds}:\n  {outcome}\n  {self.expected[one.recipe.name]}"
                )
        report.open_steps = [str(row) for row in await self._rows(OPEN_STEPS_SQL)]
        report.weigh(self.ledger)
        report.unexpected_deaths = list(self.cluster.deaths)

    async def outcome(self, one: Offering) -> Outcome:
        shown = await self.client.execution(one.execution)
        error = shown["error"] or {}
        return Outcome(
            status=shown["status"],
            output=shown["output"],
            error=error.get("code"),
            effects=tuple(sorted(self.ledger.effects[one.tag].items())),
        )

    async def all_end(self, seconds: float = END_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while await self._count(OPEN_SQL):
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(0.1)

    async def _look_at_ends(self) -> None:
        """A final state stays as it was first seen."""
        for identifier, *end in await self._rows(ENDS_SQL):
            if self.ends.setdefault(identifier, tuple(end)) != tuple(end):
                self.report.changed_ends.append(f"{identifier}: {self.ends[identifier]}, then {end}")

    async def _count(self, statement: str) -> int:
        return int((await self._rows(statement))[0][0])

    async def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        connection = await psycopg.AsyncConnection.connect(self.cluster.database_url, autocommit=True)
        async with connection:
            return await (await connection.execute(statement)).fetchall()


async def campaign(plan: Plan) -> Report:
    """From an empty machine to the verdict, and back to an empty machine."""
    report = Report(plan.seed)
    async with (
        running_ledger(plan.seed) as ledger,
        running_proxy(ledger.port) as way_to_ledger,
        running_cluster(workers=plan.workers) as cluster,
        Client.open(cluster.layout.url, cluster.token) as client,
    ):
        try:
            await _through(plan, report, cluster, client, ledger, way_to_ledger)
        except Exception as error:
            error.add_note(cluster.story())
            raise
        if not report.is_clean:
            report.story = cluster.story()
    return report


async def _through(
    plan: Plan, report: Report, cluster: Cluster, client: Client, ledger: Ledger, way_to_ledger: Proxy
) -> None:
    url = f"http://127.0.0.1:{way_to_ledger.port}"
    await client.ready()
    child = await client.publish("chaos-child", child_definition(url))
    await client.prepare_probe()
    chosen = recipes(plan.seed, plan.graphs, ledger=url, child=child)
    faults = Faults(cluster, way_to_ledger, random.Random(f"{plan.seed} victims"))
    one = Campaign(plan, cluster, client, ledger, faults, report)
    await one.rehearse(chosen)
    copier = BellCopier(lambda: cluster.redis_url, random.Random(f"{plan.seed} bells"))
    copying = asyncio.create_task(copier.run())
    try:
        offered = await one.suffer(chosen)
    finally:
        copying.cancel()
        await asyncio.wait([copying])
    await one.all_end()
    await one.judge(offered)
    report.bells, report.copies = copier.seen, copier.copied
    ways = [*cluster.ways.values(), way_to_ledger]
    report.cut = sum(way.cuts for way in ways)
    report.swallowed = sum(way.swallowed for way in ways)
