"""Both stores of a home together, and the folder they live in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from studio.embedded.errors import EmbeddedError
from studio.embedded.home import CHECKOUT, Home, known_environment
from studio.embedded.os_process import is_alive, wait_until
from studio.embedded.postgres import Postgres
from studio.embedded.stores import all_run, delete_everything, ensure_services, stop_services
from studio.embedded.testing import temporary_stores
from studio.embedded.valkey import Valkey

pytestmark = pytest.mark.slow


def test_a_second_call_finds_what_the_first_one_started(home: Home) -> None:
    first = ensure_services(home, durable=False)
    second = ensure_services(home, durable=False)

    assert len(first.started) == 2
    assert second.started == ()
    assert second.environment == first.environment


def test_two_homes_run_side_by_side(home: Home, open_folder: Path) -> None:
    other = Home(open_folder / "other")
    try:
        mine = ensure_services(home, durable=False).environment
        theirs = ensure_services(other, durable=False).environment
    finally:
        stop_services(other, durable=False)

    assert not set(mine.values()) & set(theirs.values())


def test_callers_at_once_agree_on_one_pair_of_servers(home: Home) -> None:
    command = [sys.executable, "-m", "studio.embedded", "env", "--home", str(home.path)]
    callers = [subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) for _ in range(4)]

    answers = {caller.communicate()[0] for caller in callers}

    assert len(answers) == 1
    assert b"export DATABASE_URL=" in answers.pop()


def test_stopping_leaves_nothing_running_and_the_address_known(home: Home) -> None:
    started = ensure_services(home, durable=False).started

    stop_services(home, durable=False)

    assert not any(is_alive(pid) for pid in started)
    assert not all_run(home)
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"} == set(known_environment(home))


def test_starting_anew_deletes_data_and_secrets(home: Home) -> None:
    before = ensure_services(home, durable=False).environment

    delete_everything(home)

    assert known_environment(home) == {}
    assert not (home.path / "postgres").exists()
    assert ensure_services(home, durable=False).environment["SECRET_KEY"] != before["SECRET_KEY"]


def test_a_folder_that_studio_did_not_make_is_never_cleared(open_folder: Path) -> None:
    (open_folder / "thesis.txt").write_text("years of work", encoding="utf-8")

    with pytest.raises(EmbeddedError, match="not made by Studio"):
        Home(open_folder).clear()

    assert (open_folder / "thesis.txt").exists()


def test_a_home_that_is_a_file_is_refused_in_one_sentence(open_folder: Path) -> None:
    (open_folder / "home").write_text("", encoding="utf-8")

    with pytest.raises(EmbeddedError, match="name another with --home"):
        Home(open_folder / "home").create()


def test_temporary_stores_serve_and_then_leave_nothing() -> None:
    with temporary_stores() as environment:
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            folder = Path(str(connection.execute("SHOW data_directory").fetchone()[0])).parent
            assert connection.execute("SHOW fsync").fetchone() == ("off",)
        assert redis.Redis.from_url(environment["REDIS_URL"]).ping()
        home = Home(folder)
        pids = [Postgres(home).pid(), Valkey(home).pid()]

    assert all(pids)
    assert not any(is_alive(pid) for pid in pids if pid)
    assert not folder.exists()


def test_temporary_stores_of_a_killed_session_end_too() -> None:
    script = (
        "import os, signal\n"
        "from studio.embedded.testing import temporary_stores\n"
        "with temporary_stores(durable=True) as environment:\n"
        "    print(environment['DATABASE_URL'], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )

    def refused() -> bool:
        try:
            psycopg.connect(done.stdout.strip(), connect_timeout=1).close()
        except psycopg.OperationalError:
            return True
        return False

    assert done.returncode == -9
    assert wait_until(refused, seconds=10, every=0.1)
