"""What becomes of failed executions: groups, their states and counts, and dead letters."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from studio.accounts.models import Workspace
from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET, definition, node
from tests.workflows.failures import NOON, dead, failed, group_of
from tests.workflows.rows import execution
from workflows.models import DeadLetter, ErrorGroup, ErrorGroupWorkflow, Execution, Workflow
from workflows.services.grouping import group_failures, ripen_groups

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def test_failures_alike_share_a_group_that_counts_them(acme: Workspace) -> None:
    rows = [failed(acme, f"order {n} not found", at=NOON + n * HOUR) for n in range(3)]
    other = failed(acme, "no stock")

    assert group_failures() == 4

    group = group_of(rows[0])
    assert {group_of(row).pk for row in rows} == {group.pk}
    assert group_of(other).pk != group.pk
    assert (group.count, group.first_seen_at, group.last_seen_at) == (3, NOON, NOON + 2 * HOUR)
    assert (group.message, group.template) == ("order 2 not found", "order <number> not found")
    assert (group.kind, group.category, group.code, group.state) == ("data.set", "bug", "broken", "new")
    assert group.last_execution_id == rows[2].pk


def test_grouping_again_counts_nothing_twice(acme: Workspace) -> None:
    group = group_of(failed(acme))

    assert group_failures() == 0
    assert ErrorGroup.objects.get(pk=group.pk).count == 1


def test_what_was_cut_off_before_its_commit_is_counted_once(acme: Workspace) -> None:
    failed(acme)
    with transaction.atomic():
        group_failures()
        transaction.set_rollback(True)

    assert not ErrorGroup.objects.exists()
    assert group_failures() == 1
    assert ErrorGroup.objects.get().count == 1


def test_only_what_failed_is_grouped(acme: Workspace) -> None:
    for status in ("queued", "running", "waiting", "succeeded", "cancelled"):
        execution(acme, GREET, status=status)
    for status in ("failed", "rolled_back", "rollback_failed"):
        failed(acme, status=status)

    assert group_failures() == 3


def test_workspaces_share_no_group(acme: Workspace, globex: Workspace) -> None:
    assert group_of(failed(acme)).pk != group_of(failed(globex)).pk


def test_a_group_tells_which_workflows_it_hits(bob: Person) -> None:
    workflows = [Workflow.objects.create(workspace=bob.workspace, name=n, slug=n) for n in ("a", "b")]
    for workflow in (workflows[0], workflows[0], workflows[1], None):
        row = failed(bob.workspace, workflow=workflow)
    gone = failed(bob.workspace)
    Execution.objects.filter(pk=gone.pk).update(workflow_id=gone.pk)
    group = group_of(row)

    hits = ErrorGroupWorkflow.objects.filter(error_group=group).order_by("count")
    assert [(hit.workflow_id, hit.count) for hit in hits] == [(workflows[1].pk, 1), (workflows[0].pk, 2)]
    assert group.count == 5


@pytest.mark.parametrize("error", [[], "text", {"code": 7}, {"node": ["x"]}, {"message": "a" * 5_000}])
def test_an_error_of_any_shape_has_a_group(acme: Workspace, error: Any) -> None:
    assert group_of(failed(acme, error=error)).count == 1


def test_a_definition_that_cannot_be_read_holds_nothing_up(acme: Workspace) -> None:
    row = failed(acme, definition=definition(node("hello", "gone.kind")))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE workflows_definition SET body = '\\x07' WHERE id = %s", [row.definition_id])

    assert group_of(row).kind == ""


# -- States ------------------------------------------------------------------------------------------------


def _with(group: ErrorGroup, **changes: Any) -> None:
    ErrorGroup.objects.filter(pk=group.pk).update(**changes)


def _state(group: ErrorGroup) -> str:
    group.refresh_from_db()
    return group.state


def test_a_resolved_group_that_is_seen_again_has_regressed(acme: Workspace) -> None:
    group = group_of(failed(acme))
    _with(group, state="resolved", resolved_at=NOON + HOUR)

    failed(acme, at=NOON + 2 * HOUR)
    group_failures()

    assert (_state(group), group.count) == ("regressed", 2)


def test_a_failure_from_before_the_resolution_is_no_regression(acme: Workspace) -> None:
    group = group_of(failed(acme))
    _with(group, state="resolved", resolved_at=NOON + HOUR)

    failed(acme, at=NOON + HOUR / 2)
    group_failures()

    assert (_state(group), group.count) == ("resolved", 2)


def test_what_is_ignored_until_a_count_comes_back_with_it(acme: Workspace) -> None:
    group = group_of(failed(acme))
    _with(group, state="ignored", ignored_until_count=3)

    failed(acme)
    group_failures()
    assert _state(group) == "ignored"

    failed(acme)
    group_failures()
    assert (_state(group), group.ignored_until_count) == ("ongoing", None)


def test_what_is_ignored_for_good_stays_so(acme: Workspace) -> None:
    group = group_of(failed(acme))
    _with(group, state="ignored")

    failed(acme)
    group_failures()
    ripen_groups()

    assert _state(group) == "ignored"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"state": "new", "state_changed_at": Now() - 25 * HOUR}, "ongoing"),
        ({"state": "new", "state_changed_at": Now() - 23 * HOUR}, "new"),
        ({"state": "regressed", "state_changed_at": Now() - 25 * HOUR}, "ongoing"),
        ({"state": "ignored", "ignored_until": Now() - HOUR}, "ongoing"),
        (
            {"state": "ignored", "ignored_until": Now() + HOUR, "state_changed_at": Now() - 25 * HOUR},
            "ignored",
        ),
        ({"state": "resolved", "state_changed_at": Now() - 25 * HOUR}, "resolved"),
    ],
)
def test_groups_ripen_as_time_goes_on(acme: Workspace, changes: dict[str, Any], state: str) -> None:
    group = group_of(failed(acme))
    _with(group, **changes)

    ripen_groups()

    assert _state(group) == state


# -- Dead letters ------------------------------------------------------------------------------------------


def test_an_execution_that_no_node_failed_is_a_dead_letter_too(acme: Workspace) -> None:
    row = dead(acme)
    failed(acme)
    group_failures()

    letter = DeadLetter.objects.get()
    assert (letter.pk, letter.code, letter.reason, letter.losses) == (row.pk, "lost_too_often", "Lost.", 4)
    assert (letter.state, letter.created_at) == ("open", NOON)
    assert group_of(row).kind == ""


def test_an_infrastructure_error_of_a_node_is_no_dead_letter(acme: Workspace) -> None:
    failed(
        acme, error={"code": "child_failed", "category": "infrastructure", "message": "x", "node": "hello"}
    )
    group_failures()

    assert not DeadLetter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_processes_that_group_at_once_count_each_failure_once(acme: Workspace) -> None:
    for number in range(60):
        failed(acme, f"order {number}")
    handled: list[int] = []

    def work() -> None:
        while Execution.objects.filter(error_group=None).exists():
            handled.append(group_failures(limit=3))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sum(handled), ErrorGroup.objects.get().count) == (60, 60)
