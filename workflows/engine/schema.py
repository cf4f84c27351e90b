"""The JSON Schema (draft 2020-12) of a definition: served by the API, and the table that `shapes` checks by."""

from __future__ import annotations

from typing import Any

from studio.kernel.errors import Category

MAX_NODES = 1_000
MAX_EDGES = 5_000
NODE_ID = r"^[a-z][a-z0-9_]{0,62}$"
KIND = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$"
VERSION = "studio/1"

Schema = dict[str, Any]


def json_schema() -> Schema:
    """A fresh copy that the caller may change."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Workflow definition",
        **_object(
            {
                "schema": {"const": VERSION, "description": f'The format\'s version, "{VERSION}".'},
                "nodes": {"type": "array", "maxItems": MAX_NODES, "items": _node()},
                "edges": {"type": "array", "maxItems": MAX_EDGES, "items": _edge()},
                "settings": _nullable(_workflow_settings()),
                "notes": {"description": "Anything people write beside the graph."},
            },
            required=["nodes"],
        ),
    }


def _node() -> Schema:
    return _object(
        {
            "id": {"type": "string", "pattern": NODE_ID, "description": "Lower case letters, digits, `_`."},
            "kind": {
                "type": "string",
                "pattern": KIND,
                "description": "A dotted kind such as `http.request`.",
            },
            "name": _nullable({"type": "string", "maxLength": 200}),
            "params": _nullable({"type": "object"}),
            "settings": _nullable(_node_settings()),
            "position": _nullable(
                _object({"x": {"type": "number"}, "y": {"type": "number"}}, required=["x", "y"])
            ),
            "parent": _nullable(
                {"type": "string", "description": "The for_each whose body this is part of."}
            ),
        },
        required=["id", "kind"],
    )


def _edge() -> Schema:
    return _object(
        {
            "from": {"type": "string"},
            "to": {"type": "string"},
            "port": _nullable({"type": "string", "maxLength": 63, "description": "Default `success`."}),
        },
        required=["from", "to"],
    )


def _workflow_settings() -> Schema:
    return _object(
        {
            "timeout": _nullable(_above_zero("Seconds the execution may run; waiting does not count.")),
            "on_failure": _nullable({"type": "string", "enum": ["stop", "rollback"]}),
            "max_iterations": _nullable(_count(100_000)),
            "concurrency": _nullable(_limited_runs()),
            "durability": _nullable({"type": "string", "enum": ["full", "fast"]}),
        }
    )


def _node_settings() -> Schema:
    return _object(
        {
            "timeout": _nullable(_above_zero("Seconds for one attempt.")),
            "retry": _nullable(_retry()),
            "cacheable": _nullable({"type": "boolean"}),
            "cache_ttl": _nullable(_at_least_zero("Seconds an output is kept; 0 keeps none.")),
            "cache_key": _nullable({"type": "string", "maxLength": 4096, "description": "A template."}),
            "cache_stale": _nullable(
                _at_least_zero(
                    "Seconds beyond `cache_ttl` in which it is served while a newer one is fetched."
                )
            ),
            "cache_tags": _nullable(
                {
                    "type": "array",
                    "maxItems": 10,
                    "items": {"type": "string", "maxLength": 400},
                    "description": "Templates; outputs are invalidated by them.",
                }
            ),
            "on_error": _nullable(
                {
                    "anyOf": [
                        {"type": "string", "enum": ["stop", "continue", "branch"]},
                        _object({"fallback": {"type": "string"}}, required=["fallback"]),
                    ],
                    "description": '`stop`, `continue`, `branch` or `{"fallback": "<node id>"}`.',
                }
            ),
            "join": _nullable(
                {
                    "anyOf": [
                        {"type": "string", "enum": ["all", "any"]},
                        _object({"at_least": _count(MAX_EDGES)}, required=["at_least"]),
                    ],
                    "description": '`all`, `any` or `{"at_least": n}`.',
                }
            ),
            "for_each": _nullable(_for_each()),
            "concurrency": _nullable(_concurrency()),
            "queue": _nullable({"type": "string", "maxLength": 63}),
            "region": _nullable({"type": "string", "maxLength": 63}),
            "disabled": _nullable({"type": "boolean"}),
            "note": _nullable({"type": "string", "maxLength": 10_000}),
        }
    )


def _retry() -> Schema:
    return _object(
        {
            "max_attempts": _nullable(_count(1_000)),
            "backoff": _nullable({"type": "string", "enum": ["exponential", "fixed"]}),
            "base": _nullable(_at_least_zero("Seconds before the second try.")),
            "cap": _nullable(_at_least_zero("Seconds; no delay is longer.")),
            "jitter": _nullable({"type": "boolean"}),
            "rules": _nullable({"type": "array", "maxItems": 50, "items": _rule()}),
            "unknown_outcome": _nullable({"type": "boolean"}),
        }
    )


def _rule() -> Schema:
    return _object(
        {
            "category": {
                "type": "array",
                "items": {"type": "string", "enum": [category.value for category in Category]},
            },
            "max_attempts": _nullable(_count(1_000)),
            "base": _nullable(_at_least_zero("Seconds before the second try.")),
            "action": _nullable({"type": "string", "enum": ["retry", "fail", "wait"]}),
        },
        required=["category"],
    )


def _for_each() -> Schema:
    return _object(
        {
            "items": {"description": "A list, or a template that yields one."},
            "limit": _nullable(_count(10_000)),
            "on_item_error": {"type": ["string", "null"], "enum": ["stop", "null", "collect", None]},
        }
    )


def _limited_runs() -> Schema:
    found = _concurrency()
    found["properties"]["on_limit"] = _nullable(
        {
            "type": "string",
            "enum": ["queue", "cancel_running", "reject"],
            "description": "What an execution over the limit does; `queue` unless set.",
        }
    )
    return found


def _concurrency() -> Schema:
    return _object(
        {"limit": _count(100_000), "key": _nullable({"type": "string", "maxLength": 4096})},
        required=["limit"],
    )


def _object(properties: Schema, required: list[str] | None = None) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required} if required else found


def _nullable(schema: Schema) -> Schema:
    """Null says the same as leaving the key out."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    nullable = {**schema, "type": [schema["type"], "null"]}
    return {**nullable, "enum": [*schema["enum"], None]} if "enum" in schema else nullable


def _count(most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most}


def _above_zero(description: str) -> Schema:
    return {"type": "number", "exclusiveMinimum": 0, "description": description}


def _at_least_zero(description: str) -> Schema:
    return {"type": "number", "minimum": 0, "description": description}
