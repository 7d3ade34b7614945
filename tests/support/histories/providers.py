"""Two providers with different rules of charging, at their own end of the wire; each knows what it has charged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from functions.credits.lookup_result import Found, Missing, NoAnswer, Throttled, Unavailable, Unreadable
from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Limit, Needs, Terms, WindowStart
from functions.enrichment.dispatcher import Dispatcher
from functions.fields import Facts, project, select
from functions.fields.merge import email_of, merge
from functions.outcomes import Lead, Outcome
from functions.profiles import Profile
from functions.providers import prospeo, slintel
from functions.providers.contract import Answer, Balance, quota_exhausted
from local.providers import people
from tests.support.desk import url_of
from tests.support.histories.scenario import Scenario
from tests.support.simulation import START, Process, World

HOUR_S = 3_600.0
TIMEOUT_S = 35.0
LOOKUPS_AT_ONCE = 3
TERMS: Mapping[str, Terms] = {slintel.NAME: slintel.TERMS, prospeo.NAME: prospeo.TERMS}


def lead_at(provider: str, slug: str) -> Lead | None:
    """The person as a provider knows them; each knows some people only, and some without an e-mail address."""
    if slug.startswith("nobody") or (provider == prospeo.NAME and people.draw(provider, "known", slug) < 0.2):
        return None
    lead = people.lead(slug)
    if people.draw(provider, "email", slug) < 0.3:
        return {key: value for key, value in lead.items() if not key.startswith("email")}
    return lead if provider == slintel.NAME else lead | {"email": f"{slug}@other.example", "email_status": "valid"}


def limits_of(scenario: Scenario) -> tuple[Limit, ...]:
    """The limits of every provider's key."""
    hour = Limit(Decimal(scenario.per_hour), timedelta(hours=1), WindowStart.CLOCK)
    return (hour,) if scenario.per_hour else ()


def shown_of(slug: str, names: tuple[str, ...], providers: tuple[str, ...]) -> Iterator[list[Any]]:
    """Yield what may stand beside an address: as each provider alone has it, and as both together do."""
    known = {name: lead for name in providers if (lead := lead_at(name, slug)) is not None}
    facts = Facts(status=Outcome.ENRICHED, enriched_at=None, linkedin_url=url_of(slug))
    for chosen in ({name: lead} for name, lead in known.items()):
        yield list(project(chosen[next(iter(chosen))], facts, select(names)))
    if known and (merged := merge(known).lead) is not None:
        yield list(project(merged, facts, select(names)))


@dataclass(eq=False)
class SimulatedProvider:
    """A provider's end of the wire."""

    name: str
    world: World
    scenario: Scenario
    charges: Counter[str] = field(default_factory=Counter)
    requests: Counter[int] = field(default_factory=Counter)
    """By the hour in which they arrived."""
    faults: int = 0

    def serve(self, slug: str, needs: Needs) -> Answer:
        """Answers one request; whoever asked pays, whether the answer arrives or not.

        Raises:
            QuotaExhausted: the limit of the hour, or the contract, is used up.
        """
        scenario, now_s = self.scenario, self.world.now_s
        hour = int(now_s // HOUR_S)
        self.requests[hour] += 1
        if scenario.per_hour and self.requests[hour] > scenario.per_hour:
            raise quota_exhausted(self.name, START + timedelta(hours=hour + 1), now=START + timedelta(seconds=now_s))
        first = self.name == scenario.providers[0]
        if first and scenario.sold_out_after and self.charges.total() >= scenario.sold_out_after:
            raise quota_exhausted(self.name)
        fate = self.world.random.random() / scenario.provider_faults if scenario.provider_faults else 1.0
        self.faults += fate < 1
        if fate < 0.3:
            return Answer(Throttled())
        if fate < 0.5:
            return Answer(Unavailable(503))
        answer = self._paid(slug, needs)
        if fate < 0.75:
            return Answer(NoAnswer(sent=True))  # the connection ends after it was charged
        if fate < 0.9 and isinstance(answer.result, Found):
            return Answer(Unreadable() if self.name == slintel.NAME else NoAnswer(sent=True))
        return answer

    def _paid(self, slug: str, needs: Needs) -> Answer:
        """Slintel charges every success, also the second one; Prospeo nothing for whom it has charged for already."""
        lead = lead_at(self.name, slug)
        if self.name == slintel.NAME:
            if lead is None:
                return Answer(Missing(successful=False))
            self.charges[slug] += 1
            return Answer(Found(lead, msgspec.json.encode(lead), raw_is_lead=True))
        under = ONLY_EMAIL if needs == ONLY_EMAIL else NO_NEEDS
        if lead is None or (under and not email_of(lead)):
            return Answer(Missing(successful=False, under=NO_NEEDS if lead is None else under), cost=Decimal(0))
        is_repeat = self.charges[slug] > 0
        self.charges[slug] += not is_repeat
        return Answer(Found(lead, msgspec.json.encode(lead), raw_is_lead=True), cost=Decimal(not is_repeat))


class SimulatedWay:
    """One process's way to a provider."""

    def __init__(self, provider: SimulatedProvider, process: Process) -> None:
        self.name, self.terms, self.timeout_s = provider.name, TERMS[provider.name], TIMEOUT_S
        self._provider, self._process = provider, process

    def look_up(self, profile: Profile, needs: Needs = EVERY_NEED) -> Answer:
        """One request, there and back; now and then the answer is later than anybody waits for."""
        slug, draw, provider = profile.key.rpartition("/")[2], self._process.random, self._provider
        is_late = draw() < 0.1 * provider.scenario.provider_faults
        provider.faults += is_late
        try:
            return self._process.call_outside(
                lambda: provider.serve(slug, needs),
                slug,
                there_s=draw(),
                back_s=2 * TIMEOUT_S if is_late else draw(),
                patience_s=TIMEOUT_S,
            )
        except TimeoutError:
            return Answer(NoAnswer(sent=True))

    def balance(self) -> Balance | None:
        """It does not say."""
        return None

    def close(self) -> None:
        """Nothing is open."""


def dispatcher_of(provider: SimulatedProvider, process: Process, **options: Any) -> Dispatcher:  # noqa: ANN401 - the dispatcher's own
    """One process's lookups."""
    return Dispatcher(SimulatedWay(provider, process), LOOKUPS_AT_ONCE, process, **options)
