"""Free TCP ports."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from studio.embedded.os_process import wait_until

BACKLOG = 2_048


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # A connection of the previous run in TIME_WAIT must not count as "taken".
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def any_free() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_again(url: object) -> int:
    """The port that `url` names, if nobody has taken it: addresses survive a restart; else any.

    A killed server may hold it for a moment after its process has gone from sight.
    """
    port = urlsplit(str(url)).port if url else None
    return port if port and wait_until(lambda: is_free(port), seconds=1) else any_free()


def listen(host: str, candidates: Iterable[int]) -> socket.socket | None:
    """Listen on the first of `candidates` that is free; None when none is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in candidates:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
        else:
            return listener
    return None
