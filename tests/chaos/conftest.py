"""Campaigns have a cluster of their own; tests of one worker's death use the runtime's lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.conftest import lab, server

__all__ = ["lab", "server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and "lab" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db)
