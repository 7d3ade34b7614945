"""P11: a formula's answer is bounded in cells and bytes, so that no request takes the memory that others need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy import target
from functions import formula
from functions.context import AppContext
from functions.errors import InvalidRequest
from tests.support.worst_formula import NOW, Run

ROOT = Path(__file__).parent.parent.parent
MARGIN = 0.85


def ask(urls: list[str], fields: list[str], if_missing: str = "") -> formula.FormulaValues:
    enricher = SimpleNamespace(enrich=lambda profiles, *_, **__: Run(profiles))
    context = cast("AppContext", SimpleNamespace(clock=lambda: NOW, make_enricher=lambda: enricher))
    token: Any = SimpleNamespace(spreadsheet_id="sheet", issued_by=SimpleNamespace(subject="me"))
    return formula.answer(context, token, [[url] for url in urls], fields, if_missing, credits_per_day=1)


def test_more_cells_than_an_answer_holds_are_refused_before_anybody_is_looked_up() -> None:
    fields = [f"H{number}=key{number}" for number in range(11)]
    with pytest.raises(InvalidRequest, match=r"10,000 URLs with 11 fields each .* choose fewer cells or fields"):
        ask(["linkedin.com/in/person-1"] * 10_000, fields)


def test_a_small_request_for_a_large_answer_is_refused() -> None:
    long = [f"H{number}=join('', [to_string(skills), to_string(skills)])" for number in range(10)]
    with pytest.raises(InvalidRequest, match="larger than 4 MB; choose fewer cells or fields"):
        ask(["linkedin.com/in/person-1"] * 10_000, long)
    with pytest.raises(InvalidRequest, match="larger than 4 MB"):
        ask(["linkedin.com/in/person-1"] * 10_000, ["X=nothing"], "x" * 1000)


def test_a_person_in_many_rows_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def project(*given: object, **_: object) -> list[str]:
        asked.append(given)
        return ["a"]

    monkeypatch.setattr(formula, "project", project)
    answer = ask(["linkedin.com/in/person-1", "https://www.linkedin.com/in/Person-1/"] * 500, ["X=key0"])
    assert answer.values == [["a"]] * 1000
    assert len(asked) == 1


def test_the_largest_answers_at_once_fit_into_the_memory_of_an_instance() -> None:
    function = next(function for function in target.FUNCTIONS if function.name == "formula")
    limit = int(function.memory.removesuffix("Mi")) * 1024**2

    def peak(count: int) -> int:
        command = [sys.executable, "-m", "tests.support.worst_formula", str(count)]
        return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)

    one, three = peak(1), peak(3)
    each = (three - one) / 2
    assert one + each * (function.concurrency - 1) < MARGIN * limit
