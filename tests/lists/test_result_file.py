"""The result goes into a file of its own: never over the list, and not over what somebody protects."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.command.result_file import holds_something, result_file
from local.lists.errors import BadFile


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    path = tmp_path / "leads.csv"
    path.write_text("LinkedIn\nlinkedin.com/in/lead-001\n", encoding="utf-8")
    return path


def test_it_stands_beside_the_list_unless_somebody_names_it(leads: Path) -> None:
    assert result_file(leads, ".csv", None) == leads.with_name("leads.enriched.csv")
    assert result_file(leads, ".csv", leads.with_name("out.csv")) == leads.with_name("out.csv")


def test_the_list_is_recognised_under_every_name(leads: Path, tmp_path: Path) -> None:
    link, twin = tmp_path / "link.csv", tmp_path / "twin.csv"
    link.symlink_to(leads)
    os.link(leads, twin)
    for out in (leads, tmp_path / ".." / tmp_path.name / "leads.csv", link, twin):
        with pytest.raises(BadFile, match="name another file, so that the original is kept"):
            result_file(leads, ".csv", out)


def test_a_result_that_is_read_only_stays_as_it_is(leads: Path, tmp_path: Path) -> None:
    """A rename would take the place of a file that nobody may write, also of what a link leads to."""
    protected, link = tmp_path / "signed-off.csv", tmp_path / "out.csv"
    protected.write_text("x", encoding="utf-8")
    protected.chmod(0o444)
    link.symlink_to(protected)
    for out in (protected, link):
        with pytest.raises(BadFile, match=r"is read-only; allow writing to it \(chmod u\+w\)"):
            result_file(leads, ".csv", out)


def test_a_link_that_leads_to_itself_is_said(leads: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.symlink_to(out)
    with pytest.raises(BadFile, match="a link that leads to itself"):
        result_file(leads, ".csv", out)


def test_a_file_without_a_byte_has_nothing_to_keep(leads: Path, tmp_path: Path) -> None:
    """Scripts make the file that they name beforehand (`mktemp`)."""
    made = tmp_path / "made.csv"
    assert not holds_something(made)
    made.touch()
    assert not holds_something(made)
    assert holds_something(leads)


def test_a_folder_that_is_missing_is_said_before_anything_is_asked(leads: Path) -> None:
    with pytest.raises(BadFile, match=r"There is no folder .*none; make it"):
        result_file(leads, ".csv", leads.parent / "none" / "out.csv")


@pytest.mark.parametrize(
    ("suffix", "out", "ending"),
    [(".xlsx", "out.csv", ".xlsx"), (".xlsm", "out.xlsx", ".xlsm"), (".csv", "out.xls", ".csv or .xlsx")],
)
def test_a_name_that_says_another_kind_of_file_is_refused(leads: Path, suffix: str, out: str, ending: str) -> None:
    """Excel opens no workbook that is called .csv, and none with macros that is called .xlsx."""
    with pytest.raises(BadFile, match=f"that ends in {ending}"):
        result_file(leads, suffix, leads.with_name(out))
