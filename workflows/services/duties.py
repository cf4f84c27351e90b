"""What the scheduler has services do again and again: each on a thread of its own, never more than one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import structlog
from django.db import Error as StoreError
from django.db import connection

from workflows.services.grouping import BATCH, group_failures, ripen_groups
from workflows.services.job_progress import advance_jobs

log = structlog.get_logger()

Duty = Callable[[Any], Awaitable[set[str]]]


def group_all_failures() -> None:
    while group_failures() >= BATCH:
        pass


def on_a_thread(work: Callable[[], object]) -> Duty:
    """A duty of the scheduler (`workflows.scheduling.loop`); what goes wrong is tried again by the next round."""
    thread = ThreadPoolExecutor(1, thread_name_prefix=work.__name__)

    async def duty(_connection: Any) -> set[str]:
        await asyncio.get_running_loop().run_in_executor(thread, _careful, work)
        return set()

    duty.__name__ = work.__name__
    return duty


def _careful(work: Callable[[], object]) -> None:
    try:
        work()
    except StoreError as error:
        log.warning("duty.interrupted", duty=work.__name__, error=type(error).__name__)
        connection.close()
    except Exception:
        # A defect in one duty must not end the process that fires schedules.
        log.exception("duty.failed", duty=work.__name__)
        connection.close()


DUTIES: Final[list[tuple[float, Duty]]] = [
    (0.5, on_a_thread(group_all_failures)),
    (0.5, on_a_thread(advance_jobs)),
    (60.0, on_a_thread(ripen_groups)),
]
