"""Examples in the description of the API: bodies that can be sent as they are."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

GREETING: dict[str, Any] = {
    "schema": "studio/1",
    "nodes": [
        {"id": "start", "kind": "trigger.manual"},
        {"id": "hello", "kind": "data.set", "params": {"values": {"text": "Hello {{ trigger.name }}"}}},
    ],
    "edges": [{"from": "start", "to": "hello"}],
}

NEW_WORKFLOW = OpenApiExample(
    "Greet somebody", value={"name": "Greet", "tags": ["demo"], "definition": GREETING}, request_only=True
)
VALIDATE = OpenApiExample("A sound definition", value={"definition": GREETING}, request_only=True)
RUN = OpenApiExample("Run what is published", value={"input": {"name": "Ada"}}, request_only=True)
RUN_UNSAVED = OpenApiExample(
    "Run a definition", value={"definition": GREETING, "input": {"name": "Ada"}}, request_only=True
)
CHANGE = OpenApiExample("Another name", value={"name": "Greet people"}, request_only=True)
PUBLISH = OpenApiExample("Say what changed", value={"note": "Says hello in text."}, request_only=True)
VARIABLE = OpenApiExample("A limit", value={"name": "limit", "value": 100}, request_only=True)
RESUME = OpenApiExample(
    "See what would be run again", value={"from_node": "hello", "dry_run": True}, request_only=True
)
BULK = OpenApiExample(
    "How many would be cancelled",
    value={"verb": "cancel", "filter": {"status": "waiting"}, "dry_run": True},
    request_only=True,
)
RETRY_GROUP = OpenApiExample(
    "Go on with what is published now",
    value={"version": "published", "canary": [1, 10], "per_second": 20},
    request_only=True,
)
IGNORE = OpenApiExample("Until it was seen a hundred times more", value={"count": 100}, request_only=True)
FORCE_BREAKER = OpenApiExample(
    "For an hour", value={"reason": "Maintenance until noon.", "expires_in": 3600}, request_only=True
)
INVALIDATE = OpenApiExample(
    "See what would be dropped", value={"kind": "http.request", "dry_run": True}, request_only=True
)
MEASURE = OpenApiExample("Measure all workflows for an hour", value={"seconds": 3600}, request_only=True)
PIN = OpenApiExample(
    "Pin what a node would put out", value={"node": "hello", "output": {"text": "Hello"}}, request_only=True
)
