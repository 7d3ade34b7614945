"""Proves that a slug which was cut off or decoded wrongly is refused: what is left of it is another person's."""

from __future__ import annotations

import pytest

from functions.errors import NotAProfile
from functions.profiles import parse

URL = "https://www.linkedin.com/in/jane-doe-12"
KEY = "linkedin.com/in/jane-doe-12"


def reason(cell: str) -> str:
    with pytest.raises(NotAProfile) as refused:
        parse(cell)
    return refused.value.reason


@pytest.mark.parametrize("mark", ["<", ">", "|", '"', "`", "“", "”", "„", "«", "»", "‹", "›", "||", "<<"])  # noqa: RUF001 - typographic marks
@pytest.mark.parametrize("rest", ["script>", "def", "1", "é", "def Jane"])
def test_a_slug_that_an_illegal_character_cuts_is_damaged(mark: str, rest: str) -> None:
    assert reason(f"{URL}{mark}{rest}") == "malformed_slug"


@pytest.mark.parametrize(
    "cell",
    [
        *(f"{URL} | Jane", f"{URL}|", f"{URL}| Jane", f"{URL}|{URL}", f"{URL}|linkedin.com/in/jane-doe-12", f"|{URL}|"),
        *(f"<td>{URL}</td>", f"{URL}</a>", f'href="{URL}">Jane</a>', f"Jane<{URL}>", f"Jane|{URL}"),
        *(f"{URL}?trk=a|b", f"{URL}/|def", f"{URL}、Jane", f"「{URL}」Jane", f'"{URL}","Jane"'),
        f'{{"url":"{URL}","a":1}}',
    ],
)  # fmt: skip
def test_marks_that_end_a_whole_slug_do_not_damage_it(cell: str) -> None:
    assert parse(cell).key == KEY


def garbled(slug: str, encoding: str) -> str:
    """A slug whose UTF-8 bytes were read as another encoding."""
    return "".join(
        chr(byte) if byte in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else bytes([byte]).decode(encoding)
        for byte in slug.encode()
    )


@pytest.mark.parametrize(
    "slug", ["mü-x1", "garcía-1", "garcià-2", "łukasz-1", "żaneta-2", "李明-12", "иван-12", "a😀b-1", "ÁRPÁD-1"]
)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_a_slug_whose_bytes_were_decoded_wrongly_is_damaged(slug: str, encoding: str) -> None:
    damaged = garbled(slug, encoding)
    assert parse(f"linkedin.com/in/{slug}")
    assert reason(f"linkedin.com/in/{damaged}") == "malformed_slug"
    escaped = "".join(f"%{byte:02X}" for byte in damaged.encode())
    assert reason(f"https://www.linkedin.com/in/{escaped}") == "malformed_slug"


@pytest.mark.parametrize("slug", ["m%C3%A3%C2%BC-x1", "mã¼-x1", "jane%25C3%25BC", "%25E6%259D%258E"])
def test_also_after_lower_casing_or_escaping_twice(slug: str) -> None:
    assert reason(f"linkedin.com/in/{slug}") == "malformed_slug"


@pytest.mark.parametrize(
    "slug",
    [
        "mª-josé-1",
        "pol·la-2",
        "josé-garcía",
        "ñandú-ª1",
        "groß-1",
        "žižek-š",
        "œuvre-é",
        "çelik-ş",
        "josé\xad-1",
        "ação-ãé",
    ],
)
def test_accents_alone_are_no_damage(slug: str) -> None:
    assert parse(f"linkedin.com/in/{slug}").key.startswith("linkedin.com/in/")


def test_a_name_that_was_decoded_wrongly_beside_a_whole_url_is_no_matter() -> None:
    assert parse(f"JosÃ© GarcÃ\xada {URL}").key == KEY


@pytest.mark.parametrize("length", [100, 101])
def test_letters_are_counted_as_they_are_composed(length: int) -> None:
    decomposed = "ω\u0314\u0342\u0345" * length  # four code points a letter
    if length > 100:
        assert reason(f"linkedin.com/in/{decomposed}") == "malformed_slug"
    else:
        assert len(parse(f"linkedin.com/in/{decomposed}").key) == len("linkedin.com/in/") + 100
