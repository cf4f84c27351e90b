"""The embedded Valkey: who may connect, and that it neither evicts nor forgets."""

from __future__ import annotations

import os
import signal

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from studio.embedded.home import Home
from studio.embedded.os_process import command_line, wait_until
from studio.embedded.valkey import Valkey

pytestmark = pytest.mark.slow


def client(home: Home, **other: object) -> redis.Redis:
    return redis.Redis.from_url(str(home.record("valkey")["url"]), **other)


@pytest.mark.parametrize("password", [None, "wrong"])
def test_nobody_gets_in_without_the_password(home: Home, password: str | None) -> None:
    Valkey(home, durable=False).ensure()
    port = client(home).connection_pool.connection_kwargs["port"]

    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=port, password=password, retry=Retry(NoBackoff(), 0)).ping()


def test_the_password_stands_in_no_command_line_and_no_readable_file(home: Home) -> None:
    pid = Valkey(home, durable=False).ensure()

    assert str(home.record("valkey")["password"]) not in command_line(pid)
    assert (home.path / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


def test_it_never_evicts_and_writes_behind_by_at_most_a_second(home: Home) -> None:
    Valkey(home).ensure()

    settings = client(home, decode_responses=True).config_get("*")

    assert settings["maxmemory-policy"] == "noeviction"
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "everysec")
    assert settings["bind"] == "127.0.0.1"


def test_data_and_address_survive_kill_9_of_the_server(home: Home) -> None:
    pid = Valkey(home).ensure()
    before = home.record("valkey")["url"]
    client(home).set("kept", "yes")

    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: Valkey(home).pid() is None, seconds=5)
    Valkey(home).ensure()

    assert home.record("valkey")["url"] == before
    assert client(home).get("kept") == b"yes"
