"""`/workers` and `/queues`: who works in this installation, and what waits."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.api import RuledView
from studio.common.serializers import Time
from studio.operations.models import Worker
from workflows.api.base import ViewSet, parameters
from workflows.services.queues import queue_states, worker_health, worker_stats


class WorkerSerializer(serializers.ModelSerializer[Worker]):
    """One registration of a worker process; a process that loses its lease registers anew."""

    status = serializers.ChoiceField(Worker.Status.choices)
    started_at = Time()
    heartbeat_at = Time()
    lease_until = Time()
    stopped_at = Time(allow_null=True)

    class Meta:
        model = Worker
        fields = (
            "id", "name", "region", "queues", "status", "slots", "in_flight", "finished", "loop_lag_ms", "version",
            "started_at", "heartbeat_at", "lease_until", "stopped_at",
        )  # fmt: skip
        read_only_fields = fields


class WorkerQuerySerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(Worker.Status.choices, required=False)


class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(
        ["ok", "degraded", "down"],
        help_text="`degraded`: nobody serves one of the queues that must be served.",
    )
    alive = serializers.IntegerField()
    draining = serializers.IntegerField()
    unserved_queues = serializers.ListField(child=serializers.CharField())
    late_queues = serializers.ListField(
        child=serializers.CharField(), help_text="Work that may start has waited in them for over a minute."
    )


class WorkerSumsSerializer(serializers.Serializer[Any]):
    workers = serializers.IntegerField()
    slots = serializers.IntegerField(help_text="How many executions they would hold at most.")
    in_flight = serializers.IntegerField()
    finished = serializers.IntegerField(help_text="Executions ended by all workers there ever were.")


class LiveCountsSerializer(serializers.Serializer[Any]):
    """The caller's workspace only."""

    queued = serializers.IntegerField()
    running = serializers.IntegerField()
    waiting = serializers.IntegerField()
    finished_last_minute = serializers.IntegerField(
        help_text="Of those accepted within the last five minutes."
    )


class StatsSerializer(serializers.Serializer[Any]):
    workers = WorkerSumsSerializer()
    executions = LiveCountsSerializer()


class QueueSerializer(serializers.Serializer[Any]):
    queue = serializers.CharField()
    region = serializers.CharField()
    depth = serializers.IntegerField(help_text="Executions that wait for a worker.")
    oldest_seconds = serializers.FloatField(allow_null=True, help_text="How long the oldest of them is due.")
    workers = serializers.IntegerField(help_text="Living workers that serve it.")


class QueuesSerializer(serializers.Serializer[Any]):
    results = QueueSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: all queues are one page.")


class WorkerViewSet(ViewSet):
    """Workers belong to the installation, not to a workspace."""

    queryset = Worker.objects.all()
    serializer_class = WorkerSerializer
    rules = {"list": "worker.read", "health": "worker.read", "stats": "worker.read"}
    query_parameters = {"list": parameters(WorkerQuerySerializer)}

    def get_queryset(self) -> QuerySet[Worker]:
        return Worker.objects.all()

    @extend_schema(parameters=[WorkerQuerySerializer], responses=WorkerSerializer(many=True))
    def list(self, _request: Request) -> Response:
        """Newest registration first."""
        asked = self.query(WorkerQuerySerializer)
        return self.page(self.get_queryset().filter(**asked), WorkerSerializer)

    @extend_schema(operation_id="workers_health", responses=HealthSerializer)
    def health(self, _request: Request) -> Response:
        """Whether everything that waits will be served."""
        return Response(worker_health())

    @extend_schema(operation_id="workers_stats", responses=StatsSerializer)
    def stats(self, _request: Request) -> Response:
        """Room and load of the workers, and what the workspace's executions are at."""
        return Response(worker_stats(self.caller.workspace_id))


class QueuesView(RuledView):
    """The queues of this installation."""

    rules = {"get": "worker.read"}

    @extend_schema(operation_id="queues_list", responses=QueuesSerializer)
    def get(self, _request: Request) -> Response:
        """How much waits in each queue, how long, and how many workers serve it."""
        return Response({"results": queue_states(), "next": None})
