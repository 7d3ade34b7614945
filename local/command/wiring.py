"""The parts of Leadfill that the command line works with, made from the environment."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from functions import bootstrap, settings
from functions.enrichment.enricher import Enricher
from functions.errors import LeadfillError
from functions.jobs.sweep import release_dead_owners
from functions.jobs.usage import COMMAND_LINE
from functions.providers.provider_settings import with_key
from functions.settings import Settings
from functions.store.database import Store
from local.asked import AskedProviders
from local.command.wording import plain
from local.private_files import only_mine, private_file, private_folder

HOME = Path(".leadfill")
USER = COMMAND_LINE

DONE, REFUSED, STOPPED, INTERRUPTED = 0, 1, 3, 130
EXIT_CODES = {
    DONE: "done",
    REFUSED: "refused, or not finished: the message says why",
    2: "the command was not understood",
    STOPPED: "stopped early by the provider or a cap; what was done is written",
    INTERRUPTED: "interrupted with Ctrl-C; what was done is written",
}

_CLOSED = "Standard output was closed before all was written. The leads that were paid for are kept."


def new_console() -> Console:
    """Return a console on standard error: standard output is for results."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def open_enricher(console: Console, providers: str = "") -> Iterator[Enricher]:
    """Open the enricher of the environment; without an API key, one over a sandbox with a store of its own.

    `providers` is a value of `PROVIDERS`, in place of the environment's.
    """
    only_mine()
    with ExitStack() as stack:
        environ, is_real = dict(os.environ), bool(with_key(os.environ))
        if not is_real:
            from local.providers.client import Sandboxes  # noqa: PLC0415 - only where no key is set

            environ |= stack.enter_context(Sandboxes()).environ | {"DATABASE_URL": _database("sandbox.db")}
        chosen = _settings(environ | ({"PROVIDERS": providers} if providers else {}))
        console.print(AskedProviders(tuple(chosen.providers), is_real=is_real).marked)
        store = stack.enter_context(_opened(chosen))
        release_dead_owners(store, store.clock())  # nobody waits for what died on this machine
        enricher = bootstrap.enricher(chosen, store)
        stack.callback(enricher.close)
        yield enricher


@contextmanager
def open_store() -> Iterator[tuple[Settings, Store]]:
    """Open the settings and the store alone, for what looks nobody up."""
    only_mine()
    environ = dict(os.environ)
    if not with_key(environ):
        environ["DATABASE_URL"] = _database("sandbox.db")
    chosen = _settings(environ)
    with _opened(chosen) as store:
        yield chosen, store


@contextmanager
def interruptible(stop: threading.Event, console: Console) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the run in good order: what is in flight is settled first."""

    def end(_signal: int, _frame: object) -> None:
        if not stop.is_set():
            console.print("[yellow]Stopping: the lookups in flight are settled first …[/]")
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def errors_said(console: Console, *, as_json: bool = False) -> Iterator[None]:
    """Turn what goes wrong into a sentence, `as_json` on standard output as well, and the exit code for it."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except LeadfillError as error:
        sentence, slug = str(error), error.slug
    except BrokenPipeError:
        sentence, slug = _CLOSED, "closed"
    except OSError as error:
        sentence, slug = _disk_sentence(error), "not-written"
    except (KeyboardInterrupt, click.Abort):  # while nothing is looked up; a run ends by itself in good order
        console.print("\n[bold yellow]Interrupted.[/] Nothing more was done or spent.")
        sys.exit(INTERRUPTED)
    else:
        return
    console.print(f"[bold red]Error:[/] {plain(sentence)}")
    try:
        print_json({"error": slug, "detail": sentence} if as_json else None)
        sys.stdout.flush()
    except OSError:  # what it still holds would be tried once more when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(REFUSED)


def print_json(value: Mapping[str, Any] | None) -> None:
    """Print a result for scripts, if there is one."""
    if value is None:
        return
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a byte of a title that is not of its list's encoding, or a narrow terminal
        text = json.dumps(value, indent=2)
    print(text, flush=True)


def _settings(environ: dict[str, str]) -> Settings:
    if not environ.get("DATABASE_URL"):
        environ["DATABASE_URL"] = _database("leadfill.db")
    return settings.read(environ)


def _database(name: str) -> str:
    notice = private_folder(HOME)
    if notice:
        new_console().print(notice)
    return f"sqlite:///{private_file(HOME / name)}"


@contextmanager
def _opened(chosen: Settings) -> Iterator[Store]:
    store = bootstrap.store(chosen)
    try:
        yield store
    finally:
        store.close()


def _disk_sentence(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return (
            "The disk is full. The leads that were paid for are kept; free some space and run the same command again."
        )
    name = str(error.filename or "A file").removesuffix(".part")
    return f"{name} cannot be written ({error.strerror}). The leads that were paid for are kept."
