"""The command `leadfill` with lists as people have them: what is asked, what is written, what is kept, what is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from local.providers.client import Sandbox
from tests.support.command import ROOT, Command, a_list, command, ended, read
from tests.support.costly_expressions import COSTLY

__all__ = ["command"]

LEADFILL = "local.command"
HIDDEN = ROOT / "tests" / "lists" / "files" / "filtered-and-hidden.xlsx"
CONNECTIONS = ROOT / "tests" / "lists" / "files" / "linkedin-connections.csv"


def test_linkedins_own_export_is_enriched_below_its_notes(command: Command, sandbox: Sandbox) -> None:
    out = command.folder / "out.csv"
    done = command.run(CONNECTIONS, "--yes", "--fields", "name", "--out", out)
    assert done.code == 0, done.text
    before, after = CONNECTIONS.read_text(encoding="utf-8"), out.read_text(encoding="utf-8")
    assert after.split("First Name", 1)[0] == before.split("First Name", 1)[0]
    assert read(out)[3][:4] == ["First Name", "Last Name", "URL", "Name"]
    assert "The header is row 4" in done.text
    assert sandbox.charges(by="slug") == {"lead-01": 1, "lead-02": 1}


def test_one_stray_byte_asks_for_nobody_else(command: Command, sandbox: Sandbox) -> None:
    """A UTF-8 file with one byte of another origin stays UTF-8: the person is asked for by the name in the URL."""
    path = ROOT / "tests" / "lists" / "files" / "stray-byte.csv"
    done = command.run(path, "--yes", "--fields", "email", "--out", command.folder / "out.csv")
    assert done.code == 0, done.text
    assert sandbox.charges(by="slug") == {"mü-lead-01": 1, "lead-02": 1}
    after = (command.folder / "out.csv").read_bytes()
    assert b"Caf\xe9," in after
    assert "Łódź".encode() in after


def test_every_letter_can_be_written_into_the_result_of_an_older_encoding(command: Command) -> None:
    path = command.folder / "leads.csv"
    path.write_bytes("Stadt;LinkedIn\r\nMünchen;linkedin.com/in/lead-01\r\n".encode("cp1252"))
    done = command.run(path, "--yes", "--fields", "Letters=join('', ['Ł', 'Ż', '日'])")
    assert done.code == 0, done.text
    assert "The result is UTF-8" in done.text
    after = (command.folder / "leads.enriched.csv").read_bytes()
    assert after.startswith(b"\xef\xbb\xbf")
    assert after.decode("utf-8-sig").splitlines()[1].startswith("München;linkedin.com/in/lead-01;")
    assert "?" not in after.decode()


def test_rows_of_the_result_are_rows_of_the_list_whatever_a_quote_does(command: Command, sandbox: Sandbox) -> None:
    path = ROOT / "tests" / "lists" / "files" / "stray-quote.csv"
    done = command.run(path, "--yes", "--fields", "email", "--out", command.folder / "out.csv")
    assert done.code == 0, done.text
    assert "The quote in line 3 is not closed" in done.text
    assert len(read(command.folder / "out.csv")) == 6
    assert sandbox.charges()["total"] == 5


def test_a_second_run_keeps_what_was_corrected_by_hand(command: Command, sandbox: Sandbox) -> None:
    """Also where the result is a link into another folder, which stays one."""
    path, result = a_list(command.folder, 3), command.folder / "leads.enriched.csv"
    (command.folder / "shared").mkdir()
    result.symlink_to(command.folder / "shared" / "team.csv")
    assert command.run(path, "--yes", "--fields", "email").code == 0
    rows = read(result)
    rows[1][2] = "corrected@example.com"
    result.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    done = command.run(path, "--yes", "--fields", "email,title")
    assert done.code == 0, done.text
    assert "exists already: it is added to" in done.text
    after = read(result)
    assert after[0] == ["No", "LinkedIn", "Title", "Email"]
    assert after[1][3] == "corrected@example.com"
    assert [row[3] for row in after] == [row[2] for row in rows]
    assert sandbox.charges()["total"] == 3
    assert result.is_symlink()
    assert [each.name for each in (command.folder / "shared").iterdir()] == ["team.csv"]


def test_rows_that_the_list_has_got_since_are_added_to_the_result(command: Command, sandbox: Sandbox) -> None:
    result = command.folder / "leads.enriched.csv"
    assert command.run(a_list(command.folder, 2), "--yes", "--fields", "email").code == 0
    first = read(result)
    done = command.run(a_list(command.folder, 4), "--yes", "--fields", "email")
    assert done.code == 0, done.text
    after = read(result)
    assert after[:3] == first
    assert [row[1] for row in after[3:]] == ["linkedin.com/in/person-2", "linkedin.com/in/person-3"]
    assert sandbox.charges()["total"] == 4


def test_a_result_of_another_list_is_not_touched(command: Command, sandbox: Sandbox) -> None:
    result = command.folder / "leads.enriched.csv"
    assert command.run(a_list(command.folder, 2), "--yes", "--fields", "email").code == 0
    before = result.read_bytes()
    path = a_list(command.folder, 2, prefix="other")
    done = command.run(path, "--yes", "--fields", "email")
    assert done.code == 1
    assert "its row 2 is not that of" in done.text
    assert "REPLACE=1" in done.text
    assert result.read_bytes() == before
    assert sandbox.charges()["total"] == 2
    assert command.run(path, "--yes", "--fields", "email", "--replace").code == 0
    assert read(result)[1][1] == "linkedin.com/in/other-0"


def test_a_status_of_an_earlier_run_is_brought_up_to_date(command: Command) -> None:
    path = a_list(command.folder, 4)
    assert command.run(path, "--yes", "--fields", "status,name", "--max-credits", 2).code == 3
    assert command.run(path, "--yes", "--fields", "status,name").code == 0
    statuses = [row[2] for row in read(command.folder / "leads.enriched.csv")[1:]]
    assert sorted(set(statuses)) == ["enriched"]


def test_when_somebody_was_found_is_not_said_of_people_who_were_not(command: Command, sandbox: Sandbox) -> None:
    sandbox.switch(not_found_rate=1.0)
    path = a_list(command.folder, 1)
    assert command.run(path, "--yes", "--fields", "status,enriched_at").code == 0
    assert read(command.folder / "leads.enriched.csv")[1][2:] == ["not found", ""]


def test_a_title_cannot_become_a_formula(command: Command) -> None:
    path = a_list(command.folder, 1)
    assert command.run(path, "--yes", "--fields", "@SUM(1)=name").code == 0
    assert read(command.folder / "leads.enriched.csv")[0][2] == "'@SUM(1)"


# Workbooks


def test_a_workbook_keeps_everything_and_text_stays_text(command: Command) -> None:
    path = command.folder / "leads.xlsx"
    book = openpyxl.Workbook()
    tab = book.worksheets[0]
    tab.append(["Name", "LinkedIn", "Met"])
    tab.append(["Lead One", "Profile", 45962])
    tab["B2"].hyperlink = "https://www.linkedin.com/in/odd-lead-1"
    tab.column_dimensions["A"].width = 33
    book.create_sheet("Notes")["A1"] = "=1+1"
    book.save(path)
    done = command.run(path, "--yes", "--fields", "title,company,industry,size")
    assert done.code == 0, done.text
    after = openpyxl.load_workbook(command.folder / "leads.enriched.xlsx")
    row = [cell.value for cell in after.worksheets[0][2]]
    assert row[:3] == ["Lead One", "Profile", 45962]
    assert row[3:6] == ["@Scale Lead", "=Equals Studio", "=SUM(1,2)"]
    assert all(cell.data_type == "s" for cell in after.worksheets[0][2][3:6])
    assert after.worksheets[0].column_dimensions["A"].width == 33
    assert after["Notes"]["A1"].value == "=1+1"
    again = command.run(path, "--yes", "--fields", "title,company,industry,size,name")
    assert again.code == 0, again.text
    assert [cell.value for cell in openpyxl.load_workbook(command.folder / "leads.enriched.xlsx").worksheets[0][2]][
        :6
    ] == row[:6]


def test_hidden_rows_of_a_workbook_are_left_out_unless_somebody_includes_them(
    command: Command, sandbox: Sandbox
) -> None:
    path, out = HIDDEN, command.folder / "out.xlsx"
    planned = command.run("plan", path, module=LEADFILL)
    assert "4 left out 2 hidden by a filter, 2 hidden by hand; INCLUDE_HIDDEN=1" in planned.text
    assert "It costs at most 4 credits" in planned.text
    done = command.run(path, "--yes", "--fields", "title", "--out", out)
    assert done.code == 0, done.text
    assert sandbox.charges(by="slug") == {f"lead-0{number}": 1 for number in (1, 3, 5, 6)}
    assert [bool(row[3].value) for row in openpyxl.load_workbook(out).worksheets[0]["A2:D9"]] == [
        number in {1, 3, 5, 6} for number in range(1, 9)
    ]
    again = command.run(path, "--yes", "--fields", "title", "--out", out, "--include-hidden")
    assert again.code == 0, again.text
    after = openpyxl.load_workbook(out).worksheets[0]
    assert [number for number, line in after.row_dimensions.items() if line.hidden] == [3, 5, 8, 9]
    assert sandbox.charges(by="slug") == {f"lead-0{number}": 1 for number in range(1, 9)}


def test_a_csv_becomes_a_workbook_where_excel_would_retype_its_values(command: Command) -> None:
    path = a_list(command.folder, 20)
    done = command.run(path, "--yes", "--fields", "size")
    sizes = [row[2] for row in read(command.folder / "leads.enriched.csv")[1:]]
    assert any("-" in size for size in sizes)
    assert "when Excel opens the CSV" in done.text
    out = command.folder / "leads.xlsx"
    done = command.run(path, "--yes", "--fields", "size", "--out", out)
    assert done.code == 0, done.text
    assert "when Excel opens" not in done.text
    tab = openpyxl.load_workbook(out).worksheets[0]
    assert [cell.value or "" for cell in tab["C"]][1:] == sizes
    assert tab["A2"].value == "0"


# The command


def test_the_plan_spends_and_writes_nothing(command: Command, sandbox: Sandbox) -> None:
    path = a_list(command.folder, 3)
    for arguments, module in ((["plan", path], LEADFILL), ([path, "--dry-run"], "local.enrich")):
        done = command.run(*arguments, module=module)
        assert done.code == 0, done.text
        assert "It costs at most 3 credits" in done.text
    assert sandbox.charges()["requests"] == 0
    assert [each.name for each in command.folder.glob("*.csv")] == ["leads.csv"]


def test_standard_input_and_output_are_a_list_too(command: Command) -> None:
    path = a_list(command.folder, 3)
    with path.open("rb") as file:
        process = command.start(
            "enrich", "-", "--yes", "--fields", "name", module=LEADFILL, stdin=file, stderr=subprocess.PIPE
        )
        result, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    lines = result.decode().splitlines()
    assert lines[0] == "No,LinkedIn,Name"
    assert [line.rsplit(",", 1)[0] for line in lines] == path.read_text(encoding="utf-8").splitlines()
    assert "3 rows" in said.decode()
    assert "Plan for standard input, LinkedIn URLs in LinkedIn" in said.decode()


def test_a_pipe_or_a_device_is_neither_read_as_a_file_nor_replaced_by_one(command: Command) -> None:
    """A list is read several times, and a result takes the place of what stands there."""
    done = command.run(os.devnull, "--yes", "--fields", "email")
    assert done.code == 1
    assert "is not a regular file" in done.text
    pipe = command.folder / "pipe"
    os.mkfifo(pipe)
    done = command.run(a_list(command.folder, 1), "--yes", "--replace", "--fields", "email", "--out", pipe)
    assert done.code == 1
    assert "is not a regular file" in done.text
    assert pipe.is_fifo()


def test_json_is_for_scripts(command: Command) -> None:
    process = command.start(
        "enrich",
        a_list(command.folder, 3),
        "--yes",
        "--json",
        "--fields",
        "name",
        module=LEADFILL,
        stderr=subprocess.PIPE,
    )
    printed, _ = process.communicate(timeout=120)
    found = json.loads(printed)
    assert found["outcomes"] == {"enriched": 3}
    assert [(one["provider"], one["charged"], one["lookups"]) for one in found["credits"]] == [("slintel", "3", 3)]
    assert found["plan"]["lookups"] == 3
    assert set(found["fill_rates"]) == {"name"}
    usage = command.start("usage", "--json", module=LEADFILL, stderr=subprocess.PIPE)
    spent = json.loads(usage.communicate(timeout=60)[0])
    assert [day["charged"] for day in spent["days"]] == ["3"]
    assert {cap["cap"]: cap["used"] for cap in spent["caps"]} == {"today": "3", "this month": "3"}
    refused = command.start("plan", "none.csv", "--json", module=LEADFILL, stderr=subprocess.PIPE)
    error = json.loads(refused.communicate(timeout=60)[0])
    assert refused.returncode == 1
    assert error["error"] == "bad-file"
    assert "There is no file none.csv" in error["detail"]


def test_many_reasons_stand_in_a_file_beside_the_result(command: Command) -> None:
    path, reasons = command.folder / "leads.csv", command.folder / "leads.enriched.reasons.csv"
    path.write_text("LinkedIn\nlinkedin.com/in/lead-01\n" + "no address\n" * 30, encoding="utf-8")
    done = command.run(path, "--yes")
    assert done.text.count("This is not a web address") == 10
    assert "All 30 reasons are in" in done.text
    lines = read(reasons, encoding="utf-8-sig")
    assert lines[0] == ["Row", "Outcome", "Reason"]
    assert [(line[0], line[1]) for line in lines[1:]] == [(str(number), "unusable") for number in range(3, 33)]
    piped = command.run(path, "--yes", "--out", "-")
    assert "20 more reasons; name a file with --out" in piped.text


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_field_that_takes_too_many_steps_says_so_for_its_row_and_leaves_the_others(
    command: Command, suffix: str
) -> None:
    path = a_list(command.folder, 2)
    if suffix == "xlsx":
        book = openpyxl.Workbook()
        for row in [["LinkedIn"], ["linkedin.com/in/person-0"], ["linkedin.com/in/person-1"]]:
            book.worksheets[0].append(row)
        path = command.folder / "leads.xlsx"
        book.save(path)
    done = command.run(path, "--yes", "--fields", f"name, Costly={COSTLY['filters']}")
    assert done.code == 0, done.text
    assert done.text.count("This field takes too many steps for this person") == 2
    assert "2 enriched" in done.text
    if suffix == "csv":
        rows = read(command.folder / "leads.enriched.csv")
    else:
        sheet = openpyxl.load_workbook(command.folder / "leads.enriched.xlsx").worksheets[0]
        rows = [[str(value or "") for value in row] for row in sheet.iter_rows(values_only=True)]
    header, *people = rows
    assert all(row[header.index("Name")] for row in people)
    assert [cell for row in people for cell in row[header.index("Costly") :]] in ([], ["", ""])


def test_an_erased_person_is_forgotten_and_not_asked_for_again(command: Command, sandbox: Sandbox) -> None:
    path = a_list(command.folder, 1)
    assert command.run(path, "--yes", "--fields", "name").code == 0
    assert command.run("erase", "linkedin.com/in/person-0", "--yes", module=LEADFILL).code == 0
    done = command.run(path, "--yes", "--fields", "name", "--replace")
    assert "1 failed" in done.text
    assert sandbox.charges()["total"] == 1
    assert "may be looked up again" in command.run("erase", "linkedin.com/in/person-0", "--lift", module=LEADFILL).text


def test_help_names_the_exit_codes(command: Command) -> None:
    said = command.run("enrich", "--help", module=LEADFILL).text
    assert all(f" {code} " in said for code in (0, 1, 2, 3, 130))


# make


@pytest.fixture
def make(tmp_path: Path) -> Path:
    """A folder with the Makefile, and a Python that writes down what it was given."""
    if shutil.which("make") is None:
        pytest.skip("this system has no make")
    folder = tmp_path / "made"
    for name in ("Makefile", "local/requirements.txt", "local/command/leadfill.sh"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "local.stamp").touch()
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > given\n', encoding="utf-8")
    python.chmod(0o755)
    return folder


NAMES = [
    "plain.csv",
    "my leads.csv",
    "a$b$(HOME).csv",
    "`touch ran`.csv",
    'the "best".csv',
    "it's.csv",
    "Käufer März.csv",
    "-list.csv",
    "a#b;c&d.csv",
    "$(shell touch ran)",
]


@pytest.mark.parametrize("name", NAMES)
def test_make_passes_what_was_typed(make: Path, name: str) -> None:
    for given in ([f"FILE={name}", f"FIELDS=X=`{name}`", f"OUT={name}.out", "YES=1"], []):
        environment = {"PATH": os.environ["PATH"]} | ({} if given else {"FILE": name, "FIELDS": f"X=`{name}`"})
        process = subprocess.Popen(
            ["make", "enrich", "BIN=bin", *given],
            cwd=make,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        done = ended(process)
        assert done.code == 0, done.text
        words = (make / "given").read_text(encoding="utf-8").splitlines()
        assert words[:4] == ["-m", "local.enrich", "--fields", f"X=`{name}`"]
        assert words[4:] == ([*["--out", f"{name}.out", "--yes"]] if given else []) + ["--", name]
        assert not (make / "ran").exists()


def test_the_console_script_runs_this_project_from_any_folder(tmp_path: Path) -> None:
    """Also through a link, and from a folder whose name holds a blank."""
    home = tmp_path / "a project"
    binary = home / ".venv" / "bin"
    binary.mkdir(parents=True)
    shutil.copy(ROOT / "local" / "command" / "leadfill.sh", binary / "leadfill")
    (binary / "leadfill").chmod(0o755)
    (binary / "python").write_text('#!/bin/sh\necho "$PYTHONPATH"; echo "$@"\n', encoding="utf-8")
    (binary / "python").chmod(0o755)
    link = tmp_path / "leadfill"
    link.symlink_to(binary / "leadfill")
    for script in (binary / "leadfill", link):
        said = subprocess.run(
            [script, "plan", "my leads.csv"],
            cwd="/",
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.splitlines() == [str(home), "-m local.command plan my leads.csv"]
