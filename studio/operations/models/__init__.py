"""Operators' tables."""

from studio.operations.models.worker import Worker

__all__ = ["Worker"]
