"""Make an API key from the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from studio.accounts.access import COMMAND
from studio.accounts.models import Workspace
from studio.accounts.roles import Role
from studio.accounts.services.api_keys import create_api_key
from studio.accounts.services.workspaces import create_workspace
from studio.kernel.errors import StudioError


class Command(BaseCommand):
    """Prints the key alone, so that a script can take it: `KEY=$(manage.py create_api_key …)`."""

    help = "Make an API key and print it; it cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, help="Slug of the workspace.")
        parser.add_argument("--name", required=True, help="What the key is for.")
        parser.add_argument("--role", default=Role.EDITOR, choices=Role.values, help="Default: editor.")
        parser.add_argument("--json", action="store_true", help="Print id, name, role and key as JSON.")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                new = create_api_key(
                    workspace=self._workspace(options["workspace"]),
                    name=options["name"],
                    role=Role(options["role"]),
                    by=COMMAND,
                )
        except StudioError as error:
            raise CommandError(error.detail) from error
        if options["json"]:
            shown = {"id": str(new.key.pk), "name": new.key.name, "role": new.key.role, "key": new.token}
            self.stdout.write(json.dumps(shown))
        else:
            self.stdout.write(new.token)

    def _workspace(self, slug: str) -> Workspace:
        """An installation begins without any, so the first key brings its workspace along."""
        workspace = Workspace.objects.filter(slug=slug).first()
        if workspace is not None:
            return workspace
        if Workspace.objects.exists():
            raise CommandError(f"There is no workspace {slug}.")
        self.stderr.write(f"Made the first workspace, {slug}.")
        return create_workspace(slug=slug, name=slug.replace("-", " ").capitalize(), by=COMMAND)
