"""Plan the lookups of a run and the most that they can cost; shared by jobs and the command line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial

from functions.credits.caps import Limits, Spender, cap_sentence, caps
from functions.credits.forecast import shortest_time
from functions.credits.lead_status import DOUBTFUL, LeadStatus
from functions.credits.plan import Budget, Plan, RowCounts, plan
from functions.credits.terms import Needs, Terms
from functions.enrichment import waterfall
from functions.enrichment.result import Result
from functions.fields import Budget as ExpressionBudget
from functions.fields.catalogue import Field
from functions.outcomes import Outcome
from functions.profiles import Profile
from functions.store import leads, ledger
from functions.store.database import Store
from functions.store.leads import Freshness, Known, Standing


def make_plan(
    store: Store,
    row_counts: RowCounts,
    *,
    user_id: str,
    terms: Mapping[str, Terms],
    needs: Needs,
    limits: Limits,
    fresh: Freshness,
    now: datetime,
    run_id: str = "",
    fields: int = 0,
    retry: frozenset[LeadStatus] = frozenset(),
    ceilings: Mapping[str, Decimal] | None = None,
) -> Plan:
    """Make the plan for counted rows, with what is known and what the caps still allow.

    Args:
        store: the store.
        row_counts: the rows.
        user_id: who pays.
        terms: of the providers of the run, in the waterfall's order.
        needs: the needs that the run wants filled.
        limits: the deployment's caps.
        fresh: the periods for which leads and misses count as known.
        now: the present.
        run_id: of a run that goes on with what it may still cost; empty for a new one.
        fields: the number of its fields.
        retry: statuses that are looked up again although they are known.
        ceilings: the most that the person wants to spend with each provider; None for no limit of their own.

    Raises:
        StoreError: the store cannot be used.
    """
    spender = Spender(run_id=run_id, user_id=user_id, ceilings={name: limits.of(name).per_run for name in terms})
    with store.reading() as connection:
        known = leads.statuses(connection, list(row_counts.keys), fresh, now)
        uses = {name: ledger.tightest(connection, caps(spender, limits, name, now)) for name in terms}
    asked = {key: list(may_be_asked(known.get(key, {}), terms, needs, retry)) for key in row_counts.keys}
    in_doubt = {
        key
        for key, of_key in known.items()
        if not asked[key] and any(of_key[name].status is LeadStatus.IN_DOUBT for name in terms if name in of_key)
    }
    with_leads = {
        key for key, of_key in known.items() if any(one.status is LeadStatus.FOUND for one in of_key.values())
    }
    budgets = {
        name: Budget(
            price=of_name.max_price(needs),
            credits_left=uses[name].left,
            cap_sentence=cap_sentence(uses[name], now),
            time_of=partial(shortest_time, of_name.limits, now=now),
        )
        for name, of_name in terms.items()
    }
    return plan(row_counts, asked, in_doubt, budgets, with_leads=with_leads, fields=fields, ceilings=ceilings)


def people_to_ask(
    store: Store,
    keys: Sequence[str],
    *,
    terms: Mapping[str, Terms],
    needs: Needs,
    fresh: Freshness,
    now: datetime,
    retry: frozenset[LeadStatus] = frozenset(),
) -> dict[str, list[str]]:
    """Return the providers that may have to be asked for each of these people; the arguments are those of `make_plan`.

    Raises:
        StoreError: the store cannot be used.
    """
    with store.reading() as connection:
        known = leads.statuses(connection, keys, fresh, now)
    return {key: list(may_be_asked(known.get(key, {}), terms, needs, retry)) for key in keys}


def may_be_asked(
    known: Mapping[str, Standing], terms: Mapping[str, Terms], needs: Needs, retry: Collection[LeadStatus]
) -> Iterator[str]:
    """Return the providers that may have to be asked about a person, each if the earlier ones leave a need open."""
    missing = waterfall.open_needs(known, needs)
    if waterfall.is_barred(known):
        return
    for name, of_name in terms.items():
        wanted, standing = missing & of_name.fills, known.get(name)
        if wanted and (standing is None or standing.status in retry or not standing.answers(wanted)):
            yield name


def knows_no_more(
    profile: Profile,
    known: Mapping[str, Known],
    empty: Sequence[Field],
    *,
    terms: Mapping[str, Terms],
    needs: Needs,
    retry: Collection[LeadStatus],
    budget: ExpressionBudget,
) -> bool:
    """Tell whether a run would ask nobody about a person who is known, and find no value for the empty cells of a row.

    Args:
        profile: the person's.
        known: what is known of them, by provider.
        empty: the fields of those cells.
        terms: as of `make_plan`, like the next two.
        needs: likewise.
        retry: likewise.
        budget: what the custom fields of all rows together may cost.
    """
    statuses = {name: one.status for name, one in known.items()}
    if LeadStatus.FOUND not in statuses.values() or any(statuses.get(name) in DOUBTFUL for name in terms):
        return False
    if any(may_be_asked(known, terms, needs, retry)):
        return False
    return not any(cell != "" for cell in Result(0, profile, Outcome.KNOWN, known).cells(empty, budget=budget))
