"""The Sheets emulator as a process, one for the tests of a module, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.sheets_api.client import SheetsEmulator
from tests.support.sheets_client import Client, ClientOf

PEOPLE = [["URL", "Email", "Note"], ["u1", "e1", "n1"], ["u2", "e2", "n2"], ["u3", "e3", "n3"]]


@pytest.fixture(scope="module", name="_emulator_process")
def emulator_process() -> Iterator[SheetsEmulator]:
    with SheetsEmulator() as running:
        yield running


@pytest.fixture
def emulator(_emulator_process: SheetsEmulator) -> SheetsEmulator:
    """An emulator with no spreadsheets and all switches at rest."""
    _emulator_process.reset()
    return _emulator_process


@pytest.fixture
def client_of(emulator: SheetsEmulator) -> Iterator[ClientOf]:
    """Makes a client of a person for a spreadsheet; options are those of a token."""
    made: list[Client] = []

    def make(email: str, spreadsheet: str, **options: Any) -> Client:  # noqa: ANN401 - as `token` has them
        made.append(Client(emulator, emulator.token(email, **options), spreadsheet))
        return made[-1]

    yield make
    for client in made:
        client.api.close()


@pytest.fixture
def owner(emulator: SheetsEmulator, client_of: ClientOf) -> Client:
    """The owner's client, on a spreadsheet with three people."""
    return client_of("owner@example.com", emulator.spreadsheet(PEOPLE))
