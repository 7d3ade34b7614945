"""`python -m tests.support.cloud_tasks`: prints `{"url": …}` and serves."""

from __future__ import annotations

import click

from local import serving
from tests.support.cloud_tasks.server import application
from tests.support.cloud_tasks.state import State


@click.command()
@click.option("--port", default=8085, show_default=True, help="Where to listen; 0 takes a free port.")
@click.option("--with-parent", is_flag=True, help="End when standard input does: with the process that started this.")
@click.option("--issuer", default="", help="URL of the local issuer, which signs the tokens that tasks carry.")
def main(*, port: int, with_parent: bool, issuer: str) -> None:
    """Run a Cloud Tasks on this machine, until Ctrl-C."""
    serving.run(lambda _url: application(State(issuer=issuer)), port=port, with_parent=with_parent)


if __name__ == "__main__":
    main()
