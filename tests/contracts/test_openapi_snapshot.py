"""The description of the API that is kept beside the code is the one that the code gives out."""

from __future__ import annotations

import json
from pathlib import Path

from django.core.management import call_command

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def test_the_committed_description_is_current(tmp_path: Path) -> None:
    generated = tmp_path / "openapi.json"

    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(generated)
    )

    assert json.loads(SNAPSHOT.read_text()) == json.loads(generated.read_text()), (
        "run: manage.py spectacular --validate --fail-on-warn --format openapi-json --file docs/openapi.json"
    )
