"""How the API describes itself: what every route shares is said once, here."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter

from studio.common.api import RuledView
from studio.common.problem import MEDIA_TYPE
from studio.common.rules import PUBLIC

_REFUSALS: Final = {
    400: "Malformed, or an unknown query parameter.",
    401: "Nobody we know.",
    403: "Known, but not allowed.",
    404: "Not here, or another workspace's.",
    405: "Another method.",
    409: "Not in a state that allows this.",
    411: "A body without its length.",
    412: "Changed elsewhere.",
    413: "Too large.",
    415: "Not JSON.",
    422: "Content that breaks a rule; `errors` says which and where.",
    428: "`If-Match` is required.",
    429: "A limit is reached.",
    503: "A store is away; try again.",
}
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "code", "detail", "instance", "request_id", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; decide by this."},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "reason": {"type": "string", "description": "Of a limit: which one."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901, into the body."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_IF_MATCH: Final = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag that was read."
)
_IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Kept 24 hours: the same key and body answer the first result again.",
)


class StudioSchema(AutoSchema):
    """Adds the refusals every route has, and the headers that changes take."""

    def get_override_parameters(self) -> list[Any]:
        declared = list(super().get_override_parameters())
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        if getattr(handler, "is_idempotent", False):
            declared.append(_IDEMPOTENCY_KEY)
        if self.method in {"PATCH", "PUT"}:
            declared.append(_IF_MATCH)
        return declared

    def get_operation(self, *arguments: Any, **options: Any) -> Any:
        operation = super().get_operation(*arguments, **options)
        if operation is not None and isinstance(self.view, RuledView):
            self._describe_rule(operation)
            self._add_refusals(operation)
        return operation

    def _describe_rule(self, operation: dict[str, Any]) -> None:
        view: Any = self.view
        rule = view.rules.get(view.operation_of(self.method) or "")
        if rule is not None:
            operation["x-rule"] = rule
        if rule == PUBLIC:
            operation["security"] = [{}]

    def _add_refusals(self, operation: dict[str, Any]) -> None:
        content = {MEDIA_TYPE: {"schema": self._problem().ref}}
        responses = operation.setdefault("responses", {})
        for status, description in _REFUSALS.items():
            responses.setdefault(str(status), {"description": description, "content": content})

    def _problem(self) -> ResolvedComponent:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name="Problem", type=ResolvedComponent.SCHEMA, object="Problem", schema=_PROBLEM
        )
        self.registry.register_on_missing(component)
        return component
