"""`manage.py import_workflow`, `export_workflow`, `run_workflow`."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from studio.accounts.models import Workspace
from studio.embedded.home import CHECKOUT
from workflows.models import Execution, Workflow

HELLO = str(CHECKOUT / "examples" / "hello" / "workflow.yaml")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def acme() -> Workspace:
    return Workspace.objects.create(slug="acme", name="Acme")


def said(*command: str, **options: Any) -> str:
    output = StringIO()
    call_command(*command, workspace="acme", stdout=output, **options)
    return output.getvalue()


def test_a_file_becomes_a_published_workflow_once(acme: Workspace) -> None:
    first = said("import_workflow", HELLO, publish=True)
    second = said("import_workflow", HELLO, publish=True)

    workflow = Workflow.objects.get(workspace=acme)
    assert (workflow.slug, workflow.status, workflow.published_version) == ("hello", "published", 1)
    assert first == second == f"{workflow.pk}\n"


def test_a_dry_run_changes_nothing() -> None:
    said("import_workflow", HELLO, dry_run=True)

    assert not Workflow.objects.exists()


def test_what_is_exported_imports_as_the_same_definition(tmp_path: Path) -> None:
    said("import_workflow", HELLO)
    file = tmp_path / "copy.yaml"
    file.write_text(said("export_workflow", "hello"), encoding="utf-8")
    said("import_workflow", str(file), slug="copy")

    original, copy = Workflow.objects.get(slug="hello"), Workflow.objects.get(slug="copy")
    assert (copy.draft, copy.name, copy.tags) == (original.draft, original.name, original.tags)


def test_a_broken_file_is_refused_with_each_place(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text(json.dumps({"nodes": [{"id": "a", "kind": "no.such"}]}), encoding="utf-8")

    with pytest.raises(CommandError, match=r"/definition/nodes/0/kind: There is no node kind `no.such`"):
        said("import_workflow", str(file))

    assert not Workflow.objects.exists()


def test_a_run_is_accepted_by_slug_and_from_a_file(acme: Workspace) -> None:
    said("import_workflow", HELLO, publish=True)
    saved = said("run_workflow", "hello", input='{"name": "Ada"}').strip()
    unsaved = said("run_workflow", HELLO).strip()

    rows = {str(row.pk): row for row in Execution.objects.filter(workspace=acme)}
    assert (rows[saved].version, rows[saved].status) == (1, "queued")
    assert (rows[unsaved].workflow_id, rows[unsaved].status) == (None, "queued")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("run_workflow", "nothing-like-this"), "workflow"),
        (("run_workflow", HELLO, "--input", "{"), "--input is not JSON"),
        (("run_workflow", HELLO, "--input", "@/no/such/file"), "/no/such/file cannot be read"),
        (("export_workflow", "hello", "--which", "latest"), "--which takes draft, published or a number"),
        (("import_workflow", "/no/such/file"), "/no/such/file cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence(command: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        said(*command)
