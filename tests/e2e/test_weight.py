"""How much a view loads before it can be used."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Response

from tests.e2e.steps import START, card, hello, open_workflow

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]

MOST_SCRIPT_BYTES = 300_000


def test_the_canvas_opens_with_less_than_300_kb_of_script(
    page: Page, make_workflow: Callable[..., dict[str, Any]]
) -> None:
    scripts: list[Response] = []
    page.on("response", lambda response: scripts.append(response) if ".js" in response.url else None)
    open_workflow(page, make_workflow(START, hello()))
    page.wait_for_load_state("networkidle")
    compressed = {script.url: len(gzip.compress(script.body())) for script in scripts}

    assert sum(compressed.values()) < MOST_SCRIPT_BYTES, compressed


def test_a_workflow_of_500_nodes_opens(page: Page, make_workflow: Callable[..., dict[str, Any]]) -> None:
    row = [{**hello(), "id": f"n{number}"} for number in range(499)]
    places = [
        {**node, "position": {"x": 288 * (place % 25), "y": 120 * (place // 25)}}
        for place, node in enumerate([START, *row])
    ]
    workflow = make_workflow(*places)
    page.goto(f"/workflows/{workflow['id']}")
    card(page, "start").click()

    assert page.get_by_test_id("inspector").is_visible()
