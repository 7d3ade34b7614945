"""`python -m local.enrich FILE …`: the same as `leadfill enrich`."""

from __future__ import annotations

from local.command.enrich import enrich as main

__all__ = ["main"]

if __name__ == "__main__":
    main()
