"""Everything goes wrong at once, seed by seed, and every promise is checked afterwards.

Run: `python -m benchmarks.chaos` (20 seeds, some 15 minutes).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from tests.support.chaos.scenario import chaos, world
from tests.support.chaos.trouble import LOT


@click.command()
@click.option("--seeds", default=20, show_default=True)
@click.option("--first", default=0, show_default=True, help="The first seed.")
@click.option("--rows", type=int, help="Of the larger sheet; by default 300 to 600.")
@click.option("--strikes", default=8, show_default=True, help="Misfortunes a seed, besides what always misbehaves.")
def main(*, seeds: int, first: int, rows: int | None, strikes: int) -> None:
    """Let everything go wrong, seed by seed, and check what is left."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as place:
        for seed in range(first, first + seeds):
            print(chaos(place, seed, rows=rows, strikes=strikes), flush=True)
        print(f"{seeds} seeds: every promise held; what was always so: {LOT}")


if __name__ == "__main__":
    main()
