"""`/variables`."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.api import etag, require_match
from studio.common.idempotency import creates
from workflows.api import examples
from workflows.api import serializers as shapes
from workflows.api.base import NOTHING, ViewSet, empty
from workflows.models import Variable
from workflows.services import variables


class VariableViewSet(ViewSet):
    """Values that expressions read as `vars`. Secrets belong into credentials."""

    queryset = Variable.objects.all()
    serializer_class = shapes.VariableSerializer
    keyset = "name"
    rules = {
        "list": "variable.read",
        "retrieve": "variable.read",
        "create": "variable.edit",
        "partial_update": "variable.edit",
        "destroy": "variable.edit",
    }

    def list(self, _request: Request) -> Response:
        """By name."""
        return self.page(self.get_queryset(), shapes.VariableSerializer)

    def retrieve(self, _request: Request, **_lookup: Any) -> Response:
        """One variable. Send its ETag as `If-Match` to change it."""
        return _shown(self.get_object())

    @extend_schema(
        examples=[examples.VARIABLE],
        request=shapes.NewVariableSerializer,
        responses={201: shapes.VariableSerializer},
    )
    @creates()
    def create(self, _request: Request) -> Response:
        """A new variable; its name must be free."""
        body = self.valid(shapes.NewVariableSerializer)
        made = variables.create_variable(workspace=self.workspace, by=self.caller, **body)
        return _shown(made, status=201)

    @extend_schema(request=shapes.ChangedVariableSerializer, responses=shapes.VariableSerializer)
    @transaction.atomic
    def partial_update(self, request: Request, **_lookup: Any) -> Response:
        """Another value; its name stays, since expressions use it."""
        found = self.get_object_for_change()
        require_match(request, _revision(found))
        body = self.valid(shapes.ChangedVariableSerializer)
        return _shown(variables.update_variable(variable=found, value=body["value"], by=self.caller))

    @extend_schema(responses={204: NOTHING})
    @transaction.atomic
    def destroy(self, _request: Request, **_lookup: Any) -> Response:
        """Remove it; expressions that read it see null."""
        variables.delete_variable(variable=self.get_object_for_change(), by=self.caller)
        return empty()


def _revision(variable: Variable) -> int:
    return int(variable.updated_at.timestamp() * 1_000_000)


def _shown(variable: Variable, status: int = 200) -> Response:
    data = shapes.VariableSerializer(variable).data
    return Response(data, status=status, headers={"ETag": etag(_revision(variable))})
