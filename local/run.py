"""`make run`: the whole of Leadfill on this machine, with a sheet in the browser; until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console

from functions.errors import LeadfillError
from functions.version import VERSION
from local.curl_lines import curl_lines
from local.lists.content import recognise
from local.private_files import only_mine
from local.stack import ROOT, NotStarted, Stack, stack

HOME = ROOT / ".leadfill"
SAMPLE = ROOT / "leads.csv"
PORTS = {"api": 8081, "formula": 8082, "worker": 8083, "sandbox": 8084, "emulator": 8085, "issuer": 8086}
PAGE_PORT = 8080
WATCH_S = 0.5


@click.command()
@click.option("--port", default=PAGE_PORT, show_default=True, help="Port of the page; another one if it is taken.")
@click.option(
    "--home", default=HOME, show_default=".leadfill", type=click.Path(path_type=Path), help="For the database."
)
@click.version_option(VERSION, prog_name="leadfill")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(*, port: int, home: Path, files: tuple[Path, ...]) -> None:
    """Run all of Leadfill here, with FILES (.csv, .xlsx; by default leads.csv) as spreadsheets.

    No account and no key: a sandbox stands in for the providers, an emulator for Google Sheets. With the API key of a
    provider set, such as PROSPEO_API_KEY, people are looked up there for real, and cost credits.
    """
    console = Console(highlight=False, soft_wrap=True)
    only_mine()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        for file in files:
            recognise(file)  # a sentence now, not a part that does not start
        with ExitStack() as closing:
            console.print("Starting …")
            running = closing.enter_context(stack(home, files=files or (SAMPLE,), ports=PORTS, providers=()))
            if running.notice:
                console.print(running.notice)
            page = running.start_page(port)
            _say(console, running, page)
            _watch(console, running, stop)
    except (NotStarted, LeadfillError) as error:
        console.print(f"[bold red]Error:[/] {error}")
        sys.exit(1)
    console.print("Stopped; all processes have ended.")


def _say(console: Console, running: Stack, page: str) -> None:
    console.print(running.asked.marked)
    console.print(f"\n  The sheet:   [bold]{page}[/]   (menu Leadfill, Enrich…)\n")
    lines = curl_lines(running)
    if lines:
        console.print("Without a browser, plan and enrich its rows (for the next hour):\n")
    for line in lines:
        print(line, end="\n\n")
    console.print(f"Logs are in {running.home}. Ctrl-C stops everything.")


def _watch(console: Console, running: Stack, stop: threading.Event) -> None:
    """Until Ctrl-C; a function that dies is started again, as the cloud would."""
    while not stop.wait(WATCH_S):
        for name, part in list(running.parts.items()):
            if part.process is None or part.process.poll() is None:
                continue
            if name not in {"api", "formula", "worker"}:
                raise NotStarted(f"{name} has ended unexpectedly; see {part.log}.")
            console.print(f"[yellow]{name} has ended; it is started again.[/]")
            part.stop()
            running.restart(name)


if __name__ == "__main__":
    main()
