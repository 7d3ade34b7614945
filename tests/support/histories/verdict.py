"""The verdict on a history, by promise: what the providers charged, what the store says, and what the sheet shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from functions.credits.pricing import EntryKind
from functions.jobs.attempt_limit import GIVEN_UP, GivenUp
from functions.outcomes import Outcome
from functions.providers import prospeo
from functions.store import job_rows, ledger, schema, unfinished_rows
from functions.store.job_rows import JobRow
from functions.store.job_states import LIVE, JobState
from functions.store.jobs import Job
from local.sheets_api.cells import value_of
from local.sheets_api.grid import BY_HAND
from tests.support.histories.history import History, play
from tests.support.histories.scenario import Scenario
from tests.support.living_rows import TITLES, judge, judge_run, judge_undo, lines_of
from tests.support.simulated_run import FIELDS

PUT = (Outcome.ENRICHED, Outcome.KNOWN)


def judged(scenario: Scenario) -> tuple[History, list[str]]:
    """Let a scenario happen; return a sentence for each promise that did not hold, with the promise's number first."""
    found: list[str] = []
    history = play(scenario, once_ended=lambda so_far: found.extend(_sheet(so_far)))
    found += [*_money(history), *_caps(history), *_ends(history), *_sheet(history), *_quota(history)]
    return history, list(dict.fromkeys(found))


def _money(history: History) -> Iterator[str]:
    """P1 and P2, person by person at each provider."""
    with history.context.store.reading() as connection:
        entries = connection.execute(sa.select(schema.ledger_entries)).all()
        claimed = connection.scalar(sa.select(sa.func.count()).select_from(schema.claims))
    if claimed:
        yield f"P2: {claimed} claims stand at the end"
    resolved = {entry.token for entry in entries if entry.kind != EntryKind.IN_DOUBT}
    for name, provider in history.stage.providers.items():
        most = 1 if name == prospeo.NAME else 1 + history.in_doubt_retries
        keys = {entry.key.rpartition("/")[2] for entry in entries} | set(provider.charges)
        for slug in sorted(keys):
            real = provider.charges[slug]
            if real > most:
                yield f"P1: {name} charged {slug} {real} times"
            own = [it for it in entries if it.provider == name and it.key.rpartition("/")[2] == slug]
            charged = sum(it.credits for it in own if it.kind == EntryKind.CHARGED)
            doubts = sum(it.credits for it in own if it.kind == EntryKind.IN_DOUBT and it.token not in resolved)
            if not charged <= real <= charged + doubts:
                yield f"P2: {name} charged {slug} {real}; the ledger says {charged} and {doubts} in doubt"
            if not provider.faults and not _interrupted(history) and doubts:
                yield f"P2: {doubts} of {slug} at {name} is in doubt although nothing went wrong"


def _interrupted(history: History) -> bool:
    scenario = history.scenario
    return bool(scenario.fates or scenario.store_faults or "database_down" in {act.kind for act in scenario.acts})


def _caps(history: History) -> Iterator[str]:
    """P3 and P4, by the counters and by what was really charged."""
    with history.context.store.reading() as connection:
        counters = connection.execute(sa.select(schema.counters)).all()
        for job in history.jobs:
            if (kept := ledger.of_run(connection, job.id)) != (counted := ledger.totals(connection, job.id)):
                yield f"P2: the totals of a run are kept as {kept}, and its entries make {counted}"
    scenario = history.scenario
    for counter in counters:
        if counter.reserved:
            yield f"P3: {counter.reserved} stays reserved in {counter.cap}"
        kind, name, which = counter.cap.split(":")[:3]
        if kind == "run" and counter.spent > (ceiling := history.ceilings[which].get(name, 0)):
            yield f"P4: the run has spent {counter.spent} with {name}, and {ceiling} was confirmed"
        if kind == "month" and scenario.month_cap and counter.spent > scenario.month_cap:
            yield f"P3: {counter.spent} of {scenario.month_cap} were spent in {counter.cap}"
    for name, provider in history.stage.providers.items():
        if scenario.month_cap and provider.charges.total() > scenario.month_cap:
            yield f"P3: {name} charged {provider.charges.total()}, the cap is {scenario.month_cap}"
        confirmed = sum(ceilings.get(name, 0) for ceilings in history.ceilings.values())
        if provider.charges.total() > confirmed:
            yield f"P4: {name} charged {provider.charges.total()}, and {confirmed} were confirmed"


def _ends(history: History) -> Iterator[str]:
    """P8 and P9: every run comes to its end, and every row of it."""
    for job in history.jobs:
        if job.state in LIVE:
            yield f"P9: a run is {job.state} after days"
            continue
        if job.encrypted_token is not None:
            yield f"P9: a run that is {job.state} keeps its access"
        rows = rows_of(history, job)
        with history.context.store.reading() as connection:
            if (kept := job_rows.counts(connection, job.id)) != (
                counted := Counter(row.outcome for row in rows if row.outcome)
            ):
                yield f"P8: the counts of a run are kept as {kept}, and its rows make {counted}"
        if [row.position for row in rows] != list(range(job.rows)):
            yield f"P8: {len(rows)} of {job.rows} rows are there"
        if lacking := [row.position for row in rows if row.outcome is None]:
            yield f"P8: rows {lacking} have no outcome in a run that is {job.state}"
        yield from _enriched(history, job, rows)


def _enriched(history: History, job: Job, rows: Sequence[JobRow]) -> Iterator[str]:
    """One row says that it was paid for, for each person whom this run has paid for and who has values."""
    entries = schema.ledger_entries
    with history.context.store.reading() as connection:
        of_run = connection.execute(sa.select(entries).where(entries.c.run_id == job.id, entries.c.credits > 0)).all()
        of_others = sa.select(entries.c.key).where(entries.c.run_id != job.id, entries.c.credits > 0)
        others_paid = set(connection.scalars(of_others))  # theirs may be the lead that the row got everything from
    doubted = {entry.token for entry in of_run if entry.kind == EntryKind.IN_DOUBT}
    charged = [entry for entry in of_run if entry.kind == EntryKind.CHARGED]
    paid = {entry.key for entry in charged}
    in_time = {entry.key for entry in charged if entry.token not in doubted}  # a row says that others are in doubt
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for row in rows:
        if row.key and row.outcome in PUT:
            outcomes[row.key].append(row.outcome)
    for key, of_key in outcomes.items():
        count = of_key.count(Outcome.ENRICHED)
        if count > 1 or (count == 1 and key not in paid):
            yield f"P8: {count} rows of {key} are enriched, and the run has {'' if key in paid else 'not '}paid"
        if key in in_time - others_paid and not count and not history.in_doubt_retries:
            yield f"P8: the run has paid for {key}, and no row says so"


def _sheet(history: History) -> Iterator[str]:
    """P5, P6 and P7: what stands where."""
    stage, scenario, living = history.stage, history.scenario, history.stage.living
    living.context = history.context
    if any(_was_given_up(history, job) for job in history.jobs):
        return
    if not history.jobs:
        return
    yield from _typed(history)
    titles = Counter(value_of(cell) for cell in living.cells()[0])
    if double := [title for title in TITLES.values() if titles[title] > 1]:
        if scenario.twice and not _happened(history, "freezes"):  # a call of one who stood still may come much later
            yield f"P6: there are two columns {', '.join(double)}"
        for nth in range(1, max(titles.values()) + 1):
            found, _ = judge(living, stage.rows, over=scenario.overwrite, run=True, nth=nth)
            yield from (f"P5: {text}" for text in found.foreign)
        return
    is_undone = all(job.state is JobState.UNDONE for job in history.jobs)
    overwrite = scenario.overwrite
    if len(history.jobs) == 1 and is_undone:
        edited = scenario.edits > 0
        found = judge_undo(living, stage.rows, history.jobs[0], overwrite=overwrite, run=edited)
    elif len(history.jobs) == 1 and len(scenario.providers) == 1 and history.jobs[0].id not in history.undone:
        found = judge_run(living, stage.rows, history.jobs[0], overwrite=overwrite)
    else:
        found, _ = judge(living, stage.rows, over=overwrite, run=True)
    yield from (f"P5: {text}" for text in found.foreign)
    yield from (f"P6: {text}" for text in found.lost)
    yield from (f"P8: {text}" for text in found.silent)
    if not scenario.edits:
        yield from _exactly(history)


def _typed(history: History) -> Iterator[str]:
    """P6: what somebody typed stands somewhere, unless they or the run may replace it, or it came under a write."""
    living = history.stage.living
    if history.scenario.overwrite:
        return
    standing = {str(value_of(cell)) for row in living.cells() for cell in row}
    standing |= living.typed_under_a_write | living.typed_over
    for row in living.sheet.rows:
        for extras in (row.extras or {}).values():
            text = extras.get(BY_HAND)
            if text and text not in standing:
                yield f"P6: {text!r} was typed and is gone"


def _happened(history: History, what: str) -> bool:
    return any(happened == what for _, _, happened in history.world.history)


def _was_given_up(history: History, job: Job) -> bool:
    """Return whether the work broke off so often that nobody tried any more: nobody looked at its last write then."""
    sentences = GIVEN_UP, unfinished_rows.PAID_NOT_WRITTEN
    return job.message == str(GivenUp()) or any(row.detail in sentences for row in rows_of(history, job))


def _exactly(history: History) -> Iterator[str]:
    """Nobody has edited: each row stands where it stood, and shows values if its outcome says so."""
    states = {job.state for job in history.jobs}
    if len(history.jobs) != 1 or history.scenario.filled or states & {JobState.UNDOING, JobState.STOPPED}:
        return
    job = history.jobs[0]
    lines = {line.mark: line for line in lines_of(history.stage.living)}
    for row in rows_of(history, job):
        cells = lines[str(row.position + 1)].cells if str(row.position + 1) in lines else {}
        values = {title: value_of(cells.get(title)) for title in TITLES.values()}
        shown = [title for title, value in values.items() if value not in (None, "") and "by hand" not in str(value)]
        slug = (row.key or "").rpartition("/")[2]
        if shown and job.state is JobState.UNDONE:
            yield f"P6: {slug} keeps {shown} after an undo"
        elif shown and row.outcome not in PUT and job.id not in history.undone:
            yield f"P8: {slug} shows {shown}, and its outcome is {row.outcome}"
        elif not shown and row.outcome in PUT and job.id not in history.undone and _has_values(history, slug):
            yield f"P8: {slug} shows nothing, and its outcome is {row.outcome}"


def _has_values(history: History, slug: str) -> bool:
    return any(value not in (None, "") for name in FIELDS for value in history.stage.rows.shown(slug, name))


def _quota(history: History) -> Iterator[str]:
    """P9: an hour's limit is kept, and no hour is wasted."""
    per_hour = history.scenario.per_hour
    if not per_hour or not history.scenario.is_calm:
        return
    for number, (name, provider) in enumerate(history.stage.providers.items()):
        hours = sorted(provider.requests)
        for hour in hours:
            if provider.requests[hour] > per_hour:
                yield f"P9: {name} got {provider.requests[hour]} requests in hour {hour}, and allows {per_hour}"
        for hour in hours[:-1] if number == 0 else ():  # the next ones are asked only about whom the first left open
            if provider.requests[hour] < per_hour:
                yield f"P9: {name} got {provider.requests[hour]} of {per_hour} requests in hour {hour}"


def rows_of(history: History, job: Job) -> list[JobRow]:
    """Return a run's rows as the store has them."""
    with history.context.store.reading() as connection:
        return list(job_rows.page(connection, job.id, None, -1, 10**6))


def outcomes(history: History) -> Counter[Any]:
    """Return how the rows of all runs ended."""
    return Counter(row.outcome for job in history.jobs for row in rows_of(history, job))
