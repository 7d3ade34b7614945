"""Removes Leadfill from a project, but never data that was paid for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deploy.gcloud import Gcloud, GcloudFailed
from deploy.release import services
from deploy.target import ACCOUNTS, FUNCTIONS, NAME, Target
from deploy.watching import ALERTS

KEPT = f"""\
Kept, because they hold what was paid for or cannot be made again. Delete them yourself if you are sure:
- the database: every lead, and the record of every credit
      gcloud sql instances patch {NAME} --no-deletion-protection && gcloud sql instances delete {NAME}
- the secrets {NAME}-*: the API keys, the database's password, and the key without which kept tokens cannot be read
      gcloud secrets delete NAME
- the queue, which is paused: a deleted queue blocks its name for days, and an idle one costs nothing
      gcloud tasks queues delete {NAME}
- the images in Artifact Registry and the uploaded sources in Cloud Storage, for a return to an older version
      gcloud artifacts repositories delete {NAME}
- the enabled APIs, the alerts' e-mail channel, and the add-on's Apps Script project, which others may use"""


def take_down(gcloud: Gcloud, target: Target) -> None:
    """Remove everything that runs, calls or watches; print what is kept."""
    region, location = f"--region={target.region}", f"--location={target.region}"
    # First what starts work, then what does it.
    listed = gcloud.listed("scheduler", "jobs", "list", location)
    for name in _there(gcloud, (str(job["name"]) for job in listed), (f"{NAME}-sweep",)):
        _remove(gcloud, "scheduler", "jobs", "delete", name, location)
    listed = gcloud.listed("tasks", "queues", "list", location)
    # A deleted queue blocks its name for days, and making it again meanwhile only seems to work
    # (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/delete). So it is paused.
    running = [str(queue["name"]) for queue in listed if queue.get("state") != "PAUSED"]
    for name in _there(gcloud, running, (NAME,)):
        gcloud.change("tasks", "queues", "pause", name, location)
    for name in _there(gcloud, services(gcloud, target), [function.service for function in FUNCTIONS]):
        _remove(gcloud, "run", "services", "delete", name, region)
    listed = gcloud.listed("run", "jobs", "list", region)
    for name in _there(gcloud, (str(job["metadata"]["name"]) for job in listed), (f"{NAME}-migrate",)):
        _remove(gcloud, "run", "jobs", "delete", name, region)
    _stop_watching(gcloud)
    accounts = gcloud.listed("iam", "service-accounts", "list")
    ours = [target.account(role) for role in ACCOUNTS]
    for name in _there(gcloud, (str(account["email"]) for account in accounts), ours):
        _remove(gcloud, "iam", "service-accounts", "delete", name)
    print(KEPT)


def _stop_watching(gcloud: Gcloud) -> None:
    policies = gcloud.listed("alpha", "monitoring", "policies", "list")
    titles = {str(policy["displayName"]): str(policy["name"]) for policy in policies}
    for title in _there(gcloud, titles, [alert.title for alert in ALERTS]):
        policy = titles.get(title, f"(the policy “{title}”)")
        _remove(gcloud, "alpha", "monitoring", "policies", "delete", policy)
    metrics = gcloud.listed("logging", "metrics", "list")
    ours = [f"{NAME}-{alert.name}" for alert in ALERTS]
    for name in _there(gcloud, (str(metric["name"]) for metric in metrics), ours):
        _remove(gcloud, "logging", "metrics", "delete", name)


def _remove(gcloud: Gcloud, *words: str) -> None:
    """Deletes what was listed; Google lists some things for a while after they are gone."""
    try:
        gcloud.change(*words)
    except GcloudFailed as error:
        if "NOT_FOUND" not in str(error):
            raise
        print("It is gone already.")


def _there(gcloud: Gcloud, listed: Iterable[str], ours: Sequence[str]) -> list[str]:
    """Return Leadfill's resources that exist; all of them in a dry run, which reads nothing."""
    found = {name.rpartition("/")[2] for name in listed}
    return [name for name in ours if name in found or gcloud.dry_run]
