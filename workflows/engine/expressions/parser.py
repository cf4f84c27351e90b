"""Tokens to tree: operator precedence by binding power, as in Python.

`a if c else b` < `or` < `and` < `not` < comparisons < `|` < `+ -` < `* / // %` < `-x` < `.key [index]`.
"""

from __future__ import annotations

from workflows.engine.expressions.errors import ExpressionSyntaxError
from workflows.engine.expressions.frame import MAX_DEPTH
from workflows.engine.expressions.lexer import Token, tokens
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
)

_OR, _AND, _NOT, _COMPARE, _PIPE, _SUM, _PRODUCT = range(1, 8)
_LEVELS = (
    {"or": _OR, "and": _AND, "|": _PIPE}
    | dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not"), _COMPARE)
    | dict.fromkeys(("+", "-"), _SUM)
    | dict.fromkeys(("*", "/", "//", "%"), _PRODUCT)
)
_CONSTANTS = {"true": True, "false": False, "null": None}


def parse(source: str) -> Tree:
    """Raise ExpressionSyntaxError with the place of the first mistake."""
    return _Parser(tokens(source)).whole()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.position = 0
        self.token = found[0]
        self.depth = -1

    def whole(self) -> Tree:
        if self.token.kind == "end":
            raise ExpressionSyntaxError("The expression is empty.", 0)
        tree = self.expression()
        if self.token.kind != "end":
            raise self.unexpected()
        return tree

    def advance(self) -> Token:
        taken = self.token
        self.position += 1
        self.token = self.found[self.position] if self.position < len(self.found) else taken
        return taken

    def at(self, value: str) -> bool:
        return self.token.kind in ("op", "keyword") and self.token.value == value

    def accept(self, value: str) -> bool:
        found = self.at(value)
        if found:
            self.advance()
        return found

    def expect(self, value: str) -> None:
        if not self.accept(value):
            raise self.unexpected(f"`{value}` is missing here.")

    def unexpected(self, message: str = "") -> ExpressionSyntaxError:
        return ExpressionSyntaxError(message or self.complaint(), self.token.at)

    def complaint(self) -> str:
        before = self.found[self.position - 1] if self.position else None
        if self.token.kind == "end":
            return "The expression ends too early."
        if self.at("("):
            return "Only functions can be called, and only after `|`."
        if before is not None and self.token.kind == "text" and before.kind == "name":
            return "Text has no prefixes."
        return "This does not belong here."

    def descend(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = f"The expression is nested more than {MAX_DEPTH} deep."
            raise ExpressionSyntaxError(message, self.token.at, "expression_too_deep")

    def expression(self) -> Tree:
        self.descend()
        tree = self.binary(_OR)
        if self.accept("if"):
            condition = self.binary(_OR)
            self.expect("else")
            tree = Choice(condition, tree, self.expression())
        self.depth -= 1
        return tree

    def level(self) -> int:
        """How tightly the operator ahead binds; 0 when there is none."""
        if self.token.kind not in ("op", "keyword"):
            return 0
        if self.token.value == "not" and self.found[self.position + 1][:2] != ("keyword", "in"):
            return 0
        return _LEVELS.get(self.token.value, 0)

    def binary(self, least: int) -> Tree:
        left = self.unary(least)
        while (level := self.level()) >= least and level:
            if level == _PIPE:
                left = self.pipe(left)
                continue
            rest: list[Operation] = []
            while self.level() == level:
                token = self.advance()
                if token.value == "not":
                    self.advance()
                    token = token._replace(value="not in")
                rest.append(Operation(token.value, self.binary(level + 1), token.at))
            left = _combined(level, left, tuple(rest))
        return left

    def pipe(self, value: Tree) -> Tree:
        calls: list[Call] = []
        while self.accept("|"):
            if self.token.kind != "name":
                raise self.unexpected("A function's name belongs after `|`.")
            name = self.advance()
            arguments = self.listed(")") if self.accept("(") else ()
            calls.append(Call(name.value, arguments, name.at))
        if self.level() > _PIPE:
            hint = f"`|` binds looser than `{self.token.value}`: put parentheses around what is piped."
            raise self.unexpected(hint)
        return Pipe(value, tuple(calls))

    def unary(self, least: int) -> Tree:
        if self.at("not"):
            if least > _NOT:
                raise self.unexpected("Put parentheses around `not …` here.")
            self.advance()
            self.descend()
            inverted = Not(self.binary(_NOT))
            self.depth -= 1
            return inverted
        if self.at("-"):
            place = self.advance().at
            self.descend()
            negated = self.unary(_PRODUCT + 1)
            self.depth -= 1
            return _negative(negated, place)
        return self.postfix(self.primary())

    def postfix(self, base: Tree) -> Tree:
        steps: list[Tree | Slice] = []
        while True:
            if self.accept("."):
                if self.token.kind not in ("name", "keyword"):
                    raise self.unexpected("A key belongs after `.`; other keys go in brackets: `[0]`.")
                steps.append(Literal(self.advance().value))
            elif self.accept("["):
                steps.append(self.subscript())
            else:
                break
        if self.at("("):
            raise self.unexpected()
        return Path(base, tuple(steps)) if steps else base

    def subscript(self) -> Tree | Slice:
        place = self.token.at
        parts: list[Tree | None] = [None]
        while not self.accept("]"):
            if self.at(":") and len(parts) < 3:
                self.advance()
                parts.append(None)
            elif parts[-1] is None:
                parts[-1] = self.expression()
            else:
                raise self.unexpected("`]` is missing here.")
        if len(parts) > 1:
            return Slice(parts[0], parts[1], parts[2] if len(parts) == 3 else None, place)
        if parts[0] is None:
            raise ExpressionSyntaxError("The index is missing.", place)
        return parts[0]

    def primary(self) -> Tree:
        token = self.token
        if token.kind in ("number", "text"):
            self.advance()
            return Literal(token.value)
        if token.kind == "name":
            self.advance()
            return Name(token.value, token.at)
        if token.kind == "keyword" and token.value in _CONSTANTS:
            self.advance()
            return Literal(_CONSTANTS[token.value])
        if self.accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if self.accept("["):
            return self.bracketed(token.at)
        if self.accept("{"):
            return self.object(token.at)
        raise self.unexpected()

    def bracketed(self, place: int) -> Tree:
        if self.accept("]"):
            return ListOf(())
        first = self.expression()
        if self.accept("for"):
            return self.comprehension(first, place)
        if self.accept(","):
            return ListOf((first, *self.listed("]")))
        self.expect("]")
        return ListOf((first,))

    def comprehension(self, element: Tree, place: int) -> Tree:
        if self.token.kind != "name":
            raise self.unexpected("One name belongs after `for`.")
        variable = self.advance().value
        self.expect("in")
        source = self.binary(_OR)
        condition = self.binary(_OR) if self.accept("if") else None
        if self.at("for") or self.at("if"):
            raise self.unexpected("A list has one `for` and at most one `if`.")
        self.expect("]")
        return Comprehension(element, variable, source, condition, place)

    def listed(self, end: str) -> tuple[Tree, ...]:
        """Expressions up to the closing bracket; a comma may stand before it."""
        items: list[Tree] = []
        while not self.accept(end):
            items.append(self.expression())
            if not self.at(end):
                self.expect(",")
        return tuple(items)

    def object(self, place: int) -> Tree:
        pairs: list[tuple[Tree, Tree]] = []
        while not self.accept("}"):
            key = self.expression()
            self.expect(":")
            pairs.append((key, self.expression()))
            if not self.at("}"):
                self.expect(",")
        return ObjectOf(tuple(pairs), place)


def _combined(level: int, first: Tree, rest: tuple[Operation, ...]) -> Tree:
    if level in (_OR, _AND):
        return Logic(rest[0].operator, (first, *(operation.operand for operation in rest)))
    return Comparison(first, rest) if level == _COMPARE else Arithmetic(first, rest)


def _negative(operand: Tree, place: int) -> Tree:
    if isinstance(operand, Literal) and type(operand.value) in (int, float) and operand.value <= 2**63:
        return Literal(-operand.value)
    return Negative(operand, place)
