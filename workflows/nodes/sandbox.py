"""Where other people's Python runs: Monty workers, processes of their own with a tiny interpreter in them.

The interpreter knows no network, no files and no environment; time, memory and recursion are bounded inside,
and a worker that overruns is killed from outside and replaced. Every run has a session of its own; it takes
its state along when it ends, so nothing passes from one run, or one workspace, to the next.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pydantic_monty as monty
from pydantic_monty._binary import find_monty_binary

from studio.kernel.clock import rfc3339
from studio.kernel.errors import Category, NodeError, NodeTimedOut, Permanent, Transient

MEMORY_BYTES = 64 * 1024 * 1024
RECURSION_DEPTH = 200
MAX_NESTING = 64
MAX_PRINTED_CHARS = 64 * 1024
MAX_MESSAGE_CHARS = 500
RUNS_PER_WORKER = 10_000
# How long past its time a worker may take to notice it before it is killed.
GRACE_SECONDS = 0.5
# A second wall below the interpreter's limits: 1.5 GB of address space, no file, no core, few descriptors.
_LIMITS = ("ulimit -v 1500000", "ulimit -f 0", "ulimit -c 0", "ulimit -n 64")
_MAX_INTEGER = 2**64 - 1
_MIN_INTEGER = -(2**63)


class PythonSandbox:
    """A pool of workers, started by the first run; `close()` ends them."""

    def __init__(self, *, processes: int | None = None, memory_bytes: int = MEMORY_BYTES) -> None:
        self._processes = processes
        self._memory_bytes = memory_bytes
        self._starting = asyncio.Lock()
        self._pool: monty.AsyncMonty | None = None
        self._wrapper: tempfile.TemporaryDirectory[str] | None = None

    async def run_python(
        self,
        code: str,
        inputs: Mapping[str, Any],
        timeout: float,
        *,
        now: datetime | None = None,
        seed: str | None = None,
        node: str = "code",
        on_print: Callable[[str], None] | None = None,
    ) -> Any:
        """The JSON value of the last expression or of `return`.

        `timeout` counts seconds of execution, not of waiting for a free worker. With `now` the clock stands
        still, with `seed` random numbers repeat. What is printed goes to `on_print`, once and cut to a bound.
        """
        pool = await self._started()
        printed = _Printed()
        try:
            async with pool.checkout(limits=self._limits(timeout), os_policy=_policy(now, seed)) as session:
                result = await session.feed_run(code, inputs=dict(inputs), print_callback=printed.take)
        except monty.MontyError as error:
            raise _translate(error, node, timeout) from error
        finally:
            if on_print is not None and printed.parts:
                on_print("".join(printed.parts))
        return to_json(result)

    async def close(self) -> None:
        """End the workers; runs in progress fail."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.__aexit__(None, None, None)
        if self._wrapper is not None:
            self._wrapper.cleanup()
            self._wrapper = None

    async def _started(self) -> monty.AsyncMonty:
        async with self._starting:
            if self._pool is None:
                self._wrapper, binary = _guarded_binary()
                pool = monty.AsyncMonty(
                    binary_path=binary,
                    min_processes=1,
                    max_processes=self._processes,
                    max_checkouts_per_worker=RUNS_PER_WORKER,
                    feed_duration_limit_grace=GRACE_SECONDS,
                )
                self._pool = await pool.__aenter__()
            return self._pool

    def _limits(self, timeout: float) -> monty.ResourceLimits:
        return monty.ResourceLimits(
            max_feed_duration_secs=timeout,
            max_memory=self._memory_bytes,
            max_recursion_depth=RECURSION_DEPTH,
            max_suspensions=1000,
        )


class _Printed:
    """What the code printed, up to a bound; more is dropped, so that printing never fails the code."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.left = MAX_PRINTED_CHARS

    def take(self, _stream: str, text: str) -> None:
        if self.left > 0:
            self.parts.append(text[: self.left])
            self.left -= len(text)


def to_json(value: Any, depth: int = 0) -> Any:
    """The value if JSON knows it, times as text and tuples as lists; else raise Permanent `code_output`."""
    if depth > MAX_NESTING:
        raise _bad_output(f"is nested deeper than {MAX_NESTING} levels")
    match value:
        case None | bool() | str():
            return value
        case int():
            if not _MIN_INTEGER <= value <= _MAX_INTEGER:
                raise _bad_output("holds an integer of more than 64 bits")
            return value
        case float():
            if value != value or value in (float("inf"), float("-inf")):
                raise _bad_output("holds a number that is not finite")
            return value
        case list() | tuple():
            return [to_json(item, depth + 1) for item in value]
        case dict():
            return {_key(key): to_json(item, depth + 1) for key, item in value.items()}
        case datetime():
            return rfc3339(value if value.tzinfo is not None else value.replace(tzinfo=UTC))
        case date():
            return value.isoformat()
    raise _bad_output(f"holds a {type(value).__name__}, which JSON does not know")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise _bad_output("holds an object whose keys are not text")
    return key


def _bad_output(what: str) -> Permanent:
    return Permanent(reason=f"The result {what}.", category=Category.BUG, error_code="code_output")


def _policy(now: datetime | None, seed: str | None) -> monty.OSPolicy:
    policy = monty.OSPolicy(sleep="zero")
    if now is not None:
        policy["datetime"] = now
    if seed is not None:
        policy["random_start"] = monty.RandomSeed(seed=seed)
    return policy


def _translate(error: monty.MontyError, node: str, timeout: float) -> NodeError:
    if isinstance(error, monty.MontyCrashedError):
        if error.timed_out:
            return NodeTimedOut(node=node, seconds=timeout)
        return Transient(
            reason="The sandbox ended while the code ran.",
            category=Category.INFRASTRUCTURE,
            error_code="sandbox_crashed",
        )
    inner = error.exception()
    text = str(inner)
    if isinstance(inner, TimeoutError) and text.startswith("feed time limit exceeded"):
        return NodeTimedOut(node=node, seconds=timeout)
    if isinstance(inner, MemoryError):
        return Permanent(
            reason="The code needs more memory than it may use.",
            category=Category.BUG,
            error_code="code_out_of_memory",
        )
    line = _line(error)
    place = f"Line {line}: " if line is not None else ""
    kind = type(inner).__name__
    return Permanent(
        reason=f"{place}{kind}: {text}"[:MAX_MESSAGE_CHARS],
        category=Category.BUG,
        error_code="code_syntax" if isinstance(error, monty.MontySyntaxError) else "code_failed",
        details={"line": line, "exception": kind},
    )


def _line(error: monty.MontyError) -> int | None:
    if not isinstance(error, monty.MontyRuntimeError | monty.MontySyntaxError):
        return None
    frames = error.traceback()
    return frames[-1].line if frames else None


def _guarded_binary() -> tuple[tempfile.TemporaryDirectory[str] | None, str]:
    """The worker's binary behind a script that takes its environment away and limits the process."""
    binary = find_monty_binary()
    if os.name != "posix" or not Path("/bin/sh").exists() or not Path("/usr/bin/env").exists():
        return None, binary
    directory = tempfile.TemporaryDirectory(prefix="studio-sandbox-")
    script = Path(directory.name, "worker")
    command = f'cd / && exec /usr/bin/env -i {shlex.quote(binary)} "$@" 2>/dev/null'
    script.write_text("\n".join(["#!/bin/sh", *_LIMITS, command, ""]))
    script.chmod(0o700)
    return directory, str(script)
