"""`/breakers`, breaker state in the catalogue, and `manage.py breaker`."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from studio.accounts.models import Workspace
from studio.kernel.breaker import Breaker as State
from studio.kernel.breaker import Phase
from studio.kernel.clock import utcnow
from studio.operations.breaker_address import address_of
from studio.operations.models import Breaker
from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET
from tests.workflows.rows import execution, step
from workflows.models import Execution, Step

pytestmark = pytest.mark.django_db

KEY = "http.request:api.example.com:443"
OPEN = {"reason": "Maintenance.", "expires_in": 3600}


def breaker(workspace: Workspace, key: str = KEY, **state: Any) -> Breaker:
    kind, _, target = key.partition(":")
    address = address_of(workspace.pk, kind, target)
    now = utcnow()
    machine = State(phase=Phase.OPEN, since=now.timestamp(), until=now.timestamp() + 10, trips=1, **state)
    return Breaker.objects.create(
        id=address.id, workspace_id=address.workspace_id, key=key, kind=kind, target=target, revision=4,
        phase="open", state=machine.as_document(), since=now, until=now + timedelta(seconds=10),
        changed_at=now, error_code="http_503",
    )  # fmt: skip


def deeds() -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(target_kind="breaker").order_by("at")
    return list(found.values_list("action", "details__reason"))


def test_breakers_are_listed_for_their_workspace_alone(victor: Person, charlie: Person) -> None:
    breaker(victor.workspace, refused=7)

    (shown,) = victor.get("/breakers?phase=open").json()["results"]

    assert (shown["key"], shown["phase"], shown["trips"], shown["refused"]) == (KEY, "open", 1, 7)
    assert (shown["shared"], shown["forced"], shown["error_code"]) == (False, False, "http_503")
    assert victor.get(f"/breakers/{KEY}").json() == shown
    assert victor.get("/breakers?phase=closed").json()["results"] == []
    assert charlie.get("/breakers").json()["results"] == []
    assert charlie.get(f"/breakers/{KEY}").status_code == 404


def test_a_breaker_is_held_open_before_anything_failed(carol: Person) -> None:
    answer = carol.post(f"/breakers/{KEY}/open", OPEN)

    shown = answer.json()
    assert (answer.status_code, shown["phase"], shown["forced"]) == (200, "open", True)
    assert (shown["reason"], shown["until"] is not None) == ("Maintenance.", True)
    assert deeds() == [("breaker.opened", "Maintenance.")]


def test_closing_lets_what_it_held_go_on_in_waves(carol: Person) -> None:
    row = breaker(carol.workspace)
    later = utcnow() + timedelta(seconds=250)
    held = [_parked(carol.workspace, later) for _ in range(7)]
    other = _parked(carol.workspace, later, key="http.request:other.example:443")

    shown = carol.post(f"/breakers/{KEY}/close", {"reason": "It is back."}).json()

    assert (shown["phase"], shown["forced"], shown["until"]) == ("closed", True, None)
    row.refresh_from_db()
    assert row.revision == 5
    due = sorted(Execution.objects.filter(pk__in=held).values_list("due_at", flat=True))
    waves = [sum(n <= (at - due[0]).total_seconds() < n + 1 for at in due) for n in range(3)]
    assert waves == [1, 2, 4]
    assert sorted(Step.objects.filter(execution_id__in=held).values_list("due_at", flat=True)) == due
    assert Execution.objects.get(pk=other).due_at == later
    assert AuditEntry.objects.get(action="breaker.closed").details["released"] == 7


def test_a_reset_forgets_what_was_forced(carol: Person) -> None:
    carol.post(f"/breakers/{KEY}/open", OPEN)

    shown = carol.post(f"/breakers/{KEY}/reset", {}).json()

    assert (shown["phase"], shown["forced"], shown["reason"], shown["until"]) == ("closed", False, "", None)
    assert [deed for deed, _ in deeds()] == ["breaker.opened", "breaker.reset"]


@pytest.mark.parametrize("verb", ["open", "close", "reset"])
def test_who_only_reads_forces_nothing(victor: Person, verb: str) -> None:
    assert victor.post(f"/breakers/{KEY}/{verb}", OPEN).status_code == 403
    assert not Breaker.objects.exists()
    assert deeds() == []


@pytest.mark.parametrize(
    ("key", "body", "status"),
    [
        (KEY, {}, 422),
        (KEY, {**OPEN, "expires_in": 0}, 422),
        (KEY, {**OPEN, "surplus": 1}, 422),
        ("data.set:x", OPEN, 404),
        ("nonsense", OPEN, 404),
    ],
)
def test_what_cannot_be_forced_is_refused(carol: Person, key: str, body: Any, status: int) -> None:
    assert carol.post(f"/breakers/{key}/open", body).status_code == status
    assert not Breaker.objects.exists()


def test_a_shared_breaker_is_seen_by_all_and_forced_by_operators_alone(carol: Person, settings: Any) -> None:
    settings.STUDIO_BREAKER_SHARED = ["http.request:shared.example:*"]
    key = "http.request:shared.example:443"
    address_of.cache_clear()

    assert carol.post(f"/breakers/{key}/open", OPEN).status_code == 403
    said("open", key, workspace=carol.workspace.slug)

    shown = carol.get(f"/breakers/{key}").json()
    assert (shown["shared"], shown["phase"], shown["set_by"]) == (True, "open", "command line")
    address_of.cache_clear()


def test_the_catalogue_tells_which_breakers_are_not_closed(victor: Person) -> None:
    breaker(victor.workspace)
    kinds = {one["kind"]: one["breakers"] for one in victor.get("/node-types").json()["results"]}

    assert kinds["http.request"] == [{"key": KEY, "phase": "open"}]
    assert kinds["data.set"] is None
    assert victor.get("/node-types/http.request").json()["breakers"] == kinds["http.request"]


# -- The command ---------------------------------------------------------------------------------------------


def said(*command: str, **options: Any) -> str:
    output = StringIO()
    arguments = [f"--{name}={value}" for name, value in options.items() if value is not True]
    arguments += [f"--{name}" for name, value in options.items() if value is True]
    call_command("breaker", *command, *arguments, stdout=output)
    return output.getvalue()


def test_the_command_lists_forces_and_resets(carol: Person) -> None:
    slug = carol.workspace.slug

    said("open", KEY, workspace=slug, reason="Maintenance.")
    (listed,) = json.loads(said("list", workspace=slug, json=True))
    line = said("list", workspace=slug)
    reset = json.loads(said("reset", KEY, workspace=slug, json=True))

    assert (listed["phase"], listed["forced"], listed["set_by"]) == ("open", True, "command line")
    assert line == f"open      {KEY} held by command line: Maintenance.\n"
    assert (reset["phase"], reset["forced"]) == ("closed", False)


@pytest.mark.parametrize("key", ["nonsense", "data.set:x", "http.request:"])
def test_the_command_refuses_what_no_call_has(carol: Person, key: str) -> None:
    with pytest.raises(CommandError):
        said("open", key, workspace=carol.workspace.slug)


def _parked(workspace: Workspace, due_at: Any, key: str = KEY) -> Any:
    reason = {"code": "awaits_breaker", "node": "hello", "detail": "", "breaker": key}
    held = execution(workspace, GREET, status="waiting", reason=reason)
    Execution.objects.filter(pk=held.pk).update(due_at=due_at)
    step(held, "hello", "http.request", 1, status="waiting")
    Step.objects.filter(execution_id=held.pk).update(
        due_at=due_at, wait={"kind": "breaker", "breaker": key, "reason": ""}
    )
    return held.pk
