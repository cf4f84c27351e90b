"""One write in flight for each execution; what changes meanwhile goes into the next.

That keeps an execution's writes in order and never puts two of them into one batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from workflows.runtime.records import FencedWrite

Post = Callable[[FencedWrite], asyncio.Future[bool]]


class Checkpoints:
    """`build` gathers what is to be written when its turn comes; `ended` hears how each write came out.

    `ended(write, held, error)`: `held` False when the fence was stale, `error` when nobody knows.
    """

    __slots__ = ("_build", "_ended", "_next", "_post", "_writing")

    def __init__(
        self,
        build: Callable[[], FencedWrite],
        post: Post,
        ended: Callable[[FencedWrite, bool, BaseException | None], None],
    ) -> None:
        self._build = build
        self._post = post
        self._ended = ended
        self._writing = False
        self._next: asyncio.Future[None] | None = None

    @property
    def busy(self) -> bool:
        return self._writing

    def save(self) -> asyncio.Future[None]:
        """Write everything that changed until now; the future resolves once it is on disk.

        It is cancelled when the write was refused: then the execution is no longer ours.
        """
        if not self._writing:
            return self._write(asyncio.get_running_loop().create_future())
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        return self._next

    def _write(self, done: asyncio.Future[None]) -> asyncio.Future[None]:
        write = self._build()
        self._writing = True
        self._post(write).add_done_callback(partial(self._written, write, done))
        return done

    def _written(
        self, write: FencedWrite, done: asyncio.Future[None], committed: asyncio.Future[bool]
    ) -> None:
        self._writing = False
        error = asyncio.CancelledError() if committed.cancelled() else committed.exception()
        held = error is None and committed.result()
        following, self._next = self._next, None
        if held and not done.done():
            done.set_result(None)
        elif not held:
            done.cancel()
        self._ended(write, held, error)
        if following is None:
            return
        if held:
            self._write(following)
        else:
            following.cancel()
