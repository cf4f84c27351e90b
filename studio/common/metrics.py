"""Prometheus metrics: what this process counted, and what PostgreSQL knows about all of them.

Two kinds, kept honest with any number of processes. Figures of the whole installation (executions, queues,
workers) are read from PostgreSQL when they are asked for, so every process answers the same. Figures of one
process (requests, committers) carry a `process` label, so that two processes behind one address never share a
series. `/metrics` answers both; a process without HTTP serves its own on `STUDIO_METRICS_PORT`.
"""

from __future__ import annotations

import os
import socket
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Protocol

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.crypto import constant_time_compare
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

log = structlog.get_logger()

PORTS_TRIED = 100
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

disable_created_metrics()  # type: ignore[no-untyped-call]
_process = CollectorRegistry()
_requests = Counter(
    "studio_http_requests", "Requests answered.", ["method", "route", "status"], registry=_process
)
_request_seconds = Histogram(
    "studio_http_request_seconds",
    "Time until the answer stood.",
    ["route"],
    buckets=SECONDS,
    registry=_process,
)


class Committer(Protocol):
    """What is read of a group committer."""

    name: str
    batches: int
    rows_written: int


_committers: weakref.WeakSet[Committer] = weakref.WeakSet()


def watch_committer(committer: Committer) -> None:
    """Show a committer's batches for as long as it lives."""
    _committers.add(committer)


def observe_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request; `route` is the pattern, never the path, so that series stay few."""
    requests, request_seconds = _series(method, route, f"{status // 100}xx")
    requests.inc()
    request_seconds.observe(seconds)


@cache
def _series(method: str, route: str, status: str) -> tuple[Counter, Histogram]:
    """Finding a series by its labels costs more than counting does."""
    return _requests.labels(method, route, status), _request_seconds.labels(route)


class MetricsMiddleware:
    """Count every request of the web process by its route."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self._get_response(request)
        match = request.resolver_match
        observe_request(
            method=request.method or "GET",
            route=match.route if match is not None else "unknown",
            status=response.status_code,
            seconds=time.perf_counter() - started,
        )
        return response


def metrics_view(request: HttpRequest) -> HttpResponse:
    """`/metrics`: open unless STUDIO_METRICS_TOKEN is set; then it asks for that bearer token."""
    token = settings.STUDIO_METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if token and not constant_time_compare(given, f"Bearer {token}"):
        return HttpResponse("This needs the metrics token.\n", status=401, content_type="text/plain")
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)


def exposition() -> bytes:
    """Everything this process can say, in Prometheus's text format."""
    return generate_latest(_registry(stored=True))


def serve_process_metrics(port: int | None = None) -> int | None:
    """Serve this process's own figures on loopback; answers the port, None while none is set.

    Processes of one host share the setting: each takes the first port from there on that is free.
    """
    first = settings.STUDIO_METRICS_PORT if port is None else port
    if not first:
        return None
    for candidate in range(first, first + PORTS_TRIED):
        try:
            start_http_server(candidate, addr="127.0.0.1", registry=_registry(stored=False))
        except OSError:
            continue
        log.info("metrics.served", port=candidate)
        return candidate
    log.warning("metrics.not_served", first=first, tried=PORTS_TRIED)
    return None


def _registry(*, stored: bool) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_ProcessCollector())
    if stored:
        registry.register(_StoredCollector())
    return registry


class _ProcessCollector(Collector):
    """Figures of this process, each with the process's name on it."""

    def collect(self) -> Iterator[Metric]:
        process = f"{socket.gethostname()}-{os.getpid()}"
        for metric in [*_process.collect(), *_committer_metrics()]:
            for position, sample in enumerate(metric.samples):
                metric.samples[position] = sample._replace(labels={**sample.labels, "process": process})
            yield metric


def _committer_metrics() -> Iterable[Metric]:
    batches = CounterMetricFamily("studio_committer_batches", "Group commits.", labels=["committer"])
    rows = CounterMetricFamily("studio_committer_rows", "Rows in group commits.", labels=["committer"])
    for committer in list(_committers):
        batches.add_metric([committer.name], committer.batches)
        rows.add_metric([committer.name], committer.rows_written)
    return batches, rows


class _StoredCollector(Collector):
    """Figures of the installation. Each statement is served by a partial index over what is live."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("studio_database_up", "Whether PostgreSQL answered.")
        try:
            metrics = [*_execution_metrics(), *_queue_metrics(), *_worker_metrics(), *_event_metrics()]
        except DatabaseError:
            metrics = []
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
        yield up
        yield from metrics


def _rows(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows: list[tuple[object, ...]] = cursor.fetchall()
    return rows


# These name tables of apps above this one: metrics are the one place that looks at all of them.
_LIVE_SQL = """
SELECT status, count(*) FROM workflows_execution WHERE status IN ('waiting', 'paused') GROUP BY status
UNION ALL SELECT 'running', count(*) FROM workflows_execution WHERE owner IS NOT NULL
UNION ALL SELECT 'queued',
    (SELECT count(*) FROM workflows_execution WHERE status = 'queued' AND admitted)
    + (SELECT count(*) FROM workflows_execution WHERE status = 'queued' AND NOT admitted)
"""
_QUEUES_SQL = """
SELECT region, queue, count(*), coalesce(extract(epoch FROM now() - min(coalesce(due_at, created_at))), 0)
FROM (
    SELECT region, queue, due_at, created_at FROM workflows_execution WHERE status = 'queued' AND admitted
    UNION ALL
    SELECT region, queue, due_at, created_at FROM workflows_execution WHERE status = 'queued' AND NOT admitted
) waiting GROUP BY region, queue
"""
_WORKERS_SQL = """
SELECT name, status, in_flight, slots, loop_lag_ms / 1000,
       extract(epoch FROM now() - heartbeat_at)
FROM operations_worker WHERE status IN ('alive', 'draining') ORDER BY name
"""
_FINISHED_SQL = "SELECT coalesce(sum(finished), 0) FROM operations_worker"
_EVENTS_SQL = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(received_at)), 0)
FROM webhooks_event WHERE status = 'stored'
"""


def _execution_metrics() -> Iterable[Metric]:
    live = GaugeMetricFamily("studio_executions_live", "Executions that have not ended.", labels=["status"])
    counts = {str(status): int(str(count)) for status, count in _rows(_LIVE_SQL)}
    for status in ("queued", "running", "waiting", "paused"):
        live.add_metric([status], counts.get(status, 0))
    finished = CounterMetricFamily("studio_executions_finished", "Executions that workers brought to an end.")
    finished.add_metric([], _number(_rows(_FINISHED_SQL)[0][0]))
    return live, finished


def _queue_metrics() -> Iterable[Metric]:
    labels = ["region", "queue"]
    depth = GaugeMetricFamily("studio_queue_depth", "Executions that wait for a worker.", labels=labels)
    age = GaugeMetricFamily(
        "studio_queue_oldest_seconds", "How long the oldest of them is due.", labels=labels
    )
    for region, queue, count, oldest in _rows(_QUEUES_SQL):
        depth.add_metric([str(region), str(queue)], _number(count))
        age.add_metric([str(region), str(queue)], max(0.0, _number(oldest)))
    return depth, age


def _worker_metrics() -> Iterable[Metric]:
    workers = GaugeMetricFamily("studio_workers", "Workers with a living lease.", labels=["status"])
    per_worker = [
        GaugeMetricFamily("studio_worker_in_flight", "Executions a worker holds.", labels=["worker"]),
        GaugeMetricFamily("studio_worker_slots", "Executions it would hold at most.", labels=["worker"]),
        GaugeMetricFamily("studio_worker_loop_lag_seconds", "How late its loop wakes.", labels=["worker"]),
        GaugeMetricFamily("studio_worker_heartbeat_age_seconds", "Since its last beat.", labels=["worker"]),
    ]
    counts = {"alive": 0, "draining": 0}
    for name, status, *figures in _rows(_WORKERS_SQL):
        counts[str(status)] += 1
        for family, figure in zip(per_worker, figures, strict=True):
            family.add_metric([str(name)], _number(figure))
    for status, count in counts.items():
        workers.add_metric([status], count)
    return workers, *per_worker


def _event_metrics() -> Iterable[Metric]:
    pending = GaugeMetricFamily("studio_webhook_events_pending", "Stored events that wait for a worker.")
    age = GaugeMetricFamily("studio_webhook_events_oldest_seconds", "How long the oldest of them waits.")
    count, oldest = _rows(_EVENTS_SQL)[0]
    pending.add_metric([], _number(count))
    age.add_metric([], max(0.0, _number(oldest)))
    return pending, age


def _number(value: object) -> float:
    return float(str(value))
