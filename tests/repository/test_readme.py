"""The README says what is so: its settings are those of the code, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from functions.fields.catalogue import CATALOGUE
from functions.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def section(title: str) -> str:
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def shown(default: object) -> str:
    """A default as the table shows it."""
    if isinstance(default, tuple):
        return ",".join(default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_the_settings_table_is_the_settings() -> None:
    table = re.findall(r"^\| `([A-Z0-9_]+)` \| (?:`([^`]+)`|–) \| (.+) \|$", section("Settings"), re.MULTILINE)  # noqa: RUF001 - a dash is shown where there is no default
    assert [(name, default) for name, default, _ in table] == [
        (field.name.upper(), shown(field.default)) for field in fields(Settings)
    ]
    assert all(what.endswith(".") for _, _, what in table)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)\b", "\n".join(re.findall(r"`[^`\n]+`|^make .*$", README, re.MULTILINE))))
    assert {"run", "enrich", "test"} <= named <= targets


def test_the_catalogue_is_as_large_as_it_says() -> None:
    said = int(re.findall(r"\[some (\d+) other fields\]", README)[0])
    assert abs(len(CATALOGUE) - said) <= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]
