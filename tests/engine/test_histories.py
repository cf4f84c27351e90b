"""Executions recorded once must be decided the same for ever."""

from __future__ import annotations

import json

import pytest

from tests.engine.histories import FOLDER, SCENARIOS, replay


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_a_recorded_execution_is_decided_as_it_was(name: str) -> None:
    history = json.loads((FOLDER / f"{name}.json").read_text())

    assert replay(history) == [turn["commands"] for turn in history["turns"]]


def test_every_scenario_has_been_recorded() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(SCENARIOS)
