"""The id of a plan: it names the request, and the lookups that whoever confirms the plan has seen.

A sheet goes on changing between the plan and its confirmation. A start that names the plan is refused where more people
would be looked up than it said; where it has become cheaper, nobody is asked twice.
"""

from __future__ import annotations

import hashlib

import msgspec

from functions.errors import InvalidRequest, PlanChanged, counted
from functions.jobs.request import JobRequest, to_record


def plan_id(job_request: JobRequest, lookups: int) -> str:
    """Return the id of a plan of this request, with so many people to look up."""
    about = msgspec.json.encode([job_request.spreadsheet_id, to_record(job_request)], order="sorted")
    return f"{hashlib.sha256(about).hexdigest()[:32]}-{lookups}"


def check(confirmed: str, job_request: JobRequest, lookups: int) -> None:
    """Make sure that a confirmed plan is one of this request, and still says how many people are looked up at most.

    Raises:
        InvalidRequest: it is no id of a plan, or another request's.
        PlanChanged: more people would be looked up by now.
    """
    _, _, then = confirmed.rpartition("-")
    if not then.isdecimal() or len(then) > 9 or confirmed != plan_id(job_request, int(then)):
        raise InvalidRequest("The plan_id is of another request; make the plan of this one first.")
    if lookups > int(then):
        raise PlanChanged(
            f"The sheet or what is known has changed since the plan: {counted(lookups, 'person', 'people')} to look up "
            f"now, {int(then):,} when you confirmed it. Nothing was started; look at the new plan first."
        )
