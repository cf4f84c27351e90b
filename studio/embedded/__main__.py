"""`python -m studio.embedded env|status|stop`: the stores of the home without the rest of Studio.

`eval "$(python -m studio.embedded env)"` starts them and points a shell at them.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from studio.embedded.errors import EmbeddedError
from studio.embedded.home import Home
from studio.embedded.postgres import Postgres
from studio.embedded.stores import ensure_services, stop_services
from studio.embedded.valkey import Valkey


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m studio.embedded", description=__doc__)
    parser.add_argument("verb", choices=["env", "status", "stop"])
    parser.add_argument("--home", type=Path, help="data and logs (default: $STUDIO_HOME or .studio)")
    given = parser.parse_args(arguments)
    home = Home(given.home) if given.home else Home.default()
    try:
        if given.verb == "env":
            for name, value in ensure_services(home).environment.items():
                print(f"export {name}={shlex.quote(value)}")
        elif given.verb == "stop":
            stop_services(home)
        else:
            return _print_status(home)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _print_status(home: Home) -> int:
    pids = {"PostgreSQL": Postgres(home).pid(), "Valkey": Valkey(home).pid()}
    for name, pid in pids.items():
        print(f"{name}: {'runs as process ' + str(pid) if pid else 'is stopped'}")
    return 0 if all(pids.values()) else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
