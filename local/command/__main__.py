"""`leadfill` and its subcommands; `python -m local.command` is the same."""

from __future__ import annotations

import click

from functions.version import VERSION
from local.command.accounts import erase, usage
from local.command.enrich import enrich, plan


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="leadfill")
def main() -> None:
    """Fill lists of LinkedIn URLs with lead data; you never pay for the same person twice."""


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> None:
    """Run all of Leadfill here with a sheet in the browser, as `make run` does."""
    from local.run import main as run  # noqa: PLC0415 - its imports are those of every stand-in

    run.main(args=list(arguments), prog_name="leadfill serve")


for command in (enrich, plan, usage, erase):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="leadfill")
