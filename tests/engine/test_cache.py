"""Names, lifetimes and the stored form of kept outputs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.kernel import codec
from workflows.engine import cache
from workflows.engine.cache import (
    DAY_SECONDS,
    LONGEST_SECONDS,
    PURE_SECONDS,
    READ_SECONDS,
    Keeping,
    Kept,
    Lifetime,
)
from workflows.engine.kinds import Effect

PEPPER = b"p" * 64
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


def name(**changes: Any) -> str:
    given: dict[str, Any] = {
        "workspace": b"w", "kind": "http.request", "version": 1, "credentials": [], "key": None,
        "params": {"a": 1, "b": [2]}, "inputs": None,
    }  # fmt: skip
    return cache.digest(changes.pop("pepper", PEPPER), **{**given, **changes})


def test_a_name_does_not_depend_on_the_order_of_keys() -> None:
    assert name(params={"b": [2], "a": 1}) == name()


@pytest.mark.parametrize(
    "change",
    [
        {"workspace": b"v"}, {"kind": "http.other"}, {"version": 2}, {"credentials": ["one:1"]}, {"key": "k"},
        {"params": {"a": 1, "b": [3]}}, {"params": {"a": "1", "b": [2]}}, {"inputs": {"x": 1}}, {"pepper": b"q"},
    ],
)  # fmt: skip
def test_whatever_decides_an_output_is_part_of_its_name(change: dict[str, Any]) -> None:
    assert name(**change) != name()


def test_a_credential_that_was_changed_is_another_one() -> None:
    assert name(credentials=["one:1"]) != name(credentials=["one:2"])


def test_a_key_stands_for_params_and_inputs() -> None:
    assert name(key="k", params={"a": 9}, inputs=[1]) == name(key="k")


def test_a_key_that_reads_like_params_is_not_mistaken_for_them() -> None:
    assert name(key='{"a":1,"b":[2]}') != name()


def test_what_is_no_json_has_no_name() -> None:
    with pytest.raises(TypeError):
        name(params={"a": object()})


@given(JSON, JSON)
def test_equal_params_have_equal_names_and_others_do_not(one: Any, other: Any) -> None:
    same = codec.pack(one) == codec.pack(other)
    if same:
        assert name(params={"v": one}) == name(params={"v": other})
    else:
        # 1.0 and 1, or keys in another order, may be told apart or not; different texts never share a name.
        assert name(params={"v": repr(one)}) != name(params={"v": repr(other)}) or repr(one) == repr(other)


@pytest.mark.parametrize(
    ("effect", "ttl", "reason"),
    [
        (Effect.WRITE, None, "writes"), (Effect.WRITE, 60, "writes"), (Effect.READ, 0, "ttl_zero"),
        (Effect.READ, None, None), (Effect.NONE, 60, None),
    ],
)  # fmt: skip
def test_writes_are_never_kept(effect: Effect, ttl: float | None, reason: str | None) -> None:
    assert cache.may_cache(effect, ttl=ttl) == reason


@pytest.mark.parametrize(
    ("effect", "ttl", "stale", "keeping", "expected"),
    [
        (Effect.NONE, None, None, Keeping(), Lifetime(PURE_SECONDS, PURE_SECONDS, PURE_SECONDS)),
        (Effect.READ, None, None, Keeping(), Lifetime(READ_SECONDS, READ_SECONDS, READ_SECONDS)),
        (Effect.READ, 60, None, Keeping(), Lifetime(60, 60, 60)),
        (Effect.READ, 60, 30, Keeping(), Lifetime(60, 90, 90)),
        (Effect.READ, 60, 0, Keeping(stale_seconds=30), Lifetime(60, 60, 60)),
        (Effect.READ, None, None, Keeping(seconds=10, stale_seconds=5), Lifetime(10, 15, 15)),
        (Effect.READ, 60, None, Keeping(seconds=10), Lifetime(60, 60, 60)),
        (Effect.READ, 60, None, Keeping(allowed=False), None),
        (Effect.READ, None, None, Keeping(seconds=0), None),
        (Effect.READ, None, None, Keeping(seconds=0, renewable=True), Lifetime(0, 0, DAY_SECONDS)),
        (Effect.NONE, 1e12, None, Keeping(), Lifetime(LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS)),
    ],
)
def test_a_lifetime_follows_the_settings_then_the_other_side_then_the_effect(
    effect: Effect, ttl: float | None, stale: float | None, keeping: Keeping, expected: Lifetime | None
) -> None:
    assert cache.lifetime(effect, ttl=ttl, stale=stale, keeping=keeping) == expected


@given(JSON, st.none() | st.text(max_size=10))
def test_what_is_kept_comes_back_as_it_was(output: Any, port: str | None) -> None:
    kept = Kept(output=output, port=port, took=0.25, execution="e")

    assert cache.unpacked(codec.seal(cache.packed(kept))) == kept


@pytest.mark.parametrize(
    "stored", [b"", b"\x00", b"\x07abc", b"\x01zzz", codec.encode([1, 2]), codec.encode({})]
)
def test_a_damaged_entry_is_none_at_all(stored: bytes) -> None:
    assert cache.unpacked(stored) is None


def test_a_hidden_text_cannot_be_found_without_the_pepper() -> None:
    assert cache.hidden(PEPPER, "orders/7") == cache.hidden(PEPPER, "orders/7")
    assert cache.hidden(PEPPER, "orders/7") != cache.hidden(b"other", "orders/7")
    assert "orders" not in cache.hidden(PEPPER, "orders/7")
