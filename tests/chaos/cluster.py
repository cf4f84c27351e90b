"""A whole Studio whose every process may be killed: stores, ingress, web, workers, scheduler.

It is the table of processes that `manage.py up` keeps, but each worker reaches PostgreSQL through a proxy of
its own, and what died comes back after a fixed moment: a supervisor that grows patient with a process that
dies often would measure itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from studio.embedded.guardian import Guardian
from studio.embedded.home import CHECKOUT, Home
from studio.embedded.os_process import wait_until
from studio.embedded.ports import any_free, listen
from studio.embedded.postgres import Postgres
from studio.embedded.processes import Layout, Process, child_environment, manage, table
from studio.embedded.stores import ensure_services, guard_services, stop_services
from studio.embedded.supervisor import socket_folder
from studio.embedded.valkey import Valkey
from tests.chaos.proxy import Proxy, running_proxy

RESTART_SECONDS = 0.3
LOOK_SECONDS = 0.1
STOP_SECONDS = 15.0
LEASE_SECONDS = 4.0
_OTHERS = ("CACHE_URL", "BROKER_URL", "STUDIO_TEST_DATABASE", "STUDIO_BASE_URL")
_ENVIRONMENT = {
    "STUDIO_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
    "STUDIO_LEASE_SECONDS": str(LEASE_SECONDS),
    "STUDIO_BREAKER_OPEN_SECONDS": "1",
    "STUDIO_BREAKER_CAP_SECONDS": "2",
    "STUDIO_LOSS_BUDGET": "50",
}


@dataclass
class _Kept:
    process: Process
    child: subprocess.Popen[bytes]
    expected: bool = False


@dataclass
class Cluster:
    """`ways` are the workers' proxies to PostgreSQL; `deaths`: who ended without being told to."""

    layout: Layout
    guardian: Guardian
    ways: Mapping[str, Proxy]
    environment: Mapping[str, str]
    token: str = ""
    deaths: list[str] = field(default_factory=list)
    _kept: dict[str, _Kept] = field(default_factory=dict)

    @property
    def home(self) -> Home:
        return self.layout.home

    @property
    def database_url(self) -> str:
        return str(self.home.record("postgres")["url"])

    @property
    def redis_url(self) -> str:
        return str(self.home.record("valkey")["url"])

    def workers(self) -> list[str]:
        return [name for name in self._kept if name.startswith("worker-")]

    def pid(self, name: str) -> int:
        return self._kept[name].child.pid

    # -- What faults do ------------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """As `kill -9` does; it is started again like everything that ends."""
        kept = self._kept[name]
        if kept.child.poll() is None:
            kept.expected = True
            _kill_group(kept.child.pid)

    def drain(self, name: str) -> None:
        kept = self._kept[name]
        if kept.child.poll() is None:
            kept.expected = True
            kept.child.terminate()

    def freeze(self, name: str) -> None:
        if self._kept[name].child.poll() is None:
            os.killpg(self.pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid(name), signal.SIGCONT)

    def signal_valkey(self, number: signal.Signals) -> None:
        pid = Valkey(self.home).pid()
        if pid is not None:
            os.kill(pid, number)

    def kill_valkey(self) -> None:
        """With everything it holds: it comes back empty."""
        pid = Valkey(self.home).pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: Valkey(self.home).pid() is None, seconds=10)
        shutil.rmtree(self.home.path / "valkey")

    def stop_postgres(self, number: signal.Signals) -> None:
        """SIGINT ends it in good order; SIGQUIT as a crash does: what is not in its log is gone."""
        pid = Postgres(self.home).pid()
        if pid is None:
            return
        os.kill(pid, number)
        assert wait_until(lambda: Postgres(self.home).pid() is None, seconds=30)

    def ensure_stores(self) -> None:
        guard_services(self.home, ensure_services(self.home), self.guardian)

    # -- Its life ------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        made = subprocess.run(
            manage("prepare", "--demo", "--new-secrets"),
            cwd=CHECKOUT, env=dict(self.environment), stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        self.token = json.loads(made.stdout)["token"]
        socket_folder(self.layout.web_socket)
        (self.home.path / "static").mkdir(exist_ok=True)

    def start(self) -> None:
        for process in table(self.layout):
            if process.name != "flower":
                self._kept[process.name] = _Kept(process, self._launch(process))

    async def keep(self) -> None:
        """Start again whatever ended, until cancelled."""
        while True:
            for name, kept in self._kept.items():
                code = kept.child.poll()
                if code is None:
                    continue
                if not kept.expected:
                    self.deaths.append(f"{name} ({code})")
                self.guardian.forget(kept.child.pid)
                _kill_group(kept.child.pid)
                await asyncio.sleep(RESTART_SECONDS)
                kept.child, kept.expected = self._launch(kept.process), False
            await asyncio.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        children = [kept.child for kept in self._kept.values()]
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGCONT)
            child.terminate()
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS)
            _kill_group(child.pid)
            child.wait()
            self.guardian.forget(child.pid)

    def story(self) -> str:
        """The last words of everybody."""
        logs = sorted(self.home.logs.glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in logs)

    def _launch(self, process: Process) -> subprocess.Popen[bytes]:
        environment = dict(self.environment)
        if process.name in self.ways:
            environment["DATABASE_URL"] = _through(self.ways[process.name].port, self.database_url)
        with self.home.log(process.name).open("ab") as output:
            child = subprocess.Popen(
                process.command,
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=process.descriptors,
                start_new_session=True,
            )
        self.guardian.watch(child.pid, seconds=process.stop_seconds)
        return child


@contextlib.asynccontextmanager
async def running_cluster(*, workers: int) -> AsyncIterator[Cluster]:
    """Start everything; afterwards nothing of it is left, on disk or running."""
    home = Home(Path(tempfile.mkdtemp(prefix="studio-chaos-")))
    home.path.chmod(0o711)
    (home.path / ".studio-home").touch(mode=0o600)
    guardian = Guardian()
    guardian.delete_after(home.path)
    listener = listen("127.0.0.1", [any_free()])
    assert listener is not None
    layout = Layout(home, "127.0.0.1", listener, any_free(), workers)
    try:
        services = await asyncio.to_thread(ensure_services, home)
        guard_services(home, services, guardian)
        port = urlsplit(services.environment["DATABASE_URL"]).port
        assert port is not None
        async with contextlib.AsyncExitStack() as stack:
            names = [process.name for process in table(layout) if "worker" in process.name]
            ways = {name: await stack.enter_async_context(running_proxy(port)) for name in names}
            given = child_environment(layout.environment(), services.environment, _ENVIRONMENT)
            environment = {name: value for name, value in given.items() if name not in _OTHERS}
            cluster = Cluster(layout, guardian, ways, environment | {"STUDIO_BASE_URL": layout.url})
            await asyncio.to_thread(cluster.prepare)
            cluster.start()
            keeper = asyncio.create_task(cluster.keep())
            try:
                yield cluster
            finally:
                keeper.cancel()
                await asyncio.wait([keeper])
                await asyncio.to_thread(cluster.stop)
    finally:
        await asyncio.to_thread(stop_services, home, durable=False)
        Postgres(home).delete()
        guardian.close()
        listener.close()
        shutil.rmtree(home.path, ignore_errors=True)


def _through(port: int, url: str) -> str:
    parts = urlsplit(url)
    account = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{account}@127.0.0.1:{port}").geturl()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
