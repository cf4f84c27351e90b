"""People."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from studio.accounts import trail
from studio.accounts.access import Actor
from studio.accounts.models import User
from studio.kernel.errors import Conflict, Invalid, Problem


@transaction.atomic
def create_user(
    *, email: str, password: str | None, by: Actor, name: str = "", is_staff: bool = False
) -> User:
    """A new person; without a password they cannot sign in until they set one."""
    user = User(email=email.strip(), name=name, is_staff=is_staff, is_superuser=is_staff)
    _check(user, password)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise Conflict(reason="Somebody with this e-mail address is already here.") from error
    trail.record("user.created", target=user, by=by)
    return user


@transaction.atomic
def set_password(*, user: User, password: str, by: Actor) -> None:
    """Replace the password; every session of the user ends with the old one."""
    _check(user, password)
    user.set_password(password)
    user.save(update_fields=["password"])
    trail.record("user.password_set", target=user, by=by)


def _check(user: User, password: str | None) -> None:
    problems = []
    try:
        validate_email(user.email)
    except ValidationError as error:
        problems.append(Problem("/email", "invalid", " ".join(error.messages)))
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            problems.append(Problem("/password", "too_weak", " ".join(error.messages)))
    if problems:
        raise Invalid(problems=problems)
