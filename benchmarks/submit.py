"""Durable submissions a second over `POST /api/v1/workflows/{id}/run`: 50 keep-alive clients, 202 after commit.

The floor is the same executions through the same group committer without HTTP. Run it with
`python benchmarks/submit.py [--seconds 10]`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import uuid
from functools import partial
from typing import Any

from ingress_load import CLIENTS, Result, floor, ingress, load, post, stores

BODY = json.dumps(
    {"input": {"order": 7, "lines": [{"sku": f"sku-{n}", "count": n} for n in range(20)]}}
).encode()
NODES = [
    {"id": "start", "kind": "trigger.manual"},
    *({"id": f"n{n}", "kind": "data.set", "params": {"values": {"n": n}}} for n in range(9)),
]
CHAIN = [node["id"] for node in NODES]
DEFINITION = {
    "schema": "studio/1",
    "nodes": NODES,
    "edges": [{"from": a, "to": b} for a, b in itertools.pairwise(CHAIN)],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    with stores():
        workflow, token = _published_workflow()
        request = post(f"/api/v1/workflows/{workflow.pk}/run", BODY, Authorization=f"Bearer {token}")
        with ingress() as server:
            accepted = load(server, request, seconds=given.seconds)
        stored = _stored()
        bare = asyncio.run(_floor(workflow.workspace_id, given.seconds / 2))
    print(f"{CLIENTS} keep-alive clients, bodies of {len(BODY)} bytes, synchronous_commit=on")
    print(bare.line("floor: the same rows group-committed, no HTTP"))
    print(accepted.line("executions accepted"))
    statuses = ", ".join(
        f"{count:,} x {status.decode()}" for status, count in sorted(accepted.statuses.items())
    )
    print(f"answers: {statuses}; executions stored in all: {stored:,}")


def _published_workflow() -> tuple[Any, str]:
    from studio.accounts.access import SYSTEM
    from studio.accounts.roles import Role
    from studio.accounts.services.api_keys import create_api_key
    from studio.accounts.services.workspaces import create_workspace
    from workflows.services.versions import publish_workflow
    from workflows.services.workflows import create_workflow

    workspace = create_workspace(slug="bench", name="Bench", by=SYSTEM)
    key = create_api_key(workspace=workspace, name="bench", role=Role.OPERATOR, by=SYSTEM)
    workflow = create_workflow(workspace=workspace, by=SYSTEM, name="Bench", definition=DEFINITION)
    publish_workflow(workspace=workspace, workflow_id=workflow.pk, by=SYSTEM)
    return workflow, key.token


async def _floor(workspace_id: uuid.UUID, seconds: float) -> Result:
    from studio.common.committer import GroupCommitter
    from workflows.engine.graph import compile_plan
    from workflows.nodes import registry
    from workflows.runtime.connect import connect
    from workflows.runtime.submit import SubmitWriter
    from workflows.services.submission import RunRequest, build_execution

    plan = compile_plan(DEFINITION, registry)
    asked = RunRequest(input=json.loads(BODY)["input"])
    definition_id, workflow_id = uuid.uuid4(), uuid.uuid4()
    committer = GroupCommitter(partial(connect, "bench"), SubmitWriter(), "bench")
    committer.start()

    async def submit() -> None:
        execution = build_execution(
            workspace_id=workspace_id, region="local", request=asked, plan=plan, definition_id=definition_id,
            definition_body=None, workflow_id=workflow_id, version=1, waiting=False, idempotency=None,
        )  # fmt: skip
        await committer.submit(execution)

    result = await floor(submit, seconds=seconds)
    await committer.close()
    return result


def _stored() -> int:
    from workflows.models import Execution

    return Execution.objects.count()


if __name__ == "__main__":
    main()
