"""Studio's processes in one table: what each is called, how it is started, how long it may take to stop."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from studio.embedded import ports
from studio.embedded.errors import EmbeddedError
from studio.embedded.home import CHECKOUT, Home

FIRST_PORT = 8000
DRAIN_SECONDS = 15.0
_LONGEST_SOCKET_PATH = 100  # the system's limit is 104 or 108 bytes


@dataclass(frozen=True)
class Layout:
    """Where one run of Studio listens.

    The supervisor holds the open port itself: while the ingress restarts, connections wait instead of failing.
    """

    home: Home
    host: str
    listener: socket.socket
    flower_port: int
    workers: int

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def web_socket(self) -> Path:
        """Django's socket: in the home, or beside it when that path is too long for the system."""
        inside = self.home.path / "run" / "web.sock"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH:
            return inside
        name = sha256(os.fsencode(self.home.path)).hexdigest()[:16]
        return Path(gettempdir()) / f"studio-{os.geteuid()}-{name}" / "web.sock"

    def environment(self) -> dict[str, str]:
        """What the processes must agree on; names that people set themselves are left alone."""
        names = ["localhost", "127.0.0.1", "[::1]"]
        if self.host not in {"127.0.0.1", "localhost", "::1"}:
            names += [f"[{self.host}]" if ":" in self.host else self.host, *_own_names()]
        chosen = {
            "STUDIO_BASE_URL": self.url,
            "STUDIO_ALLOWED_HOSTS": ",".join(names),
            "STUDIO_TRUSTED_ORIGINS": ",".join(f"http://{name}:{self.port}" for name in names),
        }
        kept = {name: value for name, value in chosen.items() if name not in os.environ}
        return kept | {
            "STUDIO_HOME": str(self.home.path),
            "STUDIO_FLOWER_PORT": str(self.flower_port),
            "PYTHONUNBUFFERED": "1",
        }


@dataclass(frozen=True)
class Process:
    """One line of the table."""

    name: str
    command: tuple[str, ...]
    stop_seconds: float = 10.0
    descriptors: tuple[int, ...] = ()


def table(layout: Layout) -> list[Process]:
    socket_path = str(layout.web_socket)
    engine = ("worker", "--queues", "default,high_priority,maintenance")
    return [
        Process("web", manage("web", "--uds", socket_path)),
        Process(
            "ingress",
            manage("ingress", "--fd", str(layout.listener.fileno()), "--django", f"unix:{socket_path}"),
            descriptors=(layout.listener.fileno(),),
        ),
        *(
            Process(f"worker-{number}", manage(*engine), DRAIN_SECONDS)
            for number in range(1, layout.workers + 1)
        ),
        Process("webhook-worker", manage("worker", "--queues", "webhook"), DRAIN_SECONDS),
        Process("scheduler", manage("scheduler")),
        Process("flower", manage("flower", "--port", str(layout.flower_port))),
    ]


def manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(CHECKOUT / "manage.py"), *arguments)


def child_environment(*parts: Mapping[str, str]) -> dict[str, str]:
    """Ours, with each of `parts` laid over it."""
    environment = dict(os.environ)
    for part in parts:
        environment.update(part)
    return environment


def choose_layout(home: Home, *, host: str, port: int | None, workers: int) -> Layout:
    """Open the port to serve on: the named one, else the first free one."""
    listener = ports.listen(host, [port] if port is not None else range(FIRST_PORT, FIRST_PORT + 100))
    if listener is None and port is not None:
        raise EmbeddedError(
            f"Port {port} on {host} is taken or not yours: choose another, or leave --port out."
        )
    if listener is None:
        raise EmbeddedError(f"Studio cannot listen on {host}: is it an address of this machine?")
    return Layout(home, host, listener, ports.any_free(), workers)


def _own_names() -> list[str]:
    """Names under which others on the network reach this machine."""
    name = socket.gethostname()
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(name, None, socket.AF_INET)}
    except OSError:
        addresses = set()
    return [name, *sorted(addresses)]
