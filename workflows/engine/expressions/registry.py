"""How a function joins the language: a decorator that reads everything else off the function itself."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Function:
    """`apply(frame, value, *arguments)`; `least` and `most` count arguments (None: any number)."""

    name: str
    apply: Callable[..., Any]
    least: int
    most: int | None
    signature: str
    summary: str
    example: str
    result: Any


FUNCTIONS: dict[str, Function] = {}


def function(
    example: str, result: Any, *, most: int | None = None, arguments: str | None = None
) -> Callable[[_F], _F]:
    """Register a function under its own name; a trailing underscore keeps Python's builtins apart.

    `most` and `arguments` (as shown to people) are given where `*rest` alone would say too little.
    """

    def register(declared: _F) -> _F:
        name = declared.__name__.rstrip("_")
        _, value, *parameters = inspect.signature(declared).parameters.values()
        fixed = [each for each in parameters if each.kind is not each.VAR_POSITIONAL]
        shown = arguments if arguments is not None else ", ".join(map(_parameter, parameters))
        FUNCTIONS[name] = Function(
            name=name,
            apply=declared,
            least=sum(each.default is each.empty for each in fixed),
            most=most if len(fixed) < len(parameters) else len(fixed),
            signature=f"{value.name.rstrip('_')} | {name}" + (f"({shown})" if shown else ""),
            summary=(declared.__doc__ or "").strip(),
            example=example,
            result=result,
        )
        return declared

    return register


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"…{parameter.name}"
    if parameter.default is parameter.empty:
        return parameter.name
    return f"{parameter.name} = {json.dumps(parameter.default, ensure_ascii=False)}"
