"""What every view of the API stands on: a rule per action, known parameters only, one workspace's rows.

A view declares; this module enforces. `rules` maps each action (of a ViewSet) or method (of an APIView, lower
case) to a verb of `studio.accounts.permissions`, or to one of `studio.common.rules`. A route
without one answers nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from studio.common.problem import LengthRequired
from studio.kernel.documents import check_text
from studio.kernel.errors import Malformed, PreconditionFailed, PreconditionRequired, Problem

_PAGE_PARAMETERS: Final = frozenset({"limit", "cursor"})


class RuledView(APIView):
    """Base of all views of the API."""

    rules: ClassVar[Mapping[str, str]] = {}
    query_parameters: ClassVar[Mapping[str, frozenset[str] | set[str]]] = {}
    body_limit_bytes: ClassVar[int | None] = None
    http_method_names: ClassVar[list[str]] = ["get", "head", "post", "put", "patch", "delete"]  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
            raise LengthRequired
        refuse_unknown_parameters(request, self.known_parameters())

    @property
    def operation(self) -> str | None:
        """The key of `rules` that this request falls under."""
        return self.operation_of(str(self.request.method))

    def operation_of(self, method: str) -> str | None:
        name = method.lower()
        actions: Mapping[str, str] | None = getattr(self, "action_map", None)
        if actions is not None:
            return actions.get(name)
        return "get" if name == "head" else name

    def known_parameters(self) -> frozenset[str]:
        operation = self.operation or ""
        known = frozenset(self.query_parameters.get(operation, ()))
        return known | _PAGE_PARAMETERS if self.lists(operation) else known

    def lists(self, operation: str) -> bool:
        """Whether the operation answers a page."""
        return operation == "list"

    @property
    def access(self) -> Any:
        """Who calls, where and as what (`studio.accounts.permissions.Access`)."""
        return self.request.auth


class WorkspaceViewSet(RuledView, GenericViewSet[Any]):
    """One noun of a workspace. Rows of other workspaces do not exist here."""

    lookup_field = "id"
    keyset: ClassVar[str] = "-id"

    def get_queryset(self) -> QuerySet[Any]:
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return queryset.filter(workspace_id=self.access.workspace_id)

    def get_object_for_change(self) -> Any:
        """The row, locked until the caller's transaction ends; check `If-Match` against it."""
        return self.get_object_from(self.get_queryset().select_for_update(of=("self",)))

    def get_object_from(self, queryset: QuerySet[Any]) -> Any:
        """The row that the address names, within `queryset`."""
        return get_object_or_404(queryset, **{self.lookup_field: self.kwargs[self.lookup_field]})

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset

    def valid(self, serializer: type[Any], **options: Any) -> dict[str, Any]:
        """The request's body as `serializer` accepts it."""
        checked = serializer(data=self.request.data, context=self.get_serializer_context(), **options)
        checked.is_valid(raise_exception=True)
        data: dict[str, Any] = checked.validated_data
        return data

    def page(self, queryset: QuerySet[Any], serializer: type[Any]) -> Response:
        """Answer one page of `queryset`, each row by `serializer`."""
        rows = self.paginate_queryset(queryset)
        shown = serializer(rows, many=True, context=self.get_serializer_context())
        return self.get_paginated_response(shown.data)


def etag(revision: int) -> str:
    """The ETag of something people edit, from the number that counts its changes."""
    return f'"{revision}"'


def require_match(request: Request, revision: int) -> None:
    """Let a change pass only when it was made from this revision.

    Call it with the row locked (`select_for_update`), or two callers may both match.
    """
    sent = request.headers.get("If-Match")
    if sent is None:
        raise PreconditionRequired
    tags = {tag.strip() for tag in sent.split(",")}
    if "*" not in tags and etag(revision) not in tags:
        raise PreconditionFailed


def refuse_unknown_parameters(request: Request, known: frozenset[str]) -> None:
    """Raise Malformed for parameters that mean nothing here, and for text that no store can hold."""
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        said = f"Use {', '.join(sorted(known))}." if known else "This address takes no parameters."
        raise UnknownParameter(
            reason=f"Unknown query parameter. {said}",
            problems=[
                Problem("", "unknown_parameter", f"{check_text(name)[:80]!r} is unknown.")
                for name in unknown[:20]
            ],
        )
    for name, values in request.query_params.lists():
        if len(values) > 1:
            raise Malformed(reason=f"The query parameter `{name}` occurs more than once.")
        check_text(values[0], f"The query parameter `{name}`")


class UnknownParameter(Malformed):
    """A query parameter that means nothing at this address."""

    code: ClassVar[str] = "unknown_parameter"
    title: ClassVar[str] = "Unknown parameter"
