"""The matrix of roles and verbs, as the contract tells it."""

from __future__ import annotations

import itertools
import uuid

import pytest

from studio.accounts.permissions import LEAST_ROLE, Access, unknown_scopes
from studio.accounts.roles import Role
from studio.kernel.errors import Forbidden


def access(role: Role, scopes: frozenset[str] | None = None) -> Access:
    return Access(
        workspace_id=uuid.uuid4(),
        slug="acme",
        region="local",
        tier="free",
        role=role,
        actor_name="alice",
        scopes=scopes,
    )


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (Role.VIEWER, {"workflow.read", "execution.read"}, {"execution.run", "credential.use", "audit.read"}),
        (Role.OPERATOR, {"execution.run", "execution.cancel", "credential.use"}, {"workflow.edit"}),
        (Role.EDITOR, {"workflow.publish", "credential.edit", "webhook.edit"}, {"api_key.manage"}),
        (Role.ADMIN, {"api_key.manage", "member.manage", "audit.read"}, {"billing.manage"}),
        (Role.OWNER, {"billing.manage", "workspace.delete"}, set()),
    ],
)
def test_each_role_may_do_its_own_and_no_more(role: Role, may: set[str], may_not: set[str]) -> None:
    verbs = set(access(role).verbs())

    assert may <= verbs
    assert not may_not & verbs


def test_a_greater_role_may_do_all_that_a_lesser_one_may() -> None:
    allowed = [set(access(role).verbs()) for role in Role]

    assert all(lesser < greater for lesser, greater in itertools.pairwise(allowed))
    assert allowed[-1] == set(LEAST_ROLE)


def test_scopes_narrow_and_never_widen() -> None:
    scoped = access(Role.VIEWER, frozenset({"workflow.*", "execution.read"}))

    assert scoped.verbs() == ["execution.read", "workflow.read"]


def test_no_scope_at_all_allows_nothing() -> None:
    assert access(Role.OWNER, frozenset()).verbs() == []


def test_a_refusal_says_which_role_it_takes() -> None:
    with pytest.raises(Forbidden, match="takes the role editor or more; yours is viewer"):
        access(Role.VIEWER).require("workflow.edit")


def test_a_misspelt_verb_is_a_defect_and_no_refusal() -> None:
    with pytest.raises(KeyError):
        access(Role.OWNER).may("workflow.raed")


def test_unknown_scopes_are_told_apart() -> None:
    assert unknown_scopes(["workflow.read", "workflow.*", "moon.*", "read", "*"]) == ["moon.*", "read", "*"]
