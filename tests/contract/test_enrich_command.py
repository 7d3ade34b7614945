"""`python -m local.enrich`, run as people run it: CSV in, CSV out, and not one credit more, whatever goes wrong."""

from __future__ import annotations

import csv
import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from local.providers.client import Sandbox
from tests.support.command import ROOT, Command, a_list, command, ended, read
from tests.support.waiting import wait_until, wait_until_quiet

__all__ = ["command"]

IMPATIENT = """
from functions.store import database as engine
engine.BUSY_TIMEOUT_S = 0.2
from local.enrich import main
main()
"""
"""The command line that waits for a locked database for a moment only."""


# The main job


def test_the_sample_list_is_enriched(command: Command, sandbox: Sandbox) -> None:
    out = command.folder / "out.csv"
    done = command.run(ROOT / "leads.csv", "--yes", "--out", out)
    assert done.code == 0, done.text
    before, after = read(ROOT / "leads.csv"), read(out)
    assert after[0] == ["Name", "LinkedIn", "Email", "Title", "Company", "Company size", "Source", "Note"]
    assert [[row[0], row[1], *row[6:]] for row in after] == before  # nothing of the list is touched
    assert "60 rows" in done.text
    assert f"Cost: {sandbox.charges()['total']} credits." in done.text
    again = command.run(ROOT / "leads.csv", "--yes", "--out", out)
    assert "It costs at most 0 credits" in again.text
    assert read(out) == after


def test_without_a_key_the_sandbox_answers_and_says_so(command: Command) -> None:
    environment = dict.fromkeys(("SLINTEL_API_KEY", "SLINTEL_BASE_URL", "DATABASE_URL"), "")
    done = command.run(a_list(command.folder, 3), "--yes", environment=environment)
    assert done.code == 0, done.text
    assert "SANDBOX No API key is set: the people are invented, and nothing costs anything." in done.text
    assert "Asked: Slintel → People Data Labs → Prospeo → Apollo." in done.text
    assert any(row[2:6] != [""] * 4 for row in read(command.folder / "leads.enriched.csv")[1:])


def test_with_a_key_only_its_provider_is_asked_and_it_says_so(command: Command) -> None:
    done = command.run(a_list(command.folder, 1), "--dry-run")
    assert "REAL SLINTEL_API_KEY is set: lookups cost credits. Asked: Slintel." in done.text
    both = {"PROSPEO_API_KEY": "team", "PROVIDERS": "prospeo,slintel"}
    done = command.run(a_list(command.folder, 1), "--dry-run", environment=both)
    assert "Asked: Prospeo → Slintel." in done.text
    done = command.run(a_list(command.folder, 1), "--dry-run", environment={"PROVIDERS": "apollo"})
    assert (done.code, "apollo has none, so set APOLLO_API_KEY" in done.text) == (1, True)


def test_the_second_provider_is_asked_where_the_first_has_no_address_and_each_has_its_own_bill(
    command: Command, sandbox: Sandbox
) -> None:
    sandbox.switch(no_email_rate=0.5)
    with Sandbox("prospeo") as second:
        both = {"PROSPEO_API_KEY": "team", "PROSPEO_BASE_URL": second.url}
        source = a_list(command.folder, 40)
        done = command.run(source, "--yes", "--fields", "email", environment=both)
        asked, charged = second.charges()["requests"], second.charges()["total"]
        assert done.code == 0, done.text
        assert "Slintel costs at most 40 credits; the caps leave 5,000 credits." in done.text
        assert "Prospeo costs at most 40 credits; the caps leave 5,000 credits." in done.text
        assert f"Cost: Slintel 40 · Prospeo {charged} credits." in done.text
        assert f"of {asked} lookups found an e-mail, {charged} credits" in done.text
        assert 0 < charged <= asked < 40
        again = command.run(source, "--yes", "--replace", "--fields", "email", environment=both)
        assert "Cost: Slintel 0 · Prospeo 0 credits." in again.text
        assert second.charges()["requests"] == asked
        other = a_list(command.folder, 5, "other", "other.csv")
        done = command.run(other, "--yes", "--max-credits", "slintel=3", environment=both)
        assert "It costs at most 3 credits" in done.text
        assert second.charges()["requests"] == asked, "who is not named may spend nothing"
        done = command.run(other, "--yes", "--providers", "prospeo", "--dry-run", environment=both)
        assert "Asked: Prospeo." in done.text
        for wrong in ("slintel=-1", "hunter=1", "slintel=1,slintel=2", "many", "slintel=1,2"):
            refused = command.run(other, "--max-credits", wrong, environment=both)
            assert (refused.code, "--max-credits" in refused.text) == (2, True), refused.text


def test_one_of_a_thing_is_counted_in_the_singular(command: Command, sandbox: Sandbox) -> None:
    out = command.folder / "out.csv"
    done = command.run(a_list(command.folder, 1), "--yes", "--out", out)
    assert "1 row 1 to look up" in done.text
    assert "It costs at most 1 credit; the caps leave 5,000 credits." in done.text
    assert "1 row: 1 enriched. Cost: 1 credit." in done.text
    assert "/s · 1 credit " in done.text
    two = command.folder / "two.csv"
    two.write_text("linkedin.com/in/ada-1\nlinkedin.com/in/bob-1\n" + "linkedin.com/in/ada-1\n", encoding="utf-8")
    done = command.run(two, "--yes", "--max-credits", 1)
    assert "1 duplicate the same person" in done.text
    assert "Left out: 1 lookup." in done.text
    asked = command.run(a_list(command.folder, 1, "other", "three.csv"))
    assert "whether to spend 1 credit." in asked.text
    sandbox.switch(hang_up_after_rate=1)
    doubt = command.run(a_list(command.folder, 1, "doubt", "four.csv"), "--yes")
    assert "Cost: 0 credits. Up to 1 more credit may have been charged" in doubt.text


def test_it_asks_before_it_spends(command: Command, sandbox: Sandbox) -> None:
    done = command.run(a_list(command.folder, 3))
    assert done.code == 1
    assert "YES=1" in done.text
    assert sandbox.charges()["total"] == 0


def test_a_list_of_people_who_are_known_needs_no_yes(command: Command) -> None:
    command.run(a_list(command.folder, 3), "--yes")
    assert command.run(a_list(command.folder, 3), "--fields", "name").code == 0


def test_a_trial_fills_a_few_rows_says_what_the_rest_costs_and_is_paid_for_once(
    command: Command, sandbox: Sandbox
) -> None:
    path = a_list(command.folder, 30)
    tried = command.run(path, "--yes", "--fields", "name", "--try", "3")
    assert "27 left out" in tried.text
    assert "the rest costs at most 27 credits, likely 27 credits." in tried.text
    assert sandbox.charges()["total"] == 3
    filled = [bool(row[2]) for row in read(command.folder / "leads.enriched.csv")[1:]]
    assert [at for at, is_filled in enumerate(filled) if is_filled] == [0, 10, 20]
    command.run(path, "--yes", "--fields", "name")
    assert sum(bool(row[2]) for row in read(command.folder / "leads.enriched.csv")[1:]) > 20, "as many as have a name"
    assert sandbox.charges()["total"] == 30
    assert "nobody else has to be looked up" in command.run(path, "--yes", "--fields", "title", "--try", "3").text


@pytest.mark.parametrize(
    ("condition", "filled"),
    [
        ("Country is one of Spain; Portugal", [True, False, True, False]),
        ("country IS spain", [True, False, False, False]),
        ("C contains an", [False, True, False, False]),
        ("Country is empty", [False, False, False, True]),
        ("Name is not empty", [False, False, False, False]),
    ],
)
def test_only_rows_that_meet_the_condition_are_filled(
    command: Command, sandbox: Sandbox, condition: str, filled: list[bool]
) -> None:
    path = command.folder / "leads.csv"
    countries = ["Spain", "France", " portugal", ""]
    lines = [f"linkedin.com/in/person-{at},,{country}" for at, country in enumerate(countries)]
    path.write_text("\n".join(["LinkedIn,Name,Country", *lines, ""]))
    condition = condition.replace("C contains an", "3 contains an")
    done = command.run(path, "--yes", "--fields", "name,title", "--only-where", condition)
    assert done.code == 0, done.text
    assert ("not meeting your condition" in done.text) == (not all(filled))
    rows = read(command.folder / "leads.enriched.csv")[1:]
    assert [any(row[1:-1]) for row in rows] == filled
    assert [row[-1] for row in rows] == countries
    assert sandbox.charges()["total"] == sum(filled)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("Country", "must be a column and a condition for it"),
        ("Country is", "takes one value; it has 0"),
        ("Country is one of ;", "takes 1 to 100 values"),
        ("Region is empty", "no column “Region”"),
    ],
)
def test_a_condition_that_makes_no_sense_costs_nothing(
    command: Command, sandbox: Sandbox, condition: str, said: str
) -> None:
    done = command.run(a_list(command.folder, 2), "--yes", "--only-where", condition)
    assert done.code != 0
    assert said in done.text
    assert sandbox.charges()["total"] == 0


def test_duplicates_cost_one_and_junk_costs_nothing(command: Command, sandbox: Sandbox) -> None:
    path = command.folder / "leads.csv"
    path.write_text("LinkedIn\n" + "linkedin.com/in/jane-doe\nhttps://de.linkedin.com/in/JANE-DOE/?a=b\nn/a\n" * 20)
    done = command.run(path, "--yes", "--fields", "email,status")
    assert "40 duplicate" in done.text or "39 duplicate" in done.text
    assert sandbox.charges()["total"] == 1
    assert {tuple(row[2:]) for row in read(command.folder / "leads.enriched.csv")[1:]} == {
        ("enriched",),
        ("known",),
        ("unusable: not a web address",),
    }


# Files as they come


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ","), ("utf-8-sig", ";"), ("utf-8", "\t"), ("utf-16", ";"), ("cp1252", ";")],
)
def test_what_a_spreadsheet_exports_is_read_and_written_alike(command: Command, encoding: str, delimiter: str) -> None:
    path = command.folder / "export.csv"
    rows = [["Näme", "Profil"], ['Jörg "J" Öz', "linkedin.com/in/joerg-oez"], [f"a{delimiter}b\nc", "x"]]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    done = command.run(path, "--yes", "--fields", "name")
    assert done.code == 0, done.text
    start = (command.folder / "export.enriched.csv").read_bytes()[:3]
    assert (start == b"\xef\xbb\xbf") == (encoding in {"utf-8-sig", "cp1252"})  # what lacks letters becomes UTF-8
    after = read(command.folder / "export.enriched.csv", delimiter, encoding.replace("cp1252", "utf-8-sig"))
    assert [row[:2] for row in after] == rows
    assert after[0][2] == "Name"
    assert after[1][2] != ""


@pytest.mark.parametrize(
    "line",
    [
        "'linkedin.com/in/jane-doe'",
        '"""linkedin.com/in/jane-doe"""',
        '"=HYPERLINK(""https://linkedin.com/in/jane-doe"";""Jane"")"',
        "  linkedin.com/in/jane-doe  ",
        '"linkedin.com/in/jane-doe"  ',
    ],
)
def test_odd_quoting_is_read(command: Command, sandbox: Sandbox, line: str) -> None:
    path = command.folder / "leads.csv"
    path.write_text(f"LinkedIn,Note\n{line},x\n")
    done = command.run(path, "--yes", "--url-column", "LinkedIn")
    assert done.code == 0, done.text
    assert sandbox.charges(by="slug") == {"jane-doe": 1}


def test_short_and_blank_rows_keep_their_place(command: Command) -> None:
    path = command.folder / "leads.csv"
    path.write_text("LinkedIn,Note\nlinkedin.com/in/jane-doe\n\n,only a note\nlinkedin.com/in/john-doe,b,surplus\n")
    assert command.run(path, "--yes", "--fields", "status").code == 0
    assert read(command.folder / "leads.enriched.csv") == [
        ["LinkedIn", "Status", "Note"],
        ["linkedin.com/in/jane-doe", "enriched"],
        [],
        ["", "", "only a note"],
        ["linkedin.com/in/john-doe", "enriched", "b", "surplus"],
    ]


def test_what_comes_out_cannot_become_a_formula(command: Command) -> None:
    """The sandbox has a person whose every value begins like one."""
    path = command.folder / "leads.csv"
    path.write_text("LinkedIn\nlinkedin.com/in/odd-lead-1\n")
    assert command.run(path, "--yes", "--fields", "title,company,industry,company_phone,company_city").code == 0
    row = read(command.folder / "leads.enriched.csv")[1]
    assert row[1:4] == ["'@Scale Lead", "'=Equals Studio", "'=SUM(1,2)"]
    assert not [cell for cell in row if cell.startswith(("=", "-", "@", "\t"))]
    assert "+49 30 901820" in row  # a phone number runs nothing, and stays one


def test_other_fields_of_known_people_are_free_and_filled_cells_are_left_alone(
    command: Command, sandbox: Sandbox
) -> None:
    path = command.folder / "leads.csv"
    path.write_text("LinkedIn,Email\nlinkedin.com/in/jane-doe,mine@example.com\nlinkedin.com/in/john-doe,\n")
    assert command.run(path, "--yes", "--fields", "email").code == 0
    assert "2 already filled" in command.run(path, "--yes", "--fields", "email").text
    assert sandbox.charges(by="slug") == {"john-doe": 1}
    after = read(command.folder / "leads.enriched.csv")
    assert after[1] == ["linkedin.com/in/jane-doe", "mine@example.com"]
    assert "@" in after[2][1]


def test_a_list_of_whose_people_nothing_more_is_known_is_finished(command: Command, sandbox: Sandbox) -> None:
    path, people = a_list(command.folder, 12), 12
    command.run(path, "--yes", "--fields", "name,skills")
    after = read(command.folder / "leads.enriched.csv")
    lacking = [row for row in after[1:] if not row[3]]
    assert 0 < len(lacking) < people
    assert f"{people} already filled" in command.run(path, "--yes", "--fields", "name,skills").text
    assert read(command.folder / "leads.enriched.csv") == after
    more = command.run(path, "--yes", "--fields", "name,skills,title").text
    header, *rows = read(command.folder / "leads.enriched.csv")
    untitled = [row for row in rows if not row[header.index("Title")]]
    assert 0 < len(untitled) < people
    assert f"{people - len(untitled)} known" in more
    assert sandbox.charges()["total"] == people


# What cannot be used: a sentence, an exit code, nothing lost, nothing spent

Make = Callable[[Path], Sequence[object]]


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def a_link_to_itself(folder: Path) -> Path:
    path = folder / "unreadable.csv"
    path.symlink_to(path)
    return path


def not_a_database(folder: Path) -> Path:
    text(folder / "leadfill.db", "This is no database. " * 100)
    return a_list(folder, 3)


REFUSED: dict[str, tuple[Make, str]] = {
    "no such file": (lambda folder: [folder / "none.csv"], "There is no file"),
    "a folder": (lambda folder: [folder], "is a folder"),
    "an unreadable file": (lambda folder: [a_link_to_itself(folder)], "cannot be read"),
    "an empty file": (lambda folder: [text(folder / "a.csv", "")], "is empty: there is no row to enrich"),
    "blank rows only": (lambda folder: [text(folder / "a.csv", "\n , \n\n")], "is empty"),
    "a header and no rows": (lambda folder: [text(folder / "a.csv", "Name,LinkedIn\n")], "has a header but no rows"),
    "no column of URLs": (
        lambda folder: [text(folder / "a.csv", "Name,Company\nJane,Slintel\n")],
        "No column of",
    ),
    "a column that is not there": (
        lambda folder: [a_list(folder, 3), "--url-column", "Profile"],
        "has no column 'Profile'. Its columns are: No, LinkedIn.",
    ),
    "an unknown field": (lambda folder: [a_list(folder, 3), "--fields", "emial"], "did you mean `email`?"),
    "no field": (lambda folder: [a_list(folder, 3), "--fields", " , "], "No field is chosen"),
    "a broken expression": (lambda folder: [a_list(folder, 3), "--fields", "Skill=skills["], "The expression of"),
    "the result over the list itself": (
        lambda folder: [a_list(folder, 3), "--out", folder / "leads.csv"],
        "name another file",
    ),
    "a folder for the result that is not there": (
        lambda folder: [a_list(folder, 3), "--out", folder / "none" / "out.csv"],
        "There is no folder",
    ),
    "a database that is none": (lambda folder: [not_a_database(folder)], "damaged or not a database"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_costs_nothing_and_says_what_to_do(command: Command, sandbox: Sandbox, case: str) -> None:
    make, sentence = REFUSED[case]
    arguments = make(command.folder)
    before = {path: path.read_bytes() for path in command.folder.glob("*.csv") if path.is_file()}
    done = command.run(*arguments, "--yes")
    assert done.code == 1
    assert "Error:" in done.text
    assert sentence in done.text
    assert "Traceback" not in done.text
    assert sandbox.charges()["requests"] == 0
    assert {path: path.read_bytes() for path in command.folder.glob("*.csv") if path.is_file()} == before
    assert not list(command.folder.glob("*.part"))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SLINTEL_CONCURRENCY", "many", "SLINTEL_CONCURRENCY must be a number"),
        ("SLINTEL_BASE_URL", "http://slintel.example", "SLINTEL_BASE_URL must begin with https://"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL cannot be understood"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all.db", "database file cannot be opened"),
    ],
)
def test_a_wrong_setting_names_itself(command: Command, name: str, value: str, sentence: str) -> None:
    done = command.run(a_list(command.folder, 3), "--yes", environment={name: value})
    assert done.code == 1
    assert sentence in done.text
    assert "Traceback" not in done.text


def test_after_a_days_limit_it_says_when_to_go_on_and_does(command: Command) -> None:
    path = a_list(command.folder, 12)
    done = command.run(path, "--yes", environment={"SLINTEL_PER_DAY": "5"})
    assert "The limit of Slintel is reached until" in done.text
    assert "Then run the same command again" in done.text
    assert done.code == 3, done.text
    done = command.run(path, "--yes", environment={"SLINTEL_PER_DAY": "100"})
    assert done.code == 0, done.text
    assert command.totals() == (12, 0)


def test_a_rejected_key_stops_the_run_with_a_sentence(command: Command, sandbox: Sandbox) -> None:
    done = command.run(a_list(command.folder, 50), "--yes", environment={"SLINTEL_API_KEY": "bad-key"})
    assert done.code == 3
    assert "check SLINTEL_API_KEY" in done.text
    assert "50 cancelled" in done.text
    assert sandbox.charges()["requests"] <= 4


@pytest.fixture
def locked(command: Command) -> Iterator[sqlite3.Connection]:
    command.run(a_list(command.folder, 1, prefix="first"), "--yes")
    with closing(sqlite3.connect(command.database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield connection
        connection.execute("ROLLBACK")


@pytest.mark.usefixtures("locked")
def test_a_locked_database_is_said_and_nothing_is_asked(command: Command, sandbox: Sandbox) -> None:
    done = command.run(a_list(command.folder, 3), "--yes", "--replace", script=IMPATIENT)
    assert done.code == 1
    assert "Another process has locked the database" in done.text
    assert sandbox.charges()["requests"] == 1  # the first list's


def test_a_read_only_database_is_said_and_nothing_is_asked(command: Command, sandbox: Sandbox) -> None:
    command.run(a_list(command.folder, 1, prefix="first"), "--yes")
    url = f"sqlite:///file:{command.database}?mode=ro&uri=true"
    done = command.run(a_list(command.folder, 3), "--yes", "--replace", environment={"DATABASE_URL": url})
    assert done.code == 1
    assert "The database is read-only" in done.text
    assert sandbox.charges()["requests"] == 1


def limited(bytes_: int) -> Callable[[], None]:
    """No file of the process grows beyond this: what a full disk looks like from inside."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))

    return limit


def test_a_full_disk_loses_nothing_that_was_paid_for(command: Command, sandbox: Sandbox) -> None:
    """First the database cannot grow, then there is room again: no person is paid for twice."""
    path = a_list(command.folder, 400, prefix="huge-lead")
    done = command.run(path, "--yes", preexec_fn=limited(600_000))
    assert done.code == 1
    assert "disk" in done.text
    assert "Traceback" not in done.text
    assert not (command.folder / "leads.enriched.csv").exists()
    charged, in_doubt = command.totals()
    assert 0 < charged <= sandbox.charges()["total"] < 400
    again = command.run(path, "--yes")
    assert again.code == 0, again.text
    charged, in_doubt = command.totals()
    assert charged <= sandbox.charges()["total"] <= charged + in_doubt
    assert max(sandbox.charges(by="slug").values()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_result_that_cannot_be_written_keeps_what_was_paid_for(command: Command, sandbox: Sandbox) -> None:
    (command.folder / "out.csv.part").symlink_to("/dev/full")
    path = a_list(command.folder, 300)
    done = command.run(path, "--yes", "--out", command.folder / "out.csv")
    assert done.code == 1
    assert "The disk is full" in done.text
    assert command.totals() == (sandbox.charges()["total"], 0)
    assert command.run(path, "--yes", "--out", command.folder / "out.csv").code == 0
    assert sandbox.charges()["total"] == 300


# Ended half-way, and started again


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_settles_and_goes_on_where_it_was(command: Command, sandbox: Sandbox, number: int) -> None:
    sandbox.switch(latency_s=0.05)
    path = a_list(command.folder, 300)
    process = command.start(path, "--yes")
    wait_until(lambda: sandbox.charges()["total"] >= 20)
    process.send_signal(number)
    done = ended(process)
    assert done.code == 130
    assert "Run the same command again" in done.text
    paid = sandbox.charges()["total"]
    assert 20 <= paid < 300
    assert command.totals() == (paid, 0)
    sandbox.switch(latency_s=0.0)
    again = command.run(path, "--yes")
    assert again.code == 0
    assert f"{300 - paid} to look up" in again.text
    assert sandbox.charges()["total"] == 300
    assert command.totals() == (300, 0)


def test_killed_it_pays_for_nobody_twice(command: Command, sandbox: Sandbox) -> None:
    sandbox.switch(latency_s=0.05)
    path = a_list(command.folder, 200)
    process = command.start(path, "--yes")
    wait_until(lambda: sandbox.charges()["total"] >= 20)
    process.kill()
    ended(process)
    wait_until_quiet(sandbox)
    sandbox.switch(latency_s=0.0)
    done = command.run(path, "--yes")
    assert done.code == 0
    charged, in_doubt = command.totals()
    assert charged <= sandbox.charges()["total"] <= charged + in_doubt
    assert charged + in_doubt == 200
    assert max(sandbox.charges(by="slug").values()) == 1
    assert f"{in_doubt} in doubt" in done.text
    retried = command.run(path, "--yes", "--retry-in-doubt")
    assert command.totals()[0] == 200, retried.text


def test_it_goes_on_with_the_other_providers_where_that_is_allowed(
    command: Command, sandbox: Sandbox, prospeo: Sandbox
) -> None:
    sandbox.switch(quota=3)
    both = {"PROSPEO_API_KEY": "team", "PROSPEO_BASE_URL": prospeo.url}
    path = a_list(command.folder, 12)
    stopped = command.run(path, "--yes", environment=both)
    assert stopped.code == 3
    assert "GO_ON=1 (--go-on) goes on with the other providers" in stopped.text
    assert prospeo.charges()["requests"] <= 3
    went_on = command.run(path, "--yes", "--go-on", environment=both)
    assert went_on.code == 0, went_on.text
    assert sandbox.charges()["total"] == 3
    assert prospeo.charges()["requests"] >= 9


def test_the_ceiling_holds_and_says_whom_it_left_out(command: Command, sandbox: Sandbox) -> None:
    done = command.run(a_list(command.folder, 30), "--yes", "--max-credits", 7)
    assert "Left out: 23 lookups." in done.text
    assert done.code == 3
    assert "7 enriched" in done.text
    assert "23 cancelled" in done.text
    assert sandbox.charges()["total"] == 7


def test_two_processes_over_one_list_pay_once(command: Command, sandbox: Sandbox) -> None:
    sandbox.switch(latency_s=0.01)
    path = a_list(command.folder, 120)
    runs = [command.start(path, "--yes", "--out", command.folder / f"{number}.csv") for number in range(2)]
    assert [ended(run).code for run in runs] == [0, 0]
    assert sandbox.charges()["total"] == 120
    assert max(sandbox.charges(by="slug").values()) == 1
    assert command.totals() == (120, 0)
    assert read(command.folder / "0.csv") == read(command.folder / "1.csv")


def test_an_answer_that_was_charged_but_unreadable_is_asked_again_only_where_somebody_says_so(
    command: Command, sandbox: Sandbox
) -> None:
    path = a_list(command.folder, 1, prefix="zq-broken-lead")
    for arguments, charged in (((), 1), ((), 1), (("--retry-in-doubt",), 2)):
        done = command.run(path, "--yes", *arguments)
        assert sandbox.charges()["total"] == charged, done.text


def test_only_a_lead_has_a_time_at_which_it_was_given(command: Command) -> None:
    path = command.folder / "leads.csv"
    path.write_text("LinkedIn\nlinkedin.com/in/zq-not-found\nlinkedin.com/in/zq-somebody\n", encoding="utf-8")
    command.run(path, "--yes", "--fields", "status,enriched_at")
    missing, found = read(command.folder / "leads.enriched.csv")[1:]
    assert missing[1:] == ["not found", ""]
    assert found[1] == "enriched"
    assert found[2]
