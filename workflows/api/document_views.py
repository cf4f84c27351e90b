"""`/blobs`: documents too large to stand in an answer. `/tickets`: how a program opens a WebSocket."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.api import RuledView
from studio.common.renderers import dumps
from studio.common.serializers import Time
from workflows.runtime.payload import MEDIA_TYPE
from workflows.services.executions import stored_document
from workflows.services.tickets import issue_ticket


class BlobView(RuledView):
    """What a `$blob` refers to."""

    rules = {"get": "execution.read"}

    @extend_schema(
        operation_id="blob_retrieve",
        responses={200: OpenApiResponse(OpenApiTypes.ANY, description="The document itself.")},
    )
    def get(self, _request: Request, id: uuid.UUID) -> HttpResponse:  # noqa: A002 - as the route names it
        """The document, whole."""
        document = stored_document(self.access.workspace_id, id)
        headers = {
            "Content-Disposition": f'attachment; filename="{id}.json"',
            "Cache-Control": "private, max-age=31536000, immutable",
        }
        return HttpResponse(dumps(document), content_type=MEDIA_TYPE, headers=headers)


class TicketSerializer(serializers.Serializer[Any]):
    """Send it as `?ticket=`; it opens one socket, once."""

    ticket = serializers.CharField(source="secret")
    expires_at = Time()


class TicketView(RuledView):
    """One-time tickets for WebSockets."""

    rules = {"post": "execution.read"}

    @extend_schema(operation_id="ticket_issue", request=None, responses={201: TicketSerializer})
    def post(self, _request: Request) -> Response:
        """A ticket for programs; the page's socket is opened by its session."""
        return Response(TicketSerializer(issue_ticket(self.access)).data, status=201)
