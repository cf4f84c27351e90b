"""One session, one PostgreSQL and one Valkey of its own, unless DATABASE_URL and REDIS_URL name some.

They start before the settings are read, so the settings, raw connections and worker processes that a test
starts all see the same test database. Tests of pure code (`PURE`) start neither.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from studio.embedded.home import CHECKOUT, Home, known_environment
from studio.embedded.stores import guard_services
from studio.embedded.template import Template, set_aside
from studio.embedded.testing import ensure_from, temporary_home, temporary_stores

TESTS = Path(__file__).resolve().parent
PURE = tuple(
    TESTS / name for name in ("engine", "nodes", "studio/kernel", "studio/outbound", "studio/embedded")
)
NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
APPS = ("studio", "workflows", "webhooks", "analytics", "billing")

pytest_plugins = ("tests.processes",)

_stores = contextlib.ExitStack()
_to_keep: list[tuple[Template, Home]] = []
_set_aside: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
    if all(_is_pure(Path(config.invocation_params.dir), argument) for argument in config.args):
        os.environ.update({name: os.environ.get(name, value) for name, value in NOWHERE.items()})
        return
    given = {name for name in NOWHERE if _is_named(name)}
    if not given:
        _start_own_stores()
    elif given != set(NOWHERE):
        wanted = {"postgres": "DATABASE_URL" not in given, "valkey": "REDIS_URL" not in given}
        os.environ.update(_stores.enter_context(temporary_stores(**wanted)))
    # A fresh server needs no clean-up, and dropping a database that a pool still uses would fail.
    config.option.reuse_db = config.option.reuse_db or os.environ.get("STUDIO_TEST_DATABASE") == "temporary"
    _point_settings_at_the_test_database()


def pytest_unconfigure() -> None:
    for (template, home), database in zip(_to_keep, _set_aside, strict=False):
        template.keep(home, database)
    _stores.close()


def _is_named(name: str) -> bool:
    """What `python -m studio.embedded env` left in the shell is for trying things out, not for tests."""
    return os.environ.get(name) not in {None, "", known_environment(Home.default()).get(name)}


def _is_pure(directory: Path, argument: str) -> bool:
    path = (directory / argument.split("::", 1)[0]).resolve()
    return any(path == pure or pure in path.parents for pure in PURE)


def _start_own_stores() -> None:
    home, guardian = _stores.enter_context(temporary_home())
    migrations = [file for app in APPS for file in (CHECKOUT / app).glob("**/migrations/*.py")]
    template = Template.of(Home.default(), migrations)
    services, copied = ensure_from(template, home)
    guard_services(home, services, guardian, durable=False)
    if not copied:
        _to_keep.append((template, home))
    os.environ.update(services.environment, STUDIO_TEST_DATABASE="temporary")


def _point_settings_at_the_test_database() -> None:
    """Raw connections and subprocesses read DATABASE_URL, so it names the database that the tests migrate."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    url = urlsplit(os.environ["DATABASE_URL"])
    name = "_".join(filter(None, ("test", url.path.strip("/").removeprefix("test_"), worker)))
    os.environ["DATABASE_URL"] = url._replace(path=f"/{name}").geturl()
    if worker:
        redis = urlsplit(os.environ["REDIS_URL"])
        os.environ["REDIS_URL"] = redis._replace(path=f"/{1 + int(worker.removeprefix('gw'))}").geturl()

    from django.conf import settings

    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = name
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The name of the test database is settled above, for workers of pytest-xdist too."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """Right after the migrations, before any test has written, is when the database can be kept."""
    if not _to_keep:
        return
    from django.db import connections

    with django_db_blocker.unblock():
        connections.close_all()
    set_aside(os.environ["DATABASE_URL"])
    _set_aside.append(urlsplit(os.environ["DATABASE_URL"]).path.strip("/"))


@pytest.fixture(autouse=True)
def _empty_partitioned_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """Django's flush after a transactional test skips tables that it did not create."""
    marker = request.node.get_closest_marker("django_db")
    transactional = {"transactional_db", "live_server"} & set(request.fixturenames) or (
        marker is not None and (marker.kwargs.get("transaction") or (marker.args and marker.args[0]))
    )
    if not transactional:
        yield
        return
    blocker = request.getfixturevalue("django_db_blocker")
    request.getfixturevalue("_django_db_helper")
    yield
    from django.db import connection

    with blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(oid::regclass::text, ', ') FROM pg_class WHERE relkind = 'p'")
        tables = cursor.fetchone()[0]
        if tables:
            cursor.execute(f"SET lock_timeout = '10s'; TRUNCATE {tables}; RESET lock_timeout")
