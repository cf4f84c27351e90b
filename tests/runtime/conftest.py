"""Real PostgreSQL, Valkey, HTTP and, where processes matter, real worker processes."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.embedded.home import Home, known_environment
from studio.embedded.postgres import Postgres
from studio.outbound.factory import shared
from tests.runtime.lab import Lab, Server, loopback_server
from tests.runtime.processes import migrate


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The mark makes pytest-django create the database; the lab empties it, over connections of its own."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.django_db)


@pytest.fixture
async def lab(django_db_setup: None, settings: Any) -> AsyncIterator[Lab]:
    """An empty workspace whose nodes may call loopback servers."""
    settings.STUDIO_ALLOW_PRIVATE_NETWORKS = "*"
    shared.cache_clear()
    async with Lab.open() as opened:
        yield opened
    shared.cache_clear()


@pytest.fixture
def own_postgres(settings: Any) -> Iterator[Postgres]:
    """A migrated PostgreSQL that a test may stop and start."""
    with tempfile.TemporaryDirectory(prefix="studio-test-") as folder:
        Path(folder).chmod(0o711)
        home = Home(Path(folder))
        postgres = Postgres(home)
        try:
            postgres.ensure()
            settings.DATABASE_URL = known_environment(home)["DATABASE_URL"]
            migrate(settings.DATABASE_URL)
            yield postgres
        finally:
            Postgres(home, durable=False).stop()
            postgres.delete()


@pytest.fixture
async def lab_of_its_own(own_postgres: Postgres, settings: Any) -> AsyncIterator[Lab]:
    settings.STUDIO_ALLOW_PRIVATE_NETWORKS = "*"
    async with Lab.open() as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with loopback_server() as opened:
        yield opened
