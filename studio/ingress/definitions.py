"""Which definition a run means, and its plan: kept, because most runs repeat an earlier one.

What a workflow points at may be a second old; a definition and its plan never change, so they are kept by their
id for as long as there is room.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.ingress.caching import Kept
from studio.ingress.reading import Reader
from studio.kernel import codec
from studio.kernel.errors import Conflict, Invalid, NotFound, Problem
from workflows.engine.graph import compile_plan
from workflows.engine.plan import Plan
from workflows.nodes import registry
from workflows.services.definitions import check_definition, refuse
from workflows.services.submission import RunRequest, definition_identity

POINTER_SECONDS: Final = 1.0
MOST: Final = 1_000

WORKFLOW_SQL = """
SELECT w.workspace_id, w.status, w.revision, w.published_version, v.definition_id
FROM workflows_workflow w
LEFT JOIN workflows_version v ON v.workflow_id = w.id AND v.number = w.published_version
WHERE w.id = %s
"""
DRAFT_SQL = "SELECT workspace_id, draft, problems FROM workflows_workflow WHERE id = %s AND revision = %s"
VERSION_SQL = "SELECT definition_id FROM workflows_version WHERE workflow_id = %s AND number = %s"
BODY_SQL = "SELECT body FROM workflows_definition WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Pointers:
    """What a workflow stands at."""

    workspace_id: uuid.UUID
    status: str
    revision: int
    published_version: int | None
    published_definition: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Runnable:
    """A definition that may run. `body` is None where its row is there for certain (a version holds it)."""

    plan: Plan
    definition_id: uuid.UUID
    body: bytes | None = None
    version: int | None = None


class Definitions:
    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._pointers = Kept(self._read_pointers, most=MOST, seconds=POINTER_SECONDS, worth=bool)
        self._versions = Kept(self._read_version, most=MOST, worth=bool)
        self._drafts = Kept(self._read_draft, most=MOST // 4)
        self._plans = Kept(self._read_plan, most=MOST // 2)
        self._ad_hoc: OrderedDict[uuid.UUID, Runnable] = OrderedDict()

    async def saved(self, workspace_id: uuid.UUID, workflow_id: uuid.UUID, request: RunRequest) -> Runnable:
        """What `request.version` of a workflow is; raise NotFound, Conflict or Invalid."""
        pointers = await self._pointers.get(workflow_id)
        if pointers is None or pointers.workspace_id != workspace_id:
            raise NotFound(what="workflow")
        if pointers.status == "archived":
            raise Conflict(reason="This workflow is archived.", error_code="workflow_archived")
        version = request.version
        if version is None:
            version = "published" if pointers.published_version else "draft"
        if version == "draft":
            return await self._drafts.get((workflow_id, pointers.revision))
        if pointers.status == "paused":
            raise Conflict(reason="This workflow is paused: resume it first.", error_code="workflow_paused")
        if version == "published":
            if pointers.published_definition is None:
                raise Conflict(reason="This workflow is not published yet.", error_code="not_published")
            return await self._version(pointers.published_definition, pointers.published_version)
        definition = await self._versions.get((workflow_id, int(version)))
        if definition is None:
            problem = Problem("/version", "unknown_version", f"This workflow has no version {version}.")
            raise Invalid(problems=[problem])
        return await self._version(definition, int(version))

    async def ad_hoc(self, workspace_id: uuid.UUID, document: Mapping[str, Any]) -> Runnable:
        """A definition that came with the request; raise Invalid with every problem below `/definition`."""
        identifier, body = definition_identity(workspace_id, document)
        found = self._ad_hoc.get(identifier)
        if found is None:
            # Off the loop: a thousand nodes take a while to check.
            plan = await asyncio.to_thread(_checked_plan, document)
            found = self._ad_hoc[identifier] = Runnable(plan, identifier, body)
            if len(self._ad_hoc) > MOST // 4:
                self._ad_hoc.popitem(last=False)
        self._ad_hoc.move_to_end(identifier)
        return found

    async def _version(self, definition: uuid.UUID, number: int | None) -> Runnable:
        return Runnable(await self._plans.get(definition), definition, version=number)

    async def _read_pointers(self, workflow_id: uuid.UUID) -> Pointers | None:
        row = await self.reader.row(WORKFLOW_SQL, [workflow_id])
        return Pointers(*row) if row else None

    async def _read_version(self, key: tuple[uuid.UUID, int]) -> uuid.UUID | None:
        row = await self.reader.row(VERSION_SQL, key)
        return row[0] if row else None

    async def _read_draft(self, key: tuple[uuid.UUID, int]) -> Runnable:
        row = await self.reader.row(DRAFT_SQL, key)
        if row is None:
            raise Conflict(reason="The draft changed just now; run it again.", error_code="changed_elsewhere")
        workspace_id, draft, problems = row
        if problems:
            reason = "The draft is not ready to run; `errors` says what is missing."
            raise refuse([Problem(**problem) for problem in problems], reason)
        identifier, body = definition_identity(workspace_id, draft)
        return Runnable(await asyncio.to_thread(compile_plan, draft, registry), identifier, body)

    async def _read_plan(self, definition: uuid.UUID) -> Plan:
        row = await self.reader.row(BODY_SQL, [definition])
        if row is None:
            raise NotFound(what="definition")
        return await asyncio.to_thread(compile_plan, codec.decode(row[0]), registry)


def _checked_plan(document: Mapping[str, Any]) -> Plan:
    problems = check_definition(document).problems
    if problems:
        raise refuse(problems, "The definition cannot run; `errors` says what to change.")
    return compile_plan(document, registry)
