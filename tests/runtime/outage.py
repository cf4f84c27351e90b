"""A service that is down for a while under a steady stream of executions, and what its server saw."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from psycopg.rows import dict_row

from studio.kernel.breaker import Breaker, Phase
from tests.runtime.lab import Lab, Server, flow, get, setting

NEWS_SECONDS = 0.5
"""By then every worker has heard of an opening, on a busy machine too."""

PATIENT = {"retry": {"max_attempts": 3, "base": 0.5}}


@dataclass
class Report:
    """What the server counted.

    `calls_to_open` were made until every worker knew that it is open, `calls_while_open` afterwards.
    """

    executions: int
    seconds: float
    statuses: set[str] = field(default_factory=set)
    calls_to_open: int = 0
    calls_while_open: int = 0
    refused: int = 0
    trips: int = 0
    most_granted: int = 0
    tries_lost_while_open: int = 0
    recovered_after: float = 0.0
    ended_after: float = 0.0

    @property
    def share_while_open(self) -> float:
        """Of the calls that were wanted while it was open, how many were made."""
        return self.calls_while_open / max(self.calls_while_open + self.refused, 1)


@dataclass
class Watch:
    """Looks at the one breaker all the time."""

    opened_at: float | None = None
    closed_at: float | None = None
    last: Breaker = field(default_factory=Breaker)
    trips: int = 0
    most_granted: int = 0

    async def look(self, lab: Lab) -> None:
        async with lab.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("SELECT state FROM operations_breaker")
            row = await cursor.fetchone()
        if row is None:
            return
        self.last = Breaker.from_document(row["state"])
        self.trips = max(self.trips, self.last.trips)
        self.most_granted = max(self.most_granted, self.last.granted)
        if self.last.phase is Phase.OPEN and self.opened_at is None:
            self.opened_at = self.last.since
        if self.last.phase is Phase.CLOSED and self.opened_at is not None and self.closed_at is None:
            self.closed_at = self.last.since


async def outage(lab: Lab, server: Server, *, executions: int, seconds: float) -> Report:
    """Warm up, submit evenly over four fifths of the outage, heal the server, and wait for all ends."""
    report, watch = Report(executions, seconds), Watch()
    graph = flow(get("call", server.url(), PATIENT), setting("after", n="{{ trigger.n }}"))
    offset = time.time() - asyncio.get_running_loop().time()
    await lab.ends(await lab.submit_many(graph, [{"n": n} for n in range(20)]))
    warm = len(server.calls)
    began, submitted = time.time(), []
    server.down = True
    while time.time() < began + seconds:
        due = min(int((time.time() - began) / (seconds * 0.8) * executions) + 1, executions)
        if due > len(submitted):
            submitted += await lab.submit_many(graph, [{"n": n} for n in range(len(submitted), due)])
        await watch.look(lab)
        await asyncio.sleep(0.01)
    server.down, healed_at = False, time.time()
    while not await lab._all_final(submitted):
        assert time.time() < healed_at + 120, "executions do not end"
        await watch.look(lab)
        await asyncio.sleep(0.01)
    report.ended_after = time.time() - healed_at
    await watch.look(lab)
    assert watch.opened_at is not None, "the breaker never opened"
    assert watch.closed_at is not None, "the breaker never closed"
    times = [call.began + offset for call in server.calls[warm:]]
    known_at = watch.opened_at + NEWS_SECONDS
    report.calls_to_open = sum(at <= known_at for at in times)
    report.calls_while_open = sum(known_at < at < healed_at for at in times)
    report.refused, report.trips, report.most_granted = watch.last.refused, watch.trips, watch.most_granted
    report.recovered_after = watch.closed_at - healed_at
    report.statuses = {(await lab.execution(one))["status"] for one in submitted}
    tries = await lab.one("SELECT sum(attempt) AS n FROM workflows_step WHERE node = 'call'")
    # Every real call is one try; a try without a call would be one that parking cost.
    report.tries_lost_while_open = int(tries["n"]) - len(server.calls)
    return report
