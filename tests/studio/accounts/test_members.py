"""Who works in a workspace, over HTTP."""

from __future__ import annotations

from itertools import pairwise

from studio.accounts.permissions import LEAST_ROLE
from tests.studio.accounts.people import Person


def test_members_see_each_other_and_nobody_from_elsewhere(
    alice: Person, bob: Person, victor: Person, charlie: Person
) -> None:
    listed = victor.get("/members").json()

    assert listed["next"] is None
    assert {(member["email"], member["role"]) for member in listed["results"]} == {
        (person.user.email, person.role) for person in (alice, bob, victor)
    }
    assert [member["user"] for member in charlie.get("/members").json()["results"]] == [str(charlie.user.pk)]


def test_roles_tell_what_each_may_do_and_grow(victor: Person) -> None:
    roles = victor.get("/roles").json()["results"]

    assert [role["role"] for role in roles] == ["viewer", "operator", "editor", "admin", "owner"]
    assert all(set(less["may"]) < set(more["may"]) for less, more in pairwise(roles))
    assert set(roles[-1]["may"]) == set(LEAST_ROLE)
    assert victor.get("/me").json()["may"] == roles[0]["may"]
