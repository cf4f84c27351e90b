"""Values with `{{ … }}` in them: text, and any JSON value whose texts may hold expressions.

Keys of objects are never templates, and what an expression yields is never looked at again.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from workflows.engine.expressions.errors import ExpressionError, ExpressionSyntaxError, Problem
from workflows.engine.expressions.expression import Expression, check, parse_expression
from workflows.engine.expressions.frame import MAX_NESTING, MAX_RESULT_BYTES, Frame
from workflows.engine.expressions.values import size_bytes, text_of

MAX_RENDERED_BYTES = 16 * MAX_RESULT_BYTES
_DEEPEST = 2 * MAX_NESTING
_KEPT_CHARACTERS = 8 * 1024
_PIECE = re.compile(r"""[{}]|"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*'|["']""", re.DOTALL)
_Fill = Callable[[Mapping[str, Any], "_Meter"], Any]


class Renderable(Protocol):
    """What `compile_value` gives: a value that may depend on a scope."""

    @property
    def is_static(self) -> bool: ...
    @property
    def roots_used(self) -> frozenset[str]: ...
    @property
    def nodes_used(self) -> frozenset[str]: ...
    def render(self, scope: Mapping[str, Any]) -> Any: ...


class Static:
    """A value without expressions: rendering gives the very same value."""

    __slots__ = ("value",)

    is_static = True
    roots_used: frozenset[str] = frozenset()
    nodes_used: frozenset[str] = frozenset()

    def __init__(self, value: Any) -> None:
        self.value = value

    def render(self, scope: Mapping[str, Any]) -> Any:
        return self.value


class Template:
    """Text with expressions in it; raise ExpressionSyntaxError when made from text that does not parse.

    Text that is one `{{ … }}` and nothing else yields the value itself, whatever its type.
    """

    __slots__ = ("is_static", "nodes_used", "parts", "roots_used", "slots", "source", "whole")

    def __init__(self, source: str) -> None:
        self.source = source
        self.parts = tuple(_parts(source))
        held = [part for part in self.parts if not isinstance(part, str)]
        self.is_static = not held
        self.roots_used = frozenset[str]().union(*(expression.roots_used for expression, _ in held))
        self.nodes_used = frozenset[str]().union(*(expression.nodes_used for expression, _ in held))
        self.slots = max((expression.slots for expression, _ in held), default=0)
        around = "".join(part for part in self.parts if isinstance(part, str))
        self.whole = held[0] if len(held) == 1 and not around.strip() else None

    def render(self, scope: Mapping[str, Any]) -> Any:
        """The value or text for this scope; raise ExpressionError with its place in the template."""
        if self.whole is None:
            return self.source if self.is_static else self._text(scope)
        expression, at = self.whole
        try:
            return expression.evaluate(scope)
        except ExpressionError as error:
            raise _moved(error, at) from None

    @property
    def constructs(self) -> bool:
        return self.whole is not None and self.whole[0].constructs

    def _text(self, scope: Mapping[str, Any]) -> str:
        frame = Frame(scope, self.slots)
        texts: list[str] = []
        length = 0
        for part in self.parts:
            text = part if isinstance(part, str) else _text_for(part, frame)
            length += len(text)
            frame.spend(1)
            if length > MAX_RESULT_BYTES:
                raise ExpressionError("The text is larger than 1 MiB.")
            texts.append(text)
        rendered = "".join(texts)
        size_bytes(rendered, shared=False)
        return rendered


def compile_value(value: Any) -> Renderable:
    """Compile all texts inside a JSON value; raise ExpressionSyntaxError for the first that does not parse."""
    return _compiled(value, "", 0)


def check_value(
    value: Any, *, roots: frozenset[str], node_ids: frozenset[str], pointer: str = ""
) -> list[tuple[str, Problem]]:
    """Every problem in the texts of a value, each with the JSON pointer of its text."""
    found: list[tuple[str, Problem]] = []
    waiting = [(pointer, value, 0)]
    while waiting:
        place, current, depth = waiting.pop()
        if depth > _DEEPEST:
            found.append((place, Problem("value_too_deep", "The value is nested too deeply.", 0)))
        elif isinstance(current, str):
            found += [(place, problem) for problem in _text_problems(current, roots, node_ids)]
        else:
            inner = [(f"{place}/{_escaped(key)}", held, depth + 1) for key, held in _members(current)]
            waiting += reversed(inner)
    return found


class _Composite:
    """A list or object with at least one expression somewhere inside."""

    __slots__ = ("fill", "nodes_used", "roots_used")

    is_static = False

    def __init__(self, fill: _Fill, roots_used: frozenset[str], nodes_used: frozenset[str]) -> None:
        self.fill = fill
        self.roots_used = roots_used
        self.nodes_used = nodes_used

    def render(self, scope: Mapping[str, Any]) -> Any:
        return self.fill(scope, _Meter())


class _Meter:
    """Adds up what the expressions of one value yield: many small texts may each name one large value."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_RENDERED_BYTES

    def add(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ExpressionError(f"The values are larger than {MAX_RENDERED_BYTES >> 20} MiB together.")


def _parts(source: str) -> Iterator[str | tuple[Expression, int]]:
    for text, at in _pieces(source):
        if at is None:
            yield text
        else:
            try:
                yield parse_expression(text), at
            except ExpressionSyntaxError as error:
                raise error.moved(at) from None


def _pieces(source: str) -> Iterator[tuple[str, int | None]]:
    """Literal text with None, and the sources of expressions with their places."""
    at = 0
    while (opening := source.find("{{", at)) >= 0:
        if opening > at:
            yield source[at:opening], None
        closing = _closing(source, opening)
        yield source[opening + 2 : closing], opening + 2
        at = closing + 2
    if at < len(source):
        yield source[at:], None


def _closing(source: str, opening: int) -> int:
    """Where the `}}` is that ends an expression; those in its texts and objects do not."""
    depth = 0
    for piece in _PIECE.finditer(source, opening + 2):
        found = piece.group()
        if found == "{":
            depth += 1
        elif found == "}":
            if depth == 0 and source.startswith("}}", piece.start()):
                return piece.start()
            depth = max(depth - 1, 0)
        elif len(found) == 1:
            raise ExpressionSyntaxError("The text is not closed.", piece.start())
    raise ExpressionSyntaxError('`{{` is not closed by `}}`. Literal braces are `{{ "{{" }}`.', opening)


def _text_for(part: tuple[Expression, int], frame: Frame) -> str:
    expression, at = part
    try:
        return text_of(frame, expression.run(frame))
    except ExpressionError as error:
        raise _moved(error, at) from None


def _moved(error: ExpressionError, by: int) -> ExpressionError:
    return ExpressionError(error.message, by if error.offset is None else error.offset + by)


@functools.lru_cache(maxsize=4096)
def _kept(source: str) -> Template:
    return Template(source)


def _compiled(value: Any, pointer: str, depth: int) -> Renderable:
    if depth > _DEEPEST:
        raise ExpressionSyntaxError("The value is nested too deeply.", 0, "value_too_deep")
    if isinstance(value, str):
        return _compiled_text(value, pointer)
    inner = [(key, _compiled(held, f"{pointer}/{_escaped(key)}", depth + 1)) for key, held in _members(value)]
    if all(part.is_static for _, part in inner):
        return Static(value)
    fills = [(key, _fill(part)) for key, part in inner]
    return _Composite(
        _list_of([fill for _, fill in fills]) if isinstance(value, list) else _object_of(fills),
        frozenset[str]().union(*(part.roots_used for _, part in inner)),
        frozenset[str]().union(*(part.nodes_used for _, part in inner)),
    )


def _compiled_text(text: str, pointer: str) -> Renderable:
    if "{{" not in text:
        return Static(text)
    template = _kept(text) if len(text) <= _KEPT_CHARACTERS else Template(text)
    if not pointer:
        return template

    def fill(scope: Mapping[str, Any], meter: _Meter) -> Any:
        try:
            value = template.render(scope)
            meter.add(size_bytes(value, shared=template.constructs))
        except ExpressionError as error:
            raise ExpressionError(error.message, error.offset, pointer) from None
        return value

    return _Composite(fill, template.roots_used, template.nodes_used)


def _fill(part: Renderable) -> _Fill:
    if isinstance(part, _Composite):
        return part.fill
    value = part.render({})
    return lambda scope, meter: value


def _list_of(fills: list[_Fill]) -> _Fill:
    return lambda scope, meter: [fill(scope, meter) for fill in fills]


def _object_of(fills: list[tuple[Any, _Fill]]) -> _Fill:
    return lambda scope, meter: {key: fill(scope, meter) for key, fill in fills}


def _members(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _escaped(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _text_problems(text: str, roots: frozenset[str], node_ids: frozenset[str]) -> Iterator[Problem]:
    try:
        for source, at in _pieces(text):
            if at is not None:
                for problem in check(source, roots=roots, node_ids=node_ids):
                    yield Problem(problem.code, problem.detail, problem.offset + at)
    except ExpressionSyntaxError as error:
        yield Problem(error.code, error.message, error.offset)
