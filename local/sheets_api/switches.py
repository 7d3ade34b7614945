"""Switches for the difficulties of the real service: the quota, latency, failures on demand and at random."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from local.sheets_api.choices import Choices
from local.sheets_api.google_errors import PROJECT_NUMBER, SENTENCES, GoogleError, error_info, refusal


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure: with which status (0: hang up), and whether the request was carried out before.

    `reason` tells one 403 from another: PERMISSION_DENIED, ACCESS_TOKEN_SCOPE_INSUFFICIENT, SERVICE_DISABLED.
    """

    status: int
    after: bool = False
    reason: str = "PERMISSION_DENIED"


@dataclass
class Switches:
    """All switches off. `quota_user` and `quota_project` are requests a minute, of each of reads and writes.

    Google's own quota is 60 a minute and user, 300 a minute and project; it refills once a minute (`minute_s`).
    """

    quota_user: int | None = None
    quota_project: int | None = None
    minute_s: float = 60.0
    latency_s: float = 0.0
    fail_next: list[Failure] = field(default_factory=list)
    error_rate: float = 0.0
    error_statuses: tuple[int, ...] = (429, 500, 503)
    seed: int = 0
    max_request_bytes: int | None = None
    """Of a body; a longer one is a 413."""
    choices: Choices = field(default_factory=Choices)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def next_failure(self) -> Failure | None:
        """Return the failure that this call must meet."""
        if self.fail_next:
            return self.fail_next.pop(0)
        if self.error_rate and self.random.random() < self.error_rate:
            status, after = self.random.choice(self.error_statuses), self.random.random() < 0.3
            return Failure(status, after=after and status != 429)  # whom Google asks to slow down, it has not served
        return None


class Quota:
    """Counts requests by minute, for reads and writes, per user and for the project."""

    def __init__(self, switches: Switches, clock: Callable[[], float] = time.monotonic) -> None:
        self.switches, self.clock = switches, clock
        self.started = clock()
        self.used: dict[tuple[str, str], int] = {}

    def take(self, email: str, kind: Literal["Read", "Write"]) -> None:
        """Count one request. Raises GoogleError, 429, where a quota is used up; a refused request counts too."""
        if self.clock() - self.started >= self.switches.minute_s:
            self.started, self.used = self.clock(), {}
        for who, limit in ((email, self.switches.quota_user), ("", self.switches.quota_project)):
            used = self.used[kind, who] = self.used.get((kind, who), 0) + 1
            if limit is not None and used > limit:
                raise exhausted(kind, per_user=bool(who), limit=limit)


def exhausted(kind: Literal["Read", "Write"], *, per_user: bool, limit: int) -> GoogleError:
    """Return Google's 429."""
    sentence = (
        f"Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per minute"
        f"{' per user' if per_user else ''}' of service 'sheets.googleapis.com' "
        f"for consumer 'project_number:{PROJECT_NUMBER}'."
    )
    reasons = {
        "quota_limit": f"{kind}RequestsPerMinutePer{'User' if per_user else 'Project'}",
        "quota_limit_value": str(limit),
        "quota_location": "global",
        "quota_metric": f"sheets.googleapis.com/{kind.lower()}_requests",
        "quota_unit": "1/min/{project}/{user}" if per_user else "1/min/{project}",
        "consumer": f"projects/{PROJECT_NUMBER}",
        "service": "sheets.googleapis.com",
    }
    return GoogleError(429, sentence, details=[error_info("RATE_LIMIT_EXCEEDED", reasons)])


def failure_answer(failure: Failure, kind: Literal["Read", "Write"]) -> GoogleError:
    """Return the error that a failure shows."""
    if failure.status == 429:
        return exhausted(kind, per_user=True, limit=60)
    if failure.status == 403:
        return refusal(failure.reason)
    return GoogleError(failure.status, SENTENCES.get(failure.status, f"Failure {failure.status} was asked for."))
