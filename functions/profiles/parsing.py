"""Parse a cell's text into a person's profile: one key per person, and a refusal if there is any doubt.

The rules for LinkedIn URLs were gathered from LinkedIn's public help pages and from open-source normalisers (autumn
2026); they stand only in this module. Parsing takes time in proportion to the length of the cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Self
from unicodedata import normalize
from urllib.parse import quote, unquote_to_bytes

import msgspec

from functions.errors import NotAProfile
from functions.profiles import url_extraction


class Profile(msgspec.Struct, frozen=True, gc=False):
    """A person's LinkedIn profile in canonical form."""

    key: str
    """Identifies the person in the store: `linkedin.com/in/<slug>`."""
    url: str
    """As sent to Slintel: `http://www.linkedin.com/in/<slug>`, percent-encoded."""


class Reason(StrEnum):
    """The reason why a cell is no profile; each has a label and a sentence that says what to do."""

    label: str
    sentence: str

    def __new__(cls, value: str, label: str = "", sentence: str = "") -> Self:
        """Create a member. The defaults let the type checker accept `Reason("empty")`, which looks one up."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.sentence = sentence
        return member

    EMPTY = "empty", "empty cell", "The cell is empty; put the person's LinkedIn URL into it."
    NOT_A_URL = (
        "not_a_url",
        "not a web address",
        "This is not a web address; paste the whole URL, such as https://www.linkedin.com/in/name.",
    )
    NOT_LINKEDIN = (
        "not_linkedin",
        "not on LinkedIn",
        "This address is not a profile's on linkedin.com or one of its country hosts; paste the person's LinkedIn URL.",
    )
    NOT_A_PERSON = (
        "not_a_person",
        "a company, school or post",
        "This LinkedIn address belongs to no person's profile; paste one that begins with linkedin.com/in/.",
    )
    SALES_NAVIGATOR = (
        "sales_navigator",
        "Sales Navigator address",
        "This is a Sales Navigator address; open it there, choose “View LinkedIn profile”, and paste that URL.",
    )
    RECRUITER = (
        "recruiter",
        "Recruiter address",
        "This is a LinkedIn Recruiter address; open the person's public profile from there, and paste that URL.",
    )
    SHORT_LINK = "short_link", "short link", "This is a short link; open it, and paste the URL that it leads to."
    MALFORMED_SLUG = (
        "malformed_slug",
        "broken profile address",
        "The name in this LinkedIn URL is missing, cut off or damaged; open the profile, and copy its URL again.",
    )
    MULTIPLE_URLS = (
        "multiple_urls",
        "several addresses in one cell",
        "There is more than one URL in this cell; leave only the person's own.",
    )
    TOO_LONG = "too_long", "too long", "This cell holds far more text than a URL; leave only the person's LinkedIn URL."


MAX_CELL = 4096
"""In characters. The longest redirects around a profile are about half of it."""
_DEEPEST_REDIRECT = 4
_KEY = "linkedin.com/in/"
_SITE = "http://www.linkedin.com/in/"
_SHORTEST_SLUG, _LONGEST_SLUG = 3, 100
_LONGEST_DECOMPOSED = 4 * _LONGEST_SLUG
"""In code points: no letter decomposes into more than four (https://unicode.org/faq/normalization.html)."""
_MEMBER_ID_LENGTH = 39

_COMMON = re.compile(
    r"\s*(?:https?://)?(?:(?:www|m|[a-z]{2})\.)?linkedin\.com/in/(-*[a-z0-9][a-z0-9-]+)/?(?:\?[a-zA-Z0-9_=&-]*)?\s*",
)
"""The spelling of most cells; matching it must give the same profile as the long way."""
_OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+-]*:/", re.IGNORECASE | re.ASCII)
_SCHEME = re.compile(r"(?:(https?):/+)*/*(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)
_PARTS = re.compile(r"([^/?#]*)([^?#]*)(.*)", re.DOTALL)
_AUTHORITY = re.compile(r"([^@:\\\s]+?)\.?(?::([0-9]*))?", re.ASCII)
_HOST = re.compile(r"(?:(?:www|m|mobile|[a-z]{2})\.)?linkedin\.com", re.IGNORECASE | re.ASCII)
_BARE_DOMAIN = re.compile(r"(?:[\w-]+\.)+(?:com|net|org|io|co|ai)", re.IGNORECASE | re.ASCII)
_DEFAULT_PORTS = {"http": ("80",), "https": ("443",), "": ("80", "443")}
_SHORT_LINK_HOSTS = frozenset(
    {"lnkd.in", "www.lnkd.in", "bit.ly", "t.co", "goo.gl", "tinyurl.com", "ow.ly", "buff.ly"},
)
_DOT_SEGMENT = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_LEGACY_NUMBER = re.compile(r"[0-9a-z]{1,3}", re.IGNORECASE | re.ASCII)
_MEMBER_ID = re.compile(r"AC[ow]AA[A-Za-z0-9_-]{34}", re.ASCII)
_UNFIT = re.compile(
    r"[\x00-%(-,/:-@\[-^`{-\x9f\s\ud800-\uf8ff\ufdd0-\ufdef\ufffd-\uffff\U000f0000-\U0010ffff…‥⋯]|\.\.",
)
"""Not in a slug: ASCII but letters, digits and `-_.'&`; blanks, controls, private use, broken text, an ellipsis."""
_CONTINUATION = "[\u0080-\u00bf" + bytes({*range(0x80, 0xA0)} - {0x81, 0x8D, 0x8F, 0x90, 0x9D}).decode("cp1252") + "]"
_DOUBLE_ENCODED = re.compile(
    f"[\u00c2-\u00df]{_CONTINUATION}|[\u00e0-\u00ef]{_CONTINUATION}{{2}}|[\u00f0-\u00f4]{_CONTINUATION}{{3}}"
    "|[\u00e2-\u00f4][\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b4\u00b6\u00b8\u00b9\u00bb-\u00bf]",
)
"""The UTF-8 bytes of a letter, each decoded by itself as cp1252 or Latin-1: `Ã¼` for `ü`; or that text in lower case,
of which only a pair with a symbol can be told from letters: `ã¼`."""
_SUBSTANCE = re.compile(r"[^\W_]|[\u2190-\u2bff\U0001f000-\U0001faff]")
_PLACEHOLDERS = frozenset(
    {
        *("me", "unavailable", "username", "user-name", "yourname", "your-name", "yourusername", "your-username"),
        *("yourprofile", "your-profile", "firstname-lastname", "firstnamelastname", "firstname.lastname", "first-last"),
        *("first-name-last-name", "name-surname", "profile-name", "profilename", "vanityname", "vanity-name", "slug"),
        *("your-slug", "example", "placeholder", "undefined", "null", "none", "nan", "n-a", "unknown", "xxx", "xxxx"),
    },
)
_PREFIXES = frozenset({"mwlite", "comm"})
_REFUSED_SECTIONS = {
    "sales": Reason.SALES_NAVIGATOR,
    "talent": Reason.RECRUITER,
    "recruiter": Reason.RECRUITER,
}


def parse(cell: object, links: Sequence[str] = ()) -> Profile:
    """Parse the profile in a cell, whatever its spelling.

    A name that links to a profile is that profile. Text and links that name two people are refused.

    Args:
        cell: the cell's value, any object; only text can hold a profile.
        links: every address that the cell, or a part of it, leads to.

    Raises:
        NotAProfile: the cell holds no profile, or more than one; `reason` is a `Reason`.
    """
    if not isinstance(cell, str):
        raise _refusal(Reason.EMPTY if cell is None else Reason.NOT_A_URL)
    others = [link for link in links if link != cell]
    if max(map(len, (cell, *others))) > MAX_CELL:
        raise _refusal(Reason.TOO_LONG)
    common = None if others else _COMMON.fullmatch(cell)
    verdict = _identify(common[1]) if common else _read_cell(cell, others)
    if isinstance(verdict, Reason):
        raise _refusal(verdict)
    return verdict


def of_key(key: str) -> Profile:
    """Return the profile of a key that `parse` gave."""
    slug = key.removeprefix(_KEY)
    escaped = slug if slug.isascii() and slug.replace("-", "").isalnum() else quote(slug, safe="")
    # A full stop at the end of a URL reads as the end of a sentence.
    return Profile(key, _SITE + (f"{escaped[:-1]}%2E" if escaped.endswith(".") else escaped))


def _refusal(reason: Reason) -> NotAProfile:
    return NotAProfile(reason, reason.sentence)


def _read_cell(cell: str, links: Sequence[str] = ()) -> Profile | Reason:
    text = url_extraction.visible_text(cell)
    mentions = url_extraction.mentions(text, links)
    if not text and not mentions:
        return Reason.EMPTY
    verdicts: dict[str, Profile | Reason] = {}
    for mention in mentions:
        verdict = _read_url(mention.url, unfinished=mention.unfinished)
        if isinstance(verdict, Profile):
            verdicts[verdict.key] = verdict
        elif not mention.shown:
            verdicts[mention.url] = verdict
    if not verdicts:
        return Reason.NOT_LINKEDIN if _BARE_DOMAIN.fullmatch(text) else Reason.NOT_A_URL
    return verdicts.popitem()[1] if len(verdicts) == 1 else Reason.MULTIPLE_URLS


def _read_url(url: str, *, unfinished: bool) -> Profile | Reason:
    for _ in range(_DEEPEST_REDIRECT):
        protocol, rest = _SCHEME.fullmatch(url).groups()  # type: ignore[union-attr] # matches every text
        if _OTHER_SCHEME.match(rest):
            return Reason.NOT_A_URL
        authority, path, tail = _PARTS.fullmatch(rest).groups()  # type: ignore[union-attr] # matches every text
        address = _AUTHORITY.fullmatch(authority)
        if address is None or (address[2] and address[2] not in _DEFAULT_PORTS[(protocol or "").lower()]):
            return Reason.NOT_LINKEDIN
        if _HOST.fullmatch(address[1]):
            host, verdict = "linkedin.com", _read_path(path, unfinished=unfinished and not tail)
            if verdict is not Reason.NOT_A_PERSON:
                return verdict
        else:
            host = address[1].lower()
            verdict = Reason.SHORT_LINK if host in _SHORT_LINK_HOSTS else Reason.NOT_LINKEDIN
        target = url_extraction.redirect_target(host, path, tail)
        if target is None:
            return verdict
        # The sign-in pages lead back to a path of their own site.
        url = f"{host}{target}" if verdict is Reason.NOT_A_PERSON and target.startswith("/") else target.strip()
    return Reason.NOT_LINKEDIN


def _read_path(path: str, *, unfinished: bool) -> Profile | Reason:
    sections = [section for section in path.split("/") if section]
    first = next((place for place, section in enumerate(sections) if section.lower() not in _PREFIXES), len(sections))
    kind, *names = sections[first:] or [""]
    kind = kind.lower()
    if kind in _REFUSED_SECTIONS:
        return _REFUSED_SECTIONS[kind]
    if kind not in {"in", "pub"} or (kind == "pub" and names[:1] == ["dir"]):
        return Reason.NOT_A_PERSON
    if not names or any(_DOT_SEGMENT.fullmatch(name) for name in names):
        return Reason.MALFORMED_SLUG
    name = _decoded(names[0])
    if kind == "pub":
        numbers = names[1:4]
        unfinished &= len(names) <= 4 and not path.endswith("/")
        if len(numbers) < 3 or not all(_LEGACY_NUMBER.fullmatch(number) for number in numbers):
            return Reason.MALFORMED_SLUG
        name = name and _modern(name, *numbers)
    else:
        unfinished &= len(names) == 1 and not path.endswith("/")
    return Reason.MALFORMED_SLUG if unfinished or not name else _identify(name)


def _modern(name: str, a: str, b: str, c: str) -> str:
    """Turn a legacy `/pub/<name>/<a>/<b>/<c>` into the slug that LinkedIn redirects it to."""
    return f"{name}-{c:0>3}{b:0>3}{'' if a == '0' else a}"


def _decoded(section: str) -> str | None:
    """Percent-decode once; None if that is no UTF-8."""
    try:
        return unquote_to_bytes(section).decode()
    except UnicodeError:
        return None


def _identify(name: str) -> Profile | Reason:
    if len(name) > _LONGEST_DECOMPOSED:  # not normalised: that sorts runs of marks, in quadratic time
        return Reason.MULTIPLE_URLS if "linkedin.com" in name.lower() else Reason.MALFORMED_SLUG
    slug = normalize("NFC", name)
    if not _MEMBER_ID.fullmatch(slug):
        damaged = slug.startswith(("ACoAA", "ACwAA")) or _DOUBLE_ENCODED.search(slug) is not None
        # Lower-casing may compose differently: H with a line below has no letter of its own, h has.
        slug = normalize("NFC", slug.lower())
        if slug in _PLACEHOLDERS:
            return Reason.NOT_A_PERSON
        if "linkedin.com" in slug:  # two URLs, with nothing between them
            return Reason.MULTIPLE_URLS
        damaged |= len(slug) == _MEMBER_ID_LENGTH and slug.startswith(("acoaa", "acwaa"))
        if damaged or not _SHORTEST_SLUG <= len(slug) <= _LONGEST_SLUG:
            return Reason.MALFORMED_SLUG
        if _UNFIT.search(slug) or not _SUBSTANCE.search(slug):
            return Reason.MALFORMED_SLUG
    return of_key(_KEY + slug)
