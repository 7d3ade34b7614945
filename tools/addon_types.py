"""Writes sheets_addon/types.d.ts from the OpenAPI document: `python -m tools.addon_types`; a test holds them equal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from functions.entrypoints.openapi import document

PAGE = Path(__file__).parent.parent / "sheets_addon" / "types.d.ts"
HEAD = "/** The requests and answers of the API. Made from docs/openapi.json by `python -m tools.addon_types`. */\n"
PRIMITIVES = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}

Schema = dict[str, Any]


def page() -> str:
    """A declaration for each schema of the document."""
    schemas: dict[str, Schema] = document()["components"]["schemas"]
    return "\n".join([HEAD, *(_declaration(name, schemas[name]) for name in sorted(schemas))])


def _declaration(name: str, schema: Schema) -> str:
    if "properties" not in schema:
        return f"{_comment(schema)}type {name} = {_type(schema)};\n"
    lines = [f"{_comment(schema)}interface {name} {{"]
    for field, of_field in schema["properties"].items():
        optional = "" if field in schema["required"] else "?"
        lines.append(f"{_comment(of_field, '  ')}  {field}{optional}: {_type(of_field)};")
    return "\n".join([*lines, "}\n"])


def _comment(schema: Schema, indent: str = "") -> str:
    words = " ".join(schema.get("description", "").split())
    return f"{indent}/** {words} */\n" if words else ""


def _type(schema: Schema) -> str:
    """The TypeScript type of a schema.

    Raises:
        KeyError: a kind of schema that the API has not used so far.
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(part) for part in schema["anyOf"]))
    if schema["type"] == "array":
        item = _type(schema["items"])
        return f"({item})[]" if " | " in item and not item.endswith("]") else f"{item}[]"
    if schema["type"] == "object":
        values = _type(schema["additionalProperties"])
        keys = schema.get("propertyNames")
        return f"Partial<Record<{_type(keys)}, {values}>>" if keys else f"Record<string, {values}>"
    return PRIMITIVES[schema["type"]]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE}.")
