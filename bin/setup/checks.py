"""The checks around pytest. Each runs to its end, so one call shows everything that is wrong."""

from __future__ import annotations

import subprocess

from console import ROOT, child_environment, say

_STATIC = {
    "ruff check": ["ruff", "check", "--quiet"],
    "ruff format": ["ruff", "format", "--check", "--quiet"],
    "mypy": ["mypy"],
    "lint-imports": ["lint-imports"],
    "manage.py check": ["python", "manage.py", "check", "--fail-level", "WARNING"],
    "makemigrations": ["python", "manage.py", "makemigrations", "--check", "--dry-run"],
}
_PAGE = {"vitest": ["npm", "--prefix", "frontend", "run", "check"]}
# No database runs here, and comparing models with migrations needs none.
_QUIET = {"PYTHONWARNINGS": "ignore::RuntimeWarning:django.core.management.commands.makemigrations"}


def static() -> list[str]:
    """Run the static checks; answers the names of those that failed."""
    return _failed(_STATIC)


def page() -> list[str]:
    return _failed(_PAGE)


def run(command: list[str], extra: dict[str, str] | None = None) -> int:
    return subprocess.run(command, cwd=ROOT, env=child_environment(extra), check=False).returncode


def _failed(checks: dict[str, list[str]]) -> list[str]:
    failed = []
    for name, command in checks.items():
        say(name)
        if run(command, _QUIET) != 0:
            failed.append(name)
    return failed
