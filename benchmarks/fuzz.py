"""Fuzz what strangers can send. `python -m benchmarks.fuzz --seconds 3600 --seed 7`.

Each round makes hostile inputs of a seed and checks four bounds: the work of parsing a cell grows with its length;
reading a CSV looks at each character a bounded number of times; an expression ends within its steps and its cell within
its length; a body of any route decodes or is refused. The seed of every finding is printed; run it again with `--seed`
and `--seconds 1`. Ends with 1 if something was found.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from functions.entrypoints.flask_app import decode
from functions.entrypoints.formula import FormulaBody
from functions.entrypoints.routes import ROUTES
from functions.entrypoints.worker import ChunkBody
from functions.errors import InvalidRequest, NotAProfile
from functions.fields import Budget, Facts, project, select
from functions.fields.cell_format import CELL_LIMIT
from functions.fields.expressions import MAX_STEPS
from functions.outcomes import Outcome
from functions.profiles import parse, parsing
from tests.support.csv_work import FRAMES, PIECES, excess, sized
from tests.support.documented_lead import LEAD
from tests.support.work import LINEAR, growth

LENGTH = 10_000
MARKS = [*" \t\n\xa0\u200b\xad[](){}<>|\"'`.,;:!?*=-_~&#/\\%@+$aA1éÃ\u0301\u0323😀", "…", "“", "·"]
WORDS = [
    "https://",
    "www.",
    "linkedin.com/in/",
    "pub/",
    "comm/",
    'HYPERLINK("',
    "[x](",
    "<a href=",
    "/RU=",
    "__;",
    "!!",
    "&u=",
    "%25",
]
PLACES = [
    "{}",
    "linkedin.com/in/{}",
    "<a href=x{}",
    "https://www.google.com/url?q={}",
    "https://urldefense.com/v3/__x{}",
]
BODIES: list[type[msgspec.Struct]] = [
    FormulaBody,
    ChunkBody,
    *(route.body for route in ROUTES if route.body is not None),
]
VALUES = [
    "",
    "x",
    "Leads!A2:A",
    -1,
    0,
    10**400,
    1e308,
    None,
    True,
    [],
    {},
    ["email"],
    [["x"]],
    "\ud800",
    "\0",
    "x" * 3000,
]
ATOMS = ["@", "skills", "experience", "name", "`[1,[]]`", "'text'", "*", "technologies[].technology"]
SHAPES = [
    *("[{0},{1}]", "{0}[]", "{0}[*]", "{0}|{1}", "{0}[?{1}]", "{0}=={1}", "{0}||{1}", "to_string({0})", "length({0})"),
    *("map(&{0},{1})", "sort_by({1},&{0})", "max_by({1},&{0})", "join('-',[to_string({0}),to_string({1})])"),
    *("sort({0})", "contains({0},{1})", "reverse({0})", "values({0})", "{{a:{0},b:{1}}}", "{0}[::2]"),
]


def check_cell(dice: random.Random) -> str | None:
    """Parse a run of hostile characters, and one of four times the length."""
    unit = "".join(dice.choices([*MARKS, *WORDS], k=dice.randint(1, 4)))
    place = dice.choice(PLACES)
    small, large = (place.format((unit * (length // len(unit) + 1))[:length]) for length in (LENGTH, 4 * LENGTH))
    ratio = growth(parse, small, large)
    return f"parsing {unit!r} in {place!r} grows {ratio:.1f} times" if ratio > LINEAR else None


def check_any_cell(dice: random.Random) -> str | None:
    """Parse a mixture: it is a profile or a refusal."""
    with suppress(NotAProfile):
        parse("".join(dice.choices([*MARKS, *WORDS], k=dice.randint(1, 60))))
    return None


def check_expression(dice: random.Random) -> str | None:
    """Evaluate a nested expression."""
    text = dice.choice(ATOMS)
    for _ in range(dice.randint(1, 12)):
        text = dice.choice(SHAPES).format(text, dice.choice([text, *ATOMS]))
    try:
        fields = select([f"X={text}"])
    except InvalidRequest:
        return None
    budget = Budget()
    [cell] = project(LEAD, Facts(Outcome.KNOWN), fields, budget=budget, failed=str)
    if budget.steps_left < 0 or len(str(cell)) > CELL_LIMIT:
        return f"{text!r} leaves {budget.steps_left} of {MAX_STEPS} steps, and a cell of {len(str(cell))} characters"
    return None


def check_list(dice: random.Random) -> str | None:
    """Read a CSV of hostile pieces."""
    unit = "".join(dice.choices(PIECES, k=dice.randint(1, 8)))
    frame = dice.choice(FRAMES)
    multiple = excess(sized(frame, unit, 2 * LENGTH))
    return f"reading a CSV of {unit!r} in {frame!r} takes {multiple:.1f} times the work" if multiple > 1 else None


def check_body(dice: random.Random) -> str | None:
    """Decode a damaged body of any route."""
    kind = dice.choice(BODIES)
    made = {name: dice.choice(VALUES) for name in kind.__struct_fields__ if dice.random() < 0.8}
    body = json.dumps(made).encode()
    for _ in range(dice.randint(0, 5)):
        at = dice.randrange(len(body) + 1)
        piece = dice.choice(
            [b"", b"[" * 2000, b'{"a":' * 500, b"\xff", b"9" * 400, b"\\ud800", b"null", bytes([dice.randrange(256)])]
        )
        body = body[:at] + piece + body[at + dice.randint(0, 3) :]
    with suppress(InvalidRequest):
        decode(body, kind)
    return None


CHECKS: tuple[tuple[Callable[[random.Random], str | None], int], ...] = (
    (check_cell, 1),
    (check_list, 5),
    (check_any_cell, 200),
    (check_expression, 50),
    (check_body, 200),
)


def findings(seed: int) -> Iterator[str]:
    """Yield what breaks a bound in the round of this seed."""
    dice = random.Random(seed)
    for check, times in CHECKS:
        for _ in range(times):
            try:
                found = check(dice)
            except Exception as error:  # noqa: BLE001 - any other error is a finding
                found = f"{check.__name__}: {type(error).__name__}: {error}"
            if found:
                yield found


def main() -> int:
    """Run rounds until the time is over."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=3600.0)
    options.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    chosen = options.parse_args()
    warnings.simplefilter("ignore", PendingDeprecationWarning)  # JMESPath's, about literals that a person may write
    parsing.MAX_CELL = 10 * LENGTH
    until, seed, found = time.monotonic() + chosen.seconds, chosen.seed, 0
    print(f"First seed: {seed}.")
    while True:
        for finding in findings(seed):
            found += 1
            print(f"Seed {seed}: {finding}", flush=True)
        seed += 1
        if time.monotonic() >= until:
            break
    print(f"Rounds: {seed - chosen.seed}. Findings: {found}. Last seed: {seed - 1}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
