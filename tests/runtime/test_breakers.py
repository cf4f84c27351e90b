"""One breaker for all workers: who is called while it is open, who waits, and how they come back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from django.db import connection

from studio.accounts.access import COMMAND
from studio.kernel.breaker import Breaker, BreakerPlan, Phase
from studio.operations.breaker_address import BreakerAddress, address_of, address_of_key
from studio.operations.breakers import Breakers
from studio.operations.services.breakers import Deed, force_breaker
from tests.runtime.lab import Lab, Server, flow, get, setting
from workflows.runtime.connect import connect

PLAN = BreakerPlan(failures=3, window=30, open_seconds=0.5, cap_seconds=5, probes=2, wave_seconds=0.2)
QUICK = {
    "STUDIO_BREAKER_FAILURES": 3,
    "STUDIO_BREAKER_OPEN_SECONDS": 1.5,
    "STUDIO_BREAKER_CAP_SECONDS": 1.5,
}
NO_VALKEY = "redis://127.0.0.1:1/0"


@pytest.fixture
def quick(settings: Any) -> None:
    for name, value in QUICK.items():
        setattr(settings, name, value)


@contextlib.asynccontextmanager
async def workers(count: int, *, redis_url: str | None = None) -> AsyncIterator[list[Breakers]]:
    """The breakers of so many workers, each with a connection of its own."""
    from django.conf import settings

    opened = [
        Breakers(connect=partial(connect, "breakers"), redis_url=redis_url or settings.REDIS_URL, plan=PLAN)
        for _ in range(count)
    ]
    for one in opened:
        one.start()
    await asyncio.sleep(0.1)
    try:
        yield opened
    finally:
        await asyncio.gather(*(one.close() for one in opened))


def call(breakers: Breakers, address: BreakerAddress, outcome: bool | None, times: int = 1) -> None:
    for _ in range(times):
        licence = breakers.licence(address)
        assert licence is not None
        breakers.tell(licence, outcome, "http_503")


def key_of(url: str) -> str:
    return f"http.request:{url.removeprefix('http://').partition('/')[0]}"


async def state_of(lab: Lab, address: BreakerAddress) -> Breaker:
    row = await lab.one("SELECT state FROM operations_breaker WHERE id = %s", address.id)
    return Breaker.from_document(row["state"])


# -- What workers share --------------------------------------------------------------------------------------


async def test_failures_of_different_workers_add_up(lab: Lab) -> None:
    address = address_of(lab.workspace, "http.request", "example.com:443")
    async with workers(3) as (a, b, c):
        for one in (a, b, c):
            call(one, address, False)
        await lab.until(lambda: all(one.licence(address) is None for one in (a, b, c)))

        assert (await state_of(lab, address)).phase is Phase.OPEN


async def test_four_workers_race_for_the_canary_and_one_of_them_gets_it(lab: Lab) -> None:
    address = address_of(lab.workspace, "http.request", "example.com:443")
    async with workers(4) as racing:
        call(racing[0], address, False, 3)
        await lab.until(lambda: all(one.licence(address) is None for one in racing))
        for expected_trips in (2, 3):
            await asyncio.sleep((await state_of(lab, address)).until - time.time() + 0.05)

            answers = await asyncio.gather(*(one.ask(address) for one in racing for _ in range(50)))
            licences = [(n // 50, licence) for n, licence in enumerate(answers) if licence is not None]

            assert len(licences) == 1
            for n, licence in licences:
                racing[n].tell(licence, False)
            await lab.until(partial(_has_tripped, lab, address, expected_trips))


async def _has_tripped(lab: Lab, address: BreakerAddress, trips: int) -> bool:
    return (await state_of(lab, address)).trips == trips


async def probe(one: Breakers, address: BreakerAddress, outcome: bool) -> None:
    """Ask until there is a licence: what another worker's probe led to takes a moment to be known."""
    for _ in range(200):
        licence = await one.ask(address)
        if licence is not None:
            one.tell(licence, outcome)
            return
        await asyncio.sleep(0.02)
    pytest.fail("no probe was granted")


async def test_probes_that_succeed_close_it_for_everybody(lab: Lab) -> None:
    address = address_of(lab.workspace, "http.request", "example.com:443")
    async with workers(2) as (a, b):
        call(a, address, False, 3)
        await lab.until(lambda: b.licence(address) is None)
        await asyncio.sleep(PLAN.open_seconds + 0.1)

        await probe(a, address, True)
        await probe(b, address, True)

        await lab.until(lambda: a.licence(address) is not None and b.licence(address) is not None)


async def test_good_calls_in_between_keep_it_closed_and_cost_no_statement(lab: Lab) -> None:
    address = address_of(lab.workspace, "http.request", "example.com:443")
    async with workers(1) as (one,):
        call(one, address, True, 1_000)
        await asyncio.sleep(0.3)
        assert await lab.one("SELECT count(*) AS n FROM operations_breaker") == {"n": 0}

        for _ in range(5):
            call(one, address, False, 2)
            call(one, address, True)
        await asyncio.sleep(0.3)

        state = await state_of(lab, address)
        assert (state.phase, state.counts(PLAN, time.time())) == (Phase.CLOSED, (1_005, 10))


async def test_without_valkey_the_news_takes_a_quarter_of_a_second(lab: Lab) -> None:
    address = address_of(lab.workspace, "http.request", "example.com:443")
    async with workers(2, redis_url=NO_VALKEY) as (a, b):
        call(a, address, False, 3)

        await lab.until(lambda: b.licence(address) is None, 2)
        assert await b.ask(address) is None


async def test_workspaces_have_breakers_of_their_own_unless_they_are_widened(lab: Lab, settings: Any) -> None:
    mine = address_of(lab.workspace, "http.request", "alone.example:443")
    theirs = address_of(mine.id, "http.request", "alone.example:443")
    assert mine.id != theirs.id

    settings.STUDIO_BREAKER_SHARED = ["http.request:wide.example:*"]
    shared = {address_of(owner, "http.request", "wide.example:443") for owner in (lab.workspace, mine.id)}

    assert [one.workspace_id for one in shared] == [None]


# -- What executions meet ------------------------------------------------------------------------------------


async def trip(lab: Lab, server: Server) -> None:
    """Three calls that fail."""
    server.down = True
    await asyncio.gather(*(lab.run(flow(get("call", server.url()))) for _ in range(3)))
    await lab.until(partial(_is_phase, lab, server, "open"))


async def _is_phase(lab: Lab, server: Server, phase: str) -> bool:
    found = await lab.one(
        "SELECT count(*) AS n FROM operations_breaker WHERE key = %s AND phase = %s",
        key_of(server.url()),
        phase,
    )
    return bool(found["n"])


async def test_an_open_breaker_parks_a_step_at_no_cost_until_it_recovers(
    quick: None, lab: Lab, server: Server
) -> None:
    await lab.start_engine()
    await trip(lab, server)
    called = len(server.calls)
    identifier = await lab.submit(flow(get("call", server.url()), setting("after", n=1)))

    waiting = await lab.becomes(identifier, "waiting")
    step = (await lab.steps(identifier))["call"]
    assert waiting["reason"]["code"] == "awaits_breaker"
    assert waiting["reason"]["breaker"] == key_of(server.url())
    assert (step["status"], step["attempt"], step["wait"]["kind"]) == ("waiting", 0, "breaker")
    assert len(server.calls) == called
    assert waiting["owner"] is None

    server.down = False
    assert (await lab.end(identifier))["status"] == "succeeded"
    assert (await lab.steps(identifier))["call"]["attempt"] == 1


async def test_a_step_with_a_way_for_failures_takes_it_at_once(quick: None, lab: Lab, server: Server) -> None:
    await lab.start_engine()
    await trip(lab, server)
    called = len(server.calls)
    retry = {"max_attempts": 9, "base": 60}
    fallback = {"on_error": {"fallback": "spare"}, "retry": retry}
    branch = {"on_error": "branch", "retry": retry}

    spared = await lab.run(
        flow(get("call", server.url(), fallback), setting("spare", n=1), edges="start > call")
    )
    branched = await lab.run(
        flow(
            get("call", server.url(), branch),
            setting("b", c="{{ input.error.code }}"),
            edges="start > call, call.error > b",
        )
    )

    assert (spared["status"], spared["output"]) == ("succeeded", {"n": 1})
    assert (branched["status"], branched["output"]) == ("succeeded", {"c": "breaker_open"})
    error = (await lab.steps(branched["id"]))["call"]["error"]
    assert (error["category"], error["details"]["breaker"]) == ("upstream", key_of(server.url()))
    assert len(server.calls) == called


async def test_answers_that_blame_the_caller_never_open_it(quick: None, lab: Lab, server: Server) -> None:
    await lab.start_engine()

    for status in (400, 401, 404, 422, 429) * 2:
        await lab.run(flow(get("call", server.url(f"/?status={status}"))))
    await asyncio.sleep(0.3)

    assert await lab.one("SELECT count(*) AS n FROM operations_breaker") == {"n": 0}


async def test_nothing_is_called_while_nothing_waits(quick: None, lab: Lab, server: Server) -> None:
    await lab.start_engine()
    await trip(lab, server)
    called = len(server.calls)

    await asyncio.sleep(2)

    assert len(server.calls) == called


def forced(lab: Lab, url: str, deed: Deed, reason: str) -> None:
    """As an operator does, from another process."""
    address = address_of_key(lab.workspace, key_of(url))
    assert address is not None
    try:
        force_breaker(address=address, deed=deed, by=COMMAND, reason=reason, expires_in=None)
    finally:
        connection.close()


@pytest.fixture
async def audited(lab: Lab) -> AsyncIterator[None]:
    """What was committed to the trail is gone afterwards."""
    yield
    await lab.connection.execute("TRUNCATE security_auditentry")


async def test_an_operators_word_is_heard_by_workers_at_once_and_frees_what_waited(
    audited: None, lab: Lab, server: Server
) -> None:
    await lab.start_engine()
    assert (await lab.run(flow(get("call", server.url()))))["status"] == "succeeded"

    await asyncio.to_thread(forced, lab, server.url(), "open", "Maintenance.")
    await asyncio.sleep(0.6)
    ids = await lab.submit_many(flow(get("call", server.url())), [None] * 3)
    for one in ids:
        await lab.becomes(one, "waiting")
    assert len(server.calls) == 1

    await asyncio.to_thread(forced, lab, server.url(), "reset", "")
    assert {one["status"] for one in await lab.ends(ids, 6)} == {"succeeded"}
    assert len(server.calls) == 4


# -- An outage under load ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.workers
async def test_an_outage_under_load_is_left_alone_and_everything_ends_well(lab: Lab, server: Server) -> None:
    from tests.runtime.outage import outage

    await lab.start_workers(
        4, STUDIO_BREAKER_FAILURES="5", STUDIO_BREAKER_OPEN_SECONDS="2", STUDIO_BREAKER_CAP_SECONDS="4"
    )

    report = await outage(lab, server, executions=200, seconds=10)

    assert report.statuses == {"succeeded"}
    assert report.most_granted <= 2
    assert report.calls_while_open <= report.trips - 1
    assert report.share_while_open < 0.01
    assert report.tries_lost_while_open == 0
