"""`manage.py doctor` finds what is wrong and says what to do."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from studio import doctor


def examined() -> tuple[dict[str, dict[str, Any]], int]:
    output, code = StringIO(), 0
    try:
        call_command("doctor", "--json", stdout=output)
    except SystemExit as ended:
        code = int(str(ended.code))
    findings = json.loads(output.getvalue())["findings"]
    return {finding["check"]: finding for finding in findings}, code


@pytest.mark.django_db
def test_it_looks_at_everything_an_installation_needs() -> None:
    found, _ = examined()

    wanted = {
        "postgresql",
        "durability",
        "clock",
        "migrations",
        "partitions",
        "valkey",
        "eviction",
        "broker_settings",
    }
    assert wanted | {"broker", "sandbox", "disk"} <= found.keys()
    for check in ("postgresql", "clock", "migrations", "valkey", "eviction", "broker", "sandbox", "disk"):
        assert found[check]["verdict"] == "ok", found[check]


@pytest.mark.django_db
def test_a_database_that_may_forget_commits_fails() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")

    found, code = examined()

    assert found["durability"]["verdict"] == "failed"
    assert code == 1


@pytest.mark.django_db
def test_a_valkey_that_evicts_fails() -> None:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        found, code = examined()
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.close()

    assert found["eviction"]["verdict"] == "failed"
    assert "noeviction" in found["eviction"]["detail"]
    assert code == 1


@pytest.mark.django_db
def test_a_valkey_that_is_away_is_a_finding_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")

    found, code = examined()

    assert found["valkey"]["verdict"] == "failed"
    assert "REDIS_URL" in found["valkey"]["detail"]
    assert code == 1


@pytest.mark.django_db
def test_a_full_disk_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK_BYTES", 1 << 60)

    found, code = examined()

    assert found["disk"]["verdict"] == "failed"
    assert code == 1


@pytest.mark.django_db
def test_a_broker_that_is_away_is_a_finding_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(doctor.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")

    found, code = examined()

    assert found["broker"]["verdict"] == "failed"
    assert code == 1
