"""`POST /executions/{id}/resume` and `/retry`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.idempotency import creates
from workflows.api import examples
from workflows.api import resume_serializers as shapes
from workflows.api.base import ViewSet
from workflows.models import Execution
from workflows.services import resume as service
from workflows.services.presentation import present_execution

_RESPONSES = {202: shapes.ResumedSerializer, 200: shapes.ResumePlanSerializer}


class ResumeViewSet(ViewSet):
    """Executions that go on from where others ended."""

    queryset = Execution.objects.all()
    serializer_class = shapes.ResumedSerializer
    rules = {"resume": "execution.resume", "retry": "execution.resume"}

    @extend_schema(
        operation_id="executions_resume",
        examples=[examples.RESUME],
        request=shapes.ResumeSerializer,
        responses=_RESPONSES,
    )
    @creates()
    def resume(self, request: Request, **lookup: Any) -> Response:
        """Go on from any node of an execution that has ended, as a new one; with `dry_run`, say how."""
        asked = shapes.ResumeSerializer(data=request.data if request._request.body else {})
        asked.is_valid(raise_exception=True)
        prepared = service.prepare_resumption(
            workspace=self.workspace, execution_id=lookup["id"], request=asked.asked()
        )
        if asked.validated_data.get("dry_run"):
            return Response(service.present(prepared))
        return self._start(prepared)

    @extend_schema(operation_id="executions_retry", request=None, responses={202: shapes.ResumedSerializer})
    @creates()
    def retry(self, _request: Request, **lookup: Any) -> Response:
        """Go on from what failed or was cancelled, on the same version, as a new execution."""
        return self._start(service.prepare_retry(workspace=self.workspace, execution_id=lookup["id"]))

    def _start(self, prepared: service.Prepared) -> Response:
        execution = service.resume(prepared, by=self.caller)
        shown = present_execution(execution)
        answer = {name: shown[name] for name in ("id", "status", "url", "resumed_from")}
        answer["plan"] = service.present(prepared)
        return Response(answer, status=202, headers={"Location": shown["url"]})
