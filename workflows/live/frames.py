"""Frames on their way to one client: in order, none twice, and never more of them than fit."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final, NamedTuple

import orjson

MOST_FRAMES: Final = 2_000
MOST_BYTES: Final = 2 << 20


class Frame(NamedTuple):
    """`seq` 0: a frame without a number, such as a hint, which is never dropped as old."""

    seq: int
    text: str


_last: tuple[bytes, list[Frame]] = (b"[]", [])


def read_frames(message: bytes) -> list[Frame]:
    """The frames in a published message; taken apart once for all who watch the same execution."""
    global _last
    if _last[0] is not message:
        _last = (message, [frame(document) for document in orjson.loads(message)])
    return _last[1]


def frame(document: dict[str, Any]) -> Frame:
    return Frame(document.get("seq") or 0, orjson.dumps(document).decode())


class ClientBuffer:
    """`overflown`: more came than fitted, what waited is gone, and nothing is taken any more."""

    def __init__(self) -> None:
        self.overflown = False
        self.gap = False
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def hear(self, message: bytes | None) -> None:
        """A `workflows.live.hub.Listener`."""
        if message is None:
            self.gap = True
        elif not self.overflown:
            for one in read_frames(message):
                self._frames.append(one)
                self._bytes += len(one.text)
            if len(self._frames) > MOST_FRAMES or self._bytes > MOST_BYTES:
                self.overflown = True
                self._frames.clear()
        self._wake.set()

    async def wait(self, seconds: float) -> bool:
        """Whether something came within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    def take(self, after: int) -> list[Frame]:
        """Everything that waits, without what the client has seen already."""
        frames, self._frames, self._bytes = self._frames, deque(), 0
        return [one for one in frames if one.seq == 0 or one.seq > after]
