"""What the contract tests share: all of Leadfill as running processes, and the Sheets emulator by itself."""

from __future__ import annotations

from tests.support.running import running_fixture
from tests.support.sheets import client_of, emulator, emulator_process, owner

__all__ = ["client_of", "emulator", "emulator_process", "owner", "running_fixture"]
