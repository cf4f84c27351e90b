"""`POST …/run`: authenticate, check, commit with the group, answer 202, ring."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from studio.accounts.permissions import Access
from studio.common.committer import GroupCommitter, RowRefused
from studio.common.idempotency import KeyReused, read_key
from studio.ingress.authentication import Authentication
from studio.ingress.definitions import Definitions, Runnable
from studio.ingress.messages import Answer, json_answer
from studio.ingress.outcomes import Outcomes
from studio.ingress.requests import Request, json_document
from studio.kernel.errors import Invalid, Malformed
from workflows.runtime.bell import Bell
from workflows.runtime.records import Accepted, NewExecution
from workflows.services.presentation import execution_url
from workflows.services.room import ROOM_SQL, Question, question_about
from workflows.services.submission import RunRequest, build_execution, read_run_request, run_idempotency

MOST_WAIT_SECONDS: Final = 60.0
_PARAMETERS: Final = frozenset({"wait", "queue"})


@dataclass
class RunRoute:
    """Accepts executions asked for with an API key; people's sessions are Django's business."""

    authentication: Authentication
    definitions: Definitions
    committer: GroupCommitter[NewExecution, Accepted]
    outcomes: Outcomes
    bell: Bell

    async def answer(self, request: Request, authorization: bytes, workflow_id: uuid.UUID | None) -> Answer:
        access = await self.authentication.access(authorization)
        access.require("execution.run" if workflow_id else "execution.run_unsaved")
        query = request.query(_PARAMETERS)
        wait, may_queue = _wait_seconds(query.get("wait")), _may_queue(query.get("queue", "true"))
        body = await request.body()
        asked = read_run_request(json_document(request, body), ad_hoc=workflow_id is None)
        runnable = await self._runnable(access, workflow_id, asked)
        execution = build_execution(
            workspace_id=access.workspace_id,
            region=access.region,
            request=asked,
            plan=runnable.plan,
            definition_id=runnable.definition_id,
            definition_body=runnable.body,
            workflow_id=workflow_id,
            version=runnable.version,
            waiting=wait is not None,
            idempotency=run_idempotency(_key(request), workflow_id=workflow_id, body=body),
            started_by=access.user_id,
        )
        await self._require_room(question_about(execution, runnable.plan, asked.input, may_queue=may_queue))
        if wait is None:
            return _accepted(await self._commit(execution))
        return await self._commit_and_wait(execution, wait)

    async def _runnable(self, access: Access, workflow_id: uuid.UUID | None, asked: RunRequest) -> Runnable:
        if workflow_id is not None:
            return await self.definitions.saved(access.workspace_id, workflow_id, asked)
        return await self.definitions.ad_hoc(access.workspace_id, asked.definition or {})

    async def _require_room(self, question: Question | None) -> None:
        if question is not None:
            question.judge(await self.definitions.reader.row(ROOM_SQL, question.parameters) or ())

    async def _commit(self, execution: NewExecution) -> Accepted:
        try:
            accepted = await self.committer.submit(execution)
        except RowRefused as error:
            raise Invalid(reason="The database cannot hold one of the values.") from error
        if not accepted.same_body:
            raise KeyReused
        if not accepted.replayed:
            self.bell.ring([execution.queue])
        return accepted

    async def _commit_and_wait(self, execution: NewExecution, seconds: float) -> Answer:
        """Answer 200 with the execution once it has ended; 202 when it has not within `seconds`."""
        async with self.outcomes.expected(execution.id) as ended:
            accepted = await self._commit(execution)
            if accepted.replayed:
                async with self.outcomes.expected(accepted.execution_id) as earlier:
                    document = await earlier.document(seconds, may_be_over=True)
            else:
                document = await ended.document(seconds)
        return _accepted(accepted) if document is None else json_answer(200, document, _replayed(accepted))


def _accepted(accepted: Accepted) -> Answer:
    url = execution_url(accepted.execution_id)
    document = {"id": str(accepted.execution_id), "status": "queued", "url": url}
    return json_answer(202, document, [(b"location", url.encode()), *_replayed(accepted)])


def _replayed(accepted: Accepted) -> list[tuple[bytes, bytes]]:
    return [(b"idempotency-replayed", b"true")] if accepted.replayed else []


def _key(request: Request) -> str | None:
    key = request.text_header(b"idempotency-key")
    return None if key is None else read_key({"Idempotency-Key": key})


def _may_queue(text: str) -> bool:
    if text not in ("true", "false"):
        raise Malformed(reason="`queue` is true or false.")
    return text == "true"


def _wait_seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MOST_WAIT_SECONDS:
        raise Malformed(reason=f"`wait` is a number of seconds from 0 to {MOST_WAIT_SECONDS:g}.")
    return seconds or None
