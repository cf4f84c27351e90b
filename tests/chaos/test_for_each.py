"""Many items, and the worker that runs them killed half-way."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import Any

import pytest

from tests.runtime.lab import Lab, Server, flow, node
from workflows.runtime import payload
from workflows.runtime.rows import blobs

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.workers]

DONE_SQL = """
SELECT count(*) AS done, count(DISTINCT iteration) AS items
FROM workflows_step WHERE execution_id = %s AND node = 'inside' AND status = 'succeeded'
"""


def over_items(inside: dict[str, Any], limit: int) -> dict[str, Any]:
    each = node("each", "flow.for_each", items="{{ trigger }}", limit=limit)
    return flow(each, {**inside, "parent": "each"}, edges="start > each, each.item > inside")


async def killed_half_way(lab: Lab, definition: dict[str, Any], count: int) -> dict[str, Any]:
    """The execution, ended by another worker than the one that began it."""
    await lab.start_workers(2)
    execution = await lab.submit(definition, list(range(count)))

    async def is_half_way() -> bool:
        return bool((await lab.one(DONE_SQL, execution))["done"] >= count // 2)

    await lab.until(is_half_way, 60)
    (await lab.busiest()).kill()
    done = await lab.end(execution, 60)
    assert (done["status"], done["losses"]) == ("succeeded", 1)
    return done


async def output_of(lab: Lab, done: dict[str, Any]) -> Any:
    """A long list lies in blob storage."""
    reference = payload.reference(done["output"])
    if reference is None:
        return done["output"]
    found: dict[uuid.UUID, Any] = await blobs(lab.connection, [reference])
    return found[reference]


async def test_ten_thousand_items_are_each_in_the_output_once_and_in_order(lab: Lab) -> None:
    definition = over_items(node("inside", "data.set", values={"n": "{{ item * 2 }}"}), limit=100)

    done = await killed_half_way(lab, definition, 10_000)

    assert await output_of(lab, done) == [{"n": 2 * n} for n in range(10_000)]
    assert await lab.one(DONE_SQL, done["id"]) == {"done": 10_000, "items": 10_000}


async def test_every_item_acts_outside_under_one_key_with_the_same_bytes(lab: Lab, server: Server) -> None:
    url = server.url("/item/{{ item }}?delay=0.05")
    inside = node("inside", "http.request", method="POST", url=url, json={"n": "{{ item }}"})

    done = await killed_half_way(lab, over_items(inside, limit=20), 300)

    output = await output_of(lab, done)
    assert [item["body"]["path"] for item in output] == [f"/item/{n}" for n in range(300)]
    bodies = defaultdict(set)
    for call in server.calls:
        bodies[call.key].add((call.path, call.body))
    assert len(bodies) == 300
    assert all(len(sent) == 1 for sent in bodies.values())
    assert len(server.calls) <= 300 + 20
