"""P4 and P3: with each provider a run costs at most what its plan said, whatever is known and whatever they answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.credits.caps import Spender
from functions.credits.lead_status import DOUBTFUL, LeadStatus
from functions.credits.lookup_result import Found, LookupResult, Missing, NoAnswer, OptedOut, Refused, Unreadable
from functions.credits.plan import Plan, RowCounts
from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Need, Needs, Terms
from functions.enrichment.cost_plan import make_plan
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.profiles import Profile, parse
from functions.providers.contract import Answer
from functions.store import leads, schema
from functions.store.database import Store
from functions.store.leads import Known
from tests.support.accounts import totals_of
from tests.support.enrichers import FRESH, PLENTY

PERSON: Needs = frozenset({Need.PERSON})
ROUND = count()
PEOPLE = 3
PROVIDERS = ("slintel", "prospeo", "apollo")
WHOLE = {"name": "A", "lead_title": "B", "company_name": "C"}
ANSWERS: tuple[LookupResult, ...] = (
    Found(WHOLE | {"email": "a@example.com"}, b"{}"),
    Found(WHOLE, b"{}"),
    Missing(successful=False),
    Missing(successful=True),
    Missing(successful=False, under=ONLY_EMAIL),
    Refused(400),
    Unreadable(),
    OptedOut(),
    NoAnswer(sent=True),
)
KNOWN = st.sampled_from(
    [
        None,
        None,
        (LeadStatus.FOUND, EVERY_NEED, NO_NEEDS),
        (LeadStatus.FOUND, PERSON, NO_NEEDS),
        (LeadStatus.MISSING, NO_NEEDS, NO_NEEDS),
        (LeadStatus.MISSING, NO_NEEDS, ONLY_EMAIL),
        (LeadStatus.IN_DOUBT, NO_NEEDS, NO_NEEDS),
        (LeadStatus.UNREADABLE, NO_NEEDS, NO_NEEDS),
    ]
)
SHARES = st.sampled_from([None, Decimal(0), Decimal("0.5"), Decimal(1)])
"""The cost that an answer states, in prices; None for an answer that states none."""
FATES = st.fixed_dictionaries({name: st.tuples(KNOWN, st.sampled_from(ANSWERS), SHARES) for name in PROVIDERS})
PRICES = st.fixed_dictionaries({name: st.sampled_from([Decimal(1), Decimal("0.75"), Decimal(2)]) for name in PROVIDERS})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A quick one: what is proved here is no question of the database."""
    opened = Store(f"sqlite:///{tmp_path / 'leadfill.db'}")
    with opened.writing() as connection:
        schema.metadata.create_all(connection)
    yield opened
    opened.close()


class Scripted:
    """A provider that answers what was drawn, and counts whom it was asked for."""

    timeout_s = 30.0

    def __init__(self, name: str, price: Decimal, fills: Needs, answers: Mapping[str, Answer]) -> None:
        self.name, self.answers = name, answers
        self.terms = Terms(price=price, repeats_are_free=False, fills=fills, limits=())
        self.asked: Counter[str] = Counter()

    def look_up(self, profile: Profile, needs: Needs) -> Answer:
        assert needs & self.terms.fills
        self.asked[profile.key] += 1
        return self.answers[profile.key]

    def balance(self) -> None:
        """It has none."""

    def close(self) -> None:
        """It holds nothing."""


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    fates=st.lists(FATES, min_size=PEOPLE, max_size=PEOPLE),
    prices=PRICES,
    needs=st.sampled_from([EVERY_NEED, ONLY_EMAIL, PERSON]),
    only_emails=st.booleans(),
    retry=st.booleans(),
    ceilings=st.none() | st.dictionaries(st.sampled_from(PROVIDERS), st.decimals(0, 4, places=2)),
)
def test_no_provider_is_paid_more_than_the_plan_said(
    store: Store,
    fates: list[dict[str, tuple[tuple[LeadStatus, Needs, Needs] | None, LookupResult, Decimal | None]]],
    prices: dict[str, Decimal],
    needs: Needs,
    ceilings: dict[str, Decimal] | None,
    *,
    only_emails: bool,
    retry: bool,
) -> None:
    number = next(ROUND)
    people = [parse(f"linkedin.com/in/bill-{number}-{place}") for place in range(PEOPLE)]
    now = datetime.now(UTC)
    known = {
        (person.key, name): Known(
            status, now - timedelta(hours=1), fills, under, packed=leads.pack(b"{}") if fills else None
        )
        for person, fate in zip(people, fates, strict=True)
        for name, (before, _, _) in fate.items()
        if before is not None
        for status, fills, under in [before]
    }
    with store.writing() as connection:
        leads.learn(connection, known)
    providers = {
        name: Scripted(
            name,
            prices[name],
            ONLY_EMAIL if only_emails and name == "prospeo" else EVERY_NEED,
            {
                person.key: Answer(result, None if share is None else share * prices[name])
                for person, fate in zip(people, fates, strict=True)
                for _, result, share in [fate[name]]
            },
        )
        for name in PROVIDERS
    }
    again = DOUBTFUL if retry else frozenset()
    plan = _plan(store, providers, people, needs, again, ceilings)
    spends = plan.ceilings if ceilings is not None else dict.fromkeys(PROVIDERS, Decimal(10**6))
    spender = Spender(run_id=f"run-{number}", user_id=f"user-{number}", ceilings=spends)
    dispatchers = {name: Dispatcher(provider, 2) for name, provider in providers.items()}
    enricher = Enricher(store=store, dispatchers=dispatchers, limits=PLENTY, fresh=FRESH)
    with closing(enricher):
        results = list(enricher.enrich([*people, people[0]], spender, needs=needs, retry=again))
    assert len(results) == PEOPLE + 1
    for cost in plan.costs:
        bill = totals_of(store, spender.run_id, cost.provider)
        asked = providers[cost.provider].asked
        assert bill.charged + bill.in_doubt <= cost.max_credits, (cost, bill, asked)
        assert len(asked) <= cost.lookups, (cost, asked)
        assert set(asked.values()) <= {1}, "nobody is asked for twice in a run"
        assert cost.provider in (ceilings or spends) or not asked


def _plan(
    store: Store,
    providers: Mapping[str, Scripted],
    people: list[Profile],
    needs: Needs,
    retry: frozenset[LeadStatus],
    ceilings: Mapping[str, Decimal] | None,
) -> Plan:
    row_counts = RowCounts()
    for person in people:
        row_counts.count(person)
    return make_plan(
        store,
        row_counts,
        user_id="user",
        terms={name: provider.terms for name, provider in providers.items()},
        needs=needs,
        limits=PLENTY,
        fresh=FRESH,
        now=datetime.now(UTC),
        retry=retry,
        ceilings=ceilings,
    )
