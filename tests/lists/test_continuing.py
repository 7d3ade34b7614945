"""A further run goes on with the result as people have left it: sorted, added to, corrected, its columns moved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from functions.fields import select
from local.lists.continuing import continued
from local.lists.contract import SourceList
from local.lists.errors import BadFile
from local.lists.layout import lay_out
from local.lists.opening import Choices, open_list

HEADER = ["Name", "LinkedIn", "Email", "Note"]
FIELDS = select(["email", "title"])


def url(number: int) -> str:
    return f"https://www.linkedin.com/in/lead-{number:03d}"


def row(number: int) -> list[str]:
    return [f"Lead {number}", url(number), f"{number}@example.com", f"note {number}"]


def written(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    path.write_text("".join(",".join(cells) + "\n" for cells in rows), encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path: Path) -> SourceList:
    """A list of four people, without an e-mail column yet."""
    rows = [[name, link, note] for name, link, _, note in (HEADER, *map(row, range(1, 5)))]
    return open_list(written(tmp_path / "leads.csv", rows), Choices())


def gone_on(source: SourceList, rows: Sequence[Sequence[str]]) -> tuple[list[list[str]], str]:
    """Go on with a result of these rows and fill every empty cell; returns the new result, and what the plan says."""
    target = written(source.path.with_name("leads.enriched.csv"), rows)
    after = target.with_name("after.csv")
    kept = continued(source, target)
    layout = lay_out(kept.shape, FIELDS)
    writer = kept.create(after, layout)
    for each in kept.rows(layout):
        slug = each.url.rsplit("/", 1)[-1]
        writer.write(each.record, writer.render(each.held, (f"e-{slug}", f"t-{slug}")))
    writer.close()
    return [line.split(",") for line in after.read_text(encoding="utf-8").splitlines()], " ".join(kept.notes)


@pytest.mark.parametrize(
    "order",
    [[3, 1, 4, 2], [1, 2, 3, 4, 9], [9, 1, 2, 3, 4], [1, 2, 2, 3, 4]],
    ids=["sorted", "added below", "added above", "a person twice"],
)
def test_rows_that_were_moved_or_added_by_hand_stay_so(source: SourceList, order: list[int]) -> None:
    after, said = gone_on(source, [HEADER, *map(row, order)])
    assert after == [
        ["Name", "LinkedIn", "Title", "Email", "Note"],
        *([f"Lead {n}", url(n), f"t-lead-{n:03d}", f"{n}@example.com", f"note {n}"] for n in order),
    ]
    assert "were moved or added by hand; they stay as they are" in said


def test_an_address_that_was_corrected_in_the_result_is_looked_up(source: SourceList) -> None:
    rows = [HEADER, *map(row, range(1, 5))]
    rows[2][1], rows[2][2] = url(7), ""
    after, said = gone_on(source, rows)
    assert after[2] == ["Lead 2", url(7), "t-lead-007", "e-lead-007", "note 2"]
    assert "Row 3 of" in said
    assert "has another URL than" in said


@pytest.mark.parametrize("places", [(1, 2, 0, 3), (2, 3, 0, 1), (0, 2, 3, 1)])
def test_columns_that_were_moved_are_found_again(source: SourceList, places: tuple[int, ...]) -> None:
    rows = [[cells[place] for place in places] for cells in (HEADER, *map(row, range(1, 5)))]
    after, _ = gone_on(source, rows)
    beside = places.index(1) + 1
    assert [[*cells[:beside], *cells[beside + 1 :]] for cells in after] == rows
    assert [cells[beside] for cells in after] == ["Title", *(f"t-lead-{n:03d}" for n in range(1, 5))]


def test_a_result_without_its_header_is_still_one(source: SourceList) -> None:
    after, _ = gone_on(source, [*map(row, range(1, 5))])
    assert [cells[1] for cells in after] == [url(n) for n in range(1, 5)]


@pytest.mark.parametrize("order", [[1, 3, 4], [4, 3, 2], [5, 6, 7, 8]], ids=["deleted", "deleted and sorted", "others"])
def test_a_result_that_lacks_rows_is_not_touched_and_can_be_named_as_the_list(
    source: SourceList, order: list[int]
) -> None:
    """Whether they were deleted on purpose or belong to another list, nobody can tell."""
    with pytest.raises(BadFile, match=r"is not that of .* name it as the list"):
        gone_on(source, [HEADER, *map(row, order)])


def test_without_a_header_no_column_is_written_twice(tmp_path: Path) -> None:
    """Nobody can tell that the third column holds e-mail addresses: the same fields would be put beside it again."""
    source = open_list(written(tmp_path / "leads.csv", [[f"Lead {n}", url(n)] for n in (1, 2)]), Choices())
    result = written(tmp_path / "leads.enriched.csv", [[f"Lead {n}", url(n), f"{n}@example.com"] for n in (1, 2)])
    with pytest.raises(BadFile, match=r"has no header row, so it cannot be told which columns of .* are filled"):
        continued(source, result)
    written(result, [[f"Lead {n}", url(n)] for n in (1, 2)])
    assert continued(source, result).path == result


def test_a_delimiter_that_somebody_named_is_that_of_the_result(tmp_path: Path) -> None:
    rows = "Name:LinkedIn\nLead 1:linkedin.com/in/lead-001\n"
    path, result = tmp_path / "leads.csv", tmp_path / "leads.enriched.csv"
    for each in (path, result):
        each.write_text(rows, encoding="utf-8")
    kept = continued(open_list(path, Choices(delimiter=":")), result)
    assert [row.url for row in kept.rows(lay_out(kept.shape, ()))] == ["linkedin.com/in/lead-001"]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """A list of three people, and two tabs more."""
    book = openpyxl.Workbook()
    book.create_sheet("Notes").append(["nothing"])
    for cells in (HEADER, *map(row, range(1, 4))):
        book["Sheet"].append(cells)
    book.save(tmp_path / "leads.xlsx")
    return tmp_path / "leads.xlsx"


def test_a_tab_that_got_another_title_is_still_the_result(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    book["Sheet"].title = "Done"
    book.save(workbook.with_name("done.xlsx"))
    kept = continued(open_list(workbook, Choices()), workbook.with_name("done.xlsx"))
    assert [each.url for each in kept.rows(lay_out(kept.shape, ()))] == [url(1), url(2), url(3)]


def test_blank_rows_at_the_end_of_a_csv_are_not_missed_in_its_workbook(workbook: Path) -> None:
    source = open_list(
        written(workbook.with_name("leads.csv"), [HEADER, *map(row, range(1, 4)), ["", "", "", ""], [""]]), Choices()
    )
    assert continued(source, workbook).path == workbook


def test_rows_that_a_workbook_lacks_can_be_copied_into_it(workbook: Path) -> None:
    source = open_list(written(workbook.with_name("leads.csv"), [HEADER, *map(row, range(1, 5))]), Choices())
    with pytest.raises(BadFile, match=r"Copy them into .*leads.xlsx, and name it as the list"):
        continued(source, workbook)


def test_rows_that_a_workbook_has_got_since_can_be_copied_into_its_result(workbook: Path) -> None:
    """In another file, their texts, links and styles have other numbers; nothing is written that could be wrong."""
    result = workbook.rename(workbook.with_name("leads.enriched.xlsx"))
    book = openpyxl.load_workbook(result)
    book["Sheet"].append(row(4))
    book.save(workbook)
    with pytest.raises(BadFile, match=r"has rows that .* does not have. Copy them into .*enriched.xlsx, and name it"):
        continued(open_list(workbook, Choices()), result)
