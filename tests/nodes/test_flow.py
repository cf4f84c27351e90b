"""Kinds that steer an execution."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from studio.kernel.errors import NodeError, Permanent, Transient
from tests.nodes.context import NOW, Context, codes, run, wake
from workflows.nodes.sdk import Child, Items, To, Wait, Wake


@pytest.mark.parametrize("given", [None, "null"])
async def test_for_each_hands_the_items_to_the_engine(given: str | None) -> None:
    params = {"items": [1, 2], "limit": "3", "on_item_error": given}

    assert await run("flow.for_each", params) == Items([1, 2], 3, "null")


async def test_for_each_over_something_else_than_a_list_fails() -> None:
    with pytest.raises(Permanent, match="Param items: This must be a list, not null"):
        await run("flow.for_each", {"items": None})


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"seconds": "90"}, Wait(seconds=90.0, reason="timer")),
        ({"until": "2026-03-01T13:00:00Z"}, Wait(until=NOW + timedelta(hours=1), reason="timer")),
        ({"until": "2026-03-01T13:00:00"}, Wait(until=NOW + timedelta(hours=1), reason="timer")),
        ({"until": (NOW + timedelta(hours=1)).timestamp()},
         Wait(until=NOW + timedelta(hours=1), reason="timer")),
        ({"signal": "approved"}, Wait(signal="approved", reason="signal approved")),
        ({"signal": "approved", "seconds": 60},
         Wait(seconds=60.0, signal="approved", reason="signal approved")),
        ({"seconds": 0}, "in"),
        ({"until": "2026-03-01T11:59:59Z"}, "in"),
    ],
)  # fmt: skip
async def test_a_wait_is_a_value_not_a_sleep(params: dict[str, Any], expected: Any) -> None:
    assert await run("flow.wait", params, Context(input="in")) == expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"": "required"}),
        ({"seconds": 1, "until": "{{ input.at }}"}, {"/until": "conflict"}),
        ({"seconds": -1}, {"/seconds": "out_of_range"}),
        ({"seconds": 1e12}, {"/seconds": "out_of_range"}),
        ({"until": "tomorrow"}, {"/until": "wrong_format"}),
        ({"until": True}, {"/until": "wrong_type"}),
        ({"until": 1e300}, {"/until": "wrong_format"}),
        ({"signal": "a b"}, {"/signal": "wrong_format"}),
        ({"signal": "{{ input.name }}"}, {}),
    ],
)
def test_a_wait_is_checked_when_it_is_written(params: dict[str, Any], expected: dict[str, str]) -> None:
    assert codes("flow.wait", params) == expected


def test_a_timer_passes_its_input_on() -> None:
    assert wake("flow.wait", {"seconds": 5}, Wake("due"), Context(input="in")) == "in"


def test_the_payload_of_a_signal_is_the_output() -> None:
    assert wake("flow.wait", {"signal": "s"}, Wake("signal", payload={"by": "ada"})) == {"by": "ada"}


def test_a_signal_that_does_not_come_in_time_is_a_timeout() -> None:
    with pytest.raises(Transient) as caught:
        wake("flow.wait", {"signal": "s", "seconds": 5}, Wake("due"))

    assert (caught.value.category, caught.value.public_code) == ("timeout", "signal_timed_out")


@pytest.mark.parametrize(
    ("params", "visit", "port"),
    [
        ({"times": 3}, 1, "again"),
        ({"times": 3}, 2, "again"),
        ({"times": 3}, 3, "done"),
        ({"while": True}, 900, "again"),
        ({"while": False}, 1, "done"),
        ({"while": None}, 1, "done"),
    ],
)
async def test_a_loop_goes_back_until_it_is_done(params: dict[str, Any], visit: int, port: str) -> None:
    assert await run("flow.loop", params, Context(input="in", visit=visit)) == To(port, "in")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"": "required"}),
        ({"while": "{{ input.more }}", "times": 3}, {"": "conflict"}),
        ({"times": 0}, {"/times": "out_of_range"}),
    ],
)
def test_a_loop_has_one_way_to_end(params: dict[str, Any], expected: dict[str, str]) -> None:
    assert codes("flow.loop", params) == expected


@pytest.mark.parametrize(
    ("params", "child"),
    [
        ({"workflow": "w", "input": 1, "wait": False}, Child("w", 1, False)),
        ({"workflow": "w", "input": None}, Child("w", None, True)),
        ({"workflow": "w"}, Child("w", "in", True)),
    ],
)
async def test_a_workflow_is_started_with_the_given_input_or_the_nodes_own(
    params: dict[str, Any], child: Child
) -> None:
    assert await run("flow.workflow", params, Context(input="in")) == child


def test_the_output_of_the_other_workflow_is_the_output() -> None:
    assert wake("flow.workflow", {"workflow": "w"}, Wake("child", payload=[1])) == [1]


@pytest.mark.parametrize(
    ("category", "kind"), [("timeout", Transient), ("bad_input", Permanent), ("?", Transient)]
)
def test_the_failure_of_the_other_workflow_keeps_its_category(category: str, kind: type[NodeError]) -> None:
    with pytest.raises(kind, match="The workflow w failed: no stock") as caught:
        wake(
            "flow.workflow",
            {"workflow": "w"},
            Wake("child", error={"category": category, "message": "no stock"}),
        )

    assert caught.value.public_code == "child_failed"


@pytest.mark.parametrize(
    ("params", "body"), [({}, "in"), ({"body": None}, None), ({"body": {"a": 1}}, {"a": 1})]
)
async def test_respond_answers_with_the_body_or_the_input(params: dict[str, Any], body: Any) -> None:
    output = await run("flow.respond", params, Context(input="in"))

    assert output == {"status": 200, "headers": {}, "body": body}


@pytest.mark.parametrize(("category", "kind"), [("quota", Permanent), ("upstream", Transient)])
async def test_fail_raises_what_the_author_chose(category: str, kind: type[NodeError]) -> None:
    with pytest.raises(kind, match=r"No \{braces\} surprise") as caught:
        await run("flow.fail", {"message": "No {braces} surprise", "category": category})

    assert (caught.value.category, caught.value.public_code) == (category, "failed_on_purpose")
