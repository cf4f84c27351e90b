"""Lists are read to their end, each row once."""

from __future__ import annotations

from studio.accounts.access import SYSTEM
from studio.security.services.credentials import create_credential
from tests.studio.accounts.people import Person


def fill(person: Person, count: int) -> list[str]:
    for number in range(count):
        create_credential(
            workspace=person.workspace,
            name=f"c{number}",
            kind="http.bearer",
            fields={"token": "t"},
            by=SYSTEM,
        )
    return [f"c{number}" for number in reversed(range(count))]


def test_following_next_meets_every_row_once_newest_first(bob: Person) -> None:
    names = fill(bob, 5)
    seen, cursor = [], ""

    while True:
        page = bob.get(f"/credentials?limit=2&cursor={cursor}").json()
        seen.append([row["name"] for row in page["results"]])
        if page["next"] is None:
            break
        cursor = page["next"]

    assert seen == [names[:2], names[2:4], names[4:]]


def test_a_page_that_is_exactly_full_has_no_next(bob: Person) -> None:
    fill(bob, 2)

    assert bob.get("/credentials?limit=2").json()["next"] is None


def test_rows_that_come_meanwhile_disturb_no_page_that_follows(bob: Person) -> None:
    names = fill(bob, 4)
    cursor = bob.get("/credentials?limit=2").json()["next"]
    create_credential(
        workspace=bob.workspace, name="new", kind="http.bearer", fields={"token": "t"}, by=SYSTEM
    )

    rest = bob.get(f"/credentials?limit=2&cursor={cursor}").json()

    assert [row["name"] for row in rest["results"]] == names[2:]
