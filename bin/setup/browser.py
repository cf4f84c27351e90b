"""A Chromium for the browser tests: one that is there, else Debian's when we may install it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from console import SetupError, run, say, step

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def find_or_install() -> str | None:
    """The path of a browser; None when there is none to be had, which is then said aloud."""
    named = os.environ.get("STUDIO_CHROMIUM")
    if named:
        if not Path(named).exists():
            raise SetupError(f"STUDIO_CHROMIUM={named} does not exist.")
        return named
    found = _find()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with step("Installing Chromium for the browser tests"):
            quiet = {"DEBIAN_FRONTEND": "noninteractive"}
            run(["apt-get", "-q", "update"], extra=quiet)
            run(["apt-get", "-q", "install", "-y", "--no-install-recommends", "chromium"], extra=quiet)
        found = _find()
    if found is None:
        say("There is no Chromium here: the browser tests are left out.")
    return found


def _find() -> str | None:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return found or (str(_MAC) if _MAC.exists() else None)
