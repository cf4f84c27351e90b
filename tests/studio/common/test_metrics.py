"""What `/metrics` says, and that it is honest with several processes and without a database."""

from __future__ import annotations

import os
import socket
import urllib.request
from dataclasses import dataclass

import pytest
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from studio.common import metrics
from studio.embedded.ports import any_free
from studio.kernel.ids import uuid7
from tests.studio.console.rows import insert, make_world

PROCESS = f"{socket.gethostname()}-{os.getpid()}"


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@dataclass
class Committer:
    name: str
    batches: int
    rows_written: int

    __hash__ = object.__hash__


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_process(client: Client) -> None:
    key = (
        "studio_http_requests_total",
        (("method", "GET"), ("process", PROCESS), ("route", "livez"), ("status", "2xx")),
    )
    before = samples(client.get("/metrics").content.decode()).get(key, 0)

    client.get("/livez")

    assert samples(client.get("/metrics").content.decode())[key] == before + 1


@pytest.mark.django_db
def test_an_address_nobody_knows_makes_no_series_of_its_own(client: Client) -> None:
    client.get("/api/v1/no-such-thing-7319")

    assert "7319" not in client.get("/metrics").content.decode()


@pytest.mark.django_db
def test_figures_of_the_installation_are_read_from_the_database(
    client: Client, django_user_model: type
) -> None:
    world = make_world(django_user_model.objects.create_superuser("alice@example.com", "x"))  # type: ignore[attr-defined]
    insert(
        "workflows_execution",
        id=uuid7(), workspace_id=world.workspace.pk, definition_id=uuid7(), status="queued",
        trigger_kind="trigger.manual", queue="high_priority", region="local",
    )  # fmt: skip

    found = samples(client.get("/metrics").content.decode())

    assert found["studio_executions_live", (("status", "queued"),)] == 1
    assert found["studio_queue_depth", (("queue", "high_priority"), ("region", "local"))] == 1
    assert found["studio_workers", (("status", "alive"),)] == 1
    assert found["studio_worker_slots", (("worker", "host-1"),)] == 500
    assert found["studio_webhook_events_pending", ()] == 0
    assert found["studio_database_up", ()] == 1


def test_without_a_database_the_process_still_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(statement: str) -> list[tuple[object, ...]]:
        raise DatabaseError("away")

    monkeypatch.setattr(metrics, "_rows", away)

    found = samples(metrics.exposition().decode())

    assert found["studio_database_up", ()] == 0
    assert ("studio_workers", (("status", "alive"),)) not in found


def test_a_committers_batches_are_shown_while_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_rows", lambda statement: (_ for _ in ()).throw(DatabaseError("away")))
    committer = Committer("checkpoints", batches=3, rows_written=40)
    metrics.watch_committer(committer)
    labels = (("committer", "checkpoints"), ("process", PROCESS))

    found = samples(metrics.exposition().decode())
    assert (
        found["studio_committer_batches_total", labels],
        found["studio_committer_rows_total", labels],
    ) == (3, 40)

    del committer
    assert ("studio_committer_batches_total", labels) not in samples(metrics.exposition().decode())


@pytest.mark.django_db
def test_a_token_that_is_set_is_asked_for(client: Client, settings: object) -> None:
    settings.STUDIO_METRICS_TOKEN = "scrape-me"  # type: ignore[attr-defined]

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer scrape-me"}).status_code == 200


def test_processes_of_one_host_take_one_port_each() -> None:
    first = any_free()

    ports = [metrics.serve_process_metrics(first), metrics.serve_process_metrics(first)]

    assert ports[0] is not None
    assert ports[1] is not None
    assert first <= ports[0] < ports[1]
    with urllib.request.urlopen(f"http://127.0.0.1:{ports[1]}/metrics", timeout=5) as answer:
        assert b"studio_http_requests_total" in answer.read()


def test_without_a_port_nothing_is_served() -> None:
    assert metrics.serve_process_metrics(0) is None
