"""What operators do to workers."""

from __future__ import annotations

import uuid

from django.db import transaction

from studio.accounts.access import Actor
from studio.kernel.errors import Conflict, NotFound
from studio.operations.models import Worker
from studio.security.services import audit


@transaction.atomic
def drain_worker(*, worker_id: uuid.UUID, by: Actor) -> Worker:
    """Ask a worker to leave: with its next heartbeat it stops claiming and hands on what it holds."""
    worker = Worker.objects.select_for_update().filter(pk=worker_id).first()
    if worker is None:
        raise NotFound(what="worker")
    if worker.status == Worker.Status.DRAINING:
        return worker
    if worker.status != Worker.Status.ALIVE:
        raise Conflict(reason=f"This worker is {worker.status} already.", error_code="worker_not_alive")
    # The status alone: the worker writes the other columns four times a second.
    Worker.objects.filter(pk=worker_id).update(status=Worker.Status.DRAINING)
    worker.status = Worker.Status.DRAINING
    audit.record("worker.drained", target=worker, by=by)
    return worker
