"""Events that a test causes between two calls of the API: edits that wait for a call, a random editor, held calls."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from local.sheets_api.editor import RandomEditor
from local.sheets_api.google_errors import GoogleError, Json
from local.sheets_api.requests import batch
from local.sheets_api.requests.target import Target
from local.sheets_api.users import User
from local.sheets_api.workbook import Workbook


@dataclass(slots=True)
class WaitingEdit:
    """A batchUpdate by the owner, right before the first call of a method that matches, after `skip` such calls."""

    spreadsheet_id: str
    requests: list[Json]
    method: str = "*"
    skip: int = 0

    def is_due(self, method: str, spreadsheet_id: str) -> bool:
        """Whether this call is the one; counts the ones before it."""
        if spreadsheet_id != self.spreadsheet_id or not fnmatchcase(method, self.method):
            return False
        self.skip -= 1
        return self.skip < 0


@dataclass(slots=True)
class HeldCall:
    """A call that waits until it is released: True lets it go on, False hangs up on it, not carried out."""

    number: int
    method: str
    spreadsheet_id: str
    user: str
    released: asyncio.Future[bool]


@dataclass
class Between:
    """All of it; at rest nothing happens between calls."""

    waiting: list[WaitingEdit] = field(default_factory=list)
    editor: RandomEditor | None = None
    holding: str | None = None
    """A pattern of methods, such as `spreadsheets.values.*`, whose calls are held."""
    held: dict[int, HeldCall] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def may_go_on(self, method: str, variables: dict[str, str], user: str) -> bool:
        """Hold the call if it is one to be held; return False if it shall meet a closed connection."""
        if self.holding is None or not fnmatchcase(method, self.holding):
            return True
        number = next(self.numbers)
        released: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.held[number] = HeldCall(number, method, variables.get("spreadsheetId", ""), user, released)
        self.arrived.set()
        try:
            return await released
        finally:
            self.held.pop(number, None)

    async def first_held(self, at_most_s: float) -> HeldCall | None:
        """Wait for a held call and return the one that has waited longest, None if there was none in that time."""
        while not self.held:
            self.arrived.clear()
            try:
                await asyncio.wait_for(self.arrived.wait(), at_most_s)
            except TimeoutError:
                return None
        return self.held[min(self.held)]

    def release(self, number: int, *, go_on: bool) -> None:
        """Let a held call go on, or hang up on it. Raises KeyError if it is not held."""
        self.held[number].released.set_result(go_on)
        del self.held[number]

    def hold(self, methods: str | None) -> None:
        """Hold the calls of these methods from now on; None releases all that are held and holds no more."""
        self.holding = methods
        if methods is None:
            for number in list(self.held):
                self.release(number, go_on=True)

    def edit(self, workbooks: dict[str, Workbook], method: str, variables: dict[str, str], calls: int) -> list[str]:
        """Make the edits that are due before this call, the `calls`-th; return what went wrong with them."""
        workbook = workbooks.get(variables.get("spreadsheetId", ""))
        if workbook is None:
            return []
        faults = []
        due = [edit for edit in self.waiting if edit.is_due(method, workbook.id)]
        for edit in due:
            self.waiting.remove(edit)
            try:
                batch.run(Target(workbook, User(workbook.owner), by_hand=True), edit.requests)
            except GoogleError as error:
                faults.append(f"a waiting edit: {error}")
        if self.editor is not None:
            self.editor.before_call(workbook, method, calls)
        return faults
