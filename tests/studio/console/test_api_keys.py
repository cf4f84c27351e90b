"""API keys in the console: shown once, and ended by an action."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse

from studio.accounts.keys import parse_key
from studio.accounts.models import ApiKey
from tests.studio.console.rows import World


def test_a_new_key_is_shown_once_in_the_answer_and_nowhere_else(
    staff: Client, world: World, deeds: list[str]
) -> None:
    answer = staff.post(
        reverse("admin:accounts_apikey_add"),
        {
            "workspace": str(world.workspace.pk),
            "name": "deploy",
            "role": "editor",
            "expires_at_0": "",
            "expires_at_1": "",
        },
    )

    found = re.search(r"stu_[0-9a-f]{32}_[A-Za-z0-9_-]{43}", answer.content.decode())
    assert found is not None
    key = ApiKey.objects.get(name="deploy")
    sent = parse_key(found[0])
    assert sent is not None
    assert sent.id == key.pk
    assert sent.matches(key.secret_hash)
    assert "no-store" in answer["Cache-Control"]
    assert found[0] not in str(answer.cookies)
    assert found[0] not in staff.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content.decode()
    assert "api_key.created" in deeds


def test_the_revoke_action_ends_a_key_and_is_audited(staff: Client, world: World, deeds: list[str]) -> None:
    key = world.ids["accounts_apikey"]

    staff.post(
        reverse("admin:accounts_apikey_changelist"), {"action": "revoke", "_selected_action": [str(key)]}
    )

    assert ApiKey.objects.get(pk=key).revoked_at is not None
    assert deeds == ["api_key.revoked"]
