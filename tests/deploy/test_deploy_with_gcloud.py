"""The real gcloud accepts every command, Google's descriptions accept every call, and a second run changes nothing."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import doctoring, release, source
from deploy.gcloud import Gcloud
from deploy.source import ROOT
from deploy.target import Target
from functions.auth.encryption import weakness
from functions.logs import CHECKED
from tests.deploy.google_cloud import REGION, GoogleCloud
from tests.deploy.google_resources import NOW, NUMBER, PROJECT
from tests.deploy.test_deploy_commands import GIVEN, SECRET_VALUES, commands, dry_run
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed: its parser cannot be asked"),
    pytest.mark.xdist_group("gcloud"),
]
ASK = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as resident:
    resident.connect(ADDRESS)
    asked = {"words": sys.argv[1:], "cwd": os.getcwd(), "environ": dict(os.environ)}
    socket.send_fds(resident, [json.dumps(asked).encode()], [0, 1, 2])
    sys.exit(resident.recv(1)[0])
"""
KEPT = ("cloudtasks", "sql", "secretmanager", "artifactregistry")
KEY = {"SLINTEL_API_KEY": SECRET_VALUES["SLINTEL_API_KEY"], "ALERT_EMAIL": "ops@example.com"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[GoogleCloud]:
    with GoogleCloud() as one:
        yield one


@pytest.fixture(scope="module")
def launched(cloud: GoogleCloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Nothing of this machine's own gcloud: no account, no project, no way out."""
    folder = tmp_path_factory.mktemp("gcloud")
    (folder / "token").write_text("a-dummy-token")
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return kept | cloud.environment(str(folder))


@pytest.fixture(scope="module")
def installed(launched: dict[str, str]) -> tuple[str, str]:
    """The Python that gcloud brings, and where it is installed."""
    command = ["gcloud", "info", "--format=value(basic.python_location,installation.sdk_root)"]
    python, root = subprocess.run(command, env=launched, text=True, capture_output=True, check=True).stdout.split()
    return python, root


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with every command of every kind."""
    printed = [dry_run("up", **GIVEN, API_PRIVATE="1").stdout, dry_run("down").stdout, dry_run("doctor").stdout]
    found = [words for text in printed for words in commands(text)]
    assert len(found) > 80
    path = tmp_path_factory.mktemp("lines") / "lines.json"
    path.write_text(json.dumps([[word for word in words if word != "--flags-file=-"] for words in found]))
    return path


@pytest.fixture(scope="module")
def environ(launched: dict[str, str], installed: tuple[str, str], lines: Path) -> Iterator[dict[str, str]]:
    """Where `gcloud` is the one that is installed, kept loaded: it does the same in a tenth of the time."""
    folder = Path(launched["CLOUDSDK_CONFIG"])
    program, address, gcloud = (
        Path(__file__).parent / "resident_gcloud.py",
        folder / "socket",
        folder / "bin" / "gcloud",
    )
    gcloud.parent.mkdir()
    gcloud.write_text(f"#!{sys.executable} -SE\nADDRESS = {str(address)!r}\n{ASK}")
    npx = gcloud.with_name("npx")
    npx.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).parent / "npx_clasp.py"} "$@"\n')
    for program_ in (gcloud, npx):
        program_.chmod(0o755)
    command = [installed[0], "-S", str(program), installed[1], str(address), str(lines)]
    with subprocess.Popen(command, env=launched) as process:
        try:
            wait_until(lambda: address.exists() or process.poll() is not None)
            assert process.poll() is None
            yield launched | {"PATH": f"{gcloud.parent}:{launched['PATH']}", "CLASP_STATE": str(folder / "clasp.json")}
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what deploys and is deployed, so that an edit meanwhile does not count as a change."""
    root = tmp_path_factory.mktemp("tree")
    for name in ("deploy", "functions", "sheets_addon"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for name in ("main.py", "requirements.txt", ".gcloudignore"):
        shutil.copy(ROOT / name, root)
    return root


def run(tree: Path, environ: dict[str, str], verb: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy", verb, "--project", PROJECT, "--region", REGION]
    return subprocess.run(
        command, cwd=tree, env=environ | more, text=True, capture_output=True, check=False, timeout=1500
    )


@pytest.fixture(scope="module")
def deployed(cloud: GoogleCloud, environ: dict[str, str], tree: Path) -> str:
    done = run(tree, environ, "up", **GIVEN, **KEY)
    assert done.returncode == 0, done.stderr + "\n".join(cloud.faults)
    return done.stdout


def test_every_call_is_one_that_google_describes(cloud: GoogleCloud, deployed: str) -> None:
    assert deployed
    assert cloud.faults == []
    used = {call.api for call in cloud.changes}
    assert used >= {"run", "secretmanager", "cloudtasks", "cloudscheduler", "sqladmin", "iam", "monitoring", "logging"}


def test_four_functions_run_the_image_that_was_built_and_the_tables_were_made_first(
    cloud: GoogleCloud, tree: Path, deployed: str
) -> None:
    assert deployed
    services = [it for it in cloud.state.resources.values() if it.get("kind") == "Service"]
    images = {it["spec"]["template"]["spec"]["containers"][0]["image"] for it in services}
    assert len(services) == 4
    assert [image.rpartition(":")[2] for image in images] == [source.tag(tree)]
    order = [call.method for call in cloud.changes]
    assert order.index("run.namespaces.jobs.run") < order.index("run.namespaces.services.create")


def test_what_was_uploaded_is_the_package_and_nothing_else(cloud: GoogleCloud, tree: Path, deployed: str) -> None:
    assert deployed
    [content] = [data for name, data in cloud.state.objects.items() if name.endswith(".tgz")]
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        names = sorted(member.name.removeprefix("./") for member in archive.getmembers() if member.isfile())
    assert names == source.files(tree)


def test_gcloud_agrees_on_the_upload(launched: dict[str, str]) -> None:
    command = ["gcloud", "meta", "list-files-for-upload", str(ROOT)]
    listed = subprocess.run(command, env=launched, text=True, capture_output=True, check=True).stdout.splitlines()
    assert sorted(listed) == source.files()


def test_secrets_reach_secret_manager_and_no_output(cloud: GoogleCloud, deployed: str) -> None:
    kept = {name.split("/")[4]: value for name, value in cloud.state.payloads.items()}
    assert kept["leadfill-slintel-api-key"] == KEY["SLINTEL_API_KEY"]
    assert weakness(kept["leadfill-leadfill-secret-key"]) is None
    [password] = re.findall(r"leadfill:([^@]+)@", kept["leadfill-database-url"])
    users = [call.body for call in cloud.changes if call.method == "sql.users.insert"]
    assert [user["password"] for user in users] == [password]
    for value in [*kept.values(), password]:
        assert value not in deployed


def test_a_second_run_changes_nothing(cloud: GoogleCloud, environ: dict[str, str], tree: Path, deployed: str) -> None:
    assert deployed
    before = len(cloud.changes)
    again = run(
        tree, environ, "up", ALERT_EMAIL=KEY["ALERT_EMAIL"]
    )  # what was exported the first time need not be again
    assert again.returncode == 0, again.stderr
    assert [call.method for call in cloud.changes[before:]] == []
    assert "Nothing had to change." in again.stdout
    assert cloud.faults == []


def test_one_changed_setting_deploys_the_functions_and_nothing_else(
    cloud: GoogleCloud, environ: dict[str, str], tree: Path, deployed: str
) -> None:
    assert deployed
    before = len(cloud.changes)
    done = run(tree, environ, "up", ALERT_EMAIL=KEY["ALERT_EMAIL"], CREDITS_PER_MONTH="700")
    assert done.returncode == 0, done.stderr
    changed = [call.method for call in cloud.changes[before:]]
    assert changed == ["run.namespaces.services.replaceService"] * 4


def test_gcloud_parses_every_command_of_every_kind(
    launched: dict[str, str], installed: tuple[str, str], lines: Path
) -> None:
    """Also of those that the recorded runs do not come across; parsed in one process of gcloud's own Python."""
    program = Path(__file__).parent / "parse_with_gcloud.py"
    command = [installed[0], "-S", str(program), installed[1], str(lines)]
    done = subprocess.run(command, env=launched, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert f"{len(json.loads(lines.read_text()))} commands parsed" in done.stdout


def test_an_api_that_was_made_private_stays_private(
    cloud: GoogleCloud, environ: dict[str, str], tree: Path, deployed: str
) -> None:
    assert deployed
    for more in ({"API_PRIVATE": "1"}, {}):
        done = run(tree, environ, "up", ALERT_EMAIL=KEY["ALERT_EMAIL"], **more)
        assert done.returncode == 0, done.stderr
        [api] = [it for it in cloud.state.resources.values() if it.get("metadata", {}).get("name") == "leadfill-api"]
        assert release.facts(api)["public"] is False


def test_the_doctor_finds_nothing_wrong_with_what_was_just_deployed(
    environ: dict[str, str], deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deployed
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    target = Target(project=PROJECT, region=REGION, number=NUMBER)
    asked: list[str] = []

    def ask(url: str) -> tuple[int, str]:
        asked.append(url)
        return (200, "{}") if url.endswith("/healthz") else (401, '{"type": "urn:leadfill:problem:unauthenticated"}')

    gcloud = Gcloud(PROJECT)
    assert doctoring.examine(gcloud, target, ask=ask) == []
    assert len(asked) == 5
    assert "was not checked yet" in doctoring.about_sheets(gcloud)
    assert gcloud.changes == 0


def test_the_doctor_finds_what_is_broken(
    cloud: GoogleCloud, environ: dict[str, str], tree: Path, deployed: str
) -> None:
    """The services of this cloud answer nobody, which the doctor says too."""
    assert deployed
    queue = next(it for name, it in cloud.state.resources.items() if "/queues/" in name)
    queue["state"] = "PAUSED"
    job = next(it for name, it in cloud.state.resources.items() if name.endswith("jobs/leadfill-sweep"))
    job["status"] = {"code": 7}
    cloud.state.apis.discard("sheets.googleapis.com")
    services = {it["metadata"]["name"]: it for it in cloud.state.resources.values() if it.get("kind") == "Service"}
    services["leadfill-formula"]["metadata"]["annotations"].pop("run.googleapis.com/invoker-iam-disabled")
    cloud.state.policies.pop(f"v1/projects/{PROJECT}/serviceAccounts/leadfill-queue@{PROJECT}.iam.gserviceaccount.com")
    facts = {"message": CHECKED, "does_not_hold": ["followed", "something of a later version"]}
    cloud.state.log.append({"logName": "l", "timestamp": NOW, "insertId": "1", "jsonPayload": facts})
    done = run(tree, environ | {"https_proxy": "http://127.0.0.1:9"}, "doctor")
    assert done.returncode == 1
    assert "✗ The queue is PAUSED, so runs do not go on." in done.stdout
    assert "✗ The last sweep failed (code 7)." in done.stdout
    assert "switch them on: gcloud services enable sheets.googleapis.com." in done.stdout
    assert "✗ api may not act as leadfill-queue@" in done.stdout
    assert "✗ api cannot be reached" in done.stdout
    assert "✗ Cloud Run turns away who calls formula before Leadfill can check them" in done.stdout
    assert "(constraints/run.managed.requireInvokerIam)" in done.stdout
    assert "✗ Runs are off. The latest check of this installation found" in done.stdout
    assert "“A column's mark goes where the column goes”" in done.stdout
    assert "secret" not in done.stdout
    assert "alert" not in done.stdout
    cloud.state.apis.discard("run.googleapis.com")
    done = run(tree, environ, "doctor")
    assert done.returncode == 1
    assert "switch them on: gcloud services enable run.googleapis.com sheets.googleapis.com." in done.stdout
    assert (done.stdout.count("✗"), "Traceback" in done.stderr) == (2, False)
    cloud.state.apis |= {"run.googleapis.com", "sheets.googleapis.com"}


def test_taken_down_it_keeps_what_was_paid_for(
    cloud: GoogleCloud, environ: dict[str, str], tree: Path, deployed: str
) -> None:
    assert deployed
    account = f"v1/projects/{PROJECT}/serviceAccounts/leadfill-api@{PROJECT}.iam.gserviceaccount.com"
    assert account in cloud.state.resources
    cloud.state.gone.add(account)
    done = run(tree, environ, "down")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("It is gone already.") == 1
    [queue] = [it for name, it in cloud.state.resources.items() if name.endswith("/queues/leadfill")]
    assert queue["state"] == "PAUSED"  # a deleted one would block its name for days
    left = {call.method for call in cloud.changes if call.method.endswith("delete")}
    assert not {method for method in left if method.startswith(KEPT)}
    assert not [it for it in cloud.state.resources.values() if it.get("kind") == "Service"]
    assert cloud.state.payloads
    assert "Kept" in done.stdout
    assert cloud.faults == []


def bindings(cloud: GoogleCloud) -> set[tuple[str, str, str]]:
    """Which of the deployment's accounts may do what to what."""
    return {
        (name, binding["role"], member)
        for name, policy in cloud.state.policies.items()
        for binding in policy.get("bindings", [])
        for member in binding["members"]
        if member.startswith("serviceAccount:leadfill-")
    }


def test_deployed_again_it_takes_up_the_queue_that_was_kept(
    cloud: GoogleCloud, environ: dict[str, str], tree: Path, deployed: str
) -> None:
    assert deployed
    assert run(tree, environ, "up", **GIVEN, ALERT_EMAIL=KEY["ALERT_EMAIL"]).returncode == 0
    rights = bindings(cloud)
    assert run(tree, environ, "down").returncode == 0
    assert not bindings(cloud)
    before = len(cloud.changes)
    done = run(tree, environ, "up", **GIVEN, ALERT_EMAIL=KEY["ALERT_EMAIL"])
    assert done.returncode == 0, done.stderr
    [queue] = [it for name, it in cloud.state.resources.items() if name.endswith("/queues/leadfill")]
    assert queue["state"] == "RUNNING"
    assert bindings(cloud) == rights  # the new accounts have none of the rights of the old ones
    assert "cloudtasks.projects.locations.queues.create" not in {call.method for call in cloud.changes[before:]}
    assert cloud.faults == []


REFUSED = {
    "a service account that I may not act as": (
        "Permission 'iam.serviceaccounts.actAs' denied on service account leadfill-api@x.iam.gserviceaccount.com",
        "Service Account User",
    ),
    "a policy against services that Cloud Run does not check": (
        "Operation denied by org policy: constraints/run.managed.requireInvokerIam",
        "exempt this project",
    ),
    "an API that is off": (
        "Cloud Run Admin API has not been used in project 123 before or it is disabled. SERVICE_DISABLED",
        "An API of the project is not switched on",
    ),
    "a right that I lack": (
        "Permission 'run.services.update' denied on resource",
        "Your account lacks a right",
    ),
}


def test_a_refusal_of_googles_says_what_to_do(
    cloud: GoogleCloud, environ: dict[str, str], tree: Path, deployed: str
) -> None:
    assert deployed
    assert run(tree, environ, "up", **GIVEN, ALERT_EMAIL=KEY["ALERT_EMAIL"]).returncode == 0
    for credits_, (message, advice) in enumerate(REFUSED.values(), start=800):
        cloud.refusals["run.namespaces.services.replaceService"] = (403, message)
        done = run(tree, environ, "up", ALERT_EMAIL=KEY["ALERT_EMAIL"], CREDITS_PER_MONTH=str(credits_))
        assert done.returncode == 1
        assert message in done.stderr
        assert advice in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr
