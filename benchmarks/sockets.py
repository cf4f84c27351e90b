"""Events to a thousand WebSockets: how long from publishing to arrival, and whether any is lost.

A hundred executions with ten watchers each; events are published as workers publish them, in small batches. The
floor is the same messages to one plain subscriber of Valkey. Run it with
`python benchmarks/sockets.py [--rate 400] [--seconds 5]`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import struct
import time
from typing import Any

from ingress_load import Ingress, Result, ingress, stores

EXECUTIONS = 100
WATCHERS = 10
FIRST_SEQ = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=400, help="events a second over all executions")
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    with stores():
        executions, tickets = _watched()
        with ingress() as server:
            import uvloop

            events = int(given.rate * given.seconds)
            floor, result = uvloop.run(_measure(server, executions, tickets, events, given.rate))
    print(f"{EXECUTIONS * WATCHERS} sockets on {EXECUTIONS} executions, {given.rate} events/s")
    print(floor.line("floor: one subscriber, no sockets"))
    print(result.line("deliveries"))
    print(f"lost: {events * WATCHERS - len(result.latencies)} of {events * WATCHERS:,}")


def _watched() -> tuple[list[str], list[str]]:
    from studio.accounts.access import SYSTEM
    from studio.accounts.permissions import Access
    from studio.accounts.roles import Role
    from studio.accounts.services.workspaces import create_workspace
    from studio.kernel.clock import utcnow
    from studio.kernel.ids import uuid7
    from workflows.models import Execution
    from workflows.services.tickets import issue_ticket

    workspace = create_workspace(slug="bench", name="Bench", by=SYSTEM)
    rows = [
        Execution(
            id=uuid7(), workspace=workspace, definition_id=uuid7(), status="running", queue="default", region="local",
            created_at=utcnow(),
        )
        for _ in range(EXECUTIONS)
    ]  # fmt: skip
    Execution.objects.bulk_create(rows)
    access = Access(
        workspace_id=workspace.pk,
        slug="bench",
        region="local",
        tier="free",
        role=Role.VIEWER,
        actor_name="bench",
    )
    tickets = [issue_ticket(access).secret for _ in range(EXECUTIONS * WATCHERS)]
    return [str(row.pk) for row in rows], tickets


async def _measure(
    server: Ingress, executions: list[str], tickets: list[str], events: int, rate: int
) -> tuple[Result, Result]:
    from django.conf import settings
    from redis.asyncio import Redis

    from workflows.live.subscription import open_subscription

    published = [0.0] * events
    direct: list[float] = []
    delivered: list[float] = []
    subscription = await open_subscription(settings.REDIS_URL)
    subscription.send("PSUBSCRIBE", "events:*")

    def note(latencies: list[float], message: bytes) -> None:
        latencies.append((time.perf_counter() - published[_number(message)]) * 1000)

    async def listen() -> None:
        async for kind, *message in subscription.messages():
            if kind == b"pmessage":
                note(direct, message[-1])

    listening = asyncio.create_task(listen())
    sockets = await _open_all(server, executions, tickets)
    readers = [asyncio.create_task(_read(reader, published, delivered)) for reader, _ in sockets]
    redis: Redis = Redis.from_url(settings.REDIS_URL)
    used, started = _cpu(server), time.perf_counter()
    for number in range(events):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        event = (
            b'[{"type":"step.succeeded","seq":%d,"at":"2026-01-01T00:00:00.000000Z","execution":"x","step":{"node":"n",'
            b'"status":"succeeded","pad":"%s"}}]' % (FIRST_SEQ + number, b"x" * 100)
        )
        published[number] = time.perf_counter()
        await redis.publish(f"events:{executions[number % EXECUTIONS]}", event)
    await asyncio.sleep(1.0)
    elapsed = events / rate
    for task in (*readers, listening):
        task.cancel()
    cpu = (_cpu(server) - used) * 1e6 / max(1, len(delivered))
    await redis.aclose()
    return Result(elapsed, direct, {}), Result(elapsed, delivered, {}, cpu)


async def _open_all(server: Ingress, executions: list[str], tickets: list[str]) -> list[Any]:
    """Fifty handshakes at a time: a thousand at once would measure the backlog."""
    sockets: list[Any] = []
    for start in range(0, len(tickets), 50):
        sockets += await asyncio.gather(
            *(
                _open(server.port, executions[number % EXECUTIONS], tickets[number])
                for number in range(start, start + 50)
            )
        )
    return sockets


async def _open(port: int, execution: str, ticket: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Shake hands and read the snapshot."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /ws/executions/{execution}?ticket={ticket} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101"), head
    snapshot = await _frame(reader)
    assert b'"snapshot"' in snapshot, snapshot
    return reader, writer


async def _read(reader: asyncio.StreamReader, published: list[float], delivered: list[float]) -> None:
    while True:
        frame = await _frame(reader)
        delivered.append((time.perf_counter() - published[_number(frame)]) * 1000)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """The next text frame; pings are passed over."""
    while True:
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", await reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await reader.readexactly(8))
        body = await reader.readexactly(size)
        if first & 0x0F == 1:
            return body


def _number(message: bytes) -> int:
    start = message.index(b'"seq":') + 6
    return int(message[start : message.index(b",", start)]) - FIRST_SEQ


def _cpu(server: Ingress) -> float:
    from ingress_load import cpu_seconds

    return cpu_seconds(server.pid)


if __name__ == "__main__":
    main()
