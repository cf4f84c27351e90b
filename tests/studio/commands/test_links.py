"""What the pages refer to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from studio.embedded.home import CHECKOUT

PAGES = [
    CHECKOUT / "README.md",
    CHECKOUT / "CONTRIBUTING.md",
    *sorted((CHECKOUT / "docs").rglob("*.md")),
    *sorted((CHECKOUT / "examples").rglob("*.md")),
]
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"`((?:studio|workflows|webhooks|tests|examples|benchmarks|docs|bin|docker)/[\w./-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [target for target in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_path_that_is_named_is_there(page: Path) -> None:
    named = _CODE.findall(page.read_text(encoding="utf-8"))

    assert [path for path in named if not (CHECKOUT / path).exists()] == []
