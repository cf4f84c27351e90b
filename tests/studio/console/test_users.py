"""People in the console."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from tests.studio.console.rows import World


def test_an_operator_adds_a_user_by_e_mail_and_it_is_audited(
    staff: Client, world: World, deeds: list[str]
) -> None:
    answer = staff.post(
        reverse("admin:accounts_user_add"),
        {
            "email": "carol@example.com",
            "name": "Carol",
            "usable_password": "true",
            "password1": "quite-a-long-one-9",
            "password2": "quite-a-long-one-9",
            "memberships-TOTAL_FORMS": "0",
            "memberships-INITIAL_FORMS": "0",
        },
    )

    assert answer.status_code == 302
    assert User.objects.get(email="carol@example.com").check_password("quite-a-long-one-9")
    assert deeds == ["user.created"]


def test_users_are_made_inactive_instead_of_deleted(staff: Client, world: World) -> None:
    answer = staff.post(
        reverse("admin:accounts_user_delete", args=[world.ids["accounts_user"]]), {"post": "yes"}
    )

    assert answer.status_code == 403
    assert User.objects.filter(pk=world.ids["accounts_user"]).exists()
