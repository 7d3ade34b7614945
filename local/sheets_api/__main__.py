"""`python -m local.sheets_api`: the emulator as a process."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from local.serving import run
from local.sheets_api import files
from local.sheets_api.server import application
from local.sheets_api.state import State
from local.sheets_api.users import User
from local.sheets_api.workbook import OWNER, OWNER_TOKEN


@click.command()
@click.option("--port", default=8085, show_default=True, help="0 takes a free one.")
@click.option("--token", "tokens", multiple=True, metavar="TOKEN=EMAIL", help="An access token and whose it is.")
@click.option("--with-parent", is_flag=True, help="End when standard input closes.")
@click.argument("workbooks", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(*, port: int, tokens: tuple[str, ...], with_parent: bool, workbooks: tuple[Path, ...]) -> None:
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
    listed = [{"id": book.id, "title": book.title} for book in state.workbooks.values()]
    more = {"token": next(iter(state.tokens)), "spreadsheets": listed}
    run(lambda _url: application(state), port=port, with_parent=with_parent, more=more)


if __name__ == "__main__":
    main()
