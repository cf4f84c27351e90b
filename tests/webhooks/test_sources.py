"""Addresses follow what is published."""

from __future__ import annotations

import pytest

from studio.accounts.models import Workspace
from studio.security.services.credentials import create_credential
from tests.studio.accounts.people import Person
from tests.webhooks.hooked import access, definition, published
from webhooks.models import Source
from workflows.models import Workflow
from workflows.services.versions import publish_workflow
from workflows.services.workflows import pause_workflow, resume_workflow, update_workflow

pytestmark = pytest.mark.django_db


def republish(person: Person, workflow: Workflow, *nodes: str, **params: object) -> None:
    changes = {"definition": definition(*nodes, **params)}
    update_workflow(
        workspace=person.workspace, workflow_id=workflow.pk, revision=None, changes=changes, by=access(person)
    )
    publish_workflow(workspace=person.workspace, workflow_id=workflow.pk, by=access(person))


def test_an_address_cannot_be_guessed(bob: Person) -> None:
    tokens = {published(bob, name=f"W{n}").token for n in range(5)}

    assert len(tokens) == 5
    assert all(len(token) == 32 for token in tokens)


def test_an_address_outlives_versions_and_comes_back_with_its_node(bob: Person) -> None:
    source = published(bob)
    republish(bob, source.workflow, "other")
    source.refresh_from_db()
    assert not source.is_active

    republish(bob, source.workflow, "hook", "other", methods=["PUT"])

    again = Source.objects.get(node="hook")
    assert (again.token, again.is_active, again.methods) == (source.token, True, ["PUT"])
    assert Source.objects.filter(workflow=source.workflow).count() == 2


def test_pausing_switches_addresses_off_and_resuming_on(acme: Workspace, bob: Person) -> None:
    source = published(bob)
    pause_workflow(workspace=acme, workflow_id=source.workflow_id, by=access(bob))
    source.refresh_from_db()
    paused = source.is_active

    resume_workflow(workspace=acme, workflow_id=source.workflow_id, by=access(bob))

    source.refresh_from_db()
    assert (paused, source.is_active) == (False, True)


def test_a_credential_is_found_by_name_in_its_own_workspace_only(
    acme: Workspace, globex: Workspace, bob: Person, charlie: Person
) -> None:
    fields = {"secret": "s3cret"}
    mine = create_credential(workspace=acme, name="hub", kind="webhook.secret", fields=fields, by=access(bob))
    create_credential(
        workspace=globex, name="theirs", kind="webhook.secret", fields=fields, by=access(charlie)
    )

    by_name = published(bob, name="A", authentication="github", credential="hub")
    foreign = published(bob, name="B", authentication="github", credential="theirs")

    assert (by_name.credential_id, foreign.credential_id) == (mine.pk, None)
