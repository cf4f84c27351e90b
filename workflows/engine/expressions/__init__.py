"""The expression language of definitions: a small, bounded subset of Python over JSON values.

Source becomes a tree, the tree closures; nothing of a host object can be reached, no clock and no randomness is
there, and every evaluation ends within its bounds. `catalogue()` lists the functions.
"""

from workflows.engine.expressions.errors import ExpressionError, ExpressionSyntaxError, Problem
from workflows.engine.expressions.expression import ROOTS, Expression, Names, check, parse_expression
from workflows.engine.expressions.frame import BlobLoader
from workflows.engine.expressions.functions import catalogue
from workflows.engine.expressions.lexer import KEYWORDS
from workflows.engine.expressions.template import Renderable, Template, check_value, compile_value
from workflows.engine.expressions.values import to_text

__all__ = [
    "KEYWORDS",
    "ROOTS",
    "BlobLoader",
    "Expression",
    "ExpressionError",
    "ExpressionSyntaxError",
    "Names",
    "Problem",
    "Renderable",
    "Template",
    "catalogue",
    "check",
    "check_value",
    "compile_value",
    "parse_expression",
    "to_text",
]
