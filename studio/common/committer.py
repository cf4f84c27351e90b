"""Group commit: one statement in flight, everything that arrived meanwhile goes into the next.

A durable write costs one fsync whatever its size, so the way to thousands of durable writes a second is to
share them. Waiting to fill a batch does not help (measured): the batch that forms while the previous one is
being written is already the right size.

What callers may rely on:
- `submit` returns the row's own result after the commit that holds it, or raises; nothing in between.
- A row that the database refuses (SQLSTATE 22, 23) fails alone: the batch is bisected until it stands alone.
- A serialisation failure or deadlock repeats the batch; a lost connection or a time-out leaves the outcome
  unknown: the writer looks the keys up, and only what is not there is written again.
- A caller that goes away never takes the batch with it.
- A full queue refuses at once with StoreAway: memory stays bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import psycopg
import structlog
from psycopg import AsyncConnection

from studio.kernel.errors import StoreAway, StudioError

log = structlog.get_logger()

Row = TypeVar("Row")
Result = TypeVar("Result")
RowIn = TypeVar("RowIn", contravariant=True)
ResultOut = TypeVar("ResultOut", covariant=True)
Connection = AsyncConnection[tuple[object, ...]]

MAX_ROWS = 500
MAX_BYTES = 4 << 20
MAX_WAITING = 20_000
RETRIES = 5
REPEATABLE = frozenset({"40001", "40P01"})


class Writer(Protocol[RowIn, ResultOut]):
    """One statement over many rows."""

    def key(self, row: RowIn) -> Hashable:
        """Identifies the row; batches are sorted by it so that two committers lock in the same order."""

    def size(self, row: RowIn) -> int:
        """Roughly how many bytes the row sends."""

    async def write(self, connection: Connection, rows: Sequence[RowIn]) -> Sequence[ResultOut]:
        """Write and commit all rows; results come in the order of `rows`."""

    async def look_up(self, connection: Connection, rows: Sequence[RowIn]) -> Sequence[ResultOut | None]:
        """After an unknown outcome: the result of each row that is there, None for one that is not."""


class RowRefused(StudioError):
    """The database refused this row's content."""

    code = "row_refused"
    message = "The database refused a row."


@dataclass
class _Waiting(Generic[Row, Result]):
    row: Row
    size: int
    future: asyncio.Future[Result]


@dataclass(eq=False)
class GroupCommitter(Generic[Row, Result]):
    """Runs on one event loop, over one connection of its own that it opens again when it breaks."""

    connect: Callable[[], Awaitable[Connection]]
    writer: Writer[Row, Result]
    name: str
    max_rows: int = MAX_ROWS
    max_bytes: int = MAX_BYTES
    max_waiting: int = MAX_WAITING
    patience: float = 20.0
    batches: int = 0
    rows_written: int = 0
    _waiting: list[_Waiting[Row, Result]] = field(default_factory=list)
    _in_flight: list[_Waiting[Row, Result]] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _connection: Connection | None = None
    _closing: bool = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"committer {self.name}")

    async def submit(self, row: Row) -> Result:
        """Write `row` with the next batch and return its result once it is on disk."""
        return await self.post(row)

    def post(self, row: Row) -> asyncio.Future[Result]:
        """Queue `row` now, in call order; the future resolves after its commit."""
        if self._closing or len(self._waiting) >= self.max_waiting:
            raise StoreAway(store=f"The {self.name} writer")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(row, self.writer.size(row), future))
        self._wake.set()
        return future

    async def close(self) -> None:
        """Write what waits, then stop."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        if self._connection is not None:
            await self._connection.close()

    async def abort(self) -> None:
        """Stop at once; what waits fails, and what is in flight may or may not be written."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        _fail([*self._in_flight, *self._waiting], StoreAway(store=f"The {self.name} writer"))
        self._waiting = []
        await self._drop_connection()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                self._in_flight = self._take()
                await self._commit(self._in_flight)
                self._in_flight = []
            if self._closing:
                return

    def _take(self) -> list[_Waiting[Row, Result]]:
        total = count = 0
        for waiting in self._waiting:
            if count and (count >= self.max_rows or total + waiting.size > self.max_bytes):
                break
            total += waiting.size
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        batch.sort(key=lambda waiting: str(self.writer.key(waiting.row)))
        return batch

    async def _commit(self, batch: list[_Waiting[Row, Result]]) -> None:
        try:
            await self._write(batch)
        except StoreAway as error:
            _fail(batch, error)
        except Exception as error:  # every caller must hear of it, whatever it is
            log.exception("committer.failed", committer=self.name, rows=len(batch))
            _fail(batch, error)

    async def _write(self, batch: list[_Waiting[Row, Result]]) -> None:
        deadline = asyncio.get_running_loop().time() + self.patience
        pending, uncertain, attempt = batch, False, 0
        while pending:
            try:
                connection = await self._connected()
                if uncertain:
                    pending, uncertain = await self._settle_known(connection, pending), False
                    continue
                results = await self.writer.write(connection, [waiting.row for waiting in pending])
            except (psycopg.errors.DataError, psycopg.errors.IntegrityError) as error:
                await self._isolate(pending, error)
                return
            except psycopg.Error as error:
                attempt += 1
                if error.sqlstate in REPEATABLE and attempt <= RETRIES:
                    continue
                await self._drop_connection()
                uncertain = True
                if asyncio.get_running_loop().time() >= deadline:
                    log.warning("committer.store_away", committer=self.name, error=type(error).__name__)
                    raise StoreAway() from error
                await asyncio.sleep(min(0.05 * 2**attempt, 1.0))
            except (OSError, TimeoutError) as error:
                await self._drop_connection()
                uncertain = True
                if asyncio.get_running_loop().time() >= deadline:
                    raise StoreAway() from error
                await asyncio.sleep(0.2)
            else:
                self.batches += 1
                self.rows_written += len(pending)
                for waiting, result in zip(pending, results, strict=True):
                    _resolve(waiting, result)
                return

    async def _settle_known(
        self, connection: Connection, pending: list[_Waiting[Row, Result]]
    ) -> list[_Waiting[Row, Result]]:
        found = await self.writer.look_up(connection, [waiting.row for waiting in pending])
        missing = []
        for waiting, result in zip(pending, found, strict=True):
            if result is None:
                missing.append(waiting)
            else:
                _resolve(waiting, result)
        return missing

    async def _isolate(self, batch: list[_Waiting[Row, Result]], error: psycopg.Error) -> None:
        if len(batch) == 1:
            log.warning("committer.row_refused", committer=self.name, sqlstate=error.sqlstate)
            refused = RowRefused()
            refused.__cause__ = error
            _fail(batch, refused)
            return
        middle = len(batch) // 2
        await self._commit(batch[:middle])
        await self._commit(batch[middle:])

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await self.connect()
        return self._connection

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _resolve(waiting: _Waiting[Row, Result], result: Result) -> None:
    if not waiting.future.done():
        waiting.future.set_result(result)


def _fail(batch: Sequence[_Waiting[Row, Result]], error: BaseException) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(error)
            # A caller that went away must not leave "exception was never retrieved" behind.
            waiting.future.exception()
