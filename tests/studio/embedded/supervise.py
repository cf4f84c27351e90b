"""A supervisor over stand-ins, to be signalled and killed: `supervise.py HOME MANNERS…`, one process for each.

Says `ready` once every stand-in has reported.
"""

from __future__ import annotations

import sys
from pathlib import Path

from studio.embedded.errors import EmbeddedError
from studio.embedded.guardian import Guardian
from studio.embedded.home import Home
from studio.embedded.processes import Process, child_environment
from studio.embedded.supervisor import Supervisor

STAND_IN = Path(__file__).with_name("stand_in.py")


def main() -> int:
    home = Home(Path(sys.argv[1]))
    home.create()
    files = [home.path / f"pids-{number}" for number in range(len(sys.argv) - 2)]
    processes = [
        Process(f"p{number}", (sys.executable, str(STAND_IN), str(file), manners), stop_seconds=1.0)
        for number, (file, manners) in enumerate(zip(files, sys.argv[2:], strict=True))
    ]
    guardian = Guardian()
    supervisor = Supervisor(home, processes, child_environment(), guardian, print_line, lambda: None)
    try:
        supervisor.run(
            lambda: "" if all(file.exists() for file in files) and "brief" not in sys.argv else "somebody",
            lambda: print_line("ready"),
            patience=20,
        )
    except EmbeddedError as error:
        print_line(str(error))
        return 1
    finally:
        guardian.close()
    return 0


def print_line(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
