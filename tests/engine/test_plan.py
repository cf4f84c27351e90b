"""What a definition is compiled to."""

from __future__ import annotations

import pytest

from tests.engine.graphs import plan
from workflows.engine.plan import Fallback, NodeSettings, PlanSettings
from workflows.engine.retry import RetryPolicy


def test_settings_have_the_defaults_of_the_contract() -> None:
    compiled = plan("start > a")

    assert compiled.settings == PlanSettings(
        timeout=None, on_failure="stop", max_iterations=1_000, concurrency=None, durability="full"
    )
    assert compiled.nodes["a"].settings == NodeSettings(timeout=30.0, retry=RetryPolicy())


def test_settings_are_those_that_were_given() -> None:
    given = {"timeout": 5, "retry": {"max_attempts": 3}, "queue": "slow", "cacheable": True, "cache_ttl": 60}
    settings = plan("start > a", a=given, workflow={"timeout": 60}).nodes["a"].settings

    assert (settings.timeout, settings.retry.max_attempts, settings.queue) == (5, 3, "slow")
    assert (settings.cacheable, settings.cache_ttl) == (True, 60)


def test_kinds_that_wait_by_nature_have_no_timeout_unless_set() -> None:
    assert plan("each1").nodes["each1"].settings.timeout is None


def test_a_cache_key_is_compiled() -> None:
    key = plan("start > a", a={"cache_key": "{{ trigger.id }}"}).nodes["a"].settings.cache_key

    assert key is not None
    assert key.render({"trigger": {"id": 7}}) == 7


@pytest.mark.parametrize(
    ("join", "needs", "remembers"), [("all", None, False), ("any", 1, True), ({"at_least": 2}, 2, True)]
)
def test_joins_say_how_many_edges_they_need(join: object, needs: int | None, remembers: bool) -> None:
    node = plan("start > a b > c", c={"join": join}).nodes["c"]

    assert (node.fan_in, node.needs, node.remembers) == (2, needs, remembers)


def test_shapes_name_the_loops_and_bodies_around_a_node() -> None:
    compiled = plan("start > h > each1; each1.item > x; each1.done > loop1; loop1.again > h; each1[x]")

    assert compiled.nodes["x"].shape == ("loop:h", "each:each1")
    assert compiled.nodes["each1"].shape == ("loop:h",)
    assert compiled.nodes["start"].shape == ()


def test_a_fallback_belongs_to_the_loops_of_the_node_it_stands_for() -> None:
    compiled = plan("start > h > loop1; loop1.again > h; f", h={"on_error": {"fallback": "f"}})

    assert compiled.nodes["f"].loops == ("h",)
    assert compiled.nodes["h"].settings.on_error == Fallback("f")
    assert compiled.nodes["f"].rescues is compiled.nodes["h"]


def test_roots_are_what_nothing_but_back_edges_leads_to() -> None:
    compiled = plan("start > a; b > c; if1; if1.true > if1; f", a={"on_error": {"fallback": "f"}})

    assert [node.id for node in compiled.roots] == ["start", "b", "if1"]


def test_ends_are_nodes_whose_output_may_go_nowhere() -> None:
    compiled = plan("start > if1 each1; if1.true > a; each1.item > x > y; each1.done > z; each1[x y]")

    assert [node.id for node in compiled.ends[None]] == ["if1", "a", "z"]
    assert [node.id for node in compiled.ends["each1"]] == ["y"]


@pytest.mark.parametrize(
    ("given", "mode"), [("stop", "stop"), ("collect", "collect"), ("null", "null"), (None, "null")]
)
def test_null_is_a_way_to_treat_failed_items(given: str | None, mode: str) -> None:
    for_each = plan("start > m", m={"for_each": {"items": [], "on_item_error": given}}).nodes["m"].for_each

    assert for_each is not None
    assert for_each.on_item_error == mode


def test_a_limit_that_is_a_template_is_left_to_the_node() -> None:
    for_each = plan("each1", each1={"limit": "{{ trigger.n }}"}).nodes["each1"].for_each

    assert for_each is not None
    assert for_each.limit == 10
