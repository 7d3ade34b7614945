"""The deployed entry points, nothing else: each is a target of functions-framework."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

gc.disable()  # what is imported stays: to look through it again and again is a good part of a cold start
from functions.bootstrap import TARGETS, application, serve  # noqa: E402 - as said

if TYPE_CHECKING:
    from flask import Request
    from werkzeug import Response


def api(request: Request) -> Response:
    """For people, through the add-on."""
    return serve("api", request)


def formula(request: Request) -> Response:
    """For formulas, with a formula token."""
    return serve("formula", request)


def worker(request: Request) -> Response:
    """For the queue."""
    return serve("worker", request)


def sweep(request: Request) -> Response:
    """For the scheduler."""
    return serve("sweep", request)


if (target := os.environ.get("FUNCTION_TARGET")) in TARGETS:
    application(target)  # a wrong setting stops the start, and the first request finds everything open
gc.freeze()
gc.set_threshold(5_000)  # in place of 700: a tenth of a run's CPU, and no more memory at its peak
gc.enable()
