"""Bringing an example into a running Studio, as its README says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.processes import Studio
from workflows.services.exchange import read_document, read_yaml

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def payload(path: str) -> Any:
    return json.loads((EXAMPLES / path).read_text(encoding="utf-8"))


def imported(studio: Studio, path: str, *, slug: str) -> Any:
    """The example as a published workflow."""
    found = read_document(read_yaml((EXAMPLES / path).read_text(encoding="utf-8")))
    workflow = studio.done(
        "POST",
        "/api/v1/workflows",
        {
            "name": found.name,
            "slug": slug,
            "description": found.description,
            "tags": found.tags,
            "definition": found.definition,
        },
    )
    assert workflow["draft"]["problems"] == []
    studio.done("POST", f"/api/v1/workflows/{workflow['id']}/publish")
    return workflow


def set_variables(studio: Studio, **values: Any) -> None:
    for name, value in values.items():
        studio.done("POST", "/api/v1/variables", {"name": name, "value": value})
