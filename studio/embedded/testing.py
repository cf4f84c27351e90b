"""Stores for one test session: real servers in a folder of their own, gone when the session is."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from studio.embedded.guardian import Guardian
from studio.embedded.home import Home
from studio.embedded.postgres import Postgres
from studio.embedded.stores import ensure_services, guard_services, stop_services


@contextlib.contextmanager
def temporary_stores(
    *, durable: bool = False, postgres: bool = True, valkey: bool = True
) -> Iterator[dict[str, str]]:
    """Yield DATABASE_URL and REDIS_URL (what was wanted) and SECRET_KEY.

    Without `durable` nothing is forced to disk, which no test notices but one that pulls the plug.
    """
    home = Home(Path(tempfile.mkdtemp(prefix="studio-test-")))
    home.path.chmod(0o711)
    guardian = Guardian()
    guardian.delete_after(home.path)
    try:
        services = ensure_services(home, durable=durable, postgres=postgres, valkey=valkey)
        guard_services(home, services, guardian, durable=durable)
        yield services.environment
    finally:
        stop_services(home, durable=False)
        Postgres(home).delete()
        guardian.close()
