"""What the contract tests share: all of Leadfill as running processes."""

from __future__ import annotations

from tests.support.running import running_fixture

__all__ = ["running_fixture"]
