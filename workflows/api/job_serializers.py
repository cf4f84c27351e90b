"""Shapes of jobs, and of asking for one."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from studio.common.serializers import Flag, StrictSerializer, Time
from workflows.api.execution_serializers import ExecutionQuerySerializer
from workflows.api.fields import JsonObject
from workflows.api.resume_serializers import VersionField
from workflows.models import Job, JobItem
from workflows.services.job_verbs import VERBS
from workflows.services.jobs import CANARY, MOST_PER_SECOND, PER_SECOND

MOST_IDS = 10_000
MOST_STAGES = 10


class JobSerializer(serializers.ModelSerializer[Job]):
    """One verb over many executions. `started` are at work now; what was `skipped` was in no state for it."""

    error_group = serializers.UUIDField(source="error_group_id", allow_null=True)
    state = serializers.ChoiceField(Job.State.choices)
    stop_reason = JsonObject(
        allow_null=True,
        help_text="`code`: `canary_failed`, `new_error_group` (with `execution` and `error_group`) or `aborted`.",
    )
    asked = JsonObject()
    options = JsonObject()
    pending = serializers.SerializerMethodField(help_text="Not begun yet.")
    created_by = serializers.SerializerMethodField()
    created_at = Time()
    finished_at = Time(allow_null=True)

    class Meta:
        model = Job
        fields = (
            "id", "verb", "error_group", "asked", "options", "state", "stop_reason", "total", "pending", "started",
            "done", "failed", "skipped", "canary", "stage", "per_second", "created_by", "created_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_pending(self, job: Job) -> int:
        return job.total - job.started - job.done - job.failed - job.skipped

    def get_created_by(self, job: Job) -> str:
        return str(job.actor["name"])


class JobItemSerializer(serializers.ModelSerializer[JobItem]):
    """One execution of a job."""

    execution = serializers.UUIDField(source="execution_id")
    result = serializers.UUIDField(
        source="result_id", allow_null=True, help_text="The execution that was started from it."
    )
    state = serializers.ChoiceField(JobItem.State.choices)

    class Meta:
        model = JobItem
        fields = ("id", "execution", "result", "state", "detail")
        read_only_fields = fields


class JobQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(Job.State.choices, required=False)
    error_group = serializers.UUIDField(required=False)


class JobItemQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(JobItem.State.choices, required=False)


class PaceSerializer(StrictSerializer):
    """How carefully a job goes on."""

    canary = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=10_000),
        max_length=MOST_STAGES,
        required=False,
        help_text="So many first, then so many more, then all; each stage has to end well.",
    )
    per_second = serializers.IntegerField(
        min_value=1,
        max_value=MOST_PER_SECOND,
        required=False,
        help_text=f"{PER_SECOND} unless told otherwise.",
    )
    dry_run = Flag(required=False, help_text="Answer how many it would be, and change nothing.")

    def pace(self) -> dict[str, Any]:
        given = self.validated_data
        return {name: given[name] for name in ("canary", "per_second") if name in given}


class GroupRetrySerializer(PaceSerializer):
    """Everything is optional: an empty body retries all on their own version, one, then ten, then the rest."""

    version = VersionField(required=False, help_text="What to go on with; `same` unless told otherwise.")
    workflow = serializers.UUIDField(required=False, help_text="Only this workflow's executions.")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["canary"].help_text = f"{list(CANARY)} unless told otherwise; `[]` for all at once."


class BulkFilterSerializer(StrictSerializer, ExecutionQuerySerializer):
    """As the list of executions is filtered; at least one."""


class BulkSerializer(PaceSerializer):
    verb = serializers.ChoiceField(sorted(VERBS))
    filter = BulkFilterSerializer(required=False)
    ids = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=MOST_IDS, required=False
    )
    version = VersionField(required=False, help_text="For `retry`: what to go on with.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("filter" in attrs) == ("ids" in attrs):
            raise serializers.ValidationError("Send either `filter` or `ids`.", "filter_or_ids")
        if "filter" in attrs and not attrs["filter"]:
            raise serializers.ValidationError(
                {"filter": serializers.ErrorDetail("Name at least one condition.", "required")}
            )
        if "version" in attrs and attrs["verb"] != "retry":
            raise serializers.ValidationError(
                {"version": serializers.ErrorDetail("Only `retry` takes a version.", "unknown_field")}
            )
        return attrs


class LookAheadSerializer(serializers.Serializer[Any]):
    """What a job would be."""

    verb = serializers.CharField()
    total = serializers.IntegerField(help_text="One more than the most there may be: there are too many.")
    sample = serializers.ListField(child=serializers.UUIDField(), help_text="The first of them.")
