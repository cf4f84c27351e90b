"""`bin/up`, `bin/test` and `bin/check`: make the checkout ready, then run. Standard library only.

What is installed is remembered by its hash, so a second start does nothing but start.
"""

from __future__ import annotations

import errno
import os
import sys

import browser
import checks
import packages
import page
from console import ROOT, SetupError, child_environment, say, setup_lock


def main() -> int:
    verb, *arguments = sys.argv[1:]
    try:
        return {"up": up, "test": test, "check": check}[verb](arguments)
    except SetupError as error:
        return refuse(str(error))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return refuse(f"The disk that holds {ROOT} is full: free about 2 GB and start again.")
        raise
    except KeyboardInterrupt:
        return 130


def up(arguments: list[str]) -> int:
    with setup_lock():
        packages.install("requirements.txt")
        page.build()
    return become("-m", "studio.embedded", "up", *arguments)


def test(arguments: list[str]) -> int:
    """With arguments pytest alone, so that one test is one command away."""
    with setup_lock():
        packages.install("requirements-dev.txt")
        page.build()
        chromium = browser.find_or_install()
    selection = [] if chromium else ["-m", "not browser"]
    environment = {"STUDIO_CHROMIUM": chromium} if chromium else {}
    if arguments:
        return become("-m", "pytest", *selection, *arguments, **environment)
    failed = [*checks.static(), *checks.page()]
    say("pytest")
    if checks.run(["python", "-m", "pytest", *selection], environment) != 0:
        failed.append("pytest")
    if not chromium:
        say("THE BROWSER TESTS DID NOT RUN: there is no Chromium here. Install one, or set STUDIO_CHROMIUM.")
    return refuse(f"Failed: {', '.join(failed)}.") if failed else 0


def check(arguments: list[str]) -> int:
    if arguments:
        raise SetupError("bin/check takes no arguments.")
    with setup_lock():
        packages.install("requirements-dev.txt")
    failed = checks.static()
    return refuse(f"Failed: {', '.join(failed)}.") if failed else 0


def become(*command: str, **environment: str) -> int:
    """Replace this process, so that signals and the exit code are the command's own."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(packages.PYTHON, [str(packages.PYTHON), *command], child_environment(environment))


def refuse(sentence: str) -> int:
    print(f"\n{sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
