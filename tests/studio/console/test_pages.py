"""Every page of the operators' console opens, for operators only, and shows no secret."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from tests.studio.console.rows import SECRET, World

PAGES = sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry)
HISTORY = [
    "workflows_execution",
    "workflows_step",
    "workflows_version",
    "webhooks_event",
    "security_auditentry",
    "operations_worker",
    "operations_breaker",
]


@pytest.mark.parametrize("page", PAGES)
def test_every_list_opens_and_shows_its_row_but_no_secret(staff: Client, world: World, page: str) -> None:
    answer = staff.get(reverse(f"admin:{page}_changelist"))

    assert answer.status_code == 200
    assert str(world.ids[page]) in answer.content.decode()
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_every_row_opens_and_shows_no_secret(staff: Client, world: World, page: str) -> None:
    answer = staff.get(reverse(f"admin:{page}_change", args=[world.ids[page]]))

    assert answer.status_code == 200
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("page", HISTORY)
def test_history_can_be_neither_added_to_nor_changed_nor_deleted(
    staff: Client, world: World, page: str
) -> None:
    row = world.ids[page]
    answers = [
        staff.get(reverse(f"admin:{page}_add")),
        staff.post(reverse(f"admin:{page}_change", args=[row]), {}),
        staff.post(reverse(f"admin:{page}_delete", args=[row]), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


@pytest.mark.parametrize("page", PAGES)
def test_every_search_finds_a_row_by_its_id_and_survives_any_text(
    staff: Client, world: World, page: str
) -> None:
    url = reverse(f"admin:{page}_changelist")

    assert staff.get(url, {"q": str(world.ids[page])}).status_code == 200
    assert staff.get(url, {"q": "nothing ' \" % like this"}).status_code == 200


def test_the_first_page_shows_live_figures_and_the_latest_failure(staff: Client, world: World) -> None:
    page = staff.get(reverse("admin:index")).content.decode()

    assert "host-1" in page
    assert "too late" in page
    assert "0 of 500 in flight" in page


def test_people_who_are_no_staff_are_sent_to_sign_in(client: Client, bob: User, world: World) -> None:
    client.force_login(bob)

    answers = [client.get(reverse(f"admin:{page}_changelist")) for page in PAGES]

    assert {answer.status_code for answer in answers} == {302}
    assert {answer["Location"].partition("?")[0] for answer in answers} == {reverse("admin:login")}


def test_operators_sign_in_with_their_e_mail_address(client: Client, alice: User) -> None:
    answer = client.post(
        reverse("admin:login") + "?next=/admin/",
        {"username": "ALICE@example.com", "password": "wonderland-7"},
    )

    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_counting_a_list_stops_at_a_bound(
    staff: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.common.admin.MOST_COUNTED", 0)

    page = staff.get(reverse("admin:workflows_execution_changelist"))

    assert page.context["cl"].result_count == 0
