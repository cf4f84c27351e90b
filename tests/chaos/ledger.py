"""The outside world: a server that writes down every effect once per idempotency key, and behaves badly."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

from tests.chaos.graphs import MODULUS

Effect = tuple[str, int]
"""The node that asked for it and the value it sent."""

SLOWEST_SECONDS = 1.5


@dataclass
class Ledger:
    """`misbehaves` turns slowness, 5xx and cut answers on; what happens to a call follows from seed, key and count."""

    seed: int
    port: int = 0
    misbehaves: bool = False
    bodies: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    effects: dict[str, Counter[Effect]] = field(default_factory=lambda: defaultdict(Counter))
    calls: Counter[str] = field(default_factory=Counter)
    misdeeds: Counter[str] = field(default_factory=Counter)
    without_key: int = 0

    async def write(self, request: web.Request) -> web.Response:
        body = await request.read()
        key = request.headers.get("Idempotency-Key")
        if key is None:
            self.without_key += 1
            return web.json_response({}, status=400)
        self.calls[key] += 1
        if request.path == "/refuses-first" and self.calls[key] == 1:
            return web.json_response({}, status=503)
        misdeed = self._misdeed(key)
        if misdeed == "refuses":
            return web.json_response({}, status=503)
        if misdeed == "is slow":
            await asyncio.sleep(SLOWEST_SECONDS * self._chance(key, "for how long"))
        document = json.loads(body)
        if not self.bodies[key]:
            self.effects[document["tag"]][document["node"], document["v"]] += 1
        self.bodies[key].add(body)
        if misdeed == "cuts off":
            assert request.transport is not None
            request.transport.abort()
        if misdeed == "fails afterwards":
            return web.json_response({}, status=500)
        return web.json_response({"receipt": receipt(document["node"], document["v"])})

    async def read(self, request: web.Request) -> web.Response:
        return web.json_response({"receipt": receipt("read", int(request.query["v"]))})

    def _misdeed(self, key: str) -> str:
        chance = self._chance(key, "what")
        chosen = next((name for name, limit in _MISDEEDS if chance < limit), "")
        if not self.misbehaves or not chosen:
            return ""
        self.misdeeds[chosen] += 1
        return chosen

    def _chance(self, key: str, about: str) -> float:
        digest = hashlib.sha256(f"{self.seed} {about} {key} {self.calls[key]}".encode()).digest()
        return int.from_bytes(digest[:4]) / 2**32


_MISDEEDS = (("cuts off", 0.04), ("fails afterwards", 0.07), ("refuses", 0.10), ("is slow", 0.16))


def receipt(node: str, value: int) -> int:
    """Depends on what was sent, so a call with other content changes the execution's output."""
    return (value * 7 + zlib.crc32(node.encode())) % MODULUS


@contextlib.asynccontextmanager
async def running_ledger(seed: int) -> AsyncIterator[Ledger]:
    ledger = Ledger(seed)
    application = web.Application()
    application.router.add_post("/{tail:.*}", ledger.write)
    application.router.add_get("/read", ledger.read)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    ledger.port = runner.addresses[0][1]
    try:
        yield ledger
    finally:
        await runner.cleanup()
