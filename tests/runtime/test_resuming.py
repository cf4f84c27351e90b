"""Resuming through workers: what stands is not run again, and what is run again carries the keys of its line."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from django.db import connection

from studio.accounts.access import SYSTEM
from studio.accounts.models import Workspace
from studio.accounts.permissions import Access
from studio.accounts.roles import Role
from tests.runtime.lab import Lab, Server, flow, get, node, post, setting
from workflows.models import Execution
from workflows.services.node_runs import NodeRunRequest, run_node
from workflows.services.resume import ResumeRequest, prepare_resumption, prepare_retry
from workflows.services.resume import resume as start_resumed


async def resume(lab: Lab, execution: uuid.UUID, **request: Any) -> uuid.UUID:
    return await _elsewhere(
        lab,
        lambda workspace: prepare_resumption(
            workspace=workspace, execution_id=execution, request=ResumeRequest(**request)
        ),
    )


async def retry(lab: Lab, execution: uuid.UUID) -> uuid.UUID:
    return await _elsewhere(lab, lambda workspace: prepare_retry(workspace=workspace, execution_id=execution))


async def _elsewhere(lab: Lab, prepare: Any) -> uuid.UUID:
    """In a thread with a connection of its own, as a web process does it."""

    def work() -> uuid.UUID:
        try:
            started: Execution = start_resumed(prepare(Workspace(pk=lab.workspace)), by=SYSTEM)
            return started.pk
        finally:
            connection.close()

    started = await asyncio.to_thread(work)
    lab.wake()
    return started


def keys(server: Server, path: str) -> list[str | None]:
    return [call.key for call in server.calls if call.path == path]


async def test_what_stands_is_not_asked_again_and_the_end_is_that_of_a_straight_run(
    lab: Lab, server: Server
) -> None:
    await lab.start_engine()
    first = await lab.run(
        flow(
            get("a", server.url("/a")),
            get("b", server.url("/b")),
            setting("c", path="{{ nodes.a.body.path }}"),
        )
    )

    again = await lab.end(await resume(lab, first["id"], from_node="b"))

    assert (again["status"], again["output"]) == ("succeeded", first["output"])
    assert [call.path for call in server.calls] == ["/a", "/b", "/b"]
    assert again["resumed_from"] == first["id"]


async def test_every_step_of_the_resumed_execution_is_there_with_its_output(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    first = await lab.run(flow(setting("a", n=1), setting("b", n="{{ nodes.a.n + 1 }}"), setting("c", n=3)))

    again = await lab.end(await resume(lab, first["id"], from_node="b", outputs={"a": {"n": 10}}))

    steps = await lab.steps(again["id"])
    assert {name: step["output"] for name, step in steps.items()} == {
        "start": None, "a": {"n": 10}, "b": {"n": 11}, "c": {"n": 3}
    }  # fmt: skip
    assert len({step["seq"] for step in steps.values()}) == 4
    assert {name: step["seq"] >> 32 for name, step in steps.items()} == {"start": 1, "a": 1, "b": 2, "c": 2}


async def test_a_write_that_is_run_again_carries_the_key_of_the_first_execution(
    lab: Lab, server: Server
) -> None:
    await lab.start_workers(1)
    first = await lab.run(flow(post("tell", server.url("/tell")), setting("c", n=1)), seconds=20)

    second = await lab.end(await resume(lab, first["id"], from_node="tell"), 20)
    third = await lab.end(await resume(lab, second["id"], from_node="tell"), 20)
    anew = await lab.end(await resume(lab, third["id"], from_node="tell", send_again=True), 20)

    key = f"{first['id']}:tell"
    assert keys(server, "/tell") == [key, key, key, f"{anew['id']}:tell"]


async def test_one_item_is_sent_again_under_its_own_key(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(
        node("each", "flow.for_each", items="{{ input }}"),
        {**post("tell", server.url("/{{ item }}")), "parent": "each"},
        edges="start > each, each.item > tell",
    )
    first = await lab.run(graph, ["x", "y", "z"])

    again = await lab.end(await resume(lab, first["id"], from_node="tell", iteration="each.1"))

    assert again["status"] == "succeeded"
    assert [one["body"] for one in again["output"]] == [{"path": "/x"}, {"path": "/y"}, {"path": "/z"}]
    assert keys(server, "/y") == [f"{first['id']}:tell:each.1"] * 2
    assert len(server.calls) == 4


async def test_a_later_visit_of_a_loop_goes_on_to_the_same_end(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(
        get("a", server.url("/a")),
        node("loop", "flow.loop", times=3),
        setting("b", n=1),
        edges="start > a > loop, loop.again > a, loop.done > b",
    )
    first = await lab.run(graph)
    assert len(server.calls) == 3

    again = await lab.end(await resume(lab, first["id"], from_node="loop", iteration="loop.2"))

    assert (again["status"], again["output"]) == ("succeeded", first["output"])
    assert len(server.calls) == 4


async def test_what_failed_goes_on_once_the_cause_is_gone(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("a", server.url("/a")), post("tell", server.url("/tell?status={{ vars.status }}")))
    await lab.connection.execute(
        "INSERT INTO workflows_variable (id, workspace_id, name, value, created_at, updated_at)"
        " VALUES (gen_random_uuid(), %s, 'status', '503', now(), now())",
        [lab.workspace],
    )
    first = await lab.run(graph)
    assert first["status"] == "failed"
    await lab.connection.execute("UPDATE workflows_variable SET value = '200'")
    await asyncio.sleep(2.1)  # Variables are kept for two seconds.

    again = await lab.end(await retry(lab, first["id"]))

    assert again["status"] == "succeeded"
    assert keys(server, "/tell") == [f"{first['id']}:tell"] * 2
    assert keys(server, "/a") == [None]


async def test_large_outputs_stand_by_reference(lab: Lab) -> None:
    await lab.start_engine()
    first = await lab.run(
        flow(setting("big", text="x" * 70_000), setting("c", n="{{ nodes.big.text | length }}"))
    )

    again = await lab.end(await resume(lab, first["id"], from_node="c"))

    assert again["output"] == {"n": 70_000}
    blobs = await lab.one("SELECT count(*) AS n FROM workflows_blob")
    assert blobs["n"] == 1


async def test_a_resumed_execution_survives_its_worker(lab: Lab, server: Server) -> None:
    first_worker, _ = await lab.start_workers(2)
    graph = flow(get("a", server.url("/a")), post("b", server.url("/b")), get("c", server.url("/c?delay=1")))
    first = await lab.run(graph, seconds=20)
    again = await resume(lab, first["id"], from_node="b")
    await lab.until(lambda: len([call for call in server.calls if call.path == "/c"]) == 2)

    (await lab.busiest()).kill()

    assert (await lab.end(again, 20))["status"] == "succeeded"
    assert len(keys(server, "/a")) == 1
    assert set(keys(server, "/b")) == {f"{first['id']}:b"}
    assert first_worker is not None


async def test_writes_of_a_sub_workflow_keep_their_keys_when_the_step_is_run_again(
    lab: Lab, server: Server
) -> None:
    await lab.start_engine()
    await lab.publish("child", flow(post("tell", server.url("/tell"))))
    first = await lab.run(flow(node("call", "flow.workflow", workflow="child"), setting("c", n=1)))
    child = await lab.one("SELECT id FROM workflows_execution WHERE parent_id = %s", first["id"])

    second = await lab.end(await resume(lab, first["id"], from_node="call"))
    third = await lab.end(await resume(lab, second["id"], from_node="call"))
    anew = await lab.end(await resume(lab, third["id"], from_node="call", send_again=True))

    last = await lab.one("SELECT id FROM workflows_execution WHERE parent_id = %s", anew["id"])
    key = f"{child['id']}:tell"
    assert keys(server, "/tell") == [key, key, key, f"{last['id']}:tell"]


async def test_a_sub_workflow_goes_on_inside_its_parent(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    child = flow(get("a", server.url("/a")), node("no", "flow.fail", message="not today"))
    await lab.publish("child", child)
    first = await lab.run(
        flow(node("call", "flow.workflow", workflow="child"), setting("c", n="{{ input }}"))
    )
    assert first["status"] == "failed"

    by_hand = ResumeRequest(outputs={"no": "today"})
    again = await lab.end(await resume(lab, first["id"], from_node="call", child=by_hand))

    assert (again["status"], again["output"]) == ("succeeded", {"n": "today"})
    assert len(keys(server, "/a")) == 1


# -- One node alone -----------------------------------------------------------------------------------------


async def run_alone(lab: Lab, workflow: uuid.UUID, name: str, *given: Any) -> dict[str, Any]:
    access = Access(
        workspace_id=lab.workspace, slug="lab", region="local", tier="enterprise", role=Role.EDITOR, actor_name="x"
    )  # fmt: skip

    def work() -> uuid.UUID:
        try:
            request = NodeRunRequest(input=given or None)
            return run_node(access=access, workflow_id=workflow, node_id=name, request=request).pk
        finally:
            connection.close()

    started = await asyncio.to_thread(work)
    lab.wake()
    return await lab.end(started)


async def test_a_node_runs_alone_and_its_output_is_that_of_the_execution(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    workflow = await lab.publish(
        "w",
        flow(
            get("a", server.url("/a")),
            setting("b", n="{{ nodes.a.n + input.n }}"),
            get("c", server.url("/c")),
        ),
    )

    done = await run_alone(lab, workflow, "b", {"n": 20})

    assert (done["status"], done["output"]) == ("succeeded", {"n": 40})
    assert server.calls == []


@pytest.mark.parametrize(("name", "given"), [("x", "Ada"), ("y", {"n": "Ada"}), ("b", {"n": "Ada"})])
async def test_a_node_in_a_list_or_after_a_loop_runs_alone(lab: Lab, name: str, given: Any) -> None:
    await lab.start_engine()
    graph = flow(
        node("each", "flow.for_each", items=[1, 2, 3]),
        {**setting("x", n="{{ item }}"), "parent": "each"},
        {**setting("y", n="{{ input.n }}"), "parent": "each"},
        setting("a", n=1),
        node("loop", "flow.loop", times=3),
        setting("b", n="{{ input.n }}"),
        edges="start > each, each.item > x, x > y, each.done > a > loop, loop.again > a, loop.done > b",
    )

    done = await run_alone(lab, await lab.publish("w", graph), name, given)

    output = done["output"][0] if isinstance(done["output"], list) else done["output"]
    assert (done["status"], output) == ("succeeded", {"n": "Ada"})
    ran = [step for step in (await lab.steps(done["id"])).values() if step["seq"] >> 32 == 2]
    assert {step["node"] for step in ran} <= {name, "each"}
