"""The people of the API tests."""

from tests.studio.accounts.people import *  # noqa: F403 - fixtures are found by their names
