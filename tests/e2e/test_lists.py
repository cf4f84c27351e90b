"""The lists that people start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.steps import START, card, hello
from tests.processes import Studio

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]

Make = Callable[..., dict[str, Any]]


def _rows(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name=name).get_by_role("listitem")


def test_searching_narrows_the_list_and_stands_in_the_address(page: Page, make_workflow: Make) -> None:
    wanted = make_workflow(START)
    make_workflow(START)
    page.goto("/workflows")
    page.get_by_role("searchbox").fill(wanted["name"])

    expect(_rows(page, "Workflows").filter(has_text=wanted["name"])).to_have_count(1)
    expect(page).to_have_url(f"/workflows?q={wanted['name'].replace(' ', '+')}")
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value(wanted["name"])


def test_a_search_that_finds_nothing_says_so(page: Page) -> None:
    page.goto("/workflows?q=there+is+no+such+workflow")

    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_a_duplicate_opens_with_the_same_nodes(page: Page, make_workflow: Make) -> None:
    workflow = make_workflow(START, hello())
    page.goto(f"/workflows?q={workflow['name']}")
    page.get_by_role("button", name=f"More about {workflow['name']}", exact=True).click()
    page.get_by_role("menuitem", name="Duplicate").click()

    expect(page.get_by_role("textbox", name="Name")).to_have_value(f"Copy of {workflow['name']}")
    expect(card(page, "greet")).to_be_visible()


def test_a_deleted_workflow_leaves_the_list_after_asking(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START)
    page.goto(f"/workflows?q={workflow['name']}")
    page.get_by_role("button", name=f"More about {workflow['name']}", exact=True).click()
    page.get_by_role("menuitem", name="Delete workflow").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete workflow").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    assert studio_processes.ask("GET", f"/api/v1/workflows/{workflow['id']}").status == 404


def test_an_execution_started_elsewhere_appears_by_itself(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, hello())
    page.goto(f"/executions?workflow={workflow['id']}")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    studio_processes.done("POST", f"/api/v1/workflows/{workflow['id']}/run", {"version": "draft"})

    expect(_rows(page, "Executions")).to_have_count(1)
