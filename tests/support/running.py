"""All of Leadfill as processes, once for each process of the test run; a folder's conftest imports `running_fixture`.

Tests share it, so each makes its own spreadsheets and invents its own people; switches are put back at rest.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
import requests

from functions.store.database import Store
from local import secret
from local.providers.client import Sandbox
from local.providers.people import lead
from local.sheets_api.client import SheetsEmulator
from local.stack import AUDIENCE, PERSON, WORKER, Stack, stack
from tests.support.enrichers import confirmed
from tests.support.waiting import wait_until

Json = dict[str, Any]
SECOND_AUDIENCE = "leadfill-trial"
"""The OAuth client of a second Apps Script project that the stack answers to."""
OVER = frozenset({"done", "stopped", "cancelled", "undone"})


@dataclass(frozen=True, slots=True)
class Running:
    """The running stack, and what a test wants of it."""

    stack: Stack
    emulator: SheetsEmulator
    sandbox: Sandbox
    store: Store
    """The functions' own, to look inside."""
    session: requests.Session

    def ask(
        self,
        method: str,
        path: str,
        *,
        by: str = PERSON,
        at: str = "api",
        headers: dict[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - as requests has it
    ) -> requests.Response:
        """A call by a person (nobody: `by=""`), who brings an access token only where `headers` say so."""
        given = {"Authorization": f"Bearer {self.identity(by)}"} if by else {}
        return self.session.request(
            method, self.stack.urls[at] + path, headers=given | (headers or {}), timeout=60, **more
        )

    def identity(self, email: str = PERSON, **changes: Any) -> str:  # noqa: ANN401 - the fields of the issuer's request
        """A person's OpenID token."""
        body = {"email": email, "aud": AUDIENCE} | changes
        return str(self.session.post(f"{self.stack.urls['issuer']}/token", json=body, timeout=10).json()["token"])

    def service(self, email: str = WORKER, aud: str = "") -> dict[str, str]:
        """The headers of the queue's own calls."""
        body = {"email": email, "aud": aud or self.stack.environ["WORKER_URL"]}
        answer = self.session.post(f"{self.stack.urls['issuer']}/service-token", json=body, timeout=10)
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def key(
        self,
        email: str = PERSON,
        spreadsheets: str | Sequence[str] = "*",
        *,
        aud: str = AUDIENCE,
        role: str = "writer",
        expires_in_s: float = 3600,
    ) -> dict[str, str]:
        """The header with a person's access token for spreadsheets."""
        body = {"email": email, "aud": aud, "expires_in": expires_in_s}
        made = self.session.post(f"{self.stack.urls['issuer']}/access-token", json=body, timeout=10).json()["token"]
        return {"X-Sheets-Access-Token": self.emulator.token(email, spreadsheets, role=role, token=made)}

    def sheet(self, cells: Sequence[str], *, header: str = "LinkedIn", **more: Any) -> str:  # noqa: ANN401 - of `spreadsheet`
        """A spreadsheet with a tab `Leads` whose column A holds these cells under a header."""
        return self.emulator.spreadsheet([[header], *[[cell] for cell in cells]], owner=PERSON, **more)

    def prove(self, spreadsheet: str, key: dict[str, str]) -> dict[str, str]:
        """Lets the owner prove the right to edit, so that no later call with this key does; gives the key."""
        body = {"spreadsheet_id": spreadsheet}
        assert self.ask("POST", "/v1/formula-tokens", headers=key, json=body).status_code == 201
        return key

    def start(
        self,
        spreadsheet: str,
        *,
        by: str = PERSON,
        key: dict[str, str] | None = None,
        **changes: Any,  # noqa: ANN401 - of the body
    ) -> Json:
        """Starts a job over column A of `Leads`."""
        body = {
            "spreadsheet_id": spreadsheet,
            "range": "Leads!A2:A",
            "fields": ["email"],
            "max_credits": confirmed(1000),
        }
        headers = (key or self.key(by)) | {"Idempotency-Key": uuid4().hex}
        answer = self.ask("POST", "/v1/jobs", by=by, headers=headers, json=body | changes)
        assert answer.status_code == 202, answer.text
        job: Json = answer.json()
        return job

    def finish(self, job: Json, *, by: str = PERSON, states: frozenset[str] = OVER, at_most_s: float = 60.0) -> Json:
        """Waits until a job is over, and gives it."""
        seen: list[Json] = [job]

        def over() -> bool:
            seen[0] = self.ask("GET", f"/v1/jobs/{job['id']}", by=by).json()
            return seen[0]["state"] in states

        wait_until(over, at_most_s=at_most_s)
        return seen[0]

    def run(self, spreadsheet: str, **changes: Any) -> Json:  # noqa: ANN401 - of the body
        """Starts a job and waits for its end."""
        return self.finish(self.start(spreadsheet, **changes))

    def charged(self, *slugs: str) -> int:
        """Return how often the sandbox charged for these people."""
        charges = self.sandbox.charges("slug")
        return sum(charges.get(slug, 0) for slug in slugs)

    def formula_token(self, spreadsheet: str, by: str = PERSON) -> Json:
        """A token for the formulas of a spreadsheet, as the API made it."""
        body = {"spreadsheet_id": spreadsheet}
        answer = self.ask("POST", "/v1/formula-tokens", by=by, headers=self.key(by), json=body)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made


def attach(started: Stack, closing: ExitStack) -> Running:
    """The stack as a test uses it."""
    session = closing.enter_context(requests.Session())
    session.trust_env = False
    session.headers[secret.HEADER] = started.secret  # for the stand-ins; the functions do not know it
    emulator = SheetsEmulator.at(started.urls["emulator"], started.secret)
    sandbox = Sandbox.at(started.urls.get("sandbox", ""), started.secret)
    store = Store(started.environ["DATABASE_URL"])
    closing.callback(store.close)
    return Running(started, emulator, sandbox, store, session)


def slugs(count: int) -> list[str]:
    """People whom no other test knows, with an e-mail address, and a name: an id without one tells of no second URL."""
    name = uuid4().hex[:12]
    people = (f"zq{name}-{number}" for number in itertools.count())
    told = (slug for slug in people if lead(slug).get("email") and lead(slug).get("name"))
    return list(itertools.islice(told, count))


@cache
def _shared() -> tuple[Running, ExitStack]:
    """One stack a process, however many folders import the fixture."""
    closing = ExitStack()
    home = Path(closing.enter_context(TemporaryDirectory(prefix="leadfill-")))
    started = closing.enter_context(stack(home, IDENTITY_AUDIENCE=f"{AUDIENCE},{SECOND_AUDIENCE}"))
    return attach(started, closing), closing


@pytest.fixture(scope="session", name="running")
def running_fixture() -> Iterator[Running]:
    """The running stack."""
    shared, closing = _shared()
    yield shared
    closing.close()  # for a second folder that is a repetition, and does nothing
