"""The page in light and dark, and the demo as a newcomer meets it.

With STUDIO_SCREENSHOTS set the pictures of `docs/images/` are taken anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.embedded.home import CHECKOUT
from tests.e2e.steps import START, card, expect_status, open_workflow, select, start_run
from tests.processes import Studio

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]

IMAGES = CHECKOUT / "docs" / "images"
ORDER = (
    '{"id": 1042, "customer": "Ada Lovelace", "lines": '
    '[{"item": "Lamp", "count": 2, "price": 45}, {"item": "Desk", "count": 1, "price": 180}]}'
)
SUM = """total = 0
for line in input["lines"]:
    total = total + line["count"] * line["price"]
{"total": total, "customer": input["customer"]}"""
NODES: list[dict[str, Any]] = [
    {**START, "name": "Order received", "position": {"x": 0, "y": 100}},
    {
        "id": "sum",
        "kind": "code.python",
        "name": "Add it up",
        "params": {"code": SUM},
        "position": {"x": 288, "y": 100},
    },
    {
        "id": "large",
        "kind": "logic.if",
        "name": "Over 200?",
        "params": {"condition": "{{ nodes.sum.total > 200 }}"},
        "position": {"x": 576, "y": 100},
    },
    {
        "id": "thank",
        "kind": "text.template",
        "name": "Thank the customer",
        "params": {"text": "Thank you, {{ nodes.sum.customer }}! Delivery is on us."},
        "settings": {"retry": {"max_attempts": 3}},
        "position": {"x": 864, "y": 10},
    },
    {
        "id": "confirm",
        "kind": "text.template",
        "name": "Confirm the order",
        "params": {"text": "Your order {{ trigger.id }} is on its way."},
        "position": {"x": 864, "y": 210},
    },
    {
        "id": "keep",
        "kind": "data.set",
        "name": "Keep the answer",
        "params": {
            "values": {
                "order": "{{ trigger.id }}",
                "total": "{{ nodes.sum.total }}",
                "message": "{{ (nodes.thank or nodes.confirm).text }}",
            }
        },
        "position": {"x": 1152, "y": 100},
    },
]
EDGES = [
    {"from": "start", "to": "sum"},
    {"from": "sum", "to": "large"},
    {"from": "large", "port": "true", "to": "thank"},
    {"from": "large", "port": "false", "to": "confirm"},
    {"from": "thank", "to": "keep"},
    {"from": "confirm", "to": "keep"},
]


@pytest.fixture(scope="module")
def order(studio_processes: Studio) -> dict[str, Any]:
    definition = {"schema": "studio/1", "nodes": NODES, "edges": EDGES}
    body = {"name": "Order follow-up", "definition": definition}
    made: dict[str, Any] = studio_processes.done("POST", "/api/v1/workflows", body)
    studio_processes.done("POST", f"/api/v1/workflows/{made['id']}/publish", {})
    return made


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    chosen: Literal["light", "dark"] = request.param
    return chosen


@pytest.fixture
def themed(
    chromium: Browser, studio_processes: Studio, signed_in: Any, theme: Literal["light", "dark"]
) -> Iterator[Page]:
    """A page of somebody whose system prefers the theme."""
    context = chromium.new_context(
        base_url=studio_processes.url,
        viewport={"width": 1440, "height": 860},
        device_scale_factor=2 if _wanted() else 1,
        color_scheme=theme,
        storage_state=signed_in,
    )
    yield context.new_page()
    context.close()


def test_the_page_follows_the_theme_of_the_system(themed: Page, theme: str, order: dict[str, Any]) -> None:
    open_workflow(themed, order)
    panel = select(themed, "keep")
    expect(panel.get_by_label("Value of total")).to_have_value("{{ nodes.sum.total }}")
    _picture(themed, f"canvas-{theme}")
    start_run(themed, ORDER)
    for node in ("start", "sum", "large", "thank", "keep"):
        expect_status(themed, node, "succeeded")
    themed.get_by_test_id("run-dock").get_by_title("Open the execution").click()
    themed.get_by_test_id("step-row-keep").click()
    expect(themed.get_by_test_id("step-output")).to_contain_text("Thank you, Ada Lovelace!")
    _picture(themed, f"execution-{theme}")

    assert themed.evaluate("document.documentElement.classList.contains('dark')") is (theme == "dark")


def test_errors_in_both_themes(
    themed: Page, studio_processes: Studio, order: dict[str, Any], theme: Literal["light", "dark"]
) -> None:
    for number in range(3):
        given = {"input": {"id": number}}
        run = studio_processes.done("POST", f"/api/v1/workflows/{order['id']}/run", given)
        assert studio_processes.ended(run["id"])["status"] == "failed"
    themed.goto(f"/executions?workflow={order['id']}&status=failed")
    expect(themed.get_by_role("list", name="Executions").get_by_role("listitem").first).to_be_visible()
    themed.goto("/errors")
    themed.get_by_role("table", name="Errors").get_by_role("link").first.click()
    expect(themed.get_by_test_id("why-grouped")).to_be_visible()
    _picture(themed, f"errors-{theme}")


def test_a_chosen_theme_holds_against_the_system_and_over_a_reload(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/workflows")
    page.get_by_role("button", name="Account and theme").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    page.reload()
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()

    assert page.evaluate("document.documentElement.classList.contains('dark')") is True


def test_the_demo_runs_green_on_the_page(page: Page) -> None:
    page.goto("/workflows")
    page.get_by_role("link", name="Hello", exact=True).click()
    expect(card(page, "greet")).to_be_visible()
    start_run(page, '{"name": "Ada", "guests": ["Grace", "Alan"]}')
    for node in ("start", "greet", "known", "personal", "pause", "each", "letter", "summary"):
        expect_status(page, node, "succeeded", seconds=30)

    expect_status(page, "general", "skipped")


def _wanted() -> bool:
    return bool(os.environ.get("STUDIO_SCREENSHOTS"))


def _picture(page: Page, name: str) -> None:
    if not _wanted():
        return
    IMAGES.mkdir(parents=True, exist_ok=True)
    if (fit := page.get_by_role("button", name="Show everything")).count():
        fit.click()
    page.mouse.move(720, 120)
    page.wait_for_timeout(800)
    page.screenshot(path=IMAGES / f"{name}.png")
