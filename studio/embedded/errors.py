"""What can go wrong while Studio sets itself up on one machine."""

from __future__ import annotations

from pathlib import Path


class EmbeddedError(RuntimeError):
    """One sentence for the person at the terminal; never a traceback."""


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for a message that says why a process did not come up."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return "(the log is empty)"
    return "\n".join(f"    {line}" for line in lines[-count:]) or "(the log is empty)"
