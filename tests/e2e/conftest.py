"""A real Chromium in front of a whole Studio. Without a Chromium these tests are skipped, and say so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.processes import Studio

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VIEW = {"width": 1440, "height": 900}

_number = count(1)


def _chromium() -> str | None:
    """`STUDIO_CHROMIUM`, else the system's, else None."""
    named = os.environ.get("STUDIO_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: while Playwright is open, no other test could run an event loop."""
    with sync_playwright() as playwright:
        path = _chromium() or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("NO CHROMIUM: install one or name it in STUDIO_CHROMIUM; the page was NOT tested")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, studio_processes: Studio) -> Any:
    """The cookies of somebody who signed in once, for all tests but those of signing in."""
    context = chromium.new_context(base_url=studio_processes.url)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("E-mail").fill(studio_processes.email)
    page.get_by_label("Password").fill(studio_processes.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/workflows")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def stranger(chromium: Browser, studio_processes: Studio) -> Iterator[Page]:
    """A page of somebody who is not signed in."""
    with _page(chromium.new_context(base_url=studio_processes.url, viewport=VIEW)) as page:
        yield page


@pytest.fixture
def page(chromium: Browser, studio_processes: Studio, signed_in: Any) -> Iterator[Page]:
    """A page of the demo's owner."""
    context = chromium.new_context(base_url=studio_processes.url, viewport=VIEW, storage_state=signed_in)
    with _page(context) as opened:
        yield opened


@contextmanager
def _page(context: BrowserContext) -> Iterator[Page]:
    """Whatever a test does, the page must not fail, nor do what its security policy forbids."""
    broken: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # Chromium itself keeps the look of typed-over text by a style attribute, which its policy then refuses.
        if "Content Security Policy" in message.text and "inline style" not in message.text:
            broken.append(message.text)

    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", note)
    page.on("pageerror", lambda error: broken.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    assert broken == []


@pytest.fixture
def make_workflow(studio_processes: Studio) -> Callable[..., dict[str, Any]]:
    """Create a workflow of nodes in a row, or of the edges that are given, under a name of its own."""

    def make(*nodes: dict[str, Any], edges: list[dict[str, str]] | None = None) -> dict[str, Any]:
        in_row = [{"from": a["id"], "to": b["id"]} for a, b in pairwise(nodes)]
        definition = {"schema": "studio/1", "nodes": list(nodes), "edges": in_row if edges is None else edges}
        body = {"name": f"Browser {next(_number)}", "definition": definition}
        made: dict[str, Any] = studio_processes.done("POST", "/api/v1/workflows", body)
        return made

    return make
