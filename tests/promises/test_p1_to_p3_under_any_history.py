"""P1, P2 and P3 under any history: runs, races, faults, deaths, late answers and passing time, in any order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from functions.credits import retry_policy
from functions.credits.caps import Spender, caps
from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import EntryKind
from functions.enrichment import in_flight, rate_limiter
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher, Result
from functions.errors import ProviderError
from functions.profiles import Profile, parse
from functions.providers.contract import Answer
from functions.providers.slintel import Slintel
from functions.store import claims, leads, ledger, schema
from functions.store.claims import Claim
from functions.store.database import Store
from local.providers.client import Sandbox
from tests.support.enrichers import FRESH, PROVIDER, limits, spender
from tests.support.waiting import wait_until_quiet

# Some of them have a fate of their own in the sandbox.
SLUGS = [*(f"person-{number}" for number in range(8)), "not-found-1", "empty-lead-1", "refused-1"]
PERSONS = [parse(f"linkedin.com/in/{slug}") for slug in SLUGS]
LIMITS = limits(per_run=6, per_user_day=12, per_month=30)
DOUBTS = frozenset({LeadStatus.IN_DOUBT})

ROWS = st.lists(st.sampled_from(PERSONS), min_size=1, max_size=12)
USERS = st.sampled_from(["ada", "bob"])
RATES = st.sampled_from([0.0, 0.0, 0.3, 1.0])
DAY = timedelta(days=1)
EXAMPLES = 20
"""Of histories, on each database."""


class History(RuleBasedStateMachine):
    """What may happen to one store and one account at the provider."""

    def __init__(self, sandbox: Sandbox, database_url: str) -> None:
        super().__init__()
        sandbox.reset()
        self.sandbox = sandbox
        self.store = Store(database_url)
        with self.store.writing() as connection:
            schema.metadata.drop_all(connection)
            schema.metadata.create_all(connection)
        self.slintel = Slintel(sandbox.url, "key", concurrency=8, timeout_s=5)
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.dead: list[tuple[Profile, Claim, Answer | None]] = []
        """Claims whose process died or sleeps, with the answer where it had asked."""
        self.allowed = {slug: 1 for slug in SLUGS}  # noqa: C420 - one each, to be raised one by one
        """How often each may be charged: once, and once more each time that it went stale or was retried."""
        self.enrichers = [self._enricher(number) for number in range(2)]

    def _enricher(self, number: int) -> Enricher:
        return Enricher(
            store=self.store,
            dispatcher=Dispatcher(self.slintel, 3),
            limits=LIMITS,
            fresh=FRESH,
            clock=lambda: self.now,
            owner=f"instance-{number}:1",
        )

    def teardown(self) -> None:
        for enricher in self.enrichers:
            enricher.dispatcher.close()
        self.store.close()

    # What people do

    @rule(rows=ROWS, ceiling=st.integers(0, 8), user=USERS, retry=st.booleans(), rows_read=st.integers(0, 12))
    def enrich(self, rows: list[Profile], ceiling: int, user: str, *, retry: bool, rows_read: int) -> None:
        """A run to its end, or one that is let go of after some rows."""
        rows = self._free(rows)
        self._allow_retries(rows, retry=retry)
        before = self._charged()
        run = self.enrichers[0].enrich(rows, spender(ceiling, user_id=user), retry=DOUBTS if retry else frozenset())
        results = iter(run)
        seen = list(results) if rows_read == 0 else list(islice(results, rows_read))
        results.close()
        if rows_read == 0:
            assert sorted(result.index for result in seen) == list(range(len(rows)))
        assert self._charged() - before <= min(Decimal(ceiling), LIMITS.of(PROVIDER).per_run)

    @rule(lists=st.tuples(ROWS, ROWS), user=USERS, ceiling=st.integers(0, 8))
    def race(self, lists: tuple[list[Profile], list[Profile]], user: str, ceiling: int) -> None:
        """Two instances work on the same run at once."""
        both = [self._free(rows) for rows in lists]
        before, who = self._charged(), spender(ceiling, user_id=user)

        def run(number: int) -> list[Result]:
            return list(self.enrichers[number].enrich(both[number], who))

        with ThreadPoolExecutor(2) as threads:
            counts = [len(results) for results in threads.map(run, range(2))]
        assert counts == [len(rows) for rows in both]
        assert self._charged() - before <= min(Decimal(ceiling), LIMITS.of(PROVIDER).per_run)

    # What goes wrong

    @rule(
        after=RATES, cut=RATES, broken=RATES, error=RATES, charged=RATES, quota=st.one_of(st.none(), st.integers(0, 30))
    )
    def faults(self, **rates: Any) -> None:  # noqa: ANN401 - rates and a count
        """The provider behaves otherwise from now on."""
        self.sandbox.switch(
            hang_up_after_rate=rates["after"],
            hang_up_before_rate=rates["cut"],
            broken_json_rate=rates["broken"],
            error_rate=rates["error"],
            charge_on_504_rate=rates["charged"],
            quota=rates["quota"],
        )

    @rule(rows=ROWS, sent=st.integers(0, 4), user=USERS)
    def die(self, rows: list[Profile], sent: int, user: str) -> None:
        """A process claims, asks for some, and is heard of no more."""
        persons = {profile.key: profile for profile in self._free(rows)}
        who = spender(user_id=user)
        granted = self._claim(list(persons), who)
        for number, claim in enumerate(granted):
            answer = self._ask(persons[claim.key]) if number < sent else None
            self.dead.append((persons[claim.key], claim, answer))

    @rule(which=st.integers(0, 99))
    def wake(self, which: int) -> None:
        """It was not dead but asleep: it settles what it was told, or asks only now.

        What is drawn must not depend on how many are dead: races and faults decide that, and Hypothesis finds it flaky.
        """
        if not self.dead:
            return
        profile, claim, answer = self.dead.pop(which % len(self.dead))
        answer = answer or self._ask(profile)
        claims.settle(self.store, [in_flight.settlement_of(claim, answer)], self.now)

    @rule(past=st.sampled_from([timedelta(seconds=1), claims.LIFETIME, DAY, FRESH.miss, FRESH.lead]))
    def pass_time(self, past: timedelta) -> None:
        """What was known goes stale, and may be paid for again."""
        before = self._standings()
        self.now += past
        for slug in before.keys() - self._standings().keys():
            self.allowed[slug] += 1

    @rule()
    def sweep(self) -> None:
        """Claims whose time is over become doubts."""
        claims.expire(self.store, self.now)

    # What must hold

    @invariant()
    def nobody_is_paid_for_twice(self) -> None:
        """P1, by the provider's own count."""
        wait_until_quiet(self.sandbox)
        charges = self.sandbox.charges(by="slug")
        assert all(count <= self.allowed[slug] for slug, count in charges.items()), (charges, self.allowed)

    @invariant()
    def the_ledger_brackets_the_truth(self) -> None:
        """P2, person by person; a claim that stands is a doubt to come."""
        entries = schema.ledger_entries
        with self.store.reading() as connection:
            totals = ledger.totals(connection).get(PROVIDER, ledger.Totals())
            claimed = list(connection.scalars(sa.select(schema.claims.c.key)))
            written = connection.execute(sa.select(entries.c.key, entries.c.kind, entries.c.token)).all()
        assert totals.charged <= self._charged() <= totals.charged + totals.in_doubt + len(claimed)
        resolved = {entry.token for entry in written if entry.kind != EntryKind.IN_DOUBT}
        charges = self.sandbox.charges(by="slug")
        for profile in PERSONS:
            own = [entry for entry in written if entry.key == profile.key]
            charged = sum(entry.kind == EntryKind.CHARGED for entry in own)
            in_doubt = sum(entry.kind == EntryKind.IN_DOUBT and entry.token not in resolved for entry in own)
            real = charges.get(profile.key.rpartition("/")[2], 0)
            assert charged <= real <= charged + in_doubt + claimed.count(profile.key)

    @invariant()
    def no_cap_is_passed(self) -> None:
        """P3, and the counters that it is held by account for every credit."""
        with self.store.reading() as connection:
            counters = connection.execute(sa.select(schema.counters)).all()
        used = {counter.cap: counter.reserved + counter.spent for counter in counters}
        of_provider = LIMITS.of(PROVIDER)
        limits = {"run": of_provider.per_run, "user": of_provider.per_user_day, "month": of_provider.per_month}
        assert all(amount <= limits[cap.split(":")[0]] for cap, amount in used.items())
        monthly = sum((amount for cap, amount in used.items() if cap.startswith("month:")), Decimal(0))
        assert self._charged() <= monthly

    # How it is done

    def _free(self, rows: list[Profile]) -> list[Profile]:
        """Those that no sleeping process holds: a run would wait for it, and time stands still here."""
        with self.store.reading() as connection:
            held = set(connection.scalars(sa.select(schema.claims.c.key).where(schema.claims.c.expires_at > self.now)))
        return [profile for profile in rows if profile.key not in held]

    def _allow_retries(self, rows: list[Profile], *, retry: bool) -> None:
        if retry:
            claims.expire(self.store, self.now)
            statuses = self._standings()
            for slug in {profile.key.rpartition("/")[2] for profile in rows}:
                self.allowed[slug] += statuses.get(slug) is LeadStatus.IN_DOUBT

    def _claim(self, keys: list[str], who: Spender) -> list[Claim]:
        if not keys:
            return []
        limits = caps(who, LIMITS, PROVIDER, self.now)
        return claims.claim(
            self.store,
            keys,
            who,
            limits,
            provider=PROVIDER,
            price=Decimal(1),
            owner="dead:1",
            fresh=FRESH,
            now=self.now,
        ).granted

    def _ask(self, profile: Profile) -> Answer | None:
        try:
            return self.slintel.look_up(profile)
        except ProviderError:
            return None

    def _standings(self) -> dict[str, LeadStatus]:
        with self.store.reading() as connection:
            known = leads.statuses(connection, [profile.key for profile in PERSONS], FRESH, self.now)
        return {key.rpartition("/")[2]: of_key[PROVIDER].status for key, of_key in known.items()}

    def _charged(self) -> int:
        wait_until_quiet(self.sandbox)
        return self.sandbox.charges()["total"]


def test_p1_to_p3_hold_under_any_history(sandbox: Sandbox, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_policy, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(rate_limiter, "PAUSE_S", 0.01)
    monkeypatch.setattr(in_flight, "LINGER_S", 0.001)
    run_state_machine_as_test(
        lambda: History(sandbox, database_url),  # type: ignore[arg-type] # it calls what it is given
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
