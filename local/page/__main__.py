"""`python -m local.page`: prints `{"url": …, "key": …}` and serves; `/?key=…` is the address to open."""

from __future__ import annotations

import secrets

import click

from local.page.door import Door
from local.page.server import Services, application
from local.serving import run


@click.command()
@click.option("--port", default=8080, show_default=True, help="0 takes any free one.")
@click.option("--api", default="http://127.0.0.1:8081", show_default=True, help="URL of the function `api`.")
@click.option("--formula", default="http://127.0.0.1:8082", show_default=True, help="URL of the function `formula`.")
@click.option("--emulator", default="http://127.0.0.1:8085", show_default=True, help="URL of the Sheets emulator.")
@click.option("--issuer", default="http://127.0.0.1:8086", show_default=True, help="URL of the OpenID issuer.")
@click.option("--email", default="you@example.com", show_default=True, help="Who is at the keyboard.")
@click.option("--audience", default="leadfill-local", show_default=True, help="IDENTITY_AUDIENCE of the functions.")
@click.option(
    "--spreadsheet", default="", help="Id of the spreadsheet to open; by default the emulator's first, or a new one."
)
@click.option("--asked", default="", help="The providers that are asked, and whether for real; shown on the page.")
@click.option("--with-parent", is_flag=True, help="Exit when standard input ends.")
def main(
    *,
    port: int,
    api: str,
    formula: str,
    emulator: str,
    issuer: str,
    email: str,
    audience: str,
    spreadsheet: str,
    asked: str,
    with_parent: bool,
) -> None:
    """Serve the sheet for a browser on this machine."""
    key = secrets.token_urlsafe(32)
    services = Services(api=api, formula=formula, emulator=emulator, issuer=issuer)
    run(
        lambda url: application(
            services, Door(url, key), email=email, audience=audience, spreadsheet_id=spreadsheet, asked=asked
        ),
        port=port,
        with_parent=with_parent,
        more={"key": key},
    )


if __name__ == "__main__":
    main()
