"""What the commands about workflows share: finding a workspace, reading files, telling errors."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from studio.accounts.models import Workspace
from studio.kernel.errors import Invalid, StudioError
from workflows.services.exchange import Imported, read_document, read_yaml


def add_workspace(parser: CommandParser) -> None:
    parser.add_argument("--workspace", default="demo", help="Slug of the workspace (default: demo).")


def workspace_named(slug: str) -> Workspace:
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise CommandError(f"There is no workspace {slug}.")
    return workspace


def read_file(name: str) -> Imported:
    """A workflow file; YAML is read for JSON too, which it contains."""
    try:
        return read_document(read_yaml(Path(name).read_text(encoding="utf-8")))
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not UTF-8 text.") from error


def read_json(text: str) -> Any:
    """The value; `@FILE` reads it from there."""
    try:
        return json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except OSError as error:
        raise CommandError(f"{text[1:]} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise CommandError("--input is not JSON.") from error


@contextlib.contextmanager
def told_plainly() -> Iterator[None]:
    """A refusal of a service becomes one sentence, and a line for each problem."""
    try:
        yield
    except Invalid as error:
        lines = [f"  {problem.pointer}: {problem.detail}" for problem in error.problems]
        raise CommandError("\n".join([error.detail, *lines])) from error
    except StudioError as error:
        raise CommandError(error.detail) from error
