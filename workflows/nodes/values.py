"""Types that several kinds' params share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _truth(value: Any) -> bool:
    """Whether a condition holds: null, zero and what is empty do not.

    Text other than `true` and `false` is refused: `{{ a }} > 3` renders to text, which would always hold.
    """
    if isinstance(value, str):
        if value.strip() not in ("true", "false"):
            raise PydanticCustomError(
                "wrong_type", "This must be true or false, not text: write the whole comparison inside {{ }}."
            )
        return value.strip() == "true"
    return bool(value)


def _instant(value: Any) -> datetime:
    """RFC 3339 text or Unix seconds; a time without an offset is UTC."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise PydanticCustomError(
            "wrong_format", "This must be a time such as 2026-01-31T09:00:00Z."
        ) from error
    if not isinstance(value, datetime):
        raise PydanticCustomError("wrong_type", "This must be a time such as 2026-01-31T09:00:00Z.")
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


Condition: TypeAlias = Annotated[bool, BeforeValidator(_truth)]
Instant: TypeAlias = Annotated[datetime, BeforeValidator(_instant)]


def given_names(given: Mapping[str, Any], *names: str) -> list[str]:
    """Which of these params are set; null counts as not set."""
    return [name for name in names if given.get(name) is not None]
