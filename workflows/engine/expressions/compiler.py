"""Tree to closures: each node becomes a function of the frame, specialised for what is known beforehand."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from workflows.engine.expressions.errors import ExpressionError, ExpressionSyntaxError
from workflows.engine.expressions.frame import Closure, Frame
from workflows.engine.expressions.functions import FUNCTIONS
from workflows.engine.expressions.tree import (
    Arithmetic,
    Call,
    Choice,
    Comparison,
    Comprehension,
    ListOf,
    Literal,
    Logic,
    Name,
    Negative,
    Not,
    ObjectOf,
    Operation,
    Path,
    Pipe,
    Slice,
    Tree,
    weight,
)
from workflows.engine.expressions.values import (
    Operator,
    add,
    arithmetic,
    bounded,
    contains,
    equal,
    kind,
    member,
    ordering,
    whole,
)

Slots = Mapping[str, int]

_OPERATORS: dict[str, Operator] = {
    "+": add,
    "-": arithmetic("-", operator.sub),
    "*": arithmetic("*", operator.mul),
    "/": arithmetic("/", operator.truediv),
    "//": arithmetic("//", operator.floordiv),
    "%": arithmetic("%", operator.mod),
    "<": ordering("<", operator.lt),
    "<=": ordering("<=", operator.le),
    ">": ordering(">", operator.gt),
    ">=": ordering(">=", operator.ge),
    "==": lambda frame, left, right, _: equal(frame, left, right),
    "!=": lambda frame, left, right, _: not equal(frame, left, right),
    "in": lambda frame, left, right, at: contains(frame, right, left, at),
    "not in": lambda frame, left, right, at: not contains(frame, right, left, at),
}


def compile_tree(tree: Tree, slots: Slots | None = None) -> Closure:
    """Raise ExpressionSyntaxError for an unknown function or a wrong number of arguments."""
    return _COMPILERS[type(tree)](tree, slots or {})


def check_call(call: Call) -> ExpressionSyntaxError | None:
    """What is wrong with the name or the number of arguments of a call, None when nothing is."""
    function = FUNCTIONS.get(call.function)
    if function is None:
        return ExpressionSyntaxError(f"There is no function `{call.function}`.", call.at, "unknown_function")
    given = len(call.arguments)
    if given < function.least or (function.most is not None and given > function.most):
        return ExpressionSyntaxError(f"Write `{function.signature}`.", call.at, "wrong_arguments")
    return None


def _literal(tree: Literal, _: Slots) -> Closure:
    value = tree.value
    return lambda frame: value


def _name(tree: Name, slots: Slots) -> Closure:
    if tree.name in slots:
        slot = slots[tree.name]
        return lambda frame: frame.locals[slot]
    name = tree.name
    return lambda frame: frame.scope.get(name)


def _path(tree: Path, slots: Slots) -> Closure:
    base, steps = tree.base, tree.steps
    root = base.name if isinstance(base, Name) and base.name not in slots else None
    if root == "nodes":
        start, steps = _node(steps[0]), steps[1:]
    else:
        start = compile_tree(base, slots)
    keys = tuple(step.value for step in steps if isinstance(step, Literal))
    if len(keys) < len(steps):
        return _dynamic_path(start, steps, slots)
    if not all(type(key) is str for key in keys):
        return _mixed_path(start, keys)
    return _key_path(start, keys) if root is None or root == "nodes" else _root_path(root, keys)


def _node(step: Tree | Slice) -> Closure:
    """`nodes` may load its values only when asked, so nothing but `get` is used on it."""
    node_id = step.value if isinstance(step, Literal) else None

    def node(frame: Frame) -> Any:
        nodes = frame.scope.get("nodes")
        return None if nodes is None else nodes.get(node_id)

    return node


def _root_path(root: str, keys: tuple[str, ...]) -> Closure:
    def path(frame: Frame) -> Any:
        value = frame.scope.get(root)
        for key in keys:
            if type(value) is not dict:
                return None
            value = value.get(key)
        return value

    return path


def _key_path(start: Closure, keys: tuple[str, ...]) -> Closure:
    def path(frame: Frame) -> Any:
        value = start(frame)
        for key in keys:
            if type(value) is not dict:
                return None
            value = value.get(key)
        return value

    return path


def _mixed_path(start: Closure, keys: tuple[Any, ...]) -> Closure:
    def path(frame: Frame) -> Any:
        value = start(frame)
        for key in keys:
            value = member(value, key)
        return value

    return path


def _dynamic_path(start: Closure, steps: tuple[Tree | Slice, ...], slots: Slots) -> Closure:
    followers = tuple(
        _slice(step, slots) if isinstance(step, Slice) else _index(compile_tree(step, slots))
        for step in steps
    )

    def path(frame: Frame) -> Any:
        value = start(frame)
        for follow in followers:
            value = follow(frame, value)
        return value

    return path


def _index(key: Closure) -> Callable[[Frame, Any], Any]:
    return lambda frame, value: member(value, key(frame))


def _slice(tree: Slice, slots: Slots) -> Callable[[Frame, Any], Any]:
    ends = [None if end is None else compile_tree(end, slots) for end in (tree.start, tree.stop, tree.step)]
    at = tree.at

    def end(frame: Frame, closure: Closure | None) -> int | None:
        value = None if closure is None else closure(frame)
        number = whole(value)
        if value is not None and number is None:
            raise ExpressionError(f"A slice needs whole numbers, not {kind(value)}.", at)
        return number

    def cut(frame: Frame, value: Any) -> Any:
        start, stop, step = (end(frame, closure) for closure in ends)
        if value is None:
            return None
        if type(value) is not list and type(value) is not str:
            raise ExpressionError(f"A slice needs a list or text, not {kind(value)}.", at)
        if step == 0:
            raise ExpressionError("A slice cannot have a step of zero.", at)
        part = slice(start, stop, step)
        length = len(range(*part.indices(len(value))))
        if type(value) is str:
            frame.make_text(length)
        else:
            frame.spend(length >> 2)
        return value[part]

    return cut


def _list(tree: ListOf, slots: Slots) -> Closure:
    items = tuple(compile_tree(item, slots) for item in tree.items)
    return lambda frame: [item(frame) for item in items]


def _object(tree: ObjectOf, slots: Slots) -> Closure:
    pairs = tuple((compile_tree(key, slots), compile_tree(value, slots)) for key, value in tree.pairs)
    at = tree.at

    def build(frame: Frame) -> dict[str, Any]:
        built = {}
        for key_of, value_of in pairs:
            key = key_of(frame)
            if type(key) is not str:
                raise ExpressionError(f"The keys of an object are text, not {kind(key)}.", at)
            built[key] = value_of(frame)
        return built

    return build


def _negative(tree: Negative, slots: Slots) -> Closure:
    operand, at = compile_tree(tree.operand, slots), tree.at

    def negate(frame: Frame) -> int | float:
        value = operand(frame)
        if type(value) is int or type(value) is float:
            return bounded(-value, at)
        raise ExpressionError(f"`-` does not work on {kind(value)}.", at)

    return negate


def _not(tree: Not, slots: Slots) -> Closure:
    operand = compile_tree(tree.operand, slots)
    return lambda frame: not operand(frame)


def _arithmetic(tree: Arithmetic, slots: Slots) -> Closure:
    first, rest = compile_tree(tree.first, slots), _operations(tree.rest, slots)
    if len(rest) == 1:
        return _single(first, *rest[0])

    def compute(frame: Frame) -> Any:
        value = first(frame)
        for apply, operand, at in rest:
            value = apply(frame, value, operand(frame), at)
        return value

    return compute


def _comparison(tree: Comparison, slots: Slots) -> Closure:
    first, rest = compile_tree(tree.first, slots), _operations(tree.rest, slots)
    if len(rest) == 1:
        return _single(first, *rest[0])

    def compare(frame: Frame) -> bool:
        left = first(frame)
        for apply, operand, at in rest:
            right = operand(frame)
            if not apply(frame, left, right, at):
                return False
            left = right
        return True

    return compare


def _operations(rest: tuple[Operation, ...], slots: Slots) -> tuple[tuple[Operator, Closure, int], ...]:
    return tuple((_OPERATORS[step.operator], compile_tree(step.operand, slots), step.at) for step in rest)


def _single(left: Closure, apply: Operator, right: Closure, at: int) -> Closure:
    return lambda frame: apply(frame, left(frame), right(frame), at)


def _logic(tree: Logic, slots: Slots) -> Closure:
    operands = tuple(compile_tree(operand, slots) for operand in tree.operands)
    deciding = tree.operator == "or"

    def decide(frame: Frame) -> Any:
        value = None
        for operand in operands:
            value = operand(frame)
            if bool(value) is deciding:
                break
        return value

    return decide


def _choice(tree: Choice, slots: Slots) -> Closure:
    condition = compile_tree(tree.condition, slots)
    then, otherwise = compile_tree(tree.then, slots), compile_tree(tree.otherwise, slots)
    return lambda frame: then(frame) if condition(frame) else otherwise(frame)


def _pipe(tree: Pipe, slots: Slots) -> Closure:
    value = compile_tree(tree.value, slots)
    calls = tuple(_call(call, slots) for call in tree.calls)
    if len(calls) == 1:
        only = calls[0]
        return lambda frame: only(frame, value(frame))

    def flow(frame: Frame) -> Any:
        current = value(frame)
        for call in calls:
            current = call(frame, current)
        return current

    return flow


def _call(call: Call, slots: Slots) -> Callable[[Frame, Any], Any]:
    if (wrong := check_call(call)) is not None:
        raise wrong
    apply, name, at = FUNCTIONS[call.function].apply, call.function, call.at
    arguments = tuple(compile_tree(argument, slots) for argument in call.arguments)

    def run(frame: Frame, value: Any) -> Any:
        given = [argument(frame) for argument in arguments]
        try:
            return apply(frame, value, *given)
        except ExpressionError as error:
            raise ExpressionError(f"`{name}`: {error.message}", at) from None

    return run


def _comprehension(tree: Comprehension, slots: Slots) -> Closure:
    source, at = compile_tree(tree.source, slots), tree.at
    slot = max(slots.values(), default=-1) + 1
    inner = {**slots, tree.variable: slot}
    element = compile_tree(tree.element, inner)
    condition = None if tree.condition is None else compile_tree(tree.condition, inner)
    cost = weight(tree.element) + (0 if tree.condition is None else weight(tree.condition))

    def collect(frame: Frame) -> list[Any]:
        values = source(frame)
        if type(values) is not list:
            raise ExpressionError(f"`for` goes through a list, not {kind(values)}.", at)
        collected, variables = [], frame.locals
        for value in values:
            frame.spend(cost)
            variables[slot] = value
            if condition is None or condition(frame):
                collected.append(element(frame))
        return collected

    return collect


_COMPILERS: dict[type, Callable[[Any, Slots], Closure]] = {
    Literal: _literal,
    Name: _name,
    Path: _path,
    ListOf: _list,
    ObjectOf: _object,
    Negative: _negative,
    Not: _not,
    Arithmetic: _arithmetic,
    Comparison: _comparison,
    Logic: _logic,
    Choice: _choice,
    Pipe: _pipe,
    Comprehension: _comprehension,
}
