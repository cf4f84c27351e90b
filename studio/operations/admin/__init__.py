"""Operators' pages of workers and breakers."""

from studio.operations.admin.breaker import BreakerAdmin
from studio.operations.admin.worker import WorkerAdmin

__all__ = ["BreakerAdmin", "WorkerAdmin"]
