"""A cluster whose test database is migrated already, kept to be copied: sessions then start in a third of the time.

It is named by a hash of what it was made from, so it is never stale, and a damaged one is only made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from studio.embedded.home import Home
from studio.embedded.postgres import DATABASE, Postgres, wheel_install

UNUSED_SECONDS = 24 * 3600.0
_PRISTINE = "pristine"


@dataclass(frozen=True)
class Template:
    """The cluster made from one set of migrations; it may not exist yet."""

    folder: Path

    @classmethod
    def of(cls, home: Home, sources: Iterable[Path]) -> Template:
        """The template that fits `sources` (migrations) and the installed PostgreSQL."""
        digest = hashlib.sha256(str((wheel_install() / "bin" / "postgres").stat().st_size).encode())
        for source in sorted(sources):
            digest.update(f"\0{source}\0".encode() + source.read_bytes())
        home.create()
        return cls(home.path / "cache" / f"cluster-{digest.hexdigest()[:16]}")

    def exists(self) -> bool:
        return (self.folder / "password").exists()

    def copy_into(self, home: Home) -> bool:
        """Make a copy the cluster of `home`; False when that went wrong, and then nothing has changed."""
        data = home.path / "postgres"
        try:
            (self.folder / "password").touch()
            # Python's copy would give PostgreSQL's files to us.
            subprocess.run(["cp", "-Rp", self.folder / "postgres", data], check=True, capture_output=True)
            Postgres(home).adopt(data, (self.folder / "password").read_text(encoding="utf-8"))
        except (OSError, subprocess.CalledProcessError):
            shutil.rmtree(data, ignore_errors=True)
            return False
        return True

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, home: Home, database: str) -> None:
        """Stop the server of `home`, whose `database` was set aside, and make its cluster this template.

        Databases that no test uses are dropped: what is copied is small that way.
        """
        with _connect(home) as connection:
            connection.execute("ALTER DATABASE template0 IS_TEMPLATE false")
            for name in (database, DATABASE, "template0"):
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            connection.execute(f'ALTER DATABASE {_PRISTINE} RENAME TO "{database}"')
        Postgres(home).stop()
        record = home.record("postgres")
        draft = self.folder.with_name(f".{home.path.name}")
        draft.mkdir(mode=0o700, parents=True)
        shutil.move(str(record["data"]), draft / "postgres")
        (draft / "password").write_text(str(record["password"]), encoding="utf-8")
        try:
            draft.rename(self.folder)
        except OSError:  # another session was first
            shutil.rmtree(draft)
        self._drop_unused()

    def _drop_unused(self) -> None:
        for other in self.folder.parent.glob("cluster-*"):
            with contextlib.suppress(OSError):
                if time.time() - (other / "password").stat().st_mtime > UNUSED_SECONDS:
                    shutil.rmtree(other)


def set_aside(url: str) -> None:
    """Copy the migrated, still empty database of `url` within its server; nobody may be connected to it."""
    name = urlsplit(url).path.strip("/")
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE {_PRISTINE} TEMPLATE "{name}" STRATEGY file_copy')


def _connect(home: Home) -> psycopg.Connection[tuple[object, ...]]:
    url = urlsplit(str(home.record("postgres")["url"]))
    return psycopg.connect(url._replace(path="/postgres").geturl(), autocommit=True)
