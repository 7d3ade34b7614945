"""Permissions on a spreadsheet: to act on it, a caller proves the right to edit; to watch a run, the right to read.

Both are remembered for some minutes for each person, spreadsheet and token: colleagues who watch a run would otherwise
use up the project's quota of Sheets calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from functions.auth.access_tokens import AccessTokens, TokenOwner
from functions.auth.expiring_map import ExpiringMap
from functions.auth.identity_tokens import Caller
from functions.errors import Forbidden, InvalidRequest, SheetBusy, SheetError
from functions.jobs.protection import refuse_protected
from functions.runtime import REAL, Runtime
from functions.store.jobs import Job

if TYPE_CHECKING:
    from functions.sheets.client import GoogleSheet
    from functions.sheets.grid import Tab

REMEMBERED_S = 300
"""Lifetime of a proof: an editor who is made a viewer can act for this long."""
MAX_REMEMBERED = 5_000
NOT_PROVEN = "Google Sheets cannot confirm right now that you may edit this spreadsheet; try again in a moment."


class Right(StrEnum):
    """A right to a spreadsheet."""

    READ = "read"
    EDIT = "edit"  # includes READ


@dataclass(frozen=True, slots=True)
class Proof:
    """A successful proof of the right to edit, with the facts that it returned."""

    access_until: datetime
    """When the access token ends."""
    tabs: tuple[Tab, ...] = ()
    """The tabs as they are now; none where the right was proven before."""


@dataclass(slots=True)
class Permissions:
    """Checks the rights of callers by their own access tokens; safe to share between threads."""

    tokens: AccessTokens
    audiences: frozenset[str]
    """OAuth client ids of this deployment's add-ons."""
    open_sheet: Callable[[str, str], GoogleSheet]
    """Spreadsheet id, access token → the spreadsheet."""
    runtime: Runtime = REAL
    _proven: ExpiringMap[tuple[str, str, bytes], Right] = field(default_factory=lambda: ExpiringMap(MAX_REMEMBERED))

    def check_token(self, caller: Caller, access_token: str) -> datetime:
        """Make sure that an access token is the caller's own, and was given to an add-on of this deployment.

        Returns:
            When it ends.

        Raises:
            Forbidden: it is somebody else's, or another application's.
            SheetAccessExpired: it is not valid any more.
        """
        return self.owner(caller, access_token).expires_at

    def owner(self, caller: Caller, access_token: str) -> TokenOwner:
        """Return Google's description of an access token, which must be the caller's own.

        Raises:
            Forbidden: it is somebody else's, or another application's.
            SheetAccessExpired: it is not valid any more.
        """
        return self.tokens.check_owner(access_token, subject=caller.subject, audiences=self.audiences)

    def require_edit(self, caller: Caller, spreadsheet_id: str, access_token: str) -> Proof:
        """Make sure that a caller can edit a spreadsheet, and that the access token is the caller's own.

        Raises:
            Forbidden: the caller cannot, or the token is somebody else's.
            SheetError: the spreadsheet cannot be reached; SheetBusy means not proven, try again.
        """
        if not access_token:
            raise InvalidRequest("The header X-Sheets-Access-Token is missing; open the Leadfill sidebar again.")
        access_until = self.check_token(caller, access_token)
        who = _who(caller, spreadsheet_id, access_token)
        if self._proven.get(who, self.runtime.monotonic()) is Right.EDIT:
            return Proof(access_until)
        try:
            tabs = self.open_sheet(spreadsheet_id, access_token).prove_editable()
        except SheetBusy as error:
            raise SheetBusy(NOT_PROVEN, retry_after_s=error.retry_after_s or 5) from error
        self._proven.put(who, Right.EDIT, self.runtime.monotonic() + REMEMBERED_S)
        return Proof(access_until, tuple(tabs))

    def require_edit_of_run(self, caller: Caller, job: Job, access_token: str) -> datetime:
        """Make sure that a caller can edit the cells that a job writes: an editor need not be one of protected cells.

        Returns:
            When the access token ends.

        Raises:
            Protected: some of the cells are protected against the caller.
            Forbidden: as `require_edit`.
            SheetError: as `require_edit`.
        """
        proof = self.require_edit(caller, job.spreadsheet_id, access_token)
        sheet = self.open_sheet(job.spreadsheet_id, access_token)
        refuse_protected(job, sheet, proof.tabs or sheet.tabs())
        return proof.access_until

    def may_read(self, caller: Caller, spreadsheet_id: str, access_token: str | None) -> bool:
        """Tell whether a caller's own access token opens a spreadsheet."""
        if not access_token:
            return False
        who = _who(caller, spreadsheet_id, access_token)
        if self._proven.get(who, self.runtime.monotonic()) is not None:
            return True
        try:
            self.check_token(caller, access_token)
            self.open_sheet(spreadsheet_id, access_token).tabs()
        except (SheetError, Forbidden):
            return False
        self._proven.put(who, Right.READ, self.runtime.monotonic() + REMEMBERED_S)
        return True


def _who(caller: Caller, spreadsheet_id: str, access_token: str) -> tuple[str, str, bytes]:
    return caller.subject, spreadsheet_id, sha256(access_token.encode()).digest()
