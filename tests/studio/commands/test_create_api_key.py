"""`manage.py create_api_key`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from studio.accounts.keys import parse_key
from studio.accounts.models import ApiKey, Workspace


@pytest.fixture
def acme(db: None) -> Workspace:
    return Workspace.objects.create(slug="acme", name="Acme")


def test_it_prints_the_key_alone_and_keeps_only_its_hash(acme: Workspace) -> None:
    output = StringIO()

    call_command("create_api_key", workspace="acme", name="ci", role="operator", stdout=output)

    sent = parse_key(output.getvalue().removesuffix("\n"))
    assert sent is not None
    key = ApiKey.objects.get(pk=sent.id)
    assert (key.workspace, key.name, key.role) == (acme, "ci", "operator")
    assert sent.matches(key.secret_hash)


def test_json_adds_what_the_key_is(acme: Workspace) -> None:
    output = StringIO()

    call_command("create_api_key", "--json", workspace="acme", name="ci", stdout=output)

    shown = json.loads(output.getvalue())
    assert sorted(shown) == ["id", "key", "name", "role"]
    assert shown["role"] == "editor"


def test_the_first_key_of_an_empty_installation_brings_its_workspace(db: None) -> None:
    output, said = StringIO(), StringIO()

    call_command("create_api_key", workspace="demo", name="ci", stdout=output, stderr=said)

    assert ApiKey.objects.get().workspace.slug == "demo"
    assert parse_key(output.getvalue().removesuffix("\n")) is not None
    assert "demo" in said.getvalue()


def test_a_slug_that_cannot_be_one_is_one_sentence_and_makes_nothing(db: None) -> None:
    with pytest.raises(CommandError):
        call_command("create_api_key", workspace="No Slug", name="ci", stderr=StringIO())

    assert not Workspace.objects.exists()


def test_an_unknown_workspace_is_one_sentence_and_makes_nothing(acme: Workspace) -> None:
    with pytest.raises(CommandError, match="There is no workspace nowhere"):
        call_command("create_api_key", workspace="nowhere", name="ci")

    assert not ApiKey.objects.exists()
