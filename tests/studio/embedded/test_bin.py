"""`bin/up` and `bin/test` before there is anything to import: what they refuse, fetch and remember."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from studio.embedded.home import CHECKOUT

WHEEL = b"not really pip"


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The modules of bin/setup, as `python bin/setup` sees them."""
    monkeypatch.syspath_prepend(str(CHECKOUT / "bin" / "setup"))
    return SimpleNamespace(
        **{
            name: importlib.import_module(name)
            for name in ("console", "packages", "pip_wheel", "page", "checks")
        }
    )


class _Index(BaseHTTPRequestHandler):
    """A package index with one pip that is released, one that is not, and one that was withdrawn."""

    digest = hashlib.sha256(WHEEL).hexdigest()

    def do_GET(self) -> None:
        body = WHEEL
        if self.path == "/simple/pip/":
            names = {"pip-25.1-py3-none-any.whl": False, "pip-26.0b1-py3-none-any.whl": False}
            names |= {"pip-24.9-py3-none-any.whl": False, "pip-99.0-py3-none-any.whl": True}
            files = [
                {
                    "filename": name,
                    "url": f"../../{name}",
                    "yanked": yanked,
                    "hashes": {"sha256": self.digest},
                }
                for name, yanked in names.items()
            ]
            body = json.dumps({"files": files}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Index]]:
    handler = type("Index", (_Index,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    yield handler
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("command", ["up", "test", "check"])
def test_without_a_fitting_python_one_sentence_says_which_ones_fit(tmp_path: Path, command: str) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$2" in *exit*) exit 1;; esac\necho "Python 3.9"\n', encoding="utf-8")
    old.chmod(0o755)
    (tmp_path / "dirname").symlink_to(shutil.which("dirname") or "/usr/bin/dirname")

    done = subprocess.run(
        ["/bin/sh", CHECKOUT / "bin" / command],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "Studio needs Python 3.11, 3.12 or 3.13 (found: Python 3.9):"
        " install one, or name it in STUDIO_PYTHON.\n"
    )


def test_too_little_disk_is_said_before_anything_is_written(
    setup: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup.packages.shutil, "disk_usage", lambda _path: SimpleNamespace(free=700_000_000))

    with pytest.raises(setup.console.SetupError, match=r"has 0\.7 GB free; Studio needs 2\.0 GB"):
        setup.packages._need_disk(2_000_000_000)


@pytest.mark.usefixtures("index")
def test_a_python_without_ensurepip_fetches_the_newest_released_pip(
    setup: SimpleNamespace, tmp_path: Path
) -> None:
    wheel = setup.pip_wheel.download(tmp_path)

    assert wheel.name == "pip-25.1-py3-none-any.whl"
    assert wheel.read_bytes() == WHEEL


def test_a_pip_that_does_not_match_its_checksum_is_refused(
    setup: SimpleNamespace, index: type[_Index], tmp_path: Path
) -> None:
    index.digest = "0" * 64

    with pytest.raises(setup.console.SetupError, match="checksum"):
        setup.pip_wheel.download(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_an_index_out_of_reach_is_one_sentence_with_a_way_out(
    setup: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")

    with pytest.raises(setup.console.SetupError, match="install your system's python3-venv package"):
        setup.pip_wheel.download(tmp_path)


def test_pinned_packages_are_installed_once_and_again_when_a_pin_changes(
    setup: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages: ModuleType = setup.packages
    venv = tmp_path / ".venv"
    venv.mkdir()
    (venv / "pyvenv.cfg").write_text("version = 3.11.7\n", encoding="utf-8")
    pins = tmp_path / "requirements.txt"
    pins.write_text("left==1\n", encoding="utf-8")
    installed: list[str] = []
    for module in (packages, setup.console):
        monkeypatch.setattr(module, "ROOT", tmp_path)
        monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(packages, "_fits", lambda: True)
    monkeypatch.setattr(packages, "_with_uv", lambda path: not installed.append(path.read_text()))

    packages.install("requirements.txt")
    packages.install("requirements.txt")
    pins.write_text("left==2\n", encoding="utf-8")
    packages.install("requirements.txt")

    assert installed == ["left==1\n", "left==2\n"]


def test_the_page_is_built_again_when_a_source_changes_but_not_for_a_test(
    setup: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontend = tmp_path / "frontend"
    (frontend / "src").mkdir(parents=True)
    (frontend / "node_modules").mkdir()
    for name in ("package.json", "package-lock.json", "src/main.ts"):
        (frontend / name).write_text("{}", encoding="utf-8")
    ran: list[str] = []

    def run(command: list[str], cwd: Path) -> bool:
        (cwd / "dist").mkdir(exist_ok=True)
        (cwd / "dist" / "index.html").touch()
        return not ran.append(" ".join(command[:2]))

    monkeypatch.setattr(setup.console, "ROOT", tmp_path)
    monkeypatch.setattr(setup.page, "FRONTEND", frontend)
    monkeypatch.setattr(setup.page, "_ensure_node", lambda: None)
    monkeypatch.setattr(setup.page, "run", run)

    setup.page.build()
    (frontend / "src" / "main.test.ts").write_text("more", encoding="utf-8")
    setup.page.build()
    assert ran == ["npm ci", "npm run"]

    (frontend / "src" / "main.ts").write_text("changed", encoding="utf-8")
    setup.page.build()
    assert ran == ["npm ci", "npm run", "npm run"]


def test_every_check_runs_although_one_before_it_failed(
    setup: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(setup.checks, "run", lambda command, *_: ran.append(command[0]) or len(ran) == 1)

    assert setup.checks.static() == ["ruff check"]
    assert ran == ["ruff", "ruff", "mypy", "lint-imports", "python", "python"]


def test_ci_calls_the_command_of_the_readme() -> None:
    script = CHECKOUT / ".ci" / "run"

    assert script.read_text(encoding="utf-8").rstrip().endswith("exec bin/test")
    assert all(os.access(CHECKOUT / "bin" / name, os.X_OK) for name in ("up", "test", "check"))
