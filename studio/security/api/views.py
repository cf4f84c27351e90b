"""`/credentials` and `/audit`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.models import Workspace
from studio.common.api import WorkspaceViewSet, etag, require_match
from studio.common.idempotency import creates
from studio.security.api import serializers as shapes
from studio.security.kinds import KINDS
from studio.security.models import AuditEntry, Credential
from studio.security.services import credentials


class CredentialViewSet(WorkspaceViewSet):
    """Secrets that nodes use by reference. What is written here is never read back."""

    queryset = Credential.objects.select_related("created_by")
    serializer_class = shapes.CredentialSerializer
    rules = {
        "list": "credential.read",
        "retrieve": "credential.read",
        "kinds": "credential.read",
        "create": "credential.edit",
        "partial_update": "credential.edit",
        "destroy": "credential.edit",
    }

    def list(self, _request: Request) -> Response:
        return self.page(self.get_queryset(), shapes.CredentialSerializer)

    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        return _shown(self.get_object())

    @extend_schema(request=shapes.NewCredentialSerializer, responses={201: shapes.CredentialSerializer})
    @creates()
    def create(self, _request: Request) -> Response:
        body = self.valid(shapes.NewCredentialSerializer)
        workspace = Workspace.objects.get(pk=self.access.workspace_id)
        made = credentials.create_credential(workspace=workspace, by=self.access, **body)
        return _shown(made, status=201)

    @extend_schema(request=shapes.ChangedCredentialSerializer, responses=shapes.CredentialSerializer)
    @transaction.atomic
    def partial_update(self, request: Request, **_lookup: Any) -> Response:
        credential = self.get_object_for_change()
        require_match(request, credential.revision)
        body = self.valid(shapes.ChangedCredentialSerializer)
        return _shown(credentials.update_credential(credential=credential, by=self.access, **body))

    @extend_schema(responses={204: OpenApiResponse(description="Done; no body.")})
    def destroy(self, _request: Request, **_lookup: Any) -> Response:
        credentials.delete_credential(credential=self.get_object(), by=self.access)
        return Response(status=204)

    @extend_schema(responses=shapes.CredentialKindsSerializer)
    @action(detail=False)
    def kinds(self, _request: Request) -> Response:
        """Which kinds there are and what each holds."""
        return Response({"results": [asdict(kind) for kind in KINDS.values()]})


class AuditViewSet(WorkspaceViewSet):
    """Who did what, newest first."""

    queryset = AuditEntry.objects.all()
    serializer_class = shapes.AuditEntrySerializer
    rules = {"list": "audit.read"}

    def list(self, _request: Request) -> Response:
        return self.page(self.get_queryset(), shapes.AuditEntrySerializer)


def _shown(credential: Credential, status: int = 200) -> Response:
    data = shapes.CredentialSerializer(credential).data
    return Response(data, status=status, headers={"ETag": etag(credential.revision)})
