"""The source to upload: the files that .gcloudignore lets through, and a name for exactly this content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(__file__).resolve().parent / "build.yaml"


def files(root: Path = ROOT) -> list[str]:
    """The files of the upload, as paths below `root`; a test holds this equal to gcloud's own list."""
    return sorted(path.relative_to(root).as_posix() for path in _walk(root))


def tag(root: Path = ROOT) -> str:
    """A tag for the image: the same for the same content and the same way to build it, and for nothing else."""
    return digest(root, files(root), BUILD.read_bytes())


def digest(root: Path, names: Iterable[str], more: bytes = b"") -> str:
    """Sixteen hexadecimal digits for the names and contents of some files below `root`, and for `more`."""
    hashed = hashlib.sha256(more)
    for name in names:
        content = (root / name).read_bytes()
        hashed.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return hashed.hexdigest()[:16]


def _walk(root: Path) -> Iterator[Path]:
    """The ignore file lets nothing through but what it names with `!/`; the rest of its patterns are bytecode."""
    rules = (root / ".gcloudignore").read_text(encoding="utf-8").splitlines()
    for rule in rules:
        if rule.startswith("!/"):
            place = root / rule[2:].rstrip("/")
            candidates = place.rglob("*") if place.is_dir() else [place]
            for path in candidates:
                if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                    yield path
