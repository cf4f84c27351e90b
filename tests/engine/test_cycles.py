"""Which cycles are loops, and what belongs to them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.cycles import analyse

Edges = list[tuple[str, str]]


def edges(text: str) -> Edges:
    return [(pair[0], pair[1]) for pair in text.split()]


def test_a_graph_without_cycles_has_no_loops() -> None:
    found = analyse("abcd", edges("ab ac bd cd"), "")

    assert (found.back, found.forbidden, found.loops, found.entries) == (frozenset(), (), {}, ("a",))


def test_a_back_edge_leads_to_a_node_that_every_way_passes() -> None:
    found = analyse("abcd", edges("ab bc cb cd"), "c")

    assert found.back == {2}
    assert found.loops == {"b": frozenset("bc")}


def test_the_ways_out_and_what_comes_before_belong_to_no_loop() -> None:
    found = analyse("abcdex", edges("ab bc cd db de bx"), "d")

    assert found.loops == {"b": frozenset("bcd")}


def test_loops_nest() -> None:
    found = analyse("abcd", edges("ab bc cb cd da"), "cd")

    assert found.loops == {"b": frozenset("bc"), "a": frozenset("abcd")}


def test_two_edges_back_to_one_node_make_one_loop() -> None:
    found = analyse("abcd", edges("ab bc cb bd db"), "cd")

    assert found.loops == {"b": frozenset("bcd")}


def test_a_cycle_with_two_ways_in_is_forbidden() -> None:
    found = analyse("abc", edges("ab ac bc cb"), "abc")

    assert found.back == frozenset()
    assert len(found.forbidden) == 1


def test_a_cycle_that_nothing_leads_to_may_begin_at_one_node() -> None:
    found = analyse("ab", edges("ab ba"), "b")

    assert found.entries == ("a",)
    assert found.back == {1}
    assert found.forbidden == ()


def test_a_cycle_that_nothing_leads_to_and_nothing_can_begin_is_forbidden() -> None:
    found = analyse("ab", edges("ab ba"), "")

    assert (found.entries, found.forbidden) == ((), (1,))


def test_a_cycle_that_another_one_leads_to_begins_where_it_is_entered() -> None:
    found = analyse("abcx", edges("ab ba xx xc ca"), "abx")

    assert (found.entries, found.forbidden) == (("x",), ())
    assert found.loops == {"a": frozenset("ab"), "x": frozenset("x")}


def test_a_node_that_leads_to_itself_is_a_loop_of_one() -> None:
    assert analyse("ab", edges("ab bb"), "b").loops == {"b": frozenset("b")}


def test_a_large_graph_costs_no_recursion() -> None:
    ids = [str(number) for number in range(1_000)]

    assert analyse(ids, list(itertools.pairwise(ids)), ()).entries == ("0",)


_ids = "abcdef"


@given(st.lists(st.tuples(st.sampled_from(_ids), st.sampled_from(_ids)), unique=True, max_size=14))
def test_without_back_and_forbidden_edges_no_cycle_is_left(given_edges: Edges) -> None:
    found = analyse(_ids, given_edges, _ids)
    left = [edge for at, edge in enumerate(given_edges) if at not in found.back and at not in found.forbidden]

    nodes = set(_ids)
    while loose := {node for node in nodes if not any(target == node for _, target in left)}:
        nodes -= loose
        left = [edge for edge in left if edge[0] not in loose]
    assert not nodes


@given(st.lists(st.tuples(st.sampled_from(_ids), st.sampled_from(_ids)), unique=True, max_size=14))
def test_every_way_to_the_end_of_a_back_edge_passes_its_beginning(given_edges: Edges) -> None:
    found = analyse(_ids, given_edges, _ids)
    for at in found.back:
        source, target = given_edges[at]
        reached = set(found.entries) - {target}
        grown = True
        while grown:
            more = {end for start, end in given_edges if start in reached and end != target} - reached
            grown = bool(more)
            reached |= more
        assert source == target or source not in reached
