"""`python -m local.slintel_sandbox`: the sandbox as a process; prints `{"url": …}` when it is ready."""

from __future__ import annotations

import click

from local import serving
from local.slintel_sandbox.server import build


@click.command()
@click.option("--port", default=8084, show_default=True, help="Where to listen; 0 takes a free port.")
@click.option("--with-parent", is_flag=True, help="End when standard input does: with the process that started this.")
def main(port: int, with_parent: bool) -> None:  # noqa: FBT001 - click passes by keyword
    """Run a Slintel on this machine, until Ctrl-C."""
    serving.run(build, port=port, with_parent=with_parent)


if __name__ == "__main__":
    main()
