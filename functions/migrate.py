"""`python -m functions.migrate`: brings the tables of DATABASE_URL up to date; run it before a new version starts."""

from __future__ import annotations

import os
import sys

from functions import settings
from functions.errors import LeadfillError
from functions.store import schema_version
from functions.store.database import Store


def main() -> int:
    """Upgrade the tables, print what was done, and return the exit code."""
    try:
        store = Store(settings.read(os.environ).database_url)
        try:
            before = schema_version.upgrade(store)
        finally:
            store.close()
    except LeadfillError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    if before == schema_version.HEAD:
        sys.stdout.write(f"The tables are up to date ({before}).\n")
    elif before is not None and before > schema_version.HEAD:
        sys.stdout.write(
            f"The tables are of a newer version ({before}), with which this one ({schema_version.HEAD}) works.\n"
        )
    else:
        sys.stdout.write(f"The tables were brought from {before or 'nothing'} to {schema_version.HEAD}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
