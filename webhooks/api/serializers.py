"""Shapes of sources and events."""

from __future__ import annotations

import base64
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from studio.common.serializers import StrictSerializer, Time
from webhooks.models import Event, Source

_SUMMARY = (
    "id", "source", "workflow", "node", "status", "reason", "method", "path", "execution", "received_at",
    "processed_at",
)  # fmt: skip


class SourceSerializer(serializers.ModelSerializer[Source]):
    """`url` is what senders are given."""

    workflow = serializers.UUIDField(source="workflow_id")
    workflow_name = serializers.CharField(source="workflow.name")
    url = serializers.SerializerMethodField()
    methods = serializers.ListField(child=serializers.CharField())
    created_at = Time()
    updated_at = Time()

    class Meta:
        model = Source
        fields = (
            "id", "workflow", "workflow_name", "node", "url", "methods", "authentication", "is_active",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_url(self, source: Source) -> str:
        return f"{settings.STUDIO_BASE_URL}/hooks/{source.token}"


class EventSummarySerializer(serializers.ModelSerializer[Event]):
    """An event as lists show it; `execution` is what it started."""

    source = serializers.UUIDField(source="source_id")  # type: ignore[assignment] # a field of that name
    workflow = serializers.UUIDField(source="workflow_id")
    execution = serializers.UUIDField(source="execution_id", allow_null=True)
    reason = serializers.CharField(allow_null=True)
    received_at = Time()
    processed_at = Time(allow_null=True)

    class Meta:
        model = Event
        fields: tuple[str, ...] = _SUMMARY
        read_only_fields: tuple[str, ...] = _SUMMARY


class EventSerializer(EventSummarySerializer):
    """`body` is the text that came; bytes that are no text stand in `body_base64` instead."""

    headers = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()
    body_base64 = serializers.SerializerMethodField()
    size_bytes = serializers.SerializerMethodField()

    class Meta(EventSummarySerializer.Meta):
        fields = (*_SUMMARY, "query", "headers", "body", "body_base64", "size_bytes")
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_headers(self, event: Event) -> Any:
        return event.headers

    def get_body(self, event: Event) -> str | None:
        return _text(event)

    def get_body_base64(self, event: Event) -> str | None:
        return None if _text(event) is not None else base64.b64encode(bytes(event.body)).decode()

    def get_size_bytes(self, event: Event) -> int:
        return len(event.body)


class EventQuerySerializer(StrictSerializer):
    """What a list of events may be narrowed to."""

    source = serializers.UUIDField(required=False)  # type: ignore[assignment] # a field of that name
    workflow = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(Event.Status.choices, required=False)
    received_after = serializers.DateTimeField(required=False)
    received_before = serializers.DateTimeField(required=False)


class SourceQuerySerializer(StrictSerializer):
    workflow = serializers.UUIDField(required=False)


def _text(event: Event) -> str | None:
    try:
        return bytes(event.body).decode("utf-8")
    except UnicodeDecodeError:
        return None
