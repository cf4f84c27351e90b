"""Signing in, and out again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.processes import Studio

pytestmark = [pytest.mark.browser, pytest.mark.workers, pytest.mark.slow]


def _sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_somebody_who_signs_in_gets_to_the_page_they_asked_for(
    stranger: Page, studio_processes: Studio
) -> None:
    stranger.goto("/executions?status=failed")
    _sign_in(stranger, studio_processes.email, studio_processes.password)

    expect(stranger).to_have_url(f"{studio_processes.url}/executions?status=failed")


def test_a_wrong_password_says_so_and_lets_nobody_in(stranger: Page, studio_processes: Studio) -> None:
    stranger.goto("/")
    _sign_in(stranger, studio_processes.email, "not the password")

    expect(stranger.get_by_role("alert")).to_contain_text("do not match")
    stranger.goto("/workflows")
    expect(stranger).to_have_url(re.compile("/sign-in"))


def test_after_signing_in_nobody_is_sent_to_another_site(stranger: Page, studio_processes: Studio) -> None:
    stranger.goto("/sign-in?next=//elsewhere.example/")
    _sign_in(stranger, studio_processes.email, studio_processes.password)

    expect(stranger).to_have_url(f"{studio_processes.url}/workflows")


def test_signing_out_closes_the_page_to_the_next_one(stranger: Page, studio_processes: Studio) -> None:
    stranger.goto("/")
    _sign_in(stranger, studio_processes.email, studio_processes.password)
    stranger.get_by_role("button", name="Account and theme").click()
    stranger.get_by_role("menuitem", name="Sign out").click()
    expect(stranger).to_have_url(re.compile("/sign-in"))
    stranger.goto("/workflows")

    expect(stranger).to_have_url(re.compile("/sign-in"))
