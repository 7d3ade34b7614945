"""Assumptions about Google Sheets that its documentation does not state, and the consequences if one does not hold.

Pure: the trials that find it out are `functions.sheets.trials`. Where the documentation is silent, or says it and
nobody has seen it, is written beside each (autumn 2026).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Assumption(StrEnum):
    """Something that holds at Google, or does not."""

    IDENTITY = "identity"
    ACCESS = "access"
    PROOF = "proof"
    ANCHORS = "anchors"
    FOLLOWED = "followed"
    NULLS = "nulls"
    GONE = "gone"
    TAKEN = "taken"
    FREED = "freed"
    NOTHING = "nothing"
    SPILLS = "spills"
    LINKS = "links"
    CHIPS = "chips"
    STRICT = "strict"
    TYPED = "typed"
    TABLE = "table"
    FILTER = "filter"
    BANDING = "banding"
    HEADER = "header"
    WRITE = "write"
    READ = "read"
    TIDY = "tidy"


class Verdict(StrEnum):
    """The result of one trial."""

    HOLDS = "holds"
    DOES_NOT_HOLD = "does_not_hold"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The sentences for a person about one assumption."""

    title: str
    holds: str
    fails: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one assumption, with what was seen: a figure, a name, Google's refusal."""

    assumption: Assumption
    verdict: Verdict
    seen: str = ""

    @property
    def sentence(self) -> str:
        """Return what the verdict means for a person."""
        meaning = MEANINGS[self.assumption]
        if self.verdict is Verdict.NOT_TRIED:
            return f"It could not be tried: {self.seen or 'no reason was given.'} Leadfill goes on as if it held."
        told = meaning.holds if self.verdict is Verdict.HOLDS else meaning.fails
        return f"{told} {self.seen}".strip()


_STOP = "so no run is planned or started here until a later check finds that it does."

_NO_INSERT = (
    "A run that wants new columns there ends before anybody is looked up. Choose columns that are there, or new ones "
    "at the end of the tab if it does not reach that far."
)

MEANINGS: dict[Assumption, Meaning] = {
    Assumption.IDENTITY: Meaning(
        "Google says who you are",
        "Runs and credits are booked to your account.",
        "Leadfill cannot tell who pays.",
    ),
    Assumption.ACCESS: Meaning(
        "Your access to the spreadsheet lasts some minutes",
        "A run goes on with it, and then with the next one.",
        "Runs wait until the sidebar is open again, or the add-on renews the access by itself.",
    ),
    Assumption.PROOF: Meaning(  # no one has written down that a batch deletes what it has created
        "The proof that you may edit leaves nothing behind",
        "Your right to edit is checked without a trace in the spreadsheet.",
        "Each check leaves a mark that nobody sees. Leadfill takes it away with one more request, and never relies on "
        "marks that a request makes and deletes at once.",
    ),
    Assumption.ANCHORS: Meaning(  # seen in no recording of a read by data filter
        "Google reports a column's mark with its cells",
        "Leadfill sees where its columns are whenever it looks.",
        f"Leadfill cannot find its columns, {_STOP}",
    ),
    Assumption.FOLLOWED: Meaning(  # documented for inserts; for moves and sorts seen by others
        "A column's mark goes where the column goes",
        "You may move, insert and sort while a run is going on.",
        f"Values could get into a wrong column, {_STOP}",
    ),
    Assumption.NULLS: Meaning(  # documented for ranges by name, not for those by data filter
        "An empty place in a write leaves its cell alone",
        "Only the cells of a run are touched.",
        "Cells above those of a run would be emptied. Leadfill names every single cell instead, which takes longer.",
    ),
    Assumption.GONE: Meaning(  # nobody has written down whether it is refused
        "A write into a deleted column does nothing",
        "If a column is deleted while a run writes, the run looks again.",
        "Google refuses such a write. The run looks again as well, and goes on with the other columns.",
    ),
    Assumption.TAKEN: Meaning(  # Google's guide to metadata
        "No two marks have the same number",
        "In large writes Google itself refuses what would hit a moved column.",
        "Google does not notice a moved column in large writes. Leadfill writes through the marks instead, and an undo "
        "leaves the columns of its run in place, emptied.",
    ),
    Assumption.FREED: Meaning(  # no source was found
        "The number of a deleted mark can be used again at once",
        "Large writes are made in blocks that change nothing if a column has moved.",
        "Google refuses such blocks. Leadfill writes through the marks instead, and an undo leaves the columns of its "
        "run in place, emptied.",
    ),
    Assumption.NOTHING: Meaning(  # no source was found
        "Deleting a mark that is not there is no error",
        "A run that is begun again does what is missing.",
        "If a column is deleted in the moment in which a run begins, the run ends before anybody is looked up; start "
        "it again.",
    ),
    Assumption.SPILLS: Meaning(  # documented, and missing from the one recording of such a cell
        "A cell that a formula elsewhere fills shows its value",
        "Leadfill never writes into what such a formula fills.",
        f"Leadfill cannot see what formulas fill and would break them, {_STOP}",
    ),
    Assumption.LINKS: Meaning(
        "Google reports every link in a cell",
        "A person is found behind linked words, too.",
        "People behind a link over a part of a cell are not found; such rows are counted as unusable and cost nothing. "
        "Put the address itself into the cell.",
    ),
    Assumption.CHIPS: Meaning(
        "Google reports the address behind a smart chip",
        "A person is found behind a chip, too.",
        "People behind a chip are not found; such rows are counted as unusable and cost nothing. Put the address "
        "itself into the cell.",
    ),
    Assumption.STRICT: Meaning(
        "A strict dropdown takes other values from a program",
        "Values get into columns with a dropdown.",
        "A column with a strict dropdown takes listed values only. It stays as it is, its rows say so, and the other "
        "columns are filled.",
    ),
    Assumption.TYPED: Meaning(
        "A column with a type takes other values from a program",
        "Values get into columns of a table whatever their type.",
        "A column of a table that has a type takes only values of it. It stays as it is, its rows say so, and the "
        "other columns are filled.",
    ),
    Assumption.TABLE: Meaning(
        "Columns can be inserted into and beside a table",
        "New columns go beside the addresses, in a table as well.",
        _NO_INSERT,
    ),
    Assumption.FILTER: Meaning(
        "Columns can be inserted into and beside a filter",
        "New columns go beside the addresses, under a filter as well.",
        _NO_INSERT,
    ),
    Assumption.BANDING: Meaning(
        "Columns can be inserted into and beside alternating colours",
        "New columns go beside the addresses, in coloured ranges as well.",
        _NO_INSERT,
    ),
    Assumption.HEADER: Meaning(  # not documented for tables
        "A new column in a table keeps its title",
        "New columns are called as in the list of fields.",
        "A table gives a new column another title where its own is taken. Leadfill knows the column by its mark.",
    ),
    Assumption.WRITE: Meaning(
        "Google takes a large write in time",
        "Leadfill's own writes are of a megabyte at most.",
        "Leadfill's own writes are of a megabyte at most; if runs are slow, use a smaller spreadsheet.",
    ),
    Assumption.READ: Meaning(
        "Google reads a large tab in time",
        "Leadfill reads a large tab in pages of a few megabytes.",
        "Lists of this size do not get through: split them over several spreadsheets.",
    ),
    Assumption.TIDY: Meaning(
        "The temporary tab is deleted again",
        "Nothing of this check is left in the spreadsheet.",
        "The tab could not be deleted; delete it yourself, or the next check does.",
    ),
}

_STOPPING = (Assumption.ANCHORS, Assumption.FOLLOWED, Assumption.SPILLS)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How Google Sheets behaves, as far as a check has found it to differ from what Leadfill relies on."""

    unmet: frozenset[Assumption] = frozenset()

    @property
    def leaves_nulls_alone(self) -> bool:
        """Return whether writes may be padded with nulls."""
        return Assumption.NULLS not in self.unmet

    @property
    def proves_places(self) -> bool:
        """Return whether a batch can prove first that columns stand where they stood, and change nothing if not."""
        return not self.unmet & {Assumption.TAKEN, Assumption.FREED, Assumption.PROOF}

    @property
    def proof_leaves_marks(self) -> bool:
        """Return whether the proof of edit rights must be cleaned up behind."""
        return Assumption.PROOF in self.unmet

    @property
    def obstacle(self) -> str | None:
        """Return why no run may start; None where runs can keep their promises."""
        for assumption in _STOPPING:
            if assumption in self.unmet:
                return f"{_of_check(assumption)} {MEANINGS[assumption].fails}"
        if not self.leaves_nulls_alone and not self.proves_places:
            return f"{_of_check(Assumption.NULLS)} Nor can it prove where its columns stand, {_STOP}"
        return None


def _of_check(assumption: Assumption) -> str:
    title = MEANINGS[assumption].title
    return f"The latest check of this installation found that this does not hold at Google Sheets: “{title}”."


AS_ASSUMED = Behaviour()


def unmet(findings: Collection[Finding]) -> frozenset[Assumption]:
    """Return the assumptions that were found not to hold."""
    return frozenset(finding.assumption for finding in findings if finding.verdict is Verdict.DOES_NOT_HOLD)
