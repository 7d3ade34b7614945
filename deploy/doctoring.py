"""`make doctor`: checks a live deployment from outside, and says what is wrong and what to do."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.foundation import missing_apis
from deploy.gcloud import Gcloud
from deploy.keeping import Vault
from deploy.release import facts, plain_of, services
from deploy.target import FUNCTIONS, NAME, Target
from deploy.watching import ALERTS
from functions.logs import CHECKED
from functions.providers import provider_settings
from functions.sheets.assumptions import MEANINGS, Assumption, Behaviour

STALE = timedelta(minutes=20)
"""The scheduler sweeps every five minutes; a sweep that is older than this did not happen."""

Fetch = Callable[[str], tuple[int, str]]


def fetch(url: str) -> tuple[int, str]:
    """Status and text that an address answers with to a stranger; 0 and the reason if it does not answer."""
    try:
        with urllib.request.urlopen(url, timeout=40) as answer:  # noqa: S310 # nosec B310 - made from https:// and the target
            return answer.status, answer.read(65536).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(65536).decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def examine(
    gcloud: Gcloud, target: Target, *, ask: Fetch = fetch, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> list[str]:
    """Return everything that is wrong, in one or two sentences each; change nothing."""
    off = missing_apis(gcloud)
    if not gcloud.dry_run and any(not name.startswith("sheets.") for name in off):
        return [*_apis(gcloud, off), "The rest can be checked only after that."]
    there = services(gcloud, target)
    if gcloud.dry_run:
        ask = _nobody
    if not there and not gcloud.dry_run:
        return [f"Leadfill is not deployed in {target.project}, {target.region}. Run make deploy."]
    return [
        *_functions(there),
        *_secrets(gcloud, target, there),
        *_doors(target, ask),
        *_database(gcloud, there),
        *_apis(gcloud, off),
        *_queue(gcloud, target),
        *_task_identity(gcloud, target),
        *_sweep(gcloud, target, now()),
        *_alerts(gcloud),
        *_runs(gcloud),
    ]


def about_sheets(gcloud: Gcloud) -> str:
    """Return what the latest check in a spreadsheet has found; nothing of it is a fault of the deployment."""
    found = _latest_check(gcloud)
    if found is None:
        return (
            "How Google Sheets behaves here was not checked yet. Open a spreadsheet, and choose Check in the "
            "settings of Leadfill's sidebar."
        )
    at, unmet = found
    if not unmet:
        return f"Google Sheets behaved as Leadfill needs at the latest check ({at})."
    titles = ", ".join(f"“{MEANINGS[each].title}”" for each in sorted(unmet))
    return (
        f"The latest check ({at}) found that this does not hold at Google Sheets: {titles}. "
        "Check, in the settings of Leadfill's sidebar, says what that means for runs."
    )


def _runs(gcloud: Gcloud) -> Iterator[str]:
    """A check may have found that runs cannot keep their promises; then none starts."""
    found = _latest_check(gcloud)
    if found is not None and (obstacle := Behaviour(found[1]).obstacle):
        yield f"Runs are off. {obstacle}"


def _latest_check(gcloud: Gcloud) -> tuple[str, frozenset[Assumption]] | None:
    """Return when Google Sheets was tried last, and what did not hold; None where it never was."""
    service = f'resource.labels.service_name="{NAME}-api"'
    lines = gcloud.listed(
        *("logging", "read", f'{service} AND jsonPayload.message="{CHECKED}"'), "--limit=1", "--freshness=400d"
    )
    if not lines:
        return None
    known = {each.value for each in Assumption}
    unmet = {name for name in lines[0].get("jsonPayload", {}).get("does_not_hold", []) if name in known}
    return str(lines[0].get("timestamp", "")), frozenset(map(Assumption, unmet))


def _nobody(_url: str) -> tuple[int, str]:
    """Answer as a healthy deployment: in a dry run nothing is asked."""
    return 401, ""


def _functions(there: dict[str, dict[str, Any]]) -> Iterator[str]:
    for function in FUNCTIONS:
        service = there.get(function.service)
        if service is None:
            yield f"The function {function.name} is missing. Run make deploy."
            continue
        for condition in service.get("status", {}).get("conditions", []):
            if condition["type"] == "Ready" and condition["status"] != "True":
                yield (
                    f"The function {function.name} does not start: {condition.get('message', 'no reason given')} "
                    f"Its log says more: gcloud run services logs read {function.service}."
                )
        ingress = service["metadata"].get("annotations", {}).get("run.googleapis.com/ingress", "all")
        if ingress != function.ingress:
            yield f"The function {function.name} has the wrong ingress setting ({ingress}). Run make deploy."
        if function.name != "api" and not facts(service)["public"]:
            yield (
                f"Cloud Run turns away who calls {function.name} before Leadfill can check them: the service is "
                "not public. Run make deploy; if Google refuses that, a policy of your organization forbids public "
                "services (constraints/run.managed.requireInvokerIam), and its administrator can exempt this project."
            )


def _secrets(gcloud: Gcloud, target: Target, there: dict[str, dict[str, Any]]) -> Iterator[str]:
    vault = Vault(gcloud, target)
    for function in FUNCTIONS:
        used = plain_of(there[function.service]) if function.service in there else {}
        asked = [provider_settings.key_of(name) for name in provider_settings.named(used)]
        for name in function.secrets:
            if name in provider_settings.secrets() and name not in asked:
                continue
            newest = vault.version(name) if vault.has(name) else ""
            if not newest and not gcloud.dry_run:
                yield f"The secret {name} has no enabled version. Set {name} in the environment and run make deploy."
            elif name in used and used[name].rpartition(":")[2] != newest:
                yield f"The function {function.name} uses an older version of {name}. Run make deploy."


def _doors(target: Target, ask: Fetch) -> Iterator[str]:
    """Check that strangers get the health check, and nothing else."""
    status, text = ask(f"{target.url('api')}/healthz")
    if status == 0:
        yield f"api cannot be reached at {target.url('api')}: {text}."
    elif status == 403 and "problem+json" not in text and not _is_problem(text):
        pass  # A private api: Cloud Run turns strangers away before Leadfill sees them.
    elif status != 200:
        yield f"api is up but not healthy (status {status}): {_reason(text)}"
    others = [("api", "/v1/fields")] if status else []  # once is enough to say that it does not answer
    for name, path in (*others, ("formula", "/v1/formula")):
        status, text = ask(target.url(name) + path)
        if status == 0:
            yield f"{name} cannot be reached at {target.url(name)}: {text}."
        elif status < 300:
            yield f"{name} answers a stranger at {path} (status {status}). Take it down with make undeploy, and say so."
        elif status >= 500:
            yield f"{name} is in trouble (status {status}): {_reason(text)}"
    for name in ("worker", "sweep"):
        status, _text = ask(target.url(name))
        if status not in {0, 401, 403, 404}:
            yield f"{name} lets strangers in as far as a status {status}; it must be internal. Run make deploy."


def _database(gcloud: Gcloud, there: dict[str, dict[str, Any]]) -> Iterator[str]:
    template = there.get(f"{NAME}-worker", {}).get("spec", {}).get("template", {})
    connection = template.get("metadata", {}).get("annotations", {}).get("run.googleapis.com/cloudsql-instances", "")
    if not connection:
        return
    for instance in gcloud.listed("sql", "instances", "list"):
        if instance.get("connectionName") == connection:
            if instance.get("state") != "RUNNABLE":
                start = f"gcloud sql instances patch {instance['name']} --activation-policy=ALWAYS"
                yield f"The database is {instance.get('state')}. Start it: {start}."
            return
    yield f"The database {connection} is not in this project, or is gone. Check DATABASE_URL."


def _queue(gcloud: Gcloud, target: Target) -> Iterator[str]:
    for queue in gcloud.listed("tasks", "queues", "list", f"--location={target.region}"):
        if queue["name"] == target.queue:
            if queue.get("state") != "RUNNING":
                resume = f"gcloud tasks queues resume {NAME} --location={target.region}"
                yield f"The queue is {queue.get('state')}, so runs do not go on. Resume it: {resume}."
            return
    yield from _unless_dry(gcloud, "The queue is missing, so no run can start. Run make deploy.")


def _apis(gcloud: Gcloud, off: list[str]) -> Iterator[str]:
    if off:
        command = f"gcloud services enable {' '.join(off)}"
        yield from _unless_dry(
            gcloud, f"APIs of the project are switched off. Run make deploy, or switch them on: {command}."
        )


def _task_identity(gcloud: Gcloud, target: Target) -> Iterator[str]:
    """Check that those who make tasks may give them the queue's identity; without that right no run starts."""
    account, role = target.account("queue"), "roles/iam.serviceAccountUser"
    policy = gcloud.described("iam", "service-accounts", "get-iam-policy", account)
    members = {it for one in policy.get("bindings", []) if one["role"] == role for it in one["members"]}
    for function in ("api", "worker"):
        member = f"serviceAccount:{target.account(function)}"
        if member not in members:
            yield from _unless_dry(
                gcloud,
                f"{function} may not act as {account} (iam.serviceAccounts.actAs), so no run starts. Run make deploy.",
            )


def _sweep(gcloud: Gcloud, target: Target, now: datetime) -> Iterator[str]:
    for job in gcloud.listed("scheduler", "jobs", "list", f"--location={target.region}"):
        if str(job["name"]).endswith(f"/{NAME}-sweep"):
            code = job.get("status", {}).get("code", 0)
            last = job.get("lastAttemptTime")
            if job.get("state") != "ENABLED":
                resume = f"gcloud scheduler jobs resume {NAME}-sweep --location={target.region}"
                yield f"The sweep is {job.get('state')}, so what dies is not repaired. Resume it: {resume}."
            elif code:
                read = f"gcloud run services logs read {NAME}-sweep"
                yield f"The last sweep failed (code {code}). Its log says why: {read}."
            elif last and now - datetime.fromisoformat(last) > STALE:
                yield f"The last sweep was at {last}, too long ago. Look at Cloud Scheduler in the console."
            return
    yield from _unless_dry(gcloud, "The scheduler's job is missing, so what dies is not repaired. Run make deploy.")


def _alerts(gcloud: Gcloud) -> Iterator[str]:
    policies = {policy["displayName"]: policy for policy in gcloud.listed("alpha", "monitoring", "policies", "list")}
    for alert in ALERTS:
        policy = policies.get(alert.title)
        if policy is None:
            yield from _unless_dry(gcloud, f"The alert “{alert.title}” is missing. Run make deploy.")
        elif not policy.get("notificationChannels"):
            yield f"The alert “{alert.title}” reaches nobody. Run make deploy with ALERT_EMAIL set."
        elif policy.get("enabled") is False:
            yield f"The alert “{alert.title}” is switched off. Switch it on in Cloud Monitoring."


def _unless_dry(gcloud: Gcloud, sentence: str) -> Iterator[str]:
    """Yield the sentence, except in a dry run, in which nothing is read."""
    if not gcloud.dry_run:
        yield sentence


def _is_problem(text: str) -> bool:
    try:
        return "type" in json.loads(text)
    except (ValueError, TypeError):
        return False


def _reason(text: str) -> str:
    """The sentence in an answer."""
    try:
        decoded = json.loads(text)
        return str(decoded.get("detail") or decoded.get("title") or decoded)
    except (ValueError, AttributeError):
        return " ".join(text.split())[:300] or "it says nothing."
