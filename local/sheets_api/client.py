"""An emulator of one's own, as a process that ends with this one: for tests and benchmarks."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import requests

from local import secret
from local.child import Child

Values = Sequence[Sequence[Any]]
JsonObject = dict[str, Any]


class SheetsEmulator(Child):
    """Starts on entering; ends on leaving, or when this process does.

    What is done through this class is neither counted, nor held, nor preceded by random edits: it is the other person.
    Leaving raises RuntimeError if the emulator itself failed, such as by an answer against the discovery document.
    """

    module = "local.sheets_api"

    @property
    def url(self) -> str:
        """For `client_options={"api_endpoint": url}`."""
        return self.root

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            faults = self.calls()["faults"]
        finally:
            super().__exit__(kind, error, traceback)
        if faults and error is None:
            raise RuntimeError(f"The emulator failed: {faults}")

    def token(
        self,
        email: str,
        spreadsheets: str | Sequence[str] = "*",
        *,
        role: str = "writer",
        project: str = "leadfill",
        token: str = "",
        refusal: str | None = None,
    ) -> str:
        """Make an access token of this person known and return it. `role` is writer, commenter or reader.

        `refusal` is the reason of the 403 that meets all its calls: ACCESS_TOKEN_SCOPE_INSUFFICIENT, SERVICE_DISABLED.
        """
        token = token or "ya29." + secrets.token_urlsafe(24)
        allowed = spreadsheets if isinstance(spreadsheets, str) else list(spreadsheets)
        body: JsonObject = {"token": token, "email": email, "spreadsheets": allowed, "role": role, "project": project}
        body |= {"refusal": refusal}
        self._send("POST", "tokens", body)
        return token

    def expire(self, token: str) -> None:
        """From now on the token meets a 401."""
        self._send("DELETE", f"tokens/{quote(token, safe='')}")

    def spreadsheet(
        self,
        values: Values | None = None,
        *,
        csv: str | None = None,
        path: Path | None = None,
        title: str = "Leads",
        sheet: str = "Leads",
        owner: str = "owner@example.com",
        office_file: bool = False,
    ) -> str:
        """Make a spreadsheet with one sheet of RAW values or CSV text, or from an .xlsx or .csv file; return its id."""
        body: JsonObject = {"title": title, "sheet": sheet, "owner": owner, "office_file": office_file}
        if path is not None and path.suffix.lower() == ".csv":
            csv = path.read_text(encoding="utf-8-sig")
        if path is not None and csv is None:
            body["xlsx"] = base64.b64encode(path.read_bytes()).decode()
        elif csv is not None:
            body["csv"] = csv
        else:
            body["values"] = [list(row) for row in values or ()]
        return str(self._send("POST", "spreadsheets", body)["spreadsheetId"])

    def file(self, spreadsheet: str, *, kind: str = "csv", sheet: str | None = None) -> bytes:
        """Return the spreadsheet as a file; `kind` is csv (of one sheet) or xlsx."""
        query = {"format": kind, **({"sheet": sheet} if sheet else {})}
        return self._answer("GET", f"spreadsheets/{spreadsheet}/file", params=query).content

    def delete(self, spreadsheet: str) -> None:
        """Delete the spreadsheet: from now on it is a 404."""
        self._send("DELETE", f"spreadsheets/{spreadsheet}")

    def call(
        self,
        method: str,
        spreadsheet: str,
        *,
        body: JsonObject | None = None,
        path: dict[str, str] | None = None,
        **query: Any,  # noqa: ANN401 - any parameter of any method of the API
    ) -> JsonObject:
        """Call any method of the API as the owner, such as `call("spreadsheets.get", id, fields="sheets.merges")`.

        Raises ValueError with Google's sentence.
        """
        given = {"method": method, "spreadsheet": spreadsheet, "path": path or {}, "query": query, "body": body or {}}
        answer: JsonObject = self._send("POST", "call", given)
        return answer

    def values(self, spreadsheet: str, cells: str, *, render: str = "FORMATTED_VALUE") -> list[list[Any]]:
        """Return the values of a range in A1 notation, as Google does: without empty cells and rows at the ends."""
        answer = self.call("spreadsheets.values.get", spreadsheet, path={"range": cells}, valueRenderOption=render)
        found: list[list[Any]] = answer.get("values", [])
        return found

    def write(self, spreadsheet: str, cells: str, values: Values, *, option: str = "RAW") -> None:
        """Write a range."""
        body = {"values": [list(row) for row in values]}
        self.call("spreadsheets.values.update", spreadsheet, path={"range": cells}, body=body, valueInputOption=option)

    def edit(self, spreadsheet: str, *changes: JsonObject) -> list[JsonObject]:
        """Carry out requests of a batchUpdate at once, such as `{"sortRange": …}`; return their replies."""
        answer = self.call("spreadsheets.batchUpdate", spreadsheet, body={"requests": list(changes)})
        replies: list[JsonObject] = answer["replies"]
        return replies

    def computed(self, spreadsheet: str, cells: str, values: Values, *, block: bool = False) -> None:
        """Set what formulas show that the emulator cannot compute: ENRICH, IMPORTRANGE, any other function.

        With `block` the formula in the first cell of the range spills these values.
        """
        body = {"range": cells, "values": [list(row) for row in values], "block": block}
        self._send("POST", f"spreadsheets/{spreadsheet}/computed", body)

    def switch(self, **switches: Any) -> JsonObject:  # noqa: ANN401 - the names and types are those of the switches
        """Set all switches anew; those not named are at rest. Raises ValueError for one that there is not.

        quota_per_minute, quota_per_minute_project, minute_s, latency_s, fail_next (statuses, 0 hangs up, or
        {"status", "after": True, "reason"}: carried out, then failed), error_rate, error_statuses, seed,
        max_request_bytes, and what Google does not document (`choices.Choices`).
        """
        state: JsonObject = self._send("PUT", "switches", switches)
        return state

    def calls(self) -> JsonObject:
        """Return `total`, `reads`, `writes`, `by_method`, `bytes` by method, `log`, and the emulator's own `faults`."""
        report: JsonObject = self._send("GET", "calls")
        return report

    def forget_calls(self) -> None:
        """Count from zero."""
        self._send("DELETE", "calls")

    def reset(self) -> None:
        """Everything as at the start, but the tokens: no spreadsheets, no switches, no edits to come, no calls."""
        self._send("POST", "reset")

    def edit_before(self, spreadsheet: str, *changes: JsonObject, method: str = "*", skip: int = 0) -> None:
        """Let requests of a batchUpdate wait until right before a call of a method that matches, after `skip` such."""
        body = {"spreadsheet": spreadsheet, "requests": list(changes), "method": method, "skip": skip}
        self._send("POST", "waiting", body)

    def edits_to_come(self) -> int:
        """How many edits of `edit_before` still wait for their call."""
        return int(self._send("GET", "waiting")["waiting"])

    def random_edits(self, spreadsheet: str, seed: int, **choices: Any) -> None:  # noqa: ANN401 - those of RandomEditor
        """Let a random editor loose on the spreadsheet: probability, kinds, at_most, sheet, header_rows."""
        self._send("PUT", "editor", {"spreadsheet": spreadsheet, "seed": seed, **choices})

    def random_edits_made(self, *, stop: bool = False) -> JsonObject:
        """Return `log`, what the random editor did, and `typed`, its texts that must still stand; perhaps stop it."""
        told: JsonObject = self._send("DELETE" if stop else "GET", "editor")
        return told

    @contextmanager
    def between_calls(self, hook: Callable[[str, str], bool | None], methods: str = "*") -> Iterator[None]:
        """While this lasts, `hook(method, user)` runs before each call of a method that matches, one at a time.

        The call waits meanwhile; where the hook returns False, it meets a closed connection and is not carried out.
        The hook must not itself call the API over HTTP, only through this class. What it raises is raised on leaving.
        """
        held = _Holder(self, hook)
        self._send("PUT", "hold", {"methods": methods})
        held.start()
        try:
            yield
        finally:
            held.leaving.set()
            self._send("PUT", "hold", {"methods": None})
            held.join()
        if held.error is not None:
            raise held.error

    def _send(self, http_method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        return self._answer(http_method, path, json=body).json()

    def _answer(self, http_method: str, path: str, **content: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        return self._ask(http_method, f"_emulator/{path}", **content)


class _Holder(threading.Thread):
    """Runs a hook for each held call, then releases it."""

    def __init__(self, emulator: SheetsEmulator, hook: Callable[[str, str], bool | None]) -> None:
        super().__init__(name="between-calls", daemon=True)
        self.root, self.hook = f"{emulator.url}/_emulator", hook
        self.held = emulator.held
        self.leaving = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.headers[secret.HEADER] = self.held
            while not self.leaving.is_set():
                held = session.get(f"{self.root}/held", params={"wait_s": "0.2"}, timeout=60).json()["held"]
                if held is None:
                    continue
                go_on: bool | None = True
                try:
                    go_on = self.hook(held["method"], held["user"])
                except BaseException as error:  # noqa: BLE001 - a failing test's assertion belongs to its own thread
                    self.error = self.error or error
                body = {"go_on": go_on is not False}
                session.post(f"{self.root}/held/{held['number']}", json=body, timeout=60)
