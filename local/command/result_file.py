"""The file that a run writes: never the list itself, nor one that somebody protects."""

from __future__ import annotations

from pathlib import Path

from local.lists.errors import BadFile
from local.lists.workbook_list import WORKBOOKS

_NO_TEXT = (WORKBOOKS - {".xlsx"}) | {".xls", ".xlsb", ".ods", ".numbers", ".pdf", ".json"}


def result_file(file: Path, suffix: str, out: Path | None) -> Path:
    """Return where the result of the list at `file` is written: `out`, or beside the list.

    Args:
        file: the list.
        suffix: of a result of the list's own kind.
        out: what somebody named, if anything.

    Raises:
        BadFile: nothing may be written there.
    """
    target = out or file.with_name(f"{file.stem}.enriched{suffix}")
    _fits(target, suffix)
    try:
        real = target.resolve()
    except (OSError, RuntimeError) as error:
        raise BadFile(f"OUT is {target}, a link that leads to itself; name another file.") from error
    if real == file.resolve() or (real.exists() and real.samefile(file)):
        raise BadFile(f"OUT is {file} itself; name another file, so that the original is kept.")
    if not real.parent.is_dir():
        raise BadFile(f"There is no folder {real.parent}; make it, or name another file with OUT=… (--out).")
    if real.exists() and not real.is_file():
        raise BadFile(f"OUT is {target}, which is not a regular file; name a file, or `-` for standard output.")
    if real.exists() and not real.stat().st_mode & 0o222:  # a rename would take its place all the same
        raise BadFile(
            f"{target} is read-only; allow writing to it (chmod u+w), or name another file with OUT=… (--out)."
        )
    return target


def _fits(target: Path, suffix: str) -> None:
    """Refuse a name that says another kind of file than is written: Excel would not open it."""
    ending = target.suffix.lower()
    if suffix in WORKBOOKS and ending != suffix:
        raise BadFile(f"The result of a workbook is a workbook; name a file with OUT (--out) that ends in {suffix}.")
    if suffix not in WORKBOOKS and ending in _NO_TEXT:
        raise BadFile(f"A list cannot be written as {ending}; name a file with OUT (--out) that ends in .csv or .xlsx.")


def holds_something(target: Path) -> bool:
    """Tell whether a result is there already; one without a byte has nothing to keep."""
    return target.exists() and target.stat().st_size > 0
