"""clasp, started by npx, as far as `make deploy` uses it: options and answers of clasp 3.4.1, over a script in a file.

Started with the file's path in `CLASP_STATE`. It holds the script's id, files and versions, and `refuses`: what the
next command answers instead. Whatever clasp does not know is an error.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ["CLASP_STATE"])
NEW = ["--type", "standalone", "--title", "Leadfill"]
SCRIPT_ID = "1aBcDeFgHiJkLmNoPqRsTuVwXyZ"


def main(words: list[str]) -> int:
    state = json.loads(STATE.read_text()) if STATE.exists() else {"files": {}, "versions": [], "commands": []}
    if words[:3] != ["--yes", "@google/clasp@3.4.1", "--json"]:
        sys.stderr.write("unknown program or options")
        return 1
    verb, *arguments = words[3:]
    state["commands"].append(verb)
    if refusal := state.pop("refuses", ""):
        STATE.write_text(json.dumps(state))
        sys.stderr.write(refusal)
        return 1
    answer = answered(state, verb, arguments)
    STATE.write_text(json.dumps(state))
    if answer is None:
        sys.stderr.write(f"error: unknown command or options: {verb} {arguments}")
        return 1
    sys.stdout.write(json.dumps(answer, indent=2))
    return 0


def answered(state: dict[str, Any], verb: str, arguments: list[str]) -> object:
    project = Path(".clasp.json")
    if verb == "create-script" and arguments == NEW and not project.exists():
        project.write_text(json.dumps({"scriptId": SCRIPT_ID, "rootDir": "."}))
        Path("appsscript.json").write_text("{}")
        return {"scriptId": SCRIPT_ID, "files": ["appsscript.json"]}
    if not project.exists() or json.loads(project.read_text())["scriptId"] != SCRIPT_ID:
        return None
    here = {path.name: path.read_text() for path in Path().iterdir() if path.suffix in {".js", ".html", ".json"}}
    here.pop(".clasp.json", None)
    if verb == "push" and arguments == ["--force"]:
        changed = sorted(name for name, text in here.items() if state["files"].get(name) != text)
        state["files"] = here
        return changed
    if verb == "list-versions" and not arguments:
        return state["versions"][::-1]
    if verb == "create-version" and len(arguments) == 1:
        number = len(state["versions"]) + 1
        state["versions"].append({"versionNumber": number, "description": arguments[0]})
        return {"versionNumber": number}
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
