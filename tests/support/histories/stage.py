"""The stage of a history: a deployment of several processes, its providers, its sheet and its queue, from one seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from functions.credits.caps import Allowance, Limits
from functions.credits.terms import Terms
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.turns import Turns
from functions.errors import SheetAccessExpired, StoreError
from functions.sheets import transport
from functions.sheets.cells import SheetRow
from functions.sheets.client import GoogleSheet
from functions.store.database import Store
from functions.store.rates import Pace
from functions.task_queue import Queue, QueueError, StoreQueue
from local.sheets_api.cells import value_of
from local.sheets_api.editor import RandomEditor
from local.sheets_api.grid import BY_HAND
from tests.support.desk import url_of
from tests.support.enrichers import PLENTY
from tests.support.histories.providers import TERMS, SimulatedProvider, dispatcher_of, limits_of, shown_of
from tests.support.histories.scenario import KINDS, Scenario
from tests.support.living_rows import TITLES, Rows
from tests.support.living_sheet import WRITE, LivingSheet
from tests.support.simulated_run import CloudQueue, Deployment, SheetToken
from tests.support.simulation import Process, SimulatedStore

T = TypeVar("T")
DOWN_S = 45.0
"""Seconds for which a database is gone that goes."""
LATEST_S = 1_800.0
"""The latest that a task comes after its time."""


@dataclass(slots=True, kw_only=True)
class Stage(Deployment):
    """A team's Leadfill in a scenario."""

    scenario: Scenario
    providers: dict[str, SimulatedProvider] = field(init=False)
    living: LivingSheet = field(init=False)
    rows: Rows = field(init=False)
    database_back_s: float = 0.0
    """When the database answers again."""
    faults: Counter[str] = field(default_factory=Counter)
    is_over: bool = False
    """Whether all has happened: nothing fails any more."""

    def __post_init__(self) -> None:
        scenario, world = self.scenario, self.world
        self.providers = {name: SimulatedProvider(name, world, scenario) for name in scenario.providers}
        self.living = LivingSheet(folder=Path())
        self.api, self.workbook = self.living.api, self.living.workbook
        self.rows = rows_of(scenario)
        self.living.fill(self.rows.lines, self.rows.urls)
        sheet = {"sheetId": self.living.sheet.id}
        for dimension, used in (("ROWS", len(self.rows.lines) + 5), ("COLUMNS", 10)):  # a small tab is read in a moment
            last = len(self.living.sheet.rows if dimension == "ROWS" else self.living.sheet.columns)
            gone = sheet | {"dimension": dimension, "startIndex": used, "endIndex": last}
            self.living.edit({"deleteDimension": {"range": gone}})
        if self.in_cloud:
            world.outside.spawn(self._schedule, name="scheduler")

    @property
    def terms(self) -> Mapping[str, Terms]:
        """See `Deployment.terms`."""
        return {name: TERMS[name] for name in self.scenario.providers}

    @property
    def caps(self) -> Limits:
        """See `Deployment.caps`."""
        if not self.scenario.month_cap:
            return PLENTY
        cap = Allowance(Decimal(self.scenario.month_cap))
        return Limits(per_run=PLENTY.per_run, per_user_day=PLENTY.per_user_day, per_month=cap)

    def make_store(self, process: Process) -> SimulatedStore:
        """See `Deployment.make_store`."""
        return FaultyStore(process, self)

    def make_queue(self, wake: Callable[[], None]) -> Queue:
        """See `Deployment.make_queue`."""
        return FaultyQueue(self) if self.in_cloud else StoreQueue(wake)

    def dispatchers(self, store: Store, process: Process) -> Mapping[str, Dispatcher]:
        """See `Deployment.dispatchers`."""
        limits = limits_of(self.scenario)
        return {
            name: dispatcher_of(
                provider,
                process,
                turns=Turns(store=store, pace=Pace(name, limits), clock=store.clock, runtime=process)
                if limits
                else None,
            )
            for name, provider in self.providers.items()
        }

    def sheet(self, spreadsheet_id: str, access_token: str, process: Process) -> GoogleSheet:
        """See `Deployment.sheet`."""
        return FaultySheet(spreadsheet_id, access_token, process, self)

    def token(self) -> SheetToken:
        """See `Deployment.token`."""
        return SheetToken(self.world.now_s + (self.scenario.token_s or inf))

    def occurs(self, what: str, probability: float) -> bool:
        """Draw whether a fault happens now, and count it."""
        happens = probability > 0 and not self.is_over and self.world.random.random() < probability
        self.faults[what] += happens
        return happens

    def type_into(self, count: int) -> None:
        """Somebody types into so many cells of the run's columns, beside addresses that were there from the start."""
        draw, living = self.world.random, self.living
        header, *lines = living.cells()
        columns = [column for column, cell in enumerate(header) if str(value_of(cell)) in TITLES.values()]
        rows = [row for row in range(1, len(lines) + 1) if living.mark(row)]
        for number in range(count if rows and columns else 0):
            row, column, text = draw.choice(rows), draw.choice(columns), f"by hand before the undo {number}"
            start = {"sheetId": living.sheet.id, "rowIndex": row, "columnIndex": column}
            typed = [{"values": [{"userEnteredValue": {"stringValue": text}}]}]
            living.edit({"updateCells": {"start": start, "rows": typed, "fields": "userEnteredValue"}})
            living.sheet.writable(row).put_aside(column, BY_HAND, text)
            living.typed[living.mark(row), str(value_of(header[column]))] = text, ""
            self.faults["edits"] += 1

    def typed_texts(self) -> set[str]:
        """What somebody typed and what stands in its cell."""
        return {
            extras[BY_HAND]
            for row in self.living.sheet.rows
            for column, extras in (row.extras or {}).items()
            if extras.get(BY_HAND) and value_of(row.cell(column)) == extras[BY_HAND]
        }

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """While this lasts, nothing fails."""
        before, self.is_over = self.is_over, True
        try:
            yield
        finally:
            self.is_over = before

    @contextmanager
    def edited(self) -> Iterator[None]:
        """While this lasts, somebody edits the sheet between any two calls."""
        between = self.living.state.between
        if self.scenario.edits:
            between.editor = RandomEditor(self.workbook.id, self.scenario.seed, self.scenario.edits, KINDS)
        try:
            yield
        finally:
            self.faults["edits"] += len(between.editor.log) if between.editor else 0
            between.editor = None


def rows_of(scenario: Scenario) -> Rows:
    """The sheet as the scenario begins."""
    lines: list[list[Any]] = [["Id", "LinkedIn", "Email", "Note"]]
    for at, slug in enumerate(scenario.people):
        own = f"own-{at}@example.com" if at in scenario.filled else ""
        lines.append([f"id-{at}", url_of(slug) if slug else "", own, f"note {at}" if at % 3 else ""])

    def shown(slug: str, name: str) -> Collection[Any]:
        return [values[0] for values in shown_of(slug, (name,), scenario.providers)]

    return Rows(lines, 1, "", shown=shown)


class FaultySheet(GoogleSheet):
    """The living spreadsheet without HTTP; tokens end, and calls are throttled, lost, or done and not heard of."""

    def __init__(self, spreadsheet_id: str, access_token: str, process: Process, stage: Stage) -> None:
        super().__init__(spreadsheet_id, access_token, endpoint="", runtime=process)
        self._stage, self._process = stage, process
        self._access = SheetToken.of(access_token)
        self._hit: dict[str, int] = {}
        """Typed texts that its writes have replaced and that do not stand again yet; see `_urls_beside`."""
        self._read: set[str] = set()
        """Typed texts that the delivery has read since its latest write."""
        self._has_written = False
        """Whether nothing was read since."""

    def begin(self, looked: Sequence[SheetRow]) -> None:
        """Begin a delivery, for which these rows were read."""
        self._read, self._has_written = (
            {cell for row in looked for cell in row.cells.values() if type(cell) is str},
            False,
        )

    def excuse_death(self) -> None:
        """Do not blame the program for what its latest write hit: the process died that alone had read these texts."""
        self._excuse(self._hit)

    def _excuse(self, texts: Collection[str]) -> None:
        """Do not blame the program for these texts; docs/addon.md says which it cannot know."""
        living = self._stage.living
        living.typed_under_a_write |= set(texts)
        for place, (text, _) in list(living.typed.items()):
            if text in texts:
                living.typed[place] = text, WRITE

    def _urls_beside(self, text: str) -> int:
        """Return how many addresses the row in which a text was typed has had."""
        urls, typed = self._stage.living.urls, self._stage.living.typed
        return max((len(urls.get(mark, ())) for (mark, _), (there, _) in typed.items() if there == text), default=0)

    def _wrote(self, standing: Collection[str]) -> None:
        """Note which of the texts that stood there its write has hit."""
        stands = self._stage.typed_texts()
        hit = {text: self._urls_beside(text) for text in standing if text not in stands}
        if self._stage.scenario.large_tab:  # there, rows far from the written ones are not read
            self._excuse(hit.keys() - self._read)
        self._hit = {text: urls for text, urls in (self._hit | hit).items() if text not in stands}
        self._has_written = True

    def _looked(self, answer: bytes) -> None:
        """Note which texts were read, and which cannot be given back since somebody has edited the address beside."""
        if self._has_written:
            self._read, self._has_written = set(), False
        self._read |= {text for text in self._stage.typed_texts() if text.encode() in answer}
        if self._stage.scenario.large_tab:  # there, what else stands in a row is not read
            self._excuse({text for text, urls in self._hit.items() if self._urls_beside(text) != urls})

    def _attempt(self, read: Callable[[bytes], T], method: str, *, once: bool, **arguments: Any) -> T:  # noqa: ANN401, ARG002 - the client's own arguments
        stage, draw, name = self._stage, self._process.random, f"spreadsheets.{method}"
        rate = stage.scenario.sheet_faults
        body = msgspec.json.decode(msgspec.json.encode(arguments.pop("body", {})))

        def serve() -> bytes | None:
            if stage.world.now_s >= self._access.until_s:
                raise SheetAccessExpired
            if stage.occurs("sheet throttled", rate):
                raise transport.Throttled(retry_after_s=30)
            if stage.occurs("sheet lost a call", rate / 2):
                return None
            standing = stage.typed_texts() if name == WRITE else set()
            answer = stage.living.serve(name, arguments, body)
            if name == WRITE:
                self._wrote(standing)
            else:
                self._looked(answer)
            return None if stage.occurs("sheet was not heard", rate / 2) else answer

        answer = self._process.call_outside(serve, method, there_s=draw(), back_s=draw(), patience_s=inf)
        if answer is None:
            raise transport.UncertainWrite(retry_after_s=10)
        return read(answer)


class FaultyStore(SimulatedStore):
    """A store as it is over a network: it is gone now and then, and a commit may fail, or be made and not heard of."""

    def __init__(self, process: Process, stage: Stage) -> None:
        super().__init__(process)
        self._stage = stage

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction."""
        self._reach()
        stage, rate = self._stage, self._stage.scenario.store_faults
        with super().writing() as connection:
            yield connection
            if stage.occurs("commit failed", rate / 2):
                raise StoreError(retry_after_s=0.5)
        if stage.occurs("commit not heard", rate / 2):
            raise StoreError(retry_after_s=0.5)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A view."""
        self._reach()
        with super().reading() as connection:
            yield connection

    def _reach(self) -> None:
        stage = self._stage
        if stage.is_over:
            return
        if stage.world.now_s < stage.database_back_s or stage.occurs("store not reached", stage.scenario.store_faults):
            self._process.world.wait("refused", 0.1)
            raise StoreError(retry_after_s=0.5)


class FaultyQueue(CloudQueue):
    """Cloud Tasks: delivers at least once, now and then twice or late; sometimes it cannot be reached."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._stage = stage

    def enqueue(self, chunk_id: str, *, delay_s: float = 0) -> None:
        """See `Queue.enqueue`."""
        stage, rate = self._stage, self._stage.scenario.queue_faults
        if stage.occurs("queue not reached", rate / 3):
            raise QueueError(retry_after_s=1)
        if stage.occurs("task came late", rate):
            self.deliver(chunk_id, delay_s + LATEST_S * stage.world.random.random())
            if not stage.occurs("task came twice", 0.5):
                return
        elif stage.occurs("task came twice", rate):
            self.deliver(chunk_id, delay_s)
        super().enqueue(chunk_id, delay_s=delay_s)
