"""The error of a file that cannot be used."""

from __future__ import annotations

from functions.errors import InvalidRequest


class BadFile(InvalidRequest):
    """The file cannot be used as a list of leads."""

    slug = "bad-file"
