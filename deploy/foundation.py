"""Create what everything else needs: APIs, service accounts with few rights, a place for images, a queue."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deploy.gcloud import Gcloud, GcloudFailed, grant
from deploy.target import ACCOUNTS, NAME, Target

APIS = (
    "artifactregistry",
    "cloudbuild",
    "cloudscheduler",
    "cloudtasks",
    "iam",
    "logging",
    "monitoring",
    "run",
    "secretmanager",
    "sheets",
    "sqladmin",
    "storage",
)
CLEANUP = Path(__file__).resolve().parent / "cleanup.json"
"""Which images Artifact Registry may delete by itself."""
QUEUE_LIMITS = {
    "max-concurrent-dispatches": "8",  # chunks at once, over all workers: the throttle on the provider
    "max-dispatches-per-second": "5",
    "max-attempts": "20",  # after these the sweep queues the chunk again, or ends it
    "min-backoff": "2s",
    "max-backoff": "120s",
    "max-doublings": "6",
}


def lay(gcloud: Gcloud, target: Target) -> None:
    """Makes what is missing of the foundation; the APIs must be on."""
    _make_accounts(gcloud, target)
    _make_places(gcloud, target)
    _make_queue(gcloud, target)
    _grant_rights(gcloud, target)


def enable_apis(gcloud: Gcloud) -> None:
    """Switches on the APIs that are off."""
    if missing := missing_apis(gcloud):
        gcloud.change("services", "enable", *missing)


def missing_apis(gcloud: Gcloud) -> list[str]:
    """Return the APIs that Leadfill needs and that are off."""
    enabled = {api["config"]["name"] for api in gcloud.listed("services", "list", "--enabled")}
    return [name for api in APIS if (name := f"{api}.googleapis.com") not in enabled]


def _make_accounts(gcloud: Gcloud, target: Target) -> None:
    there = {account["email"] for account in gcloud.listed("iam", "service-accounts", "list")}
    for role, purpose in ACCOUNTS.items():
        if target.account(role) not in there:
            gcloud.change(
                *("iam", "service-accounts", "create", f"{NAME}-{role}"),
                f"--display-name=Leadfill {role}",
                f"--description={purpose}",
            )


def _make_places(gcloud: Gcloud, target: Target) -> None:
    place = f"--location={target.region}"
    images = _named(gcloud.listed("artifacts", "repositories", "list", place), NAME)
    if not images:
        gcloud.change("artifacts", "repositories", "create", NAME, "--repository-format=docker", place)
    if not images or not images[0].get("cleanupPolicies"):
        cleanup = (f"--policy={CLEANUP}", "--no-dry-run")
        gcloud.change("artifacts", "repositories", "set-cleanup-policies", NAME, place, *cleanup)
    buckets = gcloud.listed("storage", "buckets", "list")
    if not any(bucket.get("storage_url", "").rstrip("/") == target.bucket for bucket in buckets):
        gcloud.change(
            *("storage", "buckets", "create", target.bucket, place),
            "--uniform-bucket-level-access",
            "--public-access-prevention",
        )


def _make_queue(gcloud: Gcloud, target: Target) -> None:
    place = f"--location={target.region}"
    limits = [f"--{flag}={value}" for flag, value in QUEUE_LIMITS.items()]
    found = _named(gcloud.listed("tasks", "queues", "list", place), NAME)
    if not found:
        gcloud.change("tasks", "queues", "create", NAME, place, *limits)
        # For some days after a queue was deleted, its name can seem to be free and is not.
        found = _named(gcloud.listed("tasks", "queues", "list", place), NAME)
        if not found and not gcloud.dry_run:
            raise GcloudFailed(
                f"Cloud Tasks accepted the queue {NAME}, but does not list it. It was probably deleted in "
                "the last three days; its name is blocked that long. Deploy again after that, or to another region."
            )
    elif _limits(found[0]) != QUEUE_LIMITS:
        gcloud.change("tasks", "queues", "update", NAME, place, *limits)
    if found and str(found[0].get("state")) == "PAUSED":  # by `make undeploy`
        gcloud.change("tasks", "queues", "resume", NAME, place)


def _limits(queue: dict[str, dict[str, object]]) -> dict[str, str]:
    """The limits of a described queue, as the flags that set them."""
    rate, retry = queue.get("rateLimits", {}), queue.get("retryConfig", {})
    return {
        "max-concurrent-dispatches": str(rate.get("maxConcurrentDispatches")),
        "max-dispatches-per-second": f"{float(str(rate.get('maxDispatchesPerSecond', 0))):g}",
        "max-attempts": str(retry.get("maxAttempts")),
        "min-backoff": str(retry.get("minBackoff")),
        "max-backoff": str(retry.get("maxBackoff")),
        "max-doublings": str(retry.get("maxDoublings")),
    }


def _grant_rights(gcloud: Gcloud, target: Target) -> None:
    place = (f"--location={target.region}",)
    build = f"serviceAccount:{target.account('build')}"
    grant(gcloud, ("projects", target.project), [(build, "roles/logging.logWriter")])
    grant(gcloud, ("artifacts", "repositories", NAME), [(build, "roles/artifactregistry.writer")], place)
    grant(gcloud, ("storage", "buckets", target.bucket), [(build, "roles/storage.objectViewer")])
    queueing = [f"serviceAccount:{target.account(role)}" for role in ("api", "worker")]
    # The viewer's role is for asking whether a task still waits; it does not show a task's body.
    roles = ("roles/cloudtasks.enqueuer", "roles/cloudtasks.viewer")
    grant(gcloud, ("tasks", "queues", NAME), [(member, role) for member in queueing for role in roles], place)
    # A task may only carry an identity that its maker may act as.
    carried = ("iam", "service-accounts", target.account("queue"))
    grant(gcloud, carried, [(member, "roles/iam.serviceAccountUser") for member in queueing])


def _named(resources: Iterable[dict[str, object]], name: str) -> list[dict[str, dict[str, object]]]:
    return [one for one in resources if str(one.get("name", "")).rpartition("/")[2] == name]  # type: ignore[misc] # JSON of Google's, looked at where it is read
