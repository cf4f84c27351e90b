"""Credentials: written by people, opened only for the node that uses them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from psycopg import AsyncConnection

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict, Invalid, NotFound, Problem
from studio.kernel.ids import uuid7
from studio.security.encryption import key_ring, open_fields, seal_fields
from studio.security.kinds import KINDS
from studio.security.models import Credential
from studio.security.services import audit

FIND_SQL = """
WITH found AS (
    SELECT id, kind, secret, last_used_at FROM security_credential
    WHERE workspace_id = %(workspace)s AND (id = %(id)s::uuid OR name = %(name)s)
    ORDER BY id = %(id)s::uuid DESC NULLS LAST LIMIT 1
), noted AS (
    UPDATE security_credential SET last_used_at = now() FROM found
    WHERE security_credential.id = found.id
      AND (found.last_used_at IS NULL OR found.last_used_at < now() - interval '1 minute')
)
SELECT id, kind, secret FROM found
"""

IDENTITY_SQL = """
SELECT id, revision FROM security_credential
WHERE workspace_id = %(workspace)s AND (id = %(id)s::uuid OR name = %(name)s)
ORDER BY id = %(id)s::uuid DESC NULLS LAST LIMIT 1
"""


@dataclass(frozen=True)
class OpenCredential:
    """Fields in the clear; never logged, never stored, never in a message."""

    id: uuid.UUID
    kind: str
    fields: Mapping[str, str] = field(repr=False)


@transaction.atomic
def create_credential(
    *, workspace: Workspace, name: str, kind: str, fields: Mapping[str, Any], by: Actor
) -> Credential:
    """A new credential; raise Invalid naming every field that is wrong."""
    _check(kind, fields)
    identifier = uuid7()
    credential = Credential(
        id=identifier,
        workspace=workspace,
        name=name,
        kind=kind,
        secret=seal_fields(fields, workspace_id=workspace.pk, credential_id=identifier),
        field_names=sorted(fields),
        created_by_id=by.user_id,
    )
    _save(credential)
    audit.record("credential.created", target=credential, by=by, details={"kind": kind})
    return credential


@transaction.atomic
def update_credential(
    *, credential: Credential, by: Actor, name: str | None = None, fields: Mapping[str, Any] | None = None
) -> Credential:
    """Rename it, or replace all of its fields: what was there cannot be read to be merged with."""
    if name is not None:
        credential.name = name
    if fields is not None:
        _check(credential.kind, fields)
        credential.secret = seal_fields(
            fields, workspace_id=credential.workspace_id, credential_id=credential.pk
        )
        credential.field_names = sorted(fields)
    credential.revision += 1
    _save(credential)
    audit.record(
        "credential.updated", target=credential, by=by, details={"secret_replaced": fields is not None}
    )
    return credential


@transaction.atomic
def delete_credential(*, credential: Credential, by: Actor) -> None:
    """Nodes that still name it fail with `credential_missing`."""
    audit.record("credential.deleted", target=credential, by=by, details={"kind": credential.kind})
    credential.delete()


def reseal_credentials(*, by: Actor, dry_run: bool = False) -> int:
    """Seal with the newest key whatever an older one sealed, row by row; answers how many there were."""
    count = 0
    for identifier in Credential.objects.order_by("id").values_list("id", flat=True).iterator():
        with transaction.atomic():
            credential = Credential.objects.select_for_update().filter(pk=identifier).first()
            if credential is None or key_ring().is_current(bytes(credential.secret)):
                continue
            count += 1
            if not dry_run:
                _reseal(credential, by)
    return count


def _reseal(credential: Credential, by: Actor) -> None:
    place = {"workspace_id": credential.workspace_id, "credential_id": credential.pk}
    sealed = seal_fields(open_fields(credential.secret, **place), **place)
    Credential.objects.filter(pk=credential.pk).update(secret=sealed)
    audit.record("credential.resealed", target=credential, by=by)


async def identify_credential(connection: AsyncConnection[Any], *, workspace_id: uuid.UUID, ref: str) -> str:
    """Its id and revision: what is known by it holds until somebody changes it; raise NotFound."""
    cursor = await connection.execute(IDENTITY_SQL, _wanted(workspace_id, ref), binary=True)
    row = await cursor.fetchone()
    if row is None:
        raise NotFound(what="credential")
    return f"{row[0]}:{row[1]}"


async def open_credential(
    connection: AsyncConnection[Any], *, workspace_id: uuid.UUID, ref: str
) -> OpenCredential:
    """For the runtime: find by id or name, note the use to the minute, open; raise NotFound."""
    cursor = await connection.execute(FIND_SQL, _wanted(workspace_id, ref), binary=True)
    return _opened(workspace_id, await cursor.fetchone())


def open_credential_now(*, workspace_id: uuid.UUID, ref: str) -> OpenCredential:
    """The same for code that runs in Django."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(FIND_SQL, _wanted(workspace_id, ref))
        return _opened(workspace_id, cursor.fetchone())


def _wanted(workspace_id: uuid.UUID, ref: str) -> dict[str, Any]:
    try:
        identifier = uuid.UUID(ref)
    except ValueError:
        identifier = None
    return {"workspace": workspace_id, "id": identifier, "name": ref}


def _opened(workspace_id: uuid.UUID, row: tuple[Any, ...] | None) -> OpenCredential:
    if row is None:
        raise NotFound(what="credential")
    identifier, kind, sealed = row
    fields = open_fields(sealed, workspace_id=workspace_id, credential_id=identifier)
    return OpenCredential(identifier, kind, fields)


def _check(kind: str, fields: Mapping[str, Any]) -> None:
    known = KINDS.get(kind)
    if known is None:
        raise Invalid(problems=[Problem("/kind", "unknown_kind", f"Use one of {', '.join(KINDS)}.")])
    problems = known.problems(fields)
    if problems:
        raise Invalid(problems=problems)


def _save(credential: Credential) -> None:
    try:
        with transaction.atomic():
            credential.save()
    except IntegrityError as error:
        raise Conflict(reason="A credential with this name exists already.") from error
