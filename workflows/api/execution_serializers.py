"""Shapes of executions, steps, events and runs. What is shown is presented by `workflows.services.presentation`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from studio.common.serializers import StrictSerializer
from workflows.api.fields import DefinitionField, Json, JsonObject, Seconds
from workflows.models import Execution
from workflows.services.presentation import present_execution
from workflows.services.submission import MAX_PRIORITY, MAX_TAG_LENGTH, MAX_TAGS

STEP_STATUSES = ("pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled", "undone")
_DOCUMENT = 'Any JSON; above 64 KiB `{"$blob": …}`.'


class TriggerSerializer(serializers.Serializer[Any]):
    node = serializers.CharField(
        allow_null=True, help_text="The trigger node that started it, if there is one."
    )
    kind = serializers.CharField()


class ErrorSerializer(serializers.Serializer[Any]):
    """What went wrong."""

    code = serializers.CharField()
    category = serializers.CharField()
    message = serializers.CharField()
    node = serializers.CharField(allow_null=True, required=False)
    attempt = serializers.IntegerField(allow_null=True, required=False)
    details = JsonObject(required=False)


class ExecutionSummarySerializer(serializers.Serializer[Any]):
    """An execution as lists show it: without input and output."""

    id = serializers.UUIDField()
    workflow = serializers.UUIDField(allow_null=True, help_text="Null for a definition that was never saved.")
    workflow_name = serializers.CharField(
        required=False, allow_null=True, help_text="Null also once the workflow is deleted."
    )
    version = serializers.IntegerField(allow_null=True, help_text="Null for a draft.")
    status = serializers.ChoiceField(Execution.Status.choices)
    trigger = TriggerSerializer()
    error = ErrorSerializer(allow_null=True)
    reason = Json(help_text="Why it waits.")
    queue = serializers.CharField()
    region = serializers.CharField()
    priority = serializers.IntegerField()
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment] # declared fields are no attributes
    resumed_from = serializers.UUIDField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()

    def to_representation(self, instance: Execution) -> dict[str, Any]:
        workflow = instance.workflow
        return {**present_execution(instance), "workflow_name": workflow.name if workflow else None}


class ExecutionSerializer(ExecutionSummarySerializer):
    """One run of one definition."""

    input = Json(help_text=_DOCUMENT)
    output = Json(help_text=_DOCUMENT)


class ExecutionQuerySerializer(serializers.Serializer[Any]):
    """Times are those at which executions were accepted, which is also the order of the list."""

    workflow = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(Execution.Status.choices, required=False)
    trigger = serializers.RegexField(
        r"^(?:trigger\.)?[a-z][a-z0-9_]*\Z",
        required=False,
        max_length=63,
        help_text="A kind, such as `webhook`.",
    )
    started_after = serializers.DateTimeField(required=False, help_text="At this time or later.")
    started_before = serializers.DateTimeField(required=False, help_text="Before this time.")
    error_group = serializers.UUIDField(required=False)
    min_duration = Seconds(required=False, help_text="Seconds from start to end, at least.")
    region = serializers.CharField(required=False, max_length=63)
    q = serializers.CharField(
        required=False, max_length=200, help_text="An execution's id, a tag, or part of a workflow's name."
    )


class IterationSerializer(serializers.Serializer[Any]):
    scope = serializers.CharField(help_text="`each` or `loop`.")
    index = serializers.IntegerField()


class StepSummarySerializer(serializers.Serializer[Any]):
    """A step without its input and output."""

    id = serializers.UUIDField()
    node = serializers.CharField()
    kind = serializers.CharField()
    iteration = IterationSerializer(many=True)
    status = serializers.ChoiceField(STEP_STATUSES)
    attempt = serializers.IntegerField()
    handled = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True)
    error = ErrorSerializer(allow_null=True)
    cache = Json()
    due_at = serializers.DateTimeField(allow_null=True)
    queued_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class StepSerializer(StepSummarySerializer):
    """One visit of one node."""

    input = Json(help_text=_DOCUMENT)
    output = Json(help_text=_DOCUMENT)


class EventQuerySerializer(serializers.Serializer[Any]):
    after = serializers.IntegerField(
        required=False,
        default=-1,
        min_value=-1,
        max_value=2**63 - 1,
        help_text="A `seq`; what came later is told.",
    )
    limit = serializers.IntegerField(required=False, default=200, min_value=1, max_value=1000)


class ExecutionEventSerializer(serializers.Serializer[Any]):
    """`execution` is the execution as it stands, or its id where the event is a step's."""

    type = serializers.CharField()
    seq = serializers.IntegerField()
    at = serializers.DateTimeField(allow_null=True)
    execution = Json()
    step = StepSummarySerializer(allow_null=True)


class ExecutionEventsSerializer(serializers.Serializer[Any]):
    results = ExecutionEventSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="Send it as `after`; null when this is all.")


class _RunSerializer(StrictSerializer):
    input = Json(required=False, help_text="What `trigger` holds.")
    trigger = serializers.CharField(
        required=False, allow_null=True, help_text="The trigger to start at, by node id."
    )
    priority = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=MAX_PRIORITY, help_text="9 is served first."
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TAG_LENGTH),
        max_length=MAX_TAGS,
        required=False,
        allow_null=True,
    )


class RunSerializer(_RunSerializer):
    version = Json(
        required=False,
        help_text='`"draft"`, `"published"` or a number; left out: the published one, else the draft.',
    )
    until = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="Of a draft, run no more than leads to this node. Sessions only.",
    )
    use_pins = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="Let pinned outputs stand in for nodes of a draft. Sessions only.",
    )


class RunUnsavedSerializer(_RunSerializer):
    definition = DefinitionField()


class RunQuerySerializer(serializers.Serializer[Any]):
    wait = Seconds(
        most=60, required=False, help_text="Answer 200 with the execution if it ends within so many seconds."
    )
    queue = serializers.ChoiceField(
        ["true", "false"],
        required=False,
        help_text="`false`: 429 instead of waiting for a place under a concurrency limit.",
    )


class AcceptedSerializer(serializers.Serializer[Any]):
    """An execution that was accepted; nothing loses it any more."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(Execution.Status.choices)
    url = serializers.CharField()
