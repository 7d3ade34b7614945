"""`make deploy` says every command before it is run, leaves no setting out, and puts no secret on a command line."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from functions_framework._http.gunicorn import GunicornApplication

from deploy import doctoring, environment, refusals, watching
from deploy.database import MAX_CONNECTIONS, connection_name
from deploy.foundation import QUEUE_LIMITS
from deploy.gcloud import Gcloud
from deploy.release import facts
from deploy.source import ROOT
from deploy.target import FUNCTIONS, Function, Target
from functions.errors import SettingsError
from functions.jobs.new_job import CHUNK_ROWS
from functions.settings import ALLOCATOR, read, variables
from functions.store.database import Store
from functions.task_queue import DISPATCH_DEADLINE_S

SECRET_VALUES = {
    "SLINTEL_API_KEY": "sk-the-key-of-slintel",
    "PEOPLE_DATA_LABS_API_KEY": "the-key-of-people-data-labs",
    "PROSPEO_API_KEY": "the-key-of-prospeo",
    "APOLLO_API_KEY": "the-key-of-apollo",
    "LEADFILL_SECRET_KEY": "Zq3vT8xLw1Yb6Nc0Rk5Jd2Hf9Mg4Ps7A",
    "DATABASE_URL": "postgresql://leadfill:the-password@db.example.com/leadfill?sslmode=verify-full",
}
GIVEN = {"IDENTITY_AUDIENCE": "1-a.apps.googleusercontent.com", "ALLOWED_DOMAINS": "example.com,example.org"}
PLATFORM = {"FUNCTION_TARGET", "THREADS", "WORKERS", "CLOUD_RUN_TIMEOUT_SECONDS", *ALLOCATOR}
"""Variables that functions-framework and gunicorn read, not Leadfill."""


def dry_run(verb: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy", verb, "--project", "demo-project", "--region", "europe-west1"]
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    clean |= {"DRY_RUN": "1", "ALERT_EMAIL": "ops@example.com"} | environ
    return subprocess.run(command, cwd=ROOT, env=clean, text=True, capture_output=True, check=False, timeout=60)


def commands(output: str) -> list[list[str]]:
    """The printed gcloud commands, without what they read from standard input."""
    lines = re.sub(r" <<'END'\n.*?\nEND$", "", output, flags=re.DOTALL | re.MULTILINE)
    lines = lines.replace(" < (a secret, on standard input)", "")
    return [shlex.split(line)[1:] for line in lines.splitlines() if line.startswith("gcloud ")]


@pytest.fixture(scope="module")
def printed() -> str:
    done = dry_run("up", **GIVEN, **SECRET_VALUES)
    assert done.returncode == 0, done.stderr
    return done.stdout


def flag(words: list[str], name: str) -> str:
    return next(word.partition("=")[2] for word in words if word.startswith(f"--{name}="))


def deployed_environment(words: list[str]) -> set[str]:
    plain = flag(words, "set-env-vars").removeprefix("^~~^").split("~~")
    return {pair.partition("=")[0] for pair in [*plain, *flag(words, "set-secrets").split(",")]}


def test_a_dry_run_prints_the_commands_of_every_step(printed: str) -> None:
    steps = (
        "services enable|iam service-accounts create|artifacts repositories create|storage buckets create|"
        "tasks queues create|tasks queues add-iam-policy-binding|secrets create|secrets versions add|builds submit|"
        "run jobs deploy|run jobs execute|scheduler jobs create|logging metrics create|alpha monitoring policies create"
    )
    made = [" ".join(words) for words in commands(printed)]
    for step in steps.split("|"):
        assert any(command.startswith(step) for command in made), step
    services = [words[2] for words in commands(printed) if words[:2] == ["run", "deploy"]]
    assert services == ["leadfill-api", "leadfill-formula", "leadfill-worker", "leadfill-sweep"]
    assert "@google/clasp" in printed


def test_without_a_database_url_a_cloud_sql_instance_is_made() -> None:
    done = dry_run("up", **GIVEN)
    made = [" ".join(words[:3]) for words in commands(done.stdout)]
    assert {"sql instances create", "sql databases create", "sql users create"} <= set(made)


def test_every_variable_is_a_setting_and_every_setting_is_a_variable(printed: str) -> None:
    known = set(variables())
    together: set[str] = set()
    for words in commands(printed):
        if words[:2] == ["run", "deploy"]:
            names = deployed_environment(words)
            assert names <= known | PLATFORM
            assert names >= PLATFORM
            together |= names
    assert together - PLATFORM == known - set(environment.GIVEN_BY_CLOUD_RUN)


def test_each_provider_with_a_key_is_asked_and_only_who_asks_it_gets_the_key() -> None:
    keys = {name: SECRET_VALUES[name] for name in ("PROSPEO_API_KEY", "SLINTEL_API_KEY")}
    done = dry_run("up", **GIVEN, **keys, DATABASE_URL=SECRET_VALUES["DATABASE_URL"])
    deployed = {words[2]: words for words in commands(done.stdout) if words[:2] == ["run", "deploy"]}
    for name, words in deployed.items():
        assert "~~PROVIDERS=slintel,prospeo~~" in flag(words, "set-env-vars")
        held = {pair.partition("=")[0] for pair in flag(words, "set-secrets").split(",")}
        asks = name in {"leadfill-formula", "leadfill-worker"}
        assert held == {"DATABASE_URL", "LEADFILL_SECRET_KEY"} | (set(keys) if asks else set())
    assert "people-data-labs" not in done.stdout


def test_the_deployer_says_in_which_order_providers_are_asked() -> None:
    keys = {name: SECRET_VALUES[name] for name in ("PROSPEO_API_KEY", "SLINTEL_API_KEY")}
    done = dry_run("up", **GIVEN, **keys, PROVIDERS="prospeo,slintel")
    assert done.stdout.count("~~PROVIDERS=prospeo,slintel~~") == len(FUNCTIONS)
    wrong = dry_run("up", **GIVEN, **keys, PROVIDERS="prospeo,hunter")
    assert wrong.returncode != 0
    assert "PROVIDERS must hold names of" in wrong.stderr


def test_no_secret_is_printed_or_stands_on_a_command_line(printed: str) -> None:
    for value in SECRET_VALUES.values():
        assert value not in printed
    assert "the-password" not in printed
    assert "--password" not in printed


def test_nothing_is_open_that_should_be_private(printed: str) -> None:
    ingress = {words[2]: flag(words, "ingress") for words in commands(printed) if words[:2] == ["run", "deploy"]}
    assert ingress == {
        "leadfill-api": "all",
        "leadfill-formula": "all",
        "leadfill-worker": "internal",
        "leadfill-sweep": "internal",
    }


def test_only_the_formula_keeps_its_cpu_after_the_answer(printed: str) -> None:
    throttled = {words[2]: "--cpu-throttling" in words for words in commands(printed) if words[:2] == ["run", "deploy"]}
    assert [name for name, is_throttled in throttled.items() if not is_throttled] == ["leadfill-formula"]
    assert "--no-cpu-throttling" in next(words for words in commands(printed) if words[2:3] == ["leadfill-formula"])


def test_a_private_api_is_checked_by_cloud_run_too() -> None:
    done = dry_run("up", **GIVEN, **SECRET_VALUES, API_PRIVATE="1", ALLOWED_EMAILS="ann@example.net")
    [api] = [words for words in commands(done.stdout) if words[:3] == ["run", "deploy", "leadfill-api"]]
    assert "--invoker-iam-check" in api
    assert flag(api, "set-custom-audiences") == GIVEN["IDENTITY_AUDIENCE"]
    invited = {flag(words, "member") for words in commands(done.stdout) if "--role=roles/run.invoker" in words}
    assert invited == {"domain:example.com", "domain:example.org", "user:ann@example.net"}


def test_a_list_may_be_written_with_blanks_and_capitals() -> None:
    """Cloud Run compares audiences letter by letter, and IAM takes no member with a blank."""
    lists = {"IDENTITY_AUDIENCE": " 1-a.apps.googleusercontent.com , 2-b.apps.googleusercontent.com,"}
    lists |= {"ALLOWED_DOMAINS": "Example.com, example.org"}
    done = dry_run("up", **lists, **SECRET_VALUES, API_PRIVATE="1", ALLOWED_EMAILS="Ann@example.net , bo@example.net")
    [api] = [words for words in commands(done.stdout) if words[:3] == ["run", "deploy", "leadfill-api"]]
    assert flag(api, "set-custom-audiences") == "1-a.apps.googleusercontent.com,2-b.apps.googleusercontent.com"
    invited = {flag(words, "member") for words in commands(done.stdout) if "--role=roles/run.invoker" in words}
    assert invited == {"domain:example.com", "domain:example.org", "user:ann@example.net", "user:bo@example.net"}


@pytest.mark.parametrize(
    ("said", "advised"),
    [
        (
            "PERMISSION_DENIED: Missing necessary permission iam.serviceAccounts.actAs for ann@example.com",
            "Account User",
        ),
        (
            "PERMISSION_DENIED: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x",
            "A policy",
        ),
        ("FAILED_PRECONDITION: 'us' violates constraint 'constraints/gcp.resourceLocations'", "A policy"),
        ("ERROR: Permission denied on 'locations/x' (or it may not exist).", "lacks a right"),
        ("API [run.googleapis.com] not enabled on project [123].", "not switched on"),
        ("ERROR: (gcloud.run.deploy) Image not found.", ""),
    ],
)
def test_a_refusal_is_recognised_in_each_of_googles_spellings(said: str, advised: str) -> None:
    advice = refusals.advice(said)
    assert advised in advice
    assert bool(advice) == bool(advised)


def test_no_role_is_wider_than_its_task(printed: str) -> None:
    roles = {flag(words, "role") for words in commands(printed) if any(word.startswith("--role=") for word in words)}
    assert not {role for role in roles if re.search(r"owner|editor|admin", role)}


def test_what_is_missing_is_named_at_once() -> None:
    done = dry_run("up", FRESH_DAYS="soon")
    assert done.returncode == 1
    assert "FRESH_DAYS must be a number." in done.stderr
    with pytest.raises(SettingsError, match=r"(?s)IDENTITY_AUDIENCE.*ALLOWED_DOMAINS or ALLOWED_EMAILS"):
        environment.chosen({}, {}, Target(project="p", region="r", number="1"))


def test_what_is_deployed_stays_unless_it_is_given_anew() -> None:
    target = Target(project="p", region="r", number="1")
    deployed = {"CREDITS_PER_MONTH": "700", "CREDITS_PER_RUN": "70"}
    values = environment.chosen(GIVEN | {"CREDITS_PER_RUN": "80"}, deployed, target)
    assert (values["CREDITS_PER_MONTH"], values["CREDITS_PER_RUN"], values["FRESH_DAYS"]) == ("700", "80", "180")


def test_the_deployed_settings_are_accepted_by_the_functions(printed: str) -> None:
    for words in commands(printed):
        if words[:2] == ["run", "deploy"]:
            pairs = flag(words, "set-env-vars").removeprefix("^~~^").split("~~")
            settings = read(dict(pair.split("=", 1) for pair in pairs) | SECRET_VALUES | {"K_SERVICE": words[2]})
            assert settings.allowed_domains == ("example.com", "example.org")
            assert settings.worker_url != settings.sweep_url


def test_threads_match_concurrency_and_times_match_their_callers(printed: str) -> None:
    for words in commands(printed):
        if words[:2] == ["run", "deploy"]:
            assert f"~~THREADS={flag(words, 'concurrency')}~~" in flag(words, "set-env-vars")
    by_name = {function.name: function for function in FUNCTIONS}
    assert by_name["worker"].timeout_s >= DISPATCH_DEADLINE_S
    assert 25 < by_name["formula"].timeout_s <= 30
    assert 180 < by_name["api"].timeout_s < 360, "longer than Google reads for, and shorter than the add-on waits"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_the_server_takes_the_threads_and_times_that_cloud_run_counts_on(
    monkeypatch: pytest.MonkeyPatch, function: Function
) -> None:
    for name, value in environment.of_function(function, {}).items():
        monkeypatch.setenv(name, value)
    server = GunicornApplication(None, "127.0.0.1", 8080, debug=False).cfg  # type: ignore[no-untyped-call] # it ships no types
    assert (server.workers, server.threads, server.timeout) == (1, function.concurrency, function.timeout_s)
    # One thread is a plain process; with more, `timeout` is for a process that hangs and ends no request.
    assert server.worker_class_str == ("gthread" if function.concurrency > 1 else "sync")


def test_the_guide_counts_with_what_is_deployed() -> None:
    guide = " ".join((ROOT / "docs" / "deploy.md").read_text(encoding="utf-8").split())
    threads = {function.name: function.concurrency for function in FUNCTIONS}
    assert f"a chunk of {CHUNK_ROWS:,} takes" in guide
    for words in ("{api} for `api`", "{formula} for `formula`", "{worker} chunks for `worker`"):
        assert words.format(**threads) in guide
    for flag_, words in (("max-concurrent-dispatches", "{} chunks at once"), ("max-attempts", "{} attempts")):
        assert words.format(QUEUE_LIMITS[flag_]) in guide


def test_the_database_takes_the_connections_of_all_instances() -> None:
    store = Store("postgresql://nobody@127.0.0.1/none")
    pool = store.engine.pool
    each = pool.size() + pool._max_overflow  # type: ignore[attr-defined] # a QueuePool, which tells only its size
    assert sum(function.max_instances for function in FUNCTIONS) * each <= MAX_CONNECTIONS


def test_the_down_and_doctor_commands_print_too() -> None:
    down = dry_run("down")
    assert "Kept" in down.stdout
    assert "every credit" in down.stdout
    kinds = {" ".join(words[:3]) for words in commands(down.stdout) if "delete" in words}
    assert kinds >= {"scheduler jobs delete", "run services delete", "run jobs delete"}
    assert "tasks queues pause" in down.stdout
    assert not [
        words for words in commands(down.stdout) if words[0] in {"sql", "secrets", "tasks"} and "delete" in words
    ]
    doctor = dry_run("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert len(commands(doctor.stdout)) >= 5


@pytest.mark.parametrize("verb", ["deploy", "undeploy", "doctor"])
def test_make_asks_where_and_prints_every_command(verb: str) -> None:
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    command = ["make", "-s", verb, "DRY_RUN=1", "PROJECT=p"]
    asked = subprocess.run(command, cwd=ROOT, env=clean, text=True, capture_output=True, check=False, timeout=60)
    assert asked.returncode == 2
    assert f"make {verb} PROJECT=my-project REGION=" in asked.stdout
    done = subprocess.run(
        [*command, "REGION=r"], cwd=ROOT, env=clean, text=True, capture_output=True, check=True, timeout=60
    )
    assert len(commands(done.stdout)) > 5
    assert all("--project=p" in words for words in commands(done.stdout))


@pytest.mark.parametrize("off", ["", "0", "false"])
def test_an_empty_switch_is_off(off: str) -> None:
    done = dry_run("up", PATH="/nowhere", DRY_RUN=off, **GIVEN)
    assert done.returncode == 1
    assert "gcloud is not installed" in done.stderr
    printed = dry_run("up", **GIVEN, API_PRIVATE=off).stdout
    assert " --no-invoker-iam-check" in printed
    assert " --invoker-iam-check" not in printed


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "was not checked yet"),
        (
            [{"timestamp": "2026-11-26T10:00:00Z", "jsonPayload": {"does_not_hold": []}}],
            "behaved as Leadfill needs at the latest check",
        ),
        (
            [{"timestamp": "2026-11-26T10:00:00Z", "jsonPayload": {"does_not_hold": ["strict"]}}],
            "found that this does not hold at Google Sheets: “A strict dropdown takes other values",
        ),
    ],
)
def test_the_doctor_tells_what_the_latest_check_has_found(lines: list[dict[str, Any]], sentence: str) -> None:
    class Logged(Gcloud):
        def listed(self, *words: str) -> list[dict[str, Any]]:
            assert words[:2] == ("logging", "read")
            return lines

    assert sentence in doctoring.about_sheets(Logged("demo-project"))


def test_alerts_go_on_reaching_whom_they_reach_where_nobody_new_is_named() -> None:
    channel = "projects/demo-project/notificationChannels/1"

    class Watched(Gcloud):
        def listed(self, *words: str) -> list[dict[str, Any]]:
            if words[0] == "logging":
                return [
                    {"name": f"leadfill-{each.name}", "description": each.title, "filter": watching.log_filter(each)}
                    for each in watching.ALERTS
                ]
            return [watching.policy_of(each, [channel]) | {"name": each.name} for each in watching.ALERTS]

    gcloud = Watched("demo-project")
    watching.watch(gcloud, "")
    assert gcloud.changes == 0


def test_a_socket_is_told_from_a_server() -> None:
    assert connection_name("postgresql://a:b@/leadfill?host=/cloudsql/p:r:leadfill") == "p:r:leadfill"
    assert connection_name("postgresql://a:b@db.example.com/leadfill") == ""


def test_alerts_tell_what_to_do_in_the_runbook() -> None:
    runbook = (Path(ROOT) / "docs" / "production.md").read_text(encoding="utf-8").lower()
    for alert in watching.ALERTS:
        heading = alert.advice.rpartition("docs/production.md, ")[2].rstrip(".")
        assert f"### {heading}" in runbook


def test_a_service_that_was_changed_by_hand_is_seen() -> None:
    service = {
        "metadata": {"name": "leadfill-api", "annotations": {"run.googleapis.com/ingress": "internal"}},
        "spec": {"template": {"metadata": {}, "spec": {"containers": [{"image": "i"}]}}},
    }
    assert facts(service)["ingress"] == "internal"
    assert facts(service)["public"] is False
