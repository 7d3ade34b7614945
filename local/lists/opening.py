"""Opens a list, whatever kind of file it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.lists.content import Kind, recognise
from local.lists.contract import SourceList
from local.lists.csv_list import open_csv
from local.lists.errors import BadFile
from local.lists.workbook_list import open_workbook_list


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person says about a list; everything is found by itself where it is empty."""

    tab: str = ""
    column: str = ""
    header_row: int | None = None
    encoding: str = ""
    delimiter: str = ""


def open_list(path: Path, choices: Choices) -> SourceList:
    """Open the list at `path`.

    Raises:
        BadFile: it cannot be used, or something about it cannot be told; the sentence says what to do.
    """
    if recognise(path) is Kind.WORKBOOK:
        if choices.encoding or choices.delimiter:
            raise BadFile(f"{path} is an Excel workbook; ENCODING and DELIMITER are for CSV files.")
        return open_workbook_list(path, tab=choices.tab, column=choices.column, header_row=choices.header_row)
    if choices.tab:
        raise BadFile(f"{path} is a CSV, which has no tabs; leave TAB out.")
    return open_csv(
        path,
        column=choices.column,
        header_row=choices.header_row,
        encoding=choices.encoding,
        delimiter=choices.delimiter,
    )
