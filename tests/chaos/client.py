"""A client that gives up on nothing: it asks again with the same idempotency key until it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.runtime.lab import flow, setting

PATIENCE_SECONDS = 150.0
AGAIN_SECONDS = 0.1
PROBE = flow(setting("a", n="{{ trigger.n }}"))


@dataclass
class Client:
    session: aiohttp.ClientSession
    url: str
    workflow: str = ""
    probes: int = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, url: str, token: str) -> AsyncIterator[Client]:
        limit = aiohttp.TCPConnector(limit=50)
        async with aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"},
            connector=limit,
            timeout=aiohttp.ClientTimeout(total=15),
        ) as session:
            yield cls(session, f"{url}/api/v1")

    async def ready(self) -> None:
        await self._until_answered("GET", "/me", accept={200})

    async def prepare_probe(self) -> None:
        self.workflow = await self.publish("chaos-probe", PROBE)

    async def publish(self, name: str, definition: Mapping[str, Any]) -> str:
        made = await self._until_answered(
            "POST", "/workflows", {"name": name, "definition": definition}, key=name, accept={201}
        )
        await self._until_answered("POST", f"/workflows/{made['id']}/publish", accept={200, 201})
        return str(made["id"])

    async def run(self, workflow: str, given: Any, *, key: str) -> str:
        answer = await self._until_answered(
            "POST", f"/workflows/{workflow}/run", {"input": given}, key=key, accept={200, 202}
        )
        return str(answer["id"])

    async def signal(self, execution: str, name: str, payload: Any) -> None:
        """409 means that it has ended, so an earlier try whose answer was lost has arrived."""
        await self._until_answered(
            "POST", f"/executions/{execution}/signals/{name}", payload, accept={200, 202, 204, 409}
        )

    async def execution(self, identifier: str) -> Any:
        return await self._until_answered("GET", f"/executions/{identifier}", accept={200})

    async def probe(self) -> None:
        """Return when an execution that is submitted now has ended."""
        self.probes += 1
        execution = await self.run(self.workflow, {"n": 1}, key=f"probe-{self.probes}-{uuid.uuid4()}")
        while True:
            if (await self.execution(execution))["status"] == "succeeded":
                return
            await asyncio.sleep(0.05)

    async def _until_answered(
        self, method: str, path: str, document: Any = None, *, accept: set[int], key: str = ""
    ) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        last: object = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    try:
                        async with self.session.request(
                            method, self.url + path, json=document, headers=headers
                        ) as answer:
                            body = await answer.read()
                            if answer.status in accept:
                                return await answer.json() if body else None
                            last = (answer.status, body[:500])
                            told = answer.status in {429, 503, 502, 504} or (key and answer.status == 409)
                            assert told, f"{method} {path}: {last}"
                    except (aiohttp.ClientError, TimeoutError, OSError) as error:
                        last = error
                    await asyncio.sleep(AGAIN_SECONDS)
        raise AssertionError(f"{method} {path} was not answered in {PATIENCE_SECONDS:g} s: {last}")
