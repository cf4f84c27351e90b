"""`POST …/run`: the same as the ingress answers, for people's sessions and deployments without it."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.api import RuledView
from studio.common.idempotency import read_key
from workflows.api import examples
from workflows.api import execution_serializers as shapes
from workflows.api.base import parameters, read_query
from workflows.models import Execution
from workflows.runtime.records import Accepted
from workflows.services.executions import describe_execution
from workflows.services.outcomes import Ending
from workflows.services.presentation import execution_url
from workflows.services.runs import start_execution
from workflows.services.submission import read_run_request, run_idempotency

_RESPONSES = {202: shapes.AcceptedSerializer, 200: shapes.ExecutionSerializer}


class _RunView(RuledView):
    query_parameters = {"post": parameters(shapes.RunQuerySerializer)}

    def run(self, request: Request, workflow_id: uuid.UUID | None) -> Response:
        query = read_query(request, shapes.RunQuerySerializer)
        wait = query.get("wait")
        accepted = start_execution(
            workspace_id=self.access.workspace_id,
            region=self.access.region,
            request=read_run_request(
                request.data, ad_hoc=workflow_id is None, editing=self.access.key_id is None
            ),
            workflow_id=workflow_id,
            # A person's session looks on, as a caller who waits does.
            waiting=bool(wait) or self.access.key_id is None,
            idempotency=run_idempotency(
                read_key(request.headers), workflow_id=workflow_id, body=request._request.body
            ),
            started_by=self.access.user_id,
            may_queue=query.get("queue", "true") == "true",
        )
        ended = _ended(accepted.execution_id, wait) if wait else None
        return _answer(accepted, ended)


class RunView(_RunView):
    """Run a workflow."""

    rules = {"post": "execution.run"}

    @extend_schema(
        operation_id="workflow_run",
        parameters=[shapes.RunQuerySerializer],
        examples=[examples.RUN],
        request=shapes.RunSerializer,
        responses=_RESPONSES,
    )
    def post(self, request: Request, id: uuid.UUID) -> Response:  # noqa: A002 - as the route names it
        """Start an execution: 202 once it is on disk, or 200 with its end when `wait` is given."""
        return self.run(request, id)

    post.is_idempotent = True  # type: ignore[attr-defined] # decided where the execution is inserted


class RunUnsavedView(_RunView):
    """Run a definition that is not saved."""

    rules = {"post": "execution.run_unsaved"}

    @extend_schema(
        operation_id="run",
        parameters=[shapes.RunQuerySerializer],
        examples=[examples.RUN_UNSAVED],
        request=shapes.RunUnsavedSerializer,
        responses=_RESPONSES,
    )
    def post(self, request: Request) -> Response:
        """Start an execution of the definition in the body."""
        return self.run(request, None)

    post.is_idempotent = True  # type: ignore[attr-defined] # decided where the execution is inserted


def _ended(execution_id: uuid.UUID, seconds: float) -> Execution | None:
    """The execution, if it ends in time."""
    with Ending(execution_id) as ending:
        if not ending.await_end(seconds):
            return None
    return Execution.objects.get(pk=execution_id)


def _answer(accepted: Accepted, ended: Execution | None) -> Response:
    headers = {"Idempotency-Replayed": "true"} if accepted.replayed else {}
    if ended is not None:
        return Response(describe_execution(ended), headers=headers)
    url = execution_url(accepted.execution_id)
    shown: dict[str, Any] = {"id": str(accepted.execution_id), "status": "queued", "url": url}
    return Response(shown, status=202, headers={**headers, "Location": url})
