"""`/cache` and `manage.py cache`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from redis import Redis

from studio.accounts.access import SYSTEM
from studio.accounts.models import Workspace
from studio.kernel import keys
from studio.kernel.clock import utcnow
from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET
from tests.workflows.rows import execution, step
from workflows.engine.cache import Lifetime, hidden
from workflows.runtime.cache_store import Asked, CacheStore, cut_fields
from workflows.runtime.caching import pepper_of
from workflows.services.workflows import create_workflow

pytestmark = pytest.mark.django_db

WORKFLOW = "0199a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b"


@pytest.fixture(autouse=True)
def valkey() -> Iterator[Redis]:
    with Redis.from_url(settings.CACHE_URL) as opened:
        yield opened


def asked(
    workspace: Workspace,
    number: int,
    kind: str = "http.request",
    tags: Sequence[str] = (),
    key: str | None = None,
) -> Asked:
    digest = f"{number:032x}"
    name = None if key is None else hidden(pepper_of(settings.SECRET_KEY), key)
    fields = cut_fields(kind=kind, workflow=WORKFLOW, tags=tags, digest=digest, name=name)
    return Asked(workspace.pk, digest, kind, WORKFLOW, fields)


def keep(*entries: Asked, began: int | None = None) -> list[bool]:
    async def all_of_them() -> list[bool]:
        store = CacheStore(settings.CACHE_URL)
        kept = []
        for number, entry in enumerate(entries):
            found = await store.look_up(entry)
            assert found is not None
            meta = {
                "kind": entry.kind, "workflow": WORKFLOW, "execution": None, "tags": [], "took": 0.5, "size_bytes": 3,
            }  # fmt: skip
            life = Lifetime(60 + number, 60 + number, 60 + number)
            begins = found.began if began is None else began
            kept.append(await store.keep(entry, token="", value=b"abc", meta=meta, began=begins, life=life))
        await store.close()
        return kept

    return asyncio.run(all_of_them())


def is_kept(entry: Asked) -> bool:
    async def look() -> bool:
        store = CacheStore(settings.CACHE_URL)
        found = await store.look_up(entry)
        await store.close()
        return found is not None and found.state == "fresh"

    return asyncio.run(look())


def listed(person: Person, query: str = "") -> list[str]:
    return [int(row["key"], 16) for row in person.get(f"/cache/entries{query}").json()["results"]]


def test_what_is_kept_is_listed_without_what_it_says(victor: Person) -> None:
    keep(asked(victor.workspace, 1))

    (row,) = victor.get("/cache/entries").json()["results"]

    assert (row["kind"], row["workflow"], row["size_bytes"], row["seconds"]) == (
        "http.request",
        WORKFLOW,
        3,
        0.5,
    )
    assert set(row) == {
        "key", "kind", "workflow", "execution", "tags", "size_bytes", "seconds", "stored_at", "fresh_until",
        "served_until",
    }  # fmt: skip


def test_pages_follow_each_other_without_gaps(victor: Person) -> None:
    keep(*(asked(victor.workspace, number) for number in range(7)))

    seen, path = [], "/cache/entries?limit=3"
    while path:
        page = victor.get(path).json()
        seen += [int(row["key"], 16) for row in page["results"]]
        path = page["next"] and f"/cache/entries?limit=3&cursor={page['next']}"

    assert seen == [6, 5, 4, 3, 2, 1, 0]


def test_entries_of_other_workspaces_do_not_exist(victor: Person, charlie: Person) -> None:
    keep(asked(charlie.workspace, 1))

    assert listed(victor) == []


@pytest.mark.parametrize(
    ("selector", "left"),
    [
        ({"kind": "http.request"}, [2]),
        ({"tag": "blue"}, [1, 2]),
        ({"workflow": WORKFLOW}, []),
        ({"key": f"{1:032x}"}, [2, 3]),
        ({"key": "orders/7"}, [1, 2]),
        ({"all": True}, []),
        ({"kind": "no.such"}, [1, 2, 3]),
    ],
)
def test_what_is_selected_is_counted_first_and_dropped_then(
    victor: Person, bob: Person, selector: dict[str, Any], left: list[int]
) -> None:
    entries = [
        asked(bob.workspace, 1),
        asked(bob.workspace, 2, kind="code.python"),
        asked(bob.workspace, 3, tags=["blue"], key="orders/7"),
    ]
    keep(*entries)
    dropped = 3 - len(left)

    counted = bob.post("/cache/invalidate", {**selector, "dry_run": True}).json()
    before = [is_kept(entry) for entry in entries]
    done = bob.post("/cache/invalidate", selector).json()

    assert counted == {"entries": dropped, "bytes": 3 * dropped, "dry_run": True}
    assert before == [True, True, True]
    assert done == {**counted, "dry_run": False}
    assert [n for n, entry in enumerate(entries, start=1) if is_kept(entry)] == left


def test_an_invalidation_holds_when_the_store_lost_its_indexes(bob: Person, valkey: Redis) -> None:
    entry = asked(bob.workspace, 1)
    keep(entry)
    for field in ("*", "kind:http.request", f"workflow:{WORKFLOW}"):
        valkey.delete(keys.cache_index_key(bob.workspace.pk, field))

    bob.post("/cache/invalidate", {"kind": "http.request"})

    assert not is_kept(entry)


def test_what_began_before_an_invalidation_is_not_kept_after_it(bob: Person) -> None:
    entry = asked(bob.workspace, 1)

    bob.post("/cache/invalidate", {"all": True})

    assert keep(entry, began=1) == [False]
    assert keep(entry) == [True]


def test_an_invalidation_is_audited_with_its_counts(bob: Person) -> None:
    keep(asked(bob.workspace, 1))

    bob.post("/cache/invalidate", {"kind": "http.request", "dry_run": True})
    bob.post("/cache/invalidate", {"kind": "http.request"})

    (entry,) = AuditEntry.objects.filter(action="cache.invalidated")
    assert entry.workspace_id == bob.workspace.pk
    assert entry.details == {"by": "kind", "value": "http.request", "entries": 1, "bytes": 3}


@pytest.mark.parametrize("body", [{}, {"dry_run": True}, {"kind": "a.b", "tag": "c"}, {"all": False}])
def test_exactly_one_selector_must_be_named(bob: Person, body: dict[str, Any]) -> None:
    answer = bob.post("/cache/invalidate", body)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "one_selector")


def test_viewers_read_and_do_not_clear(victor: Person) -> None:
    assert victor.get("/cache/stats").status_code == 200
    assert victor.post("/cache/invalidate", {"all": True}).status_code == 403
    assert victor.post("/cache/shadow", {}).status_code == 403


def test_many_cuts_become_one_that_drops_no_less(
    bob: Person, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.services.cached.MOST_CUTS", 10)
    entry = asked(bob.workspace, 1, tags=["t0"])
    keep(entry)
    index = keys.cache_index_key(bob.workspace.pk, "tag:t0")
    valkey.delete(index)

    for number in range(12):
        bob.post("/cache/invalidate", {"tag": f"t{number}"})

    assert valkey.hlen(keys.cache_cuts_key(bob.workspace.pk)) <= 10
    assert not is_kept(entry)


def test_stats_add_up_by_kind(victor: Person) -> None:
    async def count() -> None:
        store = CacheStore(settings.CACHE_URL)
        place = victor.workspace.pk
        counted = {
            (place, "http.request", "hits"): 6, (place, "http.request", "misses"): 2,
            (place, "http.request", "saved_us"): 1_500_000,
            (place, "code.python", "shadow_hits"): 3, (place, "code.python", "shadow_misses"): 1,
        }  # fmt: skip
        assert await store.count(counted, f"{utcnow():%Y%m%d}")
        await store.close()

    asyncio.run(count())
    answer = victor.get("/cache/stats").json()

    code, http = answer["kinds"]
    assert (http["kind"], http["hits"], http["misses"], http["hit_rate"], http["saved_seconds"]) == (
        "http.request", 6, 2, 0.75, 1.5,
    )  # fmt: skip
    assert (code["hit_rate"], code["shadow"]["hit_rate"], code["shadow"]["calls"]) == (None, 0.75, 4)
    assert answer["total"]["hits"] == 6


def test_measuring_is_switched_on_and_off(bob: Person) -> None:
    workflow = create_workflow(workspace=bob.workspace, by=SYSTEM, name="Greet", definition=GREET)

    everything = bob.post("/cache/shadow", {}).json()["shadow"]
    both = bob.post("/cache/shadow", {"workflow": str(workflow.pk), "seconds": 60}).json()["shadow"]
    one = bob.post("/cache/shadow", {"seconds": 0}).json()["shadow"]

    assert [row["workflow"] for row in everything] == [None]
    assert {row["workflow"] for row in both} == {None, str(workflow.pk)}
    assert [row["workflow"] for row in one] == [str(workflow.pk)]
    assert bob.get("/cache/stats").json()["shadow"] == one


def test_a_workflow_of_somebody_else_is_not_measured(bob: Person) -> None:
    assert bob.post("/cache/shadow", {"workflow": WORKFLOW}).status_code == 404


def test_a_store_that_is_away_is_said_to_be(victor: Person, settings: Any) -> None:
    from workflows.services import cached

    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    cached._valkey.cache_clear()
    try:
        assert victor.get("/cache/stats").status_code == 503
    finally:
        cached._valkey.cache_clear()


def said(*command: str) -> str:
    output = StringIO()
    call_command("cache", *command, "--workspace", "acme", stdout=output)
    return output.getvalue()


def test_the_command_counts_drops_and_tells(acme: Workspace) -> None:
    keep(asked(acme, 1), asked(acme, 2))

    assert (
        said("invalidate", "--kind", "http.request", "--dry-run") == "2 outputs, 6 bytes would be dropped.\n"
    )
    assert json.loads(said("invalidate", "--all", "--json")) == {"entries": 2, "bytes": 6, "dry_run": False}
    assert said("stats").startswith("0 outputs are kept.")
    assert "the whole workspace until" in said("shadow")
    assert json.loads(said("shadow", "--seconds", "0", "--json")) == {"shadow": []}


def test_the_command_refuses_a_workflow_that_is_not_there(acme: Workspace) -> None:
    with pytest.raises(CommandError):
        said("invalidate", "--workflow", "no-such")


def test_a_step_shows_what_the_cache_had_to_do_with_it(victor: Person) -> None:
    told = {"status": "hit", "key": f"{1:032x}", "age_seconds": 2.5, "saved_seconds": 0.5}
    run = execution(victor.workspace, GREET)
    step(run, "start", "trigger.manual", 1)
    step(run, "hello", "data.set", 2, cache=told)

    shown = victor.get(f"/executions/{run.pk}/steps").json()["results"]

    assert [row["cache"] for row in shown] == [None, told]
