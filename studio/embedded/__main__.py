"""`python -m studio.embedded up|env|status|stop`: Studio, or only the stores of its home, without Django.

`eval "$(python -m studio.embedded env)"` starts the stores and points a shell at them.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from studio.embedded import up
from studio.embedded.errors import EmbeddedError
from studio.embedded.home import Home
from studio.embedded.postgres import Postgres
from studio.embedded.stores import ensure_services, stop_services
from studio.embedded.valkey import Valkey

_STORE_VERBS = {
    "env": "start the stores and print the lines that point a shell at them",
    "status": "say which stores run",
    "stop": "stop the stores",
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m studio.embedded", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    up.add_arguments(verbs.add_parser("up", help="run all of Studio"))
    for verb, meaning in _STORE_VERBS.items():
        verbs.add_parser(verb, help=meaning).add_argument("--home", type=Path)
    given = parser.parse_args(arguments)
    home = Home(given.home) if given.home else Home.default()
    try:
        if given.verb == "up":
            up.up(up.options_from(given))
        elif given.verb == "env":
            for name, value in ensure_services(home).environment.items():
                print(f"export {name}={shlex.quote(value)}")
        elif given.verb == "stop":
            stop_services(home)
        else:
            return _print_status(home)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _print_status(home: Home) -> int:
    pids = {"PostgreSQL": Postgres(home).pid(), "Valkey": Valkey(home).pid()}
    for name, pid in pids.items():
        print(f"{name}: {'runs as process ' + str(pid) if pid else 'is stopped'}")
    return 0 if all(pids.values()) else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
