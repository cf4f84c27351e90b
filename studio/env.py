"""Typed reading of environment variables; every mistake names the variable and what it may be.

A secret may also come from a file: `NAME_FILE=/run/secrets/name` is read when `NAME` is not set.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


class SettingError(ValueError):
    """A variable holds something it may not."""


def text(name: str, default: str = "") -> str:
    """The value, else the content of the file named by `<NAME>_FILE`, else `default`."""
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"{name}_FILE={path!r} cannot be read: {error.strerror}") from error


def flag(name: str, default: bool) -> bool:
    value = text(name, str(default)).strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise SettingError(f"{name}={value!r}: use true or false")


def integer(name: str, default: int, *, least: int = 0) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise SettingError(f"{name}={value!r}: use a whole number") from None
    if number < least:
        raise SettingError(f"{name}={number}: use {least} or more")
    return number


def seconds(name: str, default: float) -> float:
    value = text(name, str(default))
    try:
        number = float(value)
    except ValueError:
        raise SettingError(f"{name}={value!r}: use a number of seconds") from None
    if not 0 <= number < float("inf"):
        raise SettingError(f"{name}={value!r}: use zero or more seconds")
    return number


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise SettingError(f"{name}={value!r}: use one of {', '.join(allowed)}")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
