"""Writes docs/licences.md from what is installed: `python -m tools.licences_page`; a test holds the two equal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "licences.md"
PINS = ROOT / "requirements.txt"

_INTRODUCTION = """\
# Licences

<!-- Written by `python -m tools.licences_page` from requirements.txt and what the packages say of themselves. -->

Leadfill is under the MIT licence. A deployed function installs these packages, each under its own licence:

| package | version | licence |
|---|---|---|"""
_LONGEST = 60
"""Some packages put their licence's whole text where its name belongs."""


def page() -> str:
    """Return the text of docs/licences.md."""
    return "\n".join([_INTRODUCTION, *_rows(), ""])


def pins() -> dict[str, str]:
    """Return the packages that requirements.txt pins: name → version."""
    lines = (line.rstrip(" \\") for line in PINS.read_text(encoding="utf-8").splitlines() if line[:1].isalpha())
    return {it.name: str(it.specifier).removeprefix("==") for it in map(Requirement, lines)}


def licence(package: Distribution) -> str:
    """Return a package's licence in its own words, shortened; empty if it names none."""
    metadata = package.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = [it for it in metadata.get_all("Classifier") or [] if it.startswith("License ::")]
    if names := [it.rpartition(" :: ")[2] for it in classifiers if it.count("::") > 1]:
        return ", ".join(names)
    named = metadata["License"].strip() if "License" in metadata else ""
    return named if len(named) <= _LONGEST else named.splitlines()[0][:_LONGEST]


def _rows() -> Iterator[str]:
    for name, version in sorted(pins().items(), key=lambda pin: re.sub(r"[-_.]+", "-", pin[0]).lower()):
        try:
            found = licence(distribution(name)).replace("|", "\\|")
        except PackageNotFoundError:
            continue  # for another system than this
        yield f"| {name} | {version} | {found} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE}.")
