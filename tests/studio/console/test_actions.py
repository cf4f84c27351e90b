"""What operators may do from a list: services with a permission, an audit entry and a count."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from studio.operations.models import Breaker, Worker
from studio.security.models import AuditEntry
from tests.studio.console.rows import World
from workflows.models import DeadLetter, ErrorGroup, Execution, Job, MailboxItem, Workflow

ACTIONS = [
    ("workflows_execution", "cancel"),
    ("workflows_workflow", "pause"),
    ("operations_worker", "drain"),
    ("operations_breaker", "force_open"),
    ("workflows_errorgroup", "resolve"),
    ("workflows_errorgroup", "retry"),
    ("workflows_deadletter", "discard"),
    ("workflows_job", "abort"),
]


def act(client: Client, world: World, page: str, action: str) -> list[str]:
    """Choose the row and the action; answers what the console says."""
    url = reverse(f"admin:{page}_changelist")
    answer = client.post(url, {"action": action, "_selected_action": [str(world.ids[page])]})
    return [str(message) for message in get_messages(answer.wsgi_request)]


def deeds() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_cancel_asks_a_live_execution_to_end(staff: Client, world: World) -> None:
    Execution.objects.filter(pk=world.ids["workflows_execution"]).update(status="running", finished_at=None)

    said = act(staff, world, "workflows_execution", "cancel")

    assert said == ["Asked to end: 1."]
    assert [mail.kind for mail in MailboxItem.objects.all()] == ["cancel"]
    assert "execution.cancel_requested" in deeds()


def test_cancel_says_why_it_cannot_end_what_has_ended(staff: Client, world: World) -> None:
    (said,) = act(staff, world, "workflows_execution", "cancel")

    assert str(world.ids["workflows_execution"]) in said
    assert not MailboxItem.objects.exists()


def test_a_published_workflow_is_paused_and_resumed(staff: Client, world: World) -> None:
    workflow = world.ids["workflows_workflow"]
    Workflow.objects.filter(pk=workflow).update(status="published", published_version=1)

    act(staff, world, "workflows_workflow", "pause")
    assert Workflow.objects.get(pk=workflow).status == "paused"

    act(staff, world, "workflows_workflow", "resume")
    assert Workflow.objects.get(pk=workflow).status == "published"
    assert deeds()[-2:] == ["workflow.paused", "workflow.resumed"]


def test_drain_asks_a_worker_to_leave(staff: Client, world: World) -> None:
    act(staff, world, "operations_worker", "drain")

    assert Worker.objects.get(pk=world.ids["operations_worker"]).status == "draining"
    assert "worker.drained" in deeds()


@pytest.mark.parametrize(("page", "action"), ACTIONS)
def test_staff_who_may_only_look_cannot_act(
    client: Client, bob: User, world: World, page: str, action: str
) -> None:
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(bob)
    before = deeds()

    assert client.get(reverse(f"admin:{page}_changelist")).status_code == 200
    act(client, world, page, action)

    assert deeds() == before


def test_a_breaker_is_held_open_for_a_while_and_reset(staff: Client, world: World) -> None:
    url = reverse("admin:operations_breaker_changelist")
    chosen = {"_selected_action": [str(world.ids["operations_breaker"])]}

    staff.post(url, {**chosen, "action": "force_open", "reason": "Maintenance.", "minutes": "30"})

    breaker = Breaker.objects.get()
    assert (breaker.phase, breaker.machine.forced, breaker.reason) == ("open", True, "Maintenance.")
    assert breaker.until is not None
    assert 1790 < (breaker.until - breaker.since).total_seconds() < 1810
    assert AuditEntry.objects.get(action="breaker.opened").workspace_id == world.workspace.pk

    act(staff, world, "operations_breaker", "reset")
    assert (Breaker.objects.get().phase, Breaker.objects.get().set_by) == ("closed", "")


def test_an_error_group_is_resolved_reopened_and_ignored(staff: Client, world: World) -> None:
    states = []
    for verb in ("resolve", "reopen", "ignore"):
        act(staff, world, "workflows_errorgroup", verb)
        states.append(ErrorGroup.objects.get().state)

    assert states == ["resolved", "ongoing", "ignored"]
    assert deeds()[-3:] == ["error_group.resolved", "error_group.reopened", "error_group.ignored"]


def test_an_error_group_is_retried_as_a_job(staff: Client, world: World) -> None:
    Job.objects.all().delete()

    assert act(staff, world, "workflows_errorgroup", "retry") == ["Jobs started: 1."]

    job = Job.objects.get()
    assert (job.total, job.canary, job.options) == (1, [1, 10], {"version": "published"})


def test_a_job_is_paused_continued_and_aborted(staff: Client, world: World) -> None:
    states = []
    for verb in ("pause", "go_on", "abort"):
        act(staff, world, "workflows_job", verb)
        states.append(Job.objects.get().state)

    assert states == ["paused", "running", "stopped"]


def test_a_dead_letter_is_discarded_once(staff: Client, world: World) -> None:
    act(staff, world, "workflows_deadletter", "discard")
    said = act(staff, world, "workflows_deadletter", "retry")

    assert DeadLetter.objects.get().state == "discarded"
    assert "The dead letter is discarded." in said[-1]
