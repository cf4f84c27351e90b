"""Going on from where an execution ended: the plan first, then a new execution that begins with what stands."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from django.db import connection, transaction
from django.db.models.functions import Now

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel import codec
from studio.kernel.errors import Conflict, Invalid, NodeError, Problem
from studio.kernel.ids import step_id, uuid7
from studio.security.services import audit
from workflows.engine.events import StepKey
from workflows.engine.findings import escaped
from workflows.engine.kinds import Effect
from workflows.engine.lineage import Place, WrongIteration, place_of
from workflows.engine.plan import Plan, PlanNode
from workflows.engine.resume import Action, Resumption, Verdict, plan_resumption
from workflows.engine.steps import Step as EngineStep
from workflows.models import DeadLetter, Execution, Payload, Step
from workflows.models.execution import FINAL_STATUSES
from workflows.nodes import registry
from workflows.runtime.doorbell import bell
from workflows.runtime.records import NewExecution
from workflows.runtime.submit import submit_now
from workflows.services.executions import get_execution
from workflows.services.hints import hint
from workflows.services.kept import begin_with, engine_steps, rows_without_outputs
from workflows.services.plans import plan_of
from workflows.services.presentation import iteration_path
from workflows.services.runs import Runnable, saved_definition
from workflows.services.submission import MANUAL, stored_input

SAME: Final = "same"
SHOWN: Final = 1_000
"""So many steps of a plan are shown, those that are run again first; all are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    """Where and on what to go on. `from_node` None: from what did not come to a good end.

    `input` is a tuple of one when there is a new one. `outputs` go by `node` or `node:iteration`. `send_again`:
    writes get idempotency keys of their own, so that the other side acts once more. `child`: `from_node` awaits a
    sub-workflow, which is not started anew but goes on itself.
    """

    from_node: str | None = None
    iteration: str = ""
    version: str | int = SAME
    input: tuple[Any] | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    send_again: bool = False
    child: ResumeRequest | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A resumption that can be shown, and carried out. `child` is that of the sub-workflow that `call` awaits."""

    execution: Execution
    request: ResumeRequest
    target: Runnable
    trigger_node: str | None
    rows: Sequence[Step]
    found: Resumption
    call: StepKey | None = None
    child: Prepared | None = None


def prepare_resumption(*, workspace: Workspace, execution_id: uuid.UUID, request: ResumeRequest) -> Prepared:
    """Say what becomes of every step; raise Conflict while it runs, Invalid for what is not there."""
    execution = get_execution(workspace=workspace, execution_id=execution_id)
    if execution.status not in FINAL_STATUSES:
        reason = f"The execution has not ended: it is {execution.status}. Cancel it first."
        raise Conflict(reason=reason, error_code="execution_not_ended")
    before = _plan_before(execution)
    target = _target(execution, before, request.version)
    trigger_node = _trigger_node(target.plan, execution.trigger_node)
    rows = rows_without_outputs(execution.pk)
    start = _start(target.plan, rows, request)
    outputs = _outputs(target.plan, request.outputs)
    if request.child is not None:
        call = _call(start, request)
        child = _prepare_child(workspace, execution, call, request.child)
        outputs[call] = None
    found = plan_resumption(
        target.plan,
        engine_steps(rows),
        before=before,
        start=None if request.child is not None else start,
        outputs=outputs,
        trigger_node=trigger_node,
        effect_of=effect_of,
    )
    if request.from_node is None and not request.outputs and not found.with_action(*_ACTS):
        raise _invalid("/from_node", "required", "Nothing failed: say from which node to go on.")
    prepared = Prepared(execution, request, target, trigger_node, rows, found)
    if request.child is None:
        return prepared
    return replace(prepared, found=_awaiting(found, call), call=call, child=child)


def prepare_retry(*, workspace: Workspace, execution_id: uuid.UUID) -> Prepared:
    """From what failed, on the same version; raise Conflict for what did not fail and was not cancelled."""
    execution = get_execution(workspace=workspace, execution_id=execution_id)
    if execution.status in FINAL_STATUSES and execution.status not in ("failed", "cancelled"):
        reason = f"The execution is {execution.status}: there is nothing to retry. Resume it from a node."
        raise Conflict(reason=reason, error_code="nothing_failed")
    return prepare_resumption(workspace=workspace, execution_id=execution_id, request=ResumeRequest())


@transaction.atomic
def resume(prepared: Prepared, *, by: Actor) -> Execution:
    """Start the execution that goes on from the kept steps."""
    return _insert(prepared, _new_execution(prepared, by), by)


def _insert(prepared: Prepared, new: NewExecution, by: Actor) -> Execution:
    old, request = prepared.execution, prepared.request
    kept, written_in = _kept_steps(prepared)
    with connection.cursor() as cursor:
        submit_now(cursor, new)
    if prepared.child is not None and prepared.call is not None:
        child = _new_execution(prepared.child, by)
        child.parent_id, child.parent_step_id = new.id, step_id(new.id, *prepared.call)
        child.depth = prepared.child.execution.depth
        _await_child(next(step for step in kept if step.key == prepared.call), child)
        _insert(prepared.child, child, by)
    begin_with(new, prepared.target.plan, kept, taken_from=prepared.rows, written_in=written_in)
    execution = Execution.objects.get(pk=new.id)
    details = {
        "resumed_from": str(old.pk),
        "from_node": request.from_node,
        "version": request.version,
        "edited": sorted(request.outputs),
        "send_again": request.send_again,
    }
    audit.record("execution.resumed", target=execution, by=by, details=details)
    _settle_dead_letter(old, execution, by)
    transaction.on_commit(partial(bell().ring, [new.queue]))
    return execution


def _settle_dead_letter(old: Execution, new: Execution, by: Actor) -> None:
    """Whichever way somebody goes on from a dead letter, nothing is to be done about it any more."""
    letters = DeadLetter.objects.filter(pk=old.pk, state=DeadLetter.State.OPEN)
    settled = {"settled_by": by.actor_name, "settled_at": Now(), "retried_as": new.pk}
    if letters.update(state=DeadLetter.State.RETRIED, **settled):
        hint(old.workspace_id, "dead_letter", [old.pk])


def present(prepared: Prepared) -> dict[str, Any]:
    """The plan, with that of the sub-workflow that goes on in it."""
    child = None if prepared.child is None else present(prepared.child)
    return {**present_plan(prepared.found), "child": child}


def present_plan(found: Resumption) -> dict[str, Any]:
    """What is kept, run again and undone; resuming undoes nothing."""
    counts = {str(action): len(found.with_action(action)) for action in Action}
    first = sorted(found.verdicts, key=lambda verdict: verdict.action not in _ACTS)
    return {
        "counts": {**counts, "undone": 0, "repeats": len(found.repeats)},
        "steps": [_present(verdict) for verdict in first[:SHOWN]],
        "truncated": len(first) > SHOWN,
    }


def effect_of(node: PlanNode) -> Effect:
    """The effect with its params as written; that of its kind where they cannot be read yet."""
    kind = registry.node(node.kind)
    try:
        return kind.effect_of(registry.parse_params(node.kind, node.params))
    except NodeError:
        return kind.effect


_ACTS = (Action.RERUN, Action.REOPENED)


def _present(verdict: Verdict) -> dict[str, Any]:
    return {
        "node": verdict.node,
        "iteration": iteration_path(verdict.iteration),
        "action": str(verdict.action),
        "reason": None if verdict.reason is None else str(verdict.reason),
        "after": verdict.after,
        "repeats": verdict.repeats,
    }


def _plan_before(execution: Execution) -> Plan:
    plan = plan_of(execution.workspace_id, execution.definition_id)
    if plan is None:
        reason = "What it ran cannot be read any more: a kind of node is not installed here."
        raise Conflict(reason=reason, error_code="kind_missing")
    return plan


def _target(execution: Execution, before: Plan, version: str | int) -> Runnable:
    if version == SAME:
        return Runnable(before, execution.definition_id, version=execution.version)
    if execution.workflow_id is None:
        raise _invalid("/version", "unknown_version", "It ran a definition that was never saved: use `same`.")
    return saved_definition(execution.workspace_id, execution.workflow_id, version)


def _trigger_node(plan: Plan, before: str | None) -> str | None:
    if before in plan.triggers:
        return before
    try:
        return plan.trigger_for(None)
    except Invalid as error:
        raise _invalid("/version", "trigger_gone", f"This version has no trigger node `{before}`.") from error


def _start(plan: Plan, rows: Sequence[Step], request: ResumeRequest) -> Place | None:
    if request.from_node is None:
        if request.iteration:
            raise _invalid("/iteration", "conflict", "Say which node's iteration it is in `from_node`.")
        return None
    node = plan.nodes.get(request.from_node)
    if node is None:
        raise _invalid("/from_node", "unknown_node", f"This version has no node `{request.from_node}`.")
    place = _placed(node, request.iteration, "/iteration")
    path = request.iteration
    if path and not any(row.iteration == path or row.iteration.startswith(f"{path}/") for row in rows):
        raise _invalid("/iteration", "unknown_iteration", f"It never came to {path}.")
    return place


def _outputs(plan: Plan, given: Mapping[str, Any]) -> dict[StepKey, Any]:
    found: dict[StepKey, Any] = {}
    for name, output in given.items():
        pointer = f"/outputs/{escaped(name)}"
        node_id, _, iteration = name.partition(":")
        node = plan.nodes.get(node_id)
        if node is None:
            raise _invalid(pointer, "unknown_node", f"This version has no node `{node_id}`.")
        if not _placed(node, iteration, pointer).is_exact:
            detail = f"{node_id} runs several times: name one as `{node_id}:each.0` or `{node_id}:loop.1`."
            raise _invalid(pointer, "iteration_required", detail)
        found[(node_id, iteration)] = output
    return found


def _placed(node: PlanNode, iteration: str, pointer: str) -> Place:
    try:
        return place_of(node, iteration)
    except WrongIteration as error:
        around = " and ".join(node.shape) or "no loop and no list"
        detail = f"`{iteration}` does not fit {node.id}, around which there is {around}."
        raise _invalid(pointer, "wrong_iteration", detail) from error


def _call(start: Place | None, request: ResumeRequest) -> StepKey:
    if start is None or request.from_node is None:
        raise _invalid("/from_node", "required", "Say which node awaits the sub-workflow.")
    if not start.is_exact:
        raise _invalid("/iteration", "iteration_required", "Say which iteration awaits the sub-workflow.")
    return (request.from_node, request.iteration)


def _prepare_child(
    workspace: Workspace, execution: Execution, call: StepKey, request: ResumeRequest
) -> Prepared:
    step = step_id(execution.pk, *call)
    child = Execution.objects.filter(parent_id=execution.pk, parent_step_id=step).order_by("-id").first()
    if child is None:
        raise _invalid("/child", "no_child", f"{call[0]} has not awaited a sub-workflow.")
    try:
        return prepare_resumption(workspace=workspace, execution_id=child.pk, request=request)
    except Invalid as error:
        placed = [Problem(f"/child{one.pointer}", one.code, one.detail) for one in error.problems]
        raise Invalid(problems=placed) from error


def _awaiting(found: Resumption, call: StepKey) -> Resumption:
    verdicts = [
        Verdict(*call, Action.REOPENED) if (one.node, one.iteration) == call else one
        for one in found.verdicts
    ]
    return replace(found, verdicts=verdicts)


def _await_child(step: EngineStep, child: NewExecution) -> None:
    step.status = "waiting"
    step.output = step.port = None
    step.attempt = max(step.attempt, 1)
    step.wait = {"kind": "child", "execution": str(child.id), "reason": "the sub-workflow that goes on"}


def _new_execution(prepared: Prepared, by: Actor) -> NewExecution:
    old, target, request = prepared.execution, prepared.target, prepared.request
    identifier = uuid7()
    trigger = prepared.trigger_node
    return NewExecution(
        id=identifier,
        workspace_id=old.workspace_id,
        workflow_id=old.workflow_id,
        version=target.version,
        definition_id=target.definition_id,
        definition_body=target.body,
        input=_input(old, identifier, request),
        trigger_node=trigger,
        trigger_kind=target.plan.nodes[trigger].kind if trigger else MANUAL,
        queue=old.queue,
        region=old.region,
        priority=old.priority,
        resumed_from=old.pk,
        started_by=by.user_id,
        lineage_id=None if request.send_again else old.lineage_id or old.pk,
        tags=list(old.tags),
    )


def _input(old: Execution, identifier: uuid.UUID, request: ResumeRequest) -> bytes:
    if request.input is not None:
        return stored_input(request.input[0], workspace_id=old.workspace_id, execution_id=identifier)
    documents = Payload.objects.filter(pk=old.pk).only("input").first()
    return codec.encode(None) if documents is None or documents.input is None else bytes(documents.input)


def _kept_steps(prepared: Prepared) -> tuple[list[EngineStep], set[StepKey]]:
    """The kept steps, and those whose output is not as it was; a trigger puts out the new input."""
    kept = [step.copy() for step in prepared.found.kept]
    written_in = {(one.node, one.iteration) for one in prepared.found.with_action(Action.EDITED)}
    if prepared.call is not None:
        written_in.add(prepared.call)
    for step in kept:
        if prepared.request.input is not None and step.key == (prepared.trigger_node, ""):
            step.output = prepared.request.input[0]
            written_in.add(step.key)
    return kept, written_in


def _invalid(pointer: str, code: str, detail: str) -> Invalid:
    return Invalid(problems=[Problem(pointer, code, detail)])
