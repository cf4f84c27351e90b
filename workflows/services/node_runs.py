"""One node of a draft alone: what leads to it is not run, but stands there with outputs that are at hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.db import connection, transaction

from studio.accounts.models import Workspace
from studio.accounts.permissions import Access
from studio.kernel.errors import Conflict, Invalid, NotFound, Problem
from studio.kernel.ids import step_range
from workflows.engine.plan import Plan, PlanNode
from workflows.engine.steps import Step as EngineStep
from workflows.models import Blob, Execution, Payload, Step, Workflow
from workflows.runtime import payload
from workflows.runtime.doorbell import bell
from workflows.runtime.submit import submit_now
from workflows.services.kept import begin_with, engine_steps
from workflows.services.pins import pins_of, step_with
from workflows.services.runs import Runnable, draft_until
from workflows.services.submission import RunRequest, build_execution

TAG: Final = "node:"
_LOOKED_THROUGH: Final = 20
"""So many of the latest executions are looked through for outputs of the nodes before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRunRequest:
    """`input` is a tuple of one when it is given; else pins count, then the latest execution that has some."""

    input: tuple[Any] | None = None
    use_pins: bool = True


@dataclass(slots=True)
class _AtHand:
    """Outputs by node, the items of lists, and what triggers gave."""

    outputs: dict[str, Any] = field(default_factory=dict)
    ports: dict[str, str | None] = field(default_factory=dict)
    items: dict[str, list[Any]] = field(default_factory=dict)
    trigger: Any = None


def run_node(*, access: Access, workflow_id: uuid.UUID, node_id: str, request: NodeRunRequest) -> Execution:
    """Start an execution that runs this node of the draft and nothing else."""
    workspace = Workspace(pk=access.workspace_id)
    workflow = Workflow.objects.filter(workspace=workspace, pk=workflow_id).first()
    if workflow is None:
        raise NotFound(what="workflow")
    if all(node["id"] != node_id for node in workflow.draft.get("nodes", ())):
        raise NotFound(what="node")
    if workflow.status == Workflow.Status.ARCHIVED:
        raise Conflict(reason="This workflow is archived.", error_code="workflow_archived")
    runnable = draft_until(workflow, node_id)
    node = runnable.plan.nodes[node_id]
    at_hand = _at_hand(workflow, node, request)
    return _start(access, workflow, runnable, node, at_hand)


def _at_hand(workflow: Workflow, node: PlanNode, request: NodeRunRequest) -> _AtHand:
    found = _latest(workflow, node)
    if request.use_pins:
        found.outputs.update(pins_of(workflow.pk))
    if request.input is not None:
        _give(node, request.input[0], found)
    missing = [one.node.id for one in node.sources if not one.is_owner and one.node.id not in found.outputs]
    if len(missing) == len(node.sources) and missing:
        detail = f"Nothing is at hand from {', '.join(missing)}: give an input, pin one, or run the workflow."
        raise Invalid(problems=[Problem("/input", "required", detail)])
    return found


def _give(node: PlanNode, given: Any, found: _AtHand) -> None:
    """An input has the shape that the graph gives it."""
    if node.rescues is not None:
        detail = f"{node.id} runs when {node.rescues.id} fails: run that one."
        raise Invalid(problems=[Problem("/input", "fallback", detail)])
    if not node.sources and node.parent is None:
        found.trigger = given
    elif not node.sources or (len(node.sources) == 1 and node.sources[0].is_owner):
        found.items[node.parent or ""] = [given]
    elif len(node.sources) == 1:
        found.outputs[node.sources[0].node.id] = given
    elif isinstance(given, dict) and given.keys() <= {one.node.id for one in node.sources}:
        found.outputs.update(given)
    else:
        names = ", ".join(one.node.id for one in node.sources)
        detail = f"{node.id} takes an object with what {names} put out."
        raise Invalid(problems=[Problem("/input", "wrong_type", detail)])


def _latest(workflow: Workflow, node: PlanNode) -> _AtHand:
    """Of the latest execution in which something came to the node, or could have; runs of one node are none."""
    before = [one.node.id for one in node.sources]
    recent = Execution.objects.filter(workflow=workflow).order_by("-id").values_list("pk", "tags")
    for execution_id, tags in recent[:_LOOKED_THROUGH]:
        if any(tag.startswith(TAG) for tag in tags):
            continue
        rows = Step.objects.filter(execution_id=execution_id, pk__range=step_range(execution_id))
        if not before or rows.filter(node__in=before, port__isnull=False).exists():
            return _outputs_of(execution_id, list(rows.order_by("seq")))
    return _AtHand()


def _outputs_of(execution_id: uuid.UUID, rows: list[Step]) -> _AtHand:
    found = _AtHand()
    documents = Payload.objects.filter(pk=execution_id).only("input").first()
    found.trigger = payload.load(documents.input) if documents is not None else None
    for row, step in zip(rows, engine_steps(rows), strict=True):
        if step.items is not None:
            found.items[step.node] = step.items
        if step.port is not None:
            found.outputs[step.node] = _whole(payload.load(row.output))
            found.ports[step.node] = step.port
    return found


def _whole(output: Any) -> Any:
    """A large output itself; null once it is gone."""
    blob_id = payload.reference(output)
    if blob_id is None:
        return output
    blob = Blob.objects.filter(pk=blob_id).only("body").first()
    return None if blob is None else payload.load(blob.body)


def _start(
    access: Access, workflow: Workflow, runnable: Runnable, node: PlanNode, at_hand: _AtHand
) -> Execution:
    triggers = runnable.plan.triggers
    trigger = node.id if node.spec.trigger else runnable.plan.default_trigger() or next(iter(triggers), None)
    new = build_execution(
        workspace_id=workflow.workspace_id,
        region=access.region,
        request=RunRequest(input=at_hand.trigger, trigger=trigger, tags=[f"{TAG}{node.id}"]),
        plan=runnable.plan,
        definition_id=runnable.definition_id,
        definition_body=runnable.body,
        workflow_id=workflow.pk,
        version=None,
        waiting=True,
        idempotency=None,
        started_by=access.user_id,
    )
    with transaction.atomic():
        with connection.cursor() as cursor:
            submit_now(cursor, new)
        begin_with(new, runnable.plan, list(_standing(runnable.plan, node, at_hand)))
        transaction.on_commit(partial(bell().ring, [new.queue]))
    return Execution.objects.get(pk=new.id)


def _standing(plan: Plan, node: PlanNode, at_hand: _AtHand) -> Iterator[EngineStep]:
    """A step for each node before this one, in the first iteration; lists around it hold the one item."""
    around = {part.removeprefix("each:") for part in node.shape if part.startswith("each:")}
    for other in plan.nodes.values():
        lists = {part.removeprefix("each:") for part in other.shape if part.startswith("each:")}
        if other is node or not lists <= around:
            continue
        path = _first_path(other)
        if other.id in around:
            item = at_hand.items.get(other.id) or [None]
            yield EngineStep(other.id, path, status="running", items=item[:1])
        else:
            output = at_hand.trigger if other.spec.trigger else at_hand.outputs.get(other.id)
            yield step_with(other, path, output, _port(other, node, at_hand.ports))


def _first_path(node: PlanNode) -> str:
    return "/".join("each.0" if part.startswith("each:") else "loop.1" for part in node.shape)


def _port(node: PlanNode, target: PlanNode, ports: Mapping[str, str | None]) -> str | None:
    """The port that leads to the target: at once if one does, else as the last time, else any that leads on."""
    forward = [edge for edge in node.edges if not edge.back]
    direct = [edge.port for edge in forward if edge.target is target]
    leading = [edge.port for edge in forward]
    last = ports.get(node.id)
    for found in (direct, leading):
        if found:
            return last if last in found else found[0]
    return None
