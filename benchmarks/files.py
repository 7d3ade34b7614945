"""Speed and memory of lists: known people from CSV to CSV against a bare copy, and a workbook against openpyxl.

Run: `python -m benchmarks.files` (some minutes). Every figure is a ratio within this run; each part is a process of
its own, so that its peak memory is its own. Nobody is looked up: the people are known, and no provider is reached.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from functions.credits.lead_status import LeadStatus
from functions.profiles import parse
from functions.store import leads, schema_version
from functions.store.database import Store

ROOT = Path(__file__).parents[1]
PEOPLE = 10_000
"""Different people in the list, unless each row has its own."""
TITLES = ["First Name", "Last Name", "Title", "Company", "Stage", "Person Linkedin Url", "Website", "City", "Country"]
COPY_CSV = """
import csv, sys
paths = sys.argv
options = {"encoding": "utf-8", "newline": ""}
with open(paths[1], **options) as source, open(paths[2], "w", **options) as target:
    csv.writer(target).writerows(csv.reader(source))
"""
COPY_WORKBOOK = """
import sys, openpyxl
openpyxl.load_workbook(sys.argv[1]).save(sys.argv[2])
"""


@dataclass(frozen=True)
class Measured:
    """The cost of a process."""

    wall_s: float
    peak_mb: float


def measure(command: list[str], environment: dict[str, str]) -> Measured:
    """Run a process to its end."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Measured(time.perf_counter() - start, usage.ru_maxrss / 1024)


def row(number: int, person: int) -> list[str]:
    """A row as a CRM exports it."""
    return [
        "Lead",
        f"No {number}",
        "Head of Sales, EMEA",
        f"Company {number % 997}",
        "Cold",
        f"http://www.linkedin.com/in/bench-{person}",
        f"http://www.company-{number % 997}.example",
        "Łódź",
        "Poland",
    ]


def know(path: Path, people: int) -> str:
    """Make a database that knows these people; gives its address."""
    url = f"sqlite:///{path}"
    store = Store(url)
    schema_version.upgrade(store)
    lead = {
        "email": "lead@example.com",
        "lead_title": "Head of Sales",
        "company_name": "Acme",
        "company_size": "51-200",
    }
    found = leads.Known(LeadStatus.FOUND, datetime.now(UTC), packed=leads.pack(msgspec.json.encode(lead)))
    for start in range(0, people, 10_000):
        keys = [parse(f"linkedin.com/in/bench-{person}").key for person in range(start, min(start + 10_000, people))]
        with store.writing() as connection:
            leads.learn(connection, {(key, "slintel"): found for key in keys})
    store.close()
    return url


def list_of(path: Path, rows: int, people: int) -> Path:
    """Write a list in which people repeat in the order of the rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TITLES)
        writer.writerows(row(number, number % people) for number in range(rows))
    return path


def workbook_of(path: Path, rows: int, people: int) -> Path:
    """Write the same as a workbook."""
    import openpyxl  # noqa: PLC0415 - one part needs it

    book = openpyxl.Workbook(write_only=True)
    tab = book.create_sheet("Leads")
    tab.append(TITLES)
    for number in range(rows):
        tab.append(row(number, number % people))
    book.save(path)
    return path


def enrich(path: Path, out: Path, environment: dict[str, str]) -> Measured:
    """Enrich a list of known people."""
    command = ["-m", "local.enrich", str(path), "--yes", "--replace", "--out", str(out)]
    return measure([*command, "--fields", "email,title=lead_title"], environment)


def csv_part(folder: Path, rows: int, people: int, environment: dict[str, str], rounds: int) -> None:
    """CSV to CSV against a bare copy, taking turns; and memory against a tenth of the rows."""
    small, large = list_of(folder / "small.csv", rows // 10, people), list_of(folder / "large.csv", rows, people)
    pairs = []
    for _ in range(rounds):
        bare = measure(["-c", COPY_CSV, str(large), str(folder / "copy.csv")], {})
        pairs.append((enrich(large, folder / "out.csv", environment), bare))
    pairs.sort(key=lambda pair: pair[0].wall_s / pair[1].wall_s)
    ours, bare = pairs[len(pairs) // 2]
    tenth = enrich(small, folder / "small.out.csv", environment)
    print(
        f"{rows:,} rows of {people:,} known people: {ours.wall_s:.1f} s, {rows / ours.wall_s:,.0f} rows/s; "
        f"a bare csv copy {bare.wall_s:.1f} s: {ours.wall_s / bare.wall_s:.2f}x"
    )
    print(
        f" memory {ours.peak_mb:.0f} MB against {tenth.peak_mb:.0f} MB of a tenth: {ours.peak_mb / tenth.peak_mb:.2f}x"
    )


def workbook_part(folder: Path, rows: int, people: int, environment: dict[str, str], rounds: int) -> None:
    """A workbook against load and save of openpyxl, taking turns."""
    path = workbook_of(folder / "large.xlsx", rows, people)
    pairs = []
    for _ in range(rounds):
        bare = measure(["-c", COPY_WORKBOOK, str(path), str(folder / "copy.xlsx")], {})
        pairs.append((enrich(path, folder / "out.xlsx", environment), bare))
    pairs.sort(key=lambda pair: pair[0].wall_s / pair[1].wall_s)
    ours, bare = pairs[len(pairs) // 2]
    print(
        f"{rows:,} rows of .xlsx: {ours.wall_s:.1f} s and {ours.peak_mb:.0f} MB; openpyxl's bare copy "
        f"{bare.wall_s:.1f} s and {bare.peak_mb:.0f} MB: {ours.wall_s / bare.wall_s:.2f}x the time, "
        f"{ours.peak_mb / bare.peak_mb:.2f}x the memory"
    )


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Of the CSV; the workbook has a tenth.")
@click.option("--rounds", default=3, show_default=True, help="Medians over so many pairs.")
@click.option("--only", type=click.Choice(["csv", "distinct", "xlsx"]), help="One part of it.")
def main(rows: int, rounds: int, only: str | None) -> None:
    """Measures CSV and Excel against bare copies."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        environment = {"SLINTEL_API_KEY": "files", "DATABASE_URL": know(folder / "known.db", PEOPLE)}
        if only in {None, "csv"}:
            csv_part(folder, rows, PEOPLE, environment, rounds)
        if only in {None, "xlsx"}:
            workbook_part(folder, rows // 10, PEOPLE, environment, rounds)
        if only in {None, "distinct"}:
            environment["DATABASE_URL"] = know(folder / "all.db", rows)
            csv_part(folder, rows, rows, environment, 1)


if __name__ == "__main__":
    main()
