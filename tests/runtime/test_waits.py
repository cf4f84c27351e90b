"""Waiting costs nothing: timers, signals, children; and words to an execution from outside."""

from __future__ import annotations

from datetime import timedelta

from tests.runtime.lab import Lab, Server, flow, get, node, setting


async def test_a_timer_gives_the_execution_back_until_its_time(lab: Lab) -> None:
    engine = await lab.start_engine()
    identifier = await lab.submit(
        flow(node("nap", "flow.wait", seconds=1.3), setting("b", n="{{ input.n }}")), {"n": 1}
    )

    waiting = await lab.becomes(identifier, "waiting")

    assert engine.registration is not None
    assert (waiting["owner"], waiting["reason"]["code"], engine.registration.runs) == (
        None,
        "awaits_timer",
        {},
    )
    done = await lab.end(identifier)
    assert done["output"] == {"n": 1}
    late = done["finished_at"] - waiting["due_at"]
    assert timedelta(0) <= late < timedelta(seconds=0.5)


async def test_a_short_wait_stays_with_the_worker_but_its_time_is_on_disk(lab: Lab) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(node("nap", "flow.wait", seconds=0.6)))

    async def noted() -> bool:
        step = (await lab.steps(identifier)).get("nap")
        return step is not None and step["status"] == "waiting" and step["due_at"] is not None

    await lab.until(noted)
    done = await lab.end(identifier)

    assert (done["status"], done["epoch"]) == ("succeeded", 1)


async def test_a_signal_wakes_what_waits_for_it_and_carries_its_payload(lab: Lab) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(node("ask", "flow.wait", signal="approved")))
    await lab.becomes(identifier, "waiting")

    await lab.mail(identifier, "signal", "approved", {"by": "alice"})

    assert (await lab.end(identifier))["output"] == {"by": "alice"}


async def test_a_signal_that_comes_early_is_kept(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(get("a", server.url("/?delay=0.6")), node("ask", "flow.wait", signal="approved"))
    identifier = await lab.submit(graph)
    await lab.until(lambda: server.calls)

    await lab.mail(identifier, "signal", "approved", 1)

    assert (await lab.end(identifier))["output"] == 1


async def test_a_signal_for_nobody_does_not_wake_an_execution_again_and_again(lab: Lab) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(node("ask", "flow.wait", signal="approved")))
    await lab.becomes(identifier, "waiting")

    await lab.mail(identifier, "signal", "something_else")
    held = "SELECT count(*) AS n FROM workflows_mailbox WHERE held"
    await lab.until(lambda: _counts(lab, held, 1))
    before = (await lab.execution(identifier))["epoch"]
    await lab.mail(identifier, "signal", "approved", 2)

    done = await lab.end(identifier)
    assert (done["output"], done["epoch"]) == (2, before + 1)


async def test_a_signal_that_does_not_come_in_time_fails_its_step(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(node("ask", "flow.wait", signal="approved", seconds=0.2)))

    assert (done["status"], done["error"]["code"]) == ("failed", "signal_timed_out")


async def test_cancelling_stops_a_running_node(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(get("slow", server.url("/?delay=8")), setting("b", n=1)))
    await lab.until(lambda: server.calls)

    await lab.mail(identifier, "cancel")

    done = await lab.end(identifier, 3)
    steps = await lab.steps(identifier)
    assert (done["status"], steps["slow"]["status"], steps["b"]["status"]) == (
        "cancelled",
        "cancelled",
        "cancelled",
    )


async def test_cancelling_ends_what_waits_without_a_worker(lab: Lab) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(node("nap", "flow.wait", seconds=60)))
    await lab.becomes(identifier, "waiting")

    await lab.mail(identifier, "cancel")

    assert (await lab.end(identifier, 3))["status"] == "cancelled"


async def test_cancelling_ends_what_no_worker_has_taken_yet(lab: Lab) -> None:
    identifier = await lab.submit(flow(setting("a", n=1)))
    await lab.mail(identifier, "cancel")
    await lab.start_engine()

    done = await lab.end(identifier)

    assert (done["status"], (await lab.steps(identifier))["a"]["status"]) == ("cancelled", "cancelled")


async def test_a_request_to_cancel_outlives_the_worker_that_read_it(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifier = await lab.submit(flow(node("nap", "flow.wait", seconds=60)))
    await lab.becomes(identifier, "waiting")
    await lab.mail(identifier, "cancel")
    await lab.connection.execute("UPDATE workflows_mailbox SET held = true")

    await lab.connection.execute("UPDATE workflows_execution SET status = 'queued', due_at = now()")

    assert (await lab.end(identifier, 3))["status"] == "cancelled"


async def test_a_workflow_runs_another_and_takes_its_output(lab: Lab) -> None:
    await lab.publish("child", flow(setting("twice", n="{{ trigger.n * 2 }}")))
    await lab.start_engine()

    done = await lab.run(
        flow(node("sub", "flow.workflow", workflow="child", input={"n": "{{ trigger.n }}"})), {"n": 21}
    )

    child = await lab.one("SELECT * FROM workflows_execution WHERE parent_id = %s", done["id"])
    assert (done["output"], child["status"], child["depth"]) == ({"n": 42}, "succeeded", 1)


async def test_a_failed_child_fails_the_step_that_started_it(lab: Lab) -> None:
    await lab.publish("child", flow(node("no", "flow.fail", message="not today")))
    await lab.start_engine()

    done = await lab.run(flow(node("sub", "flow.workflow", workflow="child")))

    assert (done["status"], done["error"]["code"]) == ("failed", "child_failed")
    assert "not today" in done["error"]["message"]


async def test_a_child_that_nobody_waits_for_lets_its_parent_go_on(lab: Lab) -> None:
    await lab.publish("child", flow(node("nap", "flow.wait", seconds=60)))
    await lab.start_engine()

    done = await lab.run(flow(node("sub", "flow.workflow", workflow="child", wait=False)))

    child = await lab.one("SELECT id FROM workflows_execution WHERE parent_id = %s", done["id"])
    assert (done["status"], done["output"]) == ("succeeded", {"execution": str(child["id"])})


async def test_cancelling_a_parent_cancels_its_child(lab: Lab) -> None:
    await lab.publish("child", flow(node("nap", "flow.wait", seconds=60)))
    await lab.start_engine()
    identifier = await lab.submit(flow(node("sub", "flow.workflow", workflow="child")))
    await lab.until(
        lambda: _counts(lab, "SELECT count(*) AS n FROM workflows_execution WHERE status = 'waiting'", 2)
    )

    await lab.mail(identifier, "cancel")

    assert (await lab.end(identifier, 3))["status"] == "cancelled"
    child = await lab.one("SELECT id FROM workflows_execution WHERE parent_id = %s", identifier)
    assert (await lab.end(child["id"], 3))["status"] == "cancelled"


async def test_a_workflow_that_calls_itself_ends_at_the_deepest_level(lab: Lab) -> None:
    endless = flow(node("sub", "flow.workflow", workflow="endless"))
    await lab.publish("endless", endless)
    await lab.start_engine()

    done = await lab.run(endless, seconds=20)

    deepest = await lab.one("SELECT max(depth) AS depth FROM workflows_execution")
    assert (done["status"], deepest["depth"]) == ("failed", 20)


async def test_a_workflow_of_another_name_is_not_found(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(node("sub", "flow.workflow", workflow="nowhere")))

    assert done["error"]["code"] == "workflow_not_found"


async def _counts(lab: Lab, query: str, wanted: int) -> bool:
    return bool((await lab.one(query))["n"] == wanted)
