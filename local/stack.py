"""All of Leadfill on this machine: issuer, providers' sandbox, Sheets emulator and functions, as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from functions.providers.provider_settings import waterfall_of, with_key
from functions.settings import ALLOCATOR
from functions.store import schema_version
from functions.store.database import Store
from local import secret
from local.asked import AskedProviders
from local.ports import HOST, free_port, listens
from local.private_files import UMASK, private_file, private_folder
from local.providers.client import environ_of, without_limits

ROOT = Path(__file__).parent.parent
REST = "--at-rest"
AT_REST = ("slintel", REST)
"""One provider without limits and delays: for tests and benchmarks, which set their own."""
AUDIENCE = "leadfill-local"
PERSON = "you@example.com"
WORKER = "worker@leadfill-local.iam.gserviceaccount.com"
START_WITHIN_S = 60.0
STEERED_WITHIN_S = 120.0


class NotStarted(RuntimeError):
    """A part of the stack did not start."""


@dataclass(slots=True)
class Part:
    """A process of the stack."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    """The file of its standard error."""
    url: str = ""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it."""
        with private_file(self.log).open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=dict(self.environ),
                umask=UMASK,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def first_line(self) -> dict[str, Any]:
        """Return what it prints when it is ready.

        Raises:
            NotStarted: it ended first.
        """
        line = self.process.stdout.readline() if self.process and self.process.stdout else b""
        if not line:
            raise NotStarted(f"{self.name} did not start; the end of {self.log} says why.")
        found: dict[str, Any] = json.loads(line)
        return found

    def stop(self, *, kill: bool = False) -> None:
        """Ends it: politely, or as a machine that loses its power."""
        if self.process is None:
            return
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        (self.process.kill if kill else self.process.terminate)()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


@dataclass(slots=True)
class Stack:
    """The parts that run, and their addresses."""

    home: Path
    secret: str
    """The secret that steers the stand-ins, and has the issuer make tokens."""
    notice: str = ""
    """A sentence for the person about the folder; often empty."""
    environ: dict[str, str] = field(default_factory=dict)
    """Of the functions."""
    urls: dict[str, str] = field(default_factory=dict)
    """By part: `issuer`, `sandbox` (not with a real key), `emulator`, `api`, `formula`, `worker`; and by provider."""
    parts: dict[str, Part] = field(default_factory=dict)
    asked: AskedProviders = field(default_factory=lambda: AskedProviders((), is_real=False))
    """The providers."""
    spreadsheet_id: str = ""
    """Of the first file."""
    page: str = ""
    """The address to open in a browser, once the page is started."""
    tab: str = "Sheet1"
    """Its first tab."""

    def start_part(self, name: str, module: str, *arguments: str, port: int = 0) -> dict[str, Any]:
        """Starts a stand-in of this machine (`python -m local.…`), and gives what it prints when it is ready.

        Raises:
            NotStarted: it ended first.
        """
        command = [sys.executable, "-m", module, "--port", str(free_port(port)), "--with-parent", *arguments]
        part = Part(name, command, secret.environ_of_stand_in(self.secret), self.home / f"{name}.log")
        part.start()
        self.parts[name] = part
        said = part.first_line()
        self.urls[name] = said["url"]
        return said

    def start_page(self, port: int = 0) -> str:
        """Starts the sheet in the browser; gives the address to open, which holds the key to it.

        Raises:
            NotStarted: it ended first.
        """
        options = [f"--{name}={self.urls[name]}" for name in ("api", "formula", "emulator", "issuer")]
        options += [f"--asked={self.asked.word}: {self.asked.waterfall}"]
        options += [f"--email={PERSON}", f"--audience={AUDIENCE}", f"--spreadsheet={self.spreadsheet_id}"]
        said = self.start_part("page", "local.page", *options, port=port)
        self.page = f"{said['url']}/?key={said['key']}"
        return self.page

    def start_function(self, target: str, port: int, name: str = "") -> None:
        """Starts an entry point with functions-framework, and waits until it listens.

        Args:
            target: which entry point.
            port: where.
            name: of the process; by default the target's.

        Raises:
            NotStarted: it ended, or does not listen.
        """
        name = name or target
        program = str(Path(sys.executable).with_name("functions-framework"))
        command = [program, "--target", target, "--host", HOST, "--port", str(port)]
        part = Part(name, command, self.environ, self.home / f"{name}.log", f"http://{HOST}:{port}")
        part.start()
        self.parts[name], self.urls[name] = part, part.url
        until = time.monotonic() + START_WITHIN_S
        while not listens(port):
            if part.process is None or part.process.poll() is not None or time.monotonic() > until:
                raise NotStarted(f"The function {name} did not start; the end of {part.log} says why.")
            time.sleep(0.05)

    def start_functions(self, ports: Mapping[str, int], settings: Mapping[str, str]) -> None:
        """Makes the tables once, then starts a function at each port: `worker-1` is an instance of `worker`.

        Args:
            ports: by name of the process.
            settings: environment variables, added to `environ`.

        Raises:
            NotStarted: one ended, or does not listen.
        """
        self.environ |= settings
        opened = Store(self.environ["DATABASE_URL"])
        schema_version.upgrade(opened)
        opened.close()
        for name, port in ports.items():
            self.start_function(name.partition("-")[0], port, name)

    def restart(self, name: str) -> None:
        """Starts a function again that has died or was stopped."""
        self.start_function(name.partition("-")[0], int(self.urls[name].rpartition(":")[2]), name)

    def identity_token(self, email: str = PERSON) -> str:
        """A person's OpenID token."""
        return str(self.steer("issuer", "POST", "token", {"email": email, "aud": AUDIENCE})["token"])

    def sheets_token(self, email: str = PERSON, spreadsheets: str | list[str] = "*") -> str:
        """A person's access token for the Sheets emulator, which the issuer knows as this person's."""
        token = str(self.steer("issuer", "POST", "access-token", {"email": email, "aud": AUDIENCE})["token"])
        body = {"token": token, "email": email, "spreadsheets": spreadsheets}
        self.steer("emulator", "POST", "_emulator/tokens", body)
        return token

    def steer(self, name: str, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Asks a stand-in for what only the holder of the stack's secret may; gives its answer."""
        proof = {secret.HEADER: self.secret}
        answer = requests.request(
            method, f"{self.urls[name]}/{path}", json=body, headers=proof, timeout=STEERED_WITHIN_S
        )
        answer.raise_for_status()
        return answer.json()

    def close(self) -> None:
        """Ends every process, the newest first."""
        for part in reversed(list(self.parts.values())):
            part.stop()


@contextmanager
def stack(
    home: Path,
    *,
    files: Sequence[Path] = (),
    ports: Mapping[str, int] | None = None,
    providers: Sequence[str] = AT_REST,
    **settings: str,
) -> Iterator[Stack]:
    """Runs everything while the block runs, with one worker that takes its work from the store.

    Args:
        home: where the database and the local secret are kept.
        files: .csv and .xlsx files to open in the emulator.
        ports: wanted ports, by name; others, and those that are taken, are free ones.
        providers: the arguments of the stand-ins that are started if there is no real key.
        settings: further environment variables of the functions.

    Raises:
        NotStarted: a part did not start.
    """
    wanted = dict(ports or {})
    with stand_ins(home, settings, files=files, ports=wanted, providers=providers) as running:
        addresses = {name: free_port(wanted.get(name, 0)) for name in ("api", "formula", "worker")}
        worker = f"http://{HOST}:{addresses['worker']}"
        running.start_functions(addresses, {"WORKER_URL": worker, "SWEEP_URL": worker} | settings)
        yield running


@contextmanager
def stand_ins(
    home: Path,
    settings: Mapping[str, str],
    *,
    files: Sequence[Path] = (),
    ports: Mapping[str, int] | None = None,
    providers: Sequence[str] = AT_REST,
) -> Iterator[Stack]:
    """Runs the issuer, the Sheets emulator and, without a real key, the sandbox while the block runs; no function yet.

    Arguments and errors are those of `stack`; `environ` says where the functions find the stand-ins.
    """
    notice = private_folder(home)
    wanted = dict(ports or {})
    with ExitStack() as closing:
        running = Stack(home, secret.kept_in(home / "stack-secret"), notice)
        closing.callback(running.close)
        running.start_part("issuer", "local.issuer", port=wanted.get("issuer", 0))
        environ = dict(os.environ) | dict(settings)
        if not with_key(environ):
            urls = running.start_part("sandbox", "local.providers", *providers, port=wanted.get("sandbox", 0))["urls"]
            running.urls |= urls
            environ |= environ_of(urls)
            if REST in providers:
                environ = without_limits(urls) | environ
        running.asked = AskedProviders(tuple(waterfall_of(environ)), is_real="sandbox" not in running.urls)
        said = running.start_part("emulator", "local.sheets_api", *map(str, files), port=wanted.get("emulator", 0))
        if said.get("spreadsheets"):
            running.spreadsheet_id = said["spreadsheets"][0]["id"]
        running.environ |= _environ(running, environ)
        yield running


def _environ(running: Stack, environ: dict[str, str]) -> dict[str, str]:
    """The functions' environment on this machine."""
    home = running.home
    if "sandbox" in running.urls:
        # Invented people never mix with real ones.
        environ |= {"DATABASE_URL": f"sqlite:///{private_file(home / 'sandbox.db')}"}
    else:
        environ.setdefault("DATABASE_URL", f"sqlite:///{private_file(home / 'leadfill.db')}")
    environ.setdefault("SHEETS_CALLS_PER_MINUTE", "0")  # the emulator bears any pace
    return (
        environ
        | ALLOCATOR
        | {
            "SHEETS_API_ENDPOINT": f"{running.urls['emulator']}/",
            "IDENTITY_AUDIENCE": AUDIENCE,
            "IDENTITY_CERTS_URL": f"{running.urls['issuer']}/certs",
            "IDENTITY_TOKENINFO_URL": f"{running.urls['issuer']}/tokeninfo",
            "ALLOWED_DOMAINS": "example.com",
            "LEADFILL_SECRET_KEY": secret.kept_in(home / "secret"),
            "WORKER_SERVICE_ACCOUNT": WORKER,
            "PYTHONUNBUFFERED": "1",
        }
    )
