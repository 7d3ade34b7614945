"""The emulator inside a test: a server in a thread, with its workbooks at hand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import requests

from local.sheets_api import control, files, server
from local.sheets_api.google_errors import Json
from local.sheets_api.state import BeforeCall, State
from local.sheets_api.switches import Switches
from local.sheets_api.users import User
from local.sheets_api.workbook import OWNER, Workbook

OWNER_TOKEN = "owner-token"  # noqa: S105  # a token of the emulator opens nothing
T = TypeVar("T")


class Emulator:
    """Serves the Sheets API from a thread of this process while the `with` block runs.

    `token` belongs to the owner of every workbook that is made here. `before_call(method, path)` runs before each
    call is carried out, in a thread of its own: it may call the server (`call`, or any client; such calls pass the
    hook by) or change `workbooks` through `on_loop`.
    """

    def __init__(self, *, port: int = 0) -> None:
        self.state = State()
        self.token = OWNER_TOKEN
        self.add_token(OWNER_TOKEN, OWNER)
        self.port = port

    @property
    def url(self) -> str:
        """The base URL, for `client_options={"api_endpoint": …}`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def workbooks(self) -> dict[str, Workbook]:
        """The workbooks by id."""
        return self.state.workbooks

    @property
    def before_call(self) -> BeforeCall | None:
        """What runs before each call."""
        return self.state.before_call

    @before_call.setter
    def before_call(self, hook: BeforeCall | None) -> None:
        self.state.before_call = hook

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="sheets-api", daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("The Sheets emulator did not start within 10 s.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _serve(self, ready: threading.Event) -> None:
        async def run() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            runner, self.port = await server.start(self.state, "127.0.0.1", self.port)
            ready.set()
            await self._stop.wait()
            await runner.cleanup()

        asyncio.run(run())

    def on_loop(self, work: Callable[[], T]) -> T:
        """Run something between two requests, on the server's event loop, and return what it returns."""

        async def run() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def add_token(
        self,
        token: str,
        email: str,
        *,
        spreadsheets: list[str] | None = None,
        reader: bool = False,
        project: str = "leadfill",
    ) -> str:
        """Make a token known; `spreadsheets` None opens all of them."""
        allowed = None if spreadsheets is None else frozenset(spreadsheets)
        self.state.tokens[token] = User(email, allowed, reader, project)
        return token

    def revoke(self, token: str) -> None:
        """Let a token expire: from now on it meets a 401."""
        self.state.tokens.pop(token, None)

    def add(self, workbook: Workbook) -> Workbook:
        """Serve a workbook."""
        self.state.workbooks[workbook.id] = workbook
        return workbook

    def add_values(self, rows: list[list[Any]], *, title: str = "Leads", sheet: str = "Leads") -> Workbook:
        """Serve a new workbook whose one sheet holds these values."""
        return self.add(Workbook(title=title, sheets=[files.from_values(rows, title=sheet)]))

    def switch(self, switches: Switches) -> None:
        """Set the switches: quota, latency, failures."""
        self.state.switch(switches)

    def calls(self) -> Json:
        """Return `total`, `reads`, `writes`, `by_method` and `log` since the last reset."""
        return control.call_report(self.state)

    def forget_calls(self) -> None:
        """Count calls from zero again."""
        self.state.forget_calls()

    def call(self, method: str, path: str, body: Json | None = None, *, token: str | None = None) -> Json:
        """Send one request, as another person's client would: `call("POST", f"{id}:batchUpdate", {...})`.

        `path` follows `/v4/spreadsheets/`. Raises requests.HTTPError unless the answer is 200.
        """
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = f"{self.url}/v4/spreadsheets/{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        decoded: Json = answer.json()
        return decoded
