"""Credentials for the nodes that name them, on a worker's event loop."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import psycopg
from django.conf import settings
from psycopg import AsyncConnection

from studio.kernel.errors import Category, NotFound, Permanent, Transient
from studio.security.encryption import SecretUnreadable
from studio.security.services.credentials import identify_credential, open_credential

Found = TypeVar("Found")

STATEMENT_MS: Final = 5000
CONNECT_SECONDS: Final = 5


class Vault:
    """Implements `workflows.runtime.ports.Credentials` over one connection of its own, made when it is needed.

    Nothing is kept in the clear between two calls: a credential that was changed or deleted is so at once.
    """

    def __init__(self) -> None:
        self._connection: AsyncConnection[Any] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def open(self, *, workspace_id: uuid.UUID, ref: str) -> Mapping[str, Any]:
        """The fields; raise Permanent (`auth`) when there is no such credential or it cannot be opened."""
        return (await self._ask(open_credential, workspace_id, ref)).fields

    async def identity(self, *, workspace_id: uuid.UUID, ref: str) -> str:
        """Which credential that is, and its revision, without opening it."""
        return await self._ask(identify_credential, workspace_id, ref)

    async def _ask(
        self, question: Callable[..., Awaitable[Found]], workspace_id: uuid.UUID, ref: str
    ) -> Found:
        try:
            async with self._one_at_a_time:
                return await question(await self._connected(), workspace_id=workspace_id, ref=ref)
        except NotFound as error:
            raise _refused("credential_missing", "There is no such credential in this workspace.") from error
        except SecretUnreadable as error:
            raise _refused("credential_unreadable", error.detail) from error
        except (psycopg.OperationalError, OSError) as error:
            await self.close()
            raise Transient(
                reason="The credential could not be read: the database does not answer.",
                category=Category.INFRASTRUCTURE,
            ) from error

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                settings.DATABASE_URL,
                autocommit=True,
                application_name="studio vault",
                connect_timeout=CONNECT_SECONDS,
                options=f"-c statement_timeout={STATEMENT_MS}",
            )
        return self._connection


def _refused(code: str, reason: str) -> Permanent:
    return Permanent(reason=reason, category=Category.AUTH, error_code=code)
