"""Other people's services on loopback: they note what they are asked and answer as they are told."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    document: Any


Answering = Callable[[Asked], tuple[int, Any]]


@dataclass
class Service:
    """`asked` holds every request in order."""

    url: str
    answering: Answering
    asked: list[Asked] = field(default_factory=list)


@contextlib.contextmanager
def service(answering: Answering) -> Iterator[Service]:
    """Serve until the block ends; `answering` gives status and document."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: found))
    found = Service(f"http://127.0.0.1:{server.server_port}", answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(service_of: Callable[[], Service]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, json.loads(body) if body else None)
            found = service_of()
            found.asked.append(asked)
            status, document = found.answering(asked)
            answer = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _serve

        def log_message(self, *_arguments: Any) -> None:
            """Tests read `asked` instead."""

    return Handler
