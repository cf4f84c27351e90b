"""A creation asked for twice happens once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from studio.common.models import IdempotencyKey
from studio.kernel.clock import utcnow
from studio.security.models import Credential
from studio.security.services import credentials
from tests.studio.accounts.people import Person

BODY = {"name": "Shop", "kind": "http.bearer", "fields": {"token": "t"}}
KEY = {"Idempotency-Key": "order-1"}


def test_the_same_key_and_body_answer_the_first_result(bob: Person) -> None:
    first = bob.post("/credentials", BODY, headers=KEY)
    again = bob.post("/credentials", BODY, headers=KEY)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["ETag"] == first.headers["ETag"]
    assert (again.headers["Idempotency-Replayed"], "Idempotency-Replayed" in first.headers) == ("true", False)
    assert Credential.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(bob: Person) -> None:
    bob.post("/credentials", BODY, headers=KEY)

    answer = bob.post("/credentials", {**BODY, "name": "Other"}, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Credential.objects.count() == 1


def test_a_refusal_keeps_no_key(bob: Person) -> None:
    bob.post("/credentials", {**BODY, "kind": "none"}, headers=KEY)

    assert bob.post("/credentials", BODY, headers=KEY).status_code == 201


def test_keys_of_two_workspaces_have_nothing_to_do_with_each_other(bob: Person, charlie: Person) -> None:
    answers = [person.post("/credentials", BODY, headers=KEY) for person in (bob, charlie)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


def test_a_key_is_forgotten_after_a_day(bob: Person) -> None:
    bob.post("/credentials", BODY, headers=KEY)
    left = IdempotencyKey.objects.get().expires_at - utcnow()
    IdempotencyKey.objects.update(expires_at=utcnow() - timedelta(seconds=1))

    answer = bob.post("/credentials", {**BODY, "name": "Next"}, headers=KEY)

    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    assert answer.status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_a_key_that_is_none_is_400(bob: Person, key: str) -> None:
    assert bob.post("/credentials", BODY, headers={"Idempotency-Key": key}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_while_the_first_request_is_at_work_the_second_is_told_so(
    bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, go_on = threading.Event(), threading.Event()
    create = credentials.create_credential

    def slow(**arguments: Any) -> Credential:
        at_work.set()
        assert go_on.wait(10)
        return create(**arguments)

    monkeypatch.setattr(credentials, "create_credential", slow)
    answers: list[Any] = []

    def first() -> None:
        answers.append(bob.post("/credentials", BODY, headers=KEY))
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert at_work.wait(10)
    second = bob.post("/credentials", BODY, headers=KEY)
    go_on.set()
    thread.join()

    assert (second.status_code, second.json()["code"]) == (409, "idempotency_key_in_progress")
    assert answers[0].status_code == 201
    assert bob.post("/credentials", BODY, headers=KEY).json() == answers[0].json()
