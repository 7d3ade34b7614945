"""Runs under gcloud's own Python: lets gcloud's parser read commands, and runs none of them.

Arguments: where gcloud is installed; a JSON file with a list of commands, each a list of words without `gcloud`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

root, lines = sys.argv[1:]
sys.path[:0] = [f"{root}/lib", f"{root}/lib/third_party"]

from googlecloudsdk.calliope import cli as calliope  # type: ignore[import-not-found] # noqa: E402 - found on the path above
from googlecloudsdk.gcloud_main import CreateCLI  # type: ignore[import-not-found] # noqa: E402 - found on the path above

made = CreateCLI([])
parser = made._CLI__parser
refused = 0
commands = json.loads(Path(lines).read_text(encoding="utf-8"))
for words in commands:
    try:
        parser.parse_args(calliope._ApplyFlagsFile(words))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the parser says of any of them
        refused += 1
        sys.stdout.write(f"refused: gcloud {' '.join(words)[:300]}: {error}\n")
sys.stdout.write(f"{len(commands) - refused} commands parsed\n")
sys.exit(bool(refused))
