"""A scenario: the people, the deployment, and what goes wrong; drawn from a seed, kept as JSON, and made simpler."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Literal

import msgspec

from functions.providers import prospeo, slintel

ActKind = Literal["cancel", "retry", "retry_in_doubt", "undo", "another_run", "database_down"]
KINDS = ("sort", "sort", "insert_rows", "delete_rows", "move_rows", "move_column", "edit_url", "fill_cell", "fill_cell")
"""Edits of the person who works in the sheet meanwhile."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person, or the outside, does at a time."""

    at_s: float
    kind: ActKind


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """The fate of a process: the step at which it dies, and the step at which it freezes for a while; 0 for never."""

    dies_in: int = 0
    freezes_in: int = 0


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A history before it happens. The same scenario always has the same history."""

    seed: int
    """Of every draw while it happens."""
    people: tuple[str, ...]
    """Of each row, the name in its address; empty for a row without a profile."""
    filled: tuple[int, ...] = ()
    """Rows (from 0) that hold an e-mail address of their own."""
    overwrite: bool = False
    in_cloud: bool = True
    chunk_rows: int = 4
    providers: tuple[str, ...] = (slintel.NAME,)
    go_on: bool = False
    per_hour: int = 0
    """Lookups that each provider allows in an hour; 0 for no limit."""
    sold_out_after: int = 0
    """Charges after which the first provider's contract is used up; 0 for never."""
    month_cap: int = 0
    """The deployment's cap of each provider's credits; 0 for plenty."""
    ceiling: int | None = None
    """The credits of each provider that the person confirms; None for what the plan says."""
    token_s: float = 0.0
    """The life of an access token; 0 for ever."""
    fates: tuple[Fate, ...] = ()
    """Of the first instances."""
    provider_faults: float = 0.0
    """Each of these is the probability that something goes wrong in one call."""
    sheet_faults: float = 0.0
    store_faults: float = 0.0
    queue_faults: float = 0.0
    edits: float = 0.0
    edits_in_undo: bool = False
    acts: tuple[Act, ...] = ()
    undo: bool = False
    """Whether the person undoes the runs at last."""
    typed: int = 0
    """Cells of the run into which somebody types before that."""
    twice: bool = False
    """Whether the person starts two runs in the same moment."""
    large_tab: bool = False
    """Whether the tab is read and written in parts, as a large one is."""

    @property
    def is_calm(self) -> bool:
        """Tell whether nothing breaks and nobody intervenes."""
        rates = self.provider_faults + self.sheet_faults + self.store_faults + self.queue_faults
        return not (self.fates or self.acts or rates or self.token_s)

    def simpler(self) -> Iterator[Scenario]:
        """Yield scenarios with a little less in them, those first that take away the most."""
        count = len(self.people)
        for size in (count // 2, count // 4, 1):
            for start in range(0, count, size) if 0 < size < count else ():
                yield self._without_rows(range(start, min(count, start + size)))
        for name in ("fates", "acts"):
            events = getattr(self, name)
            for at in range(len(events)):
                yield msgspec.structs.replace(self, **{name: events[:at] + events[at + 1 :]})
        plain = Scenario(seed=self.seed, people=self.people, in_cloud=self.in_cloud, chunk_rows=self.chunk_rows)
        for name in Scenario.__struct_fields__:
            if (value := getattr(plain, name)) != getattr(self, name) and name not in ("fates", "acts"):
                yield msgspec.structs.replace(self, **{name: value})
        for at, fate in enumerate(self.fates):
            for simpler in (Fate(dies_in=fate.dies_in), Fate(freezes_in=fate.freezes_in)):
                if simpler != fate:
                    yield msgspec.structs.replace(self, fates=(*self.fates[:at], simpler, *self.fates[at + 1 :]))

    def _without_rows(self, gone: range) -> Scenario:
        left = [at for at in range(len(self.people)) if at not in gone]
        filled = tuple(new for new, at in enumerate(left) if at in self.filled)
        return msgspec.structs.replace(self, people=tuple(self.people[at] for at in left), filled=filled)


def scenario_of(seed: int) -> Scenario:
    """Draw a scenario. Most have two or three kinds of trouble at once, and some have none."""
    draw = Random(f"scenario {seed}")

    def chance(probability: float) -> bool:
        return draw.random() < probability

    def rate(often: float, probability: float) -> float:
        return probability if chance(often) else 0.0

    calm = chance(0.12)
    people = tuple(_people(draw))
    providers = draw.choice([(slintel.NAME,), (slintel.NAME, prospeo.NAME), (prospeo.NAME, slintel.NAME)])
    rows = range(len(people))
    return Scenario(
        seed=seed,
        people=people,
        filled=tuple(at for at in rows if chance(0.12)),
        overwrite=chance(0.15),
        in_cloud=chance(0.6),
        chunk_rows=draw.choice([2, 3, 4, 7, 20]),
        providers=providers,
        go_on=chance(0.4),
        per_hour=draw.randint(2, max(3, len(people))) if chance(0.2) else 0,
        sold_out_after=draw.randint(1, 6) if not calm and chance(0.06) else 0,
        month_cap=draw.randint(1, len(people)) if chance(0.12) else 0,
        ceiling=draw.randint(0, len(people)) if chance(0.15) else None,
        token_s=0.0 if calm or chance(0.7) else draw.choice([60.0, 180.0, 600.0]),
        fates=() if calm or chance(0.2) else tuple(_fate(draw) for _ in range(draw.randint(1, 3))),
        provider_faults=0.0 if calm else rate(0.6, draw.choice([0.1, 0.25, 0.5])),
        sheet_faults=0.0 if calm else rate(0.5, draw.choice([0.05, 0.15])),
        store_faults=0.0 if calm else rate(0.3, draw.choice([0.005, 0.02])),
        queue_faults=0.0 if calm else rate(0.4, 0.2),
        edits=rate(0.4, draw.choice([0.2, 0.6])),
        edits_in_undo=chance(0.5),
        acts=() if calm else tuple(_acts(draw)),
        undo=chance(0.4),
        typed=draw.choice([0, 1, 3]),
        twice=not calm and chance(0.08),
        large_tab=chance(0.3),
    )


def _people(draw: Random) -> Iterator[str]:
    count = draw.randint(3, 14)
    for number in range(count):
        kind = draw.random()
        if kind < 0.08:
            yield ""
        elif kind < 0.16:
            yield f"nobody-{number}"
        elif kind < 0.20:
            yield f"odd-lead-{number}"
        elif kind < 0.38:
            yield f"person-{draw.randrange(count)}"
        else:
            yield f"person-{number}"


def _fate(draw: Random) -> Fate:
    """Most die, some freeze, some do both; each step of their work is as likely as any other of its size."""

    def step() -> int:
        return int(2 ** draw.uniform(0, 8.5))

    return Fate(dies_in=step() if draw.random() < 0.7 else 0, freezes_in=step() if draw.random() < 0.4 else 0)


def _acts(draw: Random) -> Iterator[Act]:
    kinds: tuple[ActKind, ...] = ("cancel", "retry", "retry_in_doubt", "undo", "another_run", "database_down")
    at_s = 0.0
    for _ in range(draw.choice([0, 0, 0, 1, 1, 2, 3])):
        at_s += draw.choice([2.0, 10.0, 60.0, 1800.0]) * draw.random()
        yield Act(at_s=at_s, kind=draw.choice(kinds))
