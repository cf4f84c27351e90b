"""Who runs PostgreSQL: it refuses to run as root, so root hands it to an account without rights."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.embedded.errors import EmbeddedError


@dataclass(frozen=True)
class Account:
    """The user a store runs as; `switches` says whether that differs from ours."""

    uid: int
    gid: int
    switches: bool

    def options(self) -> dict[str, Any]:
        """Keyword arguments that make `subprocess` run as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switches else {}

    def may(self, test: str, path: Path) -> bool:
        """Ask the system itself (`test -x path` as that user), so that every rule on the way counts."""
        if not self.switches:
            return True
        asked = subprocess.run(
            ["/bin/sh", "-c", f'cd / && test {test} "$0"', str(path)], check=False, **self.options()
        )
        return asked.returncode == 0

    def may_enter(self, path: Path) -> bool:
        return self.may("-d", path) and self.may("-x", path)

    def own(self, path: Path) -> None:
        if self.switches:
            os.chown(path, self.uid, self.gid)


def store_account(existing_data: Path | None) -> Account:
    """Ourselves, or for root the owner of the data that is there, else `nobody`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switches=False)
    if existing_data is not None and existing_data.exists():
        owner = existing_data.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid, switches=True)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError("PostgreSQL cannot run as root and there is no user `nobody` here.") from error
    return Account(entry.pw_uid, entry.pw_gid, switches=True)
