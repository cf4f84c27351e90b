"""What every step of the set-up shares: where it works, how it speaks, how it runs a program."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"


class SetupError(Exception):
    """One sentence that says what is wrong and what to do."""


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Announce something that takes a while, and say how long it took."""
    say(f"{text} …" if (sys.stdout.encoding or "").lower().startswith("utf") else f"{text} ...")
    started = time.monotonic()
    yield
    print(f"    done in {time.monotonic() - started:.1f} s", flush=True)


@contextlib.contextmanager
def setup_lock() -> Iterator[None]:
    """One set-up at a time in a checkout; the lock is the folder itself and dies with the process."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another set-up of this checkout")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def child_environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """Ours with the virtual environment in front."""
    environment = {
        name: value
        for name, value in os.environ.items()
        # Without compiled modules each of Studio's processes takes twice as long to start.
        if name not in {"PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "__PYVENV_LAUNCHER__"}
    }
    path = os.pathsep.join([str(VENV / "bin"), environment.get("PATH", os.defpath)])
    return environment | {"VIRTUAL_ENV": str(VENV), "PATH": path} | (extra or {})


def run(command: list[str | Path], *, cwd: Path = ROOT, extra: dict[str, str] | None = None) -> bool:
    """Run quietly; when it fails, show what it said."""
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                command, cwd=cwd, env=child_environment(extra), stdout=output, stderr=output, check=False
            )
        except FileNotFoundError:
            return False
        if done.returncode == 0:
            return True
        output.seek(0)
        said = output.read().decode(errors="replace").strip().splitlines()
    print("\n".join(f"    {line}" for line in said[-30:]), file=sys.stderr, flush=True)
    return False


def fingerprint(files: Iterable[Path], *more: str) -> str:
    """One hash over names and contents."""
    digest = hashlib.sha256("\0".join(more).encode())
    for file in sorted(files):
        digest.update(f"\0{file.relative_to(ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def holds(stamp: Path, value: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == value
