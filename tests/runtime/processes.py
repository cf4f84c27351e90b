"""Real worker processes, each a child of the test that ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

CHECKOUT = Path(__file__).resolve().parents[2]


class StudioProcess:
    """A command of `manage.py` with its log in a temporary file."""

    def __init__(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "manage.py", *command],
            cwd=CHECKOUT,
            env=os.environ
            | {
                "DATABASE_URL": settings.DATABASE_URL,
                "REDIS_URL": settings.REDIS_URL,
                "STUDIO_ALLOW_PRIVATE_NETWORKS": "*",
                "PYTHONUNBUFFERED": "1",
            }
            | dict(environment or {}),
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def is_over(self) -> bool:
        return self.process.poll() is not None

    def output(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def close(self) -> None:
        if not self.is_over():
            self.kill()
        self.log.close()


class WorkerProcess(StudioProcess):
    def __init__(
        self, queues: str = "high_priority,default", environment: Mapping[str, str] | None = None
    ) -> None:
        super().__init__("worker", "--queues", queues, environment=environment)


class SchedulerProcess(StudioProcess):
    def __init__(self) -> None:
        super().__init__("scheduler")


def migrate(database_url: str) -> None:
    subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "migrate", "--verbosity", "0"],
        cwd=CHECKOUT,
        env=os.environ | {"DATABASE_URL": database_url, "REDIS_URL": settings.REDIS_URL},
        check=True,
    )
