"""`python -m local.issuer`: prints `{"url": …}` and serves."""

from __future__ import annotations

import click

from local.issuer.app import application
from local.issuer.issuing import Issuer
from local.serving import run


@click.command()
@click.option("--port", default=8086, show_default=True, help="0 takes any free one.")
@click.option("--with-parent", is_flag=True, help="Exit when standard input ends.")
def main(*, port: int, with_parent: bool) -> None:
    """Sign OpenID tokens for this machine."""
    run(lambda url: application(Issuer(url)), port=port, with_parent=with_parent)


if __name__ == "__main__":
    main()
