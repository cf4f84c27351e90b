"""The audit trail: every change leaves an entry in the transaction that makes it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db.models import Model

from studio.accounts.access import Actor
from studio.common.request_context import current
from studio.kernel.clock import utcnow
from studio.kernel.ids import uuid7
from studio.kernel.redact import redact
from studio.security.models import AuditEntry


def record(
    action: str,
    *,
    target: Model | None,
    by: Actor,
    details: Mapping[str, Any] | None = None,
    workspace_id: uuid.UUID | None = None,
) -> None:
    """Note `<noun>.<past tense>` done to `target`; the workspace is the target's unless it is given."""
    context = current()
    AuditEntry.objects.create(
        id=uuid7(),
        workspace_id=workspace_id or _workspace_of(target, by),
        actor_kind=by.actor_kind,
        actor_id=by.actor_id,
        actor_name=by.actor_name,
        action=action,
        target_kind=action.partition(".")[0],
        target_id="" if target is None else str(target.pk),
        target_name="" if target is None else str(target),
        details=redact(dict(details or {})),
        request_id=context.request_id,
        address=context.address,
        at=utcnow(),
    )


def _workspace_of(target: Model | None, by: Actor) -> uuid.UUID | None:
    if target is not None and target._meta.label_lower == "accounts.workspace":
        return uuid.UUID(str(target.pk))
    found = getattr(target, "workspace_id", None) or getattr(by, "workspace_id", None)
    return None if found is None else uuid.UUID(str(found))
