"""`/node-types`: what can stand in a definition."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.api import RuledView
from studio.common.renderers import dumps
from studio.kernel.errors import NotFound
from studio.operations.models import Breaker
from workflows.api.base import matches
from workflows.api.fields import JsonObject
from workflows.engine.kinds import Effect
from workflows.nodes import registry
from workflows.services.breakers import has_breaker, phases_by_kind

_IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="Answer 304 while this is still the ETag."
)
_UNCHANGED = OpenApiResponse(description="As it was.")


class OpenBreakerSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    phase = serializers.ChoiceField(Breaker.Phase.choices)


class NodeTypeSerializer(serializers.Serializer[Any]):
    """A kind of node: what it does, its ports, and the JSON Schema of its params."""

    kind = serializers.CharField()
    category = serializers.CharField()
    summary = serializers.CharField()
    docs = serializers.CharField()
    effect = serializers.ChoiceField([effect.value for effect in Effect])
    ports = serializers.ListField(child=serializers.CharField())
    version = serializers.IntegerField()
    timeout = serializers.FloatField(allow_null=True)
    trigger = serializers.BooleanField()
    branching = serializers.BooleanField()
    opens_items = serializers.BooleanField()
    params_schema = JsonObject()
    example = JsonObject()
    breakers = OpenBreakerSerializer(
        many=True,
        allow_null=True,
        help_text="Breakers of this kind in the workspace that are not closed; null: its calls have none.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `label` is a property of every serializer, so it cannot be declared as an attribute.
        return {**super().get_fields(), "label": serializers.CharField()}


class NodeTypesSerializer(serializers.Serializer[Any]):
    results = NodeTypeSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: the catalogue is one page.")


class NodeTypesView(RuledView):
    """The catalogue."""

    rules = {"get": "node_type.read"}

    @extend_schema(
        operation_id="node_types_list",
        parameters=[_IF_NONE_MATCH],
        responses={200: NodeTypesSerializer, 304: _UNCHANGED},
    )
    def get(self, request: Request) -> Response:
        """Every kind that is installed here, sorted by kind."""
        phases = phases_by_kind(self.access.workspace_id)
        return _kept(
            request, {"results": [_with(one, phases) for one in _described().values()], "next": None}
        )


class NodeTypeView(RuledView):
    """One kind."""

    rules = {"get": "node_type.read"}

    @extend_schema(
        operation_id="node_types_retrieve",
        parameters=[_IF_NONE_MATCH],
        responses={200: NodeTypeSerializer, 304: _UNCHANGED},
    )
    def get(self, request: Request, kind: str) -> Response:
        """One kind of node."""
        found = _described().get(kind)
        if found is None:
            raise NotFound(what="node type")
        return _kept(request, _with(found, phases_by_kind(self.access.workspace_id)))


@functools.cache
def _described() -> dict[str, dict[str, Any]]:
    return {entry["kind"]: entry for entry in registry.catalogue()}


def _with(described: dict[str, Any], phases: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    kind = described["kind"]
    return {**described, "breakers": phases.get(kind, []) if has_breaker(kind) else None}


def _kept(request: Request, document: dict[str, Any]) -> Response:
    """The document, or 304 for a caller who has it."""
    tag = f'"{hashlib.sha256(dumps(document)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if matches(request, tag):
        return Response(status=304, headers=headers)
    return Response(document, headers=headers)
