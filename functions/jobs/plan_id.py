"""The id of a plan: it identifies the request, and the numbers of lookups that the person who confirms it has seen.

A sheet goes on changing between the plan and its confirmation. A start that names the plan is refused where more people
would be looked up than it said, or more of them at one provider. A plan that has become cheaper just starts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import msgspec

from functions.credits.plan import Plan
from functions.credits.terms import label_of
from functions.errors import InvalidRequest, PlanChanged, counted
from functions.jobs.request import JobRequest, to_record

_COUNTS = re.compile(r"[0-9a-f]{32}((?:-[0-9]{1,9})+)")


def plan_id(job_request: JobRequest, plan: Plan) -> str:
    """Return the id of a plan of this request, with its people to look up and the most lookups at each provider."""
    return _id(job_request, [cost.provider for cost in plan.costs], _lookups(plan))


def check(confirmed: str, job_request: JobRequest, plan: Plan) -> None:
    """Make sure that a confirmed plan is one of this request, and still says how many lookups there are at most.

    Args:
        confirmed: the id of the plan that was confirmed.
        job_request: the request to start.
        plan: its plan as it is now.

    Raises:
        InvalidRequest: the id is malformed, or is of another request or of other providers.
        PlanChanged: more people would be looked up by now, in all or at one provider.
    """
    found = _COUNTS.fullmatch(confirmed)
    then = [int(count) for count in found[1].split("-")[1:]] if found else []
    if len(then) != len(_lookups(plan)) or confirmed != _id(job_request, [cost.provider for cost in plan.costs], then):
        raise InvalidRequest("The plan_id belongs to another request; make a plan for this one first.")
    if more := _more(plan, then):
        raise PlanChanged(
            f"The sheet, or what is known, has changed since the plan: {'; '.join(more)}. Nothing was started; look at "
            "the new plan first."
        )


def _lookups(plan: Plan) -> list[int]:
    """People to look up, then the most lookups at each provider."""
    return [plan.lookups, *(cost.lookups for cost in plan.costs)]


def _more(plan: Plan, then: Sequence[int]) -> list[str]:
    """Say what has become more expensive, with both figures: the people, or else the lookups at some providers."""
    people, *lookups = zip(_lookups(plan), then, strict=True)
    if people[0] > people[1]:
        return [f"{counted(people[0], 'person', 'people')} to look up now, {people[1]:,} when you confirmed it"]
    return [
        f"{counted(now, 'person', 'people')} to ask {label_of(cost.provider)} for now, {before:,} when you confirmed it"
        for cost, (now, before) in zip(plan.costs, lookups, strict=True)
        if now > before
    ]


def _id(job_request: JobRequest, providers: Sequence[str], lookups: Sequence[int]) -> str:
    about = msgspec.json.encode([job_request.spreadsheet_id, to_record(job_request), providers], order="sorted")
    return "-".join([hashlib.sha256(about).hexdigest()[:32], *map(str, lookups)])
