"""Typed reading of environment variables; every mistake names the variable and what it may be.

A secret may also come from a file: `NAME_FILE=/run/secrets/name` is read when `NAME` is not set. Each read
declares the variable: `docs/settings.md` and `.env.example` are made of the declarations.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class SettingError(ValueError):
    """A variable holds something it may not."""


@dataclass(frozen=True)
class Declaration:
    """One variable as people read about it; `default` is shown, not evaluated."""

    name: str
    kind: str
    default: str
    meaning: str


_declared: dict[str, Declaration] = {}


def declarations() -> list[Declaration]:
    """Every variable that has been read, in the order of reading."""
    return list(_declared.values())


def text(name: str, default: str = "", *, meaning: str = "", shown: str | None = None) -> str:
    """The value, else the content of the file named by `<NAME>_FILE`, else `default`.

    `shown` stands for the default in the documentation where that depends on the machine.
    """
    _declare(name, "text", default if shown is None else shown, meaning)
    return _read(name, default)


def flag(name: str, default: bool, *, meaning: str = "") -> bool:
    _declare(name, "true or false", str(default).lower(), meaning)
    value = _read(name, str(default)).strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise SettingError(f"{name}={value!r}: use true or false")


def integer(name: str, default: int, *, least: int = 0, meaning: str = "") -> int:
    _declare(name, f"whole number from {least}", str(default), meaning)
    value = _read(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise SettingError(f"{name}={value!r}: use a whole number") from None
    if number < least:
        raise SettingError(f"{name}={number}: use {least} or more")
    return number


def seconds(name: str, default: float, *, meaning: str = "") -> float:
    _declare(name, "seconds", f"{default:g}", meaning)
    value = _read(name, str(default))
    try:
        number = float(value)
    except ValueError:
        raise SettingError(f"{name}={value!r}: use a number of seconds") from None
    if not 0 <= number < float("inf"):
        raise SettingError(f"{name}={value!r}: use zero or more seconds")
    return number


def choice(name: str, default: str, allowed: Sequence[str], *, meaning: str = "") -> str:
    _declare(name, f"one of {', '.join(allowed)}", default, meaning)
    value = _read(name, default)
    if value not in allowed:
        raise SettingError(f"{name}={value!r}: use one of {', '.join(allowed)}")
    return value


def words(name: str, default: str = "", *, meaning: str = "", shown: str | None = None) -> list[str]:
    """A comma-separated list, blanks dropped."""
    _declare(name, "comma-separated list", default if shown is None else shown, meaning)
    return [word.strip() for word in _read(name, default).split(",") if word.strip()]


def _declare(name: str, kind: str, default: str, meaning: str) -> None:
    if meaning or name not in _declared:
        _declared[name] = Declaration(name, kind, default, meaning)


def _read(name: str, default: str) -> str:
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"{name}_FILE={path!r} cannot be read: {error.strerror}") from error
