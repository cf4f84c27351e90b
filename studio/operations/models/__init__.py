"""Operators' tables."""

from studio.operations.models.breaker import Breaker
from studio.operations.models.worker import Worker

__all__ = ["Breaker", "Worker"]
