"""The canvas: what people draw and write is kept, and what is wrong is shown where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.steps import START, card, hello, open_workflow, select, wait_until_saved
from tests.processes import Studio

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]

Make = Callable[..., dict[str, Any]]


def _nodes(studio: Studio, workflow: dict[str, Any]) -> list[dict[str, Any]]:
    shown = studio.done("GET", f"/api/v1/workflows/{workflow['id']}")
    found: list[dict[str, Any]] = shown["draft"]["definition"]["nodes"]
    return found


def test_a_workflow_is_made_from_nothing_on_the_canvas(page: Page, studio_processes: Studio) -> None:
    page.goto("/workflows")
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_label("Name").fill("Made by hand")
    page.get_by_role("button", name="Create workflow").click()
    page.get_by_role("button", name="Start by hand").click()
    card(page, "manual").hover()
    page.get_by_role("button", name="Add a node after manual").click()
    page.get_by_test_id("palette-search").fill("text")
    page.get_by_test_id("palette-text.template").click()
    page.get_by_test_id("inspector").get_by_role("textbox", name="Text").fill("Hello")
    wait_until_saved(page)
    made = studio_processes.done("GET", f"/api/v1/workflows/{page.url.split('/')[-1].split('?')[0]}")

    definition = made["draft"]["definition"]
    assert [(node["kind"], node["params"]) for node in definition["nodes"]] == [
        ("trigger.manual", {}),
        ("text.template", {"text": "Hello"}),
    ]
    assert definition["edges"] == [{"from": "manual", "to": "template"}]


def test_an_edited_param_is_still_there_after_a_reload(page: Page, make_workflow: Make) -> None:
    open_workflow(page, make_workflow(START, hello()))
    select(page, "greet").get_by_label("Value of name").fill("{{ trigger.name }}")
    wait_until_saved(page)
    page.reload()

    expect(page.get_by_test_id("inspector").get_by_label("Value of name")).to_have_value("{{ trigger.name }}")


def test_leaving_the_canvas_at_once_loses_nothing(page: Page, make_workflow: Make) -> None:
    workflow = make_workflow(START, hello())
    open_workflow(page, workflow)
    select(page, "greet").get_by_label("Value of name").fill("Grace")
    page.get_by_role("link", name="Executions").first.click()
    expect(page.get_by_role("heading", name="Executions")).to_be_visible()
    open_workflow(page, workflow)

    expect(select(page, "greet").get_by_label("Value of name")).to_have_value("Grace")


def test_a_missing_param_is_named_at_its_field_and_on_its_card_and_blocks_publishing(
    page: Page, make_workflow: Make
) -> None:
    open_workflow(page, make_workflow(START, {"id": "call", "kind": "http.request", "params": {}}))
    panel = select(page, "call")

    expect(panel.get_by_role("alert")).to_be_visible()
    expect(card(page, "call").get_by_role("img", name="1 problem")).to_be_visible()
    expect(page.get_by_test_id("publish")).to_have_attribute("aria-disabled", "true")


def test_a_deleted_node_comes_back_with_its_edges_by_undo(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, hello())
    open_workflow(page, workflow)
    card(page, "greet").click()
    page.keyboard.press("Delete")
    expect(card(page, "greet")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(card(page, "greet")).to_be_visible()
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    wait_until_saved(page)

    assert [node["id"] for node in _nodes(studio_processes, workflow)] == ["start", "greet"]


def test_dragging_from_port_to_card_connects_them(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, hello(), edges=[])
    open_workflow(page, workflow)
    card(page, "start").locator(".source").drag_to(card(page, "greet").locator(".target"))
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    wait_until_saved(page)
    shown = studio_processes.done("GET", f"/api/v1/workflows/{workflow['id']}")

    assert shown["draft"]["definition"]["edges"] == [{"from": "start", "to": "greet"}]


def test_a_change_saved_elsewhere_is_not_overwritten_unasked(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, hello())
    open_workflow(page, workflow)
    answer = studio_processes.ask("GET", f"/api/v1/workflows/{workflow['id']}")
    theirs = answer.document["draft"]["definition"]
    theirs["nodes"][1]["params"]["values"]["name"] = "theirs"
    path = f"/api/v1/workflows/{workflow['id']}"
    studio_processes.done("PATCH", path, {"definition": theirs}, headers={"If-Match": _etag(answer.headers)})
    select(page, "greet").get_by_label("Value of name").fill("mine")

    expect(page.get_by_role("alert").filter(has_text="Somebody else")).to_be_visible()
    assert _nodes(studio_processes, workflow)[1]["params"]["values"] == {"name": "theirs"}

    page.get_by_role("button", name="Keep mine").click()
    wait_until_saved(page)
    assert _nodes(studio_processes, workflow)[1]["params"]["values"] == {"name": "mine"}


def test_publishing_makes_the_draft_the_next_version(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, hello())
    open_workflow(page, workflow)
    select(page, "greet").get_by_label("Value of name").fill("published")
    page.get_by_test_id("publish").click()

    expect(page.get_by_text("Published v1")).to_be_visible()
    version = studio_processes.done("GET", f"/api/v1/workflows/{workflow['id']}/versions/1")
    assert version["definition"]["nodes"][1]["params"]["values"] == {"name": "published"}


def _etag(headers: Any) -> str:
    return str(next(value for name, value in headers.items() if name.lower() == "etag"))
