"""`/hooks/{token}`: verify on raw bytes, commit with the group, answer 202, ring."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import orjson

from studio.common.committer import GroupCommitter, RowRefused
from studio.common.problem import MethodNotAllowed, NoSuchAddress
from studio.ingress.caching import Kept
from studio.ingress.messages import Answer, json_answer
from studio.ingress.reading import Reader
from studio.ingress.requests import Request
from studio.kernel.errors import Invalid, StoreAway, TooLarge, Unauthenticated
from studio.kernel.ids import uuid7
from studio.operations.queues import Queue
from webhooks.inbound import verification
from webhooks.inbound.records import NewEvent, SourceEntry, Stored
from webhooks.inbound.sources import ENTRY_SQL, TOKEN, entry_of
from workflows.runtime.bell import Bell

PREFIX: Final = "/hooks/"
SOURCE_SECONDS: Final = 3.0
MOST_SOURCES: Final = 10_000
MOST_REFUSALS_A_DAY: Final = 1_000
REFUSED_BODY_BYTES: Final = 4_096
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 8_192
_HIDDEN: Final = "[hidden]"


@dataclass
class RefusalBudget:
    """How many refused requests of a source are kept in a day: enough to see why, never enough to fill a disk."""

    _day: int = 0
    _kept: Counter[object] = field(default_factory=Counter)

    def allows(self, source: object, *, now: float) -> bool:
        day = int(now // 86_400)
        if day != self._day:
            self._day = day
            self._kept.clear()
        self._kept[source] += 1
        return self._kept[source] <= MOST_REFUSALS_A_DAY


class HookRoute:
    def __init__(self, reader: Reader, committer: GroupCommitter[NewEvent, Stored], bell: Bell) -> None:
        self._reader = reader
        self._committer = committer
        self._bell = bell
        self._sources = Kept(self._find, most=MOST_SOURCES, seconds=SOURCE_SECONDS, worth=_is_open)
        self._refusals = RefusalBudget()

    async def answer(self, request: Request) -> Answer:
        token = request.path.removeprefix(PREFIX).partition("/")[0]
        source = await self._sources.get(token) if TOKEN.fullmatch(token) else None
        if source is None or not source.is_active:
            raise NoSuchAddress()
        if request.method not in source.methods:
            raise MethodNotAllowed(allowed=", ".join(sorted(source.methods)))
        now = time.time()
        headers = first_values(request)
        try:
            body = await request.body()
        except TooLarge:
            self._keep_refusal(event_of(request, source, b"", "too_large"), now)
            raise
        reason = verification.refusal(source, headers, body, now=now)
        if reason is not None:
            self._keep_refusal(event_of(request, source, body[:REFUSED_BODY_BYTES], str(reason)), now)
            raise Unauthenticated(reason=f"The request does not prove who sent it ({reason}).")
        return await self._accept(event_of(request, source, body), headers)

    async def _accept(self, event: NewEvent, headers: dict[str, bytes]) -> Answer:
        event.dedup_key = verification.dedup_key(event.source, headers)
        if verification.is_handshake(event.source, headers):
            event.status, event.reason = "processed", "handshake"
        try:
            stored = await self._committer.submit(event)
        except RowRefused as error:
            raise Invalid(reason="The request holds something that cannot be stored.") from error
        if stored.duplicate:
            return json_answer(200, {"id": str(stored.event_id), "duplicate": True})
        if event.status == "stored":
            self._bell.ring([Queue.WEBHOOK])
        return json_answer(202, {"id": str(stored.event_id)})

    def _keep_refusal(self, event: NewEvent, now: float) -> None:
        """Not waited for: a refusal promises nothing, and when the store is busy it is what gives way."""
        if not self._refusals.allows(event.source.id, now=now):
            return
        try:
            self._committer.post(event)
        except StoreAway:
            return

    async def _find(self, token: str) -> SourceEntry | None:
        row = await self._reader.row(ENTRY_SQL, [token])
        return entry_of(row) if row else None


def _is_open(source: SourceEntry | None) -> bool:
    """Only what answers is kept: a workflow that is resumed takes events at once."""
    return source is not None and source.is_active


def first_values(request: Request) -> dict[str, bytes]:
    """Headers for verification: where a name came twice, the first counts and the second proves nothing."""
    found: dict[str, bytes] = {}
    for name, value in request.scope["headers"]:
        found.setdefault(name.decode("latin-1"), value)
    return found


def event_of(request: Request, source: SourceEntry, body: bytes, refused_for: str | None = None) -> NewEvent:
    raw_path: bytes = request.scope["raw_path"]
    rest = raw_path.removeprefix(PREFIX.encode()).partition(b"/")
    return NewEvent(
        id=uuid7(),
        source=source,
        status="stored" if refused_for is None else "refused",
        reason=refused_for,
        method=request.method,
        path=(rest[1] + rest[2]).decode("latin-1") or "/",
        query=request.scope["query_string"].decode("latin-1"),
        headers=kept_headers(request, source),
        body=body,
    )


def kept_headers(request: Request, source: SourceEntry) -> str:
    """As JSON: secrets hidden, values cut where they are long, repeated names joined (RFC 9110 §5.3)."""
    secret = verification.secret_headers(source)
    kept: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"][:MAX_HEADERS]:
        name = raw_name.decode("latin-1")
        value = _HIDDEN if name in secret else raw_value[:MAX_HEADER_BYTES].decode("latin-1")
        kept[name] = f"{kept[name]}, {value}" if name in kept and name not in secret else value
    return orjson.dumps(kept).decode()
