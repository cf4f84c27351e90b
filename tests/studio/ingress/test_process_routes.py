"""`/livez`, `/readyz` and `/metrics` of the ingress itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio.accounts.people import Person
from tests.studio.ingress.servers import Server

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_process_answers_for_itself(ingress: Server) -> None:
    alive, ready, wrong = (
        ingress.send("GET", "/livez"),
        ingress.send("GET", "/readyz"),
        ingress.send("POST", "/livez", b""),
    )

    assert (alive.status, alive.body) == (200, b"ok\n")
    # The partitions of the test database are only as many as its migrations made.
    assert set(ready.document["missing"]) <= {"partitions"}
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET, HEAD")


def test_metrics_count_what_was_answered_and_committed(ingress: Server, bob: Person) -> None:
    definition = {"schema": "studio/1", "nodes": [{"id": "start", "kind": "trigger.manual"}], "edges": []}
    ingress.send("POST", "/api/v1/run", {"definition": definition}, {"Authorization": f"Bearer {bob.token}"})

    text = ingress.send("GET", "/metrics").body.decode()

    assert 'studio_http_requests_total{method="POST",' in text
    assert 'studio_committer_rows_total{committer="execution",' in text
    assert 'studio_queue_depth{queue="default",region="local"} 1.0' in text


def test_metrics_ask_for_their_token_where_one_is_set(ingress: Server, settings: Any) -> None:
    settings.STUDIO_METRICS_TOKEN = "letmein"

    refused = ingress.send("GET", "/metrics")
    allowed = ingress.send("GET", "/metrics", None, {"Authorization": "Bearer letmein"})

    assert [refused.status, allowed.status] == [401, 200]
