"""The plan of a run: what it would do, and the most it can cost. Making one spends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.credits.lead_status import LeadStatus
from functions.outcomes import Described, LeftOut
from functions.profiles import Profile


class PlanPart(Described):
    """A kind of row in a plan, in the order in which rows are sorted out. Each is a number of `Plan`."""

    UNUSABLE = "unusable", "Unusable", "no LinkedIn profile in the cell"
    ALREADY_FILLED = "already_filled", "Already filled", "left as they are"
    LEFT_OUT = "left_out", "Left out", "hidden rows, left alone"
    DUPLICATES = "duplicates", "Duplicate", "the same person again, free"
    KNOWN = "known", "Known", "looked up before, free"
    IN_DOUBT = "in_doubt", "In doubt", "asked before without an answer, perhaps charged"
    LOOKUPS = "lookups", "To look up", "one credit each at most"


@dataclass(slots=True)
class RowCounts:
    """Counts of rows, made while they are read. Of each person it keeps only the key."""

    rows: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    """Rows without a profile, by reason."""
    already_filled: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Rows that are left alone, by reason."""
    duplicates: int = 0
    keys: dict[str, None] = field(default_factory=dict)
    """Every person that is asked for, once, in the order of the rows."""

    def count(self, found: Profile | str, *, filled: bool = False, left_out: LeftOut | None = None) -> None:
        """Count one row.

        Args:
            found: its profile, or the reason why it has none.
            filled: whether its target cells are filled.
            left_out: the reason why it is left alone, if it is.
        """
        self.rows += 1
        if isinstance(found, str):
            self.unusable[found] += 1
        elif filled:
            self.already_filled += 1
        elif left_out is not None:
            self.left_out[left_out] += 1
        elif found.key in self.keys:
            self.duplicates += 1
        else:
            self.keys[found.key] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The rows of a run by `PlanPart`, which add up to `rows`, and its most credits."""

    rows: int
    unusable: int
    already_filled: int
    left_out: int
    duplicates: int
    known: int
    in_doubt: int
    """Looked up before without an answer, perhaps charged, and not asked again on their own."""
    lookups: int
    unusable_reasons: Mapping[str, int]
    left_out_reasons: Mapping[str, int]
    max_credits: int
    """The most that the run can cost, and its ceiling once confirmed."""
    credits_left: int
    """Credits that the caps still allow."""

    def count(self, part: PlanPart) -> int:
        """Return the number of rows of one kind."""
        number: int = getattr(self, part.value)
        return number

    @property
    def short_of(self) -> int:
        """The lookups that the ceiling or the caps do not pay for; their rows end as `cancelled`."""
        return self.lookups - self.max_credits


def plan(
    row_counts: RowCounts,
    statuses: Mapping[str, LeadStatus],
    credits_left: int,
    *,
    ceiling: int | None = None,
    retry: frozenset[LeadStatus] = frozenset(),
) -> Plan:
    """Make the plan for the counted rows.

    Args:
        row_counts: the rows.
        statuses: what is known and fresh of its keys.
        credits_left: what the caps still allow.
        ceiling: the most that the person wants to spend; None for no limit of their own.
        retry: statuses to ask again.
    """
    settled = [statuses[key] for key in row_counts.keys if key in statuses and statuses[key] not in retry]
    in_doubt = settled.count(LeadStatus.IN_DOUBT)
    lookups = len(row_counts.keys) - len(settled)
    most = min(lookups, credits_left) if ceiling is None else min(lookups, credits_left, ceiling)
    return Plan(
        rows=row_counts.rows,
        unusable=row_counts.unusable.total(),
        already_filled=row_counts.already_filled,
        left_out=row_counts.left_out.total(),
        duplicates=row_counts.duplicates,
        known=len(settled) - in_doubt,
        in_doubt=in_doubt,
        lookups=lookups,
        unusable_reasons=dict(row_counts.unusable),
        left_out_reasons=dict(row_counts.left_out),
        max_credits=most,
        credits_left=credits_left,
    )
