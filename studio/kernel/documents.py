"""Reading JSON that strangers send: strict, bounded, and every refusal says where.

The common case costs one C parse and a few scans of the bytes at C speed; only a document that those scans
cannot clear is read again slowly, to name what is wrong by its JSON pointer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import orjson

from studio.kernel.errors import Invalid, Malformed, Problem, TooLarge

MAX_DEPTH: Final = 64
_PROBLEMS_SHOWN: Final = 20
_LEAST_INTEGER: Final = -(2**63)
_GREATEST_INTEGER: Final = 2**64 - 1
_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_PLACEHOLDER: Final = "\N{REPLACEMENT CHARACTER}"


class _HugeInteger:
    """Stands for an integer that does not fit, however many digits it has."""


_HUGE: Final = _HugeInteger()


def read_json(body: bytes, *, limit_bytes: int, max_depth: int = MAX_DEPTH) -> Any:
    """The value; raise TooLarge, Malformed (not JSON) or Invalid (JSON that Studio does not take)."""
    if len(body) > limit_bytes:
        raise TooLarge(limit_bytes=limit_bytes)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _read_slowly(body, max_depth)
    if not _is_shallow(body, value, max_depth) or _is_suspicious(body, value):
        return _read_slowly(body, max_depth)
    return value


def check_text(value: str, name: str = "The address") -> str:
    """Text from a path, a query or a header; raise Malformed for what no store can hold."""
    code = _text_fault(value)
    if code is not None:
        raise Malformed(reason=f"{name} contains a {code.replace('_', ' ')}.")
    return value


def escape_token(key: str) -> str:
    """One reference token of an RFC 6901 pointer, printable whatever the key holds."""
    readable = key.encode("utf-8", "replace").decode() if _text_fault(key) == "lone_surrogate" else key
    return readable.replace("\x00", _PLACEHOLDER).replace("~", "~0").replace("/", "~1")


def _is_suspicious(body: bytes, value: Any) -> bool:
    digits = body.translate(_ZEROS)
    return (
        b"\\u0000" in body
        or b"0" * 20 in digits
        or b"-" + b"0" * 19 in digits
        or b"\\u003a" in body
        or b"\\u003A" in body
        # A repeated key takes its colon with it; all other colons survive the round trip.
        or orjson.dumps(value).count(b":") != body.count(b":")
    )


def _is_shallow(body: bytes, value: Any, max_depth: int) -> bool:
    if body.count(b"[") + body.count(b"{") <= max_depth:
        return True
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(max_depth):
        level = [
            held
            for container in level
            for held in (container.values() if isinstance(container, dict) else container)
            if isinstance(held, dict | list)
        ]
        if not level:
            return True
    return False


def _read_slowly(body: bytes, max_depth: int) -> Any:
    value = _parse(body)
    problems = []
    for problem in _problems(value, max_depth):
        problems.append(problem)
        if len(problems) == _PROBLEMS_SHOWN:
            break
    if problems:
        raise Invalid(problems=problems)
    return value


def _parse(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_int=_integer, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        raise Malformed(reason=f"The body is not valid UTF-8 at byte {error.start}.") from error
    except json.JSONDecodeError as error:
        raise Malformed(
            reason=f"The body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        problem = Problem("", "nested_too_deep", f"Nest at most {MAX_DEPTH} levels.")
        raise Invalid(problems=[problem]) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        shown = escape_token(twice)[:80]
        raise Malformed(reason=f"The body is not valid JSON: the key {shown!r} occurs twice in one object.")
    return document


def _no_constant(name: str) -> NoReturn:
    raise Malformed(reason=f"The body is not valid JSON: JSON knows no {name}.")


def _integer(digits: str) -> int | _HugeInteger:
    if len(digits) > 20:
        return _HUGE
    value = int(digits)
    return value if _LEAST_INTEGER <= value <= _GREATEST_INTEGER else _HUGE


def _problems(document: Any, max_depth: int) -> Iterator[Problem]:
    waiting: list[tuple[str, Any, int]] = [("", document, 0)]
    while waiting:
        pointer, value, depth = waiting.pop()
        if isinstance(value, dict | list):
            if depth >= max_depth:
                yield Problem(pointer, "nested_too_deep", f"Nest at most {max_depth} levels.")
                continue
            for token, held in reversed(_children(value)):
                waiting.append((f"{pointer}/{escape_token(token)}", held, depth + 1))
        if isinstance(value, dict):
            for key in value:
                yield from _text_problems(f"{pointer}/{escape_token(key)}", key)
        else:
            yield from _scalar_problems(pointer, value)


def _children(value: dict[str, Any] | list[Any]) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return [(str(index), held) for index, held in enumerate(value)]


def _scalar_problems(pointer: str, value: Any) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from _text_problems(pointer, value)
    elif value is _HUGE:
        yield Problem(pointer, "number_too_large", "A whole number does not fit into 64 bits.")
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(pointer, "number_not_finite", "Use a finite number that fits into a double.")


def _text_problems(pointer: str, text: str) -> Iterator[Problem]:
    code = _text_fault(text)
    if code is not None:
        yield Problem(pointer, code, f"Text may not contain a {code.replace('_', ' ')}.")


def _text_fault(text: str) -> str | None:
    if "\x00" in text:
        return "nul_character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "lone_surrogate"
    return None
