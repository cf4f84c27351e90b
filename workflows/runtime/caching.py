"""The result cache around a call: cache, then single flight, then whatever stands before the call itself."""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import structlog

from studio.kernel import codec
from studio.kernel.errors import NodeError
from studio.kernel.redact import holds_secret
from workflows.engine import cache
from workflows.engine.cache import Keeping, Kept, Lifetime
from workflows.engine.kinds import Effect
from workflows.engine.plan import NodeSettings
from workflows.engine.scope import scope_of
from workflows.engine.steps import State
from workflows.nodes import registry
from workflows.nodes.sdk import Child, Items, Renewed, To, Wait
from workflows.runtime.attempts import Attempt, Tools, rendered
from workflows.runtime.cache_store import Asked, CacheStore, cut_fields
from workflows.runtime.cache_tally import Tally
from workflows.runtime.flights import Flights, Got, Made
from workflows.runtime.journal import Journal
from workflows.runtime.ports import bound
from workflows.runtime.records import Claimed

log = structlog.get_logger()

MEASURED_SECONDS: Final = 1.0
MOST_WORKSPACES: Final = 10_000
PATIENCE_SECONDS: Final = 60.0
HEAVY_BYTES: Final = 64 * 1024
TAG_CHARS: Final = 100
WHOLE_WORKSPACE: Final = "*"

Call = Callable[[Kept | None], Awaitable[Any]]


class Scene(Protocol):
    """The run around an attempt."""

    claimed: Claimed
    state: State
    journal: Journal

    @property
    def host(self) -> Tools: ...


@dataclass(slots=True)
class _Measured:
    until: Mapping[str, float]
    asked_at: float


def pepper_of(secret_key: str) -> bytes:
    """What makes names in the store worthless to whoever has not the installation's secret."""
    return hashlib.blake2b(secret_key.encode(), person=b"result cache").digest()


class ResultCache:
    """One per process. Only attempts of nodes that do not run inline come here: those cost more than a look."""

    def __init__(self, url: str, *, secret_key: str) -> None:
        self.store = CacheStore(url)
        self.tally = Tally(self.store)
        self._flights = Flights(self.store, _described)
        self._pepper = pepper_of(secret_key)
        self._measured: dict[uuid.UUID, asyncio.Future[_Measured]] = {}

    def start(self) -> None:
        self.tally.start()

    async def close(self) -> None:
        await self._flights.close()
        await self.tally.close()
        await self.store.close()

    async def answer(self, scene: Scene, attempt: Attempt, call: Call) -> Any:
        """The attempt's result: kept, shared with others, or by calling; raise as the call does."""
        if attempt.step.spec.settings.cacheable:
            return await self._cached(scene, attempt, call)
        if attempt.effect is not Effect.WRITE and await self._is_measured(scene.claimed):
            return await self._measured_call(scene, attempt, call)
        return await call(None)

    async def _cached(self, scene: Scene, attempt: Attempt, call: Call) -> Any:
        node_settings = attempt.step.spec.settings
        why_not = cache.may_cache(attempt.effect, ttl=node_settings.cache_ttl)
        asked = None if why_not else await self._asked(scene, attempt)
        if asked is None:
            self._note(scene, attempt, {"status": "bypass", "reason": why_not or "no_name"})
            self.tally.add(scene.claimed.workspace_id, attempt.step.spec.kind, bypassed=1)
            return await call(None)
        make = partial(self._make, scene, attempt, call)
        patience = min(node_settings.timeout or PATIENCE_SECONDS, PATIENCE_SECONDS)
        got = await self._flights.get(asked, make, patience=patience)
        self._tell(scene, attempt, asked, got)
        if got.kept is None:
            return got.made.result if got.made is not None else None
        return got.kept.output if got.kept.port is None else To(got.kept.port, got.kept.output)

    # -- Names -----------------------------------------------------------------------------------------------

    async def _asked(self, scene: Scene, attempt: Attempt) -> Asked | None:
        """The output's name and what it belongs to; None when it cannot be named. A wrong template raises."""
        step, node, claimed = attempt.step, attempt.prepared.node, scene.claimed
        key, tags = _rendered_names(step.spec.settings, partial(scope_of, scene.state, step))
        try:
            credentials = await _identities(claimed.workspace_id, node.kind, attempt.params)
            digest = cache.digest(
                self._pepper,
                workspace=claimed.workspace_id.bytes,
                kind=node.kind,
                version=node.version,
                credentials=credentials,
                key=key,
                params=rendered(scene.state, step, attempt.prepared),
                inputs=node.cache_inputs(attempt.params, attempt.context),
            )
        except (NodeError, TypeError, ValueError):
            # The call meets the same credential and the same params, and says what is wrong with them.
            return None
        workflow = None if claimed.workflow_id is None else str(claimed.workflow_id)
        name = None if key is None else cache.hidden(self._pepper, key)
        fields = cut_fields(kind=node.kind, workflow=workflow, tags=tags, digest=digest, name=name)
        return Asked(claimed.workspace_id, digest, node.kind, workflow, fields)

    # -- Calling ---------------------------------------------------------------------------------------------

    async def _make(self, scene: Scene, attempt: Attempt, call: Call, old: Kept | None) -> Made:
        renewable = old is not None and _keeping_of(attempt, old.output).renewable
        began = time.perf_counter()
        result = await call(old if renewable else None)
        took = time.perf_counter() - began
        made = Made(result=result, took=took)
        if isinstance(result, Renewed):
            made.result, made.changed = result.output, result.changed
            if old is not None and not result.changed:
                took = old.took
        if isinstance(made.result, Wait | Items | Child):
            made.reason = "no_output"
            return made
        port, output = _parts(made.result)
        life = _lifetime(attempt, _keeping_of(attempt, output))
        if life is None:
            made.reason = "not_allowed"
            return made
        kept = Kept(output=output, port=port, took=took, execution=str(scene.claimed.id))
        made.value, made.reason = await _sealed(kept, scene.host.executor)
        if made.value is not None:
            made.kept, made.life = kept, life
        return made

    # -- Telling ---------------------------------------------------------------------------------------------

    def _tell(self, scene: Scene, attempt: Attempt, asked: Asked, got: Got) -> None:
        saved, execution = 0.0, None
        if got.kept is not None:
            saved, execution = got.kept.took, got.kept.execution
        elif got.how == "revalidated" and got.made is not None and got.made.kept is not None:
            saved = max(got.made.kept.took - got.made.took, 0.0)
        note = {
            "status": got.how,
            "key": asked.digest,
            "age_seconds": round(got.age, 3),
            "saved_seconds": round(saved, 6),
            "reason": got.reason,
            "execution": execution,
        }
        self._note(scene, attempt, note)
        stored = len(got.made.value) if got.made is not None and got.made.value is not None else 0
        self.tally.add(
            scene.claimed.workspace_id,
            attempt.step.spec.kind,
            **{_COUNTERS[got.how]: 1, "saved_us": int(saved * 1_000_000), "stored_bytes": stored},
            not_stored=int(got.how == "miss" and not stored),
        )

    def _note(self, scene: Scene, attempt: Attempt, note: dict[str, Any]) -> None:
        scene.journal.note_cache(attempt.step.key, note)

    # -- Shadow mode -----------------------------------------------------------------------------------------

    async def _is_measured(self, claimed: Claimed) -> bool:
        """Known at once but for the first time: then all of a workspace wait for one answer."""
        now, workspace = time.time(), claimed.workspace_id
        known = self._measured.get(workspace)
        if known is None or (known.done() and now - known.result().asked_at > MEASURED_SECONDS):
            if len(self._measured) >= MOST_WORKSPACES:
                self._measured.clear()
            known = self._measured[workspace] = asyncio.ensure_future(self._ask_measured(workspace, now))
        until = (await asyncio.shield(known)).until
        return max(until.get(WHOLE_WORKSPACE, 0.0), until.get(str(claimed.workflow_id), 0.0)) > now

    async def _ask_measured(self, workspace: uuid.UUID, now: float) -> _Measured:
        return _Measured(await self.store.measured(workspace) or {}, now)

    async def _measured_call(self, scene: Scene, attempt: Attempt, call: Call) -> Any:
        """Call as if there were no cache, and count what one would have saved."""
        asked = await self._asked(scene, attempt)
        patience = (attempt.step.spec.settings.timeout or PATIENCE_SECONDS) + 5.0
        seen = None if asked is None else await self.store.see(asked, seconds=patience)
        if asked is None or seen is None:
            return await call(None)
        try:
            made = await self._make(scene, attempt, call, None)
        except BaseException:
            if not seen:
                await asyncio.shield(self.store.saw(asked, seconds=None))
            raise
        if not seen:
            await self.store.saw(asked, seconds=None if made.life is None else made.life.fresh)
        self._note(
            scene,
            attempt,
            {
                "status": "shadow",
                "key": asked.digest,
                "saved_seconds": round(made.took, 6) if seen else 0.0,
                "reason": "would_hit" if seen else "would_miss",
            },
        )
        saved = int(made.took * 1_000_000) if seen else 0
        self.tally.add(
            scene.claimed.workspace_id,
            attempt.step.spec.kind,
            shadow_hits=int(seen),
            shadow_misses=int(not seen),
            shadow_saved_us=saved,
        )
        return made.result


_COUNTERS: Final = {
    "hit": "hits",
    "stale": "stale",
    "shared": "shared",
    "revalidated": "revalidated",
    "miss": "misses",
}


def _rendered_names(
    node_settings: NodeSettings, scope: Callable[[], Mapping[str, Any]]
) -> tuple[str | None, list[str]]:
    key, tags = node_settings.cache_key, node_settings.cache_tags
    if key is None and tags is None:
        return None, []
    names = scope()
    given = None if key is None else _text(key.render(names))
    return given, [] if tags is None else [tag_of(one) for one in tags.render(names)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else codec.pack(value).hex()


def tag_of(value: Any) -> str:
    """A tag on one line, as it is kept and asked for."""
    return " ".join(str(value).split())[:TAG_CHARS]


async def _identities(workspace_id: uuid.UUID, kind: str, params: Any) -> list[str]:
    refs = [getattr(params, name) for name in registry.credential_params(kind)]
    if bound.credentials is None:
        return []
    return [
        await bound.credentials.identity(workspace_id=workspace_id, ref=ref)
        for ref in refs
        if ref is not None
    ]


def _parts(result: Any) -> tuple[str | None, Any]:
    return (result.port, result.output) if isinstance(result, To) else (None, result)


def _keeping_of(attempt: Attempt, output: Any) -> Keeping:
    try:
        return attempt.prepared.node.keeping_of(attempt.params, output)
    except Exception:
        # A kind that errs about keeping must not turn a call that went well into a failure.
        log.exception("cache.keeping_defect", kind=attempt.step.spec.kind)
        return Keeping(allowed=False)


def _lifetime(attempt: Attempt, keeping: Keeping) -> Lifetime | None:
    node_settings = attempt.step.spec.settings
    return cache.lifetime(
        attempt.effect, ttl=node_settings.cache_ttl, stale=node_settings.cache_stale, keeping=keeping
    )


async def _sealed(kept: Kept, executor: Executor) -> tuple[bytes | None, str | None]:
    """The stored form, or why there is none; what is large is looked through off the loop."""
    try:
        packed = cache.packed(kept)
    except (OverflowError, TypeError, ValueError):
        return None, "not_json"
    if len(packed) <= HEAVY_BYTES:
        return _stored_form(kept.output, packed)
    if len(packed) > 16 * cache.MOST_BYTES:
        return None, "too_large"
    return await asyncio.get_running_loop().run_in_executor(executor, _stored_form, kept.output, packed)


def _stored_form(output: Any, packed: bytes) -> tuple[bytes | None, str | None]:
    if holds_secret(output):
        return None, "secret"
    sealed = codec.seal(packed)
    return (None, "too_large") if len(sealed) > cache.MOST_BYTES else (sealed, None)


def _described(asked: Asked, made: Made) -> dict[str, Any]:
    kept, life = made.kept, made.life
    return {
        "kind": asked.kind,
        "workflow": asked.workflow,
        "execution": None if kept is None else kept.execution,
        "tags": [field.removeprefix("tag:") for field in asked.fields if field.startswith("tag:")],
        "took": 0.0 if kept is None else round(kept.took, 6),
        "size_bytes": len(made.value or b""),
        "ttl": 0.0 if life is None else life.fresh,
    }
