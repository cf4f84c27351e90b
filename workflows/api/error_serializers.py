"""Shapes of error groups and dead letters."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from studio.common.serializers import StrictSerializer, Time
from studio.kernel.clock import utcnow
from workflows.api.execution_serializers import ExecutionSummarySerializer
from workflows.api.job_serializers import JobSerializer
from workflows.api.resume_serializers import VersionField
from workflows.models import DeadLetter, ErrorGroup

MOST_MORE = 1_000_000_000


class ErrorGroupSerializer(serializers.ModelSerializer[ErrorGroup]):
    """Failed executions with the same fingerprint."""

    kind = serializers.CharField(help_text="Of the node that failed; empty when it was none.")
    template = serializers.CharField(help_text="The message without what differs from case to case.")
    message = serializers.CharField(help_text="The latest one, as it was.")
    state = serializers.ChoiceField(ErrorGroup.State.choices)
    state_changed_at = Time()
    first_seen_at = Time()
    last_seen_at = Time()
    last_execution = serializers.UUIDField(source="last_execution_id")
    ignored_until = Time(allow_null=True)
    ignored_until_count = serializers.IntegerField(allow_null=True)
    resolved_at = Time(allow_null=True)

    class Meta:
        model = ErrorGroup
        fields = (
            "id", "fingerprint", "kind", "category", "code", "template", "message", "state", "state_changed_at",
            "count", "first_seen_at", "last_seen_at", "last_execution", "ignored_until", "ignored_until_count",
            "resolved_at", "resolved_by",
        )  # fmt: skip
        read_only_fields = fields


class AffectedSerializer(serializers.Serializer[Any]):
    """A workflow that is hit."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    count = serializers.IntegerField()
    last_seen_at = Time()


class SameSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    category = serializers.CharField()
    code = serializers.CharField()
    template = serializers.CharField()


class WhySerializer(serializers.Serializer[Any]):
    """Why these failures are one group."""

    algorithm = serializers.IntegerField(help_text="Version of the rules.")
    same = SameSerializer(help_text="What they have in common.")
    left_out = serializers.ListField(
        child=serializers.CharField(), help_text="What differs between their messages."
    )


class ErrorGroupDetailSerializer(ErrorGroupSerializer):
    """An error group with what it hits."""

    workflows = AffectedSerializer(source="shown.workflows", many=True, help_text="Those it hits most.")
    samples = ExecutionSummarySerializer(
        source="shown.samples", many=True, help_text="The latest executions."
    )
    to_retry = serializers.IntegerField(
        source="shown.to_retry", help_text="Executions from which nobody has gone on yet."
    )
    job = JobSerializer(source="shown.job", allow_null=True, help_text="The latest job on it.")
    why = WhySerializer(source="shown.why")

    class Meta(ErrorGroupSerializer.Meta):
        fields = (*ErrorGroupSerializer.Meta.fields, "workflows", "samples", "to_retry", "job", "why")  # type: ignore[assignment] # more
        read_only_fields = fields  # type: ignore[assignment] # more


class ErrorGroupQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(ErrorGroup.State.choices, required=False)
    workflow = serializers.UUIDField(required=False)
    kind = serializers.CharField(
        required=False, max_length=100, help_text="Of the node, such as `http.request`."
    )
    q = serializers.CharField(required=False, max_length=200, help_text="A code, or part of a message.")


class IgnoreSerializer(StrictSerializer):
    """Whichever comes first; an empty body ignores it for good."""

    until = serializers.DateTimeField(required=False, allow_null=True, help_text="A time to come.")
    count = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MOST_MORE,
        help_text="Until it was seen so often more.",
    )

    def validate_until(self, value: Any) -> Any:
        if value is not None and value <= utcnow():
            raise serializers.ValidationError("This time is over.", "in_the_past")
        return value


class DeadLetterSerializer(serializers.ModelSerializer[DeadLetter]):
    """An execution that failed by no node's fault; `id` is the execution's."""

    workflow = serializers.UUIDField(source="workflow_id", allow_null=True)
    state = serializers.ChoiceField(DeadLetter.State.choices)
    losses = serializers.IntegerField(help_text="Workers that were lost while they held it.")
    created_at = Time()
    settled_at = Time(allow_null=True)
    retried_as = serializers.UUIDField(allow_null=True, help_text="The execution that carries on from it.")

    class Meta:
        model = DeadLetter
        fields = (
            "id", "workflow", "state", "code", "reason", "losses", "created_at", "settled_at", "settled_by",
            "retried_as",
        )  # fmt: skip
        read_only_fields = fields


class DeadLetterQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(DeadLetter.State.choices, required=False)
    workflow = serializers.UUIDField(required=False)


class DeadLetterRetrySerializer(StrictSerializer):
    version = VersionField(required=False, help_text="What to go on with; `same` unless told otherwise.")
