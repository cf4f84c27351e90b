"""`/breakers`: which services are out of order, and holding a breaker open or closed by hand."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.serializers import StrictSerializer, Text, Time
from studio.kernel.clock import utcnow
from studio.kernel.errors import NotFound
from studio.operations.breaker_address import BreakerAddress, address_of_key, configured_plan
from studio.operations.models import Breaker
from studio.operations.services.breakers import Deed, breaker_named, breakers_of, force_breaker
from workflows.api import examples
from workflows.api.base import ViewSet, parameters
from workflows.services.breakers import has_breaker

MOST_SECONDS = 30 * 24 * 3600

_KEY = OpenApiParameter(
    "key",
    str,
    OpenApiParameter.PATH,
    description="As lists show it, such as `http.request:api.example.com:443`.",
)


class BreakerCountsSerializer(serializers.Serializer[Any]):
    """Calls within the window. Good ones are counted from the first failure on."""

    good = serializers.IntegerField()
    failed = serializers.IntegerField()
    in_a_row = serializers.IntegerField(help_text="Failures since the last good call.")


class BreakerSerializer(serializers.ModelSerializer[Breaker]):
    """What calls of one kind to one place share. A breaker is listed from its first failure on."""

    phase = serializers.ChoiceField(Breaker.Phase.choices)
    shared = serializers.SerializerMethodField(help_text="By all workspaces.")
    forced = serializers.SerializerMethodField(help_text="An operator holds it as it is until `until`.")
    since = Time()
    until = Time(allow_null=True)
    calls = serializers.SerializerMethodField()
    trips = serializers.SerializerMethodField(help_text="How often it opened in a row.")
    refused = serializers.SerializerMethodField(help_text="Calls that were not made, ever.")
    changed_at = Time()

    class Meta:
        model = Breaker
        fields = (
            "key", "kind", "target", "phase", "shared", "forced", "reason", "set_by", "since", "until", "calls",
            "trips", "refused", "error_code", "changed_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_shared(self, breaker: Breaker) -> bool:
        return breaker.workspace_id is None

    def get_forced(self, breaker: Breaker) -> bool:
        return breaker.machine.forced

    def get_calls(self, breaker: Breaker) -> BreakerCountsSerializer:
        state = breaker.machine
        good, failed = state.counts(configured_plan(), utcnow().timestamp())
        return {"good": good, "failed": failed, "in_a_row": state.failures}  # type: ignore[return-value]

    def get_trips(self, breaker: Breaker) -> int:
        return breaker.machine.trips

    def get_refused(self, breaker: Breaker) -> int:
        return breaker.machine.refused


class BreakerQuerySerializer(serializers.Serializer[Any]):
    phase = serializers.ChoiceField(Breaker.Phase.choices, required=False)
    kind = Text(required=False)


class ForceSerializer(StrictSerializer):
    reason = Text(max_length=500, help_text="Why; shown with the breaker and kept in the audit trail.")
    expires_in = serializers.FloatField(
        min_value=1, max_value=MOST_SECONDS, allow_null=True, default=None,
        help_text="Seconds until it takes care of itself again; null: until somebody resets it.",
    )  # fmt: skip


class ResetSerializer(StrictSerializer):
    reason = Text(max_length=500, default="", allow_blank=True)


class BreakerViewSet(ViewSet):
    """Breakers of the workspace, and those that all workspaces share."""

    queryset = Breaker.objects.all()
    serializer_class = BreakerSerializer
    lookup_field = "key"
    keyset = "id"
    rules = {
        "list": "breaker.read",
        "retrieve": "breaker.read",
        "force_open": "breaker.operate",
        "force_close": "breaker.operate",
        "reset": "breaker.operate",
    }
    query_parameters = {"list": parameters(BreakerQuerySerializer)}

    def get_queryset(self) -> QuerySet[Breaker]:
        if getattr(self, "swagger_fake_view", False):
            return Breaker.objects.none()
        return breakers_of(self.caller.workspace_id)

    @extend_schema(parameters=[BreakerQuerySerializer], responses=BreakerSerializer(many=True))
    def list(self, _request: Request) -> Response:
        """Each that ever failed."""
        asked = self.query(BreakerQuerySerializer)
        return self.page(self.get_queryset().filter(**asked), BreakerSerializer)

    @extend_schema(operation_id="breakers_retrieve", parameters=[_KEY], responses=BreakerSerializer)
    def retrieve(self, _request: Request, key: str) -> Response:
        """The one that calls of this workspace fall under."""
        return _shown(breaker_named(self.caller.workspace_id, key))

    @extend_schema(
        operation_id="breakers_open", parameters=[_KEY], request=ForceSerializer, responses=BreakerSerializer,
        examples=[examples.FORCE_BREAKER],
    )  # fmt: skip
    def force_open(self, _request: Request, key: str) -> Response:
        """Let no call pass, as for a service that is known to be under maintenance. It need not have failed."""
        return self._force("open", key, ForceSerializer)

    @extend_schema(
        operation_id="breakers_close", parameters=[_KEY], request=ForceSerializer, responses=BreakerSerializer,
        examples=[examples.FORCE_BREAKER],
    )  # fmt: skip
    def force_close(self, _request: Request, key: str) -> Response:
        """Let every call pass, whatever fails; what waited goes on in growing waves."""
        return self._force("close", key, ForceSerializer)

    @extend_schema(
        operation_id="breakers_reset", parameters=[_KEY], request=ResetSerializer, responses=BreakerSerializer
    )
    def reset(self, _request: Request, key: str) -> Response:
        """Forget failures and what was forced; what waited goes on in growing waves."""
        self.valid(ResetSerializer)
        breaker_named(self.caller.workspace_id, key)
        return self._force("reset", key, ResetSerializer)

    def _force(self, deed: Deed, key: str, serializer: type[StrictSerializer]) -> Response:
        body = self.valid(serializer)
        return _shown(force_breaker(address=self._address(key), deed=deed, by=self.caller, **body))

    def _address(self, key: str) -> BreakerAddress:
        address = address_of_key(self.caller.workspace_id, key)
        if address is None or not has_breaker(address.kind):
            raise NotFound(what="breaker")
        return address


def _shown(breaker: Breaker) -> Response:
    return Response(BreakerSerializer(breaker).data)
