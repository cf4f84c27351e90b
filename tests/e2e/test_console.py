"""Operators at work in a real browser: the console's first page, an execution, cancelling one, Flower.

With STUDIO_SCREENSHOTS set the pictures of the console in `docs/images/` are taken anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.embedded.home import CHECKOUT
from tests.processes import Studio

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]

IMAGES = CHECKOUT / "docs" / "images"


def _waiting(studio: Studio, make_workflow: Callable[..., dict[str, Any]]) -> str:
    """An execution that waits for a word nobody says."""
    workflow = make_workflow(
        {"id": "start", "kind": "trigger.manual"},
        {"id": "approval", "kind": "flow.wait", "params": {"signal": "approved"}},
    )
    run = studio.done("POST", f"/api/v1/workflows/{workflow['id']}/run", {"version": "draft"})
    return str(run["id"])


def test_operators_sign_in_by_e_mail_and_see_living_workers(stranger: Page, studio_processes: Studio) -> None:
    stranger.goto("/admin/")
    stranger.get_by_label("Email").fill(studio_processes.email)
    stranger.get_by_label("Password").fill(studio_processes.password)
    stranger.get_by_role("button", name="Log in").click()

    expect(stranger).to_have_title("Overview | Studio operators")
    overview = stranger.locator("#overview")
    expect(overview.get_by_text("with a heartbeat")).to_be_visible()
    expect(overview.get_by_text("alive").first).to_be_visible()


def test_an_execution_is_found_by_its_id_and_shows_its_steps(page: Page, studio_processes: Studio) -> None:
    shown = studio_processes.done(
        "POST",
        "/api/v1/run?wait=20",
        {"definition": {"nodes": [{"id": "greet", "kind": "text.template", "params": {"text": "Hello"}}]}},
    )
    page.goto("/admin/workflows/execution/")
    page.get_by_placeholder("A whole id").fill(shown["id"])
    page.get_by_placeholder("A whole id").press("Enter")
    page.get_by_role("link", name=f"…{shown['id'][-12:]}").click()

    expect(page.get_by_role("link", name="greet", exact=True)).to_be_visible()
    expect(page.get_by_text('"text": "Hello"')).to_be_visible()


def test_a_waiting_execution_is_cancelled_from_the_list(
    page: Page, studio_processes: Studio, make_workflow: Callable[..., dict[str, Any]]
) -> None:
    execution = _waiting(studio_processes, make_workflow)
    page.goto(f"/admin/workflows/execution/?q={execution}")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("cancel")
    page.get_by_role("button", name="Run").click()

    expect(page.get_by_text("Asked to end: 1.")).to_be_visible()
    assert studio_processes.ended(execution)["status"] == "cancelled"


def test_staff_reach_flower_with_the_same_sign_in(page: Page) -> None:
    page.goto("/flower/")

    expect(page.get_by_text("Online workers")).to_be_visible()
    expect(page.get_by_text("Online", exact=True).first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_first_page_looks_the_same_in_light_and_dark(
    chromium: Browser, studio_processes: Studio, signed_in: Any, theme: str
) -> None:
    wanted = bool(os.environ.get("STUDIO_SCREENSHOTS"))
    context = chromium.new_context(
        base_url=studio_processes.url,
        viewport={"width": 1440, "height": 900},
        device_scale_factor=2 if wanted else 1,
        color_scheme=theme,  # type: ignore[arg-type]
        storage_state=signed_in,
    )
    page = context.new_page()
    page.goto("/admin/")
    page.wait_for_load_state("networkidle")

    assert page.evaluate("document.documentElement.classList.contains('dark')") is (theme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if wanted:
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=IMAGES / f"console-{theme}.png")
    context.close()
