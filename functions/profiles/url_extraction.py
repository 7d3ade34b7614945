"""Extract URLs from the text of a cell, and the targets of redirects from URLs.

`mentions` finds the URLs in a cell's text: inside quotes, brackets, HYPERLINK formulas, markdown and HTML links.
`redirect_target` resolves the redirects of search engines, social networks and mail-safety services where the address
itself holds its target; an opaque one (Mimecast, a short link) cannot be resolved without a request.

Cells come from strangers, so every step takes time in proportion to the length of the text: a pattern never scans the
same characters again from another start or by backtracking (hence `*+`, `++`, `(?>…)` and the lookbehinds).

Sources: the address formats are those that the services produce, as recorded in public repositories and mail
archives (autumn 2026); Proofpoint's three formats are those of its published URL Defense decoder.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Mention:
    """A URL as it stands in a cell."""

    url: str
    """Without what surrounds it."""
    unfinished: bool = False
    """True if it may go on beyond `url`: an ellipsis follows, or words after nothing but blanks."""
    shown: bool = False
    """True if it is only the text that a link shows, which people and programs shorten."""


_PICTOGRAPH = "[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]"
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
    "|(?<![\x80-\u00f4])[\x7f-\x84\x86-\x9f]|(?<![\x80-\u00df])\u00ad"
    f"|(?<!{_PICTOGRAPH})\u200d|\u200d(?!{_PICTOGRAPH})",
)
"""Default-ignorable characters and controls. Kept are joiners and variation selectors that make one emoji of two, and
the rest of a letter that was decoded wrongly (`Ã` and a soft hyphen for `í`), by which that is recognised."""

_START = r"(?:https?:/|www\.|(?:[a-z]{2}\.|m\.|mobile\.)?linkedin\.com\b|lnkd\.in/)"
_LINK = re.compile(
    r"""(?:=\s{0,9})?HYPERLINK\(\s*+"(?P<formula>[^"]*+)"\s*+(?:[,;](?P<formula_text>[^()]*+))?\)
      | \[(?P<markdown_text>[^\[\]]*+)\]\(\s*+<?(?P<markdown>[^\s()<>]++)>?[^()]*+\)
      | <a\s(?>[^<>]*?href\s*+=\s*+["']?(?P<html>[^\s"'<>]++))[^<>]*+>(?P<html_text>[^<>]*+)(?:</a>)?""",
    re.IGNORECASE | re.VERBOSE,
)
_BRACKETS = r"[,;()\[\]{}]"
_SEPARATED = re.compile(rf"(?<!{_BRACKETS}){_BRACKETS}++(?={_START})", re.IGNORECASE | re.ASCII)
_GLUE = re.compile(r"(?P<blank>\s)|(?P<path>linkedin\.com/.)|(?<=[\w/-])(?=https?://)", re.IGNORECASE | re.ASCII)
_TOKEN = re.compile(r"[^\s\"<>|`“”„«»‹›「」『』【】《》，；、。]+")  # noqa: RUF001 -- these marks are what is cut at
_URLISH = re.compile(
    r"""(?![^\s/@]+@[^\s/@]+\Z)                              # no e-mail address
        (?: [a-z][a-z0-9+.-]*:/+[^/]                         # a scheme
          | //\w | www\.\w
          | (?:[\w%@:-]+\.)+[a-z]{2,}\.?(?::\d*)?[/?\#\\]    # a domain and more
          | [^/]*\b(?:linkedin\.com|lnkd\.in)\b )""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_PAGE = re.compile(r"mailto:|tel:|#", re.IGNORECASE)
"""Links that lead to no web page: to a mailbox, a telephone, another place of the spreadsheet."""
_OPENERS = "'‘’‚([{*•·→="  # noqa: RUF001 -- typographic quotes are meant
_CLOSERS = "'‘’)]}*,;:!?.…‥⋯"  # noqa: RUF001 -- typographic marks are meant
_RUN = re.compile(r"[\W_]*")
_ELLIPSIS = re.compile(r"[…‥⋯]|\..*\.", re.DOTALL)
_DIVIDER = re.compile(r"[\"'“”„«»‹›‘’`<>|()\[\]{},;:!?*•·，；、。「」『』【】《》]")  # noqa: RUF001 -- typographic marks are meant
_ILLEGAL = frozenset('"<>|`“”„«»‹›')  # noqa: RUF001 -- typographic marks are meant
"""Marks that end a token but separate no words: between a slug and a letter they belong to a damaged slug."""


def visible_text(text: str) -> str:
    """Remove invisible characters from a text, and the blanks around it."""
    if not (text.isascii() and text.isprintable()):
        text = _INVISIBLE.sub("", text)
    return text.strip()


def mentions(text: str, links: Sequence[str] = ()) -> list[Mention]:
    """Find the URLs of a cell: first the targets of links, then plain ones.

    Args:
        text: the visible text.
        links: targets of links that stand beside the text; then the text is what links show.
    """
    targets = [Mention(address) for link in links if (address := visible_text(link)) and not _NO_PAGE.match(address)]
    if targets:
        return targets + [Mention(label.url, shown=True) for label in _mentions(text)]
    return _mentions(text)


def _mentions(text: str) -> list[Mention]:
    found = []
    if "(" in text or "<" in text:
        for link in _LINK.finditer(text):
            for kind in ("formula", "markdown", "html"):
                found += _plain_mentions(link[kind] or "")
                found += [Mention(label.url, shown=True) for label in _plain_mentions(link[f"{kind}_text"] or "")]
        text = _LINK.sub(" | ", text)
    return found + _plain_mentions(text)


def _plain_mentions(text: str) -> list[Mention]:
    text = _SEPARATED.sub(" | ", text)
    if text.count("://") > 1:
        text = _unglued(text)
    found = []
    for token in _TOKEN.finditer(text):
        url = token[0].lstrip(_OPENERS)
        start = token.end() - len(url)
        url = url.rstrip(_CLOSERS)
        if _URLISH.match(url):
            found.append(Mention(url, unfinished=_goes_on(text, start + len(url))))
    return found


def _unglued(text: str) -> str:
    """Divide URLs that stand together without a blank: `linkedin.com/in/ahttps://linkedin.com/in/b`."""
    pieces, start, path_end = [], 0, 0
    for mark in _GLUE.finditer(text):
        if mark["blank"]:
            path_end = 0
        elif mark["path"]:
            path_end = path_end or mark.end()
        elif path_end and mark.start() >= path_end:
            pieces.append(text[start : mark.start()])
            start, path_end = mark.start(), 0
    return " | ".join([*pieces, text[start:]])


def _goes_on(text: str, end: int) -> bool:
    """Return whether a URL may go on where its token ends: before a cut-off mark, a damaged slug, or more words."""
    run = _RUN.match(text, end)
    if run is None or run.end() == run.start():
        return False
    if _ELLIPSIS.search(run[0]) or "&" in run[0]:
        return True
    if run.end() == len(text):
        return False
    marks = set(run[0])
    if _DIVIDER.search(run[0]) and not (len(marks) == 1 and marks <= _ILLEGAL):
        return False
    following = _TOKEN.match(text, run.end())
    return following is None or not _URLISH.match(following[0])


def _plain(value: str) -> str:
    return unquote(value)


def _bing(value: str) -> str:
    return _base64(value.removeprefix("a1"))


def _base64(value: str) -> str:
    value = unquote(value).rstrip("=")
    try:
        return urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except ValueError:
        return ""


def _proofpoint_2(value: str) -> str:
    return unquote(value.translate(str.maketrans("-_", "%/")))


_RUN_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _proofpoint_3(value: str) -> str:
    """Put back the characters listed after `__;`: one for each `*`, a run of two or more for `**` and a letter."""
    url, _, stash = value.partition("__;")
    spare = _base64(stash.partition("!")[0])
    pieces, used = [], 0
    for piece in re.split(r"(\*(?:\*[A-Za-z0-9_-])?)", url):
        if piece.startswith("*"):
            count = 1 if piece == "*" else _RUN_LENGTHS.index(piece[2]) + 2
            pieces.append(spare[used : used + count])
            used += count
        else:
            pieces.append(piece)
    return "".join(pieces) if used == len(spare) else ""


_COUNTRY = r"(?:com|[a-z]{2}|com?\.[a-z]{2})"
_REDIRECTS: tuple[tuple[re.Pattern[str], tuple[str, ...], Callable[[str], str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII | re.DOTALL), names, decode)
    for pattern, names, decode in (
        # search
        (rf"(?:www\.)?google\.{_COUNTRY}/url", ("url", "q"), _plain),  # `q` may be the search itself
        (r"(?:www\.)?bing\.com/ck/a", ("u",), _bing),
        (r"(?:www\.)?duckduckgo\.com/l/?", ("uddg",), _plain),
        (r"r\.search\.yahoo\.com/.*?/RU=(?P<value>[^/]+)(?:/.*)?", (), _plain),
        # social
        (r"(?:www|m|l|lm)\.facebook\.com/l\.php", ("u",), _plain),
        (r"l\.(?:instagram|threads)\.(?:com|net)/?", ("u",), _plain),
        (r"l\.messenger\.com/l\.php", ("u",), _plain),
        (r"l\.wl\.co/l", ("u",), _plain),  # WhatsApp
        (r"(?:www\.|m\.)?youtube\.com/redirect", ("q",), _plain),
        (r"out\.reddit\.com/.*", ("url",), _plain),
        (r"t\.umblr\.com/redirect", ("z",), _plain),
        (r"(?:www\.|m\.)?vk\.com/away\.php", ("to",), _plain),
        (r"slack-redir\.net/link", ("url",), _plain),
        (r"linkedin\.com/(?:redir/redirect|safety/go)/?", ("url",), _plain),
        (
            r"linkedin\.com/(?:authwall|(?:uas/|checkpoint/lg/)?login|signup(?:/cold-join)?|m/login)/?",
            ("sessionRedirect", "session_redirect"),
            _plain,
        ),
        # mail safety
        (r"[\w.-]+\.safelinks\.protection\.outlook\.com/.*", ("url",), _plain),
        (r"statics\.teams\.cdn\.office\.net/evergreen-assets/safelinks/.*", ("url",), _plain),
        (r"urldefense\.proofpoint\.com/v1/url", ("u",), _plain),
        (r"urldefense(?:\.proofpoint)?\.com/v2/url", ("u",), _proofpoint_2),
        (r"urldefense\.(?:proofpoint\.com|com|us)/v3/__(?P<value>(?>.+?__;)[^!]*+!!.*)", (), _proofpoint_3),
        (r"linkprotect\.cudasvc\.com/url", ("a",), _plain),  # Barracuda
        (r"secure-web\.cisco\.com/[^/]+/(?P<value>https?%3A[^/?]+)", (), _plain),
        (r"[\w-]+\.?urlprotect\.trendmicro\.com/wis/clicktime/v1/query", ("url",), _plain),
        (r"[\w.-]+\.protection\.sophos\.com/?", ("u",), _base64),
        (r"clicktime\.symantec\.com/.*", ("u",), _plain),
        (r"protect2?\.fireeye\.com/.*", ("u",), _plain),
        (r"scanmail\.trustwave\.com/?", ("u",), _plain),
        (r"(?:url\.avanan\.click|protect\.checkpoint\.com)/v2/___(?P<value>https?:.+?)___\..*", (), str),
    )
)


def redirect_target(host: str, path: str, query: str) -> str | None:
    """Return where a known redirect leads; None if this is no such redirect or its target is not in it.

    Args:
        host: without port and trailing dot; any of LinkedIn's own hosts as `linkedin.com`.
        path: begins with `/`, or is empty.
        query: what follows the path, with its `?`.
    """
    for pattern, names, decode in _REDIRECTS:
        address = f"{host}{path}" if names else f"{host}{path}{query}"
        match = pattern.fullmatch(address)
        if match is None:
            continue
        if not names:
            return decode(match["value"]) or None
        for name in names:
            values = {decode(value) for value in _parameter(query, name)}
            if values:
                return values.pop() or None if len(values) == 1 else None
        return None
    return None


def _parameter(query: str, name: str) -> list[str]:
    pairs = (pair.removeprefix("amp;").partition("=") for pair in query.partition("#")[0].removeprefix("?").split("&"))
    return [value for key, _, value in pairs if key == name and value]
