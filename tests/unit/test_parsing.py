"""One person has one key, whatever the spelling; whatever is no person's profile is refused with its reason."""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random
from unicodedata import normalize
from urllib.parse import quote, unquote

import pytest
import urlgenie
from hypothesis import assume, example, given
from hypothesis import strategies as st

from functions.errors import NotAProfile
from functions.profiles import Profile, parse, parsing
from functions.profiles.parsing import MAX_CELL, Reason

JANE = Profile("linkedin.com/in/jane-doe-12", "http://www.linkedin.com/in/jane-doe-12")
MEMBER_ID = "ACoAAABcDeFgHiJkLmNoPqRsTuVwXyZ01234567"
URL = "https://www.linkedin.com/in/jane-doe-12"
ENCODED = quote(URL, safe="")

SPELLINGS = [
    # scheme and host
    "linkedin.com/in/jane-doe-12",
    "http://linkedin.com/in/jane-doe-12",
    "HTTPS://WWW.LinkedIn.com/in/jane-doe-12",
    "//www.linkedin.com/in/jane-doe-12",
    "m.linkedin.com/in/jane-doe-12",
    "http://mobile.linkedin.com/in/jane-doe-12",
    "https://de.linkedin.com/in/jane-doe-12",
    "https://www.linkedin.com./in/jane-doe-12",
    "https://www.linkedin.com:443/in/jane-doe-12",
    "http://www.linkedin.com:80/in/jane-doe-12",
    # what follows the slug
    f"{URL}/",
    f"{URL}?trk=people-guest_people_search-card",
    f"{URL}/?originalSubdomain=de#experience",
    f"{URL}/en",
    f"{URL}/de-de/",
    f"{URL}/details/experience/",
    f"{URL}/overlay/contact-info/",
    f"{URL}/recent-activity/all/",
    "https://www.linkedin.com/mwlite/in/jane-doe-12",
    "https://www.linkedin.com/comm/in/jane-doe-12?midToken=x",
    # the slug
    "https://www.linkedin.com/in/Jane-Doe-12",
    "https://www.linkedin.com/IN/JANE-DOE-12",
    "https://www.linkedin.com/in/jane%2Ddoe%2d12",
    "https://www.linkedin.com/in/%4Aane-doe-12",
    # around it
    f"  {URL}\t",
    f"\xa0{URL}\xa0",
    f"\u200b{URL}\ufeff",
    "https://www.linkedin.com/in/jane\u00ad-doe\u200b-12",
    f'"{URL}"',
    f"“{URL}”",
    f"'{URL}'",
    f"<{URL}>",
    f"({URL}).",
    f"{URL},",
    f"Jane Doe: {URL}",
    f'=HYPERLINK("{URL}","Jane")',
    f'=HYPERLINK("{URL}";"Jane")',
    f'HYPERLINK("{URL}")',
    f"[Jane Doe]({URL})",
    f"[{URL}]({URL}/)",
    f'<a href="{URL}">Jane</a>',
    f"{URL} linkedin.com/in/Jane-Doe-12/",
    # redirects
    f"https://www.google.com/url?sa=t&url={ENCODED}&usg=x",
    f"https://www.google.de/url?q={URL}&sa=D",
    f"https://duckduckgo.com/l/?uddg={ENCODED}",
    f"https://l.facebook.com/l.php?u={ENCODED}&h=AT1",
    f"https://www.linkedin.com/redir/redirect?url={ENCODED}&urlhash=x",
    f"https://www.linkedin.com/authwall?trk=x&sessionRedirect={ENCODED}",
    f"https://eur01.safelinks.protection.outlook.com/?url={ENCODED}&data=05%7C01",
    "https://urldefense.proofpoint.com/v2/url?u=https-3A__www.linkedin.com_in_jane-2Ddoe-2D12&d=DwMFaQ",
    f"https://urldefense.com/v3/__{URL}__;!!abc!d$",
    f"https://www.google.com/url?q={quote(f'https://l.facebook.com/l.php?u={ENCODED}', safe='')}",
]

REFUSED: dict[Reason, list[object]] = {
    Reason.EMPTY: ["", "   ", "\n", "\u200b\ufeff", "\xa0", None],
    Reason.NOT_A_URL: [
        "n/a",
        "Jane Doe",
        "jane-doe-12",
        "in/jane-doe-12",
        "jane@linkedin.com",
        "mailto:jane@linkedin.com",
        "urn:li:person:12",
        "ftp://www.linkedin.com/in/jane-doe-12",
        "javascript:alert(1)",
        12,
        1.5,
        True,
        [URL],
    ],
    Reason.NOT_LINKEDIN: [
        "https://linkedin.com.evil.com/in/jane-doe-12",
        "https://linkedln.com/in/jane-doe-12",
        "https://www.xlinkedin.com/in/jane-doe-12",
        "https://linkedin.net/in/jane-doe-12",
        "https://www.linkedin.org/in/jane-doe-12",
        "https://linkedin.com.br/in/jane-doe-12",
        "https://abc.linkedin.com/in/jane-doe-12",
        "https://user@linkedin.com/in/jane-doe-12",
        "https://user@linkedin.com@evil.com/in/jane-doe-12",
        "https://linkedin.com:8080/in/jane-doe-12",
        "http://linkedin.com:443/in/jane-doe-12",
        "https://linkedin.com\\@evil.com/in/jane-doe-12",
        "https://evil.com/linkedin.com/in/jane-doe-12",
        "https://evil.com/?u=linkedin.com/in/jane-doe-12",
        "https://l\u0456nkedin.com/in/jane-doe-12",  # a Cyrillic i
        "slintel.com",
    ],
    Reason.NOT_A_PERSON: [
        "linkedin.com",
        "https://www.linkedin.com/",
        "https://www.linkedin.com/company/slintel/",
        "https://www.linkedin.com/school/mit/",
        "https://www.linkedin.com/showcase/slintel/",
        "https://www.linkedin.com/posts/jane-doe-12_activity-7101",
        "https://www.linkedin.com/feed/update/urn:li:activity:7101",
        "https://www.linkedin.com/pulse/title-jane-doe",
        "https://www.linkedin.com/jobs/view/7101",
        "https://www.linkedin.com/groups/7101",
        "https://www.linkedin.com/profile/view?id=7101",
        "https://www.linkedin.com/pub/dir/Jane/Doe",
        "https://www.linkedin.com/in/me/",
        "https://www.linkedin.com/in/unavailable/",
        "https://www.linkedin.com/in/your-name",
    ],
    Reason.SALES_NAVIGATOR: [
        "https://www.linkedin.com/sales/lead/ACwAAB1,NAME_SEARCH,x",
        "https://www.linkedin.com/sales/people/ACwAAB1",
    ],
    Reason.RECRUITER: [
        "https://www.linkedin.com/talent/profile/AEMAAA",
        "https://www.linkedin.com/recruiter/profile/7101,x,CAP",
    ],
    Reason.SHORT_LINK: ["https://lnkd.in/eXample1", "lnkd.in/eXample1", "https://bit.ly/3abc"],
    Reason.MALFORMED_SLUG: [
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/in",
        "https://www.linkedin.com/in//",
        "https://www.linkedin.com/in/?trk=x",
        "https://www.linkedin.com/in/ab",
        f"https://www.linkedin.com/in/{'a' * 101}",
        "https://www.linkedin.com/in/john-sm...",
        "https://www.linkedin.com/in/john-sm…",
        "https://www.linkedin.com/in/%ff%fe%fd",
        "https://www.linkedin.com/in/---",
        "https://www.linkedin.com/in/jane%20doe",
        "https://www.linkedin.com/in/jane%2520doe",
        "https://www.linkedin.com/in/jane%2Fdoe",
        "https://www.linkedin.com/in/../jane-doe-12",
        "https://www.linkedin.com/in/%2e%2e/jane-doe-12",
        "https://www.linkedin.com/pub/jane-doe",
        f"https://www.linkedin.com/in/{MEMBER_ID[:-1]}",
        f"https://www.linkedin.com/in/{MEMBER_ID.lower()}",
    ],
    Reason.MULTIPLE_URLS: [
        "linkedin.com/in/jane-doe-12 linkedin.com/in/john-doe",
        "linkedin.com/in/jane-doe-12,linkedin.com/in/john-doe",
        "https://linkedin.com/in/jane-doe-12https://linkedin.com/in/john-doe",
        "linkedin.com/in/jane-doe-12linkedin.com/in/john-doe",
        "linkedin.com/in/jane-doe-12\nhttps://www.linkedin.com/company/slintel",
        f"[Jane]({URL}) [John](https://linkedin.com/in/john-doe)",
    ],
    Reason.TOO_LONG: ["x" * (MAX_CELL + 1), f"{URL}?" + "x" * 10**6],
}


REASONS = {reason.value: reason for reason in Reason}
CASES = [(reason, cell) for reason, cells in REFUSED.items() for cell in cells]


def refusal(cell: object) -> Reason | None:
    """Why the cell is refused; None where it holds a profile."""
    try:
        parse(cell)
    except NotAProfile as error:
        return REASONS[error.reason]
    return None


@pytest.mark.parametrize("cell", SPELLINGS)
def test_every_spelling_of_a_person_is_that_person(cell: str) -> None:
    assert parse(cell) == JANE


@pytest.mark.parametrize(("reason", "cell"), CASES)
def test_what_is_no_profile_is_refused_with_its_reason(reason: Reason, cell: object) -> None:
    assert refusal(cell) is reason


def test_every_reason_is_shown_above_and_tells_what_to_do() -> None:
    assert set(REFUSED) == set(Reason)
    for reason in Reason:
        assert reason.sentence.endswith(".")
        assert len(reason.sentence) > 30


@pytest.mark.parametrize(
    ("section", "slug"),
    [
        ("josé-núñez", "josé-núñez"),
        ("jos%C3%A9-n%c3%ba%C3%B1ez", "josé-núñez"),
        ("JOSÉ-NÚÑEZ", "josé-núñez"),
        (normalize("NFD", "josé-núñez"), "josé-núñez"),
        ("李明华", "李明华"),
        ("анна-петрова", "анна-петрова"),
        ("jane-😀", "jane-😀"),
        ("-jane-", "-jane-"),
        ("jane_o'doe.x&y", "jane_o'doe.x&y"),
        ("ACosta-Maria", "acosta-maria"),
        (MEMBER_ID, MEMBER_ID),
        (MEMBER_ID.replace("ACo", "ACw"), MEMBER_ID.replace("ACo", "ACw")),
        ("a" * 100, "a" * 100),
        ("abc", "abc"),
    ],
)
def test_the_slug_is_decoded_once_composed_and_lower_cased(section: str, slug: str) -> None:
    profile = parse(f"https://www.linkedin.com/in/{section}")
    assert profile.key == f"linkedin.com/in/{slug}"
    assert profile.url.isascii()
    assert unquote(profile.url) == f"http://www.linkedin.com/in/{slug}"


def test_people_that_only_look_alike_stay_two() -> None:
    """Neither case-folded nor stripped of accents, nor made compatible: each would pay for somebody else."""
    alike = ["strasse", "straße", "jose", "josé", "fiona", "\ufb01ona", MEMBER_ID, MEMBER_ID.replace("Bc", "bC")]
    assert len({parse(f"linkedin.com/in/{slug}").key for slug in alike}) == len(alike)


@pytest.mark.parametrize(
    ("legacy", "slug"),
    [
        ("Jane-Doe/2/b/1a", "jane-doe-01a00b2"),
        ("jane-doe/12/34/567", "jane-doe-56703412"),
        ("jane-doe/0/b/1a", "jane-doe-01a00b"),
        ("jane-doe/2/b/1a/", "jane-doe-01a00b2"),
    ],
)
def test_a_legacy_address_is_the_person_that_it_leads_to(legacy: str, slug: str) -> None:
    assert parse(f"https://www.linkedin.com/pub/{legacy}").key == f"linkedin.com/in/{slug}"


WORDS = st.text(st.sampled_from(string.ascii_lowercase + string.digits), min_size=1, max_size=12)
SLUGS = (
    st.lists(WORDS, min_size=1, max_size=4)
    .map("-".join)
    .filter(lambda slug: 3 <= len(slug) <= 100 and slug not in parsing._PLACEHOLDERS)
)
HOSTS = st.sampled_from(["", "www.", "m.", "mobile.", "de.", "uk.", "WWW.", "Www."])
SCHEMES = st.sampled_from(["", "http://", "https://", "HTTPS://", "//"])
TAILS = st.sampled_from(["", "/", "?trk=x", "#about", "/en", "/details/skills/", "/?a=1&b=2#c", "/recent-activity/all"])
ROW_CONTEXT = st.sampled_from([("", ""), (" ", "\n"), ("\u200b", "\ufeff"), ('"', '"'), ("<", ">"), ("\xa0", "\u2060")])


@given(
    SLUGS,
    SCHEMES,
    HOSTS,
    TAILS,
    ROW_CONTEXT,
    st.sampled_from([str, str.upper, str.title]),
    st.randoms(use_true_random=False),
)
def test_any_combination_of_spellings_gives_one_key(
    slug: str,
    scheme: str,
    host: str,
    tail: str,
    around: tuple[str, str],
    spell: Callable[[str], str],
    random: Random,
) -> None:
    escaped = "".join(f"%{ord(c):02x}" if random.random() < 0.2 else c for c in spell(slug))
    cell = f"{around[0]}{scheme}{host}linkedin.com/in/{escaped}{tail}{around[1]}"
    assert parse(cell) == Profile(f"linkedin.com/in/{slug}", f"http://www.linkedin.com/in/{slug}")


@given(SLUGS, SCHEMES, HOSTS, TAILS)
def test_a_second_opinion_agrees_who_it_is(slug: str, scheme: str, host: str, tail: str) -> None:
    cell = f"{scheme or 'https://'}{host.lower()}linkedin.com/in/{slug}{tail}"
    second = urlgenie.extract_social_handle(cell)
    assume(second is not None)
    assert parse(cell).key == f"linkedin.com/in/{second.handle}"


@pytest.mark.parametrize(
    "cell", [cell for cell in SPELLINGS if "\u00ad" not in cell and cell[-1] != "," and " " not in cell]
)
def test_the_second_opinion_never_names_another_person(cell: str) -> None:
    """Left out: dirt inside and around the URL, which it takes for a part of the name."""
    second = urlgenie.extract_social_handle(cell)
    assert second is None or second.platform != "linkedin" or second.handle == "jane-doe-12"


PIECES = st.sampled_from(
    [
        *("linkedin.com", "www.", "http", "https", "://", ":", "/", "//", "\\", "in", "pub", "/in/", "jane", "-", "."),
        *("...", "…", "?", "#", "&", "=", "@", "%", "%2", "%2F", "%C3", "%25", "\x00", "\ud800", "\u200b", "\u202e"),
        *("HYPERLINK(", '"', "'", "(", ")", "[", "](", "<", ">", "<a href=", " ", "\n", "lnkd.in/", "sales/", "url?q="),
        *("urldefense.com/v3/__", "__;", "**A", "!!", "google.com", "l.php?u=", "ACoAA", MEMBER_ID, "é", "e\u0301"),
        *("bing.com/ck/a?u=a1", "safelinks.protection.outlook.com", ";", ",", "|", "me", "1/2/3", ":443", "xn--"),
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join)))
@example("https://bing.com/ck/a?u=a1=")
@example("https://urldefense.com/v3/__**-__;!!x")
@example("http://[::1]/in/jane")
@example("linkedin.com/in/\ud800\udfff")
def test_whatever_a_cell_holds_it_is_a_profile_or_a_refusal(cell: str) -> None:
    try:
        profile = parse(cell)
    except NotAProfile as error:
        assert str(error) == REASONS[error.reason].sentence  # noqa: PT017 - what is raised is what is proved
        return
    assert profile.url.isascii()
    assert profile.url.startswith("http://www.linkedin.com/in/")
    assert parse(profile.url) == profile  # what is sent names the same person again
    assert parse(f"https://{quote(profile.key, safe='/')}/") == profile or profile.key.endswith(".")


@given(
    st.one_of(st.none(), st.integers(), st.floats(), st.binary(), st.lists(st.text()), st.dictionaries(WORDS, WORDS))
)
def test_what_is_no_text_is_refused_too(cell: object) -> None:
    assert refusal(cell) in {Reason.EMPTY, Reason.NOT_A_URL}


@given(st.lists(PIECES, max_size=12).map("".join))
def test_the_short_way_decides_nothing_that_the_long_way_would_decide_otherwise(middle: str) -> None:
    for cell in (f"https://www.linkedin.com/in/{middle}", f"linkedin.com/in/{middle}/?a=b"):
        common = parsing._COMMON.fullmatch(cell)
        if common:
            assert parsing._identify(common[1]) == parsing._read_cell(cell)


@pytest.mark.parametrize(
    ("text", "links", "expected"),
    [
        ("Jane", [URL], JANE),
        ("", [URL], JANE),
        (URL, [URL], JANE),
        (f"{URL}/", [URL], JANE),
        ("linkedin.com/in/jane-doe-12", [f"{URL}?trk=x", URL], JANE),
        ("Jane, jane@company.example", [URL, "mailto:jane@company.example"], JANE),
        (URL, ["mailto:jane@company.example"], JANE),
        ("Jane", ["#gid=0&range=A5", URL], JANE),
        ("www.company.example/team", [URL], JANE),
        ("Jane", [f"https://www.google.com/url?q={ENCODED}"], JANE),
        ("https://www.linkedin.com/in/john-doe", [URL], Reason.MULTIPLE_URLS),
        ("Jane and John", [URL, "https://www.linkedin.com/in/john-doe"], Reason.MULTIPLE_URLS),
        ("Jane at Company", [URL, "https://www.linkedin.com/company/slintel"], Reason.MULTIPLE_URLS),
        (URL, ["https://www.company.example/"], Reason.MULTIPLE_URLS),
        ("linkedin.com/in/jane-d…", [URL], Reason.MULTIPLE_URLS),
        ("Company", ["https://www.linkedin.com/company/slintel"], Reason.NOT_A_PERSON),
        ("Jane", ["https://lnkd.in/abc"], Reason.SHORT_LINK),
        ("Jane", ["mailto:jane@company.example"], Reason.NOT_A_URL),
        ("Jane", ["x" * 5000], Reason.TOO_LONG),
        ("", ["#gid=0"], Reason.EMPTY),
    ],
)
def test_a_name_that_links_to_a_profile_is_that_profile_and_two_people_are_nobodys(
    text: str, links: list[str], expected: Profile | Reason
) -> None:
    try:
        found: object = parse(text, links)
    except NotAProfile as error:
        found = error.reason
    assert found == expected


@pytest.mark.parametrize("label", ["Jane", URL, "linkedin.com/in/john-doe", "www.company.example/team", "in/jane-d…"])
@pytest.mark.parametrize("link", [URL, "https://www.linkedin.com/company/slintel", "https://lnkd.in/abc"])
def test_a_link_beside_its_text_and_one_that_a_list_writes_out_are_the_same(label: str, link: str) -> None:
    """A sheet tells link and text apart; a CSV holds `HYPERLINK("…", "…")`, and a workbook is read as one."""

    def verdict(*cell: object) -> object:
        try:
            return parse(*cell)  # type: ignore[arg-type]  # both ways of naming a link
        except NotAProfile as error:
            return error.reason

    assert verdict(label, [link]) == verdict(f'=HYPERLINK("{link}","{label}")') == verdict(f"[{label}]({link})")
