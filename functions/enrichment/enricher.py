"""The enricher: claim → intend → lookup → settle. Every credit that Leadfill spends goes through here.

Nothing is sent before its claim is committed, and every answer is settled before its row is reported. A process may die
at any point: what was committed decides who pays, and once only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from functions.credits.caps import Limits, Spender
from functions.credits.lead_status import LeadStatus
from functions.credits.terms import EVERY_NEED, Needs
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enrichment_pass import EnrichmentPass
from functions.enrichment.provider_lane import Account, lane_of
from functions.profiles import Profile
from functions.runtime import REAL, Event
from functions.store.database import Store
from functions.store.leads import Freshness
from functions.store.owners import this_process


@dataclass(frozen=True, slots=True, kw_only=True)
class Enricher:
    """Answers for profiles from the store, and from the providers where needs are open and the caps allow it."""

    store: Store
    dispatchers: Mapping[str, Dispatcher]
    """By provider, in the order in which they are asked."""
    limits: Limits
    fresh: Freshness
    clock: Callable[[], datetime] = REAL.now
    owner: str = field(default_factory=this_process)

    def enrich(
        self,
        profiles: Iterable[Profile],
        spender: Spender,
        *,
        owner: str | None = None,
        providers: Sequence[str] | None = None,
        needs: Needs = EVERY_NEED,
        go_on: bool = False,
        retry: frozenset[LeadStatus] = frozenset(),
        retry_before: datetime | None = None,
        asked: Iterable[tuple[str, str]] = (),
        stop: Event | None = None,
    ) -> EnrichmentPass:
        """Starts a run; iterate over it for one `Result` a profile, as they come.

        Args:
            profiles: the input; read at most `WINDOW` ahead of the oldest unfinished one.
            spender: on whose behalf, and with which ceilings.
            owner: the name of what claims, such as an attempt's lease; None for this process.
            providers: those that may be asked, in their order; None for all.
            needs: the next provider is asked only where one of them is still open.
            go_on: whether the run goes on with the others where a provider cannot be used any more, or not today.
            retry: statuses to ask again although they are known, each profile at most once in this run.
            retry_before: when the run began; what other instances have learned for it since is not asked again.
            asked: key and provider of those that `retry` has asked again already, in an earlier pass of the same run.
            stop: once set, nothing more is looked up; what is in flight is settled, the rest is `cancelled`.
        """
        chosen = {name: self.dispatchers[name] for name in (self.dispatchers if providers is None else providers)}
        runtime = next(iter(chosen.values())).runtime
        stop = stop or runtime.event()
        account = Account(
            store=self.store,
            limits=self.limits,
            fresh=self.fresh,
            clock=self.clock,
            owner=owner or self.owner,
            spender=spender,
            retry=retry,
            retry_before=retry_before,
        )
        return EnrichmentPass(
            account,
            {name: lane_of(name, one, stop, waits_for_limits=not go_on) for name, one in chosen.items()},
            profiles,
            needs=needs,
            go_on=go_on,
            asked=frozenset(asked),
            runtime=runtime,
            stop=stop,
        )

    def close(self) -> None:
        """Waits for what is in flight, and ends threads and connections."""
        for dispatcher in self.dispatchers.values():
            dispatcher.close()
