"""What people do with events that arrived."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Final

from django.db import transaction

from studio.accounts.access import Actor
from studio.kernel.clock import utcnow
from studio.kernel.errors import Conflict, NotFound
from studio.kernel.ids import uuid7
from studio.operations.queues import Queue
from studio.security.services import audit
from webhooks.inbound.processing import NOT_PUBLISHED
from webhooks.models import Event
from workflows.runtime.doorbell import bell

REPLAY: Final = "replay"


@transaction.atomic
def replay_event(*, workspace_id: uuid.UUID, event_id: uuid.UUID, by: Actor) -> Event:
    """Let the event happen again, from the bytes that came, on the version that is published now.

    The new event is one of its own; the original stays as it was. Raise NotFound, or Conflict for one whose
    sender was not believed or that waits to be processed anyhow.
    """
    original = Event.objects.filter(workspace_id=workspace_id, pk=event_id).first()
    if original is None:
        raise NotFound(what="webhook event")
    if original.status == Event.Status.STORED:
        raise Conflict(reason="This event has not been processed yet.", error_code="event_pending")
    if original.status == Event.Status.REFUSED and original.reason != NOT_PUBLISHED:
        raise Conflict(reason="This request was refused; it is no event.", error_code="event_refused")
    again = Event.objects.create(
        id=uuid7(),
        workspace_id=original.workspace_id,
        source_id=original.source_id,
        workflow_id=original.workflow_id,
        node=original.node,
        status=Event.Status.STORED,
        reason=f"{REPLAY} of {original.pk}",
        method=original.method,
        path=original.path,
        query=original.query,
        headers=original.headers,
        body=original.body,
        received_at=utcnow(),
    )
    audit.record("webhook_event.replayed", target=again, by=by, details={"original": str(original.pk)})
    transaction.on_commit(partial(bell().ring, [Queue.WEBHOOK]))
    return again
