"""Resuming from anywhere: what is kept and run again, and that the end is that of a straight run."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.graphs import plan
from tests.engine.runs import Fails, Hangs, Run, To, run
from tests.engine.strategies import Case, cases
from workflows.engine.events import StepCancelled, StepKey
from workflows.engine.kinds import Effect
from workflows.engine.lineage import WrongIteration, place_of
from workflows.engine.plan import Plan
from workflows.engine.resume import Action, Reason, Resumption, Verdict, plan_resumption
from workflows.engine.scope import input_of
from workflows.engine.steps import FINAL, State, Step

LIST = {"items": "{{ [1] }}", "limit": 2}
TWENTY = plan(
    "start > a > b c; b > d; c > d; d > if1; if1.true > e; if1.false > f; e > g; f > g;"
    " g > h > loop1; loop1.again > g; loop1.done > each1; each1[x y z]; each1.item > x; x > y; x > z;"
    " each1.done > m; m > loop2; loop2.again > m; loop2.done > n > o; a > p > o",
    each1=LIST,
    n={"for_each": LIST},
)


def twenty(state: State, step: Step) -> Any:
    """Each output tells all that came before it."""
    if step.spec.for_each is not None and step.fan is None:
        return [10, 20, 30]
    output = [step.node, step.iteration, input_of(state, step)]
    if step.node == "if1":
        return To("true", output)
    if step.node.startswith("loop"):
        return To("again" if state.steps[step.key].frame.path.endswith(("1", "2")) else "done", output)
    return output


def resumed(
    before: Run,
    node: str | None = None,
    iteration: str = "",
    *,
    now: Plan | None = None,
    results: Any = None,
    **options: Any,
) -> tuple[Resumption, Run]:
    """What becomes of a run that is over when it goes on elsewhere, and how that ends."""
    target = now or before.plan
    start = None if node is None else place_of(target.nodes[node], iteration)
    found = plan_resumption(
        target, rows_of(before), before=before.plan, start=start, trigger_node="start", **options
    )
    model = copy.copy(before)
    model.plan, model.results = target, before.results if results is None else results
    return found, Run.restored(found.kept, model).play()


def rows_of(before: Run) -> list[Step]:
    """Each step once, in the order of their latest changes."""
    rows: dict[StepKey, Step] = {}
    for change in before.changes:
        rows.pop(change.key, None)
        rows[change.key] = change
    return list(rows.values())


def named(key: StepKey) -> str:
    return " ".join(filter(None, key))


def told(found: Resumption, *actions: Action) -> set[str]:
    return {named((one.node, one.iteration)) for one in found.with_action(*actions)}


def again(found: Resumption) -> set[str]:
    return told(found, Action.RERUN)


STRAIGHT = run(TWENTY, twenty)
EVERYWHERE = sorted(STRAIGHT.state.steps)


@pytest.mark.parametrize("key", EVERYWHERE, ids=[named(key) for key in EVERYWHERE])
def test_resuming_at_any_step_of_twenty_nodes_ends_as_the_straight_run(key: StepKey) -> None:
    found, heir = resumed(STRAIGHT, *key)

    assert heir.end == STRAIGHT.end
    assert set(heir.ran) <= again(found)
    assert (named(key) in heir.ran) is (STRAIGHT.statuses()[named(key)] != "skipped")


@pytest.mark.parametrize("node", sorted(TWENTY.nodes))
def test_resuming_at_any_node_runs_every_step_of_it_and_ends_as_the_straight_run(node: str) -> None:
    found, heir = resumed(STRAIGHT, node)

    assert heir.end == STRAIGHT.end
    assert {one for one in STRAIGHT.ran if one.split()[0] == node} <= set(heir.ran)
    assert not set(heir.ran) & told(found, Action.KEPT, Action.REOPENED)


def test_the_straight_run_is_worth_resuming() -> None:
    assert len(TWENTY.nodes) == 20
    assert STRAIGHT.end is not None
    assert STRAIGHT.end.status == "succeeded"
    assert len(EVERYWHERE) == 39


_thorough = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _played(case: Case, order: int) -> Run:
    lot = random.Random(order)
    return Run(case.plan, case.result, trigger={"x": 1}).play(lambda held: lot.randrange(len(held)))


@_thorough
@given(cases(), st.integers(0, 2**32))
def test_resuming_at_any_step_of_any_graph_ends_the_same_without_running_what_is_kept(
    case: Case, order: int
) -> None:
    straight = _played(case, order)
    assert straight.end is not None
    for key in straight.state.steps:
        found, heir = resumed(straight, *key)

        assert heir.end is not None, key
        assert heir.end.status == straight.end.status, key
        assert heir.end.output == straight.end.output or not case.is_comparable, key
        assert not set(heir.ran) & told(found, Action.KEPT, Action.REOPENED), key
        assert {step.status for step in heir.state.steps.values()} <= FINAL, key


@_thorough
@given(cases(), st.integers(0, 2**32))
def test_once_what_failed_is_put_right_any_graph_ends_as_if_nothing_had_failed(
    case: Case, order: int
) -> None:
    broken = _played(case, order)
    cured = Run(case.plan, mended(case), trigger={"x": 1}).play()
    found, heir = resumed(broken, results=mended(case))

    assert heir.end is not None
    assert cured.end is not None
    assert heir.end.status == cured.end.status
    assert not set(heir.ran) & told(found, Action.KEPT, Action.REOPENED)


@_thorough
@given(cases(), st.integers(0, 2**32), st.integers(0, 2**32))
def test_an_output_written_in_as_it_was_changes_nothing_but_is_not_run(
    case: Case, order: int, which: int
) -> None:
    straight = _played(case, order)
    assert straight.end is not None
    done = [step for step in straight.state.steps.values() if step.status == "succeeded"]
    if not done or not case.is_comparable:
        return
    step = done[which % len(done)]
    found, heir = resumed(straight, outputs={step.key: step.output})

    assert heir.end is not None
    assert (heir.end.status, heir.end.output) == (straight.end.status, straight.end.output)
    assert told(found, Action.EDITED) == {named(step.key)}
    assert named(step.key) not in heir.ran


def mended(case: Case) -> Any:
    def results(state: State, step: Step) -> Any:
        found = case.result(state, step)
        return "mended" if isinstance(found, Fails) else found

    return results


# -- What is run again, case by case ----------------------------------------------------------------------------


def test_the_node_and_what_comes_after_it_are_run_again_and_all_else_is_kept() -> None:
    before = run(plan("start > a > b c; b > d; c > e"))
    found, heir = resumed(before, "b")

    assert again(found) == set(heir.ran) == {"b", "d"}
    assert told(found, Action.KEPT) == {"start", "a", "c", "e"}


def test_each_verdict_says_why() -> None:
    found, _ = resumed(run(plan("start > a > b")), "a")

    assert found.verdicts == [
        Verdict("start", "", Action.KEPT),
        Verdict("a", "", Action.RERUN, Reason.NAMED),
        Verdict("b", "", Action.RERUN, Reason.DOWNSTREAM, after="a"),
    ]


def test_a_visit_of_a_loop_takes_the_later_visits_and_what_follows_the_loop_with_it() -> None:
    before = run(plan("start > a > loop1; loop1.again > a; loop1.done > b"), twenty)
    found, heir = resumed(before, "loop1", "loop.2")

    assert again(found) == set(heir.ran) == {"loop1 loop.2", "a loop.3", "loop1 loop.3", "b"}


def test_a_node_in_a_loop_without_a_visit_means_the_first() -> None:
    before = run(plan("start > a > loop1; loop1.again > a; loop1.done > b"), twenty)

    assert resumed(before, "a")[1].ran == before.ran[1:]


def test_one_item_is_run_again_alone_and_its_list_goes_on() -> None:
    before = run(plan("start > each1; each1[x y]; each1.item > x; x > y; each1.done > b", each1=LIST), twenty)
    found, heir = resumed(before, "x", "each.1")

    assert again(found) == set(heir.ran) == {"x each.1", "y each.1", "b"}
    assert told(found, Action.REOPENED) == {"each1"}


def test_a_node_in_a_list_without_an_item_means_all_items() -> None:
    before = run(plan("start > each1; each1[x y]; each1.item > x; x > y", each1=LIST), twenty)

    assert set(resumed(before, "y")[1].ran) == {"y each.0", "y each.1", "y each.2"}


def test_the_list_itself_is_made_anew_when_it_is_named() -> None:
    before = run(plan("start > each1; each1[x]; each1.item > x", each1=LIST), twenty)
    found, heir = resumed(before, "each1", results=lambda *_: ["other"])

    assert set(heir.ran) == {"each1", "x each.0"}
    assert again(found) == {"each1", "x each.0", "x each.1", "x each.2"}


def test_one_item_of_a_node_that_maps_by_itself_is_run_again_alone() -> None:
    before = run(plan("start > m > b", m={"for_each": LIST}), twenty)
    found, heir = resumed(before, "m", "each.2")

    assert again(found) == set(heir.ran) == {"m each.2", "b"}


def test_without_a_node_it_goes_on_with_what_failed_and_what_that_held_up() -> None:
    before = run(plan("start > a b; a > c; b > d; c d > e"), {"b": Fails()})
    found, heir = resumed(before, results={})

    assert heir.end is not None
    assert heir.end.status == "succeeded"
    assert {"b", "d", "e"} <= set(heir.ran)
    assert {one.reason for one in found.with_action(Action.RERUN)} == {Reason.UNFINISHED}


def test_a_list_that_failed_goes_on_with_the_items_that_are_missing() -> None:
    before = run(
        plan("start > each1; each1[x]; each1.item > x; each1.done > b", each1={**LIST, "limit": 1}),
        lambda state, step: Fails() if step.key == ("x", "each.1") else twenty(state, step),
    )
    found, heir = resumed(before, results=twenty)

    assert told(found, Action.KEPT) == {"start", "x each.0"}
    assert heir.ran == ["x each.1", "x each.2", "b"]


def test_an_item_that_was_put_up_with_is_left_as_it_is() -> None:
    before = run(
        plan("start > each1; each1[x y]; each1.item > x; x > y", each1={**LIST, "on_item_error": "null"}),
        lambda state, step: Fails() if step.key == ("x", "each.1") else twenty(state, step),
    )
    found, heir = resumed(before, "y", "each.2", results=twenty)

    assert heir.ran == ["y each.2"]
    assert "x each.1" in told(found, Action.KEPT)


def test_a_handled_failure_is_kept() -> None:
    before = run(plan("start > a > b > c", a={"on_error": "continue"}), {"a": Fails(), "c": Fails()})

    assert resumed(before, results={})[1].ran == ["c"]


def test_a_node_is_tried_again_when_its_fallback_failed_too() -> None:
    before = run(
        plan("start > a > b; rescue", a={"on_error": {"fallback": "rescue"}}),
        {"a": Fails(), "rescue": Fails()},
    )

    assert resumed(before, results={})[1].ran == ["a", "b"]


def test_a_fallback_alone_is_run_again_for_the_node_it_stands_for() -> None:
    before = run(plan("start > a > b; rescue", a={"on_error": {"fallback": "rescue"}}), {"a": Fails()})
    found, heir = resumed(before, "rescue", results={"rescue": "new"})

    assert heir.ran == ["rescue", "b"]
    assert heir.step("a").output == "new"
    assert told(found, Action.KEPT) == {"start", "a"}


def test_what_an_any_join_did_not_wait_for_does_not_run_it_again() -> None:
    before = run(
        plan("start > a b; a > j; b > j; j > c; c > x", j={"join": "any"}), {"b": Hangs(), "x": Fails()}
    )
    before.tell(StepCancelled(("b", "")))
    before.save()

    assert "j" not in resumed(before, results={})[1].ran


def test_an_edited_output_is_not_run_and_what_follows_sees_it() -> None:
    before = run(plan("start > a > b > c"), {"b": Fails()})
    found, heir = resumed(before, outputs={("a", ""): "edited"}, results=twenty)

    assert heir.ran == ["b", "c"]
    assert told(found, Action.EDITED) == {"a"}
    assert heir.step("b").output == ["b", "", "edited"]


def test_a_node_can_be_marked_done_by_hand() -> None:
    before = run(plan("start > a > b"), {"a": Fails()})
    _, heir = resumed(before, "a", outputs={("a", ""): "by hand"}, results=twenty)

    assert heir.ran == ["b"]
    assert heir.end is not None
    assert heir.end.output == ["b", "", "by hand"]


def test_a_list_written_in_needs_no_items() -> None:
    before = run(plan("start > each1; each1[x]; each1.item > x; each1.done > b", each1=LIST), twenty)
    _, heir = resumed(before, outputs={("each1", ""): ["by", "hand"]})

    assert heir.ran == ["b"]
    assert heir.step("b").output == ["b", "", ["by", "hand"]]


def test_another_version_runs_its_new_and_changed_nodes_and_what_follows_them() -> None:
    before = run(plan("start > a > b > c; start > d > e"), {"c": Fails()})
    found, heir = resumed(before, now=plan("start > a > new > b > c; start > d > e"), results=twenty)

    assert set(heir.ran) == {"new", "b", "c"}
    assert {one.node: one.reason for one in found.with_action(Action.RERUN)} == {
        "new": Reason.NEW, "b": Reason.DOWNSTREAM, "c": Reason.DOWNSTREAM,
    }  # fmt: skip


def test_a_node_of_another_kind_or_in_another_loop_is_run_again() -> None:
    before = run(plan("start > a > b > c"))
    looped = plan("start > a > b > if1; if1.true > b; if1.false > c")

    assert set(resumed(before, now=looped, results={"if1": To("false")})[1].ran) == {
        "b loop.1",
        "if1 loop.1",
        "c",
    }


def test_a_node_that_is_gone_leaves_the_others_as_they_are() -> None:
    before = run(plan("start > a > b > c"))
    found, heir = resumed(before, "c", now=plan("start > a > c"))

    assert heir.ran == ["c"]
    assert again(found) == {"b", "c"}


def test_a_failure_that_the_version_no_longer_puts_up_with_is_run_again() -> None:
    before = run(plan("start > a > b", a={"on_error": "continue"}), {"a": Fails()})

    assert resumed(before, now=plan("start > a > b"), results={})[1].ran == ["a", "b"]


def test_a_node_that_was_disabled_and_is_no_longer_is_run() -> None:
    before = run(plan("start > a > b", a={"disabled": True}))

    assert resumed(before, now=plan("start > a > b"))[1].ran == ["a", "b"]


def test_writes_that_had_begun_are_told_before_they_repeat() -> None:
    before = run(plan("start > a b; a > c; b > d"), {"c": Fails()})
    found, _ = resumed(before, "a", effect_of=lambda node: Effect.NONE if node.id == "a" else Effect.WRITE)

    assert [one.node for one in found.repeats] == ["c"]


@pytest.mark.parametrize("path", ["each.1", "loop.1/loop.1", "loop.x", "loop", "/", "loop.1/"])
def test_an_iteration_that_does_not_fit_the_node_is_refused(path: str) -> None:
    found = plan("start > a > loop1; loop1.again > a")

    with pytest.raises(WrongIteration):
        place_of(found.nodes["a"], path)
