"""Every example end to end: real ingress, web, workers and scheduler, other people's services on loopback."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from studio.embedded.os_process import wait_until
from tests.examples.importing import EXAMPLES, imported, payload, set_variables
from tests.examples.servers import Asked, Service, service
from tests.processes import Answer, Studio

pytestmark = [pytest.mark.workers, pytest.mark.slow]

HOOK_SECRET = "It's a Secret to Everybody"


# -- hello -------------------------------------------------------------------------------------------------


def test_hello_runs_green_in_the_demo_workspace_from_the_first_minute(studio_processes: Studio) -> None:
    (hello,) = [row for row in _workflows(studio_processes) if row["slug"] == "hello"]
    answer = studio_processes.ask(
        "POST", f"/api/v1/workflows/{hello['id']}/run?wait=30", {"input": payload("hello/input.json")}
    )

    assert answer.status == 200
    assert answer.document["status"] == "succeeded", answer.document
    assert answer.document["output"] == {"greeting": "Good to see you, Ada!", "letters": 4, "words": 32}


def test_hello_greets_the_world_when_nobody_is_named(studio_processes: Studio) -> None:
    (hello,) = [row for row in _workflows(studio_processes) if row["slug"] == "hello"]
    shown = studio_processes.done("POST", f"/api/v1/workflows/{hello['id']}/run?wait=30", {})

    assert shown["output"]["greeting"] == "Hello, world!"
    statuses = {step["node"]: step["status"] for step in studio_processes.steps(shown["id"])}
    assert statuses["personal"] == "skipped"


def _workflows(studio: Studio) -> list[Any]:
    return list(studio.done("GET", "/api/v1/workflows?limit=200")["results"])


# -- GitHub push -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def room() -> Iterator[Service]:
    with service(lambda asked: (200, {"ok": True})) as found:
        yield found


@pytest.fixture(scope="module")
def directory() -> Iterator[Service]:
    with service(lambda asked: (200, {"name": "Mona Lisa", "team": "Shop"})) as found:
        yield found


@pytest.fixture(scope="module")
def hook(studio_processes: Studio, room: Service, directory: Service) -> str:
    """The address that GitHub would be given."""
    set_variables(studio_processes, chat_url=f"{room.url}/messages", directory_url=directory.url)
    studio_processes.done(
        "POST",
        "/api/v1/credentials",
        {"name": "github", "kind": "webhook.secret", "fields": {"secret": HOOK_SECRET}},
    )
    workflow = imported(studio_processes, "github-push/workflow.yaml", slug="github-push")
    rows = studio_processes.query(
        "SELECT token FROM webhooks_source WHERE workflow_id = %s", [workflow["id"]]
    )
    return f"/hooks/{rows[0][0]}"


_deliveries = count(1)


def _push(
    studio: Studio, hook: str, body: dict[str, Any], *, event: str = "push", secret: str = HOOK_SECRET
) -> Answer:
    raw = json.dumps(body).encode()
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": f"72d3162e-cc78-11e3-81ab-{next(_deliveries):012d}",
        "X-Hub-Signature-256": f"sha256={signature}",
        "Authorization": "",
    }
    return studio.ask("POST", hook, body=raw, headers=headers)


def _latest(studio: Studio, trigger: str, *, beyond: int) -> list[Any]:
    """Executions of a trigger once there are more than `beyond`, newest first."""
    found: list[Any] = []

    def more() -> bool:
        found[:] = studio.done("GET", f"/api/v1/executions?limit=200&trigger={trigger}")["results"]
        return len(found) > beyond

    assert wait_until(more, seconds=20, every=0.1)
    return found


def _webhook_runs(studio: Studio) -> int:
    return len(studio.done("GET", "/api/v1/executions?limit=200&trigger=trigger.webhook")["results"])


def test_a_signed_push_becomes_a_message_in_the_room(
    studio_processes: Studio, hook: str, room: Service, directory: Service
) -> None:
    before, told = _webhook_runs(studio_processes), len(room.asked)
    answer = _push(studio_processes, hook, payload("github-push/push.json"))

    assert answer.status == 202
    execution = studio_processes.ended(_latest(studio_processes, "trigger.webhook", beyond=before)[0]["id"])
    assert execution["status"] == "succeeded", execution
    assert directory.asked[-1].path == "/people/monalisa"
    (message,) = room.asked[told:]
    assert message.document == {
        "channel": "commits",
        "text": "Mona Lisa (Shop) pushed to octo-org/storefront\n59b20b8 Refund in the currency of the order",
    }
    assert message.headers["idempotency-key"] == f"{execution['id']}:deliver"


def test_a_forced_push_is_told_louder(studio_processes: Studio, hook: str, room: Service) -> None:
    before, told = _webhook_runs(studio_processes), len(room.asked)
    _push(studio_processes, hook, {**payload("github-push/push.json"), "forced": True})

    studio_processes.ended(_latest(studio_processes, "trigger.webhook", beyond=before)[0]["id"])
    (message,) = room.asked[told:]
    assert message.document["channel"] == "alerts"
    assert message.document["text"].startswith(
        "⚠ Mona Lisa (Shop) force-pushed 1 commits to octo-org/storefront"
    )


def test_a_ping_and_another_branch_tell_nobody(studio_processes: Studio, hook: str, room: Service) -> None:
    before, told = _webhook_runs(studio_processes), len(room.asked)
    ping = _push(studio_processes, hook, {"zen": "Keep it logically awesome."}, event="ping")
    other = _push(studio_processes, hook, {**payload("github-push/push.json"), "ref": "refs/heads/topic"})

    assert (ping.status, other.status) == (202, 202)
    (execution, *earlier) = _latest(studio_processes, "trigger.webhook", beyond=before)
    assert studio_processes.ended(execution["id"])["status"] == "succeeded"
    assert len(earlier) == before
    assert room.asked[told:] == []


def test_a_push_with_a_wrong_signature_is_refused_and_starts_nothing(
    studio_processes: Studio, hook: str
) -> None:
    before = _webhook_runs(studio_processes)
    answer = _push(studio_processes, hook, payload("github-push/push.json"), secret="guessed")

    assert answer.status == 401
    assert _webhook_runs(studio_processes) == before


# -- Health check ------------------------------------------------------------------------------------------


def test_a_scheduled_check_retries_and_then_alerts(studio_processes: Studio) -> None:
    def unwell(asked: Asked) -> tuple[int, Any]:
        return 503, {"error": "out to lunch"}

    with service(unwell) as shop, service(lambda asked: (202, {})) as pager:
        set_variables(studio_processes, health_url=f"{shop.url}/health", alert_url=f"{pager.url}/alerts")
        workflow = imported(studio_processes, "health-check/workflow.yaml", slug="health-check")
        _fire_now(studio_processes, workflow["id"])
        execution = studio_processes.ended(_latest(studio_processes, "trigger.schedule", beyond=0)[0]["id"])

        assert execution["status"] == "succeeded", execution
        assert execution["output"] == {"healthy": False, "alerted": True}
        assert [asked.path for asked in shop.asked] == ["/health"] * 3
        (alert,) = pager.asked
        assert alert.document["severity"] == "critical"
        assert f"{shop.url}/health failed 3 times" in alert.document["summary"]
        steps = {step["node"]: step for step in studio_processes.steps(execution["id"])}
        assert (steps["probe"]["status"], steps["probe"]["handled"], steps["probe"]["attempt"]) == (
            "failed",
            True,
            3,
        )

        shop.answering = lambda asked: (200, {"status": "fine"})
        well = studio_processes.done("POST", f"/api/v1/workflows/{workflow['id']}/run?wait=20", {})
        assert well["output"]["healthy"] is True
        assert len(pager.asked) == 1


def _fire_now(studio: Studio, workflow: str) -> None:
    """Bring the next firing forward: nobody waits five minutes in a test."""
    studio.query(
        "UPDATE workflows_schedule SET next_at = date_trunc('second', now()) WHERE workflow_id = %s",
        [workflow],
    )


# -- Fan-out -----------------------------------------------------------------------------------------------


def test_a_hundred_orders_are_priced_in_workflows_of_their_own_and_joined(studio_processes: Studio) -> None:
    imported(studio_processes, "fan-out/price-order.yaml", slug="price-order")
    workflow = imported(studio_processes, "fan-out/workflow.yaml", slug="fan-out")
    given = payload("fan-out/orders.json")
    started = studio_processes.done("POST", f"/api/v1/workflows/{workflow['id']}/run", {"input": given})
    execution = studio_processes.ended(started["id"], seconds=60)

    assert execution["status"] == "succeeded", execution
    figures = execution["output"]["figures"]
    expected: dict[str, int] = {}
    for order in given["orders"]:
        full = order["quantity"] * order["unit_cents"]
        price = full * 9 // 10 if order["quantity"] >= 10 else full
        expected[order["country"]] = expected.get(order["country"], 0) + price
    assert figures == {"orders": 100, "failed": 0, "total": sum(expected.values()), "by_country": expected}
    assert (
        execution["output"]["report"].splitlines()[0]
        == f"100 orders, 0 failed, {sum(expected.values())} in all"
    )
    children = studio_processes.query(
        "SELECT count(*) FROM workflows_execution WHERE parent_id = %s AND status = 'succeeded'",
        [started["id"]],
    )
    assert children == [(100,)]


def test_an_order_that_cannot_be_priced_is_counted_and_stops_nobody(studio_processes: Studio) -> None:
    (workflow,) = [row for row in _workflows(studio_processes) if row["slug"] == "fan-out"]
    orders = [
        {**payload("fan-out/orders.json")["orders"][0]},
        {"id": "A-0", "country": "DE", "quantity": "many"},
    ]
    shown = studio_processes.done(
        "POST", f"/api/v1/workflows/{workflow['id']}/run?wait=30", {"input": {"orders": orders}}
    )

    assert shown["status"] == "succeeded", shown
    assert (shown["output"]["figures"]["orders"], shown["output"]["figures"]["failed"]) == (2, 1)


def test_the_folder_holds_no_example_that_is_not_run_here() -> None:
    folders = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())

    assert folders == ["fan-out", "github-push", "health-check", "hello"]
