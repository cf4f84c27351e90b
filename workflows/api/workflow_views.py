"""`/workflows`."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.api import etag, require_match
from studio.common.idempotency import creates
from studio.common.parsers import JSONParser
from workflows.api import examples
from workflows.api import serializers as shapes
from workflows.api.base import NOTHING, ViewSet, empty, parameters
from workflows.api.parsers import YAML_TYPES, YAMLParser
from workflows.engine.definition import json_schema, missing_trigger
from workflows.models import Workflow
from workflows.services import exchange, versions, workflows
from workflows.services.definitions import check_definition

_IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="Do it only if this is still the ETag."
)


class WorkflowViewSet(ViewSet):
    """What people edit: a draft, and the versions that were published from it."""

    queryset = Workflow.objects.all()
    serializer_class = shapes.WorkflowSerializer
    rules = {
        "list": "workflow.read",
        "retrieve": "workflow.read",
        "create": "workflow.edit",
        "partial_update": "workflow.edit",
        "destroy": "workflow.edit",
        "publish": "workflow.publish",
        "pause": "workflow.publish",
        "resume": "workflow.publish",
        "archive": "workflow.publish",
        "export": "workflow.read",
        "import_file": "workflow.edit",
        "validate": "workflow.read",
        "definition_schema": "workflow.read",
    }
    query_parameters = {
        "list": parameters(shapes.WorkflowQuerySerializer),
        "export": parameters(shapes.ExportQuerySerializer),
    }

    @extend_schema(
        parameters=[shapes.WorkflowQuerySerializer], responses=shapes.WorkflowSummarySerializer(many=True)
    )
    def list(self, _request: Request) -> Response:
        """Newest first."""
        asked = self.query(shapes.WorkflowQuerySerializer)
        rows = self.get_queryset().defer("draft", "problems")
        if "q" in asked:
            rows = rows.filter(Q(name__icontains=asked["q"]) | Q(slug__icontains=asked["q"]))
        if "status" in asked:
            rows = rows.filter(status=asked["status"])
        if "tag" in asked:
            rows = rows.filter(tags__contains=[asked["tag"]])
        return self.page(rows, shapes.WorkflowSummarySerializer)

    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        """The workflow with its draft. Send its ETag as `If-Match` to change it."""
        return _shown(self.get_object())

    @extend_schema(
        examples=[examples.NEW_WORKFLOW],
        request=shapes.NewWorkflowSerializer,
        responses={201: shapes.WorkflowSerializer},
    )
    @creates()
    def create(self, _request: Request) -> Response:
        """A new draft. Incomplete params are saved; broken structure and unknown kinds are not."""
        body = self.valid(shapes.NewWorkflowSerializer)
        made = workflows.create_workflow(workspace=self.workspace, by=self.caller, **body)
        return _shown(made, status=201)

    @extend_schema(
        examples=[examples.CHANGE],
        request=shapes.ChangedWorkflowSerializer,
        responses=shapes.WorkflowSerializer,
    )
    @transaction.atomic
    def partial_update(self, request: Request, **_lookup: Any) -> Response:
        """Change the draft or its words; what is left out stays."""
        found = self.get_object_for_change()
        require_match(request, found.revision)
        body = self.valid(shapes.ChangedWorkflowSerializer)
        return _shown(
            workflows.update_workflow(
                workspace=self.workspace, workflow_id=found.pk, revision=None, changes=body, by=self.caller
            )
        )

    @extend_schema(parameters=[_IF_MATCH], responses={204: NOTHING})
    @transaction.atomic
    def destroy(self, _request: Request, **_lookup: Any) -> Response:
        """Remove it with its versions, schedules and addresses; its executions stay."""
        workflows.delete_workflow(
            workspace=self.workspace, workflow_id=self._matched(), revision=None, by=self.caller
        )
        return empty()

    @extend_schema(
        operation_id="workflows_publish",
        parameters=[_IF_MATCH],
        examples=[examples.PUBLISH],
        request=shapes.PublishSerializer,
        responses=shapes.WorkflowSerializer,
    )
    @creates()
    def publish(self, _request: Request, **_lookup: Any) -> Response:
        """Make the draft the version that triggers run. A draft that was published already changes nothing."""
        body = self.valid(shapes.PublishSerializer)
        version = versions.publish_workflow(
            workspace=self.workspace, workflow_id=self._matched(), by=self.caller, note=body["note"]
        )
        return _shown(version.workflow)

    @extend_schema(operation_id="workflows_pause", request=None, responses=shapes.WorkflowSerializer)
    @creates()
    def pause(self, _request: Request, **lookup: Any) -> Response:
        """Let nothing start what is published; executions in progress carry on."""
        return _shown(
            workflows.pause_workflow(workspace=self.workspace, workflow_id=lookup["id"], by=self.caller)
        )

    @extend_schema(operation_id="workflows_resume", request=None, responses=shapes.WorkflowSerializer)
    @creates()
    def resume(self, _request: Request, **lookup: Any) -> Response:
        """Undo a pause, or take it back from the archive."""
        return _shown(
            workflows.resume_workflow(workspace=self.workspace, workflow_id=lookup["id"], by=self.caller)
        )

    @extend_schema(operation_id="workflows_archive", request=None, responses=shapes.WorkflowSerializer)
    @creates()
    def archive(self, _request: Request, **lookup: Any) -> Response:
        """Put it away: nothing starts it any more, and its history stays."""
        return _shown(
            workflows.archive_workflow(workspace=self.workspace, workflow_id=lookup["id"], by=self.caller)
        )

    @extend_schema(
        operation_id="workflows_export",
        parameters=[shapes.ExportQuerySerializer],
        responses={
            (200, "application/json"): shapes.ExportedSerializer,
            (200, YAML_TYPES[0]): OpenApiTypes.ANY,
        },
    )
    def export(self, _request: Request, **_lookup: Any) -> HttpResponse:
        """The workflow as a file that `import` reads back without loss."""
        asked = self.query(shapes.ExportQuerySerializer)
        workflow = self.get_object()
        definition = versions.definition_named(workflow, asked["version"])
        text = exchange.write_document(exchange.export_document(workflow, definition), asked["format"])
        kind = "application/json" if asked["format"] == "json" else YAML_TYPES[0]
        filename = f"{workflow.slug}.{asked['format']}"
        headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
        return HttpResponse(text, content_type=kind, headers=headers)

    @extend_schema(
        operation_id="workflows_import",
        request={"application/json": shapes.ImportSerializer, YAML_TYPES[0]: OpenApiTypes.STR},
        responses={201: shapes.WorkflowSerializer},
    )
    @creates()
    def import_file(self, request: Request) -> Response:
        """A new draft from a file; a name that is taken gets another slug."""
        made = workflows.import_workflow(
            workspace=self.workspace, by=self.caller, imported=exchange.read_document(request.data)
        )
        return _shown(made, status=201)

    @extend_schema(
        operation_id="workflows_validate",
        examples=[examples.VALIDATE],
        request=shapes.ValidateSerializer,
        responses=shapes.ValidationSerializer,
    )
    def validate(self, _request: Request) -> Response:
        """Every problem of a definition, with its place; nothing is saved."""
        document = self.valid(shapes.ValidateSerializer)["definition"]
        report = check_definition(document)
        incomplete = report.incomplete
        if isinstance(document, dict) and not report.broken and (missing := missing_trigger(document)):
            incomplete = [*incomplete, missing]
        shown = [
            *({**problem.as_dict(), "blocks": "save"} for problem in report.broken),
            *({**problem.as_dict(), "blocks": "publish"} for problem in incomplete),
        ]
        return Response({"valid": not shown, "problems": shown})

    @extend_schema(
        operation_id="workflows_schema",
        responses={200: OpenApiResponse(OpenApiTypes.OBJECT, description="JSON Schema 2020-12.")},
    )
    def definition_schema(self, _request: Request) -> Response:
        """The JSON Schema of a definition."""
        return Response(json_schema())

    def _matched(self) -> Any:
        """The id of the workflow, locked; checked against `If-Match` where that was sent."""
        found = self.get_object_for_change()
        if "If-Match" in self.request.headers:
            require_match(self.request, found.revision)
        return found.pk


class ImportViewSet(WorkflowViewSet):
    """`/workflows/import` reads YAML too."""

    parser_classes = (JSONParser, YAMLParser, *YAMLParser.others())


def _shown(workflow: Workflow, status: int = 200) -> Response:
    data = shapes.WorkflowSerializer(workflow).data
    return Response(data, status=status, headers={"ETag": etag(workflow.revision)})
