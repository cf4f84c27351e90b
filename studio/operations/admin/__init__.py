"""Operators' page of workers."""

from studio.operations.admin.worker import WorkerAdmin

__all__ = ["WorkerAdmin"]
