"""The documents are true: settings, commands, states, folders and names in them are those of the code."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import click
import pytest

from functions import formula
from functions.fields.catalogue import CATALOGUE
from functions.providers.registry import REGISTRY
from functions.settings import variables
from functions.store import schema
from functions.store.job_states import ChunkState
from local import enrich
from tools import addon_labels, glossary_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")] + sorted(
    DOCS.rglob("*.md")
)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_attack_of_the_table_is_tried_by_a_test_that_exists() -> None:
    names = set(re.findall(r"`(test_\w+)`", text_of(DOCS / "security.md")))
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(names) > 50
    assert names - set(re.findall(r"def (test_\w+)\(", tests)) == set()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def section(page: Path, title: str) -> str:
    return text_of(page).split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(text: str) -> list[list[str]]:
    """The cells of each row of a table, without its heading."""
    rows = [line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return rows[1:]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git repository: what is tracked cannot be told")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_settings_tables_are_the_settings() -> None:
    page = DOCS / "settings.md"
    rows = table(section(page, "Leadfill"))
    documented = {name.strip("`"): default.strip("`–") for name, default, _ in rows}  # noqa: RUF001 - a dash is shown where there is no default
    assert all(meaning.endswith(".") for *_, meaning in rows)
    for end, *defaults, meaning in table(section(page, "Providers")):
        names = [f"{one.variables}_{end.strip('`…_')}" for one in REGISTRY.values()]
        documented |= dict(zip(names, (default.strip("`–") for default in defaults), strict=True))  # noqa: RUF001 - here, too
        assert meaning.endswith(".")
    assert documented == variables()


def test_every_option_of_the_command_line_is_documented() -> None:
    rows = table(section(DOCS / "command-line.md", "Options"))
    documented = {option for _, cell, *_ in rows for option in code(cell)}
    options = [one for one in enrich.main.params if isinstance(one, click.Option)]
    assert documented == {one.opts[0] for one in options} - {"--help"}
    recipe = MAKEFILE.split("\nenrich:", 1)[1].split("\n\n", 1)[0]
    assert {one for cell, *_ in rows for one in re.findall(r"`([A-Z_]+)=", cell)} == set(
        re.findall(r"\$\$\{?([A-Z_]+)", recipe)
    )


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    spans = [
        span
        for page in PAGES
        for span in re.findall(r"`[^`\n]+`|^(?:DRY_RUN=1 )?make .*$", text_of(page), re.MULTILINE)
    ]
    named = set(re.findall(r"\bmake ([a-z-]+)\b", "\n".join(spans)))
    assert {"run", "enrich", "test", "unit", "docs"} <= named <= targets


def test_every_target_has_a_line_of_help() -> None:
    targets = re.findall(r"^\.PHONY: ([a-z-]+)$", MAKEFILE, re.MULTILINE)
    helped = dict(re.findall(r"^([a-z-]+):.*## (.+)$", MAKEFILE, re.MULTILINE))
    assert set(targets) == set(helped)


def test_make_test_runs_every_folder_of_tests() -> None:
    recipe = MAKEFILE.split("\ntest:", 1)[1].split("\n\n", 1)[0]
    folders = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert {word for word in recipe.split() if word.startswith("tests/")} == folders


def test_the_catalogue_is_as_large_as_it_says() -> None:
    said = int(re.findall(r"\[some (\d+) other fields\]", text_of(ROOT / "README.md"))[0])
    assert abs(len(CATALOGUE) - said) <= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)\s]+)", text_of(page))
    for link in links:
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        headings = (
            {
                re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                for line in text_of(target).splitlines()
                if line.startswith("#")
            }
            if heading
            else {""}
        )
        assert heading in headings, link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_in_a_document_exists(page: Path) -> None:
    """A path is what begins with a folder of the repository, wherever the document itself is."""
    folders = {name.split("/", 1)[0] for name in tracked() if "/" in name}
    named = [span.rstrip("/") for span in code(text_of(page)) if span.split("/", 1)[0] in folders and "/" in span]
    assert not [name for name in named if re.fullmatch(r"[\w./-]+", name) and not (ROOT / name).exists()]


def test_every_test_that_a_document_names_exists() -> None:
    """The table of attacks and other pages lead to their proof."""
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    named = {
        name for page in (ROOT / "docs").glob("*.md") for name in re.findall(r"`(test_\w+)`", page.read_text("utf-8"))
    }
    assert len(named) > 40
    assert named <= there, named - there


def test_every_document_is_in_the_index() -> None:
    for index, pages in (
        (DOCS / "README.md", DOCS.iterdir()),
        (DOCS / "decisions" / "README.md", (DOCS / "decisions").iterdir()),
    ):
        listed = {link.split("/")[0] for link in re.findall(r"\]\(([^)]+)\)", text_of(index))}
        assert {page.name for page in pages} - {"README.md", "screenshots"} <= listed


def test_every_picture_is_shown_in_a_document() -> None:
    shown = {Path(link).name for page in PAGES for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text_of(page))}
    there = {path.name for path in (DOCS / "screenshots").iterdir()}
    taken = re.findall(r"\.shot\(\"(\w+)\"", "".join(map(text_of, (ROOT / "tests" / "browser").glob("*.py"))))
    assert there <= shown, there - shown
    assert {f"{name}.png" for name in taken} <= there


def test_every_folder_is_described_once() -> None:
    folders = [code(name)[0] for name, _ in table(section(DOCS / "architecture.md", "Folders"))]
    assert len(folders) == len(set(folders))
    assert set(folders) == {str(Path(name).parent) for name in tracked()}


def test_the_import_order_is_the_one_that_is_checked() -> None:
    contract = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"][0]
    block = section(DOCS / "architecture.md", "Import order").split("```")[1]
    assert block.split("\n")[1:-1] == contract["layers"]


def test_the_architecture_names_what_exists() -> None:
    trees = [ast.parse(text_of(path)) for path in (ROOT / "functions").rglob("*.py")]
    defined = {
        node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    modules = {path.stem for path in (ROOT / "functions").rglob("*")}
    spans = {
        span
        for span in code(re.sub(r"```.*?```", "", text_of(DOCS / "architecture.md"), flags=re.DOTALL))
        if span.isidentifier()
    }
    spans -= {Path(name).parts[0] for name in tracked()} | {"RAW"}
    assert spans
    assert spans <= defined | modules


@pytest.mark.parametrize("tool", [glossary_page, addon_labels])
def test_the_words_of_outcomes_states_and_the_plan_are_those_of_the_enums(tool: ModuleType) -> None:
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), f"run python -m {tool.__name__}"


def test_the_glossary_holds_every_state_of_a_chunk() -> None:
    rows = table(section(DOCS / "glossary.md", "States of a chunk"))
    chunks = {code(name)[0]: [ChunkState(one) for one in code(after)] for name, _, after in rows}
    assert list(chunks) == [one.value for one in ChunkState]


def test_every_promise_that_is_tested_is_in_the_glossary() -> None:
    listed = [name.strip("*") for name, _ in table(section(DOCS / "glossary.md", "Promises"))]
    assert listed == [f"P{number}" for number in range(1, len(listed) + 1)]
    numbers = {
        number for path in (ROOT / "tests" / "promises").iterdir() for number in re.findall(r"^test_(p\d+)", path.name)
    }
    assert numbers
    assert {number.upper() for number in numbers} <= set(listed)


def test_the_tables_of_the_privacy_page_are_those_of_the_store() -> None:
    rows = table(section(DOCS / "privacy.md", "What is stored, and for how long"))
    named = {name for _, where, _ in rows for name in code(where)}
    impersonal = {"locks", "compatibility"}  # who holds which tab for a minute, and a version number
    assert named == set(schema.metadata.tables) - impersonal


def test_the_formula_page_counts_as_the_formula_does() -> None:
    page = " ".join(text_of(DOCS / "formula.md").split())
    assert f"after {formula.ANSWER_WITHIN_S:.0f} seconds" in page
    assert f"up to {formula.MAX_URLS:,} URLs" in page
