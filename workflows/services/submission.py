"""From the body of a `run` request to the row that is accepted: shared by the ingress, the API and commands.

Pure: whoever calls it loads the definition and commits the row (`workflows.runtime.submit`).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from studio.kernel import codec
from studio.kernel.errors import Invalid, Problem
from studio.kernel.ids import content_id, uuid7
from studio.operations.queues import Queue
from workflows.engine.findings import escaped
from workflows.engine.plan import Plan
from workflows.runtime import payload
from workflows.runtime.records import Idempotency, NewExecution

MAX_PRIORITY: Final = 9
MAX_TAGS: Final = 20
MAX_TAG_LENGTH: Final = 60
MANUAL: Final = "trigger.manual"

_SAVED_KEYS = frozenset({"input", "version", "trigger", "priority", "tags"})
_AD_HOC_KEYS = frozenset({"input", "definition", "trigger", "priority", "tags"})
_EDITING_KEYS = frozenset({"until", "use_pins"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to run and on what. `version` None: the published one, or the draft while nothing is published.

    People at work on a draft may run it up to one node (`until`), and with its pinned outputs (`use_pins`).
    """

    input: Any = None
    version: str | int | None = None
    trigger: str | None = None
    definition: Mapping[str, Any] | None = None
    priority: int = 0
    tags: list[str] = field(default_factory=list)
    until: str | None = None
    use_pins: bool = False


def read_run_request(document: Any, *, ad_hoc: bool, editing: bool = False) -> RunRequest:
    """Read a decoded body (None when there was none); raise Invalid naming every problem by pointer.

    `editing`: it comes from a person, who may run a part of a draft.
    """
    if document is None:
        document = {}
    if not isinstance(document, dict):
        raise Invalid(problems=[Problem("", "wrong_type", "Send a JSON object.")])
    allowed = _AD_HOC_KEYS if ad_hoc else _SAVED_KEYS | (_EDITING_KEYS if editing else frozenset())
    problems = list(_problems(document, allowed, ad_hoc=ad_hoc))
    if problems:
        raise Invalid(problems=problems)
    return RunRequest(
        input=document.get("input"),
        version=document.get("version"),
        trigger=document.get("trigger"),
        definition=document.get("definition"),
        priority=document.get("priority") or 0,
        tags=list(document.get("tags") or ()),
        until=document.get("until"),
        use_pins=document.get("use_pins") or False,
    )


def definition_identity(workspace_id: uuid.UUID, document: Mapping[str, Any]) -> tuple[uuid.UUID, bytes]:
    """The id of a definition by its content within a workspace, and its stored form.

    Key order does not count: a draft that came back from the database has the id it was sent with.
    """
    canonical = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return content_id(workspace_id.bytes, canonical), codec.encode(document)


def run_idempotency(key: str | None, *, workflow_id: uuid.UUID | None, body: bytes) -> Idempotency | None:
    """What makes a run with this `Idempotency-Key` happen once, through whichever door it comes."""
    if key is None:
        return None
    route = "/api/v1/run" if workflow_id is None else f"/api/v1/workflows/{workflow_id}/run"
    return Idempotency(scope=f"POST {route}", key=key, body_hash=hashlib.sha256(body).digest())


def build_execution(
    *,
    workspace_id: uuid.UUID,
    region: str,
    request: RunRequest,
    plan: Plan,
    definition_id: uuid.UUID,
    definition_body: bytes | None,
    workflow_id: uuid.UUID | None,
    version: int | None,
    waiting: bool,
    idempotency: Idempotency | None,
    started_by: uuid.UUID | None = None,
) -> NewExecution:
    """A new execution of `plan`; raise Invalid when it has no such trigger.

    `waiting`: somebody looks at a page or holds the connection open until it ends.
    """
    trigger = plan.trigger_for(request.trigger)
    identifier = uuid7()
    return NewExecution(
        id=identifier,
        workspace_id=workspace_id,
        workflow_id=workflow_id,
        version=version,
        definition_id=definition_id,
        definition_body=definition_body,
        input=stored_input(request.input, workspace_id=workspace_id, execution_id=identifier),
        trigger_node=trigger,
        trigger_kind=plan.nodes[trigger].kind if trigger else MANUAL,
        queue=Queue.HIGH_PRIORITY if waiting else Queue.DEFAULT,
        region=region,
        priority=request.priority,
        tags=request.tags,
        idempotency=idempotency,
        started_by=started_by,
    )


def stored_input(value: Any, *, workspace_id: uuid.UUID, execution_id: uuid.UUID) -> bytes:
    """An input as its row holds it: whole, however large, since the limit on bodies bounds it."""
    try:
        stored = payload.store(value, workspace_id=workspace_id, execution_id=execution_id)
    except OverflowError as error:
        problem = Problem("/input", "number_too_large", "A whole number does not fit into 64 bits.")
        raise Invalid(problems=[problem]) from error
    return stored.data if stored.blob is None else stored.blob.body


def _problems(document: Mapping[str, Any], allowed: frozenset[str], *, ad_hoc: bool) -> Iterator[Problem]:
    for key in document:
        if key not in allowed:
            yield Problem(f"/{escaped(key)}", "unknown_key", f"Use {', '.join(sorted(allowed))}.")
    if ad_hoc and not isinstance(document.get("definition"), dict):
        yield Problem("/definition", "required", "Send the definition to run as an object.")
    if not ad_hoc and not _is_version(document.get("version")):
        yield Problem("/version", "unknown_version", 'Use "draft", "published" or the number of a version.')
    trigger = document.get("trigger")
    if trigger is not None and not isinstance(trigger, str):
        yield Problem("/trigger", "wrong_type", "Name the trigger by its node id.")
    priority = document.get("priority")
    if priority is not None and not (_is_integer(priority) and 0 <= priority <= MAX_PRIORITY):
        yield Problem("/priority", "out_of_range", f"Use a whole number from 0 to {MAX_PRIORITY}.")
    yield from _tag_problems(document.get("tags"))
    if not ad_hoc:
        yield from _editing_problems(document)


def _editing_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    until, use_pins = document.get("until"), document.get("use_pins")
    if until is not None and not isinstance(until, str):
        yield Problem("/until", "wrong_type", "Name the last node to run by its id.")
    if use_pins is not None and not isinstance(use_pins, bool):
        yield Problem("/use_pins", "wrong_type", "Use true or false.")
    for name in ("until", "use_pins"):
        if document.get(name) and document.get("version") != "draft":
            yield Problem(
                f"/{name}", "not_a_draft", 'Only a draft runs so: send `"version": "draft"` with it.'
            )


def _tag_problems(tags: Any) -> Iterator[Problem]:
    if tags is None:
        return
    if not isinstance(tags, list) or len(tags) > MAX_TAGS:
        yield Problem("/tags", "wrong_type", f"Send a list of at most {MAX_TAGS} strings.")
        return
    for index, tag in enumerate(tags):
        if not isinstance(tag, str) or not 1 <= len(tag) <= MAX_TAG_LENGTH:
            yield Problem(f"/tags/{index}", "wrong_type", f"A tag has 1 to {MAX_TAG_LENGTH} characters.")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_version(value: Any) -> bool:
    return value in (None, "draft", "published") or (_is_integer(value) and 1 <= value < 2**31)
