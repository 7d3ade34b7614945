"""Proves that no pattern takes a line break at the end of a text for the end, as `$` does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from functions.jobs.request import Id

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("functions", "local", "deploy", "tools")
DOLLAR = re.compile(r"(?<!\\)(?:\\\\)*\$(?!\(\?!\\n\))")
"""A `$` that is not escaped. JSON Schema has no `\\Z`; there `$(?!\\n)` means the same in every language."""
CLASSES = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")


def patterns(source: str) -> Iterator[tuple[int, str]]:
    """The line and the text of each pattern: arguments of `re.…`, and those that are called `pattern`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        of_re = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "re"
        found = [*(node.args[:1] if of_re else ()), *(word.value for word in node.keywords if word.arg == "pattern")]
        for part in (leaf for argument in found for leaf in ast.walk(argument)):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.lineno, part.value


def loose(source: str) -> list[tuple[int, str]]:
    """The patterns in which a `$` stands for the end."""
    return [(line, text) for line, text in patterns(source) if DOLLAR.search(CLASSES.sub("x", text))]


def test_no_pattern_ends_in_a_dollar() -> None:
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 100
    found = {str(file.relative_to(ROOT)): loose(file.read_text(encoding="utf-8")) for file in files}
    assert {name: places for name, places in found.items() if places} == {}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('re.compile("a$")', 1),
        (r're.match(r"a\$", x)', 0),
        (r're.compile(r"a[$]b\Z")', 0),
        (r'Meta(pattern=r"^a$(?!\n)")', 0),
        ('Meta(pattern="^a$")', 1),
        (r're.search(r"\\$", x)', 1),
        ('f("a$")', 0),
    ],
)
def test_the_search_finds_them(source: str, count: int) -> None:
    assert len(loose(source)) == count


def test_an_id_with_a_line_break_is_none() -> None:
    assert msgspec.json.decode(b'"a-1"', type=Id) == "a-1"
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'"a-1\\n"', type=Id)
