"""What the views of this app share."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.models import Workspace
from studio.accounts.permissions import Access
from studio.common.api import WorkspaceViewSet
from studio.common.problem import flatten
from studio.kernel.errors import Malformed

NOTHING = OpenApiResponse(description="Done; no body.")


class ViewSet(WorkspaceViewSet):
    """`lists_also` names the actions besides `list` that answer pages."""

    lists_also: frozenset[str] = frozenset()

    def lists(self, operation: str) -> bool:
        return operation in self.lists_also or super().lists(operation)

    @property
    def caller(self) -> Access:
        found: Access = self.access
        return found

    @property
    def workspace(self) -> Workspace:
        """The caller's workspace, named by its id and not read."""
        return Workspace(pk=self.caller.workspace_id)

    def query(self, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The query parameters as `serializer` accepts them; raise Malformed."""
        return read_query(self.request, serializer)


def read_query(request: Request, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    named = serializer().fields
    checked = serializer(data={key: value for key, value in request.query_params.items() if key in named})
    if not checked.is_valid():
        details = serializers.ValidationError(checked.errors).get_full_details()
        problems = list(flatten(details))
        parameter = problems[0].pointer.strip("/").partition("/")[0]
        raise Malformed(reason=f"The query parameter `{parameter}` is not valid: {problems[0].detail}")
    data: dict[str, Any] = checked.validated_data
    return data


def parameters(serializer: type[serializers.Serializer[Any]]) -> set[str]:
    """The names of the query parameters that `serializer` reads."""
    return set(serializer().fields)


def empty(status: int = 204) -> Response:
    return Response(status=status)


def matches(request: Request, tag: str) -> bool:
    """Whether the caller has this version already (`If-None-Match`)."""
    sent = request.headers.get("If-None-Match", "")
    return tag in {one.strip().removeprefix("W/") for one in sent.split(",")}


def as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
