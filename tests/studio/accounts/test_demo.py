"""The workspace a new installation starts with."""

from __future__ import annotations

import pytest

from studio.accounts.models import ApiKey, User, Workspace
from studio.accounts.services.demo import seed_demo
from studio.kernel.documents import read_json
from tests.studio.accounts.people import send

pytestmark = pytest.mark.django_db


def works(token: str | None) -> bool:
    answer = send("GET", "/me", None, headers={"Authorization": f"Bearer {token}"})
    return (
        answer.status_code == 200
        and read_json(answer.content, limit_bytes=65536)["workspace"]["slug"] == "demo"
    )


def test_seeding_makes_an_enterprise_workspace_with_a_login_and_a_key_that_work() -> None:
    demo = seed_demo()

    assert demo.workspace.tier == Workspace.Tier.ENTERPRISE
    assert demo.user.check_password(demo.password or "")
    assert demo.user.is_staff
    assert works(demo.token)


def test_seeding_again_changes_nothing_and_tells_no_secret() -> None:
    first = seed_demo()

    again = seed_demo()

    assert (again.password, again.token) == (None, None)
    assert (User.objects.count(), Workspace.objects.count(), ApiKey.objects.count()) == (1, 1, 1)
    assert works(first.token)


def test_lost_secrets_are_replaced_and_the_old_ones_end() -> None:
    first = seed_demo()

    again = seed_demo(new_secrets=True)

    assert again.user.check_password(again.password or "")
    assert (works(first.token), works(again.token)) == (False, True)


def test_the_demo_does_not_show_its_secrets_by_accident() -> None:
    demo = seed_demo()

    assert str(demo.token) not in repr(demo)
    assert str(demo.password) not in repr(demo)
