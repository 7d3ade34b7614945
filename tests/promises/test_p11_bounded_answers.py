"""P11: a formula's answer is bounded in cells and bytes, so that no request takes the memory that others need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy import target
from functions import formula
from functions.context import AppContext
from functions.enrichment import result
from functions.errors import InvalidRequest
from tests.support.enrichers import allowed
from tests.support.worst_formula import context_in

ROOT = Path(__file__).parent.parent.parent
MARGIN = 0.85


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> AppContext:
    """A team that knows many people."""
    return context_in(tmp_path_factory.mktemp("known"))


def ask(context: AppContext, urls: list[str], fields: list[str], if_missing: str = "") -> formula.FormulaValues:
    token: Any = SimpleNamespace(spreadsheet_id="sheet", issued_by=SimpleNamespace(subject="me"))
    column = [[url] for url in urls]
    return formula.answer(
        context, token, column, fields, if_missing, credits_per_day=allowed(1), new_people_per_day=10_000
    )


def test_more_cells_than_an_answer_holds_are_refused_before_anybody_is_looked_up(context: AppContext) -> None:
    fields = [f"H{number}=key{number}" for number in range(11)]
    with pytest.raises(InvalidRequest, match=r"10,000 URLs with 11 fields each .* choose fewer cells or fields"):
        ask(context, ["linkedin.com/in/person-1"] * 10_000, fields)


def test_a_small_request_for_a_large_answer_is_refused(context: AppContext) -> None:
    long = [f"H{number}=join('', [to_string(skills), to_string(skills)])" for number in range(10)]
    with pytest.raises(InvalidRequest, match="larger than 4 MB; choose fewer cells or fields"):
        ask(context, ["linkedin.com/in/person-1"] * 10_000, long)
    with pytest.raises(InvalidRequest, match="larger than 4 MB"):
        ask(context, ["linkedin.com/in/person-1"] * 10_000, ["X=nothing"], "x" * 1000)


def test_a_person_in_many_rows_is_rendered_once(context: AppContext, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def project(*given: object, **_: object) -> list[str]:
        asked.append(given)
        return ["a"]

    monkeypatch.setattr(result, "project", project)
    answer = ask(context, ["linkedin.com/in/person-1", "https://www.linkedin.com/in/Person-1/"] * 500, ["X=key0"])
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
