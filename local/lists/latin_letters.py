"""The older encoding of a Latin text: that in which its letters beyond ASCII are those of one language.

A byte is another letter in each code page: “Jiří” of Windows-1250 is “Jiøí” in Windows-1252, and no language has both
of these letters.
"""

from __future__ import annotations

import re

_EXPECTED = 0.9
"""Share of the letters that a language has to explain; the others are foreign names."""
_WESTERN = (
    "[äöüßé]",  # German
    "[àâæçéèêëîïôœùûüÿ]",  # French
    "[áéíñóúü]",  # Spanish
    r"[áâàçéêíóôúü]|õ(?=e)|ã(?=[oe]|n?s?\b)",  # Portuguese
    r"[àèéìòù]\b",  # Italian
    "[åäöé]",  # Swedish, Finnish
    "[æøåé]",  # Danish, Norwegian
    "[áéèëêíïóöü]",  # Dutch
    "[àçèéíïòóúü]",  # Catalan
    "[äöõüšž]",  # Estonian
)
_CENTRAL = (
    "[ąćęłńóśźż]",  # Polish
    "[áčďéěíňóřšťúůýž]",  # Czech
    "[áäčďéíĺľňóôŕšťúýž]",  # Slovak
    "[áéíóöőúüű]",  # Hungarian
    "[čćđšž]",  # Croatian, Slovene
    "[ăâîșşțţ]",  # Romanian
)
_TURKISH = ("[çğıöşüâî]",)
_LETTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("cp1252", _WESTERN),
    ("cp1254", _TURKISH),
    ("cp1252", ("[áðéíóúýþæö]",)),  # Icelandic, after Turkish: few lists are
    ("cp1250", _CENTRAL),
    ("cp1257", ("[ąčęėįšųūž]", "[āčēģīķļņšūž]")),  # Lithuanian, Latvian
    ("mac_roman", _WESTERN),
    ("cp850", _WESTERN),  # Excel's “CSV (MS-DOS)”
    ("cp852", _CENTRAL),
    ("cp857", _TURKISH),
)
"""Encodings, each with the letters of its languages; where several explain a text alike, the first is the usual one."""
_ODD = re.compile(r"(?<=[a-z])[^\w\s\x00-\x7f\u00b7\u2013\u2014\u2019](?=[a-z])|[\ufffd\x80-\x9f]")
"""Signs that no word holds, unlike dashes and apostrophes; so they are letters of another encoding."""
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}+")
_FOREIGN = re.compile(rb"^[\x80-\xff]+$|[\x80-\xff]{4}")


def latin_codec(text: bytes) -> str:
    """Return the encoding whose letters are those of one language in a text; "" where no language has them all."""
    best, codec = 0.0, ""
    for candidate, languages in _LETTERS:
        letters = text.decode(candidate, "replace").replace("İ", "ı").lower()  # noqa: RUF001 - Turkish
        share = max(_explained(letters, language) for language in languages)
        if share > best:
            best, codec = share, candidate
    return codec if best >= _EXPECTED else ""


def is_latin(text: bytes) -> bool:
    """Tell whether most words with letters beyond ASCII hold plain ones, too; in other scripts hardly any does."""
    words = [word for word in _WORD.findall(text) if not word.isascii()]  # a single letter is a sign, such as a dash
    foreign = sum(_FOREIGN.search(word) is not None for word in words)
    return not words or 2 * foreign < len(words)


def _explained(text: str, language: str) -> float:
    """Return the share of the letters beyond ASCII that a language has; signs that no word holds count as letters."""
    letters = sum(char > "\x7f" and char.isalpha() for char in text) + len(_ODD.findall(text))
    return len(re.findall(language, text)) / letters if letters else 1.0
