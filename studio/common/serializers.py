"""Serializers that take what they name and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from studio.kernel.clock import rfc3339

_UNKNOWN = "This field is unknown here."
_READ_ONLY = "This field cannot be set."


class StrictSerializer(serializers.Serializer[Any]):
    """A field that is unknown or read-only is refused, not dropped in silence."""

    def to_internal_value(self, data: Any) -> Any:
        refused = self._refused(data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError(_merged(error.detail, refused)) from error
        if refused:
            raise serializers.ValidationError(refused)
        return value

    def _refused(self, data: Mapping[str, Any]) -> dict[str, list[serializers.ErrorDetail]]:
        refused = {}
        for name in data:
            field = self.fields.get(name)
            if field is None:
                refused[str(name)] = [serializers.ErrorDetail(_UNKNOWN, "unknown_field")]
            elif field.read_only:
                refused[str(name)] = [serializers.ErrorDetail(_READ_ONLY, "read_only")]
        return refused


def _merged(detail: Any, refused: Mapping[str, Any]) -> Any:
    return {**detail, **refused} if isinstance(detail, dict) else detail


class Text(serializers.CharField):
    """A string, and only a string; 200 characters unless told otherwise."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 200)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false, not a word for it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Time(serializers.DateTimeField):
    """RFC 3339 in UTC with microseconds."""

    def to_representation(self, value: datetime) -> str:
        return rfc3339(value)
