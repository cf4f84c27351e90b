"""What the demo workspace starts with: a workflow that runs without anything from outside."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from studio.accounts.access import SYSTEM
from studio.accounts.models import User, Workspace
from workflows.models import Workflow
from workflows.services.exchange import read_document, read_yaml
from workflows.services.versions import publish_workflow
from workflows.services.workflows import create_workflow

SLUG: Final = "hello"


def furnish_demo(workspace: Workspace, user: User) -> None:
    """Import and publish `examples/hello` unless the workspace has had it before, whatever became of it."""
    if Workflow.objects.filter(workspace=workspace).exists():
        return
    file = settings.BASE_DIR / "examples" / SLUG / "workflow.yaml"
    imported = read_document(read_yaml(file.read_text(encoding="utf-8")))
    workflow = create_workflow(
        workspace=workspace,
        by=SYSTEM,
        name=imported.name or SLUG,
        slug=SLUG,
        description=imported.description,
        tags=imported.tags,
        definition=imported.definition,
    )
    publish_workflow(workspace=workspace, workflow_id=workflow.pk, by=SYSTEM)
