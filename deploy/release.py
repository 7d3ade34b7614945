"""Builds the one image, brings the tables up to date with it, and lets the four functions run it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy import source
from deploy.environment import of_function
from deploy.gcloud import Gcloud
from deploy.keeping import reference
from deploy.target import FUNCTIONS, NAME, Function, Target

LAUNCHER = "/cnb/lifecycle/launcher"
"""Starts any command inside an image that a buildpack made, with the buildpack's Python on its path."""
SWEEP_SCHEDULE = "*/5 * * * *"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version that is to run."""

    plain: Mapping[str, str]
    """The plain settings."""
    versions: Mapping[str, str]
    """The version of each secret."""
    connection: str
    """The Cloud SQL connection name, or empty."""
    private_api: bool
    """True if Cloud Run itself checks who calls `api`, before Leadfill does."""
    image: str

    def secrets_of(self, function: Function) -> tuple[str, ...]:
        """The secrets that a function gets: of those that it may read, those that have a value."""
        return tuple(name for name in function.secrets if name in self.versions)


def image_of(target: Target) -> str:
    """The image that is made of the present source."""
    return f"{target.repository}/{NAME}:{source.tag()}"


def services(gcloud: Gcloud, target: Target) -> dict[str, dict[str, Any]]:
    """Leadfill's services as they are deployed now, by name."""
    listed = gcloud.listed("run", "services", "list", f"--region={target.region}")
    return {one["metadata"]["name"]: one for one in listed if one["metadata"]["name"].startswith(f"{NAME}-")}


def build(gcloud: Gcloud, target: Target, image: str, region: str) -> None:
    """Builds the image in a region, unless there is one of this very source."""
    flags = ("--include-tags", f"--filter=tags:{image.rpartition(':')[2]}")
    if gcloud.listed("artifacts", "docker", "images", "list", target.repository, *flags):
        return
    gcloud.change(
        *("builds", "submit", str(source.ROOT)),
        f"--config={source.BUILD}",
        f"--substitutions=_IMAGE={image}",
        f"--region={region}",
        f"--service-account=projects/{target.project}/serviceAccounts/{target.account('build')}",
        f"--gcs-source-staging-dir={target.bucket}/source",
        "--suppress-logs",
    )


def migrate(gcloud: Gcloud, target: Target, release: Release) -> None:
    """Runs the migrations as a Cloud Run job, unless it has run with this image and database."""
    name, place = f"{NAME}-migrate", f"--region={target.region}"
    for job in gcloud.listed("run", "jobs", "list", place):
        container = job["spec"]["template"]["spec"]["template"]["spec"]["containers"][0]
        done = job.get("status", {}).get("latestCreatedExecution", {}).get("completionStatus") == "EXECUTION_SUCCEEDED"
        if (
            job["metadata"]["name"] == name
            and done
            and container["image"] == release.image
            and _environment(container).get("DATABASE_URL") == _secret("DATABASE_URL", release)
        ):
            return
    gcloud.change(
        *("run", "jobs", "deploy", name, place),
        f"--image={release.image}",
        f"--command={LAUNCHER}",
        "--args=python,-m,functions.migrate",
        f"--service-account={target.account('migrate')}",
        f"--set-secrets={reference('DATABASE_URL', release.versions['DATABASE_URL'])}",
        *([f"--set-cloudsql-instances={release.connection}"] if release.connection else []),
        "--max-retries=0",
        "--task-timeout=10m",
    )
    gcloud.change("run", "jobs", "execute", name, place, "--wait")


def run_functions(gcloud: Gcloud, target: Target, release: Release, there: Mapping[str, dict[str, Any]]) -> None:
    """Deploys each function that does not run as it should already."""
    for function in FUNCTIONS:
        service = there.get(function.service)
        if service is None or facts(service) != wanted(function, target, release):
            gcloud.change("run", "deploy", function.service, *_flags(function, target, release))


def wanted(function: Function, target: Target, release: Release) -> dict[str, object]:
    """Check that a function's service is as it must be."""
    private = function.name == "api" and release.private_api
    environment = of_function(function, release.plain)
    environment |= {name: _secret(name, release) for name in release.secrets_of(function)}
    return {
        "image": release.image,
        "environment": environment,
        "account": target.account(function.account),
        "concurrency": function.concurrency,
        "timeout_s": function.timeout_s,
        "max_instances": str(function.max_instances),
        "limits": {"cpu": function.cpu, "memory": function.memory},
        "cpu_between_requests": function.works_after_answer,
        "ingress": function.ingress,
        "public": not private,
        "audiences": release.plain["IDENTITY_AUDIENCE"] if private else "",
        "database": release.connection,
    }


def facts(service: dict[str, Any]) -> dict[str, object]:
    """The same of a service as Cloud Run describes it."""
    on_service = service["metadata"].get("annotations", {})
    template = service["spec"]["template"]
    on_revision = template["metadata"].get("annotations", {})
    container = template["spec"]["containers"][0]
    limits = container.get("resources", {}).get("limits", {})
    return {
        "image": container["image"],
        "environment": _environment(container),
        "account": template["spec"].get("serviceAccountName"),
        "concurrency": template["spec"].get("containerConcurrency"),
        "timeout_s": template["spec"].get("timeoutSeconds"),
        "max_instances": on_revision.get("autoscaling.knative.dev/maxScale"),
        "limits": {"cpu": limits.get("cpu", "").replace("1000m", "1"), "memory": limits.get("memory")},
        "cpu_between_requests": on_revision.get("run.googleapis.com/cpu-throttling", "true").lower() == "false",
        "ingress": on_service.get("run.googleapis.com/ingress", "all"),
        "public": on_service.get("run.googleapis.com/invoker-iam-disabled", "").lower() == "true",
        "audiences": ",".join(_strings(on_service.get("run.googleapis.com/custom-audiences", ""))),
        "database": on_revision.get("run.googleapis.com/cloudsql-instances", ""),
    }


def _flags(function: Function, target: Target, release: Release) -> Sequence[str]:
    private = function.name == "api" and release.private_api
    variables = "~~".join(f"{name}={value}" for name, value in of_function(function, release.plain).items())
    connection = (
        f"--set-cloudsql-instances={release.connection}" if release.connection else "--clear-cloudsql-instances"
    )
    audience = f"--set-custom-audiences={release.plain['IDENTITY_AUDIENCE']}" if private else "--clear-custom-audiences"
    return (
        f"--image={release.image}",
        f"--region={target.region}",
        f"--service-account={target.account(function.account)}",
        f"--concurrency={function.concurrency}",
        f"--max-instances={function.max_instances}",
        "--min-instances=0",
        f"--timeout={function.timeout_s}s",
        f"--memory={function.memory}",
        f"--cpu={function.cpu}",
        "--cpu-boost",
        "--no-cpu-throttling" if function.works_after_answer else "--cpu-throttling",
        f"--ingress={function.ingress}",
        # Leadfill checks every caller itself. Cloud Run's own check would take the signature off the tokens of the
        # queue and the scheduler, and Leadfill would rightly refuse them; `ingress` keeps those two private.
        "--invoker-iam-check" if private else "--no-invoker-iam-check",
        audience,
        f"--set-env-vars=^~~^{variables}",
        f"--set-secrets={','.join(reference(name, release.versions[name]) for name in release.secrets_of(function))}",
        connection,
    )


def schedule(gcloud: Gcloud, target: Target) -> None:
    """The scheduler's job that sweeps."""
    name, place = f"{NAME}-sweep", f"--location={target.region}"
    uri, account = target.url("sweep"), target.account("queue")
    flags = (
        place,
        f"--schedule={SWEEP_SCHEDULE}",
        f"--uri={uri}",
        "--http-method=POST",
        f"--oidc-service-account-email={account}",
        f"--oidc-token-audience={uri}",
        "--attempt-deadline=300s",
        "--time-zone=Etc/UTC",
    )
    for job in gcloud.listed("scheduler", "jobs", "list", place):
        if str(job["name"]).endswith(f"/{name}"):
            http = job.get("httpTarget", {})
            token = http.get("oidcToken", {})
            now = (job["schedule"], http.get("uri"), token.get("serviceAccountEmail"), token.get("audience"))
            if now != (SWEEP_SCHEDULE, uri, account, uri):
                gcloud.change("scheduler", "jobs", "update", "http", name, *flags)
            return
    gcloud.change("scheduler", "jobs", "create", "http", name, *flags)


def _environment(container: dict[str, Any]) -> dict[str, str]:
    found = {}
    for variable in container.get("env", []):
        secret = variable.get("valueFrom", {}).get("secretKeyRef")
        found[variable["name"]] = f"{secret['name']}:{secret['key']}" if secret else variable.get("value", "")
    return dict(sorted(found.items()))


def plain_of(service: dict[str, Any]) -> dict[str, str]:
    """The plain variables of a deployed service."""
    return _environment(service["spec"]["template"]["spec"]["containers"][0])


def _secret(name: str, release: Release) -> str:
    return reference(name, release.versions[name]).partition("=")[2]


def _strings(text: str) -> Iterable[str]:
    return (part.strip().strip('"') for part in text.strip("[]").split(",") if part.strip())
