"""What can be wrong with an installation, and how to put it right; `manage.py doctor` shows it.

Each check answers with findings of its own and never raises: a store that is away is a finding too.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from kombu.exceptions import OperationalError

from studio.celery import app
from studio.health import CHECKS as READINESS
from studio.kernel.errors import NodeError
from workflows.nodes.sandbox import PythonSandbox

LEAST_POSTGRESQL: Final = 160000
LEAST_VALKEY: Final = (7, 0)
SKEW_SECONDS: Final = 1.0
LEAST_DISK_BYTES: Final = 1 << 30
SANDBOX_SECONDS: Final = 10.0


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `detail` says what was found, and what to do where that is needed."""

    check: str
    verdict: Verdict
    detail: str


def examine() -> list[Finding]:
    """Every check, in the order in which to repair."""
    return [finding for check in _CHECKS for finding in check()]


def _ok(check: str, detail: str) -> Finding:
    return Finding(check, Verdict.OK, detail)


def _failed(check: str, detail: str) -> Finding:
    return Finding(check, Verdict.FAILED, detail)


def _warning(check: str, detail: str) -> Finding:
    return Finding(check, Verdict.WARNING, detail)


def _postgresql() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit'),"
                " current_setting('fsync'), current_setting('server_encoding'),"
                " current_setting('transaction_isolation'), current_setting('server_version')"
            )
            number, synchronous, fsync, encoding, isolation, version = cursor.fetchone()
    except DatabaseError as error:
        connection.close()
        yield _failed("postgresql", f"It does not answer ({type(error).__name__}): look at DATABASE_URL.")
        return
    if number < LEAST_POSTGRESQL:
        yield _failed("postgresql", f"Version {version}: at least 16 is needed.")
    else:
        yield _ok("postgresql", f"Version {version}.")
    if synchronous == "off" or fsync == "off":
        yield _failed(
            "durability",
            f"synchronous_commit={synchronous}, fsync={fsync}: what was acknowledged can be lost. Set both to on.",
        )
    else:
        yield _ok("durability", f"synchronous_commit={synchronous}, fsync={fsync}.")
    if encoding != "UTF8":
        yield _failed("encoding", f"{encoding}: the database must be UTF8.")
    if isolation != "read committed":
        yield _failed("isolation", f"{isolation}: the claims expect read committed.")


def _clock() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            before = time.time()
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            there = float(cursor.fetchone()[0])
            after = time.time()
    except DatabaseError:
        connection.close()
        return
    skew = there - (before + after) / 2
    detail = f"{skew * 1000:+.0f} ms from PostgreSQL's clock (± {(after - before) * 500:.0f} ms)."
    if abs(skew) > SKEW_SECONDS:
        yield _warning("clock", f"{detail} Leases are safe, times that people see are not: synchronise it.")
    else:
        yield _ok("clock", detail)


def _readiness() -> Iterator[Finding]:
    for name in ("migrations", "partitions"):
        reason = READINESS[name]()
        yield _ok(name, "All there.") if reason is None else _failed(name, reason)


def _valkey() -> Iterator[Finding]:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3)
    try:
        about = client.info()
        policy = cast("dict[str, str]", client.config_get("maxmemory-policy")).get("maxmemory-policy", "")
    except redis.ResponseError:
        yield _warning("valkey", "CONFIG is not allowed: make sure that maxmemory-policy is noeviction.")
        return
    except redis.RedisError as error:
        yield _failed("valkey", f"It does not answer ({type(error).__name__}): look at REDIS_URL.")
        return
    finally:
        client.close()
    version = str(about.get("valkey_version") or about.get("redis_version", "0"))
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_VALKEY:
        yield _failed("valkey", f"Version {version}: at least 7.0 is needed.")
    else:
        yield _ok("valkey", f"Version {version}.")
    if policy != "noeviction":
        yield _failed(
            "eviction",
            f"maxmemory-policy is {policy}: broker and limits must not be evicted. Set noeviction.",
        )
    else:
        yield _ok("eviction", "maxmemory-policy is noeviction.")


_BROKER_RULES: Final = {
    "task_acks_late": (False, "late acknowledgement repeats messages after the visibility time-out"),
    "task_ignore_result": (True, "results of doorbells are read by nobody"),
    "worker_prefetch_multiplier": (1, "a worker would hold doorbells that others could answer"),
    "worker_cancel_long_running_tasks_on_connection_loss": (False, "a broken broker must not stop work"),
}


def _broker() -> Iterator[Finding]:
    wrong = [
        f"{name} is {app.conf[name]!r}: {reason}"
        for name, (wanted, reason) in _BROKER_RULES.items()
        if app.conf[name] != wanted
    ]
    if wrong:
        yield _failed("broker_settings", "; ".join(wrong) + ".")
    else:
        yield _ok("broker_settings", "Messages only ring; nothing waits in the broker.")
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=3)
    except (OSError, OperationalError) as error:
        yield _failed("broker", f"It does not answer ({type(error).__name__}): look at BROKER_URL.")
    else:
        yield _ok("broker", "It answers.")


def _sandbox() -> Iterator[Finding]:
    async def run() -> Any:
        sandbox = PythonSandbox(processes=1)
        try:
            return await sandbox.run_python("sum(range(10))", {}, SANDBOX_SECONDS)
        finally:
            await sandbox.close()

    try:
        answer = asyncio.run(run())
    except (NodeError, OSError) as error:
        yield _failed("sandbox", f"code.python cannot run: {error}")
        return
    yield (
        _ok("sandbox", "code.python runs.")
        if answer == 45
        else _failed("sandbox", f"It computed {answer!r}.")
    )


def _disk() -> Iterator[Finding]:
    place = settings.STUDIO_HOME if settings.STUDIO_HOME.is_dir() else settings.BASE_DIR
    free = shutil.disk_usage(place).free
    detail = f"{free / (1 << 30):.1f} GiB free at {place}."
    yield _ok("disk", detail) if free >= LEAST_DISK_BYTES else _failed("disk", f"{detail} Make room.")


def _security() -> Iterator[Finding]:
    if settings.DEBUG:
        yield _warning("debug", "STUDIO_DEBUG is on: errors show their insides.")
    if settings.SECRET_KEY.startswith("insecure-"):
        yield _warning("secret_key", "SECRET_KEY is the known default: set your own.")
    if settings.STUDIO_ALLOW_PRIVATE_NETWORKS:
        networks = settings.STUDIO_ALLOW_PRIVATE_NETWORKS
        yield _warning("private_networks", f"Workflows may reach private networks ({networks}).")


_CHECKS: Final[tuple[Callable[[], Iterator[Finding]], ...]] = (
    _postgresql,
    _clock,
    _readiness,
    _valkey,
    _broker,
    _sandbox,
    _disk,
    _security,
)
