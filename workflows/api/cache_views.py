"""`/cache`: what the result cache saves and holds, dropping it, and measuring before it is switched on."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.api import RuledView
from studio.common.pagination import encode_cursor, page_document, read_page
from studio.common.serializers import Flag, StrictSerializer, Text
from studio.kernel.errors import Malformed
from workflows.api import examples
from workflows.api.base import ViewSet, parameters, read_query
from workflows.models import Workflow
from workflows.services import cached
from workflows.services.cached import Selection

_ORDER = "-kept_until"


class ShadowSumsSerializer(serializers.Serializer[Any]):
    """What a cache would have saved where it is only measured."""

    calls = serializers.IntegerField()
    would_hit = serializers.IntegerField()
    hit_rate = serializers.FloatField(allow_null=True)
    saved_seconds = serializers.FloatField()


class CacheSumsSerializer(serializers.Serializer[Any]):
    hits = serializers.IntegerField(help_text="Served from the store.")
    stale = serializers.IntegerField(help_text="Served beyond their time while a newer one was fetched.")
    shared = serializers.IntegerField(help_text="Had the output of an equal call that was under way.")
    revalidated = serializers.IntegerField(help_text="The other side said that it still holds.")
    misses = serializers.IntegerField(help_text="Calls that were made.")
    bypassed = serializers.IntegerField(help_text="Marked cacheable, but never kept, such as writes.")
    not_stored = serializers.IntegerField(
        help_text="Misses whose output was not kept: secrets, size, headers."
    )
    stored_bytes = serializers.IntegerField()
    hit_rate = serializers.FloatField(allow_null=True, help_text="Hits, stale and shared among all.")
    saved_seconds = serializers.FloatField(help_text="What the calls would have taken that were not made.")
    shadow = ShadowSumsSerializer()


class KindSumsSerializer(CacheSumsSerializer):
    kind = serializers.CharField()


class MeasurementSerializer(serializers.Serializer[Any]):
    workflow = serializers.UUIDField(allow_null=True, help_text="Null: the whole workspace.")
    until = serializers.DateTimeField()


class CacheStatsSerializer(serializers.Serializer[Any]):
    since = serializers.DateField()
    entries = serializers.IntegerField(help_text="Outputs that are kept now.")
    total = CacheSumsSerializer()
    kinds = KindSumsSerializer(many=True)
    shadow = MeasurementSerializer(many=True)


class CacheStatsQuerySerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(required=False, default=7, min_value=1, max_value=cached.MOST_DAYS)


class CacheEntrySerializer(serializers.Serializer[Any]):
    """A kept output without the output; `execution` is who worked it out."""

    key = serializers.CharField()
    kind = serializers.CharField()
    workflow = serializers.UUIDField(allow_null=True)
    execution = serializers.UUIDField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    size_bytes = serializers.IntegerField()
    seconds = serializers.FloatField(help_text="What the call took that a hit saves.")
    stored_at = serializers.DateTimeField()
    fresh_until = serializers.DateTimeField()
    served_until = serializers.DateTimeField(
        help_text="Until then it is served while a newer one is fetched."
    )


class CacheEntriesQuerySerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(required=False, max_length=200)
    workflow = serializers.UUIDField(required=False)
    tag = serializers.CharField(required=False, max_length=200)


class InvalidateSerializer(StrictSerializer):
    """Exactly one of `kind`, `workflow`, `tag`, `key` and `all`."""

    kind = Text(required=False)
    workflow = serializers.UUIDField(required=False)
    tag = Text(required=False)
    key = Text(required=False, max_length=4096, help_text="As a step shows it, or the text of a `cache_key`.")
    all = Flag(required=False)
    dry_run = Flag(required=False, default=False, help_text="Only count.")


class InvalidatedSerializer(serializers.Serializer[Any]):
    entries = serializers.IntegerField()
    bytes = serializers.IntegerField()
    dry_run = serializers.BooleanField()


class MeasureSerializer(StrictSerializer):
    workflow = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Null: all.")
    seconds = serializers.IntegerField(
        required=False,
        default=86_400,
        min_value=0,
        max_value=cached.MOST_MEASURED_SECONDS,
        help_text="For how long; 0 stops it.",
    )


class MeasurementsSerializer(serializers.Serializer[Any]):
    shadow = MeasurementSerializer(many=True)


class CacheStatsView(RuledView):
    """Figures of the result cache."""

    rules = {"get": "cache.read"}
    query_parameters = {"get": parameters(CacheStatsQuerySerializer)}

    @extend_schema(
        operation_id="cache_stats", parameters=[CacheStatsQuerySerializer], responses=CacheStatsSerializer
    )
    def get(self, request: Request) -> Response:
        """What was asked of the cache and what it saved, by kind; and what shadow mode forecasts."""
        days = read_query(request, CacheStatsQuerySerializer)["days"]
        return Response(cached.stats(workspace_id=self.access.workspace_id, days=days))


class CacheEntriesViewSet(ViewSet):
    """Outputs that are kept."""

    queryset = Workflow.objects.none()
    serializer_class = CacheEntrySerializer
    rules = {"list": "cache.read"}
    query_parameters = {"list": parameters(CacheEntriesQuerySerializer)}

    @extend_schema(
        operation_id="cache_entries",
        parameters=[CacheEntriesQuerySerializer],
        responses=CacheEntrySerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """What is kept longest first; filter by one of `kind`, `workflow` and `tag`."""
        asked = self.query(CacheEntriesQuerySerializer)
        if len(asked) > 1:
            raise Malformed(reason="Filter by one of kind, workflow and tag.")
        page = read_page(request.query_params, _ORDER)
        rows, last = cached.entries(
            workspace_id=self.caller.workspace_id,
            selection=Selection.of(asked or {"all": True}),
            limit=page.limit,
            after=page.after,
        )
        return Response(page_document(rows, None if last is None else encode_cursor(last, _ORDER)))


class CacheInvalidateView(RuledView):
    """Dropping what is kept."""

    rules = {"post": "cache.clear"}

    @extend_schema(
        operation_id="cache_invalidate",
        request=InvalidateSerializer,
        responses=InvalidatedSerializer,
        examples=[examples.INVALIDATE],
    )
    def post(self, request: Request) -> Response:
        """Drop outputs, those being worked out right now included; with `dry_run` only count them."""
        checked = InvalidateSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        body = checked.validated_data
        done = cached.invalidate(
            workspace_id=self.access.workspace_id,
            selection=Selection.of(body),
            by=self.access,
            dry_run=body["dry_run"],
        )
        return Response(done)


class CacheShadowView(RuledView):
    """Measuring before switching on."""

    rules = {"post": "cache.clear"}

    @extend_schema(
        operation_id="cache_shadow",
        request=MeasureSerializer,
        responses=MeasurementsSerializer,
        examples=[examples.MEASURE],
    )
    def post(self, request: Request) -> Response:
        """Count what a cache would have served, in one workflow or all of them, without serving it."""
        checked = MeasureSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        body = checked.validated_data
        measured = cached.measure(
            workspace_id=self.access.workspace_id,
            workflow_id=body["workflow"],
            seconds=body["seconds"],
            by=self.access,
        )
        return Response({"shadow": measured})
