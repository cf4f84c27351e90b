"""Logs: one line per event, with fields, from structlog and the standard library alike.

`configure()` is called once by every process before it does anything else. Context that belongs to all
lines of a request or an execution (`request_id`, `execution`) is bound with
`structlog.contextvars.bound_contextvars`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from django.conf import settings

from studio.kernel.redact import redact

Event = MutableMapping[str, Any]

# Lines about lines: these say per request or per message what our own events say better.
_QUIET = {
    "django.server": logging.WARNING,
    "django.request": logging.ERROR,
    "django.security.DisallowedHost": logging.CRITICAL,
    "celery.worker.strategy": logging.WARNING,
    "celery.app.trace": logging.WARNING,
    "kombu": logging.WARNING,
    "asyncio": logging.WARNING,
    "tornado.access": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "daphne": logging.WARNING,
}


def configure(*, stream: TextIO | None = None) -> None:
    """Send all logs to `stream` (standard error by default) in the form that the settings name."""
    configure_logs(level=settings.STUDIO_LOG_LEVEL, form=settings.STUDIO_LOG_FORMAT, stream=stream)


def configure_logs(*, level: str, form: str, stream: TextIO | None = None) -> None:
    """As `configure`, for callers that have no settings; calling it again replaces the earlier set-up."""
    output = stream or sys.stderr
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_shared()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _hide_secrets,
                *_rendering(form, output),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level)))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _rendering(form: str, output: TextIO) -> list[structlog.typing.Processor]:
    if form == "json":
        return [structlog.processors.JSONRenderer(default=str)]
    return [structlog.dev.ConsoleRenderer(colors=output.isatty(), pad_event_to=28)]


def _hide_secrets(_logger: Any, _method: str, event: Event) -> Event:
    hidden: Event = redact(event)
    return hidden
