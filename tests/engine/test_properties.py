"""What holds for every graph, whatever its steps do and in whatever order they answer."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.runs import Run
from tests.engine.strategies import Case, cases
from workflows.engine.commands import RunStep
from workflows.engine.events import CancelRequested, ExecutionTimedOut
from workflows.engine.steps import FINAL

_thorough = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _played(case: Case, order: int, batch: int = 1) -> Run:
    lot = random.Random(order)
    return Run(case.plan, case.result, trigger={"x": 1}, batch=batch).play(
        lambda held: lot.randrange(len(held))
    )


@_thorough
@given(cases(), st.integers(0, 2**32))
def test_every_run_finishes_once_with_every_step_final(case: Case, order: int) -> None:
    run = _played(case, order)

    assert run.end is not None
    assert run.state.running == run.state.waiting == run.state.ready == {}
    assert {step.status for step in run.state.steps.values()} <= FINAL


@_thorough
@given(cases(), st.integers(0, 2**32), st.integers(0, 2**32))
def test_the_order_of_answers_decides_neither_status_nor_output(case: Case, one: int, other: int) -> None:
    first, second = _played(case, one).end, _played(case, other).end

    assert first is not None
    assert second is not None
    assert first.status == second.status
    assert first.output == second.output or not case.is_comparable


@settings(_thorough, max_examples=250)
@given(cases(), st.integers(0, 2**32), st.sampled_from((1, 1, 2, 3, 7)))
def test_any_prefix_of_the_changes_can_be_restored_and_ends_the_same(
    case: Case, order: int, batch: int
) -> None:
    run = _played(case, order, batch)
    assert run.end is not None
    for cut in range(len(run.changes) + 1):
        rows = run.changes[:cut]
        heir = Run.restored(rows, run)
        latest = {row.key: row for row in rows}
        handed = [command for command in heir.log if isinstance(command, RunStep)]
        assert {one.key for one in handed if one.resumed} == {
            key for key, row in latest.items() if row.status == "running" and row.items is None
        }
        heir.play()

        assert heir.end is not None
        assert heir.end.status == run.end.status
        assert heir.end.output == run.end.output or not case.is_comparable
        assert {step.status for step in heir.state.steps.values()} <= FINAL
        again = {one.key for one in heir.log if isinstance(one, RunStep)}
        assert not again & {key for key, row in latest.items() if row.status in FINAL}


@_thorough
@given(
    cases(),
    st.integers(0, 2**32),
    st.integers(0, 40),
    st.sampled_from((CancelRequested(), ExecutionTimedOut())),
)
def test_a_request_to_end_is_met_whenever_it_comes_and_by_whoever_takes_over(
    case: Case, order: int, after: int, request: CancelRequested | ExecutionTimedOut
) -> None:
    lot = random.Random(order)
    run = Run(case.plan, case.result, trigger={"x": 1})
    run.play(lambda held: lot.randrange(len(held)), most=after)
    was_over = run.end is not None
    run.tell(request)
    run.play(lambda held: lot.randrange(len(held)))
    assert run.end is not None
    for cut in range(0, len(run.changes) + 1, 3):
        heir = Run.restored(run.changes[:cut], run)
        ended = heir.end is not None
        heir.tell(request)
        heir.play()

        assert heir.end is not None
        assert was_over or ended or heir.end.status in ("failed", "cancelled")
        assert {step.status for step in heir.state.steps.values()} <= FINAL
