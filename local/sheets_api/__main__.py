"""`python -m local.sheets_api`: the emulator as a process."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
import threading
from pathlib import Path

import click

from local.sheets_api import files, server
from local.sheets_api.state import State
from local.sheets_api.users import User
from local.sheets_api.workbook import OWNER, OWNER_TOKEN


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8085, show_default=True, help="0 takes a free one.")
@click.option("--token", "tokens", multiple=True, metavar="TOKEN=EMAIL", help="An access token and whose it is.")
@click.option("--with-parent", is_flag=True, help="End when standard input closes.")
@click.argument("workbooks", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(host: str, port: int, tokens: tuple[str, ...], with_parent: bool, workbooks: tuple[Path, ...]) -> None:  # noqa: FBT001  # click passes flags by name
    """Serve the Sheets API v4 on this machine, with these .xlsx and .csv files as spreadsheets.

    Prints one JSON line: {"url", "token", "spreadsheets": [{"id", "title"}]}.
    """
    gc.set_threshold(200_000, 20, 100)  # the usual ones look through a million rows again and again: three times slower
    state = State()
    for text in tokens or (f"{OWNER_TOKEN}={OWNER}",):
        token, _, email = text.partition("=")
        state.tokens[token] = User(email or OWNER)
    for path in workbooks:
        workbook = files.load(path)
        state.workbooks[workbook.id] = workbook
    asyncio.run(_serve(state, host, port, with_parent=with_parent))


async def _serve(state: State, host: str, port: int, *, with_parent: bool) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner, port = await server.start(state, host, port)
    listed = [{"id": book.id, "title": book.title} for book in state.workbooks.values()]
    line = {"url": f"http://{host}:{port}", "token": next(iter(state.tokens)), "spreadsheets": listed}
    print(json.dumps(line), flush=True)
    if with_parent:
        threading.Thread(target=_wait_for_parent, args=(loop, stop), daemon=True).start()
    await stop.wait()
    await runner.cleanup()


def _wait_for_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    main()
