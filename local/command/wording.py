"""Texts from outside as the command line shows them."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return text from outside without the console's mark-up and without control characters."""
    return "".join(char for char in text if char.isprintable() or char == "\n").replace("[", "\\[")
