"""`/session`, `/me` and `/api-keys`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.middleware.csrf import get_token
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.api import serializers as shapes
from studio.accounts.models import ApiKey, Membership, User, Workspace
from studio.accounts.permissions import Access
from studio.accounts.roles import Role
from studio.accounts.services.api_keys import create_api_key, revoke_api_key
from studio.accounts.services.sessions import sign_in, sign_out
from studio.common.api import RuledView, WorkspaceViewSet
from studio.common.idempotency import creates
from studio.common.rules import MEMBER, PUBLIC

_NOTHING = OpenApiResponse(description="Done; no body.")


class SessionView(RuledView):
    """Signing in and out on the page. Reading it also sets the `csrftoken` cookie that changes need."""

    rules = {"get": PUBLIC, "post": PUBLIC, "delete": PUBLIC}
    authentication_classes = ()

    @extend_schema(operation_id="session_read", responses=shapes.SessionSerializer)
    def get(self, request: Request) -> Response:
        get_token(request._request)
        return Response(_session(request._request.user))

    @extend_schema(
        operation_id="session_start", request=shapes.SignInSerializer, responses=shapes.SessionSerializer
    )
    def post(self, request: Request) -> Response:
        SessionAuthentication().enforce_csrf(request)
        body = shapes.SignInSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = sign_in(request=request._request, **body.validated_data)
        return Response(_session(user))

    @extend_schema(operation_id="session_end", responses={204: _NOTHING})
    def delete(self, request: Request) -> Response:
        SessionAuthentication().enforce_csrf(request)
        sign_out(request=request._request)
        return Response(status=204)


class MeView(RuledView):
    """Who calls, in which workspace, as what, and what the workspace may use."""

    rules = {"get": MEMBER}

    @extend_schema(operation_id="me", responses=shapes.MeSerializer)
    def get(self, request: Request) -> Response:
        access: Access = self.access
        key = ApiKey.objects.filter(pk=access.key_id).first() if access.key_id else None
        user = request.user if isinstance(request.user, User) and key is None else None
        shown = {
            "user": user,
            "api_key": key,
            "workspace": Workspace.objects.get(pk=access.workspace_id),
            "role": access.role,
            "may": access.verbs(),
            "tier": access.tier,
            "limits": [{"name": "body_bytes", "limit": settings.STUDIO_BODY_LIMIT_BYTES, "used": None}],
            "workspaces": _workspaces(access, user),
        }
        return Response(shapes.MeSerializer(shown).data)


class ApiKeyViewSet(WorkspaceViewSet):
    """Keys for programs. The token is in the answer to its creation and nowhere else."""

    queryset = ApiKey.objects.select_related("created_by")
    serializer_class = shapes.ApiKeySerializer
    rules = {"list": "api_key.manage", "create": "api_key.manage", "destroy": "api_key.manage"}

    def list(self, _request: Request) -> Response:
        return self.page(self.get_queryset(), shapes.ApiKeySerializer)

    @extend_schema(request=shapes.NewApiKeySerializer, responses={201: shapes.CreatedApiKeySerializer})
    @creates(show_once=("key",))
    def create(self, _request: Request) -> Response:
        body = self.valid(shapes.NewApiKeySerializer)
        access: Access = self.access
        made = create_api_key(
            workspace=Workspace.objects.get(pk=access.workspace_id),
            by=access,
            within_access=access,
            **{**body, "role": Role(body["role"])},
        )
        context = {**self.get_serializer_context(), "token": made.token}
        return Response(shapes.CreatedApiKeySerializer(made.key, context=context).data, status=201)

    @extend_schema(responses={204: _NOTHING})
    def destroy(self, _request: Request, **_lookup: Any) -> Response:
        revoke_api_key(key=self.get_object(), by=self.access)
        return Response(status=204)


def _session(user: Any) -> dict[str, Any]:
    signed_in = isinstance(user, User)
    return {"user": shapes.UserSerializer(user).data if signed_in else None}


def _workspaces(access: Access, user: User | None) -> Any:
    memberships = Membership.objects.select_related("workspace").order_by("id")
    if user is not None:
        return memberships.filter(user=user)
    workspace = Workspace.objects.get(pk=access.workspace_id)
    return [Membership(workspace=workspace, role=access.role)]
