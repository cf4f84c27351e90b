"""Operating: who works, which services are left alone, what is kept, and who may use what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.steps import START, open_workflow, select, wait_until_saved
from tests.processes import Studio

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]

Make = Callable[..., dict[str, Any]]

CACHED = {"cacheable": True, "cache_ttl": 600}


def _fetch(url: str, **settings: Any) -> dict[str, Any]:
    return {"id": "fetch", "kind": "http.request", "params": {"url": url}, "settings": settings}


def _run(studio: Studio, workflow: dict[str, Any]) -> dict[str, Any]:
    run = studio.done("POST", f"/api/v1/workflows/{workflow['id']}/run", {"version": "draft"})
    ended: dict[str, Any] = studio.ended(run["id"])
    return ended


def test_workers_and_queues_are_shown_with_their_health(page: Page) -> None:
    page.goto("/workers")

    expect(page.get_by_text("Healthy")).to_be_visible()
    expect(page.get_by_role("table", name="Queues")).to_contain_text("high_priority")
    expect(page.get_by_role("table", name="Workers", exact=True)).to_contain_text("Alive")


def test_a_breaker_is_held_open_with_a_reason_and_reset(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    _run(studio_processes, make_workflow(START, _fetch("http://127.0.0.1:7/")))
    page.goto("/breakers")
    row = page.get_by_role("row").filter(has_text="127.0.0.1:7")
    row.get_by_role("button", name="Act on 127.0.0.1:7").click()
    page.get_by_role("menuitem", name="Hold open").click()
    page.get_by_label("Reason").fill("Maintenance until noon")
    page.get_by_role("dialog").get_by_role("button", name="Hold open").click()
    expect(row.get_by_test_id("phase")).to_have_attribute("data-phase", "open")
    expect(row).to_contain_text("Maintenance until noon")

    row.get_by_role("button", name="Act on 127.0.0.1:7").click()
    page.get_by_role("menuitem", name="Reset").click()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    expect(row.filter(has_text="Maintenance")).to_have_count(0)


def test_the_cache_shows_what_it_spared_and_counts_before_it_clears(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    workflow = make_workflow(START, _fetch(f"{studio_processes.url}/livez", **CACHED))
    _run(studio_processes, workflow)
    again = _run(studio_processes, workflow)
    page.goto(f"/executions/{again['id']}?node=fetch")
    expect(page.get_by_test_id("cache-line")).to_contain_text("From the cache")
    page.goto("/cache")
    kept = page.get_by_role("table", name="Kept outputs")
    kept.get_by_role("button", name="Clear").first.click()
    expect(page.get_by_test_id("clear-count")).to_contain_text("1 output of")
    page.get_by_role("dialog").get_by_role("button", name="Clear", exact=True).click()

    expect(page.get_by_text("1 output forgotten", exact=True)).to_be_visible()
    expect(page.get_by_text("Nothing is kept")).to_be_visible()


def test_a_credential_is_stored_unreadably_and_chosen_in_a_node(
    page: Page, make_workflow: Make, studio_processes: Studio
) -> None:
    page.goto("/settings/credentials")
    page.get_by_role("button", name="New credential").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=False).first.fill("Accounting")
    form.get_by_label("Kind").select_option("http.bearer")
    form.get_by_label("Token").fill("s3cret-token")
    form.get_by_role("button", name="Save credential").click()
    expect(page.get_by_role("table", name="Credentials")).to_contain_text("Accounting")
    assert "s3cret-token" not in page.content()

    workflow = make_workflow(START, _fetch("https://example.com/"))
    open_workflow(page, workflow)
    panel = select(page, "fetch")
    panel.get_by_role("button", name="Credential", exact=True).click()
    panel.get_by_label("Credential").select_option("Accounting")
    wait_until_saved(page)
    saved = studio_processes.done("GET", f"/api/v1/workflows/{workflow['id']}")
    listed = studio_processes.done("GET", "/api/v1/credentials")["results"]
    assert saved["draft"]["definition"]["nodes"][1]["params"]["credential"] == listed[0]["id"]


def test_a_new_key_is_shown_once_and_works_until_it_is_revoked(page: Page, studio_processes: Studio) -> None:
    page.goto("/settings/api-keys")
    page.get_by_role("button", name="New API key").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Nightly import")
    page.get_by_role("button", name="Create key").click()
    secret = page.get_by_test_id("new-key").inner_text()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert studio_processes.ask("GET", "/api/v1/me", headers=bearer).document["role"] == "editor"
    page.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row").filter(has_text="Nightly import")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert studio_processes.ask("GET", "/api/v1/me", headers=bearer).status == 401


def test_members_are_listed_with_their_roles(page: Page, studio_processes: Studio) -> None:
    page.goto("/settings/members")

    row = page.get_by_role("row").filter(has_text=studio_processes.email)
    expect(row).to_contain_text("Owner")
