"""Nothing outlives its owner: a small process that ends what its parent left behind.

A killed parent (`kill -9`, out of memory) cannot stop its children. The guardian holds the reading end of a
pipe from it; when the pipe ends, it stops every process still on its list, then deletes the folders it was
given. Closing the pipe in good order with an empty list makes it leave at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.embedded.os_process import birth, is_alive, wait_until

_CHECKOUT = Path(__file__).resolve().parent.parent.parent


class Guardian:
    """The parent's side."""

    def __init__(self, keep_open: Sequence[int] = ()) -> None:
        """`keep_open`: descriptors, such as a lock's, to hold until everything has ended."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "studio.embedded.guardian"],
            stdin=subprocess.PIPE,
            cwd=_CHECKOUT,
            pass_fds=keep_open,
            start_new_session=True,
        )

    def watch(
        self, pid: int, *, stop: signal.Signals = signal.SIGTERM, seconds: float = 10.0, last: bool = False
    ) -> None:
        """End `pid` and its process group if we die: `stop` first, SIGKILL after `seconds`.

        What is `last` (a store) ends when all others have.
        """
        message = {"watch": pid, "stop": int(stop), "seconds": seconds, "last": last}
        self._tell(message | {"birth": birth(pid)})

    def forget(self, pid: int) -> None:
        self._tell({"forget": pid})

    def delete_after(self, folder: Path) -> None:
        """Delete `folder` once everything has stopped, whether we die or close."""
        self._tell({"delete": str(folder)})

    def close(self) -> None:
        """Let it finish its list; returns when it is done."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, message: dict[str, Any]) -> None:
        with self._lock, contextlib.suppress(BrokenPipeError):
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()


def main() -> None:
    """Listen until the parent is gone, then clear up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched: dict[int, dict[str, Any]] = {}
    folders: list[str] = []
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "watch" in message:
            watched[message["watch"]] = message
        elif "forget" in message:
            watched.pop(message["forget"], None)
        else:
            folders.append(message["delete"])
    ours = [entry for entry in watched.values() if birth(entry["watch"]) == entry["birth"]]
    for last in (False, True):
        _end_all([entry for entry in ours if entry["last"] is last])
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _end_all(entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        with contextlib.suppress(ProcessLookupError):
            os.kill(entry["watch"], entry["stop"])
    longest = max((entry["seconds"] for entry in entries), default=0.0)
    wait_until(lambda: not any(is_alive(entry["watch"]) for entry in entries), seconds=longest, every=0.02)
    for entry in entries:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(entry["watch"], signal.SIGKILL)


if __name__ == "__main__":
    main()
