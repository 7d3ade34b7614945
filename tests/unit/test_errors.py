"""Every error is a sentence for whoever meets it, with a stable slug and an HTTP status."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from functions import errors
from functions.errors import CapReached, LeadfillError, counted


def family(kind: type[LeadfillError]) -> Iterator[type[LeadfillError]]:
    """A class and all below it."""
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


KINDS = [kind for kind in family(LeadfillError) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.__init__ is LeadfillError.__init__])
def test_an_error_says_its_docstring_unless_it_is_told_more(kind: type[LeadfillError]) -> None:
    assert str(kind()).endswith(".")
    assert "\n" not in str(kind())
    assert str(kind("Another sentence.", retry_after_s=2.5)) == "Another sentence."
    assert kind("Another sentence.", retry_after_s=2.5).retry_after_s == 2.5


def test_slugs_are_unmistakable_and_statuses_are_http_errors() -> None:
    assert len({kind.slug for kind in KINDS}) == len(KINDS)
    assert all(400 <= kind.status < 600 for kind in KINDS)
    assert all(set(kind.slug) <= set("abcdefghijklmnopqrstuvwxyz-") for kind in KINDS)


def test_the_tree_of_the_modules_docstring_names_every_error() -> None:
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in KINDS)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 credits"),
        (1, "1 credit"),
        (Decimal("1.0"), "1.0 credit"),
        (1_000, "1,000 credits"),
        (Decimal("0.5"), "0.5 credits"),
    ],
)
def test_a_number_stands_with_its_noun(count: int | Decimal, text: str) -> None:
    assert counted(count, "credit") == text


def test_a_cap_that_is_reached_says_which_and_how_far() -> None:
    error = CapReached("month:2026-11", Decimal(5_000), Decimal("4999.5"))
    assert "month:2026-11" in str(error)
    assert "4,999.5 of 5,000 credits" in str(error)
    assert (error.cap, error.limit, error.used) == ("month:2026-11", Decimal(5_000), Decimal("4999.5"))
