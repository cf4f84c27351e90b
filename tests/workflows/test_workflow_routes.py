"""`/workflows`: making, reading, changing and removing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person
from tests.workflows.definitions import CYCLE, GREET, INCOMPLETE, UNKNOWN_KIND, definition, node
from workflows.models import Workflow

pytestmark = pytest.mark.django_db


def made(person: Person, name: str = "Greet", **more: Any) -> Any:
    answer = person.post("/workflows", {"name": name, **more})
    assert answer.status_code == 201, answer.content
    return answer


def test_a_new_workflow_is_a_draft_with_its_etag_and_a_slug_from_its_name(bob: Person) -> None:
    answer = made(bob, "Greet people", definition=GREET, tags=["a", "b", "a"])

    workflow = answer.json()
    assert workflow["draft"] == {"definition": GREET, "problems": []}
    assert (workflow["slug"], workflow["status"], workflow["published_version"]) == (
        "greet-people",
        "draft",
        None,
    )
    assert workflow["tags"] == ["a", "b"]
    assert answer["ETag"] == '"1"'
    assert set(workflow) == {
        "id", "name", "slug", "description", "tags", "status", "draft", "published_version", "created_at",
        "updated_at",
    }  # fmt: skip
    assert AuditEntry.objects.get(action="workflow.created").target_id == workflow["id"]


def test_a_workflow_that_was_only_named_has_an_empty_definition(bob: Person) -> None:
    draft = made(bob).json()["draft"]

    assert draft["definition"] == {"schema": "studio/1", "nodes": [], "edges": []}
    assert [problem["code"] for problem in draft["problems"]] == ["no_nodes"]


def test_equal_names_get_numbered_slugs(bob: Person) -> None:
    assert [made(bob, "Same").json()["slug"] for _ in range(3)] == ["same", "same-2", "same-3"]


def test_a_name_without_letters_still_gets_a_slug(bob: Person) -> None:
    assert made(bob, "日本語").json()["slug"] == "workflow"


def test_a_slug_that_is_asked_for_and_taken_is_a_conflict(bob: Person) -> None:
    made(bob, slug="mine")

    answer = bob.post("/workflows", {"name": "Other", "slug": "mine"})

    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")
    assert Workflow.objects.count() == 1


def test_two_workspaces_may_use_the_same_slug(bob: Person, charlie: Person) -> None:
    assert made(bob, slug="mine").json()["slug"] == made(charlie, slug="mine").json()["slug"]


def test_incomplete_params_are_saved_and_told(bob: Person) -> None:
    draft = made(bob, definition=INCOMPLETE).json()["draft"]

    assert draft["definition"] == INCOMPLETE
    assert {"pointer": "/nodes/1/params/url", "code": "required"}.items() <= draft["problems"][0].items()


@pytest.mark.parametrize(
    ("document", "pointer", "code"),
    [
        (UNKNOWN_KIND, "/definition/nodes/1/kind", "unknown_kind"),
        (CYCLE, "/definition/edges/2", "back_edge_needs_branch"),
        (definition({"id": "A", "kind": "data.set"}), "/definition/nodes/0/id", "bad_format"),
        (definition(node("a", "data.set"), node("a", "data.set")), "/definition/nodes/1/id", "duplicate_id"),
        (definition(edges=[{"from": "x", "to": "y"}]), "/definition/edges/0/from", "unknown_node"),
        ({"schema": "studio/9", "nodes": []}, "/definition/schema", "not_allowed"),
        (
            definition({"id": "a", "kind": "data.set", "settings": {"on_error": {"fallback": {}}}}),
            "/definition/nodes/0/settings/on_error/fallback",
            "wrong_type",
        ),
        ([], "/definition", "wrong_type"),
        ("text", "/definition", "wrong_type"),
        (definition(*[node(f"n{n}", "data.set") for n in range(1001)]), "/definition/nodes", "too_many"),
    ],
)
def test_a_broken_definition_is_refused_and_nothing_is_saved(
    bob: Person, document: Any, pointer: str, code: str
) -> None:
    answer = bob.post("/workflows", {"name": "Broken", "definition": document})

    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert (pointer, code) in [(one["pointer"], one["code"]) for one in problem["errors"]]
    assert not Workflow.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"{", 400, None),
        (b"\xff", 400, None),
        (b'{"name": "a", "name": "b"}', 400, None),
        (b"[]", 422, ""),
        (b'{"name": 1}', 422, "/name"),
        (b'{"name": ""}', 422, "/name"),
        (b'{"name": "x", "colour": 1}', 422, "/colour"),
        (b'{"name": "x", "slug": "A b"}', 422, "/slug"),
        (b'{"name": "x", "tags": "a"}', 422, "/tags"),
        (b'{"name": "x", "tags": [1]}', 422, "/tags/0"),
        (b'{"name": "a\\u0000b"}', 422, "/name"),
        (b'{"name": "\\ud800"}', 422, "/name"),
        (b'{"name": "x", "definition": {"nodes": [], "notes": "\\udfff"}}', 422, "/definition/notes"),
        (b'{"name": "x", "definition": {"nodes": [], "notes": 1e999}}', 422, "/definition/notes"),
        (b'{"name": "x", "definition": {"nodes": [], "notes": %s}}' % (b"9" * 30), 422, "/definition/notes"),
        (json.dumps({"name": "x" * 201}).encode(), 422, "/name"),
        (b'{"name": "x", "definition": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 422, None),
        (b'{"name": "' + b"x" * 10_000_000 + b'"}', 413, None),
    ],
    ids=range(18),
)
def test_a_body_that_cannot_be_is_refused_with_its_place(
    bob: Person, body: bytes, status: int, pointer: str | None
) -> None:
    answer = bob.post("/workflows", body)

    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    if pointer is not None:
        assert pointer in [one["pointer"] for one in problem["errors"]]
    assert not Workflow.objects.exists()


def test_the_same_idempotency_key_makes_one_workflow(bob: Person) -> None:
    headers = {"Idempotency-Key": "k1"}

    first = bob.post("/workflows", {"name": "Once"}, headers=headers)
    second = bob.post("/workflows", {"name": "Once"}, headers=headers)
    other = bob.post("/workflows", {"name": "Twice"}, headers=headers)

    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Workflow.objects.count() == 1


class TestChanging:
    def test_a_change_needs_the_etag_it_was_made_from(self, bob: Person) -> None:
        workflow = made(bob).json()

        without = bob.patch(f"/workflows/{workflow['id']}", {"name": "New"})
        stale = bob.patch(f"/workflows/{workflow['id']}", {"name": "New"}, headers={"If-Match": '"7"'})

        assert (without.status_code, stale.status_code) == (428, 412)
        assert Workflow.objects.get().name == "Greet"

    def test_what_is_left_out_stays_and_the_etag_moves_on(self, bob: Person) -> None:
        answer = made(bob, definition=GREET, description="Says hello.")
        path = f"/workflows/{answer.json()['id']}"

        changed = bob.patch(path, {"name": "New", "tags": ["x"]}, headers={"If-Match": answer["ETag"]})

        assert changed.status_code == 200
        assert changed["ETag"] == '"2"'
        assert changed.json()["draft"]["definition"] == GREET
        assert (changed.json()["name"], changed.json()["description"]) == ("New", "Says hello.")
        assert bob.get(path).json() == changed.json()

    def test_a_broken_definition_changes_nothing(self, bob: Person) -> None:
        answer = made(bob, definition=GREET)
        path = f"/workflows/{answer.json()['id']}"

        refused = bob.patch(
            path, {"name": "New", "definition": UNKNOWN_KIND}, headers={"If-Match": answer["ETag"]}
        )

        assert refused.status_code == 422
        assert bob.get(path).json() == answer.json()

    def test_a_slug_may_change_while_it_is_free(self, bob: Person) -> None:
        made(bob, slug="taken")
        answer = made(bob)
        path, headers = f"/workflows/{answer.json()['id']}", {"If-Match": answer["ETag"]}

        taken = bob.patch(path, {"slug": "taken"}, headers=headers)
        free = bob.patch(path, {"slug": "free"}, headers=headers)

        assert (taken.status_code, free.json()["slug"]) == (409, "free")


class TestRemoving:
    def test_a_removed_workflow_is_gone(self, bob: Person) -> None:
        path = f"/workflows/{made(bob).json()['id']}"

        assert bob.delete(path).status_code == 204
        assert bob.get(path).status_code == 404

    def test_an_etag_that_is_sent_must_match(self, bob: Person) -> None:
        path = f"/workflows/{made(bob).json()['id']}"

        assert bob.delete(path, headers={"If-Match": '"9"'}).status_code == 412
        assert bob.get(path).status_code == 200


class TestListing:
    def test_pages_follow_each_other_newest_first(self, bob: Person) -> None:
        names = [made(bob, f"W{number}").json()["name"] for number in range(5)]

        seen, cursor = [], ""
        while cursor is not None:
            page = bob.get(f"/workflows?limit=2&cursor={cursor}").json()
            seen += [workflow["name"] for workflow in page["results"]]
            cursor = page["next"]

        assert seen == names[::-1]

    def test_filters_narrow_the_list(self, bob: Person) -> None:
        made(bob, "Send mail", tags=["crm"])
        published = made(bob, "Fetch", definition=GREET).json()["id"]
        bob.post(f"/workflows/{published}/publish")

        def names(query: str) -> list[str]:
            return [one["name"] for one in bob.get(f"/workflows?{query}").json()["results"]]

        assert names("q=MAIL") == ["Send mail"]
        assert names("tag=crm") == ["Send mail"]
        assert names("status=published") == ["Fetch"]
        assert names("q=%25") == []

    @pytest.mark.parametrize(
        "query", ["colour=red", "limit=0", "limit=x", "cursor=%%%", "status=odd", "q=a&q=b"]
    )
    def test_a_parameter_that_means_nothing_is_400(self, bob: Person, query: str) -> None:
        assert bob.get(f"/workflows?{query}").status_code == 400

    def test_a_page_costs_the_same_queries_however_long_it_is(
        self, bob: Person, django_assert_num_queries: Any
    ) -> None:
        for number in range(12):
            made(bob, f"W{number}")
        bob.get("/workflows")

        with django_assert_num_queries(2):
            bob.get("/workflows")


class TestBelonging:
    def test_another_workspace_sees_and_changes_nothing(self, bob: Person, charlie: Person) -> None:
        answer = made(bob, definition=GREET)
        path = f"/workflows/{answer.json()['id']}"
        headers = {"If-Match": "*"}

        refused = [
            charlie.get(path),
            charlie.patch(path, {"name": "Mine"}, headers=headers),
            charlie.delete(path),
            charlie.get(f"{path}/export"),
            charlie.get(f"{path}/versions"),
            *(charlie.post(f"{path}/{verb}") for verb in ("publish", "pause", "resume", "archive", "run")),
        ]

        assert {answer.status_code for answer in refused} == {404}
        assert charlie.get("/workflows").json()["results"] == []
        assert bob.get(path).json() == answer.json()

    def test_a_viewer_reads_and_changes_nothing(self, bob: Person, victor: Person) -> None:
        answer = made(bob, definition=GREET)
        path = f"/workflows/{answer.json()['id']}"

        assert victor.get(path).json() == answer.json()
        assert victor.post("/workflows", {"name": "Mine"}).status_code == 403
        assert victor.patch(path, {"name": "Mine"}, headers={"If-Match": "*"}).status_code == 403
        assert victor.post(f"{path}/publish").status_code == 403
        assert Workflow.objects.get().name == "Greet"

    def test_an_operator_runs_but_does_not_edit(self, bob: Person, carol: Person) -> None:
        path = f"/workflows/{made(bob, definition=GREET).json()['id']}"

        assert carol.patch(path, {"name": "Mine"}, headers={"If-Match": "*"}).status_code == 403
        assert carol.post(f"{path}/run").status_code == 202
        assert carol.post("/run", {"definition": GREET}).status_code == 403


class TestValidating:
    def test_every_problem_is_told_with_its_place_and_its_weight(self, victor: Person) -> None:
        broken = definition(node("a", "no.kind"), node("b", "http.request"))

        answer = victor.post("/workflows/validate", {"definition": broken}).json()

        weights = {(problem["pointer"], problem["blocks"]) for problem in answer["problems"]}
        assert not answer["valid"]
        assert {("/nodes/0/kind", "save"), ("/nodes/1/params/url", "publish")} <= weights

    def test_a_definition_without_a_trigger_is_not_ready(self, victor: Person) -> None:
        answer = victor.post(
            "/workflows/validate", {"definition": definition(node("a", "data.set", values={}))}
        )

        assert [problem["code"] for problem in answer.json()["problems"]] == ["trigger_missing"]

    def test_a_sound_definition_has_no_problems(self, victor: Person) -> None:
        answer = victor.post("/workflows/validate", {"definition": GREET})

        assert answer.json() == {"valid": True, "problems": []}

    @pytest.mark.parametrize("document", [None, 1, "x", [], {}, {"nodes": {}}, {"nodes": [None, 1, []]}])
    def test_anything_can_be_validated(self, victor: Person, document: Any) -> None:
        answer = victor.post("/workflows/validate", {"definition": document})

        assert answer.status_code in (200, 422)

    def test_the_schema_is_the_one_that_definitions_are_checked_by(self, victor: Person) -> None:
        schema = victor.get("/workflows/schema").json()

        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["required"] == ["nodes"]
