"""The demo in light and dark, from the list to a finished run.

With STUDIO_SCREENSHOTS set the pictures of `docs/images/` are taken anew.
"""

from __future__ import annotations

import os
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.embedded.home import CHECKOUT
from tests.e2e.steps import card, expect_status, start_run, wait_until_saved
from tests.processes import Studio

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]

IMAGES = CHECKOUT / "docs" / "images"
INPUT = '{"name": "Ada", "guests": ["Grace", "Alan", "Barbara"]}'


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_demo_runs_green_on_the_page(
    chromium: Browser, studio_processes: Studio, signed_in: Any, theme: Literal["light", "dark"]
) -> None:
    context = chromium.new_context(
        base_url=studio_processes.url,
        viewport={"width": 1440, "height": 900},
        device_scale_factor=2 if _wanted() else 1,
        color_scheme=theme,
        storage_state=signed_in,
    )
    page = context.new_page()
    page.goto("/workflows")
    page.get_by_role("link", name="Hello", exact=True).click()
    card(page, "greet").click()
    expect(page.get_by_test_id("inspector").get_by_label("Value of name")).to_be_visible()
    _picture(page, f"canvas-{theme}")

    start_run(page, INPUT)
    for node in ("start", "greet", "known", "personal", "pause", "each", "letter", "summary"):
        expect_status(page, node, "succeeded", seconds=30)
    expect_status(page, "general", "skipped")
    wait_until_saved(page)
    page.get_by_test_id("run-dock").get_by_title("Open the execution").click()
    page.get_by_test_id("step-row-summary").click()
    expect(page.get_by_test_id("step-output")).to_contain_text("Ada")
    _picture(page, f"execution-{theme}")

    assert page.evaluate("document.documentElement.classList.contains('dark')") is (theme == "dark")
    context.close()


def _wanted() -> bool:
    return bool(os.environ.get("STUDIO_SCREENSHOTS"))


def _picture(page: Page, name: str) -> None:
    if not _wanted():
        return
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.mouse.move(720, 400)
    page.wait_for_timeout(600)
    page.screenshot(path=IMAGES / f"{name}.png")
