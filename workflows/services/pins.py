"""Pinned outputs: what a node of a draft puts out, in runs that ask for it, without being run."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Invalid, NotFound, Problem
from studio.security.services import audit
from workflows.engine.plan import Plan, PlanNode
from workflows.engine.steps import Step as EngineStep
from workflows.models import Pin, Workflow
from workflows.services.workflows import lock_workflow


@transaction.atomic
def pin_output(*, workspace: Workspace, workflow_id: uuid.UUID, node: str, output: Any, by: Actor) -> Pin:
    """Keep `output` for a node of the draft, in place of an earlier one."""
    workflow = lock_workflow(workspace=workspace, workflow_id=workflow_id)
    if node not in _ids(workflow):
        detail = f"The draft has no node `{node}`."
        raise Invalid(reason=detail, problems=[Problem("", "unknown_node", detail)])
    pin, _ = Pin.objects.update_or_create(workflow=workflow, node=node, defaults={"output": output})
    audit.record("workflow.output_pinned", target=workflow, by=by, details={"node": node})
    return pin


@transaction.atomic
def unpin_output(*, workspace: Workspace, workflow_id: uuid.UUID, node: str, by: Actor) -> None:
    workflow = lock_workflow(workspace=workspace, workflow_id=workflow_id)
    removed, _ = Pin.objects.filter(workflow=workflow, node=node).delete()
    if not removed:
        raise NotFound(what="pin")
    audit.record("workflow.output_unpinned", target=workflow, by=by, details={"node": node})


def pins_of(workflow_id: uuid.UUID) -> dict[str, Any]:
    """Outputs by node id."""
    return dict(Pin.objects.filter(workflow_id=workflow_id).values_list("node", "output"))


def pinned_steps(workflow_id: uuid.UUID, plan: Plan) -> list[EngineStep]:
    """Steps that a run begins with. A node that runs several times has no one output that could stand for it."""
    pins = pins_of(workflow_id)
    return [
        step_with(node, "", pins[node.id])
        for node in plan.nodes.values()
        if node.id in pins and not node.shape and not node.spec.trigger
    ]


def step_with(node: PlanNode, iteration: str, output: Any, port: str | None = None) -> EngineStep:
    """A step that has ended with this output."""
    return EngineStep(node.id, iteration, status="succeeded", output=output, port=port or node.main_port)


def _ids(workflow: Workflow) -> set[str]:
    return {node["id"] for node in workflow.draft.get("nodes", ())}
