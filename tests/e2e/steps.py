"""What people do on the page, and what they see there, in one word each."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

START: dict[str, Any] = {"id": "start", "kind": "trigger.manual"}
SAVED_MS = 8_000

# The canvas glides to where the graph can be read; a drag must not begin before it has arrived.
_UNTIL_STILL = """async () => {
  const view = document.querySelector(".react-flow__viewport");
  for (let before = null; before !== view.style.transform; ) {
    before = view.style.transform;
    await new Promise((done) => setTimeout(done, 300));
  }
}"""


def hello(name: str = "Ada") -> dict[str, Any]:
    return {"id": "greet", "kind": "data.set", "name": "Greet", "params": {"values": {"name": name}}}


def nap(seconds: float) -> dict[str, Any]:
    return {"id": "nap", "kind": "flow.wait", "params": {"seconds": seconds}}


def open_workflow(page: Page, workflow: dict[str, Any]) -> None:
    page.goto(f"/workflows/{workflow['id']}")
    for node in workflow["draft"]["definition"]["nodes"]:
        expect(card(page, node["id"])).to_be_visible()
    page.evaluate(_UNTIL_STILL)


def card(page: Page, node: str) -> Locator:
    return page.get_by_test_id(f"node-{node}")


def status_of(page: Page, node: str) -> Locator:
    return page.get_by_test_id(f"node-status-{node}")


def select(page: Page, node: str) -> Locator:
    """Click a card; answer the panel that opens."""
    card(page, node).click()
    panel = page.get_by_test_id("inspector")
    expect(panel).to_be_visible()
    return panel


def wait_until_saved(page: Page) -> None:
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved", timeout=SAVED_MS)


def start_run(page: Page, document: str = "{}") -> None:
    page.get_by_test_id("run").click()
    editor = page.get_by_role("dialog").get_by_role("textbox", name="Input")
    editor.fill(document)
    page.get_by_test_id("start-run").click()
    expect(page.get_by_test_id("run-dock")).to_be_visible()


def expect_status(page: Page, node: str, status: str, *, seconds: float = 15) -> None:
    expect(status_of(page, node)).to_have_attribute("data-status", status, timeout=seconds * 1000)
