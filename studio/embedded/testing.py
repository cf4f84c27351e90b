"""Stores for one test session: real servers in a folder of their own, gone when the session is."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from studio.embedded.errors import EmbeddedError
from studio.embedded.guardian import Guardian
from studio.embedded.home import Home
from studio.embedded.postgres import Postgres
from studio.embedded.stores import Services, ensure_services, guard_services, stop_services
from studio.embedded.template import Template

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30


@contextlib.contextmanager
def temporary_home() -> Iterator[tuple[Home, Guardian]]:
    """A home that is deleted, and whose stores are stopped, even if this process is killed."""
    home = Home(Path(tempfile.mkdtemp(prefix="studio-test-", dir=_roomy_memory())))
    home.path.chmod(0o711)
    guardian = Guardian()
    guardian.delete_after(home.path)
    try:
        yield home, guardian
    finally:
        stop_services(home, durable=False)
        Postgres(home).delete()
        guardian.close()


def _roomy_memory() -> Path | None:
    """A file system in memory if there is plenty: a cluster is a thousand files, written in 0.1 s there."""
    with contextlib.suppress(OSError):
        if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES:
            return _MEMORY
    return None


@contextlib.contextmanager
def temporary_stores(
    *, durable: bool = False, postgres: bool = True, valkey: bool = True
) -> Iterator[dict[str, str]]:
    """Yield DATABASE_URL and REDIS_URL (what was wanted) and SECRET_KEY.

    Without `durable` nothing is forced to disk, which no test notices but one that pulls the plug.
    """
    with temporary_home() as (home, guardian):
        services = ensure_services(home, durable=durable, postgres=postgres, valkey=valkey)
        guard_services(home, services, guardian, durable=durable)
        yield services.environment


def ensure_from(template: Template, home: Home) -> tuple[Services, bool]:
    """Start both stores on a copy of `template`; the flag says whether there was one to copy."""
    if template.exists() and template.copy_into(home):
        try:
            return ensure_services(home, durable=False), True
        except EmbeddedError:  # a machine that went down while it was written
            template.discard()
            Postgres(home).delete()
            home.clear()
    return ensure_services(home, durable=False), False
