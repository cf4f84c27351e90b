"""The page: `npm ci` and `npm run build`, each only when what it reads has changed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import packages
from console import ROOT, VENV, SetupError, fingerprint, holds, run, step

FRONTEND = ROOT / "frontend"
_LEAST_NODE = (22, 12)
_MADE = {"node_modules", "dist", ".vite"}


def build() -> None:
    """Leave `frontend/dist` in step with its sources."""
    lock = [FRONTEND / "package.json", FRONTEND / "package-lock.json"]
    modules, dist = FRONTEND / "node_modules", FRONTEND / "dist"
    wanted = {"install": fingerprint(lock), "build": fingerprint(_sources())}
    stamps = {name: modules / f".studio-{name}" for name in wanted}
    if holds(stamps["build"], wanted["build"]) and (dist / "index.html").exists():
        return
    _ensure_node()
    if not holds(stamps["install"], wanted["install"]):
        with step("Installing the page's packages"):
            if not run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FRONTEND):
                raise SetupError(
                    "npm could not install the page's packages: is the npm registry within reach?"
                )
        stamps["install"].write_text(wanted["install"], encoding="utf-8")
    with step("Building the page"):
        if not run(["npm", "run", "build"], cwd=FRONTEND):
            raise SetupError("The page could not be built; the lines above say why.")
    stamps["build"].write_text(wanted["build"], encoding="utf-8")


def _sources() -> Iterator[Path]:
    """What the build reads; tests beside the sources are left out."""
    for entry in FRONTEND.iterdir():
        if entry.name in _MADE or entry.suffix == ".tsbuildinfo":
            continue
        files = entry.rglob("*") if entry.is_dir() else [entry]
        yield from (file for file in files if file.is_file() and ".test." not in file.name)


def _ensure_node() -> None:
    """A fitting Node on the PATH, else the one from a wheel, in the virtual environment."""
    own = VENV / "bin" / "node"
    if _fits(own) or (shutil.which("npm") and _fits(Path(shutil.which("node") or "node"))):
        return
    packages.install("requirements-node.txt")
    if not _fits(own):
        raise SetupError("The page needs Node 22.12 or newer: install it and start again.")


def _fits(node: Path) -> bool:
    try:
        asked = [node, "-p", "JSON.stringify(process.versions.node.split('.').map(Number))"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
        return tuple(json.loads(answer.stdout)[:2]) >= _LEAST_NODE
    except (OSError, ValueError):
        return False
