"""Runs: they start from the page, light up while they go on, and can be looked into afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.e2e.steps import START, expect_status, hello, nap, open_workflow, start_run
from tests.processes import Studio

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]

Make = Callable[..., dict[str, Any]]


def test_every_step_turns_green_while_the_run_goes_on(page: Page, make_workflow: Make) -> None:
    after = {"id": "after", "kind": "text.template", "params": {"text": "Hello, {{ nodes.greet.name }}!"}}
    open_workflow(page, make_workflow(START, hello("Ada"), nap(2), after))
    start_run(page)

    expect_status(page, "greet", "succeeded")
    expect_status(page, "nap", "waiting", seconds=2)
    for node in ("start", "greet", "nap", "after"):
        expect_status(page, node, "succeeded")


def test_a_run_is_told_over_its_socket_and_not_only_found_by_asking(page: Page, make_workflow: Make) -> None:
    told: list[str] = []

    def listen(socket: WebSocket) -> None:
        if "/ws/executions/" in socket.url:
            socket.on("framereceived", lambda frame: told.append(json.loads(frame)["type"]))

    page.on("websocket", listen)
    open_workflow(page, make_workflow(START, hello(), nap(1)))
    start_run(page)
    expect_status(page, "nap", "succeeded")

    assert told[:1] == ["snapshot"]
    assert "execution.succeeded" in told


def test_a_step_shows_what_came_out_of_it(page: Page, make_workflow: Make) -> None:
    open_workflow(page, make_workflow(START, hello("{{ trigger.name }}")))
    start_run(page, '{"name": "Grace"}')
    expect_status(page, "greet", "succeeded")
    page.get_by_test_id("step-row-greet").click()

    expect(page.get_by_test_id("step-output")).to_contain_text('name:"Grace"')
    expect(page).to_have_url(re.compile(r"run=.*node=greet.*tab=run"))


def test_a_failed_step_says_why_on_the_graph_and_in_its_panel(page: Page, make_workflow: Make) -> None:
    fails = {"id": "stop_here", "kind": "flow.fail", "params": {"message": "No stock left."}}
    open_workflow(page, make_workflow(START, fails))
    start_run(page)
    expect_status(page, "stop_here", "failed")
    page.get_by_test_id("step-row-stop_here").click()

    expect(page.get_by_test_id("step-detail").get_by_role("alert")).to_contain_text("No stock left.")


def test_input_that_is_no_json_is_not_run(page: Page, make_workflow: Make) -> None:
    open_workflow(page, make_workflow(START, hello()))
    page.get_by_test_id("run").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Input").fill('{"name": ')

    expect(page.get_by_role("alert")).to_contain_text("Not valid JSON")
    expect(page.get_by_test_id("start-run")).to_be_disabled()


def test_a_waiting_run_ends_when_it_is_cancelled(page: Page, make_workflow: Make) -> None:
    open_workflow(page, make_workflow(START, nap(600)))
    start_run(page)
    expect_status(page, "nap", "waiting")
    page.get_by_role("button", name="Cancel run").click()

    expect_status(page, "nap", "cancelled")
    expect(page.get_by_test_id("run-dock")).to_contain_text("Cancelled")


def test_each_item_of_a_for_each_can_be_looked_at(page: Page, make_workflow: Make) -> None:
    each = {"id": "each", "kind": "flow.for_each", "params": {"items": [3, 5]}}
    double = {
        "id": "double",
        "kind": "data.set",
        "parent": "each",
        "params": {"values": {"n": "{{ item * 2 }}"}},
    }
    edges = [{"from": "start", "to": "each"}, {"from": "each", "port": "item", "to": "double"}]
    open_workflow(page, make_workflow(START, each, double, edges=edges))
    start_run(page)
    expect_status(page, "each", "succeeded")
    page.get_by_test_id("step-row-double@each.1").click()

    expect(page.get_by_test_id("step-output")).to_contain_text("n:10")


def test_an_execution_has_an_address_of_its_own(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, hello())
    started = studio_processes.done("POST", f"/api/v1/workflows/{workflow['id']}/run", {"version": "draft"})
    studio_processes.ended(started["id"])
    page.goto(f"/executions/{started['id']}?node=greet&view=input")

    expect(page.get_by_test_id("execution-status")).to_have_attribute("data-status", "succeeded")
    expect(page.get_by_test_id("step-input")).to_be_visible()
    expect_status(page, "greet", "succeeded")


def test_the_list_of_executions_narrows_by_workflow(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, hello())
    started = studio_processes.done("POST", f"/api/v1/workflows/{workflow['id']}/run", {"version": "draft"})
    studio_processes.ended(started["id"])
    page.goto(f"/executions?workflow={workflow['id']}")
    rows = page.get_by_role("list", name="Executions").get_by_role("listitem")

    expect(rows).to_have_count(1)
    rows.get_by_role("link", name=workflow["name"]).click()
    expect(page).to_have_url(f"{studio_processes.url}/executions/{started['id']}")


def test_what_is_not_there_says_so(page: Page) -> None:
    page.goto("/executions/01900000-0000-7000-8000-000000000000")

    expect(page.get_by_text("Nothing here")).to_be_visible()
