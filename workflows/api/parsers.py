"""Bodies in YAML, for files that people keep beside their code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.parsers import BaseParser

from studio.kernel.errors import TooLarge
from workflows.services.exchange import MAX_BYTES, read_yaml

YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")


class YAMLParser(BaseParser):
    media_type = YAML_TYPES[0]

    @classmethod
    def others(cls) -> tuple[type[YAMLParser], ...]:
        """The same under the names that YAML had before it was registered."""
        return tuple(type(cls.__name__, (cls,), {"media_type": name}) for name in YAML_TYPES[1:])

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]._request
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
            raise TooLarge(limit_bytes=MAX_BYTES)
        return read_yaml(request.body)
