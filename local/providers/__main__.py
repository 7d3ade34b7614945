"""`python -m local.providers slintel`: a provider's stand-in as a process; prints `{"url": …}` when it is ready."""

from __future__ import annotations

import click

from local import serving
from local.providers.server import SHAPES, build


@click.command()
@click.argument("provider", type=click.Choice(list(SHAPES)))
@click.option("--port", default=8084, show_default=True, help="Where to listen; 0 takes a free port.")
@click.option("--with-parent", is_flag=True, help="End when standard input does: with the process that started this.")
def main(provider: str, port: int, with_parent: bool) -> None:  # noqa: FBT001 - click passes by keyword
    """Run a stand-in of PROVIDER on this machine, until Ctrl-C."""
    serving.run(lambda _url: build(provider), port=port, with_parent=with_parent)


if __name__ == "__main__":
    main()
