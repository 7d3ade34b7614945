"""Small pictures of curves, as SVG: shares over shares, one panel for each curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLUMNS = 3
PANEL, GAP, TEXT = (220, 90), 28, 16


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve that climbs in steps, from (0, 0) to (1, 1)."""

    title: str
    points: Sequence[tuple[float, float]]


def drawn(curves: Sequence[Curve]) -> str:
    """Return an SVG document with a panel for each curve."""
    rows = -(-len(curves) // COLUMNS)
    width, height = (length + GAP for length in (PANEL[0], PANEL[1] + TEXT))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {COLUMNS * width + GAP} {rows * height + GAP}" '
        'font-family="sans-serif" font-size="11">\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n'
    )
    panels = [
        _panel(curve, GAP + number % COLUMNS * width, GAP + number // COLUMNS * height)
        for number, curve in enumerate(curves)
    ]
    return head + "".join(panels) + "</svg>\n"


def _panel(curve: Curve, left: int, top: int) -> str:
    wide, high = PANEL
    path, level = [f"M{left},{top + high}"], 0.0
    for x, y in curve.points:
        if y != level:
            path.append(f"H{left + x * wide:.0f}V{top + high - y * high:.0f}")
            level = y
    path.append(f"H{left + wide}")
    line = "".join(path)
    return (
        f'<text x="{left}" y="{top - 6}" fill="#333">{escape(curve.title)}</text>\n'
        f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" fill="#f4f6f8" stroke="#c8ced4"/>\n'
        f'<path d="{line}V{top + high}Z" fill="#cfe3f5"/><path d="{line}" fill="none" stroke="#1f6fb2"/>\n'
    )
