"""Waiting for conditions, not for seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

from local.providers.client import Sandbox


def wait_until(condition: Callable[[], object], *, at_most_s: float = 60.0) -> None:
    """Polls until `condition` holds; fails when it never does."""
    until = time.monotonic() + at_most_s
    while not condition():
        assert time.monotonic() < until, "what the test waits for did not come about"
        time.sleep(0.02)


def wait_until_quiet(sandbox: Sandbox) -> None:
    """Until the sandbox has finished, and counted, what was sent by processes that are dead."""
    wait_until(lambda: sandbox.charges()["in_flight"] == 0)
