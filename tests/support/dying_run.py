"""A run that kills itself at a chosen step: python -m tests.support.dying_run URL PROVIDERS STEP AFTER PREFIX COUNT.

PROVIDERS are names with addresses, in the order in which they are asked: `prospeo=http://…,slintel=http://…`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from functions.enrichment import enrichment_pass, in_flight
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.providers.registry import REGISTRY
from functions.store import claims, doubts
from functions.store.database import Store
from tests.support.enrichers import FRESH, PLENTY, people, spender

TIMEOUT_S = 5.0


def main(url: str, providers: str, step: str, after: int, *, prefix: str, count: int) -> None:
    """Dies at the `after`-th time that `step` is reached."""
    store = Store(url)
    reached = 0

    def reach(here: str) -> None:
        nonlocal reached
        if here == step:
            reached += 1
            if reached == after:
                os.kill(os.getpid(), signal.SIGKILL)

    def reach_all(moment: str, names: list[str]) -> None:
        for name in names:
            reach(f"{moment} {name}")

    def wrap(function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any step of the engine
            names = [name, "claim"] if name == "settle" and args[-1] is not None else [name]
            steps = inside.steps = getattr(inside, "steps", [])
            reach_all("before", names)
            steps.append(names)
            try:
                result = function(*args, **kwargs)
            finally:
                steps.pop()
            reach_all("after", names)
            return result

        return wrapped

    inside = threading.local()  # lookups go on in other threads while this one commits

    @sa.event.listens_for(store.engine, "commit")
    def _at_commit(_connection: sa.Connection) -> None:
        for names in getattr(inside, "steps", [])[-1:]:
            reach_all("commit of", names)

    claims.claim = wrap(claims.claim, "claim")
    claims.settle = wrap(claims.settle, "settle")
    doubts.resolve = wrap(doubts.resolve, "resolve")
    in_flight.SETTLE_BATCH = 3
    enrichment_pass.DOUBT_RESTS_S = 0.05 - TIMEOUT_S
    dispatchers = {}
    for name, address in (one.split("=", 1) for one in providers.split(",")):
        provider = REGISTRY[name].make(address, "key", concurrency=4, timeout_s=TIMEOUT_S)
        vars(provider)["look_up"] = wrap(provider.look_up, "lookup")  # the failpoint
        dispatchers[name] = Dispatcher(provider, 4)
    enricher = Enricher(store=store, dispatchers=dispatchers, limits=PLENTY, fresh=FRESH)
    for _ in enricher.enrich(people(count, prefix), spender(prospeo=10**6)):
        pass
    enricher.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), prefix=sys.argv[5], count=int(sys.argv[6]))
