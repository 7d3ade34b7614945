"""All of Leadfill with several instances of the worker, as in the cloud: Cloud Tasks feeds them through a balancer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from local.ports import HOST, free_port
from local.stack import AT_REST, Stack, stand_ins

QUEUE = "projects/local/locations/here/queues/chunks"


@contextmanager
def cluster(home: Path, *, workers: int, providers: Sequence[str] = AT_REST, **settings: str) -> Iterator[Stack]:
    """Runs everything while the block runs.

    The workers are the parts `worker-0` and on; `tasks` and `balancer` are parts as well.

    Args:
        home: where logs and the local secret are kept.
        workers: number of instances of the worker.
        providers: the arguments of the stand-ins of providers.
        settings: further environment variables of the functions; DATABASE_URL should name a PostgreSQL server.

    Raises:
        NotStarted: a part did not start.
    """
    with stand_ins(home, settings, providers=providers) as running:
        names = [f"worker-{number}" for number in range(workers)]
        ports = {name: free_port(0) for name in ("api", "formula", *names)}
        instances = [f"http://{HOST}:{ports[name]}" for name in names]
        running.start_functions(ports, _cloud_tasks(running, instances) | settings)
        yield running


def _cloud_tasks(running: Stack, instances: Sequence[str]) -> dict[str, str]:
    """Starts the queue, and one address for all instances; returns the functions' settings for both."""
    running.start_part("tasks", "tests.support.cloud_tasks", "--issuer", running.urls["issuer"])
    running.start_part("balancer", "tests.support.balancer", *instances)
    limits = {"maxConcurrentDispatches": len(instances) * 2, "maxDispatchesPerSecond": 100}
    retries = {"minBackoff": "0.2s", "maxBackoff": "5s", "maxAttempts": -1}
    body = {"rateLimits": limits, "retryConfig": retries}
    requests.patch(f"{running.urls['tasks']}/v2/{QUEUE}", json=body, timeout=10).raise_for_status()
    worker = running.urls["balancer"]
    endpoint = f"{running.urls['tasks']}/"
    return {"TASKS_QUEUE": QUEUE, "TASKS_API_ENDPOINT": endpoint, "WORKER_URL": worker, "SWEEP_URL": worker}
