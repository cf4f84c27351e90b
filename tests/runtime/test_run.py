"""What an execution does in one worker's hands."""

from __future__ import annotations

from typing import Any

from tests.runtime.lab import Lab, Server, flow, get, node, post, setting


async def test_values_flow_along_a_chain_to_the_output(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(
        flow(setting("a", n="{{ trigger.n + 1 }}"), setting("b", n="{{ input.n * 2 }}")), {"n": 20}
    )

    assert (done["status"], done["output"]) == ("succeeded", {"n": 42})


async def test_every_step_is_kept_with_its_output_and_times(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(setting("a", n=1), setting("b", n=2)))

    steps = await lab.steps(done["id"])
    assert {name: (step["status"], step["output"]) for name, step in steps.items()} == {
        "start": ("succeeded", None), "a": ("succeeded", {"n": 1}), "b": ("succeeded", {"n": 2})
    }  # fmt: skip
    assert all(step["queued_at"] <= step["started_at"] <= step["finished_at"] for step in steps.values())


async def test_event_numbers_grow_with_the_epoch_in_their_upper_half(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(setting("a", n=1)))

    steps = await lab.steps(done["id"])
    assert [done["seq"] >> 32, *(step["seq"] >> 32 for step in steps.values())] == [1, 1, 1]
    assert len({done["seq"], *(step["seq"] for step in steps.values())}) == 3


async def test_a_trivial_execution_of_ten_nodes_takes_one_checkpoint(lab: Lab) -> None:
    engine = await lab.start_engine()

    await lab.run(flow(*(setting(f"n{index}", n=index) for index in range(9))))

    assert engine.registration is not None
    assert engine.registration._committer.batches == 1


async def test_two_branches_run_at_the_same_time(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    graph = flow(
        get("a", server.url("/a?delay=0.3")),
        get("b", server.url("/b?delay=0.3")),
        edges="start > a, start > b",
    )

    done = await lab.run(graph)

    assert done["status"] == "succeeded"
    first, second = server.calls
    assert first.overlaps(second)


async def test_a_hundred_executions_wait_for_http_at_once(lab: Lab, server: Server) -> None:
    await lab.start_engine()

    ids = await lab.submit_many(flow(get("a", server.url("/?delay=1"))), [None] * 100)
    done = await lab.ends(ids)

    assert {one["status"] for one in done} == {"succeeded"}
    assert server.most_at_once == 100


async def test_a_read_over_its_timeout_is_stopped_and_says_so(lab: Lab, server: Server) -> None:
    await lab.start_engine()

    done = await lab.run(flow(get("slow", server.url("/?delay=5"), {"timeout": 0.2})))

    assert done["status"] == "failed"
    assert done["error"] == {
        "code": "node_timed_out", "category": "timeout", "node": "slow", "attempt": 1,
        "message": "slow was still running after 0.2 s and was stopped.",
    }  # fmt: skip


async def test_a_write_over_its_timeout_leaves_its_outcome_unknown_and_is_not_repeated(
    lab: Lab, server: Server
) -> None:
    await lab.start_engine()
    retrying = {"timeout": 0.2, "retry": {"max_attempts": 3, "base": 0.01}}

    done = await lab.run(flow(post("tell", server.url("/?delay=5"), retrying)))

    assert (done["status"], done["error"]["category"]) == ("failed", "outcome_unknown")
    assert len(server.calls) == 1


async def test_a_write_that_may_be_repeated_sends_the_same_bytes_and_key(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    retrying = {"timeout": 0.2, "retry": {"max_attempts": 2, "base": 0.01, "unknown_outcome": True}}

    done = await lab.run(flow(post("tell", server.url("/?delay=5"), retrying, n="{{ trigger.n }}")), {"n": 7})

    assert done["status"] == "failed"
    assert [(call.key, call.body) for call in server.calls] == [(f"{done['id']}:tell", b'{"n":7}')] * 2


async def test_a_failed_attempt_is_tried_again_until_it_works(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    server_error = {"retry": {"max_attempts": 3, "base": 0.01, "jitter": False}}

    done = await lab.run(flow(get("a", server.url("/?status=503"), server_error)))

    assert (done["status"], done["error"]["attempt"], len(server.calls)) == ("failed", 3, 3)


async def test_an_expression_that_fails_ends_its_step_as_bad_input(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(setting("a", n="{{ trigger.n + null }}")), {"n": 1})

    assert (done["status"], done["error"]["code"], done["error"]["category"]) == (
        "failed", "expression_error", "bad_input",
    )  # fmt: skip


async def test_an_error_edge_carries_the_error_document_on(lab: Lab) -> None:
    await lab.start_engine()
    failing = node("a", "flow.fail", {"on_error": "branch"}, message="no")
    graph = flow(failing, setting("b", why="{{ input.error.message }}"), edges="start > a, a.error > b")

    done = await lab.run(graph)

    assert (done["status"], done["output"]) == ("succeeded", {"why": "no"})


async def test_items_run_in_parallel_and_keep_their_order(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    each = node("each", "flow.for_each", items="{{ range }}".replace("range", "trigger.list"), limit=5)
    inside = {**get("ask", server.url("/{{ item }}?delay=0.1")), "parent": "each"}
    after = setting("after", paths="{{ nodes.each | map('body') | map('path') }}")
    graph = flow(each, inside, after, edges="start > each, each.item > ask, each.done > after")

    done = await lab.run(graph, {"list": [1, 2, 3, 4, 5]})

    assert (done["status"], done["output"]) == ("succeeded", {"paths": ["/1", "/2", "/3", "/4", "/5"]})
    assert server.most_at_once == 5


async def test_one_node_is_repeated_for_each_item_by_its_settings(lab: Lab) -> None:
    await lab.start_engine()
    repeated = node(
        "a", "data.set", {"for_each": {"items": "{{ trigger.list }}"}}, values={"twice": "{{ item * 2 }}"}
    )

    done = await lab.run(flow(repeated), {"list": [1, 2, 3]})

    assert done["output"] == [{"twice": 2}, {"twice": 4}, {"twice": 6}]
    assert set(await lab.steps(done["id"])) == {"start", "a", "a@each.0", "a@each.1", "a@each.2"}


async def test_sandboxed_code_sees_its_input(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(node("a", "code.python", code="input['n'] * 2")), {"n": 21})

    assert (done["status"], done["output"]) == ("succeeded", 42)


async def test_a_large_output_becomes_a_blob_that_expressions_read_through(lab: Lab) -> None:
    await lab.start_engine()
    text = "x" * 100_000

    done = await lab.run(
        flow(setting("a", text="{{ trigger.text }}"), setting("b", n="{{ input.text | length }}")),
        {"text": text},
    )

    stored = (await lab.steps(done["id"]))["a"]["output"]["$blob"]
    blob = await lab.one("SELECT * FROM workflows_blob WHERE id = %s", stored["id"])
    assert (done["output"], blob["size_bytes"]) == ({"n": 100_000}, stored["size_bytes"])
    assert blob["sha256"] == stored["sha256"]


async def test_a_key_of_the_users_that_looks_like_a_reference_is_escaped(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(setting("a", given="{{ trigger }}")), {"$blob": {"id": "1"}, "$$blob": 2})

    assert done["output"] == {"given": {"$blob": {"id": "1"}, "$$blob": 2}}


async def test_an_execution_over_its_timeout_fails_with_that_reason(lab: Lab, server: Server) -> None:
    await lab.start_engine()

    done = await lab.run(flow(get("a", server.url("/?delay=5")), timeout=0.3))

    assert (done["status"], done["error"]["code"]) == ("failed", "execution_timed_out")


async def test_the_answer_of_an_execution_is_the_body_it_responds_with(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(node("answer", "flow.respond", body={"ok": True}), setting("later", n=1)))

    assert done["output"] == {"ok": True}


async def test_variables_of_the_workspace_are_there_as_vars(lab: Lab) -> None:
    await lab.connection.execute(
        "INSERT INTO workflows_variable (id, workspace_id, name, value, created_at, updated_at)"
        " VALUES (gen_random_uuid(), %s, 'greeting', '\"Hello\"', now(), now())",
        [lab.workspace],
    )
    await lab.start_engine()

    done = await lab.run(flow(setting("a", text="{{ vars.greeting }}!")))

    assert done["output"] == {"text": "Hello!"}


async def test_code_over_its_timeout_is_stopped_and_says_so(lab: Lab) -> None:
    await lab.start_engine()
    endless = node("a", "code.python", {"timeout": 0.2}, code="while True:\n    pass")

    done = await lab.run(flow(endless))

    assert (done["status"], done["error"]["code"], done["error"]["category"]) == (
        "failed",
        "node_timed_out",
        "timeout",
    )


async def test_code_that_queues_for_the_sandbox_is_not_over_its_time(lab: Lab, settings: Any) -> None:
    settings.STUDIO_CODE_WORKERS = 1
    await lab.start_engine()
    busy = node("a", "code.python", {"timeout": 1.5}, code="n = 0\nfor i in range(2_000_000):\n    n = i\nn")

    done = await lab.ends(await lab.submit_many(flow(busy), [None] * 12), 60)

    assert {one["status"] for one in done} == {"succeeded"}


async def test_a_loop_of_a_thousand_visits_keeps_each_of_them(lab: Lab) -> None:
    await lab.start_engine()
    graph = flow(
        setting("body", n="{{ (nodes.body.n | default(0)) + 1 }}"),
        node("again", "flow.loop", times=500),
        edges="start > body > again, again.again > body",
    )

    done = await lab.run(graph)

    assert (done["status"], done["output"]) == ("succeeded", {"n": 500})
    assert len(await lab.steps(done["id"])) == 1001


async def test_a_damaged_definition_ends_its_executions_and_no_others(lab: Lab) -> None:
    damaged = await lab.submit(flow(setting("a", n=1)))
    await lab.connection.execute("UPDATE workflows_definition SET body = '\\x07'")
    sound = await lab.submit(flow(setting("a", n=2)))
    await lab.start_engine()

    ends = await lab.ends([damaged, sound])

    assert [(one["status"], (one["error"] or {}).get("code")) for one in ends] == [
        ("failed", "internal_error"),
        ("succeeded", None),
    ]


async def test_an_integer_that_json_cannot_carry_fails_its_step(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(setting("a", n="{{ trigger.n * trigger.n }}")), {"n": 2**60})

    assert (done["status"], done["error"]["category"] in ("bug", "bad_input")) == ("failed", True)


async def test_a_nul_character_in_an_error_does_not_stop_its_execution(lab: Lab) -> None:
    await lab.start_engine()

    done = await lab.run(flow(node("a", "flow.fail", message="{{ trigger.text }}")), {"text": "a\x00b"})

    assert (done["status"], done["error"]["message"]) == ("failed", "ab")


async def test_a_changed_variable_is_seen_by_the_next_execution(lab: Lab) -> None:
    await lab.start_engine()
    graph = flow(setting("a", seen="{{ vars.greeting }}"))

    seen = []
    for greeting in ("hello", "good day"):
        await lab.set_variable("greeting", greeting)
        seen.append((await lab.run(graph))["output"])

    assert seen == [{"seen": "hello"}, {"seen": "good day"}]
