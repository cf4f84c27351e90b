"""`/executions`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.idempotency import creates
from workflows.api import execution_serializers as shapes
from workflows.api.base import ViewSet, parameters
from workflows.api.filters import filter_executions, with_workflow_names
from workflows.api.wait_views import accepted
from workflows.models import Execution
from workflows.services import executions


class ExecutionViewSet(ViewSet):
    """Runs of definitions, and what is known of them."""

    queryset = Execution.objects.all()
    serializer_class = shapes.ExecutionSerializer
    rules = {
        "list": "execution.read",
        "retrieve": "execution.read",
        "steps": "execution.read",
        "events": "execution.read",
        "definition": "execution.read",
        "cancel": "execution.cancel",
    }
    query_parameters = {
        "list": parameters(shapes.ExecutionQuerySerializer),
        "events": parameters(shapes.EventQuerySerializer),
    }
    lists_also = frozenset({"steps"})

    @extend_schema(
        parameters=[shapes.ExecutionQuerySerializer], responses=shapes.ExecutionSummarySerializer(many=True)
    )
    def list(self, _request: Request) -> Response:
        """Newest first."""
        asked = self.query(shapes.ExecutionQuerySerializer)
        rows = filter_executions(with_workflow_names(self.get_queryset()), asked, self.caller.workspace_id)
        return self.page(rows, shapes.ExecutionSummarySerializer)

    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        """One execution with what it was given and what it gave back."""
        return Response(executions.describe_execution(self.get_object()))

    @extend_schema(operation_id="executions_steps", responses=shapes.StepSerializer(many=True))
    def steps(self, _request: Request, **_lookup: Any) -> Response:
        """Its steps in the order in which they last changed, with what each was given and what it gave back."""
        found: Execution = self.get_object()
        self.keyset = "seq"  # type: ignore[misc] # this instance serves one request
        rows = self.paginate_queryset(executions.steps_of(found)) or []
        return self.get_paginated_response(executions.describe_steps(found, rows))

    @extend_schema(
        operation_id="executions_events",
        parameters=[shapes.EventQuerySerializer],
        responses=shapes.ExecutionEventsSerializer,
    )
    def events(self, _request: Request, **_lookup: Any) -> Response:
        """The latest event of everything that changed after `after`: what a socket would have told."""
        asked = self.query(shapes.EventQuerySerializer)
        results, more = executions.events_after(self.get_object(), asked["after"], asked["limit"])
        return Response({"results": results, "next": more})

    @extend_schema(
        operation_id="executions_definition",
        responses={200: OpenApiResponse(OpenApiTypes.OBJECT, description="A definition.")},
    )
    def definition(self, _request: Request, **_lookup: Any) -> Response:
        """The definition it runs, as it was when it started."""
        return Response(executions.definition_of(self.get_object()))

    @extend_schema(operation_id="executions_cancel", request=None, responses={202: shapes.AcceptedSerializer})
    @creates()
    def cancel(self, _request: Request, **lookup: Any) -> Response:
        """Ask it to end: running steps are stopped, nothing new starts."""
        execution = executions.cancel_execution(
            workspace=self.workspace, execution_id=lookup["id"], by=self.caller
        )
        return accepted(execution)
