"""Shapes of approvals, of links that answer them, and of those who are asked."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from studio.common.serializers import StrictSerializer
from workflows.api.execution_serializers import IterationSerializer
from workflows.api.fields import Json, JsonObject, Seconds
from workflows.services.signal_links import LONGEST_SECONDS


class FormFieldSerializer(serializers.Serializer[Any]):
    """Something an approver fills in."""

    name = serializers.CharField()
    title = serializers.CharField()
    type = serializers.ChoiceField(["string", "number", "integer", "boolean"])
    required = serializers.BooleanField()  # type: ignore[assignment] # declared fields are no attributes
    choices = serializers.ListField(child=serializers.CharField(), allow_null=True)


class AskedSerializer(serializers.Serializer[Any]):
    """What people are asked."""

    message = serializers.CharField()
    required = serializers.IntegerField(help_text="How many must approve.")  # type: ignore[assignment]
    form = FormFieldSerializer(many=True)
    deadline = serializers.DateTimeField(allow_null=True)


class ApprovalSerializer(AskedSerializer):
    """An approval that waits for decisions."""

    name = serializers.CharField(help_text="Answer it by `POST …/signals/{name}`.")
    node = serializers.CharField()
    iteration = IterationSerializer(many=True)
    approvers = serializers.ListField(child=serializers.CharField(), help_text="Roles and e-mail addresses.")
    allow_self = serializers.BooleanField()
    decisions = serializers.ListField(child=JsonObject())
    may_decide = serializers.BooleanField(help_text="Whether you are asked and have not decided yet.")


class ApprovalsSerializer(serializers.Serializer[Any]):
    results = ApprovalSerializer(many=True)


class NewLinkSerializer(StrictSerializer):
    expires_in = Seconds(most=LONGEST_SECONDS, required=False, help_text="Seconds; a day unless said.")


class LinkSerializer(serializers.Serializer[Any]):
    """A link as it is told once."""

    id = serializers.UUIDField()
    token = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField()


class FollowedLinkSerializer(serializers.Serializer[Any]):
    """What a link is for. `approval` null: it gives a signal, or what it was for is over."""

    name = serializers.CharField()
    expires_at = serializers.DateTimeField()
    used = serializers.BooleanField()
    approval = AskedSerializer(allow_null=True)


class DecisionSerializer(StrictSerializer):
    """For an approval this; for a `flow.wait` anything, which becomes its output."""

    decision = serializers.ChoiceField(["approve", "reject"])
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    form = Json(required=False)
