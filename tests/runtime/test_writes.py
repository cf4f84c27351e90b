"""Writes in groups: each row is answered for itself, and none counts twice."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from studio.common.committer import GroupCommitter
from studio.kernel.ids import step_id, uuid7
from tests.runtime.lab import Lab, flow, setting
from workflows.runtime.connect import connect
from workflows.runtime.fenced import FencedWriter
from workflows.runtime.plans import Compiled, compile_definition
from workflows.runtime.records import FencedWrite, Idempotency, NewExecution, StatusChange, StepRow
from workflows.services.submission import RunRequest, build_execution, definition_identity

GRAPH = flow(setting("a", n=1))
OWNER = uuid.UUID(int=7)


def keyed(lab: Lab, key: str, body: bytes = b"1", keep_seconds: int = 60) -> NewExecution:
    compiled = compile_definition(GRAPH)
    assert isinstance(compiled, Compiled)
    identity, stored = definition_identity(lab.workspace, GRAPH)
    return build_execution(
        workspace_id=lab.workspace, region="local", request=RunRequest(), plan=compiled.plan,
        definition_id=identity, definition_body=stored, workflow_id=None, version=None, waiting=False,
        idempotency=Idempotency("test", key, body, keep_seconds),
    )  # fmt: skip


async def test_equal_keys_in_one_batch_start_one_execution(lab: Lab) -> None:
    first, second = keyed(lab, "k"), keyed(lab, "k")

    answers = await asyncio.gather(lab.submitter.submit(first), lab.submitter.submit(second))

    assert lab.submitter.batches == 1
    assert len({answer.execution_id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False, True]
    assert (await lab.one("SELECT count(*) AS n FROM workflows_execution"))["n"] == 1


async def test_a_key_that_was_used_answers_with_what_it_started(lab: Lab) -> None:
    started = await lab.submitter.submit(keyed(lab, "k"))

    same, other = (
        await lab.submitter.submit(keyed(lab, "k")),
        await lab.submitter.submit(keyed(lab, "k", b"2")),
    )

    assert (same.execution_id, same.replayed, same.same_body) == (started.execution_id, True, True)
    assert (other.execution_id, other.replayed, other.same_body) == (started.execution_id, True, False)


async def test_an_expired_key_starts_anew(lab: Lab) -> None:
    await lab.submitter.submit(keyed(lab, "k", keep_seconds=0))

    again = await lab.submitter.submit(keyed(lab, "k"))

    assert not again.replayed
    assert (await lab.one("SELECT count(*) AS n FROM workflows_execution"))["n"] == 2


async def held(lab: Lab, owner: uuid.UUID) -> uuid.UUID:
    identifier = await lab.submit(GRAPH)
    await lab.connection.execute(
        "UPDATE workflows_execution SET status = 'running', owner = %s, epoch = 1 WHERE id = %s",
        [owner, identifier],
    )
    return identifier


def end_of(execution: uuid.UUID, epoch: int = 1) -> FencedWrite:
    step = StepRow(
        id=step_id(execution, "a", ""), execution_id=execution, node="a", kind="data.set", iteration="",
        status="succeeded", attempt=1, handled=False, reason=None, port="success", seq=1, error=None, wait=None,
        due_at=None, queued_at=None, started_at=None, finished_at=None, output=b"\x00\x01", memo=None,
    )  # fmt: skip
    change = StatusChange(status="succeeded", seq=2, release=True, final=True, output=b"\x00\x01")
    return FencedWrite(execution_id=execution, epoch=epoch, steps=[step], change=change)


async def test_of_a_batch_only_what_lost_its_fence_is_refused(lab: Lab) -> None:
    mine, stale, foreign = await held(lab, OWNER), await held(lab, OWNER), await held(lab, uuid.uuid4())
    writes = [end_of(mine), end_of(stale, epoch=0), end_of(foreign)]

    answers = await FencedWriter(lambda: OWNER).write(lab.connection, writes)

    assert list(answers) == [True, False, False]
    rows = [await lab.execution(one) for one in (mine, stale, foreign)]
    assert [row["status"] for row in rows] == ["succeeded", "running", "running"]
    assert (await lab.one("SELECT count(*) AS n FROM workflows_step"))["n"] == 1


async def test_an_end_whose_answer_was_lost_is_not_taken_for_a_lost_fence(lab: Lab) -> None:
    identifier = await held(lab, OWNER)
    lost: list[Any] = []

    class LosesItsAnswer(FencedWriter):
        async def write(self, connection: Any, rows: Any) -> Any:
            answers = await super().write(connection, rows)
            if not lost:
                lost.append(answers)
                raise ConnectionError
            return answers

    committer = GroupCommitter(
        connect=lambda: connect("test"), writer=LosesItsAnswer(lambda: OWNER), name="test"
    )
    committer.start()

    assert await committer.submit(end_of(identifier)) is True
    await committer.close()


async def test_a_step_written_twice_is_one_row(lab: Lab) -> None:
    identifier = await held(lab, OWNER)
    write = end_of(identifier)
    write.change = None
    writer = FencedWriter(lambda: OWNER)

    await writer.write(lab.connection, [write])
    write.steps[0].attempt = 2
    await writer.write(lab.connection, [write])

    assert {name: step["attempt"] for name, step in (await lab.steps(identifier)).items()} == {"a": 2}


async def test_the_end_of_a_child_reaches_its_parent_with_the_same_commit(lab: Lab) -> None:
    parent, child, step = uuid7(), await held(lab, OWNER), uuid7()
    write = end_of(child)
    write.parent_id, write.parent_step_id = parent, step

    await FencedWriter(lambda: OWNER).write(lab.connection, [write])

    mail = await lab.one("SELECT id, execution_id, kind, name FROM workflows_mailbox")
    assert mail == {"id": child, "execution_id": parent, "kind": "child_ended", "name": str(step)}
