"""No route of the API without an authorisation rule, whichever app it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from studio.accounts.permissions import LEAST_ROLE
from studio.common.api import RuledView
from studio.common.rules import MEMBER, PUBLIC
from tests.studio.accounts.people import Person, Stranger

METHODS = ("get", "post", "put", "patch", "delete")
# Reading these is for everybody; signing in is what makes somebody known; a link's token is all it takes.
OPEN = {
    *("get session", "post session", "delete session", "get openapi.json", "get docs/"),
    *("get signals/<str:token>", "post signals/<str:token>"),
}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in get_resolver("studio.api").url_patterns if patterns is None else patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.callback


def operations() -> Iterator[tuple[str, str, Any]]:
    """Every method of every route: `(method, path, rule)`."""
    for path, callback in routes():
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
        assert view is not None, f"{path} is no class of ours"
        assert issubclass(view, RuledView), f"{path}: {view.__name__} is no RuledView"
        for method, name in _methods(callback, view):
            yield method, re.sub(r"(?<!\[)\^|\$|\\Z", "", path), view.rules.get(name)


def _methods(callback: Any, view: type[Any]) -> Iterator[tuple[str, str]]:
    actions = getattr(callback, "actions", None)
    if actions is not None:
        yield from ((method, name) for method, name in actions.items() if method in METHODS)
    else:
        yield from ((method, method) for method in METHODS if hasattr(view, method))


SOME_ID = "0199a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b"
ALL = sorted(operations(), key=str)
GUARDED = [(method, path) for method, path, rule in ALL if rule != PUBLIC]


@pytest.mark.parametrize(("method", "path", "rule"), ALL)
def test_every_route_declares_a_rule_that_exists(method: str, path: str, rule: str | None) -> None:
    assert rule in {*LEAST_ROLE, MEMBER, PUBLIC}, f"{method.upper()} {path} has the rule {rule!r}"


def test_only_signing_in_and_the_description_are_open_to_everybody() -> None:
    assert {f"{method} {path}" for method, path, rule in ALL if rule == PUBLIC} == OPEN


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_stranger_gets_401_everywhere_else(stranger: Stranger, method: str, path: str) -> None:
    answer = stranger.send(method.upper(), _address(path), {})

    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path", "rule"), [entry for entry in ALL if entry[2] in LEAST_ROLE])
def test_a_key_without_the_verb_gets_403(alice: Person, method: str, path: str, rule: str) -> None:
    other = "workspace.read" if rule != "workspace.read" else "workflow.read"
    alice.token = alice.post("/api-keys", {"name": "narrow", "scopes": [other]}).json()["key"]

    assert alice.send(method.upper(), _address(path), {}).status_code == 403


def _address(path: str) -> str:
    """The path with something fitting in the place of every parameter."""
    filled = re.sub(r"\(\?P<\w+>((?:[^()]|\([^()]*\))*)\)", lambda group: _fitting(group[1]), path)
    filled = re.sub(r"<uuid:\w+>", SOME_ID, filled)
    return "/" + re.sub(r"<(?:\w+:)?\w+>", "1", filled)


def _fitting(pattern: str) -> str:
    return next(value for value in ("1", SOME_ID, "x") if re.fullmatch(pattern, value))
