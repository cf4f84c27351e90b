"""People and rows for the console's pages. Models are imported late: settings are not ready when this is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

if TYPE_CHECKING:
    from studio.accounts.models import User
    from tests.studio.console.rows import World


@pytest.fixture
def alice(db: None) -> User:
    from studio.accounts.models import User

    return User.objects.create_superuser("alice@example.com", "wonderland-7")


@pytest.fixture
def bob(db: None) -> User:
    from studio.accounts.models import User

    return User.objects.create_user("bob@example.com", "builder-7-7")


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def world(alice: User) -> World:
    from tests.studio.console.rows import make_world

    return make_world(alice)


@pytest.fixture
def deeds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What accounts report to the audit trail."""
    from studio.accounts import trail

    heard: list[str] = []
    monkeypatch.setattr(trail, "_trail", lambda action, **_: heard.append(action))
    return heard
