"""Credentials as a node meets them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from studio.accounts.access import SYSTEM
from studio.accounts.models import Workspace
from studio.kernel.errors import Category, Permanent, Transient
from studio.security.models import Credential
from studio.security.services.credentials import create_credential
from studio.security.services.vault import Vault

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def vault() -> AsyncIterator[Vault]:
    vault = Vault()
    yield vault
    await vault.close()


@pytest.fixture
def shop(acme: Workspace) -> Credential:
    return create_credential(
        workspace=acme, name="Shop", kind="http.bearer", fields={"token": "t0p-s3cret"}, by=SYSTEM
    )


async def test_a_node_gets_the_fields_of_the_credential_it_names(vault: Vault, shop: Credential) -> None:
    for ref in ("Shop", str(shop.pk)):
        assert await vault.open(workspace_id=shop.workspace_id, ref=ref) == {"token": "t0p-s3cret"}


async def test_a_missing_credential_will_not_come_by_trying_again(
    vault: Vault, shop: Credential, globex: Workspace
) -> None:
    with pytest.raises(Permanent) as caught:
        await vault.open(workspace_id=globex.pk, ref="Shop")

    assert (caught.value.category, caught.value.error_code) == (Category.AUTH, "credential_missing")


async def test_a_credential_that_was_moved_is_refused(
    vault: Vault, shop: Credential, globex: Workspace
) -> None:
    await Credential.objects.filter(pk=shop.pk).aupdate(workspace=globex)

    with pytest.raises(Permanent) as caught:
        await vault.open(workspace_id=globex.pk, ref="Shop")

    assert caught.value.error_code == "credential_unreadable"
    assert "s3cret" not in str(caught.value)


async def test_a_database_that_is_away_is_worth_another_try_and_met_again_afterwards(
    vault: Vault, shop: Credential, settings: Any
) -> None:
    right = settings.DATABASE_URL
    settings.DATABASE_URL = "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(Transient) as caught:
        await vault.open(workspace_id=shop.workspace_id, ref="Shop")
    settings.DATABASE_URL = right

    assert caught.value.category is Category.INFRASTRUCTURE
    assert await vault.open(workspace_id=shop.workspace_id, ref="Shop") == {"token": "t0p-s3cret"}
