"""Workflows as files: what goes out comes back the same, and nothing dangerous comes in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.kernel.errors import CallerError, Invalid, Malformed, TooLarge
from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET, UNKNOWN_KIND, definition, node
from workflows.models import Workflow
from workflows.services.exchange import read_document, read_yaml, write_document

text = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")) | st.text(
    alphabet="ab \n\t:#-|>'\"", max_size=20
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
    | st.sampled_from(
        ["on", "yes", "null", "~", "1", "1.5", "1e5", "0x1", "2026-01-01", "12:30", ".inf", "=", "<<"]
    ),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(text, children, max_size=4),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_yaml_gives_back_every_json_value_with_its_type(value: Any) -> None:
    assert repr(read_yaml(write_document({"v": value}, "yaml"))) == repr({"v": value})


def test_code_stays_readable() -> None:
    assert write_document({"code": "a = 1\n\nreturn a\n"}, "yaml") == "code: |\n  a = 1\n\n  return a\n"


def test_words_that_yaml_reads_as_something_else_stay_words() -> None:
    assert read_yaml("a: on\nb: 2026-01-01\nc: Yes\nd: 0o17\ne:\n") == {
        "a": "on", "b": "2026-01-01", "c": "Yes", "d": "0o17", "e": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        "a: &x [1]\nb: *x",
        "1: a",
        "a: 1\na: 2",
        "a: !!python/object/apply:os.system [ls]",
        "a: !!timestamp 2026-01-01",
        "!!set {a}",
        "a: 1e400",
        "? [a]\n: b",
        "--- a\n--- b",
        "\x00",
        "a: '\x07",
        "[" * 100_000,
        "a: " + "9" * 5000,
    ],
    ids=range(13),
)
def test_yaml_with_more_than_json_in_it_is_malformed(document: str) -> None:
    with pytest.raises(Malformed):
        read_yaml(document)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [('a: "\\0"', "/a"), ('a: "\\ud800"', "/a"), ("a: " + "9" * 30, "/a"), ("[" * 64 + "]" * 64, None)],
)
def test_yaml_that_no_store_can_hold_is_refused_with_its_place(document: str, pointer: str | None) -> None:
    if pointer is None:
        assert read_yaml(document)
        return
    with pytest.raises((Invalid, Malformed)) as caught:
        read_yaml(document)
    if isinstance(caught.value, Invalid):
        assert [problem.pointer for problem in caught.value.problems] == [pointer]


def test_a_large_file_is_not_read() -> None:
    with pytest.raises(TooLarge):
        read_yaml("a" * (2 << 20))


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"definition": {}, "colour": 1},
        {"definition": {}, "name": 1},
        {"definition": {}, "name": "x" * 201},
        {"definition": {}, "tags": ["x" * 61]},
        {"definition": {}, "tags": "x"},
    ],
    ids=range(6),
)
def test_an_envelope_with_anything_else_is_refused(document: Any) -> None:
    with pytest.raises(CallerError):
        read_document(document)


@pytest.mark.django_db
class TestOverHttp:
    CODED = definition(
        node("start", "trigger.manual"),
        node("run", "code.python", code="x = input\nreturn {'on': x}\n"),
        edges=[{"from": "start", "to": "run"}],
        notes={"yes": "no", "empty": "", "float": 1.0, "int": 1},
        settings={"timeout": 60},
    )

    @pytest.mark.parametrize("form", ["json", "yaml"])
    @pytest.mark.parametrize("document", [GREET, CODED])
    def test_what_is_exported_imports_as_the_same(
        self, bob: Person, charlie: Person, form: str, document: Any
    ) -> None:
        made = bob.post(
            "/workflows",
            {"name": "Ünïcode: 1", "description": "a\nb", "tags": ["on"], "definition": document},
        ).json()

        exported = bob.get(f"/workflows/{made['id']}/export?format={form}")
        imported = imported_by(charlie, exported.content, exported["Content-Type"])

        assert exported["Content-Disposition"] == f'attachment; filename="{made["slug"]}.{form}"'
        for key in ("name", "description", "tags", "draft", "slug"):
            assert imported.json()[key] == made[key]

    def test_a_bare_definition_is_taken_too(self, bob: Person) -> None:
        imported = bob.post("/workflows/import", GREET)

        assert (imported.status_code, imported.json()["draft"]["definition"]) == (201, GREET)

    def test_problems_of_a_bare_definition_point_into_the_body(self, bob: Person) -> None:
        refused = bob.post("/workflows/import", UNKNOWN_KIND)

        assert refused.json()["errors"][0]["pointer"] == "/nodes/1/kind"
        assert not Workflow.objects.exists()

    def test_broken_yaml_is_400(self, bob: Person) -> None:
        refused = imported_by(bob, b"a: [1", "application/yaml")

        assert (refused.status_code, refused.json()["code"]) == (400, "malformed")

    def test_another_type_is_415(self, bob: Person) -> None:
        assert imported_by(bob, b"<a/>", "application/xml").status_code == 415

    def test_a_version_can_be_exported(self, bob: Person) -> None:
        path = f"/workflows/{bob.post('/workflows', {'name': 'G', 'definition': GREET}).json()['id']}"
        refused = bob.get(f"{path}/export?version=published")
        bob.post(f"{path}/publish")
        bob.patch(path, {"definition": self.CODED}, headers={"If-Match": "*"})

        assert (refused.status_code, refused.json()["code"]) == (409, "not_published")
        assert bob.get(f"{path}/export?version=1").json()["definition"] == GREET
        assert bob.get(f"{path}/export").json()["definition"] == self.CODED

    @pytest.mark.parametrize("query", ["format=xml", "version=x", "version=0", "colour=red"])
    def test_an_odd_parameter_is_400(self, bob: Person, query: str) -> None:
        made = bob.post("/workflows", {"name": "G"}).json()

        assert bob.get(f"/workflows/{made['id']}/export?{query}").status_code == 400


def imported_by(person: Person, body: bytes, content_type: str) -> Any:
    headers = {"Authorization": f"Bearer {person.token}"}
    return Client().generic(
        "POST", "/api/v1/workflows/import", body, content_type=content_type, headers=headers
    )
