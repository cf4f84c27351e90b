"""Both stores of a home, started together and found again by whoever comes later."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from studio.embedded.guardian import Guardian
from studio.embedded.home import Home, known_environment, secret_environment
from studio.embedded.postgres import Postgres
from studio.embedded.valkey import Valkey


@dataclass(frozen=True)
class Services:
    """What runs in a home: `environment` is all that another process needs to use it."""

    environment: dict[str, str]
    started: tuple[int, ...]


def ensure_services(
    home: Home, *, durable: bool = True, postgres: bool = True, valkey: bool = True
) -> Services:
    """Start the wanted stores that do not run yet; `started` holds the pids that this call brought up."""
    home.create()
    with home.locked("stores"), ThreadPoolExecutor(2) as pool:
        secret_environment(home)
        wanted: list[Postgres | Valkey] = []
        if postgres:
            wanted.append(Postgres(home, durable=durable))
        if valkey:
            wanted.append(Valkey(home, durable=durable))
        before = [store.pid() for store in wanted]
        pids = list(pool.map(lambda store: store.ensure(), wanted))
        known = known_environment(home)
    if not postgres:
        known.pop("DATABASE_URL", None)
    if not valkey:
        known.pop("REDIS_URL", None)
    return Services(known, tuple(pid for pid, old in zip(pids, before, strict=True) if pid != old))


def all_run(home: Home, *, postgres: bool = True, valkey: bool = True) -> bool:
    """Whether the wanted stores are alive."""
    return not (postgres and Postgres(home).pid() is None) and not (valkey and Valkey(home).pid() is None)


def guard_services(home: Home, services: Services, guardian: Guardian, *, durable: bool = True) -> None:
    """Have what was just started end with us, after everything that uses it."""
    postgres = Postgres(home).pid()
    for pid in services.started:
        stop = signal.SIGTERM
        if pid == postgres:  # SIGTERM would wait for clients to go
            stop = signal.SIGINT if durable else signal.SIGQUIT
        guardian.watch(pid, stop=stop, seconds=20.0, last=True)


def stop_services(home: Home, *, durable: bool = True) -> None:
    """Stop both stores; data stays."""
    if not home.path.is_dir():
        return
    with home.locked("stores"), ThreadPoolExecutor(2) as pool:
        stores: list[Postgres | Valkey] = [Postgres(home, durable=durable), Valkey(home, durable=durable)]
        list(pool.map(lambda store: store.stop(), stores))


def delete_everything(home: Home) -> None:
    """Stop the stores and start anew: data, secrets and demo are gone."""
    stop_services(home)
    Postgres(home).delete()
    home.clear()
