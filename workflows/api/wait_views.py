"""Pausing and continuing, signals and approvals, and the links that answer them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.api.permissions import RulePermission
from studio.common.api import RuledView
from studio.common.idempotency import creates
from studio.common.rules import PUBLIC
from workflows.api import wait_serializers as shapes
from workflows.api.base import ViewSet
from workflows.api.execution_serializers import AcceptedSerializer
from workflows.models import Execution
from workflows.services import approvals, executions, holds, signal_links
from workflows.services.presentation import present_execution

DAY_SECONDS = 86_400.0
_ANY = {"application/json": {"description": "What `flow.wait` puts out, or a decision on an approval."}}
_SIGNAL = OpenApiParameter(
    "name",
    {"type": "string", "pattern": f"^{executions.SIGNAL_NAME.pattern}$"},
    OpenApiParameter.PATH,
    description="As `flow.wait` names it; for a `flow.approval`, its node id.",
)


class WaitViewSet(ViewSet):
    """Words to executions that wait, run or are paused."""

    queryset = Execution.objects.all()
    serializer_class = AcceptedSerializer
    rules = {
        "pause": "execution.cancel",
        "go_on": "execution.cancel",
        "signal": "execution.signal",
        "link": "execution.signal",
        "approvals": "execution.read",
    }

    @extend_schema(operation_id="executions_pause", request=None, responses={202: AcceptedSerializer})
    @creates()
    def pause(self, _request: Request, **lookup: Any) -> Response:
        """Start nothing new of it; what runs may finish. Paused time does not count against its timeout."""
        return accepted(
            holds.pause_execution(workspace=self.workspace, execution_id=lookup["id"], by=self.caller)
        )

    @extend_schema(operation_id="executions_continue", request=None, responses={202: AcceptedSerializer})
    @creates()
    def go_on(self, _request: Request, **lookup: Any) -> Response:
        """Let it go on; what became due meanwhile happens now."""
        return accepted(
            holds.continue_execution(workspace=self.workspace, execution_id=lookup["id"], by=self.caller)
        )

    @extend_schema(
        operation_id="executions_signal",
        parameters=[_SIGNAL],
        request=_ANY,
        responses={202: AcceptedSerializer},
    )
    @creates()
    def signal(self, request: Request, **lookup: Any) -> Response:
        """Give it what a `flow.wait` awaits, early or late; or decide on a `flow.approval` that waits."""
        execution = approvals.answer_signal(
            workspace=self.workspace,
            execution_id=lookup["id"],
            name=lookup["name"],
            payload=request.data if request._request.body else None,
            by=self.caller,
        )
        return accepted(execution)

    @extend_schema(
        operation_id="executions_signal_link",
        parameters=[_SIGNAL],
        request=shapes.NewLinkSerializer,
        responses={201: shapes.LinkSerializer},
    )
    @creates(show_once=("token", "url"))
    def link(self, request: Request, **lookup: Any) -> Response:
        """Make a link that answers this once, in your name and without signing in."""
        asked = shapes.NewLinkSerializer(data=request.data if request._request.body else {})
        asked.is_valid(raise_exception=True)
        made = signal_links.create_link(
            workspace=self.workspace,
            execution_id=lookup["id"],
            name=lookup["name"],
            seconds=asked.validated_data.get("expires_in", DAY_SECONDS),
            by=self.caller,
        )
        url = self.request.build_absolute_uri(f"/api/v1/signals/{made.token}")
        shown = {"id": made.id, "token": made.token, "url": url, "expires_at": made.expires_at}
        return Response(shapes.LinkSerializer(shown).data, status=201)

    @extend_schema(operation_id="executions_approvals", responses=shapes.ApprovalsSerializer)
    def approvals(self, _request: Request, **_lookup: Any) -> Response:
        """What it asks of people at the moment."""
        return Response({"results": approvals.open_approvals(self.get_object(), by=self.caller)})


class SignalLinkView(RuledView):
    """Where a link leads. The token is all it takes."""

    rules = {"get": PUBLIC, "post": PUBLIC}
    authentication_classes = ()
    permission_classes = (RulePermission,)

    @extend_schema(operation_id="signals_link", responses=shapes.FollowedLinkSerializer)
    def get(self, _request: Request, token: str) -> Response:
        """What the link is for. Looking changes nothing."""
        return _private(
            shapes.FollowedLinkSerializer(signal_links.describe_link(signal_links.find_link(token))).data
        )

    @extend_schema(
        operation_id="signals_answer", request=shapes.DecisionSerializer, responses={202: AcceptedSerializer}
    )
    def post(self, request: Request, token: str) -> Response:
        """Decide, or give the signal; a link is good once."""
        execution = signal_links.use_link(token, request.data if request._request.body else None)
        return _private({"id": str(execution.pk), "status": execution.status, "url": None}, status=202)


def accepted(execution: Execution) -> Response:
    shown = present_execution(execution)
    return Response({name: shown[name] for name in ("id", "status", "url")}, status=202)


def _private(document: Any, status: int = 200) -> Response:
    return Response(
        document, status=status, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )
