"""A search for a word in every column of the database."""

from __future__ import annotations

import json

import sqlalchemy as sa

from functions.store import leads, schema
from functions.store.database import Store


def traces(store: Store, word: str) -> list[str]:
    """The tables in which a word stands anywhere, unpacked where it is packed."""
    found = []
    with store.reading() as connection:
        for table in schema.metadata.sorted_tables:
            for row in connection.execute(sa.select(table)).mappings():
                values = dict(row)
                if values.get("lead"):
                    packed = {"packed": values["lead"], "packed_raw": values["raw"]}
                    known = leads.Known(values["status"], values["learned_at"], **packed)
                    values |= {"lead": known.lead, "raw": known.raw}
                if word in json.dumps(values, default=str):
                    found.append(table.name)
    return sorted(set(found))
