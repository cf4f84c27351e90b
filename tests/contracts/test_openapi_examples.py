"""The examples in the description do what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.targets import BREAKER, target
from tests.studio.accounts.people import Person

DESCRIPTION = json.loads((Path(__file__).resolve().parents[2] / "docs" / "openapi.json").read_text())


def _examples() -> Iterator[tuple[str, str, Any]]:
    for path, operations in DESCRIPTION["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            for example in content.get("application/json", {}).get("examples", {}).values():
                yield method.upper(), path, example["value"]


EXAMPLES = list(_examples())


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "body"), EXAMPLES)
def test_an_example_can_be_sent_as_it_is(alice: Person, method: str, path: str, body: Any) -> None:
    address = path.removeprefix("/api/v1").format(id=target(path, alice.workspace), key=BREAKER)

    answer = alice.send(method, address, body, headers={"If-Match": "*"})

    assert answer.status_code in (200, 201, 202), answer.content


def test_there_are_examples() -> None:
    assert {path for _, path, _ in EXAMPLES} >= {
        "/api/v1/workflows",
        "/api/v1/run",
        "/api/v1/workflows/{id}/run",
    }
