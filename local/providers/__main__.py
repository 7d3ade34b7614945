"""`python -m local.providers slintel`: stand-ins of providers as a process; prints `{"url": …}` when they are ready."""

from __future__ import annotations

import click

from local import serving
from local.providers.lifelike import lifelike
from local.providers.server import SHAPES, build
from local.providers.switches import Switches


@click.command()
@click.argument("providers", nargs=-1, type=click.Choice(list(SHAPES)))
@click.option("--port", default=8084, show_default=True, help="Where the first listens; 0 takes a free port.")
@click.option("--at-rest", is_flag=True, help="Start without the limits, the delays and the gaps of the real ones.")
@click.option("--with-parent", is_flag=True, help="End when standard input does: with the process that started this.")
def main(*, providers: tuple[str, ...], port: int, at_rest: bool, with_parent: bool) -> None:
    """Run stand-ins of PROVIDERS on this machine, until Ctrl-C; of all if none is named. Each has its own port."""

    def builder(name: str) -> serving.Build:
        return lambda _url: build(name, Switches() if at_rest else lifelike(name))

    builds = {name: builder(name) for name in providers or SHAPES}
    serving.run_together(builds, port=port, with_parent=with_parent)


if __name__ == "__main__":
    main()
