"""`up`: stores, tables, demo, processes, in this order; Ctrl-C takes all of it down again."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from studio.embedded.errors import EmbeddedError, last_lines
from studio.embedded.guardian import Guardian
from studio.embedded.home import CHECKOUT, Home, known_environment, secret_environment
from studio.embedded.os_process import is_alive
from studio.embedded.processes import Layout, child_environment, choose_layout, manage, table
from studio.embedded.stores import (
    Services,
    all_run,
    delete_everything,
    ensure_services,
    guard_services,
    stop_services,
)
from studio.embedded.supervisor import Supervisor, socket_folder

READY_SECONDS = 120.0
HANDOVER_SECONDS = 60.0


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    home: Home
    host: str
    port: int | None
    workers: int
    demo: bool
    reset: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    cores = os.cpu_count() or 1
    parser.add_argument("--port", type=int, help="the port to listen on (default: the first free from 8000)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--home", type=Path, help="data and logs (default: $STUDIO_HOME or .studio)")
    parser.add_argument(
        "--workers",
        type=int,
        default=max(1, min(4, cores // 2)),
        help="engine workers (default: %(default)s)",
    )
    parser.add_argument("--no-demo", action="store_true", help="do not make the demo workspace")
    parser.add_argument("--reset", action="store_true", help="delete everything in the home first")


def options_from(given: argparse.Namespace) -> Options:
    if given.workers < 1:
        raise EmbeddedError("--workers takes 1 or more.")
    if given.port is not None and not 0 < given.port < 65536:
        raise EmbeddedError("--port takes a number from 1 to 65535.")
    home = Home(given.home) if given.home else Home.default()
    return Options(home, given.host, given.port, given.workers, not given.no_demo, given.reset)


def up(options: Options) -> None:
    """Run Studio until a signal comes."""
    home = options.home
    home.create()
    with _alone(home) as lock:
        layout = choose_layout(home, host=options.host, port=options.port, workers=options.workers)
        if options.reset:
            _say(f"Deleting everything in {home.path}")
            delete_everything(home)
        home.keep("up", {"pid": os.getpid(), "url": layout.url})
        guardian = Guardian(keep_open=[lock])
        try:
            _run(options, layout, guardian)
        finally:
            guardian.close()
            layout.listener.close()


def _run(options: Options, layout: Layout, guardian: Guardian) -> None:
    home = options.home
    services, wanted = _stores(home, guardian)
    try:
        environment = child_environment(layout.environment(), services.environment)
        embedded = wanted["postgres"]
        with _step("Preparing the database"):
            demo = _prepare(home, environment, demo=options.demo and embedded)
        socket_folder(layout.web_socket)
        (home.path / "static").mkdir(exist_ok=True)

        tend = partial(_tend_stores, home, guardian, wanted)
        supervisor = Supervisor(home, table(layout), environment, guardian, _say, tend)
        _say("Starting Studio")
        supervisor.run(
            lambda: _lacking(layout),
            lambda: _welcome(layout, demo, embedded=embedded),
            patience=READY_SECONDS,
        )
    finally:
        _say("Stopping Studio")
        if services.started:
            stop_services(home)


def _stores(home: Home, guardian: Guardian) -> tuple[Services, dict[str, bool]]:
    """Start what nobody named; an address that came from this very home counts as ours."""
    known = known_environment(home)
    wanted = {
        store: os.environ.get(variable) in {None, "", known.get(variable)}
        for store, variable in (("postgres", "DATABASE_URL"), ("valkey", "REDIS_URL"))
    }
    if not any(wanted.values()):
        return Services(secret_environment(home), ()), wanted
    with _step("Starting PostgreSQL and Valkey" if all(wanted.values()) else "Starting the embedded store"):
        services = ensure_services(home, **wanted)
    guard_services(home, services, guardian)
    return services, wanted


def _tend_stores(home: Home, guardian: Guardian, wanted: dict[str, bool]) -> None:
    """Bring back a store that died; its port stays, so everybody finds it again."""
    if all_run(home, **wanted):
        return
    _say("A store has ended and is started again.")
    try:
        guard_services(home, ensure_services(home, **wanted), guardian)
    except EmbeddedError as error:
        _say(str(error))


def _prepare(home: Home, environment: dict[str, str], *, demo: bool) -> dict[str, object]:
    """Migrate and seed in a process of its own, so that the supervisor stays small."""
    kept = home.record("demo")
    flags = [*(["--demo"] if demo else []), *(["--new-secrets"] if demo and not kept else [])]
    log = home.log("prepare")
    with log.open("ab") as errors:
        done = subprocess.run(
            manage("prepare", *flags),
            cwd=CHECKOUT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            check=False,
        )
    if done.returncode != 0:
        raise EmbeddedError(f"The database could not be prepared; {log} ends with:\n{last_lines(log)}")
    made = {name: value for name, value in json.loads(done.stdout or b"{}").items() if value}
    if made.keys() - {"email"}:
        kept = kept | made
        home.keep("demo", kept)
    return kept if demo else {}


def _lacking(layout: Layout) -> str:
    """What keeps the page from answering with all it needs, asked the way a browser would."""
    address = urlsplit(layout.url)
    try:
        for path in ("/readyz", "/"):
            connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=2)
            with contextlib.closing(connection):
                connection.request("GET", path)
                answer = connection.getresponse()
                if answer.status >= 500:
                    return (
                        f"{path} answers {answer.status} {answer.read(500).decode(errors='replace')}".strip()
                    )
    except (OSError, http.client.HTTPException) as error:
        return f"{layout.url} does not answer ({error})"
    return ""


def _welcome(layout: Layout, demo: dict[str, object], *, embedded: bool) -> None:
    lines = [f"Studio is ready: {layout.url}"]
    if demo:
        lines += [
            f"    login     {demo.get('email')}  {demo.get('password')}",
            f"    API key   {demo.get('token')}",
        ]
    elif not embedded:
        lines.append("    no demo   DATABASE_URL names a database of yours")
    lines += [
        f"    console   {layout.url}/admin/",
        f"    Flower    {layout.url}/flower/",
        f"    logs      {layout.home.logs}",
        "    Ctrl-C stops everything; data stays.",
    ]
    _say("\n".join(lines))


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[int]:
    """One run to a home. A run that was killed may still be clearing up: wait for that."""
    pid = home.record("up").get("pid")
    wait = 0.0 if isinstance(pid, int) and pid != os.getpid() and is_alive(pid) else HANDOVER_SECONDS
    with contextlib.ExitStack() as stack:
        try:
            descriptor = stack.enter_context(home.locked("up", wait_seconds=wait))
        except EmbeddedError as error:
            url = home.record("up").get("url")
            raise EmbeddedError(f"Studio already runs from {home.path}: {url} (process {pid}).") from error
        yield descriptor


@contextlib.contextmanager
def _step(text: str) -> Iterator[None]:
    _say(f"{text} ...")
    started = time.monotonic()
    yield
    _say(f"    done in {time.monotonic() - started:.1f} s")


def _say(text: str) -> None:
    """The terminal may be gone (SIGHUP): that must not keep us from stopping in good order."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stdout, flush=True)
