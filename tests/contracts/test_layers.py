"""The layers hold: a line that breaks one is named by module, in a copy of the tree as it stands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from studio.embedded.home import CHECKOUT

pytestmark = pytest.mark.slow
PACKAGES = ("studio", "workflows", "webhooks", "analytics", "billing")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "templates", "static")
        shutil.copytree(CHECKOUT / package, tmp_path / package, ignore=ignored)
    shutil.copy(CHECKOUT / ".importlinter", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_tree_as_it_stands_keeps_every_contract(copy: Path) -> None:
    done = lint(copy)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "named"),
    [
        ("workflows/engine/graph.py", "import django.db", "workflows.engine.graph -> django"),
        ("studio/kernel/clock.py", "import redis", "studio.kernel.clock -> redis"),
        ("workflows/services/plans.py", "import billing", "workflows.services.plans -> billing"),
        ("workflows/nodes/text.py", "import aiohttp", "workflows.nodes.text -> aiohttp"),
        ("workflows/models/schedule.py", "import workflows.services", "workflows.models.schedule ->"),
        ("studio/common/api.py", "import studio.accounts", "studio.common.api -> studio.accounts"),
    ],
)
def test_a_planted_import_against_the_layers_is_named(copy: Path, module: str, line: str, named: str) -> None:
    path = copy / module
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")

    done = lint(copy)

    assert done.returncode == 1
    assert named in done.stdout
