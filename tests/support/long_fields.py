"""Custom fields that make about as much text as their steps allow."""

from __future__ import annotations

LONG_FIELDS = range(8)
TEXT_LENGTH = 17_000
"""Letters of each field's value: all eight take nearly the steps that there are for a lead."""


def long_fields(letter: str) -> list[str]:
    """Return the fields, each of which makes a text of this letter."""
    longer = f"join('',[{','.join(['@'] * 10)}])|join('',[{','.join(['@'] * 17)}])"
    return [f"Text {number}='{letter * 100}'|{longer}" for number in LONG_FIELDS]
