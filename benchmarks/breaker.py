"""Breakers: what one costs a call, and how a service fares that is down for a minute under load.

    python benchmarks/breaker.py [--executions 1000] [--seconds 60] [--workers 4]

The floor is the same `async with` around nothing. The outage is that of tests/runtime/test_breakers.py, at full
length and with the settings that ship; what counts is what the service's own server saw.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CALLS = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=4)
    arguments = parser.parse_args()
    with _stores():
        asyncio.run(_measure(arguments))


async def _measure(arguments: argparse.Namespace) -> None:
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}\n")
    await _check()
    await _outage(arguments)


async def _check() -> None:
    """A closed breaker, from the call's params to its outcome."""
    from django.conf import settings

    from studio.operations.breaker_address import configured_plan
    from studio.operations.breakers import Breakers
    from workflows.nodes import registry
    from workflows.runtime.connect import connect
    from workflows.runtime.gate import Gate

    breakers = Breakers(
        connect=partial(connect, "breakers"), redis_url=settings.REDIS_URL, plan=configured_plan()
    )
    breakers.start()
    prepared: Any = SimpleNamespace(node=registry.node("http.request"))
    params = registry.parse_params("http.request", {"url": "https://api.example.com/orders"})
    workspace = uuid.uuid4()
    guarded = await _microseconds(lambda: Gate(breakers, prepared, params, workspace))
    floor = await _microseconds(contextlib.nullcontext)
    await breakers.close()
    print(f"check of a closed breaker  {guarded - floor:6.2f} µs a call (floor {floor:.2f})")


async def _microseconds(make: Any) -> float:
    """CPU time: others may be at work on this machine."""
    began = time.process_time()
    for _ in range(CALLS):
        async with make():
            pass
    return (time.process_time() - began) / CALLS * 1e6


async def _outage(arguments: argparse.Namespace) -> None:
    from tests.runtime.lab import Lab, loopback_server
    from tests.runtime.outage import outage

    async with Lab.open() as lab, loopback_server() as server:
        await lab.start_workers(arguments.workers)
        report = await outage(lab, server, executions=arguments.executions, seconds=arguments.seconds)
    print(
        f"outage of {report.seconds:g} s          {report.executions} executions, {arguments.workers} workers\n"
        f"  calls until it was open  {report.calls_to_open}\n"
        f"  calls while it was open  {report.calls_while_open} of {report.calls_while_open + report.refused}"
        f" wanted ({report.share_while_open:.2%}), {report.calls_while_open / report.executions:.2%} of executions\n"
        f"  openings                 {report.trips}, most probes at once {report.most_granted}\n"
        f"  tries lost by waiting    {report.tries_lost_while_open}\n"
        f"  closed                   {report.recovered_after:.1f} s after the service was back\n"
        f"  all ended                {report.ended_after:.1f} s after, as {', '.join(sorted(report.statuses))}"
    )


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


if __name__ == "__main__":
    main()
