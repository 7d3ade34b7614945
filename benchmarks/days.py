"""A run over several days of a provider's daily limit, in simulated time: the real engine, store, queue and sheet.

Run: `python -m benchmarks.days` (some minutes). Nobody acts while it runs; processes and clocks are simulated.
"""

from __future__ import annotations

import time
from math import ceil

import click

from tests.support.days_of_lookups import DAY_S, run_for_days


@click.command()
@click.option("--rows", default=25_000, show_default=True, help="Rows of the sheet, each another person.")
@click.option("--per-day", default=10_000, show_default=True, help="Lookups that the provider allows in a day.")
def main(*, rows: int, per_day: int) -> None:
    """Run over so many rows, and say how many days it took."""
    began_s = time.monotonic()
    days = run_for_days(rows=rows, per_day=per_day, in_cloud=True)
    wanted, last = ceil(rows / per_day), int(days.took_s // DAY_S) + 1
    print(f"{rows:,} rows at {per_day:,} lookups a day: {days.by_day} lookups by day, none refused, each person once")
    print(f"waits: {days.waits} (promised: {wanted - 1}); done on day {last} (promised: {wanted}), ", end="")
    print(f"{days.took_s % DAY_S / 3600:.1f} h into it; {time.monotonic() - began_s:.0f} s of this machine's time")
    assert (days.waits, last) == (wanted - 1, wanted)


if __name__ == "__main__":
    main()
