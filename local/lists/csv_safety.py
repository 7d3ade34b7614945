"""Values that a spreadsheet program would not show as they are when it opens a CSV."""

from __future__ import annotations

import re

from functions.fields.cell_format import CellValue

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - Excel in Japanese takes them alike
_HARMLESS = re.compile(r"[+-]?[\s().,/-]*+\d[\d\s().,/-]*+(?:(?:ext\.?|x)\s?\d{1,6})?", re.IGNORECASE | re.ASCII)
"""Signed numbers and phone numbers, with an extension: digits and their separators can run nothing."""
_RETYPED = re.compile(
    r"\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?"  # 1-10: a date
    r"|\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- ]\d{1,4}"
    r"|0\d+"  # a leading zero is lost
    r"|\+[\d]+(?:[-/.]\d+)*"  # a phone number: +1-202-555-0101 is calculated
    r"|\d{16,}"  # digits past the fifteenth become zeros
    r"|\d+[eE]\d+",
    re.IGNORECASE | re.ASCII,
)


def guarded(value: CellValue) -> str:
    """Return a value as it may stand in a CSV: what a spreadsheet would run as a formula gets a leading apostrophe.

    Source: OWASP, "CSV Injection". Numbers and phone numbers with a sign are no formulas and stay as they are.
    """
    text = str(value).upper() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _HARMLESS.fullmatch(text) else text


def is_retyped(value: CellValue) -> bool:
    """Whether Excel shows something else than a text, such as a date for `1-10`, when it opens a CSV with it."""
    return isinstance(value, str) and len(value) <= 40 and _RETYPED.fullmatch(value) is not None
