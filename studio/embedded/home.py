"""`$STUDIO_HOME`: one folder with data, secrets, logs and locks of a Studio on this machine.

Files with secrets are written with mode 0600 and replaced atomically. Nothing outside the folder is changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from studio.embedded.errors import EmbeddedError
from studio.embedded.os_process import wait_until

MARKER = ".studio-home"
LOG_LIMIT_BYTES = 20 * 1024 * 1024
CHECKOUT = Path(__file__).resolve().parent.parent.parent


class Home:
    """The folder, created on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()

    @classmethod
    def default(cls) -> Home:
        return cls(Path(os.environ.get("STUDIO_HOME") or CHECKOUT / ".studio"))

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def create(self) -> None:
        """Make the folder ours. As root others may pass through it: PostgreSQL runs as somebody else."""
        try:
            if not self.path.is_dir():
                self.path.mkdir(parents=True)
                self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.logs.mkdir(mode=0o700, exist_ok=True)
            (self.path / MARKER).touch(mode=0o600)
        except (PermissionError, FileExistsError, NotADirectoryError) as error:
            raise EmbeddedError(
                f"{self.path} cannot be used as Studio's home ({error.strerror}): name another with --home."
            ) from error

    def record(self, name: str) -> dict[str, object]:
        """What was kept under `name`; empty when nothing was."""
        try:
            content = json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except PermissionError as error:
            raise EmbeddedError(f"{self.path} is not yours: name another home with --home.") from error
        except ValueError as error:
            raise EmbeddedError(f"{self.path / name}.json is damaged: restore it or use --reset.") from error
        return dict(content)

    def keep(self, name: str, content: dict[str, object]) -> None:
        """Replace what is kept under `name`; readable by the owner only."""
        target = self.path / f"{name}.json"
        draft = self.path / f".{name}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)

    def log(self, name: str) -> Path:
        """The log of one process; a long one is put aside first, the one before that is dropped."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    @contextlib.contextmanager
    def locked(self, name: str, *, wait_seconds: float = 60) -> Iterator[int]:
        """Hold the lock `name`; it is free when everybody who has the yielded descriptor is gone."""
        with (self.path / f"{name}.lock").open("a", encoding="utf-8") as file:
            if not wait_until(lambda: _try_lock(file.fileno()), seconds=wait_seconds, every=0.02):
                raise EmbeddedError(f"Another process holds {self.path / name}.lock.")
            yield file.fileno()

    def trim_logs(self) -> None:
        """Cut logs that grew too long while their process writes on; the last stretch is put aside."""
        for path in self.logs.glob("*.log"):
            if path.stat().st_size > LOG_LIMIT_BYTES:
                shutil.copyfile(path, path.with_suffix(".log.1"))
                os.truncate(path, 0)

    def clear(self) -> None:
        """Delete everything kept here but logs and locks; refuses a folder that Studio did not make."""
        if not self.path.is_dir() or not any(self.path.iterdir()):
            return
        if not (self.path / MARKER).exists():
            raise EmbeddedError(f"{self.path} was not made by Studio: nothing in it is deleted.")
        for entry in self.path.iterdir():
            if entry.name in {MARKER, "logs"} or entry.suffix == ".lock":
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def secret_environment(home: Home) -> dict[str, str]:
    """The signing key of this home, made once: sessions and tokens outlive a restart."""
    kept = home.record("secrets")
    if "SECRET_KEY" not in kept:
        kept["SECRET_KEY"] = secrets.token_urlsafe(48)
        home.keep("secrets", kept)
    return {name: str(value) for name, value in kept.items()}


def known_environment(home: Home) -> dict[str, str]:
    """Addresses and secrets of the stores that `up` keeps here, without starting anything; empty if none.

    Settings use it as defaults, so that every command run beside `up` talks to the same stores.
    """
    found: dict[str, str] = {}
    for record, variable in (("postgres", "DATABASE_URL"), ("valkey", "REDIS_URL")):
        url = home.record(record).get("url")
        if url:
            found[variable] = str(url)
    return found | {name: str(value) for name, value in home.record("secrets").items()}


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
