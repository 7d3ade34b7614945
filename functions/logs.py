"""Logs: one JSON line an event, in the field names that Cloud Logging reads; no personal data, no key, no token.

Callers log only ids of jobs and chunks, counts, statuses and slugs of errors. A stack is logged
without the exception's text, which could repeat a cell.
(https://cloud.google.com/logging/docs/structured-logging)
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar

IN_DOUBT, STOPPED = "credits_in_doubt", "run_stopped"
"""The `event` of lines that somebody is woken for; the alerts of deploy/watching.py count them."""
CHECKED = "Installation checked."
"""The `message` of the line about a check of this installation; deploy/doctoring.py reads the latest."""
logging.getLogger("leadfill").addHandler(logging.NullHandler())  # a command line that shows no log shows none of it

trace: ContextVar[str] = ContextVar("trace", default="")
"""`X-Cloud-Trace-Context` of the request at hand: `TRACE_ID/SPAN_ID;o=1`."""


class _Line(logging.Formatter):
    """A record as a line of JSON."""

    def __init__(self, project: str) -> None:
        super().__init__()
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"severity": record.levelname, "message": record.getMessage()}
        line |= getattr(record, "facts", {})
        found = re.match(r"[0-9a-f]{32}", trace.get())
        if found and self._project:
            line["logging.googleapis.com/trace"] = f"projects/{self._project}/traces/{found[0]}"
        if record.exc_info and record.exc_info[0] and record.exc_info[2]:
            frames = "".join(traceback.format_tb(record.exc_info[2]))
            line["stack_trace"] = f"Traceback (most recent call last):\n{frames}{record.exc_info[0].__name__}"
        return json.dumps(line, ensure_ascii=False)


class _OwnOnly(logging.Filter):
    """Lets records of libraries through from WARNING on only, and never their texts, which repeat URLs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("leadfill"):
            return True
        record.msg, record.args = f"A library said something at {record.name}.", ()
        return record.levelno >= logging.WARNING


def set_up(project: str = "") -> None:
    """Writes every record of this process to standard error, as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(project))
    handler.addFilter(_OwnOnly())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def event(message: str, **facts: object) -> None:
    """Logs an event with its facts."""
    _log(logging.INFO, message, facts)


def warning(message: str, **facts: object) -> None:
    """Logs an event that somebody may want to look at."""
    _log(logging.WARNING, message, facts)


def in_doubt(lookups: int) -> None:
    """Logs lookups whose answer never came, if there are any: each may have been charged."""
    if lookups:
        warning("Credits are in doubt.", event=IN_DOUBT, credits=lookups)


def stopped(job_id: str, slug: str) -> None:
    """Log that an error stopped a run."""
    warning("A run stopped.", event=STOPPED, job_id=job_id, slug=slug)


def failure(message: str, **facts: object) -> None:
    """Logs an error with the stack of the exception that is being handled."""
    _log(logging.ERROR, message, facts, exc_info=True)


def _log(severity: int, message: str, facts: dict[str, object], *, exc_info: bool = False) -> None:
    logging.getLogger("leadfill").log(severity, message, extra={"facts": facts}, exc_info=exc_info)
