"""A spreadsheet in this process that lives: formulas follow their rows, blocks spill, somebody edits between calls.

Each row carries a mark that only the tests see (a note on its URL cell), so that it is known which row is which,
whatever was moved or typed. Nothing is waited for, and nothing listens on a port.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import uuid4

import msgspec

from functions.auth.encryption import TokenCipher
from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.credits.lookup_result import Found
from functions.credits.terms import EVERY_NEED, Needs
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.jobs import new_job, service
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.request import JobRequest
from functions.profiles import Profile
from functions.providers import slintel
from functions.providers.contract import Answer
from functions.providers.slintel import Slintel
from functions.runtime import Runtime
from functions.sheets import transport
from functions.sheets.client import GoogleSheet
from functions.store import schema
from functions.store.database import Store
from functions.store.jobs import Job
from functions.task_queue import StoreQueue
from local.providers.people import lead
from local.sheets_api import discovery
from local.sheets_api.api import Api
from local.sheets_api.calls import Call
from local.sheets_api.cells import Cell
from local.sheets_api.editor import RandomEditor
from local.sheets_api.files import from_values
from local.sheets_api.google_errors import GoogleError
from local.sheets_api.grid import Sheet
from local.sheets_api.state import State
from local.sheets_api.users import User
from local.sheets_api.workbook import Workbook
from tests.support.contexts import SECRET
from tests.support.desk import ACTIVE
from tests.support.enrichers import FRESH, PLENTY, allowed

T = TypeVar("T")
CALLER = Caller("person-1", "person@example.com", "example.com")
FIELDS = ("email", "title", "company", "size")
WRITE = "spreadsheets.values.batchUpdateByDataFilter"
WRITES = frozenset({WRITE, "spreadsheets.batchUpdate"})
READ = "spreadsheets.getByDataFilter"
MAX_STEPS = 400
"""Attempts at chunks after which a job must have ended."""


class JumpingRuntime(Runtime):
    """The machine's own, but whoever sleeps is woken at once, that much later."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def now(self) -> datetime:
        """The present, as later as was slept."""
        return super().now() + timedelta(seconds=self.slept_s)

    def monotonic(self) -> float:
        """Seconds, those that were slept among them."""
        return super().monotonic() + self.slept_s

    def sleep(self, seconds: float) -> None:
        """Lets the time pass."""
        self.slept_s += seconds


class GenerousSlintel(Slintel):
    """A provider that knows everybody."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1", "key", concurrency=4, timeout_s=5)

    def look_up(self, profile: Profile, needs: Needs = EVERY_NEED) -> Answer:  # noqa: ARG002 - it always gives all
        """The person."""
        found = lead(profile.key.rpartition("/")[2])
        return Answer(Found(found, msgspec.json.encode(found), raw_is_lead=True))


Watch = Callable[[str, dict[str, Any]], None]
"""Sees each call before it is carried out: its method and body."""


@dataclass(slots=True, kw_only=True)
class LivingSheet:
    """One spreadsheet with one tab “Leads”, whoever edits it, and a deployment that works on it."""

    folder: Path
    workbook: Workbook = field(default_factory=Workbook)
    state: State = field(default_factory=State)
    api: Api = field(init=False)
    context: AppContext = field(init=False)
    watch: Watch | None = None
    calls: int = 0
    edited_at: int = -1
    """The number of the last call before which somebody edited."""
    read_at: int = -1
    """The number of the call with which the latest look began: it may take several."""
    once_laid_out: Callable[[], None] | None = None
    """An edit right before the first call after the columns were anchored."""
    _laid_out: bool = False
    _looking: bool = False
    typed: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """By a row's mark and a column's title: what somebody typed there last, and before which method."""
    typed_under_a_write: set[str] = field(default_factory=set)
    """Texts that somebody typed in the very round trip of a write."""
    typed_over: set[str] = field(default_factory=set)
    """Texts that somebody replaced by others."""
    deleted: set[str] = field(default_factory=set)
    """Titles of columns that somebody has deleted; others may have the same titles now."""
    urls: dict[str, set[str]] = field(default_factory=dict)
    """By a row's mark: the addresses that stood there before and after somebody edited them."""

    def __post_init__(self) -> None:
        self.state.workbooks[self.workbook.id] = self.workbook
        self.api = Api(self.state)

    @property
    def sheet(self) -> Sheet:
        """Its tab."""
        return self.workbook.sheets[0]

    def fill(self, rows: list[list[Any]], urls: int) -> None:
        """Enters the rows as a person would, and marks each below the first."""
        self.workbook.sheets = [from_values([], title="Leads")]
        body = {"values": rows}
        self.by_hand("spreadsheets.values.update", body, path={"range": "Leads!A1"}, valueInputOption="USER_ENTERED")
        for number in range(1, len(rows)):
            self.sheet.writable(number).put_aside(urls, "note", str(number))

    def by_hand(self, method: str, body: dict[str, Any], *, path: dict[str, str] | None = None, **query: Any) -> Any:  # noqa: ANN401 - JSON
        """A call of the owner's, which counts for nothing."""
        call = Call(
            self.state.workbooks,
            User(self.workbook.owner),
            method,
            {"spreadsheetId": self.workbook.id, **(path or {})},
            query,
            body,
            by_hand=True,
        )
        return self.api.checked(call, discovery.methods()[method])

    def edit(self, *requests: dict[str, Any]) -> None:
        """Changes of the owner's."""
        self.by_hand("spreadsheets.batchUpdate", {"requests": list(requests)})

    def cells(self) -> list[list[Cell]]:
        """Its rows, computed."""
        self.by_hand("spreadsheets.values.get", {}, path={"range": "Leads!A1"})
        return [row.cells for row in self.sheet.rows]

    def mark(self, row: int) -> str:
        """Return the mark of a row (from 0); empty where somebody has inserted it."""
        found = self.sheet.rows[row]
        return next((str(extra["note"]) for extra in (found.extras or {}).values() if "note" in extra), "")

    @contextmanager
    def edited(self, seed: int, probability: float, kinds: tuple[str, ...]) -> Iterator[RandomEditor]:
        """While this lasts, somebody edits at random between any two calls."""
        editor = RandomEditor(self.workbook.id, seed, probability, kinds)
        self.state.between.editor = editor
        try:
            yield editor
        finally:
            self.state.between.editor = None

    def serve(self, method: str, arguments: dict[str, Any], body: dict[str, Any]) -> bytes:
        """Answers one call of the program's."""
        editor = self.state.between.editor
        edits = len(editor.log) if editor else 0
        path = {"spreadsheetId": self.workbook.id}
        assert not self.state.between.edit(self.state.workbooks, method, path, self.calls)
        self.calls += 1
        if editor and len(editor.log) > edits:
            self.edited_at = self.calls
            self._remember(editor.log[-1])
        if self.once_laid_out is not None and self._laid_out:
            edit, self.once_laid_out = self.once_laid_out, None
            edit()
            self.edited_at = self.calls
        self._laid_out = self._laid_out or method == "spreadsheets.batchUpdate"
        if self.watch is not None:
            self.watch(method, body)
        if method == READ and not self._looking:
            self.read_at = self.calls
        self._looking = method == READ
        call = Call(self.state.workbooks, User(CALLER.email), method, path, arguments, body)
        try:
            return msgspec.json.encode(self.api.checked(call, discovery.methods()[method]))
        except GoogleError as error:
            raise transport.refusal(error.code, str(error)) from error

    def _remember(self, edit: dict[str, Any]) -> None:
        if edit["kind"] == "delete_column":
            self.deleted.add(edit["header"])
        if edit["kind"] not in ("fill_cell", "edit_url"):
            return
        mark = self.mark(edit["row"])
        title = str(self.sheet.rows[0].cell(edit["column"]) or "")
        if edit["kind"] == "edit_url":
            self.urls.setdefault(mark, set()).update((edit["before"], edit["after"]))
        else:
            self.typed[mark, title] = edit["after"], edit["method"]
            self.typed_over.add(str(edit["before"]))
            if edit["method"] in WRITES:
                self.typed_under_a_write.add(edit["after"])

    def run(self, cells: str, *, write: Literal["empty", "all"] = "empty", fields: tuple[str, ...] = FIELDS) -> Job:
        """Starts a job and runs it to its end."""
        wanted = JobRequest(spreadsheet_id=self.workbook.id, range=cells, fields=fields, write=write)
        started = new_job.start(
            self.context, wanted, CALLER, "token", max_credits=allowed(10**6), idempotency_key=uuid4().hex
        )
        return self._drain(started.job)

    def undo(self, job: Job) -> Job:
        """Undoes it, to the end."""
        return self._drain(service.undo(self.context, service.reload(self.context, job), "token"))

    def _drain(self, job: Job) -> Job:
        for _ in range(MAX_STEPS):
            job = service.reload(self.context, job)
            if job.state not in ACTIVE:
                return job
            if run_chunk(self.context) is ChunkResult.NONE:
                self.context.runtime.sleep(2)
        raise AssertionError(f"the job did not end: {job}")


class _DirectSheet(GoogleSheet):
    """The real client's calls, without their HTTP."""

    def __init__(self, living: LivingSheet, runtime: Runtime) -> None:
        super().__init__(living.workbook.id, "token", endpoint="", runtime=runtime)
        self._living = living

    def _attempt(self, read: Callable[[bytes], T], method: str, *, once: bool, **arguments: Any) -> T:  # noqa: ANN401, ARG002 - the client's own arguments
        body = msgspec.json.decode(msgspec.json.encode(arguments.pop("body", {})))
        return read(self._living.serve(f"spreadsheets.{method}", arguments, body))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context(AppContext):
    """Parts whose only spreadsheet is in this process."""

    living: LivingSheet

    def sheet(self, spreadsheet_id: str, access_token: str) -> GoogleSheet:  # noqa: ARG002 - there is one
        return _DirectSheet(self.living, self.runtime)


@contextmanager
def living_sheet(folder: Path) -> Iterator[LivingSheet]:
    """A spreadsheet without rows, and an empty store in `folder`."""
    runtime = JumpingRuntime()
    store = Store(f"sqlite:///{folder / 'living.db'}", runtime)
    with store.writing() as connection:
        schema.metadata.create_all(connection)
    dispatcher = Dispatcher(GenerousSlintel(), 4, runtime)
    enricher = Enricher(
        store=store, dispatchers={slintel.NAME: dispatcher}, limits=PLENTY, fresh=FRESH, clock=store.clock
    )
    living = LivingSheet(folder=folder)
    living.context = _Context(
        store=store,
        limits=PLENTY,
        fresh=FRESH,
        queue=StoreQueue(lambda: None),
        cipher=TokenCipher(SECRET, "sheet access"),
        terms={slintel.NAME: slintel.TERMS},
        sheets_endpoint="",
        make_enricher=lambda: enricher,
        clock=store.clock,
        runtime=runtime,
        living=living,
    )
    random.seed(0)  # ids of anchors are drawn there
    try:
        yield living
    finally:
        dispatcher.close()
        store.close()
