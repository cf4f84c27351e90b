"""`/error-groups` and `/dead-letters`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.idempotency import creates
from workflows.api import error_serializers as shapes
from workflows.api import examples
from workflows.api.base import ViewSet, parameters
from workflows.api.job_serializers import GroupRetrySerializer
from workflows.api.job_views import JOB_RESPONSES, accepted
from workflows.models import DeadLetter, ErrorGroup
from workflows.services import dead_letters, error_groups
from workflows.services.jobs import look_ahead
from workflows.services.resume import SAME


class ErrorGroupViewSet(ViewSet):
    """Failures that are alike."""

    queryset = ErrorGroup.objects.all()
    serializer_class = shapes.ErrorGroupSerializer
    rules = {
        "list": "error_group.read",
        "retrieve": "error_group.read",
        "resolve": "error_group.settle",
        "ignore": "error_group.settle",
        "reopen": "error_group.settle",
        "retry": "execution.bulk",
    }
    query_parameters = {"list": parameters(shapes.ErrorGroupQuerySerializer)}

    @extend_schema(
        parameters=[shapes.ErrorGroupQuerySerializer], responses=shapes.ErrorGroupSerializer(many=True)
    )
    def list(self, _request: Request) -> Response:
        """Those seen first most lately come first."""
        asked = self.query(shapes.ErrorGroupQuerySerializer)
        return self.page(_filtered(self.get_queryset(), asked), shapes.ErrorGroupSerializer)

    @extend_schema(responses=shapes.ErrorGroupDetailSerializer)
    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        """One error group: why it is one, what it hits, and its latest executions."""
        group = self.get_object()
        group.shown = error_groups.describe_group(group)
        return Response(shapes.ErrorGroupDetailSerializer(group).data)

    @extend_schema(operation_id="error_groups_resolve", request=None, responses=shapes.ErrorGroupSerializer)
    @creates()
    def resolve(self, _request: Request, **lookup: Any) -> Response:
        """Say that it is put right; seen again, it has regressed."""
        group = error_groups.resolve_group(workspace=self.workspace, group_id=lookup["id"], by=self.caller)
        return Response(shapes.ErrorGroupSerializer(group).data)

    @extend_schema(
        operation_id="error_groups_ignore",
        request=shapes.IgnoreSerializer,
        examples=[examples.IGNORE],
        responses=shapes.ErrorGroupSerializer,
    )
    @creates()
    def ignore(self, request: Request, **lookup: Any) -> Response:
        """Leave it alone until a time, until it was seen so often more, or for good."""
        asked = shapes.IgnoreSerializer(data=_body(request))
        asked.is_valid(raise_exception=True)
        group = error_groups.ignore_group(
            workspace=self.workspace, group_id=lookup["id"], by=self.caller, **asked.validated_data
        )
        return Response(shapes.ErrorGroupSerializer(group).data)

    @extend_schema(operation_id="error_groups_reopen", request=None, responses=shapes.ErrorGroupSerializer)
    @creates()
    def reopen(self, _request: Request, **lookup: Any) -> Response:
        """Take back that it was resolved or ignored."""
        group = error_groups.reopen_group(workspace=self.workspace, group_id=lookup["id"], by=self.caller)
        return Response(shapes.ErrorGroupSerializer(group).data)

    @extend_schema(
        operation_id="error_groups_retry",
        request=GroupRetrySerializer,
        examples=[examples.RETRY_GROUP],
        responses=JOB_RESPONSES,
    )
    @creates()
    def retry(self, request: Request, **lookup: Any) -> Response:
        """Fix and continue: go on with all its executions from where each failed, as a job.

        One first, then ten, then all; it stops at the first failure that is new.
        """
        asked = GroupRetrySerializer(data=_body(request))
        asked.is_valid(raise_exception=True)
        self.caller.require("execution.resume")
        given = asked.validated_data
        group = error_groups.get_error_group(workspace=self.workspace, group_id=lookup["id"])
        job_request = error_groups.retry_request(
            group, version=given.get("version", SAME), workflow_id=given.get("workflow"), **asked.pace()
        )
        if given.get("dry_run"):
            return Response(look_ahead(job_request))
        return accepted(
            error_groups.retry_group(
                workspace=self.workspace, group=group, request=job_request, by=self.caller
            )
        )


class DeadLetterViewSet(ViewSet):
    """Executions that failed by no node's fault."""

    queryset = DeadLetter.objects.all()
    serializer_class = shapes.DeadLetterSerializer
    rules = {
        "list": "dead_letter.read",
        "retrieve": "dead_letter.read",
        "retry": "dead_letter.settle",
        "discard": "dead_letter.settle",
    }
    query_parameters = {"list": parameters(shapes.DeadLetterQuerySerializer)}

    @extend_schema(
        parameters=[shapes.DeadLetterQuerySerializer], responses=shapes.DeadLetterSerializer(many=True)
    )
    def list(self, _request: Request) -> Response:
        """Newest execution first."""
        asked = self.query(shapes.DeadLetterQuerySerializer)
        return self.page(self.get_queryset().filter(**asked), shapes.DeadLetterSerializer)

    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        """One dead letter."""
        return Response(shapes.DeadLetterSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="dead_letters_retry",
        request=shapes.DeadLetterRetrySerializer,
        responses={202: shapes.DeadLetterSerializer},
    )
    @creates()
    def retry(self, request: Request, **lookup: Any) -> Response:
        """Go on from what was on disk, as a new execution."""
        asked = shapes.DeadLetterRetrySerializer(data=_body(request))
        asked.is_valid(raise_exception=True)
        self.caller.require("execution.resume")
        letter = dead_letters.retry_dead_letter(
            workspace=self.workspace, letter_id=lookup["id"], by=self.caller, **asked.validated_data
        )
        return Response(shapes.DeadLetterSerializer(letter).data, status=202)

    @extend_schema(operation_id="dead_letters_discard", request=None, responses=shapes.DeadLetterSerializer)
    @creates()
    def discard(self, _request: Request, **lookup: Any) -> Response:
        """Say that nothing is to be done about it."""
        letter = dead_letters.discard_dead_letter(
            workspace=self.workspace, letter_id=lookup["id"], by=self.caller
        )
        return Response(shapes.DeadLetterSerializer(letter).data)


def _body(request: Request) -> Any:
    """What was sent; nothing at all reads as an empty object."""
    return request.data if request._request.body else {}


def _filtered(rows: QuerySet[ErrorGroup], asked: Mapping[str, Any]) -> QuerySet[ErrorGroup]:
    """Groups are few: what narrows them is picked from the workspace's own."""
    for name in ("state", "kind"):
        if name in asked:
            rows = rows.filter(**{name: asked[name]})
    if "workflow" in asked:
        rows = rows.filter(workflows__workflow_id=asked["workflow"])
    if "q" in asked:
        rows = rows.filter(
            Q(code=asked["q"]) | Q(message__icontains=asked["q"]) | Q(template__icontains=asked["q"])
        )
    return rows
