"""Decisions on what `flow.approval` asks: who may decide, and what they may say."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db import transaction

from studio.accounts.models import User, Workspace
from studio.accounts.permissions import Access
from studio.accounts.roles import Role
from studio.kernel import codec
from studio.kernel.clock import rfc3339, utcnow
from studio.kernel.errors import Conflict, Forbidden, Invalid, Problem
from studio.security.services import audit
from workflows.models import Execution, MailboxItem, Step
from workflows.nodes.approval import APPROVE, REJECT, SIGNAL_PREFIX, Approval
from workflows.services.executions import (
    SIGNAL,
    get_execution,
    live_execution,
    post_mail,
    signal_execution,
    steps_of,
)
from workflows.services.presentation import iteration_path

MOST_COMMENT: Final = 2_000
MOST_TEXT: Final = 10_000
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def answer_signal(
    *, workspace: Workspace, execution_id: uuid.UUID, name: str, payload: Any, by: Access
) -> Execution:
    """A decision where an approval of this name waits, else a signal for whoever awaits it."""
    asked = waiting_approval(get_execution(workspace=workspace, execution_id=execution_id), name)
    if asked is None:
        return signal_execution(
            workspace=workspace, execution_id=execution_id, name=name, payload=payload, by=by
        )
    return decide(
        workspace=workspace, execution_id=execution_id, name=name, asked=asked, payload=payload, by=by
    )


def waiting_approval(execution: Execution, name: str) -> Mapping[str, Any] | None:
    """What an approval that takes decisions under this name asks; None while there is none."""
    waiting = steps_of(execution).filter(kind=Approval.kind, status="waiting")
    return next(
        (asked for step in waiting.only("wait") if (asked := _asked(step)).get("approval") == name), None
    )


def open_approvals(execution: Execution, *, by: Access) -> list[dict[str, Any]]:
    """What it asks of people now, and whether this one is asked."""
    waiting = steps_of(execution).filter(kind=Approval.kind, status="waiting")
    return [
        _shown(execution, step, asked, by)
        for step in waiting.only("node", "iteration", "wait")
        if (asked := _asked(step))
    ]


@transaction.atomic
def decide(
    *,
    workspace: Workspace,
    execution_id: uuid.UUID,
    name: str,
    asked: Mapping[str, Any],
    payload: Any,
    by: Access,
) -> Execution:
    """Take one person's decision; raise Forbidden, Conflict or Invalid."""
    Execution.objects.select_for_update().filter(pk=execution_id, workspace=workspace).first()
    execution = live_execution(workspace, execution_id)
    person = require_approver(execution, asked, by)
    if str(person.pk) in _decided(execution, name, asked):
        raise Conflict(reason="You have decided on this already.", error_code="already_decided")
    problems = list(_problems(asked, payload))
    if problems:
        raise Invalid(problems=problems)
    post_mail(execution, SIGNAL, SIGNAL_PREFIX + name, _decision(payload, person, by))
    deed = "execution.approved" if payload["decision"] == APPROVE else "execution.rejected"
    audit.record(deed, target=execution, by=by, details={"approval": name})
    return execution


def require_approver(execution: Execution, asked: Mapping[str, Any], by: Access) -> User:
    """The person behind the request, who must be one of those that are asked."""
    person = User.objects.filter(pk=by.user_id, is_active=True).first() if by.user_id else None
    if person is None:
        raise Forbidden(reason="Only a person can decide, and nobody stands behind this key.")
    if not any(_names(approver, person, by.role) for approver in asked["approvers"]):
        raise Forbidden(reason="You are not one of those who are asked to decide.")
    if not asked["allow_self"] and execution.started_by == person.pk:
        raise Forbidden(reason="You started this execution, so somebody else has to decide.")
    return person


def _asked(step: Step) -> Mapping[str, Any]:
    details: Mapping[str, Any] = (step.wait or {}).get("details") or {}
    return details


def _shown(execution: Execution, step: Step, asked: Mapping[str, Any], by: Access) -> dict[str, Any]:
    try:
        by.require("execution.signal")
        person = require_approver(execution, asked, by)
        may_decide = str(person.pk) not in _decided(execution, asked["approval"], asked)
    except Forbidden:
        may_decide = False
    shown = ("message", "approvers", "required", "form", "allow_self", "deadline", "decisions")
    return {
        "name": asked["approval"],
        "node": step.node,
        "iteration": iteration_path(step.iteration),
        **{name: asked[name] for name in shown},
        "may_decide": may_decide,
    }


def _names(approver: str, person: User, role: Role) -> bool:
    if "@" in approver:
        return approver.strip().casefold() == person.email.casefold()
    name = approver.strip().lower()
    return name in set(Role) and role.includes(Role(name))


def _decided(execution: Execution, name: str, asked: Mapping[str, Any]) -> set[str]:
    """Who has decided, as far as the step knows, and those whose word is on its way."""
    letters = MailboxItem.objects.filter(execution_id=execution.pk, kind=SIGNAL, name=SIGNAL_PREFIX + name)
    said = [*asked["decisions"], *(codec.decode(letter.payload) for letter in letters)]
    return {decision["by"]["id"] for decision in said}


def _decision(payload: Mapping[str, Any], person: User, by: Access) -> dict[str, Any]:
    return {
        "decision": payload["decision"],
        "comment": payload.get("comment") or "",
        "form": payload.get("form") or {},
        "by": {"id": str(person.pk), "name": person.email, "via": by.actor_kind},
        "at": rfc3339(utcnow()),
    }


def _problems(asked: Mapping[str, Any], payload: Any) -> Iterator[Problem]:
    if not isinstance(payload, dict):
        yield Problem("", "wrong_type", 'Send an object such as {"decision": "approve"}.')
        return
    for key in payload.keys() - {"decision", "comment", "form"}:
        yield Problem(f"/{key}", "unknown_key", "Use decision, comment, form.")
    if payload.get("decision") not in (APPROVE, REJECT):
        yield Problem("/decision", "not_allowed", f"Use {APPROVE} or {REJECT}.")
    comment = payload.get("comment")
    if comment is not None and not (isinstance(comment, str) and len(comment) <= MOST_COMMENT):
        yield Problem("/comment", "wrong_type", f"A comment is text of at most {MOST_COMMENT} characters.")
    given = payload.get("form")
    if given is not None and not isinstance(given, dict):
        yield Problem("/form", "wrong_type", "Send an object of the form's fields.")
    else:
        yield from _form_problems(asked["form"], given or {}, wanted=payload.get("decision") == APPROVE)


def _form_problems(
    fields: list[Mapping[str, Any]], given: Mapping[str, Any], *, wanted: bool
) -> Iterator[Problem]:
    """What is wrong with a filled-in form; who rejects may leave it empty."""
    known = {field["name"] for field in fields}
    for name in given.keys() - known:
        yield Problem(f"/form/{name}", "unknown_key", "The form has no such field.")
    for field in fields:
        value = given.get(field["name"])
        place = f"/form/{field['name']}"
        if value is None:
            if wanted and field["required"]:
                yield Problem(place, "required", "This field must be filled in.")
        elif not _fits(field["type"], value):
            yield Problem(place, "wrong_type", f"This must be a {field['type']}.")
        elif field.get("choices") and value not in field["choices"]:
            yield Problem(place, "not_allowed", f"Choose one of {', '.join(field['choices'])}.")


def _fits(kind: str, value: Any) -> bool:
    if isinstance(value, str) and len(value) > MOST_TEXT:
        return False
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
