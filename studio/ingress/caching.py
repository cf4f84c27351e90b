"""Answers kept for a while: bounded, each no older than it may be, and loaded once however many ask."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """The `most` recently used values of `load`.

    An age counts from before the value was read, so that nothing older than `seconds` is ever handed out. A
    value for which `worth` is false is handed out once and not kept; neither is an error.
    """

    def __init__(
        self,
        load: Callable[[Key], Awaitable[Value]],
        *,
        most: int,
        seconds: float = float("inf"),
        worth: Callable[[Value], bool] = lambda _: True,
    ) -> None:
        self._load = load
        self._most = most
        self._seconds = seconds
        self._worth = worth
        self._values: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._loading: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key) -> Value:
        found = self._values.get(key)
        if found is not None and found[0] + self._seconds > asyncio.get_running_loop().time():
            self._values.move_to_end(key)
            return found[1]
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.create_task(self._fill(key))
            self._loading[key] = loading
        # Shielded: the first caller may go away, the others still wait for the same answer.
        return await asyncio.shield(loading)

    async def _fill(self, key: Key) -> Value:
        asked_at = asyncio.get_running_loop().time()
        try:
            value = await self._load(key)
        finally:
            del self._loading[key]
        if self._worth(value):
            self._values[key] = (asked_at, value)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        else:
            self._values.pop(key, None)
        return value
