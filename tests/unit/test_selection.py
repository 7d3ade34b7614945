"""What is selected is what was named, in any spelling; a wrong name is refused in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import InvalidRequest, UnknownField
from functions.fields import Facts, project, select, split
from functions.fields.catalogue import CATALOGUE
from functions.fields.selection import MAX_FIELDS
from functions.outcomes import Outcome


@pytest.mark.parametrize("name", ["size", " SIZE ", "Company size", "company  SIZE", "company_size", "Company-Size"])
def test_a_field_has_a_name_and_a_header_in_any_spelling(name: str) -> None:
    [field] = select([name])
    assert field.name == "size"


def test_fields_keep_the_order_of_their_names() -> None:
    assert [field.header for field in select(["size", "Email", "First skill=skills[0]", "title"])] == [
        "Company size",
        "Email",
        "First skill",
        "Title",
    ]


def test_the_names_of_selected_fields_select_them_again() -> None:
    fields = select(["Email", " Best = join(', ', skills[:2]) ", "size", "Has=contains(skills, 'a=b')"])
    assert select([field.name for field in fields]) == fields


@pytest.mark.parametrize("header", ["\U0001f9d1\u200d\U0001f4bc Title \u2764\ufe0f", "Titre\xa0: poste"])
def test_a_header_holds_emoji_and_any_blank(header: str) -> None:
    assert [field.header for field in select([f"{header}=lead_title"])] == [header]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("emial", "“emial”; did you mean `email`?"),
        ("Compny sise", "did you mean `size`?"),
        ("lead_title", "Slintel's lead_title is the field `title`"),
        ("divison", "did you mean `division`?"),
        ("skills[0]", "a custom field needs a header: `My header=skills[0]`"),
        ("skills[?@=='Sales']", "needs a header: `My header=skills[?@=='Sales']`"),
        ("skills[?@!='Sales']", "needs a header"),
        ("qqqqqqqq", "There is no field “qqqqqqqq”. The sidebar"),
        (" ", "A field has no name."),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_one(name: str, hint: str) -> None:
    with pytest.raises(UnknownField) as refusal:
        select(["title", name])
    if name == "divison":  # the API's own spelling is the key of a field, and close to its name besides
        assert "`division`" in str(refusal.value)
    else:
        assert hint in str(refusal.value)
    assert str(refusal.value).endswith("list all fields.")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "No field is chosen"),
        (["email", "Email"], "“Email” is chosen twice"),
        (["email", "E-MAIL=name", "Email=name"], "“Email” is chosen twice"),
        (["email"] * (MAX_FIELDS + 1), "101 fields are chosen; at most 100"),
        (["x" * 10_000_000], "10000000 characters long"),
        (["=skills"], "needs a header"),
        (["A\nB=skills"], "needs a header of one line"),
        (["A\u2028B=skills"], "needs a header of one line"),
        (["A\u202eB=skills"], "needs a header of one line"),
        ([f"{'h' * 101}=skills"], "needs a header"),
        (["X="], "The expression of “X” is empty"),
        (["X=skills[0"], "The expression of “X” is not valid at its end"),
    ],
)
def test_a_wrong_choice_is_refused_in_a_sentence(names: list[str], sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        select(names)
    assert sentence in str(refusal.value)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("email,title , company,size", ["email", "title", "company", "size"]),
        (",email,, ", ["email"]),
        ("email; title;company,size", ["email", "title", "company", "size"]),
        ("X='a;b';Y=[a;b],z", ["X='a;b'", "Y=[a;b]", "z"]),
        ("", []),
        ("Two=skills[:2],email", ["Two=skills[:2]", "email"]),
        ("All=join(', ', skills),email", ["All=join(', ', skills)", "email"]),
        ("X={a: id, b: [name, email]},y", ["X={a: id, b: [name, email]}", "y"]),
        (r"X='it\'s, so',y", [r"X='it\'s, so'", "y"]),
        ('X="a,b",Y=`"c,d"`,z', ['X="a,b"', 'Y=`"c,d"`', "z"]),
        ("X='[',y", ["X='['", "y"]),
        ("Person's skill=skills[0],y", ["Person's skill=skills[0]", "y"]),
        ("Phone (work=company_phone,y", ["Phone (work=company_phone", "y"]),
        ("X=skills]],y", ["X=skills]]", "y"]),
        ("X=skills[0,y", ["X=skills[0,y"]),  # the expression is then refused, with the place where it breaks
    ],
)
def test_commas_inside_an_expression_do_not_cut(text: str, parts: list[str]) -> None:
    assert split(text) == parts


@given(st.lists(st.sampled_from([field.name for field in CATALOGUE] + ["X=join(', ',skills)", "Y=[id, name]"])))
def test_what_is_joined_with_commas_is_split_again(names: list[str]) -> None:
    assert split(", ".join(names)) == names


def test_a_custom_field_reads_the_own_answer_of_the_provider_that_it_names() -> None:
    class Answers(dict[str, object]):
        def __getitem__(self, provider: str) -> object:
            read.append(provider)
            return super().__getitem__(provider)

    read: list[str] = []
    raw = Answers(prospeo={"person": {"email": {"status": "VERIFIED"}}}, apollo={"headline": "Founder"})
    fields = select(["Sure=prospeo.person.email.status", "Name=name", "Nobody=slintel.name", "Prospeos=prospeos"])
    cells = project({"name": "Ada Example"}, Facts(Outcome.KNOWN), fields, raw=raw)
    assert cells == ["VERIFIED", "Ada Example", "", ""]
    assert read == ["prospeo"]  # others are not decoded


def test_the_sources_of_a_row_are_fields() -> None:
    facts = Facts(Outcome.KNOWN, source="Slintel", email_source="Prospeo")
    assert project({}, facts, select(["source", "email_source", "linkedin_url"])) == ["Slintel", "Prospeo", ""]
