"""Work that the database breaks off for a moment is done again; for longer than the store's patience it fails."""

from __future__ import annotations

import pytest

from functions.errors import StoreError
from functions.store.database import PATIENCE_S, Store
from tests.support.living_sheet import JumpingRuntime


class Failing:
    """Work that succeeds once the time has come."""

    def __init__(self, runtime: JumpingRuntime, from_s: float) -> None:
        self.runtime, self.from_s = runtime, from_s

    def __call__(self) -> str:
        """Done, in time."""
        if self.runtime.slept_s < self.from_s:
            raise StoreError(retry_after_s=0.5)
        return "done"


def test_work_is_done_again_until_the_database_is_back() -> None:
    runtime = JumpingRuntime()
    store = Store("sqlite://", runtime)
    assert store.retry(Failing(runtime, PATIENCE_S / 2)) == "done"
    with pytest.raises(StoreError):
        store.retry(Failing(runtime, runtime.slept_s + 2 * PATIENCE_S))
    assert runtime.slept_s < 2 * PATIENCE_S


def test_what_no_wait_mends_fails_at_once() -> None:
    runtime = JumpingRuntime()

    def refused() -> None:
        raise StoreError

    with pytest.raises(StoreError):
        Store("sqlite://", runtime).retry(refused)
    assert runtime.slept_s == 0
