"""Entry points of the functions under chaos (`FUNCTION_SOURCE`): their clock is off, their chunks are small."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[3]))

import functions

OFF = timedelta(seconds=float(os.environ.get("CHAOS_CLOCK_OFF_S", "0")))
DOUBT_RESTS_S = float(os.environ.get("CHAOS_DOUBT_RESTS_S", "10"))
CHUNK_ROWS = int(os.environ.get("CHAOS_CHUNK_ROWS", "25"))


class Skewed(datetime):
    """This machine's clock, as this process has it."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # a plain one, as everybody else has it
        """The present, and off."""
        return datetime.now(tz) + OFF


def skew() -> None:
    """Gives all modules of the functions the other clock; identities are still verified by the right one."""
    for found in pkgutil.walk_packages(functions.__path__, "functions."):
        if ".migrations" not in found.name:
            module = importlib.import_module(found.name)
            if getattr(module, "datetime", None) is datetime:
                module.datetime = Skewed  # type: ignore[attr-defined] # each has its own
    from functions import task_queue  # noqa: PLC0415 - once every module has the other clock
    from functions.enrichment import enrichment_pass  # noqa: PLC0415 - once every module has the other clock
    from functions.jobs import new_job  # noqa: PLC0415 - once every module has the other clock

    new_job.CHUNK_ROWS, enrichment_pass.DOUBT_RESTS_S = CHUNK_ROWS, DOUBT_RESTS_S
    vars(task_queue)["time"] = SimpleNamespace(time=lambda: time.time() + OFF.total_seconds())


skew()

from main import api, formula, sweep, worker  # noqa: E402, F401 - they open everything at once
