"""The place that Leadfill is deployed to, and the names of everything there."""

from __future__ import annotations

from dataclasses import dataclass

from functions.providers import provider_settings

NAME = "leadfill"
"""Begins the name of all that is made, so that it is found again, and nothing else is touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One cloud project and region."""

    project: str
    region: str
    number: str
    """The project's number: a part of every address in it."""

    def account(self, role: str) -> str:
        """The service account that plays a role."""
        return f"{NAME}-{role}@{self.project}.iam.gserviceaccount.com"

    def url(self, function: str) -> str:
        """The address of a function, known before it is deployed (https://cloud.google.com/run/docs/triggering/https-request#deterministic)."""
        return f"https://{NAME}-{function}-{self.number}.{self.region}.run.app"

    @property
    def queue(self) -> str:
        """The full name of the queue, as Cloud Tasks has it."""
        return f"projects/{self.project}/locations/{self.region}/queues/{NAME}"

    @property
    def repository(self) -> str:
        """The repository of the images."""
        return f"{self.region}-docker.pkg.dev/{self.project}/{NAME}"

    @property
    def bucket(self) -> str:
        """The bucket in which the source waits for its build; bucket names are shared by all of Google's customers."""
        return f"gs://{NAME}-source-{self.number}"

    @property
    def database(self) -> str:
        """The connection name of the Cloud SQL instance that `make deploy` makes when no DATABASE_URL is given."""
        return f"{self.project}:{self.region}:{NAME}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """The settings of one entry point of main.py."""

    name: str
    account: str
    """The service account whose rights it has."""
    concurrency: int
    """Requests at once in one instance, and its threads."""
    max_instances: int
    timeout_s: int
    memory: str = "512Mi"
    cpu: str = "1"
    ingress: str = "all"
    works_after_answer: bool = False
    """True if it needs its CPU after a response as well; else Cloud Run takes it away between requests."""
    secrets: tuple[str, ...] = ("DATABASE_URL", "LEADFILL_SECRET_KEY")
    """Those that it may read; of the keys of providers it gets those that are kept."""

    @property
    def service(self) -> str:
        """Its name in Cloud Run."""
        return f"{NAME}-{self.name}"


_ALL_SECRETS = ("DATABASE_URL", "LEADFILL_SECRET_KEY", *provider_settings.secrets())
"""Those of a function that asks providers (`bootstrap.ASKING`)."""

FUNCTIONS = (
    # A plan or start of 100,000 rows reads some 50 MB from Google, at a call a second after the first ten, and stores
    # as many rows. Below the 360 s for which Apps Script's UrlFetchApp waits. Each plan of that size takes some 50 MB.
    Function(name="api", account="api", concurrency=8, max_instances=3, timeout_s=300, memory="1Gi"),
    # A formula must answer within Apps Script's 30 s; Leadfill answers within 18, and what comes later is settled.
    Function(
        name="formula",
        account="formula",
        concurrency=16,
        max_instances=3,
        timeout_s=30,
        secrets=_ALL_SECRETS,
        works_after_answer=True,
    ),
    # A chunk at a time and thread; as long as Cloud Tasks waits (functions.task_queue.DISPATCH_DEADLINE_S).
    Function(
        name="worker",
        account="worker",
        concurrency=2,
        max_instances=4,
        timeout_s=600,
        memory="1Gi",
        ingress="internal",
        secrets=_ALL_SECRETS,
    ),
    Function(name="sweep", account="worker", concurrency=1, max_instances=1, timeout_s=300, ingress="internal"),
)
ACCOUNTS = {
    "api": "answers the sidebar",
    "formula": "answers formulas",
    "worker": "runs chunks and sweeps",
    "queue": "is the identity that tasks and the scheduler carry; has no rights at all",
    "build": "builds the image",
    "migrate": "brings the tables up to date",
}
"""The purpose of each service account; each has the rights that this needs and no other."""
