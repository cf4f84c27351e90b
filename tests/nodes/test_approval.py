"""`flow.approval`: who decided what, how many it takes, and what a deadline does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from studio.kernel.clock import rfc3339
from tests.nodes.context import NOW, Context, run
from workflows.nodes import registry
from workflows.nodes.approval import Approval, signal_of
from workflows.nodes.sdk import To, Wait, Wake

KIND = "flow.approval"


def decision(name: str, said: str = "approve", **form: Any) -> dict[str, Any]:
    return {"decision": said, "by": {"id": f"id-{name}", "name": name}, "at": rfc3339(NOW), "form": form}


def parsed(params: dict[str, Any]) -> Any:
    return registry.parse_params(KIND, params)


def woken(params: dict[str, Any], wake: Wake, ctx: Context | None = None) -> Any:
    return Approval().wake(parsed(params), ctx or Context(), wake)


def asked(params: dict[str, Any], *decisions: dict[str, Any]) -> Any:
    """What becomes of it after these decisions, one after the other."""
    result = Approval().run(parsed(params), Context(input=7))
    for one in decisions:
        assert isinstance(result, Wait)
        result = woken(params, Wake("signal", one, details=result.details or {}), Context(input=7))
    return result


async def test_it_waits_and_shows_whom_it_asks_and_for_what() -> None:
    form = [{"name": "amount", "type": "number", "required": True}]
    result = await run(
        KIND, {"approvers": ["admin", "ada@x.example"], "message": "Pay?", "form": form, "seconds": 60}
    )

    assert (result.signal, result.until) == ("approval:here", NOW + timedelta(seconds=60))
    assert result.details == {
        "approval": "here", "message": "Pay?", "approvers": ["admin", "ada@x.example"], "required": 1,
        "form": [{"name": "amount", "title": "", "type": "number", "required": True, "choices": None}],
        "allow_self": False, "deadline": rfc3339(NOW + timedelta(seconds=60)), "decisions": [],
    }  # fmt: skip


def test_one_approval_is_enough_unless_more_are_required() -> None:
    ada = decision("ada", amount=5)

    assert asked({}, ada) == To(
        "approved", {"decision": "approved", "decisions": [ada], "form": {"amount": 5}, "input": 7}
    )


def test_it_waits_on_until_as_many_as_required_have_approved() -> None:
    ada, bob = decision("ada"), decision("bob")
    params = {"required": 2, "seconds": 60}

    halfway = asked(params, ada)

    assert (halfway.reason, halfway.until) == ("approval 1 of 2", NOW + timedelta(seconds=60))
    assert asked(params, ada, bob).output["decisions"] == [ada, bob]


def test_nobody_counts_twice() -> None:
    result = asked({"required": 2}, decision("ada"), decision("ada"))

    assert [one["by"]["name"] for one in result.details["decisions"]] == ["ada"]


def test_one_rejection_rejects() -> None:
    result = asked({"required": 3}, decision("ada"), decision("bob", "reject"))

    assert (result.port, result.output["decision"]) == ("rejected", "rejected")


def test_who_approved_cannot_reject_by_a_second_decision() -> None:
    result = asked({"required": 2}, decision("ada"), decision("ada", "reject"))

    assert isinstance(result, Wait)


def test_a_deadline_leads_along_timed_out_and_keeps_what_was_said() -> None:
    halfway = asked({"required": 2, "seconds": 60}, decision("ada"))

    result = woken({"required": 2, "seconds": 60}, Wake("due", details=halfway.details))

    assert (result.port, len(result.output["decisions"])) == ("timed_out", 1)


async def test_a_deadline_that_has_passed_asks_nobody() -> None:
    assert (await run(KIND, {"seconds": 0})).port == "timed_out"


@pytest.mark.parametrize(
    ("params", "problems"),
    [
        ({"approvers": []}, {"/approvers": "wrong_length"}),
        ({"approvers": ["a@x.example"], "required": 2}, {"/required": "out_of_range"}),
        ({"required": 0}, {"/required": "out_of_range"}),
        ({"seconds": 1, "until": "2026-03-01T12:00:00Z"}, {"/until": "conflict"}),
        ({"form": [{"name": "Amount"}]}, {"/form/0/name": "wrong_format"}),
    ],
)
def test_params_that_cannot_be_are_problems(params: dict[str, Any], problems: dict[str, str]) -> None:
    found = registry.spec(KIND).check_params(params)  # type: ignore[union-attr]

    assert {problem.pointer: problem.code for problem in found} == problems


def test_each_item_takes_decisions_under_a_name_of_its_own() -> None:
    assert (signal_of("ask", ""), signal_of("ask", "each.3/loop.2")) == ("ask", "ask.each.3.loop.2")
