"""Celery tasks of workflows: the doorbell."""

from __future__ import annotations

from celery import shared_task

from workflows.runtime import process
from workflows.runtime.doorbell import TASK


@shared_task(name=TASK, ignore_result=True)
def doorbell(queue: str) -> None:
    """Wake this process's engine; ringing it twice, late or for nothing does no harm."""
    process.wake(queue)
