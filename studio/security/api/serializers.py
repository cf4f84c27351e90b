"""Shapes of credentials, of their kinds and of audit entries."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from studio.common.serializers import StrictSerializer, Text, Time
from studio.security.kinds import KINDS
from studio.security.models import AuditEntry, Credential


class CredentialSerializer(serializers.ModelSerializer[Credential]):
    """Everything but the secret."""

    created_by = serializers.EmailField(source="created_by.email", allow_null=True, default=None)
    created_at = Time()
    updated_at = Time()
    last_used_at = Time(allow_null=True)

    class Meta:
        model = Credential
        fields = (
            "id",
            "name",
            "kind",
            "field_names",
            "created_by",
            "created_at",
            "updated_at",
            "last_used_at",
        )
        read_only_fields = fields


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class Fields(serializers.JSONField):
    """An object of strings; which ones is up to the kind."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Send an object.", "wrong_type")
        return data


class NewCredentialSerializer(StrictSerializer):
    name = Text()
    kind = serializers.ChoiceField([(kind.kind, kind.label) for kind in KINDS.values()])
    fields = Fields(write_only=True, help_text="What the kind holds; see `/credentials/kinds`.")  # type: ignore[assignment]


class ChangedCredentialSerializer(StrictSerializer):
    name = Text(required=False)
    fields = Fields(  # type: ignore[assignment]
        write_only=True, required=False, help_text="Replaces all fields: none can be read to be kept."
    )


class KindFieldSerializer(StrictSerializer):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    secret = serializers.BooleanField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    choices = serializers.ListField(child=serializers.CharField(), help_text="Empty: any text.")


class CredentialKindSerializer(StrictSerializer):
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    fields = KindFieldSerializer(many=True)  # type: ignore[assignment]


class CredentialKindsSerializer(StrictSerializer):
    results = CredentialKindSerializer(many=True)


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    at = Time()

    class Meta:
        model = AuditEntry
        fields = (
            "id",
            "at",
            "action",
            "actor_kind",
            "actor_id",
            "actor_name",
            "target_kind",
            "target_id",
            "target_name",
            "details",
            "request_id",
            "address",
        )
        read_only_fields = fields
