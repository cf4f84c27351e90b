"""Addresses of `trigger.webhook` nodes: kept in step with what is published, read by the door."""

from __future__ import annotations

import base64
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from django.db import transaction

from studio.accounts.access import Actor
from studio.kernel.errors import NotFound
from studio.security.encryption import SecretUnreadable, open_fields
from studio.security.models import Credential
from studio.security.services import audit
from webhooks.inbound.records import SourceEntry
from webhooks.models import Source
from workflows.models import Workflow

log = structlog.get_logger()

KIND: Final = "trigger.webhook"
TOKEN: Final = re.compile(r"[a-z2-7]{32}")
_SECRET_FIELDS: Final = ("secret", "previous_secret")

ENTRY_SQL = """
SELECT s.id, s.workspace_id, s.workflow_id, s.node, s.methods, s.authentication, s.is_active, c.id, c.secret
FROM webhooks_source s
LEFT JOIN security_credential c ON c.id = s.credential_id AND c.workspace_id = s.workspace_id
WHERE s.token = %s
"""


def new_token() -> str:
    """160 bits that nobody guesses, in letters that survive being read out."""
    return base64.b32encode(os.urandom(20)).decode().lower()


def entry_of(row: Sequence[Any]) -> SourceEntry:
    """A row of ENTRY_SQL with its secrets opened; a secret that cannot be opened is none, and none refuses."""
    source_id, workspace_id, workflow_id, node, methods, authentication, is_active, credential_id, sealed = (
        row
    )
    fields: dict[str, str] = {}
    if sealed is not None:
        try:
            fields = open_fields(sealed, workspace_id=workspace_id, credential_id=credential_id)
        except SecretUnreadable:
            log.warning("webhook.secret_unreadable", source=str(source_id))
    return SourceEntry(
        id=source_id,
        workspace_id=workspace_id,
        workflow_id=workflow_id,
        node=node,
        methods=frozenset(methods),
        authentication=authentication,
        is_active=is_active,
        secrets=[fields[name] for name in _SECRET_FIELDS if fields.get(name)],
        options={name: value for name, value in fields.items() if name not in _SECRET_FIELDS},
    )


class PublishedSources:
    """Implements `workflows.runtime.ports.WebhookSources`."""

    def sync(self, workflow: Workflow, definition: Mapping[str, Any]) -> None:
        """A node that went keeps its address, switched off, and gets it back when it returns."""
        wanted = {node["id"]: node for node in definition.get("nodes") or () if node.get("kind") == KIND}
        existing = {row.node: row for row in Source.objects.select_for_update().filter(workflow=workflow)}
        for node_id, node in wanted.items():
            _sync_one(workflow, existing.pop(node_id, None), node)
        gone = [row.pk for row in existing.values() if row.is_active]
        if gone:
            Source.objects.filter(pk__in=gone).update(is_active=False)


@transaction.atomic
def rotate_source(*, workspace_id: uuid.UUID, source_id: uuid.UUID, by: Actor) -> Source:
    """Give the source a new address; the old one is dead within seconds."""
    source = Source.objects.select_for_update().filter(workspace_id=workspace_id, pk=source_id).first()
    if source is None:
        raise NotFound(what="webhook source")
    source.token = new_token()
    source.save(update_fields=["token", "updated_at"])
    audit.record("webhook_source.rotated", target=source, by=by)
    return source


def _sync_one(workflow: Workflow, row: Source | None, node: Mapping[str, Any]) -> None:
    params = node.get("params") or {}
    disabled = bool((node.get("settings") or {}).get("disabled"))
    values = {
        "methods": list(params.get("methods") or ["POST"]),
        "authentication": params.get("authentication") or "none",
        "credential_id": _credential_id(workflow.workspace_id, params.get("credential")),
        "is_active": workflow.status == Workflow.Status.PUBLISHED and not disabled,
    }
    if row is None:
        row = Source(
            workspace_id=workflow.workspace_id, workflow=workflow, node=node["id"], token=new_token()
        )
    elif all(getattr(row, name) == value for name, value in values.items()):
        return
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def _credential_id(workspace_id: uuid.UUID, ref: str | None) -> uuid.UUID | None:
    """By id or by name, as nodes refer to credentials."""
    if ref is None:
        return None
    found = Credential.objects.filter(workspace_id=workspace_id)
    try:
        found = found.filter(pk=uuid.UUID(ref))
    except ValueError:
        found = found.filter(name=ref)
    credential_id: uuid.UUID | None = found.values_list("pk", flat=True).first()
    return credential_id
