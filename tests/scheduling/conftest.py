from __future__ import annotations

from tests.studio.accounts.people import *  # noqa: F403 - fixtures are found by their names
