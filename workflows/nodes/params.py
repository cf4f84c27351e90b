"""Checking a node's params: as people wrote them, and as they are once rendered.

The same model serves both. Before rendering, a text with `{{` in a template param stands for a value nobody
knows yet, so whatever is wrong with it or below it is not a problem. After rendering, types are strict, but
numeric text becomes a number where a number is wanted, and a whole float an integer.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from studio.kernel.errors import Category, Permanent, Problem
from workflows.nodes.sdk import NodeParams

P = TypeVar("P", bound=NodeParams)

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_WANTS_NUMBER = frozenset({"int_type", "float_type"})
_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_key",
    "literal_error": "not_allowed",
    "enum": "not_allowed",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "finite_number": "out_of_range",
    "string_too_short": "wrong_length",
    "string_too_long": "wrong_length",
    "too_short": "wrong_length",
    "too_long": "wrong_length",
    "string_pattern_mismatch": "wrong_format",
    "value_error": "invalid",
}
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "an object",
    "list_type": "a list",
    "model_type": "an object",
    "mapping_type": "an object",
}


def template_params(model: type[NodeParams]) -> frozenset[str]:
    """Names of the params that may hold expressions."""
    names = set()
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict) and extra.get("x-template"):
            names.add(info.alias or name)
    return frozenset(names)


def check_params(model: type[NodeParams], raw: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with params as written; pointers are relative to the params."""
    templates = template_params(model)
    _, errors = _validate(model, raw)
    problems = {
        problem.pointer: problem
        for error in reversed(errors)
        if not _is_unknown(raw, error["loc"], templates)
        for problem in [_as_problem(raw, error)]
    }
    for problem in _cross_problems(model, raw):
        problems.setdefault(problem.pointer, problem)
    return sorted(problems.values(), key=lambda problem: problem.pointer)


def parse_params(model: type[P], rendered: Mapping[str, Any]) -> P:
    """The params to run with; raise Permanent `invalid_params` that names what does not fit."""
    params, errors = _validate(model, rendered)
    problems = [_as_problem(rendered, error) for error in errors] or list(_cross_problems(model, rendered))
    if params is None or problems:
        first = problems[0]
        raise Permanent(
            reason=f"Param {first.pointer.removeprefix('/')}: {first.detail}",
            category=Category.BAD_INPUT,
            error_code="invalid_params",
            details={"problems": [problem.as_dict() for problem in problems]},
        )
    return params


def _validate(model: type[P], raw: Mapping[str, Any]) -> tuple[P | None, list[ErrorDetails]]:
    try:
        return model.model_validate(raw), []
    except ValidationError as failed:
        errors = failed.errors(include_url=False, include_context=True)
    converted = _with_numbers(raw, errors)
    if converted is None:
        return None, errors
    try:
        return model.model_validate(converted), []
    except ValidationError as failed:
        return None, failed.errors(include_url=False, include_context=True)


def _with_numbers(raw: Mapping[str, Any], errors: Sequence[ErrorDetails]) -> dict[str, Any] | None:
    """A copy in which numeric text is a number where one is wanted; None when there is no such text."""
    converted: dict[str, Any] | None = None
    for error in errors:
        number = _as_number(error["input"], error["type"]) if error["type"] in _WANTS_NUMBER else None
        if number is None:
            continue
        converted = copy.deepcopy(dict(raw)) if converted is None else converted
        path = _path(raw, error["loc"])
        holder: Any = converted
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = number
    return converted


def _as_number(value: Any, wanted: str) -> int | float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        text = value.strip()
        value = int(text) if text.lstrip("+-").isdigit() and len(text) < 20 else float(text)
    if isinstance(value, float) and wanted == "int_type":
        return int(value) if value.is_integer() else None
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value


def _cross_problems(model: type[NodeParams], given: Mapping[str, Any]) -> Iterator[Problem]:
    for name, code, detail in model.cross_check(given):
        yield Problem(_pointer([name] if name else []), code, detail)


def _is_unknown(raw: Mapping[str, Any], loc: Sequence[int | str], templates: frozenset[str]) -> bool:
    path = _path(raw, loc)
    if not path or path[0] not in templates:
        return False
    value: Any = raw
    for step in path:
        value = value[step]
        if isinstance(value, str) and "{{" in value:
            return True
    return False


def _path(raw: Any, loc: Sequence[int | str]) -> list[int | str]:
    """The part of a pydantic location that exists in the value: it also names branches of unions."""
    path: list[int | str] = []
    value = raw
    for step in loc:
        in_object = isinstance(value, Mapping) and step in value
        in_list = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if in_object or in_list:
            value = value[step]
            path.append(step)
    return path


def _as_problem(raw: Mapping[str, Any], error: ErrorDetails) -> Problem:
    path = _path(raw, error["loc"])
    if error["type"] == "missing":
        path.append(error["loc"][-1])
    code = _CODES.get(error["type"])
    if code is None:
        code = "wrong_type" if error["type"].endswith(("_type", "_parsing")) else error["type"]
    return Problem(_pointer(path), code, _detail(error))


def _detail(error: ErrorDetails) -> str:
    kind = error["type"]
    if kind == "missing":
        return "This is required."
    if kind == "extra_forbidden":
        return "There is no such param."
    if kind in _WANTED:
        return f"This must be {_WANTED[kind]}, not {_kind_of(error['input'])}."
    text = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if error["msg"].startswith("Input should be "):
        text = f"This must be {text}"
    return text if text.endswith(".") else f"{text}."


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"


def _pointer(path: Sequence[int | str]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
