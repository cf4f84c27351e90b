"""Who calls, by API key. A key that was found good is believed for a few seconds, then looked up again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from studio.accounts.keys import parse_authorization
from studio.accounts.permissions import Access
from studio.accounts.roles import Role
from studio.ingress.caching import Kept
from studio.ingress.reading import Reader
from studio.kernel.clock import utcnow
from studio.kernel.errors import Unauthenticated

BELIEVED_SECONDS: Final = 3.0
MOST: Final = 10_000

KEY_SQL = """
SELECT k.secret_hash, k.role, k.name, k.scopes, k.created_by_id, k.expires_at, w.id, w.slug, w.region, w.tier
FROM accounts_apikey k JOIN accounts_workspace w ON w.id = k.workspace_id
WHERE k.id = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
"""
# To the minute: a write per request would cost more than the request.
USED_SQL = """
UPDATE accounts_apikey SET last_used_at = now()
WHERE id = %s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
"""


@dataclass(slots=True)
class KnownKey:
    secret_hash: bytes
    expires_at: datetime | None
    access: Access
    use_noted: bool = False


class Authentication:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._keys = Kept(self._find, most=MOST, seconds=BELIEVED_SECONDS, worth=bool)

    async def access(self, authorization: bytes) -> Access:
        """What the key in an `Authorization` header may do; raise Unauthenticated."""
        sent = parse_authorization(authorization.decode("latin-1"))
        known = None if sent is None else await self._keys.get(sent.id)
        if sent is None or known is None or not sent.matches(known.secret_hash) or _is_over(known):
            raise Unauthenticated(reason="This API key is unknown, revoked or expired.")
        if not known.use_noted:
            known.use_noted = True
            await self._reader.rows(USED_SQL, [sent.id])
        return known.access

    async def _find(self, identifier: uuid.UUID) -> KnownKey | None:
        row = await self._reader.row(KEY_SQL, [identifier])
        if row is None:
            return None
        secret_hash, role, name, scopes, created_by, expires_at, workspace_id, slug, region, tier = row
        access = Access(
            workspace_id=workspace_id,
            slug=slug,
            region=region,
            tier=tier,
            role=Role(role),
            actor_name=name,
            user_id=created_by,
            key_id=identifier,
            scopes=None if scopes is None else frozenset(scopes),
        )
        return KnownKey(bytes(secret_hash), expires_at, access)


def _is_over(known: KnownKey) -> bool:
    return known.expires_at is not None and known.expires_at <= utcnow()
