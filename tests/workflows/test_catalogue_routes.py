"""`/node-types` and `/variables`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio.accounts.people import Person
from workflows.models import Variable
from workflows.nodes import registry

pytestmark = pytest.mark.django_db


class TestNodeTypes:
    def test_the_catalogue_has_every_kind(self, victor: Person) -> None:
        answer = victor.get("/node-types").json()

        assert [one["kind"] for one in answer["results"]] == list(registry.nodes())
        assert answer["next"] is None

    def test_one_kind_is_shown_as_in_the_catalogue(self, victor: Person) -> None:
        (listed,) = [one for one in victor.get("/node-types").json()["results"] if one["kind"] == "data.set"]

        assert victor.get("/node-types/data.set").json() == listed
        assert victor.get("/node-types/no.kind").status_code == 404

    @pytest.mark.parametrize("path", ["/node-types", "/node-types/data.set"])
    def test_who_has_it_already_is_told_so(self, victor: Person, path: str) -> None:
        tag = victor.get(path)["ETag"]

        same = victor.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
        other = victor.get(path, headers={"If-None-Match": '"x"'})

        assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
        assert other.status_code == 200


class TestVariables:
    def made(self, bob: Person, name: str = "limit", value: Any = 3) -> Any:
        answer = bob.post("/variables", {"name": name, "value": value})
        assert answer.status_code == 201, answer.content
        return answer

    @pytest.mark.parametrize("value", [None, 1, "x", [1], {"a": {"b": None}}, False])
    def test_a_variable_holds_any_json(self, bob: Person, value: Any) -> None:
        made = self.made(bob, value=value).json()

        assert bob.get(f"/variables/{made['id']}").json()["value"] == value

    def test_they_are_listed_by_name(self, bob: Person, charlie: Person) -> None:
        for name in ("b", "a", "c"):
            self.made(bob, name)
        self.made(charlie, "d")

        page = bob.get("/variables?limit=2").json()
        rest = bob.get(f"/variables?limit=2&cursor={page['next']}").json()

        assert [one["name"] for one in page["results"] + rest["results"]] == ["a", "b", "c"]

    def test_a_name_is_taken_once(self, bob: Person) -> None:
        self.made(bob)

        answer = bob.post("/variables", {"name": "limit", "value": 4})

        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
        assert Variable.objects.get().value == 3

    @pytest.mark.parametrize("name", ["", "A", "a-b", "1a", "a\n", "x" * 64])
    def test_a_name_is_one_that_expressions_can_say(self, bob: Person, name: str) -> None:
        assert bob.post("/variables", {"name": name, "value": 1}).status_code == 422

    def test_a_value_changes_with_its_etag(self, bob: Person) -> None:
        made = self.made(bob)
        path = f"/variables/{made.json()['id']}"

        assert bob.patch(path, {"value": 4}).status_code == 428
        changed = bob.patch(path, {"value": 4}, headers={"If-Match": made["ETag"]})
        stale = bob.patch(path, {"value": 5}, headers={"If-Match": made["ETag"]})

        assert (changed.json()["value"], stale.status_code) == (4, 412)

    def test_a_removed_variable_is_gone(self, bob: Person, victor: Person, charlie: Person) -> None:
        path = f"/variables/{self.made(bob).json()['id']}"

        assert victor.delete(path).status_code == 403
        assert charlie.delete(path).status_code == 404
        assert bob.delete(path).status_code == 204
        assert bob.get(path).status_code == 404
