"""`code.python` and the sandbox below it."""

from __future__ import annotations

import asyncio
import math
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from studio.embedded.os_process import wait_until
from studio.kernel.errors import NodeError, NodeTimedOut, Permanent
from tests.nodes.context import Context, run
from tests.studio.outbound.servers import canary
from workflows.nodes.sandbox import PythonSandbox

needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds workers in /proc")


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[PythonSandbox]:
    pool = PythonSandbox(processes=2)
    yield pool
    await pool.close()


@pytest.fixture
def ctx(sandbox: PythonSandbox) -> Context:
    return Context(sandbox=sandbox, timeout=1.0)


async def python(ctx: Context, code: str) -> Any:
    return await run("code.python", {"code": code}, ctx)


async def failure(ctx: Context, code: str) -> NodeError:
    with pytest.raises(NodeError) as caught:
        await python(ctx, code)
    return caught.value


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("1 + 1", 2),
        ("x = 1\nreturn {'x': x}", {"x": 1}),
        ("for i in range(3):\n    if i == 2:\n        return i", 2),
        ("x = 1", None),
        ("(1, [2.5, None, True])", [1, [2.5, None, True]]),
        ("import datetime\ndatetime.datetime(2026, 1, 2, 3, 4)", "2026-01-02T03:04:00.000000Z"),
        ("import datetime\ndatetime.date(2026, 1, 2)", "2026-01-02"),
        ("async def f():\n    return 7\nawait f()", 7),
        (
            "import json, re, math\n[json.loads('[1]'), re.sub('a', 'b', 'aa'), math.floor(2.5)]",
            [[1], "bb", 2],
        ),
    ],
)
async def test_the_last_expression_or_return_is_the_output(ctx: Context, code: str, output: Any) -> None:
    assert await python(ctx, code) == output


async def test_code_sees_input_trigger_and_nodes(ctx: Context) -> None:
    ctx.input, ctx.trigger, ctx.scope = {"a": 1}, {"b": 2}, {"nodes": MappingProxyType({"first": {"c": 3}})}

    assert await python(ctx, "[input['a'], trigger['b'], nodes['first']['c']]") == [1, 2, 3]


async def test_what_is_printed_is_logged_and_bounded(ctx: Context) -> None:
    await python(ctx, "print('hello')\nfor i in range(2000):\n    print('x' * 100)")

    assert (ctx.logged[0][1][:6], len(ctx.logged), len(ctx.logged[0][1])) == ("hello\n", 1, 64 * 1024)


@pytest.mark.parametrize(
    ("code", "message", "error_code", "line"),
    [
        ("a = 1\nb = a / 0", "Line 2: ZeroDivisionError: division by zero", "code_failed", 2),
        ("def f():\n    raise ValueError('no {x}')\nf()", "Line 2: ValueError: no {x}", "code_failed", 2),
        ("input['b']", "Line 1: KeyError: 'b'", "code_failed", 1),
        ("a = (\n", "Line 2: SyntaxError: unexpected EOF while parsing", "code_syntax", 2),
        ("(" * 5000, "Line 1: SyntaxError: Source is too deeply nested", "code_syntax", 1),
        ("raise TimeoutError('feed')", "Line 1: TimeoutError: feed", "code_failed", 1),
    ],
)
async def test_an_error_in_the_code_names_its_line(
    ctx: Context, code: str, message: str, error_code: str, line: int
) -> None:
    ctx.input = {}
    error = await failure(ctx, code)

    assert (type(error), str(error), error.public_code, error.category, error.details["line"]) == (
        Permanent,
        message,
        error_code,
        "bug",
        line,
    )


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n    pass",
        "sum(range(10**12))",
        "try:\n    while True:\n        pass\nexcept BaseException:\n    7",
    ],
)
async def test_code_that_does_not_end_is_stopped(ctx: Context, code: str) -> None:
    ctx.timeout = 0.2
    error = await failure(ctx, code)

    assert str(error) == "here was still running after 0.2 s and was stopped."


@pytest.mark.parametrize(
    "code",
    [
        "[0] * 10**9",
        "x = 2\nwhile True:\n    x = x * x",
        "x = 'a'\nwhile True:\n    x = x + x",
        "x = []\nwhile True:\n    x.append([0] * 1000)",
        "sorted(range(10**6), key=lambda x: -x)",
    ],
)
async def test_code_that_eats_memory_is_stopped(ctx: Context, code: str) -> None:
    error = await failure(ctx, code)

    assert (type(error), error.public_code) == (Permanent, "code_out_of_memory")


async def test_endless_recursion_is_an_error_in_the_code(ctx: Context) -> None:
    error = await failure(ctx, "def f(n):\n    return f(n + 1)\nf(0)")

    assert str(error) == "Line 2: RecursionError: maximum recursion depth exceeded"


async def test_sleeping_takes_no_time(ctx: Context) -> None:
    assert await python(ctx, "import time\ntime.sleep(3600)\n'awake'") == "awake"


async def test_a_replay_sees_the_same_clock_and_the_same_chance(ctx: Context) -> None:
    code = "import datetime, random\n[datetime.datetime.now().isoformat(), random.random()]"

    first = await python(ctx, code)
    assert (await python(ctx, code), first[0]) == (first, "2026-03-01T12:00:00")


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("{1, 2}", "a set"),
        ("b'x'", "a bytes"),
        ("class A:\n    pass\nA()", "a MontyClassProxy"),
        ("{1: 2}", "keys are not text"),
        ("10**30", "64 bits"),
        ("float('nan')", "not finite"),
        ("x = []\nfor i in range(100):\n    x = [x]\nx", "nested deeper"),
    ],
)
async def test_a_result_that_json_does_not_know_is_refused(ctx: Context, code: str, what: str) -> None:
    error = await failure(ctx, code)

    assert (error.public_code, what in str(error)) == ("code_output", True)


@pytest.mark.parametrize(
    "code",
    [
        "open('{canary}').read()",
        "import os\nos.listdir('/')",
        "import os\nos.environ['CANARY']",
        "import os\nos.getenv('CANARY')",
        "import os\nos.system('id')",
        "import subprocess",
        "import socket\nsocket.create_connection(('127.0.0.1', {port}))",
        "import urllib.request",
        "import ctypes",
        "import pathlib\npathlib.Path('{canary}').read_text()",
        "import pathlib\npathlib.Path('{canary}').write_text('pwned')",
        "__import__('os').system('id')",
        "().__class__.__bases__[0].__subclasses__()",
        "(lambda: 0).__globals__",
        "(lambda: 0).__code__",
        "'{{0.__class__}}'.format(1)",
        "try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame",
        "eval('__import__(\"os\")')",
        "getattr((), '__class__').__mro__",
        "import sys\nsys.modules['os'].system('id')",
        "import builtins\nbuiltins.open('{canary}')",
        "globals()['__builtins__']['open']('{canary}')",
        "type('X', (), {{}})().__class__.__init__.__globals__",
    ],
)
async def test_no_way_leads_out_of_the_sandbox(
    ctx: Context, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "canary.txt"
    secret.write_text("canary-71c2")
    monkeypatch.setenv("CANARY", "canary-71c2")
    async with canary() as seen:
        error = await failure(ctx, code.format(canary=secret, port=seen.port))

        assert ("canary-71c2" in str(error), secret.read_text(), seen.connections) == (
            False,
            "canary-71c2",
            0,
        )


async def test_nothing_stays_behind_for_the_next_run() -> None:
    alone = Context(sandbox=PythonSandbox(processes=1), timeout=1.0)
    await python(alone, "secret = 7\nlen = None\nimport json\nclass A:\n    pass\nstr = A")

    seen = await python(
        alone, "try:\n    secret\nexcept NameError:\n    secret = None\n[secret, len([1]), str(2)]"
    )
    assert seen == [None, 1, "2"]
    await alone.sandbox.close()


@needs_proc
async def test_the_environment_of_a_worker_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "canary-71c2")
    others = workers()
    sandbox = PythonSandbox(processes=1)
    await sandbox.run_python("1", {}, 1.0)

    assert [environment(pid) for pid in workers() - others] == [b""]
    await sandbox.close()


@needs_proc
async def test_a_killed_worker_is_replaced() -> None:
    others = workers()
    sandbox = PythonSandbox(processes=1)
    running = asyncio.create_task(sandbox.run_python("while True:\n    pass", {}, 30.0))
    await asyncio.to_thread(wait_until, lambda: bool(workers() - others), seconds=5)
    await asyncio.sleep(0.1)
    for pid in workers() - others:
        os.kill(pid, signal.SIGKILL)

    with pytest.raises(NodeError) as caught:
        await running
    assert (caught.value.public_code, await sandbox.run_python("1", {}, 1.0)) == ("sandbox_crashed", 1)
    await sandbox.close()


async def test_a_cancelled_run_frees_its_worker() -> None:
    sandbox = PythonSandbox(processes=1)
    running = asyncio.create_task(sandbox.run_python("while True:\n    pass", {}, 30.0))
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.wait([running])

    assert await sandbox.run_python("1", {}, 1.0) == 1
    await sandbox.close()


async def test_code_does_not_hold_up_the_event_loop(ctx: Context) -> None:
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(failure(ctx, "while True:\n    pass"))
    longest, last = 0.0, loop.time()
    while not running.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, loop.time() - last), loop.time()

    assert (isinstance(running.result(), NodeTimedOut), math.floor(longest)) == (True, 0)


def environment(pid: int) -> bytes:
    return Path("/proc", str(pid), "environ").read_bytes()


def workers() -> set[int]:
    """Worker processes of this one, found by their parent."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "stat").read_text()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        parent = int(status.rpartition(")")[2].split()[1])
        if parent == os.getpid() and b"subprocess" in command and b"monty" in command:
            found.add(int(entry.name))
    return found
