"""Repairing: what failed is resumed, what waits for people is decided, what fails alike is fixed at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.steps import START, hello, nap
from tests.processes import Studio

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]

Make = Callable[..., dict[str, Any]]


def _fails(message: str) -> dict[str, Any]:
    return {"id": "check", "kind": "flow.fail", "params": {"message": message}}


def _ask() -> dict[str, Any]:
    form = [{"name": "budget", "title": "Budget", "required": True, "choices": ["Office", "Travel"]}]
    params = {"approvers": ["owner"], "allow_self": True, "message": "Buy the lamp?", "form": form}
    return {"id": "ask", "kind": "flow.approval", "params": params}


def _start(studio: Studio, workflow: dict[str, Any]) -> str:
    run = studio.done("POST", f"/api/v1/workflows/{workflow['id']}/run", {"version": "draft"})
    return str(run["id"])


def _status(page: Page, status: str) -> None:
    expect(page.get_by_test_id("execution-status")).to_have_attribute("data-status", status, timeout=20_000)


def test_resuming_from_a_step_shows_the_plan_and_takes_an_edited_output(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    after = {"id": "after", "kind": "text.template", "params": {"text": "Hello, {{ nodes.greet.name }}!"}}
    first = _start(studio_processes, make_workflow(START, hello("Ada"), after))
    studio_processes.ended(first)
    page.goto(f"/executions/{first}?node=after")
    page.get_by_role("button", name="Resume from here").click()
    plan = page.get_by_test_id("resume-plan")
    expect(plan).to_contain_text("1 run again")
    page.get_by_label("Write an output in…").select_option("greet")
    page.get_by_role("textbox", name="Output of greet").fill('{"name": "Grace"}')
    expect(plan).to_contain_text("1 edited")
    page.get_by_role("dialog").get_by_role("button", name="Resume", exact=True).click()

    page.wait_for_url(lambda url: "/executions/" in url and first not in url)
    _status(page, "succeeded")
    expect(page.get_by_test_id("execution-output")).to_contain_text("Hello, Grace!")
    expect(page.get_by_text("Resumed from")).to_be_visible()
    page.get_by_role("link", name=first[-8:]).click()
    expect(page).to_have_url(f"{studio_processes.url}/executions/{first}")


def test_a_failed_execution_is_retried_as_a_new_one(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    first = _start(studio_processes, make_workflow(START, _fails("No paper left.")))
    studio_processes.ended(first)
    page.goto(f"/executions/{first}")
    page.get_by_role("button", name="Retry", exact=True).click()

    page.wait_for_url(lambda url: "/executions/" in url and first not in url)
    _status(page, "failed")


def test_an_execution_is_paused_and_goes_on_when_told(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    page.goto(f"/executions/{_start(studio_processes, make_workflow(START, nap(8), hello()))}")
    page.get_by_role("button", name="Pause").click()
    _status(page, "paused")
    page.get_by_role("button", name="Continue").click()

    _status(page, "succeeded")


def test_an_approval_is_given_with_its_form(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    edges = [{"from": "start", "to": "ask"}, {"from": "ask", "port": "approved", "to": "greet"}]
    started = _start(studio_processes, make_workflow(START, _ask(), hello(), edges=edges))
    page.goto(f"/executions/{started}")
    asked = page.get_by_test_id("approval-ask")
    expect(asked).to_contain_text("Buy the lamp?")
    expect(asked.get_by_role("button", name="Approve")).to_be_disabled()
    asked.get_by_label("Budget").select_option("Office")
    asked.get_by_role("button", name="Approve").click()

    _status(page, "succeeded")
    assert studio_processes.steps(started)[1]["output"]["form"] == {"budget": "Office"}


def test_a_step_between_two_tries_says_which_and_when(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    calls = {
        "id": "books",
        "kind": "http.request",
        "params": {"url": "http://127.0.0.1:9/"},
        "settings": {"retry": {"max_attempts": 5, "base": 60, "jitter": False}},
    }
    started = _start(studio_processes, make_workflow(START, calls))
    page.goto(f"/executions/{started}?node=books")

    expect(page.get_by_test_id("retry-line")).to_contain_text("Attempt 1 of 5 failed: no connection.")
    page.get_by_role("button", name="Cancel run").click()
    _status(page, "cancelled")


def test_a_group_of_errors_says_why_and_is_settled(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, _fails("The printer is on fire."))
    studio_processes.ended(_start(studio_processes, workflow))
    page.goto("/errors?q=printer")
    page.get_by_role("link", name="The printer is on fire.").click()
    expect(page.get_by_test_id("why-grouped")).to_contain_text("failed_on_purpose")
    expect(page.get_by_role("table", name="Affected workflows")).to_contain_text(workflow["name"])
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    page.goto("/errors?state=resolved&q=printer")

    expect(page.get_by_role("table", name="Errors").get_by_role("row")).to_have_count(2)


def test_what_failed_alike_goes_on_with_the_published_fix(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, _fails("The stapler is empty."))
    for _ in range(3):
        studio_processes.ended(_start(studio_processes, workflow))
    _publish_fix(studio_processes, workflow)
    page.goto("/errors?q=stapler")
    page.get_by_role("link", name="The stapler is empty.").click()
    page.get_by_role("button", name="Fix and continue").click()
    expect(page.get_by_test_id("fix-count")).to_have_text("3 executions would go on.")
    page.get_by_role("button", name="Start", exact=True).click()

    job = page.get_by_test_id("job")
    expect(job).to_have_attribute("data-state", "finished", timeout=30_000)
    expect(job).to_contain_text("3 went well, 0 failed")


def _publish_fix(studio: Studio, workflow: dict[str, Any]) -> None:
    path = f"/api/v1/workflows/{workflow['id']}"
    fixed = {**hello(), "id": "check"}
    definition = {"schema": "studio/1", "nodes": [START, fixed], "edges": [{"from": "start", "to": "check"}]}
    etag = studio.ask("GET", path).headers["etag"]
    studio.done("PATCH", path, {"definition": definition}, headers={"If-Match": etag})
    studio.done("POST", f"{path}/publish", {})


def test_no_dead_letters_are_said_to_be_none(page: Page) -> None:
    page.goto("/errors")
    page.get_by_role("link", name="Dead letters").click()

    expect(page.get_by_text("No dead letters")).to_be_visible()
