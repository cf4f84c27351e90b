"""Lists are read by keyset: a page says after which key the next one starts, so depth costs nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from studio.kernel.errors import Malformed

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`after`: the key of the last row of the page before; None asks for the first page."""

    limit: int
    after: str | None


def read_page(query: Mapping[str, str], ordering: str) -> PageRequest:
    """What the caller asks for; raise Malformed for a limit or a cursor that is none."""
    return PageRequest(_limit(query.get("limit")), decode_cursor(query.get("cursor"), ordering))


def encode_cursor(key: object, ordering: str) -> str:
    return base64.urlsafe_b64encode(f"{ordering}:{key}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, ordering: str) -> str | None:
    """The key within; a cursor of a list in another order is as wrong as one made up."""
    if not cursor:
        return None
    try:
        text = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True
        ).decode()
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor() from error
    order, found, key = text.partition(":")
    if not found or order != ordering or not key or "\x00" in key:
        raise _bad_cursor()
    return key


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise Malformed(reason=f"`limit` is a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def _bad_cursor() -> Malformed:
    return Malformed(reason="`cursor` is not one that this list gave out.")


class KeysetPagination(BasePagination):
    """Orders by one unique column: the view's `keyset` (`-id` unless it says otherwise)."""

    def __init__(self) -> None:
        self.ordering = "-id"
        self.next: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any | None = None) -> list[Any]:
        self.ordering = getattr(view, "keyset", "-id")
        page = read_page(request.query_params, self.ordering)
        field = self.ordering.removeprefix("-")
        if page.after is not None:
            operator = "lt" if self.ordering.startswith("-") else "gt"
            queryset = queryset.filter(**{f"{field}__{operator}": _typed(queryset.model, field, page.after)})
        rows = list(queryset.order_by(self.ordering)[: page.limit + 1])
        if len(rows) > page.limit:
            rows.pop()
            self.next = encode_cursor(getattr(rows[-1], field), self.ordering)
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response(page_document(data, self.next))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {"type": ["string", "null"], "description": "Send it as `cursor`; null at the end."},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return PARAMETERS


def page_document(results: Sequence[Any], next_cursor: str | None) -> dict[str, Any]:
    """The shape of every list."""
    return {"results": results, "next": next_cursor}


def _typed(model: type[Model], field: str, text: str) -> Any:
    try:
        column: Any = model._meta.get_field(field)
        return column.to_python(text)
    except (ValidationError, FieldDoesNotExist, OverflowError) as error:
        raise _bad_cursor() from error


PARAMETERS: Final[list[dict[str, Any]]] = [
    {
        "name": "limit",
        "in": "query",
        "required": False,
        "description": "How many at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    {
        "name": "cursor",
        "in": "query",
        "required": False,
        "description": "The `next` of the page before.",
        "schema": {"type": "string"},
    },
]
