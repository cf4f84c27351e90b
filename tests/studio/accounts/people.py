"""The people of all API tests: alice owns a workspace, bob edits in it, charlie owns another one.

A test folder brings them in through its conftest: `from tests.studio.accounts.people import *`. Models are
imported late: settings are not ready when a conftest is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

if TYPE_CHECKING:
    from django.http import HttpResponse

    from studio.accounts.models import User, Workspace

__all__ = ["acme", "alice", "bob", "carol", "charlie", "globex", "stranger", "victor"]

PASSWORD = "correct horse battery"


@dataclass
class Person:
    """Somebody with an API key of their role; what they send is JSON unless it is bytes."""

    user: User
    workspace: Workspace
    role: str
    token: str

    def get(self, path: str, **options: Any) -> Any:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.send("POST", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.send("PATCH", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.send("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.send("DELETE", path, **options)

    def send(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Any:
        """Call `/api/v1<path>`."""
        return send(method, path, body, headers={"Authorization": f"Bearer {self.token}", **(headers or {})})


@dataclass
class Stranger:
    """Somebody without any key."""

    def send(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Any:
        return send(method, path, body, headers=headers or {})


def send(
    method: str, path: str, body: Any, *, headers: dict[str, str], client: Client | None = None
) -> HttpResponse:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sender = client or _without_cookies()
    return sender.generic(method, f"/api/v1{path}", content, content_type="application/json", headers=headers)


def _without_cookies() -> Client:
    client = _shared_client()
    client.cookies.clear()
    return client


@cache
def _shared_client() -> Client:
    """One for all: a client that is new looks for every static file there is."""
    return Client(raise_request_exception=False)


def person(workspace: Workspace, name: str, role: str) -> Person:
    """A new member of that role."""
    from studio.accounts.access import SYSTEM
    from studio.accounts.roles import Role
    from studio.accounts.services.api_keys import create_api_key
    from studio.accounts.services.users import create_user
    from studio.accounts.services.workspaces import add_member

    user = create_user(email=f"{name}@example.com", password=PASSWORD, name=name.title(), by=SYSTEM)
    add_member(workspace=workspace, user=user, role=Role(role), by=SYSTEM)
    made = create_api_key(workspace=workspace, name=f"{name}'s key", role=Role(role), by=SYSTEM)
    return Person(user, workspace, role, made.token)


def workspace(slug: str) -> Workspace:
    """A new workspace without members."""
    from studio.accounts.access import SYSTEM
    from studio.accounts.services.workspaces import create_workspace

    return create_workspace(slug=slug, name=slug.title(), by=SYSTEM)


@pytest.fixture
def acme(db: None) -> Workspace:
    return workspace("acme")


@pytest.fixture
def globex(db: None) -> Workspace:
    return workspace("globex")


@pytest.fixture
def alice(acme: Workspace) -> Person:
    """Owner."""
    return person(acme, "alice", "owner")


@pytest.fixture
def bob(acme: Workspace) -> Person:
    """Editor."""
    return person(acme, "bob", "editor")


@pytest.fixture
def carol(acme: Workspace) -> Person:
    """Operator."""
    return person(acme, "carol", "operator")


@pytest.fixture
def victor(acme: Workspace) -> Person:
    """Viewer."""
    return person(acme, "victor", "viewer")


@pytest.fixture
def charlie(globex: Workspace) -> Person:
    """Owner of another workspace."""
    return person(globex, "charlie", "owner")


@pytest.fixture
def stranger(db: None) -> Stranger:
    return Stranger()
