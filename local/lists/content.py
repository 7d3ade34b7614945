"""The kind of a file, by its content, since names lie (`.xls` that is a web page, `.xlsx` that is a CSV)."""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from pathlib import Path

from local.lists.errors import BadFile


class Kind(StrEnum):
    """The kinds of list that can be used."""

    TEXT = "csv"
    WORKBOOK = "xlsx"


_AS_XLSX = "open it and save it as .xlsx or as CSV UTF-8, then name that file."
_OLD = "is an old Excel file (.xls); open it in Excel and save it as .xlsx."
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "is a PDF; get the list as .xlsx or CSV from where the PDF was made."),
    (b"\x1f\x8b", "is compressed (gzip); unpack it first."),
    (b"Rar!", "is an archive (RAR); unpack it first."),
    (b"7z\xbc\xaf", "is an archive (7-Zip); unpack it first."),
    (b"{\\rtf", f"is a text document (RTF); {_AS_XLSX}"),
    (b"MIME-Version:", f"is a web archive, whatever its name says; {_AS_XLSX}"),
    (b"\x09\x00\x04\x00", _OLD),
    (b"\x09\x02\x06\x00", _OLD),
    (b"\x09\x04\x06\x00", _OLD),
    (b"SQLite format 3\0", "is a database; export the table as CSV, then name that file."),
    (b"PAR1", "is a Parquet file; export it as CSV, then name that file."),
    (b"\x89PNG", "is a picture; a list has to be .xlsx or CSV."),
    (b"\xff\xd8\xff", "is a picture; a list has to be .xlsx or CSV."),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|head|meta|table|\?xml|!--)", re.IGNORECASE)
_JSON = re.compile(rb'\s*(?:\[\s*)?\{\s*"')


def recognise(path: Path) -> Kind:
    """Tell what `path` holds.

    Raises:
        BadFile: it cannot be read, or it is of a kind that cannot be used; the sentence says what to do.
    """
    start = _start(path)
    if start.startswith(b"PK"):
        return _of_archive(path)
    if start.startswith(_OLE):
        raise BadFile(
            f"{path} is an old Excel file (.xls) or is locked with a password; "
            "open it in Excel and save it as .xlsx, without a password."
        )
    for signature, sentence in _STARTS:
        if start.startswith(signature):
            raise BadFile(f"{path} {sentence}")
    plain = start.removeprefix(b"\xef\xbb\xbf")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16: markup and JSON are plain letters in it
        plain = start[2:].replace(b"\0", b"")
    if _MARKUP.match(plain):
        raise BadFile(f"{path} is a web page or XML, whatever its name says; {_AS_XLSX}")
    if _JSON.match(plain):
        raise BadFile(f"{path} is JSON; export the list as CSV, then name that file.")
    return Kind.TEXT


def _start(path: Path) -> bytes:
    if path.exists() and not (path.is_file() or path.is_dir()):  # a list is read several times, a pipe only once
        raise BadFile(f"{path} is not a regular file; name `-` instead, and pass the list through standard input.")
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except FileNotFoundError:
        raise BadFile(f"There is no file {path}; check the name, or try it with the sample leads.csv.") from None
    except IsADirectoryError:
        raise BadFile(f"{path} is a folder; name a CSV or Excel file in it.") from None
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({error.strerror}); check its permissions.") from error


def _of_archive(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            mimetype = b""
            if "mimetype" in names:
                with archive.open("mimetype") as file:
                    mimetype = file.read(100)
    except (zipfile.BadZipFile, OSError) as error:
        raise BadFile(f"{path} is a damaged Excel file: its end is missing; download or export it again.") from error
    if "xl/workbook.xml" in names or (
        "[Content_Types].xml" in names and any(n.endswith("/workbook.xml") for n in names)
    ):
        return Kind.WORKBOOK
    if any(name.endswith("workbook.bin") for name in names):
        raise BadFile(f"{path} is a binary workbook (.xlsb); open it in Excel and save it as .xlsx.")
    if any(name.endswith(".iwa") or name.rsplit("/", 1)[-1] == "Index.zip" for name in names):
        raise BadFile(f"{path} is a Numbers file; in Numbers choose File, Export To, Excel, then name that file.")
    if b"opendocument" in mimetype:
        raise BadFile(f"{path} is an OpenDocument file (.ods); {_AS_XLSX}")
    if "word/document.xml" in names:
        raise BadFile(f"{path} is a Word document; put its list into a sheet, and save that as .xlsx or CSV.")
    lists = [name for name in names if name.lower().endswith((".csv", ".xlsx", ".tsv"))]
    if lists:
        raise BadFile(f"{path} is an archive that holds {', '.join(lists[:3])}; unpack it and name the file itself.")
    raise BadFile(f"{path} is an archive without a list in it; name a CSV or Excel file.")
