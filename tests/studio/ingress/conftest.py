"""Fixtures of the ingress: one server for a whole file, people, and workflows to run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.studio.accounts.people import *  # noqa: F403 - fixtures are found by their names

if TYPE_CHECKING:
    from tests.studio.ingress.servers import Server


@pytest.fixture(scope="module")
def ingress(django_db_setup: None) -> Iterator[Server]:
    """Nothing stands behind it: whatever it would forward finds nobody."""
    from tests.studio.ingress.servers import running_ingress

    with running_ingress() as server:
        yield server
