"""What the project on this machine holds, and how each kind of resource comes about, answers and goes."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.deploy import discovery
from tests.deploy.discovery import Call, Json

PROJECT = "demo-project"
NUMBER = "123456789012"
NOW = "2026-01-01T00:00:00Z"


@dataclass(slots=True)
class State:
    """Everything in the project, by full name."""

    resources: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, Json] = field(default_factory=dict)
    apis: set[str] = field(default_factory=set)
    payloads: dict[str, str] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    log: list[Json] = field(default_factory=list)
    """Lines of the latest check."""
    gone: set[str] = field(default_factory=set)
    """What is still listed though it was deleted a moment ago."""


def upload(state: State, path: str, query: dict[str, list[str]], body: bytes) -> Json:
    """An object of Cloud Storage arrives: a part of JSON about it, and a part that it is."""
    boundary = body.split(b"\n", 1)[0].rstrip()
    content = re.split(rb"\r?\n\r?\n", body.split(boundary)[2], maxsplit=1)[1]
    name = query["name"][0]
    state.objects[name] = re.sub(rb"\r?\n$", b"", content)
    bucket = path.partition("/b/")[2].partition("/")[0]
    size = str(len(state.objects[name]))
    return {"kind": "storage#object", "bucket": bucket, "name": name, "generation": "1", "size": size}


def answer(state: State, call: Call, method: Json) -> Json:
    """What Google answers.

    Raises:
        KeyError: the resource is not there.
    """
    verb = call.method.rpartition(".")[2]
    if own := _OWN.get(call.method):
        return own(state, call)
    if generic := _GENERIC.get(verb):
        return generic(state, call, method)
    return state.resources[call.path]


def _policy(state: State, call: Call, _method: Json) -> Json:
    return state.policies.get(_bare(call), {"etag": "BwX=", "version": 1})


def _new_policy(state: State, call: Call, _method: Json) -> Json:
    policy: Json = copy.deepcopy(call.body.get("policy", call.body)) | {"etag": "BwY="}
    state.policies[_bare(call)] = policy
    return policy


def _permissions(_state: State, call: Call, _method: Json) -> Json:
    return {"permissions": call.body.get("permissions", [])}


def _listed(state: State, call: Call, method: Json) -> Json:
    below = re.compile(re.escape(call.path) + "/[^/]+")
    found = [resource for name, resource in sorted(state.resources.items()) if below.fullmatch(name)]
    return {discovery.list_field(call.api, method): found}


def _changed(state: State, call: Call, method: Json) -> Json:
    merged = state.resources[call.path] | copy.deepcopy(call.body)
    state.resources[call.path] = _grown(call, merged, call.path)
    return _wrapped(state, call, method, state.resources[call.path])


def _deleted(state: State, call: Call, method: Json) -> Json:
    gone = state.resources.pop(call.path)
    if call.method == "iam.projects.serviceAccounts.delete":
        _lose_rights(state, call.path)
    if call.path in state.gone:
        raise KeyError(call.path)
    operation = "Operation" in method.get("response", {}).get("$ref", "")
    return _wrapped(state, call, method, gone) if operation else {}


def _lose_rights(state: State, account: str) -> None:
    """A new account of the same name has no right of the old one, whose bindings stay, marked as deleted."""
    state.policies.pop(account, None)
    member = f"serviceAccount:{account.rpartition('/')[2]}"
    for policy in state.policies.values():
        for binding in policy.get("bindings", []):
            binding["members"] = [f"deleted:{it}?uid=1" if it == member else it for it in binding["members"]]


def _bare(call: Call) -> str:
    return re.sub(r"(:\w+|/iam)$", "", call.path)


def _created(state: State, call: Call, method: Json) -> Json:
    body = copy.deepcopy(call.body)
    given = next((values[0] for name, values in call.query.items() if name.endswith("Id")), None)
    short = given or body.get("name") or body.get("metadata", {}).get("name") or f"{len(state.resources) + 1000}"
    path = f"{call.path}/{short.rpartition('/')[2]}"
    state.resources[path] = _grown(call, body, path)
    return _wrapped(state, call, method, state.resources[path])


def _wrapped(state: State, call: Call, method: Json, resource: Json) -> Json:
    """A resource, or the operation that makes it, done at once."""
    if method["response"]["$ref"] != "Operation":
        return resource
    if call.api == "sqladmin":
        return _sql_operation(state, call)
    kind = {"artifactregistry": "type.googleapis.com/google.devtools.artifactregistry.v1.Repository"}[call.api]
    return {
        "name": f"projects/{PROJECT}/locations/x/operations/op-1",
        "done": True,
        "response": resource | {"@type": kind},
    }


def _grown(call: Call, body: Json, path: str) -> Json:
    """A resource with what Google adds to it."""
    grow = _GROWTH.get(call.api)
    more = grow(body) if grow else {"name": path.partition("/")[2]}
    return {key: value for key, value in body.items() if key != "password"} | more


def _grown_in_run(body: Json) -> Json:
    metadata = body["metadata"]
    name, ready = metadata["name"], {"type": "Ready", "status": "True"}
    metadata |= {"generation": 1, "uid": "u-1", "creationTimestamp": NOW, "resourceVersion": "1"}
    if body["kind"] == "Job":
        return {"status": {"observedGeneration": 1, "conditions": [ready]}}
    revision = f"{name}-00001-abc"
    body["spec"]["template"]["metadata"]["name"] = revision
    conditions = [ready, *({"type": it, "status": "True"} for it in ("ConfigurationsReady", "RoutesReady"))]
    return {
        "status": {
            "observedGeneration": 1,
            "url": f"https://{name}-x.a.run.app",
            "latestReadyRevisionName": revision,
            "latestCreatedRevisionName": revision,
            "conditions": conditions,
            "traffic": [{"revisionName": revision, "percent": 100, "latestRevision": True}],
        }
    }


def _grown_in_sql(body: Json) -> Json:
    if "databaseVersion" not in body:
        return {}
    return {"state": "RUNNABLE", "connectionName": f"{PROJECT}:{body['region']}:{body['name']}"}


_GROWTH: dict[str, Callable[[Json], Json]] = {
    "run": _grown_in_run,
    "sqladmin": _grown_in_sql,
    "storage": lambda body: {"kind": "storage#bucket", "id": body["name"]},
    "cloudtasks": lambda _: {"state": "RUNNING"},
    "cloudscheduler": lambda _: {"state": "ENABLED"},
    "logging": lambda _: {},
}


def _sql_operation(_state: State, _call: Call) -> Json:
    return {
        "kind": "sql#operation",
        "name": "op-1",
        "status": "DONE",
        "operationType": "CREATE",
        "targetProject": PROJECT,
    }


def _project(_state: State, _call: Call) -> Json:
    return {"projectId": PROJECT, "projectNumber": NUMBER, "lifecycleState": "ACTIVE", "name": PROJECT}


def _services(state: State, _call: Call) -> Json:
    return {
        "services": [
            {"name": f"projects/{NUMBER}/services/{api}", "config": {"name": api}, "state": "ENABLED"}
            for api in sorted(state.apis)
        ]
    }


def _enable_one(state: State, call: Call) -> Json:
    call.body["serviceIds"] = [_bare(call).rpartition("/")[2]]
    return _enable(state, call)


def _enable(state: State, call: Call) -> Json:
    state.apis |= set(call.body.get("serviceIds", []))
    return {
        "name": "operations/acf.1",
        "done": True,
        "response": {"@type": "type.googleapis.com/google.protobuf.Empty"},
    }


def _state_of(state: State, call: Call, now: str) -> Json:
    queue = state.resources[_bare(call)]
    queue["state"] = now
    return queue


def _account(state: State, call: Call) -> Json:
    email = f"{call.body['accountId']}@{PROJECT}.iam.gserviceaccount.com"
    path = f"{call.path}/{email}"
    made: Json = call.body["serviceAccount"] | {"email": email, "name": path.partition("/")[2], "projectId": PROJECT}
    state.resources[path] = made
    return made


def _add_version(state: State, call: Call) -> Json:
    secret = _bare(call)
    count = sum(1 for name in state.resources if name.startswith(f"{secret}/versions/")) + 1
    path = f"{secret}/versions/{count}"
    state.payloads[path] = base64.urlsafe_b64decode(call.body["payload"]["data"]).decode()
    state.resources[path] = {
        "name": path.partition("/")[2],
        "state": "ENABLED",
        "createTime": f"2026-01-01T00:00:{count:02}Z",
        "clientSpecifiedPayloadChecksum": True,
    }
    return state.resources[path]


def _versions(state: State, call: Call) -> Json:
    """Newest first, as Secret Manager has them."""
    found = [it for name, it in state.resources.items() if name.startswith(f"{call.path}/")]
    return {"versions": found[::-1]}


def _access(state: State, call: Call) -> Json:
    secret = call.path.partition("/versions/")[0]
    newest = max(name for name in state.payloads if name.startswith(f"{secret}/versions/"))
    data = base64.urlsafe_b64encode(state.payloads[newest].encode()).decode()
    return {"name": newest.partition("/")[2], "payload": {"data": data}}


def _build(state: State, call: Call) -> Json:
    build = copy.deepcopy(call.body) | {"id": "b-1", "status": "SUCCESS", "logUrl": "about:blank", "projectId": PROJECT}
    build["name"] = f"projects/{NUMBER}/locations/europe-west1/builds/b-1"
    state.resources[f"{call.path}/b-1"] = build
    image = call.body["substitutions"]["_IMAGE"]
    repository, _, tag = image.rpartition(":")
    _, project, name, package = repository.split("/")
    base = f"v1/projects/{project}/locations/europe-west1/repositories/{name}"
    digest = "sha256:" + tag.ljust(64, "0")
    short = f"{base}/packages/{package}"
    state.resources[short] = {"name": short.partition("/")[2]}
    state.resources[f"{short}/tags/{tag}"] = {
        "name": f"{short}/tags/{tag}".partition("/")[2],
        "version": f"{short}/versions/{digest}".partition("/")[2],
    }
    state.resources[f"{base}/dockerImages/{package}@{digest}"] = {
        "name": f"{base}/dockerImages/{package}@{digest}".partition("/")[2],
        "uri": f"{repository}@{digest}",
        "tags": [tag],
        "uploadTime": NOW,
        "updateTime": NOW,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "imageSizeBytes": "1000",
    }
    kind = "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata"
    return {"name": "operations/build/demo-project/b-1", "metadata": {"@type": kind, "build": build}}


def _run_job(state: State, call: Call) -> Json:
    job = state.resources[_bare(call)]
    name = f"{job['metadata']['name']}-x1"
    state.runs.append(name)
    job["status"]["latestCreatedExecution"] = {
        "name": name,
        "completionStatus": "EXECUTION_SUCCEEDED",
        "completionTimestamp": NOW,
    }
    execution = {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Execution",
        "metadata": {
            "name": name,
            "namespace": NUMBER,
            "generation": 1,
            "creationTimestamp": NOW,
            "selfLink": f"/apis/run.googleapis.com/v1/namespaces/{NUMBER}/executions/{name}",
        },
        "spec": job["spec"]["template"]["spec"],
        "status": {
            "observedGeneration": 1,
            "completionTime": NOW,
            "succeededCount": 1,
            "conditions": [{"type": "Completed", "status": "True"}],
        },
    }
    state.resources[f"apis/run.googleapis.com/v1/namespaces/{NUMBER}/executions/{name}"] = execution
    return execution


_OWN: dict[str, Callable[[State, Call], Json]] = {
    "cloudresourcemanager.projects.get": _project,
    "serviceusage.services.list": _services,
    "serviceusage.services.batchEnable": _enable,
    "serviceusage.services.enable": _enable_one,
    "iam.projects.serviceAccounts.create": _account,
    "secretmanager.projects.secrets.addVersion": _add_version,
    "secretmanager.projects.secrets.versions.list": _versions,
    "secretmanager.projects.secrets.versions.access": _access,
    "cloudbuild.projects.locations.builds.create": _build,
    "sql.operations.get": _sql_operation,
    "run.namespaces.jobs.run": _run_job,
    "logging.entries.list": lambda state, _: {"entries": state.log[-1:]},
}
_GENERIC: dict[str, Callable[[State, Call, Json], Json]] = {
    "getIamPolicy": _policy,
    "setIamPolicy": _new_policy,
    "testIamPermissions": _permissions,
    "list": _listed,
    "create": _created,
    "insert": _created,
    "patch": _changed,
    "update": _changed,
    "updateMetric": _changed,
    "replaceService": _changed,
    "replaceJob": _changed,
    "delete": _deleted,
    "pause": lambda state, call, _: _state_of(state, call, "PAUSED"),
    "resume": lambda state, call, _: _state_of(state, call, "RUNNING"),
}
