"""P1, P2 and P3 under any history: runs, races, faults, deaths, late answers and passing time, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice, permutations
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
from functions.credits.terms import EVERY_NEED, ONLY_EMAIL, Needs
from functions.enrichment import enrichment_pass, in_flight, rate_limiter
from functions.enrichment.result import Result
from functions.errors import ProviderError
from functions.profiles import Profile, parse
from functions.providers.contract import Answer
from functions.store import claims, leads, ledger, schema
from functions.store.database import Store
from functions.store.lookups import Claim, Wanted
from local.providers.client import Sandbox
from tests.support.accounts import assert_totals_kept
from tests.support.enrichers import FRESH, limits, spender, waterfall
from tests.support.waiting import wait_until_quiet

# Some of them have a fate of their own in the sandbox.
SLUGS = [*(f"person-{number}" for number in range(8)), "not-found-1", "empty-lead-1", "refused-1"]
PERSONS = [parse(f"linkedin.com/in/{slug}") for slug in SLUGS]
LIMITS = limits(per_run=6, per_user_day=12, per_month=30)
DOUBTS = frozenset({LeadStatus.IN_DOUBT})
TIMEOUT_S = 5.0

ROWS = st.lists(st.sampled_from(PERSONS), min_size=1, max_size=12)
USERS = st.sampled_from(["ada", "bob"])
RATES = st.sampled_from([0.0, 0.0, 0.3, 1.0])
CEILINGS = st.tuples(st.integers(0, 8), st.integers(0, 8))
NEEDS = st.sampled_from([EVERY_NEED, EVERY_NEED, ONLY_EMAIL])
WHICH = st.integers(0, 99)
"""Chooses one of what there is: how many there are is decided by races, and must not change what is drawn."""
DAY = timedelta(days=1)
EXAMPLES = 20
"""Of histories, on each database."""


class History(RuleBasedStateMachine):
    """What may happen to one store and one account at each provider."""

    def __init__(self, sandboxes: Sequence[Sandbox], database_url: str) -> None:
        super().__init__()
        self.sandboxes = {sandbox.provider: sandbox for sandbox in sandboxes}
        for sandbox in sandboxes:
            sandbox.reset()
        self.store = Store(database_url)
        with self.store.writing() as connection:
            schema.metadata.drop_all(connection)
            schema.metadata.create_all(connection)
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.dead: list[tuple[Profile, Claim, Answer | None]] = []
        """Claims whose process died or sleeps, with the answer where it had asked."""
        self.allowed = {(name, slug): 1 for name in self.sandboxes for slug in SLUGS}
        """How often each may be charged: once, and once more each time that it went stale or was retried."""
        self.enrichers = [
            waterfall(
                self.store,
                sandboxes,
                concurrency=3,
                timeout_s=TIMEOUT_S,
                limits=LIMITS,
                clock=lambda: self.now,
                owner=f"instance-{number}:1",
            )
            for number in range(2)
        ]
        orders = [order for size in range(1, len(sandboxes) + 1) for order in permutations(self.sandboxes, size)]
        self.orders = sorted(orders, key=len, reverse=True)

    def teardown(self) -> None:
        for enricher in self.enrichers:
            enricher.close()
        self.store.close()

    # What people do

    @rule(
        rows=ROWS, ceilings=CEILINGS, user=USERS, needs=NEEDS, retry=st.booleans(), rows_read=st.integers(0, 12),
        order=WHICH, go_on=st.booleans()
    )  # fmt: skip
    def enrich(
        self,
        rows: list[Profile],
        ceilings: tuple[int, int],
        user: str,
        *,
        rows_read: int,
        **options: Any,  # noqa: ANN401 - options of the run
    ) -> None:
        """A run to its end, or one that is let go of after some rows."""
        rows = self._free(rows)
        self._allow_retries(rows, retry=options["retry"])
        before = self._charged()
        run = self.enrichers[0].enrich(
            rows,
            self._spender(ceilings, user),
            providers=self._order(options["order"]),
            needs=options["needs"],
            go_on=options["go_on"],
            retry=DOUBTS if options["retry"] else frozenset(),
        )
        results = iter(run)
        seen = list(results) if rows_read == 0 else list(islice(results, rows_read))
        results.close()
        if rows_read == 0:
            assert sorted(result.index for result in seen) == list(range(len(rows)))
        self._within(ceilings, before)

    @rule(lists=st.tuples(ROWS, ROWS), user=USERS, ceilings=CEILINGS, orders=st.tuples(WHICH, WHICH), needs=NEEDS)
    def race(
        self,
        lists: tuple[list[Profile], list[Profile]],
        user: str,
        ceilings: tuple[int, int],
        orders: tuple[int, int],
        needs: Needs,
    ) -> None:
        """Two instances work on the same run at once."""
        both = [self._free(rows) for rows in lists]
        before, who = self._charged(), self._spender(ceilings, user)

        def run(number: int) -> list[Result]:
            order = self._order(orders[number])
            return list(self.enrichers[number].enrich(both[number], who, providers=order, needs=needs))

        with ThreadPoolExecutor(2) as threads:
            counts = [len(results) for results in threads.map(run, range(2))]
        assert counts == [len(rows) for rows in both]
        self._within(ceilings, before)

    # What goes wrong

    @rule(
        which=WHICH, after=RATES, cut=RATES, broken=RATES, error=RATES, charged=RATES, before=RATES,
        quota=st.one_of(st.none(), st.integers(0, 30))
    )  # fmt: skip
    def faults(self, which: int, **rates: Any) -> None:  # noqa: ANN401 - rates and a count
        """A provider behaves otherwise from now on."""
        provider = self._provider(which)
        self.sandboxes[provider].switch(
            hang_up_after_rate=rates["after"],
            hang_up_before_rate=rates["cut"],
            broken_json_rate=rates["broken"],
            error_rate=rates["error"],
            charge_on_504_rate=rates["charged"],
            enriched_before_rate=rates["before"],
            quota=rates["quota"],
        )

    @rule(rows=ROWS, sent=st.integers(0, 4), user=USERS, which=WHICH)
    def die(self, rows: list[Profile], sent: int, user: str, which: int) -> None:
        """A process claims, asks for some, and is heard of no more."""
        provider = self._provider(which)
        persons = {profile.key: profile for profile in self._free(rows)}
        granted = self._claim(list(persons), self._spender((8, 8), user), provider)
        for number, claim in enumerate(granted):
            answer = self._ask(persons[claim.key], provider) if number < sent else None
            self.dead.append((persons[claim.key], claim, answer))

    @rule(which=WHICH)
    def wake(self, which: int) -> None:
        """It was not dead but asleep: it settles what it was told, or asks only now."""
        if not self.dead:
            return
        profile, claim, answer = self.dead.pop(which % len(self.dead))
        answer = answer or self._ask(profile, claim.provider)
        claims.settle(self.store, [in_flight.settlement_of(claim, answer)], self.now)

    @rule(past=st.sampled_from([timedelta(seconds=1), claims.LIFETIME, DAY, FRESH.miss, FRESH.lead]))
    def pass_time(self, past: timedelta) -> None:
        """What was known goes stale, and may be paid for again."""
        before = self._standings()
        self.now += past
        for pair in before.keys() - self._standings().keys():
            self.allowed[pair] += 1

    @rule()
    def sweep(self) -> None:
        """Claims whose time is over become doubts."""
        claims.expire(self.store, self.now)

    # What must hold

    @invariant()
    def nobody_is_paid_for_twice(self) -> None:
        """P1, by each provider's own count."""
        self._charged()
        for name, sandbox in self.sandboxes.items():
            charges = sandbox.charges(by="slug")
            assert all(count <= self.allowed[name, slug] for slug, count in charges.items()), (charges, self.allowed)

    @invariant()
    def the_ledger_brackets_the_truth(self) -> None:
        """P2, person by person at each provider; a claim that stands is a doubt to come."""
        assert_totals_kept(self.store)
        entries, table = schema.ledger_entries, schema.claims
        with self.store.reading() as connection:
            totals = ledger.totals(connection)
            claimed = [tuple(row) for row in connection.execute(sa.select(table.c.key, table.c.provider))]
            written = connection.execute(sa.select(entries)).all()
        resolved = {entry.token for entry in written if entry.kind != EntryKind.IN_DOUBT}
        for name, real in self._charged().items():
            of_provider = totals.get(name, ledger.Totals())
            standing = sum(provider == name for _, provider in claimed)
            assert of_provider.charged <= real <= of_provider.charged + of_provider.in_doubt + standing
            charges = self.sandboxes[name].charges(by="slug")
            for profile in PERSONS:
                own = [entry for entry in written if entry.key == profile.key and entry.provider == name]
                charged = sum(entry.credits for entry in own if entry.kind == EntryKind.CHARGED)
                in_doubt = sum(entry.kind == EntryKind.IN_DOUBT and entry.token not in resolved for entry in own)
                of_person = charges.get(profile.key.rpartition("/")[2], 0)
                assert charged <= of_person <= charged + in_doubt + claimed.count((profile.key, name))

    @invariant()
    def no_cap_is_passed(self) -> None:
        """P3, and the counters that it is held by account for every credit."""
        with self.store.reading() as connection:
            counters = connection.execute(sa.select(schema.counters)).all()
        used = {tuple(counter.cap.split(":")): counter.reserved + counter.spent for counter in counters}
        for name, real in self._charged().items():
            of_provider = LIMITS.of(name)
            limits = {"run": of_provider.per_run, "user": of_provider.per_user_day, "month": of_provider.per_month}
            assert all(amount <= limits[cap[0]] for cap, amount in used.items() if cap[1] == name)
            assert real <= sum(amount for cap, amount in used.items() if cap[:2] == ("month", name))

    # How it is done

    def _provider(self, which: int) -> str:
        return list(self.sandboxes)[which % len(self.sandboxes)]

    def _order(self, which: int) -> Sequence[str]:
        return self.orders[which % len(self.orders)]

    def _spender(self, ceilings: tuple[int, int], user: str) -> Spender:
        named = dict(zip(self.sandboxes, map(Decimal, ceilings), strict=False))
        return replace(spender(user_id=user), ceilings=named)

    def _within(self, ceilings: tuple[int, int], before: dict[str, int]) -> None:
        """A run has not passed its ceilings; a doubt of an earlier one that it asked about has its own credits."""
        for (name, real), ceiling in zip(self._charged().items(), ceilings, strict=False):
            if name != "prospeo":
                assert real - before[name] <= min(Decimal(ceiling), LIMITS.of(name).per_run)

    def _free(self, rows: list[Profile]) -> list[Profile]:
        """Those that no sleeping process holds: a run would wait for it, and time stands still here."""
        with self.store.reading() as connection:
            held = set(connection.scalars(sa.select(schema.claims.c.key).where(schema.claims.c.expires_at > self.now)))
        return [profile for profile in rows if profile.key not in held]

    def _allow_retries(self, rows: list[Profile], *, retry: bool) -> None:
        if retry:
            claims.expire(self.store, self.now)
            for pair, status in self._standings().items():
                if status is LeadStatus.IN_DOUBT and pair[1] in {row.key.rpartition("/")[2] for row in rows}:
                    self.allowed[pair] += 1

    def _claim(self, keys: list[str], who: Spender, provider: str) -> list[Claim]:
        if not keys:
            return []
        return claims.claim(
            self.store,
            Wanted(
                keys=keys,
                spender=who,
                caps=caps(who, LIMITS, provider, self.now),
                provider=provider,
                price=Decimal(1),
                owner="dead:1",
                fresh=FRESH,
                now=self.now,
            ),
        ).granted

    def _ask(self, profile: Profile, provider: str) -> Answer | None:
        try:
            return self.enrichers[0].dispatchers[provider].provider.look_up(profile, EVERY_NEED)
        except ProviderError:
            return None

    def _standings(self) -> dict[tuple[str, str], LeadStatus]:
        with self.store.reading() as connection:
            known = leads.statuses(connection, [profile.key for profile in PERSONS], FRESH, self.now)
        return {
            (name, key.rpartition("/")[2]): standing.status
            for key, by_provider in known.items()
            for name, standing in by_provider.items()
        }

    def _charged(self) -> dict[str, int]:
        for sandbox in self.sandboxes.values():
            wait_until_quiet(sandbox)
        return {name: sandbox.charges()["total"] for name, sandbox in self.sandboxes.items()}


@pytest.mark.parametrize("providers", [1, 2], ids=["one", "waterfall"])
def test_p1_to_p3_hold_under_any_history(
    sandbox: Sandbox, prospeo: Sandbox, database_url: str, monkeypatch: pytest.MonkeyPatch, providers: int
) -> None:
    """Slintel alone; and Slintel, whose repeats cost, with Prospeo, whose repeats are free and resolve doubts."""
    monkeypatch.setattr(retry_policy, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(rate_limiter, "PAUSE_S", 0.01)
    monkeypatch.setattr(in_flight, "LINGER_S", 0.001)
    monkeypatch.setattr(enrichment_pass, "DOUBT_RESTS_S", 0.01 - TIMEOUT_S)
    asked = [sandbox, prospeo][:providers]
    run_state_machine_as_test(
        lambda: History(asked, database_url),  # type: ignore[arg-type] # it calls what it is given
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
