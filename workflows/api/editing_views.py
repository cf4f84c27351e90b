"""What people do while they work on a draft: run one node of it, and pin outputs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.idempotency import creates
from studio.common.serializers import Flag, StrictSerializer, Text, Time
from workflows.api import examples
from workflows.api.base import NOTHING, ViewSet, empty
from workflows.api.execution_serializers import AcceptedSerializer
from workflows.api.fields import Json
from workflows.models import Pin, Workflow
from workflows.services import pins
from workflows.services.node_runs import NodeRunRequest, run_node
from workflows.services.presentation import present_execution

_NODE = OpenApiParameter(
    "node",
    {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"},
    OpenApiParameter.PATH,
    description="A node of the draft, by its id.",
)


class NodeRunSerializer(StrictSerializer):
    """What the node is given: `input`, else what is pinned, else what the latest execution has."""

    input = Json(required=False, help_text="In the shape in which the graph gives it to the node.")
    use_pins = Flag(required=False, help_text="Unless false, pinned outputs count for more than the latest.")


class PinSerializer(StrictSerializer):
    """A node's output that stands in for running it."""

    node = Text(max_length=63)
    output = Json()


class ShownPinSerializer(serializers.ModelSerializer[Pin]):
    output = Json()
    updated_at = Time()

    class Meta:
        model = Pin
        fields = ("node", "output", "updated_at")


class EditingViewSet(ViewSet):
    """Trying out a draft. Nothing here touches what is published."""

    queryset = Workflow.objects.all()
    serializer_class = ShownPinSerializer
    rules = {
        "run_node": "execution.run",
        "list_pins": "workflow.read",
        "pin": "workflow.edit",
        "unpin": "workflow.edit",
    }
    lists_also = frozenset({"list_pins"})

    @extend_schema(
        operation_id="workflow_run_node",
        parameters=[_NODE],
        request=NodeRunSerializer,
        responses={202: AcceptedSerializer},
    )
    @creates()
    def run_node(self, request: Request, **lookup: Any) -> Response:
        """Run one node of the draft alone, as an execution of its own that carries the tag `node:<id>`."""
        asked = NodeRunSerializer(data=request.data if request._request.body else {})
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        execution = run_node(
            access=self.caller,
            workflow_id=lookup["id"],
            node_id=lookup["node"],
            request=NodeRunRequest(
                input=(given["input"],) if "input" in given else None, use_pins=given.get("use_pins", True)
            ),
        )
        shown = present_execution(execution)
        answer = {name: shown[name] for name in ("id", "status", "url")}
        return Response(answer, status=202, headers={"Location": shown["url"]})

    @extend_schema(operation_id="workflow_pins", responses=ShownPinSerializer(many=True))
    def list_pins(self, _request: Request, **_lookup: Any) -> Response:
        """Pinned outputs of the draft. Production never sees them."""
        return self.page(Pin.objects.filter(workflow=self.get_object()), ShownPinSerializer)

    @extend_schema(
        operation_id="workflow_pin",
        examples=[examples.PIN],
        request=PinSerializer,
        responses={201: ShownPinSerializer},
    )
    @creates()
    def pin(self, _request: Request, **lookup: Any) -> Response:
        """Pin an output, in place of the one that the node had."""
        body = self.valid(PinSerializer)
        made = pins.pin_output(workspace=self.workspace, workflow_id=lookup["id"], by=self.caller, **body)
        return Response(ShownPinSerializer(made).data, status=201)

    @extend_schema(operation_id="workflow_unpin", parameters=[_NODE], responses={204: NOTHING})
    def unpin(self, _request: Request, **lookup: Any) -> Response:
        """Let the node run again."""
        pins.unpin_output(
            workspace=self.workspace, workflow_id=lookup["id"], node=lookup["node"], by=self.caller
        )
        return empty()
