"""Homes that PostgreSQL's account can reach: pytest's own folders are closed to everybody but us."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.embedded.home import Home
from studio.embedded.postgres import Postgres
from studio.embedded.stores import stop_services


@pytest.fixture
def open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="studio-embedded-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(open_folder: Path) -> Iterator[Home]:
    home = Home(open_folder / "home")
    yield home
    if home.path.exists():
        stop_services(home, durable=False)
        Postgres(home).delete()
