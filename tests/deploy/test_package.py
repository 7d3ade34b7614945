"""What is uploaded is enough: in a clean environment each entry point starts, and a job and a formula run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
import requests
import sqlalchemy as sa

from deploy.environment import chosen, of_function
from deploy.source import ROOT, files
from deploy.target import FUNCTIONS, Target
from local.ports import free_port
from local.providers.slintel import BASE_PATH
from local.stack import AUDIENCE, Stack, stand_ins
from tests.support.running import Running, attach, slugs

pytestmark = pytest.mark.xdist_group("package")
TARGET = Target(project="demo-project", region="europe-west1", number="123456789012")
SECRET = "Zq3vT8xLw1Yb6Nc0Rk5Jd2Hf9Mg4Ps7A"


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of an environment with requirements.txt and nothing else, as `make test` sets it up."""
    subprocess.run(["make", "-s", ".venv/deployed.stamp"], cwd=ROOT, check=True)
    return ROOT / ".venv" / "deployed" / "bin" / "python"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exactly the upload, laid out as in the cloud."""
    root = tmp_path_factory.mktemp("package")
    for name in files():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture(scope="module")
def database(postgresql: str) -> str:
    name = f"package_{uuid4().hex}"
    server = sa.make_url(postgresql).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


def environment(stack: Stack, database: str, urls: dict[str, str]) -> dict[str, dict[str, str]]:
    """The deploy script's own environment of each function; only the addresses are those of this machine."""
    given = {
        "PROVIDERS": "slintel",
        "SLINTEL_BASE_URL": f"{stack.urls['sandbox']}{BASE_PATH}",
        "SHEETS_API_ENDPOINT": f"{stack.urls['emulator']}/",
        "TASKS_API_ENDPOINT": f"{stack.urls['tasks']}/",
        "IDENTITY_CERTS_URL": f"{stack.urls['issuer']}/certs",
        "IDENTITY_TOKENINFO_URL": f"{stack.urls['issuer']}/tokeninfo",
        "IDENTITY_AUDIENCE": AUDIENCE,
        "ALLOWED_DOMAINS": "example.com",
    }
    plain = chosen(given, {}, TARGET) | {"WORKER_URL": urls["worker"], "SWEEP_URL": urls["sweep"]}
    kept = {"DATABASE_URL": database, "LEADFILL_SECRET_KEY": SECRET, "SLINTEL_API_KEY": "sandbox"}
    return {
        function.name: of_function(function, plain)
        | {name: kept[name] for name in function.secrets if name in kept}
        | {"K_SERVICE": function.service, "PORT": urls[function.name].rpartition(":")[2]}
        for function in FUNCTIONS
    }


@pytest.fixture(scope="module")
def running(python: Path, package: Path, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Every function, each its own process in the package's folder, fed by the emulator of Cloud Tasks."""
    with ExitStack() as closing:
        stack = closing.enter_context(stand_ins(tmp_path_factory.mktemp("home"), {}))
        stack.start_part("tasks", "tests.support.cloud_tasks", "--issuer", stack.urls["issuer"])
        requests.patch(f"{stack.urls['tasks']}/v2/{TARGET.queue}", json={}, timeout=10).raise_for_status()
        urls = {function.name: f"http://127.0.0.1:{free_port(0)}" for function in FUNCTIONS}
        stack.urls |= urls
        clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        migrate = [str(python), "-m", "functions.migrate"]
        subprocess.run(migrate, cwd=package, env=clean | {"DATABASE_URL": database}, check=True)
        environments = environment(stack, database, urls)
        for name, environ in environments.items():
            # As Google's buildpack starts it; everything else comes from the environment.
            command = [str(python.with_name("functions-framework")), "--host", "127.0.0.1"]
            log = closing.enter_context((stack.home / f"{name}.log").open("wb"))
            process = subprocess.Popen(command, cwd=package, env=clean | environ, stdout=log, stderr=log)
            closing.callback(process.wait, 20)
            closing.callback(process.terminate)
            wait_for_port(process, int(environ["PORT"]), stack.home / f"{name}.log")
        stack.environ = environments["worker"]
        yield attach(stack, closing)


def wait_for_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def test_the_package_holds_the_entry_points_and_nothing_of_the_rest(package: Path) -> None:
    assert sorted(path.name for path in package.iterdir()) == ["functions", "main.py", "requirements.txt"]
    assert not list(package.rglob("*.pyc"))


def test_a_job_runs_through_the_deployed_functions(running: Running) -> None:
    people = slugs(5)
    sheet = running.sheet([f"linkedin.com/in/{slug}" for slug in [*people, people[0]]])
    job = running.run(sheet)
    assert job["state"] == "done", job
    assert running.charged(*people) <= 5
    assert sum(job["counts"].values()) == 6


def test_a_formula_is_answered(running: Running) -> None:
    sheet = running.sheet([])
    token = running.formula_token(sheet)["token"]
    body = {"urls": [[f"linkedin.com/in/{slugs(1)[0]}"]], "fields": ["email"]}
    answer = running.ask("POST", "/v1/formula", by="", at="formula", json=body, headers=bearer(token))
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["values"]) == 1


def test_the_doors_are_shut_to_strangers(running: Running) -> None:
    assert running.ask("GET", "/healthz", by="").status_code == 200
    assert running.ask("GET", "/v1/fields", by="").status_code == 401
    for name in ("formula", "worker", "sweep"):
        path = "/v1/formula" if name == "formula" else "/"
        assert running.ask("POST", path, by="", at=name, json={}).status_code in {400, 401}, name
        assert running.ask("POST", path, at=name, json={"urls": [[""]], "fields": ["email"]}).status_code in {401, 403}


def test_the_scheduler_s_identity_may_sweep_and_nobody_elses(running: Running) -> None:
    url = running.stack.environ["SWEEP_URL"]
    report = running.ask("POST", "/", by="", at="sweep", headers=running.service(TARGET.account("queue"), url))
    assert report.status_code == 204, report.text
    another = running.service(TARGET.account("api"), url)
    assert running.ask("POST", "/", by="", at="sweep", headers=another).status_code == 403
    for_worker = running.service(TARGET.account("queue"), running.stack.environ["WORKER_URL"])
    assert running.ask("POST", "/", by="", at="sweep", headers=for_worker).status_code == 401


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
