"""`/jobs` and `/executions/bulk`."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.idempotency import creates
from workflows.api import examples
from workflows.api import job_serializers as shapes
from workflows.api.base import ViewSet, parameters
from workflows.api.filters import filter_executions
from workflows.models import Execution, Job, JobItem
from workflows.services import jobs
from workflows.services.job_verbs import VERBS

JOB_RESPONSES = {202: shapes.JobSerializer, 200: shapes.LookAheadSerializer}


class JobViewSet(ViewSet):
    """Deeds to many executions, and how far they are."""

    queryset = Job.objects.all()
    serializer_class = shapes.JobSerializer
    rules = {
        "list": "job.read",
        "retrieve": "job.read",
        "items": "job.read",
        "pause": "job.operate",
        "go_on": "job.operate",
        "abort": "job.operate",
    }
    query_parameters = {
        "list": parameters(shapes.JobQuerySerializer),
        "items": parameters(shapes.JobItemQuerySerializer),
    }
    lists_also = frozenset({"items"})

    @extend_schema(parameters=[shapes.JobQuerySerializer], responses=shapes.JobSerializer(many=True))
    def list(self, _request: Request) -> Response:
        """Newest first."""
        asked = self.query(shapes.JobQuerySerializer)
        return self.page(self.get_queryset().filter(**asked), shapes.JobSerializer)

    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        """One job with its counts."""
        return Response(shapes.JobSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="jobs_items",
        parameters=[shapes.JobItemQuerySerializer],
        responses=shapes.JobItemSerializer(many=True),
    )
    def items(self, _request: Request, **_lookup: Any) -> Response:
        """Its executions in the order in which they are gone through, and what became of each."""
        asked = self.query(shapes.JobItemQuerySerializer)
        self.keyset = "id"  # type: ignore[misc] # this instance serves one request
        rows = JobItem.objects.filter(job_id=self.get_object().pk, **asked)
        return self.page(rows, shapes.JobItemSerializer)

    @extend_schema(operation_id="jobs_pause", request=None, responses=shapes.JobSerializer)
    @creates()
    def pause(self, _request: Request, **lookup: Any) -> Response:
        """Start nothing more until it is continued; what was started goes on."""
        return self._answer(jobs.pause_job(workspace=self.workspace, job_id=lookup["id"], by=self.caller))

    @extend_schema(operation_id="jobs_continue", request=None, responses=shapes.JobSerializer)
    @creates()
    def go_on(self, _request: Request, **lookup: Any) -> Response:
        """Go on after a pause, or after it stopped itself: the failure it stopped at is no news any more."""
        return self._answer(jobs.continue_job(workspace=self.workspace, job_id=lookup["id"], by=self.caller))

    @extend_schema(operation_id="jobs_abort", request=None, responses=shapes.JobSerializer)
    @creates()
    def abort(self, _request: Request, **lookup: Any) -> Response:
        """Start nothing more, for good; what was started goes on."""
        return self._answer(jobs.abort_job(workspace=self.workspace, job_id=lookup["id"], by=self.caller))

    def _answer(self, job: Job) -> Response:
        return Response(shapes.JobSerializer(job).data)


class BulkViewSet(ViewSet):
    """One verb to many executions."""

    queryset = Execution.objects.all()
    serializer_class = shapes.JobSerializer
    rules = {"bulk": "execution.bulk"}

    @extend_schema(
        operation_id="executions_bulk",
        examples=[examples.BULK],
        request=shapes.BulkSerializer,
        responses=JOB_RESPONSES,
    )
    @creates()
    def bulk(self, request: Request) -> Response:
        """Do it as a job to all that match now; with `dry_run`, say how many that are."""
        asked = shapes.BulkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given, document = asked.validated_data, dict(asked.initial_data)
        self.caller.require(VERBS[given["verb"]].permission)
        job_request = jobs.JobRequest(
            verb=given["verb"],
            rows=self._chosen(given),
            asked={name: document[name] for name in ("filter", "ids") if name in document},
            options={"version": given["version"]} if "version" in given else {},
            **asked.pace(),
        )
        if given.get("dry_run"):
            return Response(jobs.look_ahead(job_request))
        return accepted(jobs.start_job(workspace=self.workspace, request=job_request, by=self.caller))

    def _chosen(self, given: dict[str, Any]) -> QuerySet[Execution]:
        rows: QuerySet[Execution] = self.get_queryset()
        if "ids" in given:
            return rows.filter(pk__in=given["ids"])
        return filter_executions(rows, given["filter"], self.caller.workspace_id)


def accepted(job: Job) -> Response:
    return Response(
        shapes.JobSerializer(job).data, status=202, headers={"Location": f"/api/v1/jobs/{job.pk}"}
    )
