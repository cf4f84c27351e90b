"""Shapes of sessions, of who is calling, and of API keys."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from studio.accounts.models import ApiKey
from studio.accounts.roles import Role
from studio.common.serializers import StrictSerializer, Text, Time


class SignInSerializer(StrictSerializer):
    email = Text(max_length=254)
    password = Text(max_length=1024, trim_whitespace=False)


class UserSerializer(StrictSerializer):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    is_staff = serializers.BooleanField()


class SessionSerializer(StrictSerializer):
    user = UserSerializer(allow_null=True)


class WorkspaceSerializer(StrictSerializer):
    id = serializers.UUIDField()
    slug = serializers.SlugField()
    name = serializers.CharField()
    tier = serializers.CharField()
    region = serializers.CharField()


class MemberOfSerializer(StrictSerializer):
    slug = serializers.SlugField(source="workspace.slug")
    name = serializers.CharField(source="workspace.name")
    role = serializers.ChoiceField(Role.choices)


class KeyInUseSerializer(StrictSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)


class LimitSerializer(StrictSerializer):
    name = serializers.CharField()
    limit = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField(allow_null=True)


class MeSerializer(StrictSerializer):
    user = UserSerializer(allow_null=True)
    api_key = KeyInUseSerializer(allow_null=True)
    workspace = WorkspaceSerializer()
    role = serializers.ChoiceField(Role.choices)
    may = serializers.ListField(child=serializers.CharField(), help_text="Every verb the caller may use.")
    tier = serializers.CharField()
    limits = LimitSerializer(many=True)
    workspaces = MemberOfSerializer(many=True)


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key as it is listed: without its secret."""

    created_by = serializers.EmailField(source="created_by.email", allow_null=True, default=None)
    created_at = Time()
    expires_at = Time(allow_null=True)
    revoked_at = Time(allow_null=True)
    last_used_at = Time(allow_null=True)

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = (
            "id",
            "name",
            "role",
            "scopes",
            "created_by",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
        )
        read_only_fields = fields


class CreatedApiKeySerializer(ApiKeySerializer):
    key = serializers.SerializerMethodField(help_text="Shown in this answer only.")

    class Meta(ApiKeySerializer.Meta):
        fields = (*ApiKeySerializer.Meta.fields, "key")
        read_only_fields = fields

    def get_key(self, _key: Any) -> str | None:
        token: str | None = self.context.get("token")
        return token


class NewApiKeySerializer(StrictSerializer):
    name = Text()
    role = serializers.ChoiceField(Role.choices, default=Role.EDITOR)
    scopes = serializers.ListField(
        child=Text(max_length=60),
        max_length=100,
        required=False,
        allow_null=True,
        help_text="Verbs such as `workflow.read`, or `workflow.*`; they narrow the role, never widen it.",
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
