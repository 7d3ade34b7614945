"""Who may do what to a spreadsheet: proof of edit rights for whoever acts on it, a look for whoever watches.

Both are remembered for some minutes for each person, spreadsheet and token: colleagues who watch a run would otherwise
use up the project's quota of Sheets calls.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from functions.auth.access import Caller
from functions.auth.access_tokens import AccessTokens
from functions.errors import Forbidden, InvalidRequest, SheetBusy, SheetError

if TYPE_CHECKING:
    from functions.sheets.client import GoogleSheet

REMEMBERED_S = 300
"""How long a proof counts: an editor who is made a viewer can act for so long."""
MAX_REMEMBERED = 5_000
NOT_PROVEN = "Google Sheets cannot confirm right now that you may edit this spreadsheet; try again in a moment."


class Right(StrEnum):
    """A right to a spreadsheet."""

    READ = "read"
    EDIT = "edit"  # includes READ


@dataclass(slots=True)
class Permissions:
    """Checks the rights of callers by their own access tokens; safe to share between threads."""

    tokens: AccessTokens
    audiences: frozenset[str]
    """OAuth client ids of this deployment's add-ons."""
    open_sheet: Callable[[str, str], GoogleSheet]
    """Spreadsheet id, access token → the spreadsheet."""
    now_s: Callable[[], float] = time.monotonic
    _until_s: OrderedDict[tuple[str, str, bytes, Right], float] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def require_edit(self, caller: Caller, spreadsheet_id: str, access_token: str) -> None:
        """Make sure that a caller can edit a spreadsheet, and that the access token is the caller's own.

        Raises:
            Forbidden: the caller cannot, or the token is somebody else's.
            SheetError: the spreadsheet cannot be reached; SheetBusy means not proven, try again.
        """
        if not access_token:
            raise InvalidRequest("The header X-Sheets-Access-Token is missing; open the Leadfill sidebar again.")
        self.tokens.check_owner(access_token, subject=caller.subject, audiences=self.audiences)
        if self._is_remembered(caller, spreadsheet_id, access_token, Right.EDIT):
            return
        try:
            self.open_sheet(spreadsheet_id, access_token).prove_editable()
        except SheetBusy as error:
            raise SheetBusy(NOT_PROVEN, retry_after_s=error.retry_after_s or 5) from error
        self._remember(caller, spreadsheet_id, access_token, Right.EDIT)

    def may_read(self, caller: Caller, spreadsheet_id: str, access_token: str | None) -> bool:
        """Tell whether a caller's own access token opens a spreadsheet."""
        if not access_token:
            return False
        if any(self._is_remembered(caller, spreadsheet_id, access_token, right) for right in Right):
            return True
        try:
            self.tokens.check_owner(access_token, subject=caller.subject, audiences=self.audiences)
            self.open_sheet(spreadsheet_id, access_token).tabs()
        except (SheetError, Forbidden):
            return False
        self._remember(caller, spreadsheet_id, access_token, Right.READ)
        return True

    def _is_remembered(self, caller: Caller, spreadsheet_id: str, access_token: str, right: Right) -> bool:
        with self._lock:
            return self.now_s() < self._until_s.get(_who(caller, spreadsheet_id, access_token, right), 0.0)

    def _remember(self, caller: Caller, spreadsheet_id: str, access_token: str, right: Right) -> None:
        who = _who(caller, spreadsheet_id, access_token, right)
        with self._lock:
            self._until_s[who] = self.now_s() + REMEMBERED_S
            self._until_s.move_to_end(who)
            while len(self._until_s) > MAX_REMEMBERED:
                self._until_s.popitem(last=False)


def _who(caller: Caller, spreadsheet_id: str, access_token: str, right: Right) -> tuple[str, str, bytes, Right]:
    return caller.subject, spreadsheet_id, sha256(access_token.encode()).digest(), right
