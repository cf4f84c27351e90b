"""Definitions by their content: checked, named and stored once however often they are used."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from studio.kernel import codec
from studio.kernel.errors import Invalid, NotFound, Problem
from workflows.engine import definition as engine
from workflows.engine.findings import Report
from workflows.engine.schema import VERSION
from workflows.models import Definition
from workflows.nodes import registry
from workflows.services.submission import definition_identity

_PROBLEMS_SHOWN = 200


def empty_definition() -> dict[str, Any]:
    """What a workflow that was only named starts with."""
    return {"schema": VERSION, "nodes": [], "edges": []}


def check_definition(document: Any) -> Report:
    """Every problem, with pointers relative to the definition."""
    return engine.validate(document, registry)


def problems_to_publish(document: Mapping[str, Any]) -> list[Problem]:
    """What keeps a definition from being published; nothing when it may be."""
    problems = check_definition(document).problems
    missing = engine.missing_trigger(document)
    return [*problems, missing] if missing is not None else problems


def refuse(problems: list[Problem], reason: str, *, below: str = "/definition") -> Invalid:
    """The error that names these problems, their pointers placed below that of the definition."""
    shown = problems[:_PROBLEMS_SHOWN]
    placed = [Problem(f"{below}{one.pointer}", one.code, one.detail) for one in shown]
    return Invalid(reason=reason, problems=placed)


def store_definition(workspace_id: uuid.UUID, document: Mapping[str, Any]) -> Definition:
    """The row that holds this content; made when there is none yet."""
    identifier, body = definition_identity(workspace_id, document)
    row = Definition(id=identifier, workspace_id=workspace_id, body=body)
    Definition.objects.bulk_create([row], ignore_conflicts=True)
    return row


def load_definition(workspace_id: uuid.UUID, identifier: uuid.UUID) -> dict[str, Any]:
    """The document; raise NotFound."""
    row = Definition.objects.filter(workspace_id=workspace_id, pk=identifier).only("body").first()
    if row is None:
        raise NotFound(what="definition")
    document: dict[str, Any] = codec.decode(row.body)
    return document
