"""Proves that parsing a cell takes time in proportion to its length, whatever it holds: cells come from strangers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.profiles import parse, parsing
from functions.profiles.parsing import MAX_CELL
from tests.support.work import LINEAR, cpu_s, growth

CHARACTERS = [
    *" \t\n\xa0\u200b\xad\x00\u200d",
    *"[](){}<>|\"'`",
    *"“”‘’«»‹›「」『』【】《》，；、。",  # noqa: RUF001 - the marks that the parser knows
    *"….,;:!?*•·→=",
    *"-_~&#/\\%@+$",
    *"aA1éÃß\u0301\u0323\ufe0f😀\ud800",
]
"""One of each class of characters that a pattern of the parser mentions."""
FRAGMENTS = [
    *("..", "//", "%25", "%C3", "\u0323\u0301", "../", "%2e/", "a.", "aa:1", ":1", "a@", "=a", "*A", "**A"),
    *("https://", "http:/", "http:", "www.", "m.", "de.", "linkedin.com", "linkedin.com/", "linkedin.com/in/", "in/"),
    *("lnkd.in/", "comm/", "mwlite/", "pub/", "HYPERLINK(", '=HYPERLINK("', "[x](", "[](", "]("),
    *("<a ", "<a href=", "href=", 'href="', "</a>", "/RU=", "__;", "!!", "!", "url=", "&url=", "u=", "&amp;url=x"),
]
FRAMES = [
    *(
        "{}",
        "x{}x",
        "({} x",
        "<{}<",
        "linkedin.com/in/{}",
        "https://www.linkedin.com/in/abc{}x",
        "<a href=x{}",
        "[x](y{}",
    ),
    *('=HYPERLINK("x"{}', "https://www.linkedin.com/{}/in/abc", "https://www.linkedin.com/pub/a/{}"),
    *("https://urldefense.com/v3/__x{}", "https://urldefense.com/v2/url?u={}", "https://r.search.yahoo.com/{}"),
    *(
        "https://www.google.com/url?{}",
        "https://x.safelinks.protection.outlook.com/?{}",
        "https://secure-web.cisco.com/{}",
    ),
    *("https://protect.checkpoint.com/v2/___https:{}", "https://www.bing.com/ck/a?u=a1{}"),
]
"""Where a run may stand: alone, in brackets, and behind each kind of address that is read on."""
LONG = 6_000


def run(units: Sequence[str], length: int) -> str:
    """The units again and again, up to so many characters."""
    text = "".join(units)
    return (text * (length // len(text) + 1))[:length]


@pytest.fixture(autouse=True)
def _cells_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the work be measured where its growth shows, far beyond what the parser accepts."""
    monkeypatch.setattr(parsing, "MAX_CELL", 10 * LONG)


def assert_linear(units: Sequence[str], frame: str) -> None:
    small, large = frame.format(run(units, LONG)), frame.format(run(units, 4 * LONG))
    assert growth(parse, small, large) <= LINEAR, (units, frame)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_run_of_any_class_of_characters_is_parsed_in_linear_time(frame: str) -> None:
    for unit in [*CHARACTERS, *FRAGMENTS]:
        assert_linear([unit], frame)


@given(st.lists(st.sampled_from([*CHARACTERS, *FRAGMENTS]), min_size=2, max_size=4), st.sampled_from(FRAMES))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mixed_run_is_parsed_in_linear_time(units: list[str], frame: str) -> None:
    assert_linear(units, frame)


def test_the_measure_tells_linear_from_quadratic_work() -> None:
    assert growth(lambda n: sum(one ^ other for one in range(n) for other in range(n)), 200, 800) > LINEAR
    assert growth(lambda n: sum(one ^ other for one in range(n) for other in range(400)), 200, 800) <= LINEAR


def test_a_cell_of_brackets_costs_no_more_than_a_few_usual_cells() -> None:
    usual = "Jane: <https://de.linkedin.com/in/jane-doe-12?trk=x> and more words than there are in most cells " * 40
    hostile = "[" * MAX_CELL
    assert min(cpu_s(parse, hostile) for _ in range(5)) < 20 * min(cpu_s(parse, usual[:MAX_CELL]) for _ in range(5))
