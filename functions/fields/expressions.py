"""JMESPath with a bound on what an expression can cost; https://jmespath.org/specification.html is the language.

Expressions come from people (and from cells), and the language can double a value at each step: `[@,@]|[@,@]|…`. So an
expression is measured before it is ever run: its length, its depth, and its growth, an upper bound on how much larger
than the lead its result can be. The bound also holds for each intermediate value, and so for the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from math import prod
from typing import Any

import jmespath
from jmespath.exceptions import EmptyExpressionError, JMESPathError, LexerError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter

from functions.errors import InvalidRequest

MAX_LENGTH = 500
MAX_DEPTH = 40
MAX_OPENINGS = 60
MAX_GROWTH = 64

_Node = Mapping[str, Any]  # of the syntax tree: type, children, value; see jmespath.ast

_UNANSWERABLE = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What evaluating raises on data of an unexpected shape: JMESPathError is a ValueError, and `contains('a', `1`)` or a
slice with step 0 raise what Python raises."""


def evaluate(expression: str, value: object) -> object:
    """What the expression finds in a JSON value; None where it finds nothing or the shapes do not fit it.

    Raises:
        InvalidRequest: if the expression itself is invalid; one that passed `check` is not.
    """
    parsed = _parsed(expression).parsed
    try:
        return _interpreter().visit(parsed, value)
    except _UNANSWERABLE:
        return None


def check(expression: str) -> None:
    """Refuses an expression that is invalid or could cost too much.

    Raises:
        InvalidRequest: with what is wrong and where, as a phrase that follows "The expression of “…” ".
    """
    if len(expression) > MAX_LENGTH:
        raise InvalidRequest(f"is {len(expression)} characters long; at most {MAX_LENGTH} are allowed.")
    # Each of these may cost the parser some frames of the stack: whether it fits must not depend on who calls.
    if sum(map(expression.count, "([{!&*")) > MAX_OPENINGS:
        raise InvalidRequest("is nested too deeply; make it simpler.")
    if _measured(_parsed(expression).parsed, 1) > MAX_GROWTH:
        raise InvalidRequest(f"repeats its input more than {MAX_GROWTH} times; make it simpler.")


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> ParsedResult:
    try:
        return jmespath.compile(expression)
    except RecursionError as error:
        raise InvalidRequest("is nested too deeply; make it simpler.") from error
    except EmptyExpressionError as error:
        raise InvalidRequest("is empty; write what to take from the lead, such as `skills[0]`.") from error
    except (ParseError, LexerError) as error:
        raise InvalidRequest(f"is not valid JMESPath {_place(expression, error)}.") from error
    except (JMESPathError, LookupError) as error:  # the parser looks one token past the end of some broken expressions
        raise InvalidRequest("is not valid JMESPath.") from error


@cache
def _interpreter() -> TreeInterpreter:
    # One for all threads: it keeps nothing but its own bound methods. Making one for each search took a third of it.
    return TreeInterpreter()


def _place(expression: str, error: ParseError) -> str:
    position = getattr(error, "lexer_position", error.lex_position)
    if position >= len(expression):
        return "at its end: something is missing"
    return f"at character {position + 1}, “{expression[position : position + 20]}”"


def _measured(node: _Node, depth: int) -> int:
    """The growth of a node, after checking what its kind demands.

    Raises:
        InvalidRequest: as `check`.
    """
    if depth > MAX_DEPTH:
        raise InvalidRequest("is nested too deeply; make it simpler.")
    kind, children = node["type"], node["children"]
    if kind == "expref":
        raise InvalidRequest(
            "uses “&” outside a function that takes one, such as `sort_by(experience, &company_name)`.",
        )
    if kind == "slice" and children[2:] == [0]:
        raise InvalidRequest("has a slice with step 0.")
    if kind in ("slice", "index"):  # their children are numbers
        return 1
    if kind == "function_expression":
        return _measured_function(node["value"], children, depth)
    growths = [_measured(child, depth + 1) for child in children]
    widest = max(growths, default=1)
    # An intermediate value counts, also where the result is small.
    return widest if widest > MAX_GROWTH else _COMBINED.get(kind, prod)(growths) + _own(kind, node)


_COMBINED: dict[str, Callable[[list[int]], int]] = {
    "multi_select_list": sum,
    "multi_select_dict": sum,
    "or_expression": max,
    "and_expression": max,
    "comparator": lambda _: 1,  # true or false
    "not_expression": lambda _: 1,
    "filter_projection": lambda growths: growths[0] * growths[1],  # the condition leaves nothing behind
}


def _own(kind: str, node: _Node) -> int:
    """What a node's own text adds; up to 16 characters count as nothing."""
    return len(str(node["value"])) // 16 if kind in ("literal", "key_val_pair") else 0


def _measured_function(name: str, arguments: list[_Node], depth: int) -> int:
    known = Functions.FUNCTION_TABLE.get(name)
    if known is None:
        names = ", ".join(sorted(Functions.FUNCTION_TABLE))
        raise InvalidRequest(f"calls {name}(), which JMESPath does not have; it has {names}.")
    signature = known["signature"]
    variadic = bool(signature[-1].get("variadic"))
    if len(arguments) < len(signature) or (len(arguments) > len(signature) and not variadic):
        raise InvalidRequest(
            f"gives {name}() {len(arguments)} argument{'s' * (len(arguments) != 1)}; "
            f"it takes {len(signature)}{' or more' if variadic else ''}.",
        )
    growths = []
    for place, argument in enumerate(arguments):
        wants_expression = place < len(signature) and signature[place]["types"] == ["expref"]
        if wants_expression and argument["type"] != "expref":
            raise InvalidRequest(f"must give {name}() an expression that begins with “&” as argument {place + 1}.")
        growths.append(_measured(argument["children"][0] if wants_expression else argument, depth + 1))
    if name == "map":
        return prod(growths)
    if name == "join":
        return (growths[0] + 1) * growths[1]
    return sum(growths) * (6 if name == "to_string" else 1)  # \u00e4: six characters for one


_UNIX_TIME = re.compile(r"\b(?:last_funded_on|last_detected)\W*$")


def gives_unix_time(expression: str) -> bool:
    """Whether the expression ends in one of the two keys of a lead that hold Unix times."""
    return _UNIX_TIME.search(expression) is not None
