"""Asking the operating system about processes, portably and without a third-party package."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_PROC = Path("/proc/self/stat")
_NEVER = threading.Event()


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.01) -> bool:
    """True as soon as `condition` holds, False when the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        _NEVER.wait(every)
    return True


def is_alive(pid: int) -> bool:
    """False for zombies too: a dead child that nobody has waited for does no work."""
    _reap(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return not _is_zombie(pid)


def command_line(pid: int) -> str:
    """What `pid` was started as; empty when it is gone. Tells our process from one that got its number."""
    if _PROC.exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def birth(pid: int) -> str:
    """When `pid` was started, in the system's own words; empty when it is gone.

    With the number it names one process for good, even in the moment when its command line is still empty.
    """
    if _PROC.exists():
        fields = _stat(pid)
        return fields[19] if fields else ""
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def end(pid: int, steps: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Send each signal and wait its seconds until the process is gone; False if it outlived all of them."""
    for number, seconds in steps:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_until(lambda: not is_alive(pid), seconds=seconds):
            return True
    return not is_alive(pid)


def let_live(process: subprocess.Popen[bytes]) -> int:
    """Answer the pid of a process that goes on without us, without its `Popen` object complaining."""
    process.returncode = 0
    return process.pid


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):  # not our child: somebody else waits for it
        os.waitpid(pid, os.WNOHANG)


def _is_zombie(pid: int) -> bool:
    if not _PROC.exists():
        return False
    fields = _stat(pid)
    return not fields or fields[0] == "Z"


def _stat(pid: int) -> list[str]:
    """What the kernel says after the process's name: state first, start time twentieth."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return stat.rpartition(")")[2].split()
