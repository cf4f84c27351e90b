"""The queues that workers serve and the names under which the broker knows them."""

from __future__ import annotations

from enum import StrEnum


class Queue(StrEnum):
    """`high_priority`: somebody is waiting; `webhook`: events and deliveries; `maintenance`: housekeeping."""

    DEFAULT = "default"
    HIGH_PRIORITY = "high_priority"
    WEBHOOK = "webhook"
    MAINTENANCE = "maintenance"


QUEUES: tuple[str, ...] = tuple(Queue)


def broker_queue(queue: str, region: str, home_region: str = "local") -> str:
    """`default` at home without regions, `default.eu` once a deployment names its region."""
    return queue if region == home_region else f"{queue}.{region}"
