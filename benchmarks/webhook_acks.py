"""Durable webhook acknowledgements a second: 50 keep-alive clients, each event on disk before its 202.

The floor is the same rows through the same group committer without HTTP, and the empty route (`/livez`) shows
what HTTP alone costs. Run it with `python benchmarks/webhook_acks.py [--seconds 10]`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from functools import partial

from ingress_load import CLIENTS, Result, floor, ingress, load, post, stores

BODY = json.dumps(
    {
        "ref": "refs/heads/main",
        "repository": {"full_name": "acme/shop", "private": True},
        "commits": [{"id": "3f2a" * 10, "message": "Fix the total of an order", "added": ["a.py"] * 20}] * 2,
    }
).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    with stores():
        source = _published_source()
        request = post(f"/hooks/{source.token}", BODY, X_GitHub_Event="push", User_Agent="GitHub-Hookshot/1")
        with ingress() as server:
            empty = load(server, b"GET /livez HTTP/1.1\r\nHost: b\r\n\r\n", seconds=given.seconds / 3)
            acknowledged = load(server, request, seconds=given.seconds)
            stored = _stored()
        bare = asyncio.run(_floor(source.token, given.seconds / 2))
    print(f"{CLIENTS} keep-alive clients, bodies of {len(BODY)} bytes, synchronous_commit=on")
    print(empty.line("empty route, nothing stored"))
    print(bare.line("floor: the same rows group-committed, no HTTP"))
    print(acknowledged.line("webhook acknowledgements"))
    print(f"answers: {_statuses(acknowledged)}; events stored in all: {stored:,}")


def _published_source() -> object:
    from studio.accounts.access import SYSTEM
    from studio.accounts.services.workspaces import create_workspace
    from webhooks.models import Source
    from workflows.services.versions import publish_workflow
    from workflows.services.workflows import create_workflow

    workspace = create_workspace(slug="bench", name="Bench", by=SYSTEM)
    definition = {"schema": "studio/1", "nodes": [{"id": "hook", "kind": "trigger.webhook"}], "edges": []}
    workflow = create_workflow(workspace=workspace, by=SYSTEM, name="Bench", definition=definition)
    publish_workflow(workspace=workspace, workflow_id=workflow.pk, by=SYSTEM)
    return Source.objects.get(workflow=workflow)


async def _floor(token: str, seconds: float) -> Result:
    from studio.common.committer import GroupCommitter
    from studio.ingress.reading import Reader
    from studio.kernel.ids import uuid7
    from webhooks.inbound.records import NewEvent
    from webhooks.inbound.sources import ENTRY_SQL, entry_of
    from webhooks.inbound.store import EventWriter
    from workflows.runtime.connect import connect

    reader = Reader()
    await reader.open()
    row = await reader.row(ENTRY_SQL, [token])
    await reader.close()
    assert row is not None
    source = entry_of(row)
    committer = GroupCommitter(partial(connect, "bench"), EventWriter(), "bench")
    committer.start()
    headers = json.dumps({"content-type": "application/json", "user-agent": "GitHub-Hookshot/1"})

    async def submit() -> None:
        event = NewEvent(
            id=uuid7(),
            source=source,
            status="stored",
            method="POST",
            path="/",
            query="",
            headers=headers,
            body=BODY,
        )
        await committer.submit(event)

    result = await floor(submit, seconds=seconds)
    await committer.close()
    return result


def _stored() -> int:
    from webhooks.models import Event

    return Event.objects.count()


def _statuses(result: Result) -> str:
    return ", ".join(f"{count:,} x {status.decode()}" for status, count in sorted(result.statuses.items()))


if __name__ == "__main__":
    main()
