"""Cell formats: the default one, the theme, and how colours are doubled as styles."""

from __future__ import annotations

import copy
import struct

from local.sheets_api.cells import plain_number
from local.sheets_api.google_errors import Json

_WHITE = {"red": 1, "green": 1, "blue": 1}
DEFAULT_FORMAT: Json = {
    "backgroundColor": _WHITE,
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "foregroundColorStyle": {"rgbColor": {}},
    },
    "backgroundColorStyle": {"rgbColor": _WHITE},
}
_ACCENTS = {
    "TEXT": {},
    "BACKGROUND": _WHITE,
    "ACCENT1": {"red": 0.25882354, "green": 0.52156866, "blue": 0.95686275},
    "ACCENT2": {"red": 0.91764706, "green": 0.2627451, "blue": 0.20784314},
    "ACCENT3": {"red": 0.9843137, "green": 0.7372549, "blue": 0.015686275},
    "ACCENT4": {"red": 0.20392157, "green": 0.65882355, "blue": 0.3254902},
    "ACCENT5": {"red": 1, "green": 0.42745098, "blue": 0.003921569},
    "ACCENT6": {"red": 0.27450982, "green": 0.7411765, "blue": 0.7764706},
    "LINK": {"red": 0.06666667, "green": 0.33333334, "blue": 0.8},
}
THEME: Json = {
    "primaryFontFamily": "Arial",
    "themeColors": [{"colorType": name, "color": {"rgbColor": color}} for name, color in _ACCENTS.items()],
}


def normal(cell_format: Json) -> Json:
    """Return a format as Google stores it: each colour also as a style."""
    stored = copy.deepcopy(cell_format)
    _double(stored, "backgroundColor")
    if "textFormat" in stored:
        _double(stored["textFormat"], "foregroundColor")
    return stored


def normal_colour(style: Json) -> Json:
    """Return a ColorStyle as Google stores it: 32 bits a channel, channels of 0 left out, none for no colour."""
    if "rgbColor" not in style:
        return style
    channels = {name: float(f"{_as_32_bits(value):.8g}") for name, value in style["rgbColor"].items() if value}
    return {"rgbColor": {name: plain_number(value) for name, value in channels.items()}}


def _as_32_bits(value: float) -> float:
    (rounded,) = struct.unpack("f", struct.pack("f", value))
    return float(rounded)


def _double(within: Json, name: str) -> None:
    if name in within:
        within[name] = normal_colour({"rgbColor": within[name]})["rgbColor"]
    if name + "Style" in within:
        within[name + "Style"] = normal_colour(within[name + "Style"])
    style = within.get(name + "Style")
    if style and "rgbColor" in style:
        within[name] = style["rgbColor"]
    elif name in within:
        within[name + "Style"] = {"rgbColor": within[name]}


def effective(own_format: Json | None) -> Json:
    """Return the format that a cell shows: the default one with its own on top."""
    shown: Json = {**DEFAULT_FORMAT, **(own_format or {})}
    if own_format and "textFormat" in own_format:
        shown["textFormat"] = {**DEFAULT_FORMAT["textFormat"], **own_format["textFormat"]}
    return {**shown, "hyperlinkDisplayType": "PLAIN_TEXT"}
