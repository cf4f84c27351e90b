"""`/webhooks/sources` and `/webhooks/events`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.idempotency import creates
from studio.kernel.ids import lower_bound
from webhooks.api import serializers as shapes
from webhooks.inbound.events import replay_event
from webhooks.inbound.sources import rotate_source
from webhooks.models import Event, Source
from workflows.api.base import ViewSet, parameters

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class SourceViewSet(ViewSet):
    """Addresses of webhook triggers; publishing a workflow makes them."""

    queryset = Source.objects.select_related("workflow").defer("workflow__draft", "workflow__problems")
    serializer_class = shapes.SourceSerializer
    lookup_value_regex = _ID
    rules = {"list": "webhook.read", "retrieve": "webhook.read", "rotate": "webhook.edit"}
    query_parameters = {"list": parameters(shapes.SourceQuerySerializer)}

    @extend_schema(parameters=[shapes.SourceQuerySerializer])
    def list(self, _request: Request) -> Response:
        """Newest first."""
        asked = self.query(shapes.SourceQuerySerializer)
        found = self.get_queryset()
        if "workflow" in asked:
            found = found.filter(workflow_id=asked["workflow"])
        return self.page(found, shapes.SourceSerializer)

    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        """One address."""
        return Response(shapes.SourceSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=shapes.SourceSerializer)
    @action(detail=True, methods=["post"])
    @creates()
    def rotate(self, _request: Request, **lookup: Any) -> Response:
        """Give it a new address; the old one stops working within seconds."""
        source = rotate_source(workspace_id=self.caller.workspace_id, source_id=lookup["id"], by=self.caller)
        return Response(shapes.SourceSerializer(source).data)


class EventViewSet(ViewSet):
    """Requests that arrived at those addresses, refused ones included."""

    queryset = Event.objects.all()
    serializer_class = shapes.EventSerializer
    lookup_value_regex = _ID
    rules = {"list": "webhook.read", "retrieve": "webhook.read", "replay": "webhook.replay"}
    query_parameters = {"list": parameters(shapes.EventQuerySerializer)}

    @extend_schema(
        parameters=[shapes.EventQuerySerializer], responses=shapes.EventSummarySerializer(many=True)
    )
    def list(self, _request: Request) -> Response:
        """Newest first."""
        asked = self.query(shapes.EventQuerySerializer)
        found = _filtered(self.get_queryset().defer("body", "headers", "query"), asked)
        return self.page(found, shapes.EventSummarySerializer)

    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        """One event with the bytes that came."""
        return Response(shapes.EventSerializer(self.get_object()).data)

    @extend_schema(request=None, responses={202: shapes.EventSummarySerializer})
    @action(detail=True, methods=["post"])
    @creates()
    def replay(self, _request: Request, **lookup: Any) -> Response:
        """Let it happen again, on the version that is published now; answers the new event."""
        event = replay_event(workspace_id=self.caller.workspace_id, event_id=lookup["id"], by=self.caller)
        return Response(shapes.EventSummarySerializer(event).data, status=202)


def _filtered(events: QuerySet[Event], asked: dict[str, Any]) -> QuerySet[Event]:
    """Times narrow the ids: they are time-ordered, and the table is partitioned by them."""
    for parameter, column in (("source", "source_id"), ("workflow", "workflow_id"), ("status", "status")):
        if parameter in asked:
            events = events.filter(**{column: asked[parameter]})
    if "received_after" in asked:
        events = events.filter(id__gte=lower_bound(max(asked["received_after"], _EPOCH)))
    if "received_before" in asked:
        events = events.filter(id__lt=lower_bound(max(asked["received_before"], _EPOCH)))
    return events
