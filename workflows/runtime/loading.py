"""Everything a claimed execution needs before it can go on, read for a whole batch at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from studio.common.committer import Connection
from studio.kernel.errors import NodeError
from workflows.runtime.plans import Compiled, Plans
from workflows.runtime.records import Claimed, Mail
from workflows.runtime.rows import Kept, kept_steps
from workflows.runtime.sweep import mail_of

VARIABLES_SQL = """
SELECT workspace_id, name, value::text FROM workflows_variable WHERE workspace_id = ANY(%s::uuid[])
"""


@dataclass(slots=True)
class Loaded:
    """A claimed execution with its plan, or the reason why it cannot run here."""

    claimed: Claimed
    compiled: Compiled | NodeError
    kept: Kept | None = None
    mail: list[Mail] = field(default_factory=list)
    variables: Mapping[str, Any] = field(default_factory=dict)


class Loader:
    """Reads on the connection it is given. Plans are kept, they never change; variables are read each time."""

    def __init__(self, plans: Plans) -> None:
        self.plans = plans

    async def load(self, connection: Connection, claimed: Sequence[Claimed]) -> list[Loaded]:
        plans = await self.plans.load(connection, {one.definition_id for one in claimed})
        loaded = [Loaded(one, plans[one.definition_id]) for one in claimed]
        await self._read_kept(connection, loaded)
        await self._read_mail(connection, loaded)
        await self._read_variables(connection, loaded)
        return loaded

    async def _read_kept(self, connection: Connection, loaded: Sequence[Loaded]) -> None:
        resumed = [one for one in loaded if one.claimed.epoch > 1]
        if resumed:
            kept = await kept_steps(connection, [one.claimed for one in resumed])
            for one in resumed:
                one.kept = kept[one.claimed.id]

    async def _read_mail(self, connection: Connection, loaded: Sequence[Loaded]) -> None:
        addressed = {one.claimed.id: one for one in loaded if one.claimed.has_mail}
        if addressed:
            for mail in await mail_of(connection, list(addressed)):
                addressed[mail.execution_id].mail.append(mail)

    async def _read_variables(self, connection: Connection, loaded: Sequence[Loaded]) -> None:
        wanting = [
            one for one in loaded if not isinstance(one.compiled, NodeError) and one.compiled.uses_variables
        ]
        if not wanting:
            return
        workspaces = list({one.claimed.workspace_id for one in wanting})
        values: dict[object, dict[str, Any]] = {workspace: {} for workspace in workspaces}
        cursor = await connection.execute(VARIABLES_SQL, [workspaces])
        for workspace, name, value in await cursor.fetchall():
            values[workspace][str(name)] = None if value is None else orjson.loads(str(value))
        for one in wanting:
            one.variables = values[one.claimed.workspace_id]
