"""Fields that several shapes share, and how they stand in the description of the API."""

from __future__ import annotations

import math
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from studio.common.serializers import Text
from workflows.engine.definition import json_schema
from workflows.services.exchange import MAX_TAGS


class DefinitionField(serializers.JSONField):
    """A definition as it is sent; the service says what is wrong with it."""


class DefinitionFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Names the definition's own JSON Schema as a component."""

    target_class = DefinitionField

    def map_serializer_field(self, auto_schema: Any, _direction: Any) -> dict[str, Any]:
        schema = json_schema()
        schema.pop("$schema")
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name="Definition", type=ResolvedComponent.SCHEMA, object="Definition", schema=schema
        )
        auto_schema.registry.register_on_missing(component)
        reference: dict[str, Any] = component.ref
        return reference


@extend_schema_field({})
class Json(serializers.JSONField):
    """Any JSON, null as well: it is one of the values, and does not stand for none."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return (True, None) if data is None else super().validate_empty_values(data)


@extend_schema_field({"type": "object", "additionalProperties": True})
class JsonObject(serializers.JSONField):
    """An object whose keys are somebody else's."""


class Slug(Text):
    """Lower case letters, digits and single hyphens."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=80, trim_whitespace=False, **options)
        pattern = serializers.RegexField(r"^[a-z0-9]+(?:-[a-z0-9]+)*\Z").validators[-1]
        self.validators.append(pattern)


class Tags(serializers.ListField):
    """Short words, each once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=Text(max_length=60), max_length=MAX_TAGS, **options)

    def to_internal_value(self, data: Any) -> list[str]:
        return list(dict.fromkeys(super().to_internal_value(data)))


class Seconds(serializers.FloatField):
    """A finite number of seconds, not below zero."""

    def __init__(self, *, most: int = 10**9, **options: Any) -> None:
        super().__init__(min_value=0, max_value=most, **options)

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value
