"""What the supervisor does with processes that end, that do not end, and when it is itself killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.embedded.home import CHECKOUT
from studio.embedded.os_process import is_alive, wait_until

pytestmark = pytest.mark.slow
SUPERVISE = Path(__file__).with_name("supervise.py")

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(open_folder: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*manners: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(SUPERVISE), str(open_folder), *manners],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_for_line(process: subprocess.Popen[str], beginning: str) -> str:
    assert process.stdout is not None
    return next(line for line in process.stdout if line.startswith(beginning))


def pids(folder: Path, number: int = 0) -> list[list[int]]:
    """Process and its child, for every start of a stand-in."""
    lines = (folder / f"pids-{number}").read_text(encoding="utf-8").splitlines()
    return [[int(pid) for pid in line.split()] for line in lines]


def all_gone(folder: Path) -> bool:
    return not any(
        is_alive(pid)
        for file in folder.glob("pids-*")
        for pair in pids(folder, int(file.name[5:]))
        for pid in pair
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_in_good_order(
    start: Start, open_folder: Path, number: signal.Signals
) -> None:
    supervisor = start("", "")
    wait_for_line(supervisor, "ready")

    supervisor.send_signal(number)

    assert supervisor.wait(timeout=10) == 0
    assert all_gone(open_folder)


def test_a_process_that_ends_is_started_again_and_its_children_do_not_linger(
    start: Start, open_folder: Path
) -> None:
    wait_for_line(supervisor := start(""), "ready")
    first = pids(open_folder)[0]

    os.kill(first[0], signal.SIGKILL)
    line = wait_for_line(supervisor, "p0 ended")

    assert "(SIGKILL); again in 0.5 s" in line
    assert wait_until(lambda: len(pids(open_folder)) == 2, seconds=10)
    assert not is_alive(first[1])


def test_a_process_that_will_not_stop_is_killed_when_its_time_is_up(start: Start, open_folder: Path) -> None:
    wait_for_line(supervisor := start("stubborn", ""), "ready")
    asked = time.monotonic()

    supervisor.terminate()

    assert supervisor.wait(timeout=10) == 0
    assert 0.9 < time.monotonic() - asked < 5
    assert all_gone(open_folder)


def test_a_killed_supervisor_leaves_no_process_behind(start: Start, open_folder: Path) -> None:
    wait_for_line(supervisor := start("stubborn", ""), "ready")

    supervisor.kill()

    assert wait_until(lambda: all_gone(open_folder), seconds=10)


def test_a_process_that_does_not_come_up_is_shown_with_the_end_of_its_log(start: Start) -> None:
    supervisor = start("brief")

    said, _ = supervisor.communicate(timeout=30)

    assert supervisor.returncode == 1
    assert "p0 ended (exit code 7); again in 1 s" in said
    assert "p0 does not stay up" in said
    assert "I have something to say." in said
