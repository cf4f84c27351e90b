"""Checks a value against the part of JSON Schema that `schema` uses.

A general validator answers in its own words and as exceptions; here each problem has our pointer, code and a
sentence that says what to write, and unknown keys weigh less than wrong types.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from workflows.engine.findings import Report, escaped
from workflows.engine.schema import Schema

_MOST_PROBLEMS = 200


def check_shape(value: Any, schema: Schema, pointer: str, report: Report) -> None:
    """Add what is wrong with the value: unknown keys to `incomplete`, all else to `broken`."""
    if len(report.broken) >= _MOST_PROBLEMS:
        return
    if "anyOf" in schema:
        _check_any(value, schema, pointer, report)
        return
    if "const" in schema:
        if value != schema["const"]:
            report.refuse(pointer, "not_allowed", f"Write `{schema['const']}`.")
        return
    names = schema.get("type")
    if names is not None and not _has_type(value, names):
        report.refuse(pointer, "wrong_type", _wanted(schema))
        return
    if "enum" in schema and value not in schema["enum"]:
        report.refuse(pointer, "not_allowed", _one_of(schema["enum"]))
        return
    check = _CHECKS.get(type(value))
    if check is not None:
        check(value, schema, pointer, report)


def _check_any(value: Any, schema: Schema, pointer: str, report: Report) -> None:
    """The alternatives differ in type, so that at most one of them is meant."""
    for alternative in schema["anyOf"]:
        if _has_type(value, alternative["type"]):
            check_shape(value, alternative, pointer, report)
            return
    report.refuse(pointer, "wrong_type", f"Write {schema['description']}")


def _check_object(value: dict[str, Any], schema: Schema, pointer: str, report: Report) -> None:
    properties = schema.get("properties")
    if properties is None:
        return
    for name in schema.get("required", ()):
        if name not in value:
            report.refuse(f"{pointer}/{name}", "required", f"`{name}` is missing.")
    for name, held in value.items():
        place = f"{pointer}/{escaped(str(name))}"
        if name in properties:
            check_shape(held, properties[name], place, report)
        else:
            report.block(place, "unknown_key", f"There is no `{name}` here; known are {_listed(properties)}.")


def _check_list(value: list[Any], schema: Schema, pointer: str, report: Report) -> None:
    most = schema.get("maxItems")
    if most is not None and len(value) > most:
        report.refuse(pointer, "too_many", f"At most {most:,}; these are {len(value):,}.")
        return
    for index, held in enumerate(value if "items" in schema else ()):
        check_shape(held, schema["items"], f"{pointer}/{index}", report)


def _check_text(value: str, schema: Schema, pointer: str, report: Report) -> None:
    most = schema.get("maxLength")
    if most is not None and len(value) > most:
        report.refuse(pointer, "too_long", f"At most {most:,} characters.")
    pattern = schema.get("pattern")
    # fullmatch: `$` alone would let a line end through
    if pattern is not None and re.fullmatch(pattern, value) is None:
        report.refuse(pointer, "bad_format", f"{schema['description']} It must match `{pattern}`.")


def _check_number(value: float, schema: Schema, pointer: str, report: Report) -> None:
    least, most, above = (schema.get(name) for name in ("minimum", "maximum", "exclusiveMinimum"))
    if not math.isfinite(value):
        report.refuse(pointer, "out_of_range", "Only finite numbers.")
    elif least is not None and value < least:
        report.refuse(pointer, "out_of_range", f"At least {least:,}.")
    elif most is not None and value > most:
        report.refuse(pointer, "out_of_range", f"At most {most:,}.")
    elif above is not None and value <= above:
        report.refuse(pointer, "out_of_range", f"More than {above:,}.")


_CHECKS: dict[type, Callable[[Any, Schema, str, Report], None]] = {
    dict: _check_object,
    list: _check_list,
    str: _check_text,
    int: _check_number,
    float: _check_number,
}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
    "string": lambda value: type(value) is str,
    "boolean": lambda value: type(value) is bool,
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) is int or type(value) is float,
    "null": lambda value: value is None,
}
_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}


def _has_type(value: Any, names: str | list[str]) -> bool:
    return any(_TYPES[name](value) for name in ([names] if isinstance(names, str) else names))


def _wanted(schema: Schema) -> str:
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    wanted = " or ".join(_NAMES[name] for name in names if name != "null")
    return f"This must be {wanted}."


def _one_of(values: list[Any]) -> str:
    return f"Write one of {_listed([value for value in values if value is not None])}."


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)
