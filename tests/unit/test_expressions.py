"""Custom expressions: what they find, what is refused, and that none makes much of little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import InvalidRequest
from functions.fields import project, select
from functions.fields.cell_format import CellValue
from functions.fields.expressions import MAX_GROWTH, MAX_LENGTH, check, evaluate
from tests.support.documented_lead import FACTS, LEAD


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("", "is empty"),
        ("skills[0", "is not valid JMESPath at its end: something is missing."),
        ("skills name", "is not valid JMESPath at character 8, “name”."),
        ("skills.#", "is not valid JMESPath at character 8, “#”."),
        ("'open", "is not valid JMESPath at character 1, “'open”."),
        ("first(skills)", "calls first(), which JMESPath does not have; it has abs, avg,"),
        ("length()", "gives length() 0 arguments; it takes 1."),
        ("join('a')", "gives join() 1 argument; it takes 2."),
        ("merge()", "gives merge() 0 arguments; it takes 1 or more."),
        ("sort_by(experience, name)", "must give sort_by() an expression that begins with “&” as argument 2"),
        ("&skills", "uses “&” outside a function"),
        ("skills[::0]", "step 0"),
        (f"{'a' * (MAX_LENGTH + 1)}", "is 501 characters long; at most 500"),
        (f"{'(' * 240}a{')' * 240}", "nested too deeply"),
        (f"{'!' * 499}a", "nested too deeply"),
        (f"{'*.' * 240}a", "nested too deeply"),
        (f"{'a|' * 240}a", "nested too deeply"),
        ("|".join(["[@,@]"] * 7), f"repeats its input more than {MAX_GROWTH} times"),
        ("|".join(["[@,@][]"] * 7) + "|length(@)", "repeats its input"),
        ("(" + "|".join(["[@,@]"] * 7) + ")=='a'", "repeats its input"),
        ("skills[?" + "|".join(["[@,@]"] * 7) + "]", "repeats its input"),
        ("|".join(["{a: @, b: @}"] * 7), "repeats its input"),
        ("join('" + "-" * 200 + "', [@,@,@,@,@,@,@,@,@,@][])", "repeats its input"),
        ("to_string(to_string(to_string(@)))", "repeats its input"),
        ("join('" + "ab" * 200 + "',skills)|join('" + "c" + "',[@,@])", "repeats its input"),
        ("map(&[@,@,@,@,@,@,@,@,@],map(&[@,@,@,@,@,@,@,@,@],skills))", "repeats its input"),
    ],
)  # fmt: skip
def test_a_wrong_or_costly_expression_is_refused_in_a_sentence(expression: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        check(expression)
    assert sentence in str(refusal.value)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("skills[0]", "Lathes"),
        ("skills[9]", ""),
        ("experience[0].location", "city: Oldville, state: Oldstate, country: Oldland"),
        ("education[?end_date==`2006`].degrees", "Bachelor of Widgets"),
        ("contains(skills, 'Welding')", True),
        ("contains(name, `1`)", ""),  # what Python calls a TypeError
        ("length(skills)", 3),
        ("length(last_funded_on)", ""),
        ("avg(education[?type(end_date)=='number'].end_date)", 2007.5),
        ("to_number('1e999')", ""),
        ("ceil(to_number('1e999'))", ""),
        ("{mail: email, none: nothing, empty: `[]`}", "mail: given@northern-widgets.test"),
        ("nothing || [nothing, `[]`, `{}`, ''] || 'x'", ""),
        ("last_funded_on", "2019-12-12"),
        ("technologies[*].last_detected", "2020-05-19; 2020-06-02"),
        ("max(technologies[:2].last_detected)", "2020-06-02"),
        ("skills[?@!='Welding'] | join('/', @)", "Lathes/Patience"),
        ("sort_by(education[:2], &start_date)[-1].school_name", "Late School"),
    ],
)
def test_a_custom_field_makes_this(expression: str, expected: CellValue) -> None:
    [value] = project(LEAD, FACTS, select([f"X={expression}"]))
    assert (value, type(value)) == (expected, type(expected))


TEMPLATES = (  # above all such as multiply their input
    *("[{0},{0}]", "{0}[]", "{0}[*]", "{0}|values(@)", "to_string({0})", "[{0}]", "{{long_key_for_growth: {0}}}"),
    *("{0}|{1}", "[{0},{1}]", "{0}[*].[{1}]", "map(&{0},to_array({1}))", "{0}||{1}", "{0}=={1}", "{0}[?{1}]"),
    *("join('-+-',[to_string({0}),to_string({1})])", "merge({{a:{0}}},{{b:{1}}})", "[{0},{1},{0},{1}][]"),
)


def nested(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions out of expressions."""
    return st.builds(str.format, st.sampled_from(TEMPLATES), parts, parts)


@given(
    st.recursive(
        st.sampled_from(["@", "skills", "*", "education[0]", "'some words'", "`[1,2]`"]), nested, max_leaves=24
    )
)
def test_no_accepted_expression_makes_much_of_little(expression: str) -> None:
    try:
        select([f"X={expression}"])
    except InvalidRequest:
        return
    size = len(json.dumps(evaluate(expression, LEAD)))
    assert size <= 32 * MAX_GROWTH * len(json.dumps(LEAD))  # a literal or key counts from its 16th character on


@pytest.mark.filterwarnings("ignore:deprecated string literal syntax:PendingDeprecationWarning")
@given(st.text(alphabet="ab01[](){}*?@&|!=<>.,:'\"`\\- \x00é", max_size=40))
def test_any_text_is_a_field_or_refused(text: str) -> None:
    for name in (text, f"X={text}"):
        try:
            fields = select([name])
        except InvalidRequest as refusal:
            assert str(refusal)  # noqa: PT017 - either outcome is right
        else:
            assert len(project(LEAD, FACTS, fields)) == 1


def test_importing_compiles_nothing() -> None:
    program = (
        "import functions.fields, jmespath.parser, functions.fields.expressions as e;"
        "assert not jmespath.parser.Parser._CACHE and not e._parsed.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
