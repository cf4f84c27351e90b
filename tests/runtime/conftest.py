"""Real PostgreSQL, Valkey, HTTP and, where processes matter, real worker processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from studio.outbound.factory import shared
from tests.runtime.lab import Lab, Server, loopback_server


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
async def server() -> AsyncIterator[Server]:
    async with loopback_server() as opened:
        yield opened
