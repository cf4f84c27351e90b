"""`/workflows/{id}/versions`."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.api import etag
from studio.common.idempotency import creates
from workflows.api import serializers as shapes
from workflows.api.base import ViewSet
from workflows.models import Version, Workflow
from workflows.services import versions
from workflows.services.definitions import load_definition

_WORKFLOW = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The workflow.")


class VersionViewSet(ViewSet):
    """What was published. A version never changes."""

    queryset = Version.objects.select_related("created_by")
    serializer_class = shapes.VersionSerializer
    lookup_field = "number"
    keyset = "-number"
    rules = {
        "list": "workflow.read",
        "retrieve": "workflow.read",
        "diff": "workflow.read",
        "restore": "workflow.edit",
    }

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(workflow_id=self.kwargs.get("id"))

    @extend_schema(parameters=[_WORKFLOW], responses=shapes.VersionSummarySerializer(many=True))
    def list(self, _request: Request, **_lookup: Any) -> Response:
        """Newest first."""
        context = {"published_version": self.workflow().published_version}
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(
            shapes.VersionSummarySerializer(rows, many=True, context=context).data
        )

    @extend_schema(parameters=[_WORKFLOW])
    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        """A version with its definition."""
        workflow, version = self.workflow(), self.get_object()
        context = {
            "published_version": workflow.published_version,
            "definition": load_definition(version.workspace_id, version.definition_id),
        }
        return Response(shapes.VersionSerializer(version, context=context).data)

    @extend_schema(operation_id="versions_diff", parameters=[_WORKFLOW], responses=shapes.DiffSerializer)
    def diff(self, _request: Request, **lookup: Any) -> Response:
        """What changed from version `number` to version `other`."""
        workflow = self.workflow()
        old, new = (versions.definition_named(workflow, str(lookup[name])) for name in ("number", "other"))
        return Response(versions.diff_definitions(old, new))

    @extend_schema(
        operation_id="versions_restore",
        parameters=[_WORKFLOW],
        request=None,
        responses=shapes.WorkflowSerializer,
    )
    @creates()
    def restore(self, _request: Request, **lookup: Any) -> Response:
        """Make the draft what this version was. What is published stays as it is."""
        workflow = versions.restore_version(
            workspace=self.workspace, workflow_id=lookup["id"], number=lookup["number"], by=self.caller
        )
        data = shapes.WorkflowSerializer(workflow).data
        return Response(data, headers={"ETag": etag(workflow.revision)})

    def workflow(self) -> Workflow:
        rows = Workflow.objects.filter(workspace=self.workspace)
        found: Workflow = get_object_or_404(rows, pk=self.kwargs["id"])
        return found
