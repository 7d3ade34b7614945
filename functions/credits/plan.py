"""The plan of a run: what it would do, and the most it can cost. Making one spends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from functions.credits.caps import NONE
from functions.outcomes import Described, LeftOut
from functions.profiles import Profile


class PlanPart(Described):
    """A kind of row in a plan, in the order in which rows are classified. Each is a number of `Plan`."""

    UNUSABLE = "unusable", "Unusable", "no LinkedIn profile in the cell"
    ALREADY_FILLED = "already_filled", "Already filled", "left as they are: filled, or nothing more is known"
    LEFT_OUT = "left_out", "Left out", "left alone, since they are hidden or you left them out"
    DUPLICATES = "duplicates", "Duplicate", "the same person again, free"
    KNOWN = "known", "Known", "looked up before, free"
    IN_DOUBT = "in_doubt", "In doubt", "asked before without an answer, perhaps charged"
    LOOKUPS = "lookups", "To look up", "each person at most once with each provider"


MAX_LISTED = 1_000
"""Unusable rows of one reason whose numbers a plan has: somebody looks at them, and repairs them."""


@dataclass(slots=True)
class RowCounts:
    """Counts of rows, made while they are read. Of each person it keeps only the key."""

    rows: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    """Rows without a profile, by reason."""
    unusable_rows: dict[str, list[int]] = field(default_factory=dict)
    """Their numbers, the first `MAX_LISTED` of each reason."""
    already_filled: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Rows that are left alone, by reason."""
    keys: Counter[str] = field(default_factory=Counter)
    """Every person that is asked for, once, in the order of the rows, with the number of their rows."""
    held: Counter[int] = field(default_factory=Counter)
    """Cells in rows that would be written which hold something, by the number of their field."""

    def count(
        self,
        found: Profile | str,
        *,
        filled: bool = False,
        left_out: LeftOut | None = None,
        held: Iterable[int] = (),
        number: int = 0,
    ) -> None:
        """Count one row.

        Args:
            found: its profile, or the reason why it has none.
            filled: whether its target cells are filled.
            left_out: the reason why it is left alone, if it is.
            held: the numbers of the fields whose cells hold something.
            number: of the row, from 1; 0 for one that nobody looks for.
        """
        self.rows += 1
        if isinstance(found, str):
            self.unusable[found] += 1
            if number and self.unusable[found] <= MAX_LISTED:
                self.unusable_rows.setdefault(found, []).append(number)
        elif filled:
            self.already_filled += 1
        elif left_out is not None:
            self.left_out[left_out] += 1
        else:
            self.keys[found.key] += 1
            for column in held:
                self.held[column] += 1

    def count_people(self, keys: Collection[str]) -> None:
        """Count rows that would be written, each by the key of its person."""
        self.rows += len(keys)
        self.keys.update(keys)

    @property
    def duplicates(self) -> int:
        """Rows of people who are asked for in an earlier row."""
        return self.keys.total() - len(self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The price of one provider, and the credits that can still be spent on it."""

    price: Decimal
    """The most that one lookup costs, for the needs of the run."""
    credits_left: Decimal
    """Credits that the caps still allow."""
    time_of: Callable[[int], timedelta] = lambda _: timedelta(0)
    """Lookups → the least time that the provider's limits make them take."""
    cap_sentence: str = ""
    """A sentence about the cap that leaves the fewest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The most lookups and credits of one provider in a run. With several providers, these are bounds and not a sum."""

    provider: str
    lookups: int
    """People who may have to be asked for: all whom the provider has not answered for and whose needs are open now."""
    max_credits: Decimal
    """The most that they can cost, within ceiling and caps; the run's ceiling once confirmed."""
    credits_left: Decimal
    """Credits that the caps still allow."""
    short_of: int
    """Those of the lookups that the ceiling or the caps do not pay for."""
    takes: timedelta = timedelta(0)
    """The least time of the lookups that are paid for."""
    cap_sentence: str = ""
    """A sentence about the cap that is why; empty where all is paid for, or where it is the ceiling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The rows of a run by `PlanPart` (together they are `rows`), and the most credits that it can cost by provider."""

    rows: int
    unusable: int
    already_filled: int
    left_out: int
    duplicates: int
    known: int
    in_doubt: int
    """Looked up before without an answer, perhaps charged, and not asked again on their own."""
    lookups: int
    """People for whom one provider may be asked at least."""
    fillable: int
    """Rows that can get values: there is a lead of their person, or a lookup that is paid for."""
    held: tuple[int, ...]
    """Cells of each field that hold something, in rows that would be written."""
    unusable_reasons: Mapping[str, int]
    unusable_rows: Mapping[str, Sequence[int]]
    """Numbers of unusable rows by reason, `MAX_LISTED` of each at most."""
    left_out_reasons: Mapping[str, int]
    costs: tuple[Cost, ...]
    """By provider, in the waterfall's order."""

    def count(self, part: PlanPart) -> int:
        """Return the number of rows of one kind."""
        number: int = getattr(self, part.value)
        return number

    @property
    def ceilings(self) -> dict[str, Decimal]:
        """Return the most that the run can cost with each provider."""
        return {cost.provider: cost.max_credits for cost in self.costs}

    @property
    def takes(self) -> timedelta:
        """Return the least time that the lookups take; providers are asked beside each other."""
        return max((cost.takes for cost in self.costs), default=timedelta(0))

    @property
    def is_free(self) -> bool:
        """True if the run cannot cost anything."""
        return not any(self.ceilings.values())


def plan(
    row_counts: RowCounts,
    asked: Mapping[str, Collection[str]],
    in_doubt: Collection[str],
    budgets: Mapping[str, Budget],
    *,
    with_leads: Collection[str] = (),
    fields: int = 0,
    ceilings: Mapping[str, Decimal] | None = None,
) -> Plan:
    """Make the plan for the counted rows.

    Args:
        row_counts: the rows.
        asked: the providers that may have to be asked, by key; none for keys that are absent.
        in_doubt: those of the other keys whose earlier lookup was left without an answer.
        budgets: of each provider of the run, in the waterfall's order.
        with_leads: the keys of people of whom there is a lead.
        fields: the number of fields of the run.
        ceilings: the most that the person wants to spend with each provider, with those that are not named nothing;
            None for no limit of their own.
    """
    lookups = [asked[key] for key in row_counts.keys if asked.get(key)]
    counts = Counter(provider for providers in lookups for provider in providers)
    doubts = sum(key in row_counts.keys and not asked.get(key) for key in in_doubt)
    costs = tuple(
        _cost(provider, counts[provider], budget, None if ceilings is None else ceilings.get(provider, NONE))
        for provider, budget in budgets.items()
    )
    with_values = _paid_for(row_counts, asked, costs).union(with_leads)
    return Plan(
        rows=row_counts.rows,
        unusable=row_counts.unusable.total(),
        already_filled=row_counts.already_filled,
        left_out=row_counts.left_out.total(),
        duplicates=row_counts.duplicates,
        known=len(row_counts.keys) - len(lookups) - doubts,
        in_doubt=doubts,
        lookups=len(lookups),
        fillable=sum(rows for key, rows in row_counts.keys.items() if key in with_values),
        held=tuple(row_counts.held[number] for number in range(fields)),
        unusable_reasons=dict(row_counts.unusable),
        unusable_rows=dict(row_counts.unusable_rows),
        left_out_reasons=dict(row_counts.left_out),
        costs=costs,
    )


def _paid_for(row_counts: RowCounts, asked: Mapping[str, Collection[str]], costs: Iterable[Cost]) -> set[str]:
    """Return the people who get at least one paid lookup if the credits are spent in the order of the rows."""
    left = {cost.provider: cost.lookups - cost.short_of for cost in costs}
    paid = set()
    for key in row_counts.keys:
        provider = next((name for name in asked.get(key, ()) if left[name] > 0), None)
        if provider is not None:
            left[provider] -= 1
            paid.add(key)
    return paid


def _cost(provider: str, lookups: int, budget: Budget, ceiling: Decimal | None) -> Cost:
    allowed = budget.credits_left if ceiling is None else min(budget.credits_left, ceiling)
    paid = min(lookups, int(max(NONE, allowed) // budget.price)) if budget.price else lookups
    return Cost(
        provider=provider,
        lookups=lookups,
        max_credits=paid * budget.price,
        credits_left=budget.credits_left,
        short_of=lookups - paid,
        takes=budget.time_of(paid),
        cap_sentence=budget.cap_sentence if paid < lookups and allowed == budget.credits_left else "",
    )
