"""Shapes of resuming: where to go on, and what becomes of every step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from studio.common.serializers import Flag, StrictSerializer, Text
from workflows.api.execution_serializers import AcceptedSerializer, IterationSerializer
from workflows.api.fields import Json, JsonObject
from workflows.engine.resume import Action, Reason
from workflows.services.resume import SAME, ResumeRequest

_VERSION_WORDS = (SAME, "draft", "published")
_PART = re.compile(r"(?:each|loop)\.(?:0|[1-9][0-9]{0,8})")


@extend_schema_field(
    {"type": "string", "pattern": r"^(?:(?:each|loop)\.[0-9]+(?:/(?:each|loop)\.[0-9]+)*)?$"}
)
class IterationField(Text):
    """A path such as `each.3/loop.2`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, **options)

    def to_internal_value(self, data: Any) -> str:
        path = super().to_internal_value(data)
        if path and not all(_PART.fullmatch(part) for part in path.split("/")):
            raise serializers.ValidationError("An iteration reads like each.3/loop.2.", "bad_format")
        return path


@extend_schema_field(
    {"oneOf": [{"type": "string", "enum": list(_VERSION_WORDS)}, {"type": "integer", "minimum": 1}]}
)
class VersionField(serializers.Field[Any, Any, Any, Any]):
    """`same`, `draft`, `published` or a number."""

    def to_internal_value(self, data: Any) -> str | int:
        if data in _VERSION_WORDS and isinstance(data, str):
            return data
        if isinstance(data, int) and not isinstance(data, bool) and 1 <= data < 2**31:
            return data
        raise serializers.ValidationError(
            'Use "same", "draft", "published" or the number of a version.', "unknown_version"
        )


class _WhereSerializer(StrictSerializer):
    """Everything is optional: an empty body goes on from what failed."""

    from_node = Text(required=False, allow_null=True, max_length=63, help_text="Run this and all after it.")
    iteration = IterationField(
        required=False,
        help_text="Of `from_node`, such as `each.3/loop.2`; left out: every item, and loops from the first visit.",
    )
    version = VersionField(required=False, help_text="What to go on with; `same` unless told otherwise.")
    input = Json(required=False, help_text="What `trigger` holds from now on; left out: as it was.")
    outputs = JsonObject(
        required=False,
        help_text="Outputs to write in by `node` or `node:iteration`; those are not run, what follows them is.",
    )
    send_again = Flag(
        required=False, help_text="Give writes idempotency keys of their own, so that they act once more."
    )

    def validate_outputs(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise serializers.ValidationError("Send an object by node id.", "wrong_type")
        return value


class ResumeChildSerializer(_WhereSerializer):
    """Where the sub-workflow goes on."""


class ResumeSerializer(_WhereSerializer):
    """Everything is optional: an empty body goes on from what failed."""

    child = ResumeChildSerializer(
        required=False,
        allow_null=True,
        help_text="`from_node` awaits a sub-workflow: let that go on instead of starting it anew.",
    )
    dry_run = Flag(required=False, help_text="Answer the plan and change nothing.")

    def asked(self) -> ResumeRequest:
        return _request(self.validated_data)


def _request(given: Mapping[str, Any]) -> ResumeRequest:
    child = given.get("child")
    return ResumeRequest(
        from_node=given.get("from_node"),
        iteration=given.get("iteration", ""),
        version=given.get("version", SAME),
        input=(given["input"],) if "input" in given else None,
        outputs=given.get("outputs", {}),
        send_again=given.get("send_again", False),
        child=None if child is None else _request(child),
    )


class PlannedStepSerializer(serializers.Serializer[Any]):
    """What becomes of one step."""

    node = serializers.CharField()
    iteration = IterationSerializer(many=True)
    action = serializers.ChoiceField([str(one) for one in Action])
    reason = serializers.ChoiceField([str(one) for one in Reason], allow_null=True)
    after = serializers.CharField(allow_null=True, help_text="The node that it comes after, if that is why.")
    repeats = serializers.BooleanField(help_text="It acted on the outside before, and will again.")


class CountsSerializer(serializers.Serializer[Any]):
    kept = serializers.IntegerField()
    edited = serializers.IntegerField()
    reopened = serializers.IntegerField(help_text="Lists whose finished items stand.")
    rerun = serializers.IntegerField()
    undone = serializers.IntegerField()
    repeats = serializers.IntegerField(help_text="Of those that are run again, the ones that act outside.")


class ResumePlanSerializer(serializers.Serializer[Any]):
    """What is kept, run again and undone; steps that are run again come first."""

    counts = CountsSerializer()
    steps = PlannedStepSerializer(many=True)
    truncated = serializers.BooleanField(help_text="There are more steps than are shown.")
    child = JsonObject(allow_null=True, help_text="The plan of the sub-workflow that goes on in it.")


class ResumedSerializer(AcceptedSerializer):
    """The execution that goes on."""

    resumed_from = serializers.UUIDField()
    plan = ResumePlanSerializer()
