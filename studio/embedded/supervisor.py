"""Keeps Studio's processes alive, and ends them all when it ends, however it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from studio.embedded.errors import EmbeddedError, last_lines
from studio.embedded.guardian import Guardian
from studio.embedded.home import CHECKOUT, Home
from studio.embedded.processes import Process

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0
LOOK_SECONDS = 1.0
TRIM_SECONDS = 60.0
HOPELESS_STARTS = 3


@dataclass
class _Kept:
    """A process of the table and what became of it."""

    process: Process
    child: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float | None = 0.0
    failures: int = 0


@dataclass
class Supervisor:
    """Start `processes`, restart what ends, until told to stop.

    `tend` is called about once a second (the stores are looked after there); `say` gets one line a news item.
    """

    home: Home
    processes: Sequence[Process]
    environment: Mapping[str, str]
    guardian: Guardian
    say: Callable[[str], None]
    tend: Callable[[], None]
    _kept: list[_Kept] = field(default_factory=list)
    _signals: int = 0

    def run(self, lacking: Callable[[], str], when_ready: Callable[[], None], *, patience: float) -> None:
        """Return when a stop signal came and everything has ended.

        `lacking` says what keeps Studio from being ready; empty when nothing does.
        """
        self._kept = [_Kept(process) for process in self.processes]
        wake = self._listen_to_signals()
        try:
            self._supervise(wake, lacking, when_ready, time.monotonic() + patience)
        finally:
            self._end_all(wake)

    def _supervise(
        self, wake: int, lacking: Callable[[], str], when_ready: Callable[[], None], deadline: float
    ) -> None:
        ready, trim_at = False, time.monotonic() + TRIM_SECONDS
        while not self._signals:
            now = time.monotonic()
            for kept in self._kept:
                self._look_at(kept, now)
            if not ready:
                self._fail_when_hopeless()
                reason = lacking()
                if not reason:
                    ready = True
                    when_ready()
                elif now >= deadline:
                    raise EmbeddedError(f"Studio is not ready: {reason}. The logs are in {self.home.logs}.")
            else:
                self.tend()
            if now >= trim_at:
                self.home.trim_logs()
                trim_at = now + TRIM_SECONDS
            self._sleep(wake, LOOK_SECONDS if ready else 0.1)

    def _look_at(self, kept: _Kept, now: float) -> None:
        if kept.child is not None and kept.child.poll() is not None:
            self._note_end(kept, kept.child, now)
        if kept.child is None and kept.due_at is not None and now >= kept.due_at:
            self._start(kept, now)

    def _note_end(self, kept: _Kept, child: subprocess.Popen[bytes], now: float) -> None:
        self.guardian.forget(child.pid)
        _kill_group(child.pid)
        kept.child = None
        if now - kept.started_at >= STEADY_SECONDS:
            kept.failures = 0
        delay = min(FIRST_DELAY_SECONDS * 2**kept.failures, LONGEST_DELAY_SECONDS)
        kept.failures += 1
        kept.due_at = now + delay
        log = self.home.logs / f"{kept.process.name}.log"
        self.say(f"{kept.process.name} ended ({_how(child.returncode)}); again in {delay:g} s, see {log}")

    def _start(self, kept: _Kept, now: float) -> None:
        with self.home.log(kept.process.name).open("ab") as output:
            kept.child = subprocess.Popen(
                kept.process.command,
                cwd=CHECKOUT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=kept.process.descriptors,
                start_new_session=True,
            )
        self.guardian.watch(kept.child.pid, seconds=kept.process.stop_seconds)
        kept.started_at, kept.due_at = now, None

    def _fail_when_hopeless(self) -> None:
        """Before the first success a process that does not stay up is an error to show, not to repeat."""
        for kept in self._kept:
            if kept.failures >= HOPELESS_STARTS:
                log = self.home.logs / f"{kept.process.name}.log"
                raise EmbeddedError(
                    f"{kept.process.name} does not stay up; its log {log} ends with:\n{last_lines(log)}"
                )

    def _end_all(self, wake: int) -> None:
        """Ask everybody at once; who is not gone in its time, or at a second signal, is killed."""
        alive = [kept for kept in self._kept if kept.child is not None and kept.child.poll() is None]
        asked = self._signals
        for kept in alive:
            assert kept.child is not None
            kept.child.terminate()
        began = time.monotonic()
        while alive:
            for kept in list(alive):
                assert kept.child is not None
                if kept.child.poll() is None:
                    late = time.monotonic() - began > kept.process.stop_seconds or self._signals > max(
                        asked, 1
                    )
                    if not late:
                        continue
                _kill_group(kept.child.pid)
                kept.child.wait()
                self.guardian.forget(kept.child.pid)
                alive.remove(kept)
            if alive:
                self._sleep(wake, 0.1)

    def _listen_to_signals(self) -> int:
        """A descriptor that becomes readable when a child ends or somebody wants us to stop."""
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._note_signal)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        return reading

    def _note_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _sleep(self, wake: int, seconds: float) -> None:
        if select.select([wake], [], [], seconds)[0]:
            os.read(wake, 4096)


def _kill_group(pid: int) -> None:
    """End a process and what it started in its own session, sandboxes included."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def socket_folder(path: Path) -> None:
    """The folder of a socket, for us alone, without what a killed run left in it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.geteuid():
        raise EmbeddedError(f"{path.parent} belongs to another user.")
    path.unlink(missing_ok=True)
