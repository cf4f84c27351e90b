"""Tables that several apps share."""

from studio.common.models.idempotency import IdempotencyKey

__all__ = ["IdempotencyKey"]
