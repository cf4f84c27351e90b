"""Finding and describing kinds."""

from __future__ import annotations

import pytest

from studio.kernel.errors import InternalError, Permanent
from tests.nodes.context import Context
from workflows.nodes import registry
from workflows.nodes.sdk import Node, NodeParams, Wake


def test_the_kinds_that_others_rely_on_are_there() -> None:
    assert set(registry.nodes()) >= {
        "trigger.manual",
        "trigger.webhook",
        "trigger.schedule",
        "http.request",
        "data.set",
        "data.filter",
        "text.template",
        "logic.if",
        "logic.switch",
        "flow.for_each",
        "flow.wait",
        "flow.loop",
        "flow.workflow",
        "flow.respond",
        "flow.fail",
        "code.python",
    }


def test_a_second_owner_of_a_kind_is_refused() -> None:
    registry.nodes()

    with pytest.raises(TypeError, match=r"text\.template belongs to workflows\.nodes\.text"):
        type("Impostor", (Node,), {"kind": "text.template"})


def test_an_unknown_kind_has_no_spec_and_cannot_run() -> None:
    with pytest.raises(Permanent) as caught:
        registry.node("text.telepathy")

    assert (registry.spec("text.telepathy"), caught.value.public_code) == (None, "unknown_kind")


def test_a_spec_says_what_the_engine_steers_by() -> None:
    spec = registry.spec("logic.switch")

    assert spec is not None
    assert (spec.branching, spec.passes_input, spec.ports_for({"cases": [1, 2]})) == (
        True,
        True,
        ("case_1", "case_2", "default"),
    )


def test_a_description_has_all_that_a_form_needs() -> None:
    described = registry.describe(registry.node("flow.for_each"))

    assert (described["label"], described["category"], described["params_schema"]["properties"]["limit"]) == (
        "For each",
        "flow",
        {
            "default": 10,
            "maximum": 1000,
            "minimum": 1,
            "title": "Limit",
            "type": "integer",
            "x-template": True,
        },
    )


def test_a_kind_that_never_waits_cannot_be_woken() -> None:
    with pytest.raises(InternalError):
        registry.node("data.set").wake(NodeParams(), Context(), Wake("due"))
