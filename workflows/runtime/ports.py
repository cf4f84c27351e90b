"""What the runtime needs from apps above or beside it; `studio.wiring` binds each to its implementation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from workflows.models import Workflow


class EventProcessor(Protocol):
    """Turns stored webhook events into executions; runs on the loop of workers that serve `webhook`."""

    async def process(self, *, limit: int) -> int:
        """Process up to `limit` stored events and answer how many; `limit` means there may be more.

        Any number of workers call this at once, so it claims what it takes (SKIP LOCKED). It rings the
        queues of what it submits, and it never blocks the loop.
        """


class Credentials(Protocol):
    """Opens the secrets that nodes refer to."""

    async def open(self, *, workspace_id: uuid.UUID, ref: str) -> Mapping[str, Any]:
        """The fields of the credential with this id or name; raise Permanent (`auth`) if there is none."""

    async def identity(self, *, workspace_id: uuid.UUID, ref: str) -> str:
        """Which credential that is and how often it was changed, without opening it; raise as `open` does."""


class WebhookSources(Protocol):
    """Keeps one webhook address for each `trigger.webhook` node of a published workflow."""

    def sync(self, workflow: Workflow, definition: Mapping[str, Any]) -> None:
        """Make, change and switch off addresses to fit the published definition and the workflow's status.

        Called within the transaction that publishes, pauses, resumes or archives. A node that comes back
        gets its old address again.
        """


class Admission(Protocol):
    """How much of a workspace may run at once."""

    def limits(self) -> Mapping[str, int]:
        """Executions at once by tier; a tier that is not named has no limit."""


class TierLimits:
    """What each tier may run at once while nobody sells tiers."""

    def limits(self) -> Mapping[str, int]:
        return {"free": 5, "pro": 20}


@dataclass
class Ports:
    """What is bound in this process; None where nothing is."""

    events: EventProcessor | None = None
    credentials: Credentials | None = None
    webhook_sources: WebhookSources | None = None
    admission: Admission = field(default_factory=TierLimits)


bound = Ports()
