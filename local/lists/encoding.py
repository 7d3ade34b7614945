"""The encoding of a text file: UTF-8 wherever multi-byte UTF-8 is found, UTF-16, UTF-32, or an older one that is said.

Bytes that fit no encoding are carried through as they came (PEP 383), so that nothing of the list changes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from local.lists.errors import BadFile
from local.lists.latin_letters import is_latin, latin_codec

_CHUNK = 1 << 20
_SAMPLE = 1 << 18
MAX_DOUBTFUL = 1000
"""Doubtful lines whose numbers are remembered."""
_STRAYS_PER_SEQUENCE = 4
"""More stray bytes than this for one UTF-8 sequence, and the sequences are chance: GBK and Shift-JIS have some."""
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE_LINKEDIN = re.compile(rb"l\0i\0n\0k\0e\0d\0i\0n", re.IGNORECASE)
_USUAL = ("cp1252", "cp1250")
_MAX_LINE = 2000
"""Characters of a line that are looked at for a text that shows whether the guess is right."""
_MAX_EXAMPLES = 1000
"""Such texts that are looked at, at most."""
_LABELS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1252": "Windows-1252 (Western European)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp874": "Windows-874 (Thai)",
    "cp850": "MS-DOS 850 (Western European)",
    "cp852": "MS-DOS 852 (Central European)",
    "cp857": "MS-DOS 857 (Turkish)",
    "mac_roman": "Mac Roman",
    "cp932": "Shift-JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "euc_kr": "EUC-KR (Korean)",
}
_OTHER_SCRIPTS = ("cp1251", "cp1253", "cp1256", "cp874", "cp932", "euc_jp", "gb18030", "big5", "euc_kr")
"""Those that charset-normalizer tells apart reliably; among the Latin ones it takes Jörg's list for a Polish one."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a file are letters."""

    codec: str
    doubtful_lines: tuple[int, ...] = ()
    """Lines of a UTF-8 file, from 1, with bytes that are no UTF-8; at most `MAX_DOUBTFUL`."""
    example: str = ""
    """Where the encoding was guessed: the first text with a letter that the guess decides."""

    @property
    def label(self) -> str:
        """The name that people know it by."""
        return _LABELS.get(self.codec, self.codec)

    @property
    def is_unicode(self) -> bool:
        """Whether it can hold every letter."""
        return self.codec.startswith("utf")

    @property
    def _errors(self) -> str:
        return "surrogatepass" if self.codec.startswith(("utf-16", "utf-32")) else "surrogateescape"

    def open(self, path: Path) -> TextIO:
        """Open a file for reading; line ends and marks of the beginning are kept."""
        return path.open(encoding=self.codec, errors=self._errors, newline="")

    def create(self, path: Path) -> TextIO:
        """Open a file for writing the result: the same encoding, or UTF-8 with its mark where that lacks letters."""
        if self.is_unicode:
            return path.open("w", encoding=self.codec, errors=self._errors, newline="")
        file = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        file.write("\ufeff")
        return file


def detect(path: Path, chosen: str = "") -> Encoding:
    """Find out the encoding of a text file; `chosen` is the name of one that a person gave.

    Raises:
        BadFile: the chosen encoding does not exist or does not fit.
    """
    if chosen:
        return _chosen(path, chosen)
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    if codec := _wide(start):
        return Encoding(codec)
    if _is_utf_8(path):
        return Encoding("utf-8")
    lines: list[int] = []
    sequences = strays = clean = 0
    for number, found, stray in _beyond_ascii(path):
        sequences += found
        strays += stray
        clean += not stray
        if stray and len(lines) < MAX_DOUBTFUL:
            lines.append(number)
    if strays * 2 <= sequences or (clean and strays <= _STRAYS_PER_SEQUENCE * sequences):
        return Encoding("utf-8", tuple(lines))
    codec = _older(start)
    return Encoding(codec, example=_example(path, codec))


def _chosen(path: Path, name: str) -> Encoding:
    try:
        codec = codecs.lookup(name.strip()).name
    except LookupError:
        raise BadFile(f"There is no encoding {name!r}; try utf-8, cp1252 or cp1250.") from None
    codec = {"utf-8-sig": "utf-8", "iso8859-1": "cp1252"}.get(codec, codec)
    if codec in {"utf-16", "utf-32"}:
        with path.open("rb") as file:
            codec = _wide(file.read(_SAMPLE)) or f"{codec}-le"
    try:
        with Encoding(codec).open(path) as file:
            file.read(_CHUNK)
    except (UnicodeError, LookupError) as error:
        raise BadFile(f"{path} cannot be read as {name}; leave ENCODING out, or try another.") from error
    return Encoding(codec)


def _wide(start: bytes) -> str:
    """Return the codec of UTF-16 or UTF-32, by the mark at the beginning or by the zero bytes of Latin letters."""
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return codec
    if found := _WIDE_LINKEDIN.search(start):  # whatever the other letters are: Japanese ones have no zero bytes
        return "utf-16-be" if found.start() % 2 else "utf-16-le"
    pairs = len(start) // 2
    if pairs and start[1::2].count(0) > pairs * 0.6 and start[::2].count(0) < pairs * 0.1:
        return "utf-16-le"
    if pairs and start[::2].count(0) > pairs * 0.6 and start[1::2].count(0) < pairs * 0.1:
        return "utf-16-be"
    return ""


def _is_utf_8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _beyond_ascii(path: Path) -> Iterator[tuple[int, int, int]]:
    """Yield each line with other bytes than ASCII: its number, its UTF-8 sequences, its stray bytes."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.isascii():
                continue
            others = [char for char in line.decode("utf-8", "surrogateescape") if char > "\x7f"]
            stray = sum("\udc80" <= char <= "\udcff" for char in others)
            yield number, len(others) - stray, stray


def _older(start: bytes) -> str:
    if b"\r" in start and b"\n" not in start:
        return "mac_roman"  # only Excel's “CSV (Macintosh)” still ends lines so
    if is_latin(start) and (codec := latin_codec(start)):
        return codec
    import charset_normalizer  # noqa: PLC0415 - heavy, and few files need it

    best = charset_normalizer.from_bytes(start, cp_isolation=[*_OTHER_SCRIPTS, "cp1252", "cp1250"]).best()
    return best.encoding if best is not None and best.encoding in _OTHER_SCRIPTS else "cp1252"


def _example(path: Path, codec: str) -> str:
    """Return the first text, in this encoding, that another usual one reads differently; or else the first."""
    first, seen = "", 0
    with path.open(encoding=codec, errors="replace", newline="") as file:
        for line in file:
            for found in re.finditer(r"[^\s,;|\t\"]*[^\x00-\x7f][^,;|\t\"\r\n]*", line[:_MAX_LINE]):
                text, seen = found[0].strip()[:60], seen + 1
                bytes_ = text.encode(codec, "replace")
                if seen > _MAX_EXAMPLES or any(bytes_.decode(other, "replace") != text for other in _USUAL):
                    return text if seen <= _MAX_EXAMPLES else first
                first = first or text
    return first
