"""Values that expressions read as `vars`."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict
from studio.security.services import audit
from workflows.models import Variable


@transaction.atomic
def create_variable(*, workspace: Workspace, name: str, value: Any, by: Actor) -> Variable:
    """Raise Conflict when the name is taken."""
    try:
        with transaction.atomic():
            variable = Variable.objects.create(workspace=workspace, name=name, value=value)
    except IntegrityError as error:
        if "variable_name_once_per_workspace" not in str(error):
            raise
        raise Conflict(reason=f"There is a variable `{name}` already.", error_code="name_taken") from error
    audit.record("variable.created", target=variable, by=by)
    return variable


@transaction.atomic
def update_variable(*, variable: Variable, value: Any, by: Actor) -> Variable:
    """Executions that start from now on see the new value."""
    variable.value = value
    variable.save(update_fields=["value", "updated_at"])
    audit.record("variable.updated", target=variable, by=by)
    return variable


@transaction.atomic
def delete_variable(*, variable: Variable, by: Actor) -> None:
    audit.record("variable.deleted", target=variable, by=by)
    variable.delete()
