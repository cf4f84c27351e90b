"""The pages made from declarations are current."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from studio import env
from studio.documentation import PAGES, stale_pages


def test_every_made_page_is_current() -> None:
    assert sorted(stale_pages(settings.BASE_DIR)) == [], "run `manage.py write_docs`"


def test_a_missing_page_is_stale(tmp_path: Path) -> None:
    assert sorted(stale_pages(tmp_path)) == sorted(PAGES)


def test_every_variable_says_what_it_means() -> None:
    assert [item.name for item in env.declarations() if not item.meaning] == []


def test_no_page_holds_a_secret_or_a_path_of_this_machine() -> None:
    text = "".join(make() for make in PAGES.values())

    assert settings.SECRET_KEY not in text
    assert str(settings.BASE_DIR) not in text
