"""Evaluate JMESPath with a budget; https://jmespath.org/specification.html is the language.

Expressions come from people (and from cells), and a short one can cost any amount: `[@,@][?[@,@][?…]]` doubles its
work at each step, `[@,@]|[@,@]|…` its size. So work is counted while it is done. `check` refuses, in time proportional
to the text, what could never work; `evaluate` stops an expression that takes more steps than a `Budget` allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache, partial
from math import log2
from typing import Any

import jmespath
from jmespath.exceptions import EmptyExpressionError, JMESPathError, LexerError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult
from jmespath.visitor import Options, TreeInterpreter

from functions.errors import InvalidRequest

MAX_LENGTH = 500
MAX_DEPTH = 40
MAX_OPENINGS = 60
MAX_STEPS = 20_000
"""For one field of one lead. A filter over 1,000 technologies takes about 6,000."""
STEPS_PER_LEAD = 5_000
MAX_STEPS_TOGETHER = 5_000_000
"""For all fields of all leads of one answer or chunk: two to three seconds of CPU."""
PIECE_STEPS = 500
"""A quarter of a millisecond: what other threads wait for at most."""
MAX_MEMBERS = 20
"""Of an object whose values an expression may take without naming them, such as those of `location.*`. A lead, and what
a provider calls one, has more."""
_CHARACTERS_PER_STEP = 64

_Node = Mapping[str, Any]  # of the syntax tree: type, children, value; see jmespath.ast

_UNANSWERABLE = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""Errors of evaluating on data of an unexpected shape: JMESPathError is a ValueError, and `contains('a', `1`)` or a
slice with step 0 raise what Python raises."""


class NoValue(Exception):
    """An expression has no value for this lead that a cell could hold; the message is a sentence for the cell."""


class _TooManySteps(Exception):
    pass


class Budget:
    """The steps that the custom fields of one answer may still take; not shared between threads.

    A step is a node of the expression visited, or an element or 64 characters of a value compared, copied or made.

    Args:
        leads: the number of leads that it must be enough for.
        pace: called before each `PIECE_STEPS`; may pause, or raise what ends the work.
    """

    def __init__(self, leads: int = 1, pace: Callable[[], None] = lambda: None) -> None:
        self.steps_left = max(MAX_STEPS, min(leads * STEPS_PER_LEAD, MAX_STEPS_TOGETHER))
        self._pace, self._piece = pace, 0
        self._allowed = 0  # steps that the present field may still be granted
        self._interpreter = _Interpreter(self._grant)

    def spend(self, work: Callable[[_Interpreter], object]) -> object:
        """Do some work within the steps of one field, and within those that are left for all fields.

        Raises:
            NoValue: it takes more steps.
        """
        interpreter, allowed = self._interpreter, min(MAX_STEPS, self.steps_left)
        interpreter.steps_left, self._allowed = 0, allowed
        try:
            return work(interpreter)
        except _TooManySteps:
            if allowed < MAX_STEPS:
                raise NoValue(
                    "The custom fields take too many steps for all these people together; make them simpler, or choose "
                    "fewer rows."
                ) from None
            raise NoValue("This field takes too many steps for this person; make its expression simpler.") from None
        finally:
            unused = max(0, interpreter.steps_left)
            self._piece += unused
            self.steps_left -= allowed - self._allowed - unused

    def _grant(self) -> int:
        """Return the steps of the next piece of work."""
        if not self._allowed:
            raise _TooManySteps
        if not self._piece:
            self._pace()
            self._piece = PIECE_STEPS
        granted = min(self._piece, self._allowed)
        self._piece -= granted
        self._allowed -= granted
        return granted


def evaluate(expression: str, lead: object, budget: Budget | None = None) -> object:
    """Return what the expression finds in a JSON value; None where it finds nothing or the shapes do not fit it.

    Args:
        expression: one that passed `check`.
        lead: what it is applied to.
        budget: what it may cost; None for an expression of the catalogue, which is linear, and may find an object.

    Raises:
        InvalidRequest: the expression itself is invalid.
        NoValue: it takes more steps than it may, or its result holds an object.
    """
    parsed = _parsed(expression).parsed
    try:
        if budget is None:
            return _unlimited().visit(parsed, lead)
        return budget.spend(lambda interpreter: interpreter.result(parsed, lead))
    except _UNANSWERABLE:
        return None


@cache
def _unlimited() -> TreeInterpreter:
    # One for all threads: it keeps nothing but its own bound methods.
    return TreeInterpreter()


class _Interpreter(TreeInterpreter):
    """JMESPath's interpreter, which counts its steps."""

    def __init__(self, grant: Callable[[], int]) -> None:
        super().__init__(Options(custom_functions=_Functions(self)))
        self.steps_left = 0
        self._grant = grant
        self._lead: object = None
        self.COMPARATOR_FUNC = {  # type: ignore[misc] # declared for the class, and read through the instance
            name: partial(self._compared, compare) for name, compare in TreeInterpreter.COMPARATOR_FUNC.items()
        }

    def charge(self, steps: int) -> None:
        """Take steps from the budget, before the work wherever its size is known.

        Raises:
            _TooManySteps: none are left.
        """
        self.steps_left -= steps
        while self.steps_left < 0:
            self.steps_left += self._grant()

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the base class has it
        self.charge(1)
        return super().visit(node, *args, **kwargs)

    def visit_flatten(self, node: _Node, value: object) -> list[object] | None:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        self.charge(sum(len(element) for element in base if isinstance(element, list)) + len(base))
        merged: list[object] = []
        for element in base:
            merged.extend(element if isinstance(element, list) else [element])
        return merged

    def visit_slice(self, node: Any, value: object) -> object:  # noqa: ANN401 - typed only in the stubs
        self.charge(size(value))
        return super().visit_slice(node, value)

    def visit_value_projection(self, node: _Node, value: object) -> list[object] | None:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, dict):
            return None
        self.refuse_whole(base)
        found = (self.visit(node["children"][1], element) for element in base.values())
        return [element for element in found if element is not None]

    def refuse_whole(self, value: object) -> None:
        """Refuse to take values without their names from a lead, or from an object as large as one.

        Raises:
            NoValue: it is one; so a cell shows what its field names, and not whatever else is known of a person.
        """
        if isinstance(value, dict) and (value is self._lead or len(value) > MAX_MEMBERS):
            raise NoValue(_OBJECT)

    def walk(self, value: object, *, no_objects: bool = False) -> None:
        """Charge for every element at every depth, as often as it occurs, since later work visits shared parts again.

        Raises:
            NoValue: with `no_objects`, the value is an object or holds one.
        """
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, dict):
                if no_objects:
                    raise NoValue(_OBJECT)
                waiting.extend(part.values())
            elif isinstance(part, list):
                waiting.extend(part)
            self.charge(1 + size(part))

    def result(self, node: _Node, lead: object) -> object:
        """Evaluate an expression, and charge for its result as well, since a cell will be rendered from it.

        Raises:
            NoValue: the result is an object or holds one; no cell may show a lead as a whole.
        """
        self._lead = lead
        found: object = self.visit(node, lead)
        self.walk(found, no_objects=True)
        return found

    def _compared(self, compare: Callable[[object, object], object], left: object, right: object) -> object:
        if isinstance(left, list | dict) and type(left) is type(right):
            self.walk(left)
        else:
            self.charge(min(size(left), size(right)))
        return compare(left, right)


_OBJECT = (
    "This field would show a whole group of values; name those of them that the cell shall hold, "
    "such as `experience[0].title_name`."
)


class _Functions(Functions):
    """JMESPath's functions, each of which is charged for its arguments before it runs."""

    def __init__(self, interpreter: _Interpreter) -> None:
        self._interpreter = interpreter

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:  # noqa: ANN401 - as the base class has it
        charge, arguments = self._interpreter.charge, list(resolved_args)
        for argument in arguments:
            charge(size(argument))
        first = arguments[0]  # `check` has seen to it that there is one
        if function_name == "to_string" and not isinstance(first, str):
            self._interpreter.walk(first, no_objects=True)
        elif function_name in {"values", "merge"}:
            for argument in arguments:
                self._interpreter.refuse_whole(argument)
        elif function_name == "contains" and isinstance(first, list):
            if isinstance(arguments[1], list | dict):
                self._interpreter.walk(first)
        elif isinstance(first, list) and function_name in {"sort", "sort_by", "max", "min", "max_by", "min_by"}:
            charge(int(texts_size(first) * (log2(len(first) + 1) if function_name.startswith("sort") else 1)))
        elif function_name == "join" and isinstance(arguments[1], list):
            charge(texts_size(arguments[1]) + size(first) * len(arguments[1]))
        return super().call_function(function_name, arguments)


def size(value: object) -> int:
    """Return the steps that one pass over a value takes, without the contents of its elements."""
    if isinstance(value, str):
        return len(value) // _CHARACTERS_PER_STEP
    return len(value) if isinstance(value, list | dict) else 0


def texts_size(values: Iterable[object]) -> int:
    """Return the steps that a pass over all these texts or numbers takes."""
    return sum(1 + size(value) for value in values)


def check(expression: str) -> None:
    """Refuse an expression that is invalid, too long or too deep, or whose result can only be an object.

    Raises:
        InvalidRequest: with what is wrong and where, as a phrase that follows "The expression of “…” ".
    """
    if len(expression) > MAX_LENGTH:
        raise InvalidRequest(f"is {len(expression)} characters long; at most {MAX_LENGTH} are allowed.")
    # Each of these may cost the parser some frames of the stack: whether it fits must not depend on who calls.
    if sum(map(expression.count, "([{!&*")) > MAX_OPENINGS:
        raise InvalidRequest("is nested too deeply; make it simpler.")
    parsed = _parsed(expression).parsed
    _check_node(parsed, 1)
    while parsed["type"] == "pipe":
        parsed = parsed["children"][-1]
    if parsed["type"] in ("current", "identity", "multi_select_dict"):
        raise InvalidRequest(
            "would show a whole group of values; name those of them that the cell shall hold, such as `skills[0]`."
        )


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> ParsedResult:
    try:
        return jmespath.compile(expression)
    except RecursionError as error:
        raise InvalidRequest("is nested too deeply; make it simpler.") from error
    except EmptyExpressionError as error:
        raise InvalidRequest("is empty; write where the value is, such as `skills[0]`.") from error
    except (ParseError, LexerError) as error:
        raise InvalidRequest(f"is not valid {_place(expression, error)}.") from error
    except (JMESPathError, LookupError) as error:  # the parser looks one token past the end of some broken expressions
        raise InvalidRequest("is not valid; an example that is, is `skills[0]`.") from error


def _place(expression: str, error: ParseError) -> str:
    position = getattr(error, "lexer_position", error.lex_position)
    if position >= len(expression):
        return "at its end: something is missing"
    return f"at character {position + 1}, “{expression[position : position + 20]}”"


def _check_node(node: _Node, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidRequest("is nested too deeply; make it simpler.")
    kind, children = node["type"], node["children"]
    if kind == "expref":
        raise InvalidRequest(
            "uses “&” outside a function that takes one, such as `sort_by(experience, &company_name)`.",
        )
    if kind == "slice" and children[2:] == [0]:
        raise InvalidRequest("has a step of 0 between its brackets; the third number there must be another one.")
    if kind == "function_expression":
        _check_function(node["value"], children, depth)
    elif kind not in ("slice", "index"):  # their children are numbers
        for child in children:
            _check_node(child, depth + 1)


def _check_function(name: str, arguments: list[_Node], depth: int) -> None:
    known = Functions.FUNCTION_TABLE.get(name)
    if known is None:
        names = ", ".join(sorted(Functions.FUNCTION_TABLE))
        raise InvalidRequest(f"calls {name}(), which is none of the functions that there are: {names}.")
    signature = known["signature"]
    variadic = bool(signature[-1].get("variadic"))
    if len(arguments) < len(signature) or (len(arguments) > len(signature) and not variadic):
        raise InvalidRequest(
            f"gives {name}() {len(arguments)} argument{'s' * (len(arguments) != 1)}; "
            f"it takes {len(signature)}{' or more' if variadic else ''}.",
        )
    for place, argument in enumerate(arguments):
        wants_expression = place < len(signature) and signature[place]["types"] == ["expref"]
        if wants_expression and argument["type"] != "expref":
            raise InvalidRequest(f"must give {name}() an expression that begins with “&” as argument {place + 1}.")
        _check_node(argument["children"][0] if wants_expression else argument, depth + 1)


_UNIX_TIME = re.compile(r"\b(?:last_funded_on|last_detected)\W*\Z")


def gives_unix_time(expression: str) -> bool:
    """Tell whether the expression ends in one of the two keys of a lead that hold Unix times."""
    return _UNIX_TIME.search(expression) is not None
