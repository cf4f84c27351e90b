"""`/livez`, `/readyz`, `/metrics` of the ingress process itself."""

from __future__ import annotations

import asyncio
import hmac

from django.conf import settings
from django.db import connections

from studio.common import metrics
from studio.common.problem import MethodNotAllowed
from studio.health import CHECKS
from studio.ingress.messages import Answer, json_answer
from studio.ingress.requests import Request
from studio.kernel.errors import Unauthenticated


class ProcessRoutes:
    async def answer(self, request: Request) -> Answer:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(allowed="GET, HEAD")
        match request.path:
            case "/livez":
                return Answer(200, b"ok\n", content_type=b"text/plain; charset=utf-8")
            case "/readyz":
                missing = await asyncio.to_thread(_missing)
                status = "not_ready" if missing else "ready"
                return json_answer(503 if missing else 200, {"status": status, "missing": missing})
        _check_metrics_token(request)
        return Answer(200, await asyncio.to_thread(_exposition), content_type=metrics.CONTENT_TYPE.encode())


def _check_metrics_token(request: Request) -> None:
    token = settings.STUDIO_METRICS_TOKEN
    given = request.header(b"authorization") or b""
    if token and not hmac.compare_digest(given, f"Bearer {token}".encode()):
        raise Unauthenticated(reason="This needs the metrics token.")


def _missing() -> dict[str, str]:
    try:
        return {name: reason for name, check in CHECKS.items() if (reason := check()) is not None}
    finally:
        connections.close_all()


def _exposition() -> bytes:
    try:
        return metrics.exposition()
    finally:
        connections.close_all()
