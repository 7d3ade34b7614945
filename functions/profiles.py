"""A cell's text → the person's profile."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's LinkedIn profile in canonical form."""

    key: str
    """Identifies the person in the store: `linkedin.com/in/<slug>`."""
    url: str
    """As sent to Slintel: `http://www.linkedin.com/in/<slug>`, percent-encoded."""
