"""What the promises about sheets share: an emulator, and a desk over an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.providers.client import Sandbox
from local.sheets_api.client import SheetsEmulator
from tests.support.desk import Desk, desk_at


@pytest.fixture(scope="session")
def _emulator_process() -> Iterator[SheetsEmulator]:
    with SheetsEmulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator_process: SheetsEmulator) -> SheetsEmulator:
    """A Sheets API on this machine without spreadsheets, with every switch at rest."""
    _emulator_process.reset()
    return _emulator_process


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox, emulator: SheetsEmulator) -> Iterator[Desk]:
    """A desk with everything new."""
    with desk_at(tmp_path, sandbox, emulator) as opened:
        yield opened
