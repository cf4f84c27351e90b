"""Whatever is wrong with a body, every route that reads one refuses it, says where, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from tests.contracts.targets import BREAKER, target
from tests.studio.accounts.people import Person

pytestmark = pytest.mark.django_db

DESCRIPTION = json.loads((Path(__file__).resolve().parents[2] / "docs" / "openapi.json").read_text())
BODIES: dict[str, tuple[bytes, int, str | None]] = {
    "not JSON": (b"{", 400, None),
    "not UTF-8": (b'{"name": "\xff"}', 400, None),
    "a key twice": (b'{"a": 1, "a": 2}', 400, None),
    "NUL": (b'{"a": {"b": "\\u0000"}}', 422, "/a/b"),
    "a lone surrogate": (b'{"a": ["\\ud800"]}', 422, "/a/0"),
    "not finite": (b'{"a": 1e999}', 422, "/a"),
    "a huge number": (b'{"a": %s}' % (b"9" * 400), 422, "/a"),
    "nested too deep": (b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}", 422, "/a" + "/0" * 63),
    "nested far too deep": (b"[" * 200_000, 422, ""),
    "10 MB": (b'{"a": "' + b"x" * 10_000_000 + b'"}', 413, None),
}


def reading() -> Iterator[tuple[str, str]]:
    """Routes that read a body; signing in is public and has tests of its own."""
    for path, operations in sorted(DESCRIPTION["paths"].items()):
        for method, operation in operations.items():
            if "requestBody" in operation and operation.get("x-rule") != "public":
                yield method.upper(), path


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize(("method", "path"), list(reading()))
def test_a_body_that_cannot_be_is_refused_with_its_place(
    alice: Person, method: str, path: str, kind: str
) -> None:
    body, status, pointer = BODIES[kind]
    names = {"number": 1, "name": "go", "node": "start", "key": BREAKER}
    address = path.removeprefix("/api/v1").format(id=target(path, alice.workspace), **names)
    before = _counts()

    answer = alice.send(method, address, body, headers={"If-Match": "*"})

    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert problem["request_id"]
    if pointer is not None:
        assert pointer in [one["pointer"] for one in problem["errors"]]
    assert _counts() == before


def _counts() -> dict[str, int]:
    """Rows of every table of ours."""
    ours = {"accounts", "common", "security", "operations", "workflows", "webhooks"}
    models: list[Any] = [model for model in apps.get_models() if model._meta.app_label in ours]
    return {model._meta.label: model._default_manager.count() for model in models}
