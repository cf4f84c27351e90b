"""Inputs worked out from rows are the inputs that the engine gave."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from studio.kernel import codec
from tests.engine.runs import Run
from tests.engine.strategies import Case, cases
from workflows.engine.scope import input_of
from workflows.engine.steps import State, Step
from workflows.models import Step as StepRow
from workflows.services.step_inputs import Key, StepInputs


@settings(max_examples=150, deadline=None)
@given(cases())
def test_what_steps_were_given_can_be_told_from_rows_alone(case: Case) -> None:
    seen: dict[Key, Any] = {}

    def result(state: State, step: Step) -> Any:
        seen[step.key] = codec.decode(codec.encode(input_of(state, step)))
        return case.result(state, step)

    run = Run(case.plan, result, trigger={"from": "outside"}).play()
    rows = {key: _row(step) for key, step in run.state.steps.items()}

    told = StepInputs(
        case.plan, {"from": "outside"}, lambda keys: [rows[key] for key in keys if key in rows]
    ).of([rows[key] for key in seen])

    assert dict(zip(seen, told, strict=True)) == seen


def _row(step: Step) -> StepRow:
    return StepRow(
        node=step.node,
        iteration=step.iteration,
        status=step.status,
        reason=step.reason,
        port=step.port,
        error=step.error,
        output=codec.encode(step.output),
        memo=codec.encode({"items": step.items, "inputs": step.inputs}),
    )
