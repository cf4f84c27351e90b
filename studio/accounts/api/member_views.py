"""`/members` and `/roles`: who works here, and what that lets them do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.models import Membership
from studio.accounts.permissions import LEAST_ROLE
from studio.accounts.roles import Role
from studio.common.api import RuledView, WorkspaceViewSet
from studio.common.serializers import StrictSerializer, Time


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A person in this workspace."""

    user = serializers.UUIDField(source="user_id")
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    created_at = Time()

    class Meta:
        model = Membership
        fields = ("id", "user", "email", "name", "role", "created_at")
        read_only_fields = fields


class RoleSerializer(StrictSerializer):
    role = serializers.ChoiceField(Role.choices)
    may = serializers.ListField(child=serializers.CharField(), help_text="Every verb, sorted.")


class RolesSerializer(StrictSerializer):
    results = RoleSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: roles are one page.")


class MemberViewSet(WorkspaceViewSet):
    """Members, newest first."""

    queryset = Membership.objects.select_related("user")
    serializer_class = MemberSerializer
    rules = {"list": "member.read"}

    def list(self, _request: Request) -> Response:
        return self.page(self.get_queryset(), MemberSerializer)


class RolesView(RuledView):
    """The table of roles and verbs."""

    rules = {"get": "member.read"}

    @extend_schema(operation_id="roles_list", responses=RolesSerializer)
    def get(self, _request: Request) -> Response:
        """From the least role to the greatest."""
        return Response(RolesSerializer({"results": [_described(role) for role in Role], "next": None}).data)


def _described(role: Role) -> dict[str, Any]:
    return {"role": role, "may": sorted(verb for verb, least in LEAST_ROLE.items() if role.includes(least))}
