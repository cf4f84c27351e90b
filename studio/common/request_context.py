"""What belongs to the request at hand, for logs, problem documents and the audit trail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from structlog.contextvars import bound_contextvars

from studio.kernel.ids import uuid7

_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Empty texts outside a request: a command, a task, the scheduler."""

    request_id: str = ""
    address: str = ""


_NOWHERE = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("studio_request", default=_NOWHERE)


def current() -> RequestContext:
    return _current.get()


@contextmanager
def entered(context: RequestContext) -> Iterator[None]:
    token = _current.set(context)
    try:
        with bound_contextvars(request_id=context.request_id):
            yield
    finally:
        _current.reset(token)


def request_id_from(sent: str | None) -> str:
    """The caller's own id where it is one that may stand in logs and headers, else a new one."""
    if sent is not None and _ACCEPTED.fullmatch(sent):
        return sent
    return str(uuid7())
