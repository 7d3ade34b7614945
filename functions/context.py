"""The parts of a running deployment, as the application's functions need them; wired in `bootstrap`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from functions.auth.encryption import DecryptionFailed, TokenCipher
from functions.credits.caps import Limits
from functions.credits.pacing import Gcra
from functions.credits.terms import Terms
from functions.enrichment.enricher import Enricher
from functions.enrichment.lane import Lane
from functions.errors import SheetAccessExpired
from functions.runtime import REAL, Runtime
from functions.store.database import Store
from functions.store.leads import Freshness
from functions.store.owners import is_dead, this_process
from functions.task_queue import Queue

if TYPE_CHECKING:
    from functions.sheets.client import GoogleSheet
    from functions.store.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    """One team's Leadfill."""

    store: Store
    limits: Limits
    fresh: Freshness
    queue: Queue
    cipher: TokenCipher
    """Of sheet access tokens."""
    sheets_endpoint: str
    sheet_pace: Gcra | None = None
    """Of calls to one spreadsheet, by all instances together; None: as many as there are."""
    make_enricher: Callable[[], Enricher]
    """The process's one enricher; made when it is first needed, since it needs the API key."""
    terms: Mapping[str, Terms]
    """Those of the providers that a run may ask, in the waterfall's order."""
    clock: Callable[[], datetime] = REAL.now
    """The present, on which all instances agree."""
    runtime: Runtime = REAL
    """Waits and threads."""
    lane: Lane = field(default_factory=Lane)
    """Of the custom fields of formulas."""
    owner: Callable[[], str] = this_process
    """Names this process: what it holds can be recognised should it die."""
    is_dead: Callable[[str], bool] = is_dead
    """Return whether an owner is known to be gone; never true of another machine's."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Return the providers that a run may ask, in the waterfall's order."""
        return tuple(self.terms)

    def enqueue(self, chunk_ids: Iterable[str]) -> None:
        """Put committed chunks into the queue."""
        for chunk_id in chunk_ids:
            self.queue.enqueue(chunk_id)

    def sheet(self, spreadsheet_id: str, access_token: str) -> GoogleSheet:
        """Return a spreadsheet, opened with the caller's own access token."""
        from functions.store import sheet_behaviour

        with self.store.reading() as connection:
            behaviour = sheet_behaviour.read(connection)
        return self._opener(spreadsheet_id)(access_token, behaviour=behaviour)

    def sheet_to_check(self, spreadsheet_id: str, access_token: str, *, max_wait_s: float) -> GoogleSheet:
        """A spreadsheet in which it is tried what Leadfill relies on: nothing is known before."""
        return self._opener(spreadsheet_id)(access_token, max_wait_s=max_wait_s)

    def _opener(self, spreadsheet_id: str) -> partial[GoogleSheet]:
        from functions.sheets.client import GoogleSheet

        return partial(
            GoogleSheet,
            spreadsheet_id,
            endpoint=self.sheets_endpoint,
            runtime=self.runtime,
            take_turn=lambda: self._take_turn(spreadsheet_id),
        )

    def _take_turn(self, spreadsheet_id: str) -> float:
        if self.sheet_pace is None:
            return 0.0
        from functions.store.sheet_calls import take_turn

        now = self.clock()
        return (take_turn(self.store, spreadsheet_id, self.sheet_pace, now) - now).total_seconds()

    def sheet_of(self, job: Job) -> GoogleSheet:
        """The spreadsheet of a job, with the rights of who started or renewed it.

        Raises:
            SheetAccessExpired: the job holds no token that can be opened, or one that has ended.
        """
        if job.encrypted_token is None or (job.access_until is not None and self.clock() >= job.access_until):
            raise SheetAccessExpired
        try:
            token = self.cipher.decrypt(job.encrypted_token)
        except DecryptionFailed as error:
            raise SheetAccessExpired from error
        return self.sheet(job.spreadsheet_id, token)
