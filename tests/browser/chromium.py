"""A Chromium for the tests: the one that is asked for, one that is installed, else the one of an npm package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[2] / "local" / "page"
INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little of it
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
)
MISSING = (
    "The browser tests need a Chromium: install one (apt-get install chromium), run `npm ci` in local/page, "
    "or set LEADFILL_CHROMIUM to its path."
)
UNPACK = (
    'import("@sparticuz/chromium").then(async ({ default: chromium }) => '
    "console.log(JSON.stringify(await chromium.executablePath())))"
)
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{folder}/fonts-cache</cachedir></fontconfig>
"""


class NoChromium(Exception):
    """There is none on this machine."""


@dataclass(frozen=True)
class Chromium:
    """A program and the environment that it needs on top."""

    program: str
    environ: dict[str, str] = field(default_factory=dict)


def find_chromium(folder: Path) -> Chromium:
    """`LEADFILL_CHROMIUM` (a path, or `npm` for the packaged one), an installed one, or the packaged one in `folder`.

    Raises NoChromium with a sentence that says what to do.
    """
    wanted = os.environ.get("LEADFILL_CHROMIUM", "")
    if wanted and wanted != "npm":
        return Chromium(wanted)
    installed = None if wanted else next(filter(None, map(shutil.which, INSTALLED)), None)
    if installed:
        return Chromium(installed)
    node = shutil.which("node")
    if node is None or not (PAGE / "node_modules" / "@sparticuz" / "chromium").is_dir():
        raise NoChromium(MISSING)
    return _unpacked(node, folder)


def _unpacked(node: str, folder: Path) -> Chromium:
    # It unpacks into the temporary folder, and its libraries only where it believes to be in Amazon's cloud.
    environ = os.environ | {"TMPDIR": str(folder), "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
    said = subprocess.run([node, "-e", UNPACK], cwd=PAGE, env=environ, capture_output=True, check=True, text=True)
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS.format(folder=folder), encoding="utf-8")
    libraries = f"{folder / 'al2023' / 'lib'}:{folder}"
    return Chromium(
        json.loads(said.stdout.splitlines()[-1]), {"LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(fonts)}
    )
