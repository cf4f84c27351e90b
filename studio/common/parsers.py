"""Bodies: JSON, strictly, up to a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.parsers import BaseParser

from studio.kernel.documents import read_json
from studio.kernel.errors import TooLarge, UnsupportedMedia


class JSONParser(BaseParser):
    """A view may raise its limit with `body_limit_bytes`; a body that says it is larger is not read at all."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        context = parser_context or {}
        limit = getattr(context.get("view"), "body_limit_bytes", None) or settings.STUDIO_BODY_LIMIT_BYTES
        request = context["request"]._request
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise UnsupportedMedia(reason="Send the body as it is, without a Content-Encoding.")
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            raise TooLarge(limit_bytes=limit)
        return read_json(request.body, limit_bytes=limit)
