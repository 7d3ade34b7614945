"""Writes docs/openapi.json, as `api` serves it: `python -m tools.openapi_page`; a test holds the two equal."""

from __future__ import annotations

import json
from pathlib import Path

from functions.entrypoints.openapi import document

PAGE = Path(__file__).parent.parent / "docs" / "openapi.json"


def page() -> str:
    """The document, indented."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE}.")
