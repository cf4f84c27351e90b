"""The result cache: what a hit costs beside a plain GET of the same bytes, and what a workload with repeats saves.

    python benchmarks/cache.py [--executions 1000]

A hit is everything that stands before a call that need not be made: the name of the output, the look, reading it.
The workload runs twice through one engine, without and with the cache, against a loopback service that takes 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

LOOKS = 1_000
AT_ONCE = 100
SIZES = {"1 kB": 10, "100 kB": 1_000}
DISTINCT = 200
UPSTREAM_SECONDS = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=1000)
    arguments = parser.parse_args()
    with _stores():
        print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}\n")
        asyncio.run(_hits())
        asyncio.run(_workload(arguments.executions))


# -- One hit -------------------------------------------------------------------------------------------------


async def _hits() -> None:
    from django.conf import settings
    from redis.asyncio import Redis

    from workflows.runtime.cache_store import CacheStore

    store = CacheStore(settings.CACHE_URL)
    async with Redis.from_url(settings.CACHE_URL, max_connections=AT_ONCE) as redis:
        for label, fields in SIZES.items():
            await _hits_of(store, redis, label, fields)
    await store.close()


async def _hits_of(store: Any, redis: Any, label: str, fields: int) -> None:
    from studio.kernel import codec
    from workflows.engine import cache
    from workflows.engine.cache import Kept, Lifetime
    from workflows.runtime.cache_store import Asked, cut_fields

    output = {
        "body": [
            {"id": n, "name": f"name {n}", "url": f"https://shop.example/{n}", "at": n * 1.5}
            for n in range(fields)
        ]
    }
    value = codec.seal(cache.packed(Kept(output=output, port=None, took=0.1, execution="e")))
    workspace = uuid.uuid4()
    params = {
        "method": "GET",
        "url": "https://shop.example/orders/7",
        "headers": {"Accept": "application/json"},
    }

    def asked() -> Asked:
        digest = cache.digest(
            b"p" * 64, workspace=workspace.bytes, kind="http.request", version=1, credentials=[], key=None,
            params=params, inputs=None,
        )  # fmt: skip
        names = cut_fields(kind="http.request", workflow=str(workspace), tags=[], digest=digest, name=None)
        return Asked(workspace, digest, "http.request", str(workspace), names)

    found = await store.look_up(asked())
    await store.keep(asked(), token="", value=value, meta={}, began=found.began, life=Lifetime(600, 600, 600))
    await redis.set("floor", value)

    async def hit() -> None:
        assert cache.unpacked((await store.look_up(asked())).value) is not None

    async def floor() -> None:
        await redis.get("floor")

    for how, at_once in (("one after the other", 1), (f"{AT_ONCE} at once", AT_ONCE)):
        bare, whole = await _microseconds(floor, at_once), await _microseconds(hit, at_once)
        print(f"hit of {label:>6}, {how:<20} {whole}   GET of the same bytes {bare}")
    named, read = _sync_microseconds(asked), _sync_microseconds(lambda: cache.unpacked(value))
    print(f"   {len(value):,} bytes stored; of a hit the name {named:.1f} µs, reading {read:.1f} µs of CPU")


async def _microseconds(work: Callable[[], Awaitable[None]], at_once: int) -> str:
    """Time by the clock, and of this process's CPU: others may be at work on this machine."""

    async def lane() -> None:
        for _ in range(LOOKS // at_once):
            await work()

    best = cpu = float("inf")
    for _ in range(3):
        began, began_cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(lane() for _ in range(at_once)))
        best = min(best, time.perf_counter() - began)
        cpu = min(cpu, time.process_time() - began_cpu)
    return f"{best / LOOKS * 1e6:7.1f} µs (CPU {cpu / LOOKS * 1e6:6.1f})"


def _sync_microseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(LOOKS):
        work()
    return (time.process_time() - began) / LOOKS * 1e6


# -- A workload with repeats ---------------------------------------------------------------------------------


async def _workload(executions: int) -> None:
    from tests.runtime.lab import Lab, flow, get, loopback_server

    kept = {"cacheable": True, "cache_ttl": 600}
    inputs = [(n * 7919) % executions % DISTINCT for n in range(executions)]
    print(
        f"\n{executions:,} executions, each a GET of {UPSTREAM_SECONDS * 1000:.0f} ms, {DISTINCT} different ones"
    )
    async with Lab.open() as lab, loopback_server() as server:
        await lab.start_engine(slots=100)
        address = server.url(f"/{{{{ trigger }}}}?delay={UPSTREAM_SECONDS}")
        for label, options in (("without the cache", None), ("with the cache", kept)):
            server.calls.clear()
            began = time.perf_counter()
            await lab.ends(await lab.submit_many(flow(get("ask", address, options)), inputs), 300)
            seconds = time.perf_counter() - began
            print(f"{label:<18} {len(server.calls):>6,} upstream calls   {seconds:6.2f} s")


@contextmanager
def _stores() -> Iterator[None]:
    from studio.embedded.testing import temporary_stores

    with temporary_stores() as environment:
        os.environ.update(environment)
        os.environ.update(
            DJANGO_SETTINGS_MODULE="studio.settings",
            STUDIO_ALLOW_PRIVATE_NETWORKS="*",
            STUDIO_LOG_LEVEL="ERROR",
        )
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield


if __name__ == "__main__":
    main()
