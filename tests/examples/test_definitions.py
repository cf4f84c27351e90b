"""Every example is a definition that may be published as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.accounts.services.demo import seed_demo
from workflows.engine.definition import missing_trigger, validate
from workflows.models import Workflow
from workflows.nodes import registry
from workflows.services.exchange import read_document, read_yaml

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*/*.yaml"))
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_an_example_has_no_problem_and_a_trigger(file: Path) -> None:
    imported = read_document(read_yaml(file.read_text(encoding="utf-8")))
    report = validate(imported.definition, registry)

    assert [*report.broken, *report.incomplete] == []
    assert missing_trigger(imported.definition) is None
    assert imported.name
    assert imported.description


@pytest.mark.parametrize(
    "folder", sorted(path for path in EXAMPLES.iterdir() if path.is_dir()), ids=lambda path: path.name
)
def test_an_example_comes_with_a_page_about_it_and_payloads_that_parse(folder: Path) -> None:
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# ")
    assert folder.name in (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for payload in folder.glob("*.json"):
        assert isinstance(json.loads(payload.read_text(encoding="utf-8")), dict)


@pytest.mark.django_db
def test_the_demo_workspace_starts_with_the_hello_workflow_published_once() -> None:
    seed_demo()
    demo = seed_demo()

    assert list(
        Workflow.objects.filter(workspace=demo.workspace).values_list("slug", "status", "published_version")
    ) == [("hello", "published", 1)]
