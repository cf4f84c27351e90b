"""Reading the body of a `run` request."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from studio.kernel import codec
from studio.kernel.errors import Invalid
from workflows.engine.graph import compile_plan
from workflows.nodes import registry
from workflows.runtime import payload
from workflows.runtime.records import NewExecution
from workflows.services.submission import (
    RunRequest,
    build_execution,
    definition_identity,
    read_run_request,
    run_idempotency,
)


def problems(document: Any, *, ad_hoc: bool = False) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read_run_request(document, ad_hoc=ad_hoc)
    return [(problem.pointer, problem.code) for problem in caught.value.problems]


@pytest.mark.parametrize("document", [None, {}, {"input": None, "version": None, "tags": None}])
def test_a_run_needs_no_body_at_all(document: Any) -> None:
    assert read_run_request(document, ad_hoc=False) == RunRequest()


def test_everything_a_caller_may_say_is_taken_over() -> None:
    document = {"input": {"id": 7}, "version": 3, "trigger": "start", "priority": 9, "tags": ["vip"]}

    assert read_run_request(document, ad_hoc=False) == RunRequest(
        input={"id": 7}, version=3, trigger="start", priority=9, tags=["vip"]
    )


def test_every_mistake_is_named_by_pointer() -> None:
    document = {"a/b": 1, "version": True, "trigger": 1, "priority": 10, "tags": ["ok", ""]}

    assert problems(document) == [
        ("/a~1b", "unknown_key"),
        ("/version", "unknown_version"),
        ("/trigger", "wrong_type"),
        ("/priority", "out_of_range"),
        ("/tags/1", "wrong_type"),
    ]


@pytest.mark.parametrize("version", ["latest", 0, -1, 1.5, 2**31, [], {}])
def test_a_version_is_draft_published_or_a_number(version: Any) -> None:
    assert problems({"version": version}) == [("/version", "unknown_version")]


@pytest.mark.parametrize("document", [[], "text", 7, True])
def test_a_body_that_is_no_object_is_refused(document: Any) -> None:
    assert problems(document) == [("", "wrong_type")]


@pytest.mark.parametrize("document", [None, {"definition": []}, {"definition": None}])
def test_an_ad_hoc_run_needs_a_definition(document: Any) -> None:
    assert problems(document, ad_hoc=True) == [("/definition", "required")]


def test_only_a_saved_workflow_has_versions_and_only_an_unsaved_one_brings_its_definition() -> None:
    assert problems({"definition": {}, "version": 1}, ad_hoc=True) == [("/version", "unknown_key")]
    assert problems({"definition": {}}) == [("/definition", "unknown_key")]


def test_a_definition_is_the_same_whatever_the_order_of_its_keys() -> None:
    workspace = uuid.uuid4()
    first, body = definition_identity(workspace, {"nodes": [], "schema": "studio/1"})
    second, _ = definition_identity(workspace, {"schema": "studio/1", "nodes": []})
    elsewhere, _ = definition_identity(uuid.uuid4(), {"nodes": [], "schema": "studio/1"})

    assert first == second != elsewhere
    assert codec.decode(body) == {"nodes": [], "schema": "studio/1"}


def built(request: RunRequest, *kinds: str, waiting: bool = False) -> NewExecution:
    """An execution of a definition with these nodes, each named by its place."""
    nodes = [{"id": f"n{place}", "kind": kind} for place, kind in enumerate(kinds)]
    plan = compile_plan({"schema": "studio/1", "nodes": nodes, "edges": []}, registry)
    return build_execution(
        workspace_id=uuid.uuid4(), region="local", request=request, plan=plan, definition_id=uuid.uuid4(),
        definition_body=None, workflow_id=None, version=None, waiting=waiting, idempotency=None,
    )  # fmt: skip


def test_an_execution_starts_at_the_trigger_that_was_asked_for_or_the_manual_one() -> None:
    triggers = ("trigger.webhook", "trigger.manual")

    by_default, asked = built(RunRequest(), *triggers), built(RunRequest(trigger="n0"), *triggers)

    assert (by_default.trigger_node, by_default.trigger_kind) == ("n1", "trigger.manual")
    assert (asked.trigger_node, asked.trigger_kind) == ("n0", "trigger.webhook")
    with pytest.raises(Invalid):
        built(RunRequest(trigger="n9"), *triggers)


def test_whoever_waits_goes_before_the_others() -> None:
    assert built(RunRequest(), "trigger.manual", waiting=True).queue == "high_priority"
    assert built(RunRequest(), "trigger.manual").queue == "default"


@pytest.mark.parametrize("given", [None, {"a": [1, 2.5, "ü"]}, "x" * 200_000, {"$blob": {"id": "mine"}}])
def test_an_input_is_stored_whole_and_read_back_as_it_was(given: Any) -> None:
    assert payload.load(built(RunRequest(input=given), "trigger.manual").input) == given


def test_the_same_key_means_the_same_run_only_on_the_same_route() -> None:
    workflow = uuid.uuid4()
    unsaved = run_idempotency("k", workflow_id=None, body=b"{}")
    saved = run_idempotency("k", workflow_id=workflow, body=b"{}")

    assert run_idempotency(None, workflow_id=None, body=b"{}") is None
    assert unsaved is not None
    assert saved is not None
    assert (unsaved.scope, saved.scope) == ("POST /api/v1/run", f"POST /api/v1/workflows/{workflow}/run")
