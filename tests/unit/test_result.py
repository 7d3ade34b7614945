"""The cells of a row are the same whether its lead is decoded whole or only in the parts that the fields read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from functions.credits.lead_status import LeadStatus
from functions.enrichment.result import Result
from functions.fields import select
from functions.fields.catalogue import CATALOGUE
from functions.fields.cell_format import CellValue
from functions.fields.selection import keys_read
from functions.outcomes import Lead, Outcome
from functions.profiles import parse
from functions.store.leads import Known, pack
from local.providers.people import lead, person

JANE = parse("linkedin.com/in/jane-doe")
WHOLE, ODD = person("jane-doe"), lead("jane-odd-lead")
POOR = {"name": WHOLE["name"], "company_website": WHOLE["company_website"], "email": "j***@example.com"}


def known(one: Lead) -> Known:
    return Known(LeadStatus.FOUND, datetime(2026, 11, 26, tzinfo=UTC), packed=pack(msgspec.json.encode(one)))


def cells(leads: list[Lead], *names: str) -> list[CellValue]:
    by_provider = {f"provider {number}": known(one) for number, one in enumerate(leads)}
    return Result(0, JANE, Outcome.KNOWN, by_provider).cells(select(names))


@pytest.mark.parametrize("leads", [[WHOLE], [ODD], [POOR], [POOR, WHOLE], [WHOLE, ODD], [ODD, POOR]])
def test_a_part_of_a_lead_shows_what_the_whole_one_does(leads: list[Lead], monkeypatch: pytest.MonkeyPatch) -> None:
    part = {field.name: cells(leads, field.name) for field in CATALOGUE}
    together = cells(leads, *part)
    everything: Callable[[Known, frozenset[str]], Lead | None] = lambda it, _: it.lead  # noqa: E731 - in place of a method
    monkeypatch.setattr(Known, "lead_with", everything)
    assert part == {field.name: cells(leads, field.name) for field in CATALOGUE}
    assert together == cells(leads, *part)


def test_a_part_holds_the_keys_that_are_asked_for_and_are_there_also_those_without_a_value() -> None:
    found = known({"email": None, "name": "Jane", "skills": ["SQL"], "experience": [{"title_name": "Founder"}]})
    asked = frozenset({"email", "skills", "city"})
    part = found.lead_with(asked) or {}
    assert {key: part[key] for key in asked & part.keys()} == {"email": None, "skills": ["SQL"]}
    assert "experience" not in part
    assert Known(LeadStatus.MISSING, datetime(2026, 11, 26, tzinfo=UTC)).lead_with(frozenset({"email"})) is None


@pytest.mark.parametrize(
    "value", [None, True, 0, 1.5, "", 'Zoë\n\t"', "long " * 50, [], {}, [["a\n"]], {"a": {"b": 1}}]
)
@pytest.mark.parametrize("key", ["email", "skills\n", ""])
def test_whatever_a_lead_holds_is_kept(key: str, value: object) -> None:
    one = {"id": 7, key: value, "experience": [None]}
    assert (known(one).lead, known(one).raw) == (one, one)
    part = known(one).lead_with(frozenset({key})) or {}
    assert part[key] == value


def test_a_row_that_shows_only_short_values_unpacks_no_others() -> None:
    packed = pack(msgspec.json.encode(WHOLE))
    damaged = Known(
        LeadStatus.FOUND, datetime(2026, 11, 26, tzinfo=UTC), packed=b"\n".join([*packed.split(b"\n", 2)[:2], b""])
    )
    fields = select(["email", "title", "company", "location", "status"])
    found = Result(0, JANE, Outcome.KNOWN, {"slintel": damaged}).cells(fields)
    assert found == Result(0, JANE, Outcome.KNOWN, {"slintel": known(WHOLE)}).cells(fields)
    assert "" not in found


def test_a_custom_field_may_read_anything() -> None:
    assert keys_read(select(["email", "All=keys(@)"])) is None
    assert cells([{"name": "Jane", "favourite": "tea"}], "Drinks=favourite") == ["tea"]
