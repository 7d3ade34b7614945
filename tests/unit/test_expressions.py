"""Custom expressions: what they find, what is refused, and that none takes more steps than its budget."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import InvalidRequest
from functions.fields import project, select
from functions.fields.cell_format import CellValue
from functions.fields.expressions import (
    MAX_LENGTH,
    MAX_MEMBERS,
    MAX_STEPS,
    MAX_STEPS_TOGETHER,
    Budget,
    NoValue,
    check,
    evaluate,
)
from functions.outcomes import Lead
from tests.support.costly_expressions import COSTLY
from tests.support.documented_lead import FACTS, LEAD


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("", "is empty"),
        ("skills[0", "is not valid at its end: something is missing."),
        ("skills name", "is not valid at character 8, “name”."),
        ("skills.#", "is not valid at character 8, “#”."),
        ("'open", "is not valid at character 1, “'open”."),
        ("first(skills)", "calls first(), which is none of the functions that there are: abs, avg,"),
        ("length()", "gives length() 0 arguments; it takes 1."),
        ("join('a')", "gives join() 1 argument; it takes 2."),
        ("merge()", "gives merge() 0 arguments; it takes 1 or more."),
        ("sort_by(experience, name)", "must give sort_by() an expression that begins with “&” as argument 2"),
        ("&skills", "uses “&” outside a function"),
        ("skills[::0]", "has a step of 0 between its brackets"),
        (f"{'a' * (MAX_LENGTH + 1)}", "is 501 characters long; at most 500"),
        (f"{'(' * 240}a{')' * 240}", "nested too deeply"),
        (f"{'!' * 499}a", "nested too deeply"),
        (f"{'*.' * 240}a", "nested too deeply"),
        (f"{'a|' * 240}a", "nested too deeply"),
        ("@", "would show a whole group of values; name those"),
        ("experience | {a: @}", "would show a whole group of values"),
    ],
)  # fmt: skip
def test_a_wrong_expression_is_refused_in_a_sentence(expression: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        check(expression)
    assert sentence in str(refusal.value)
    assert len(str(refusal.value)) < 1000
    assert not re.search(r"JMESPath|\bleads?\b|\bobject", str(refusal.value))  # it stands in the sidebar


@pytest.mark.parametrize(
    "expression",
    [
        "*",
        "@.*",
        "join(', ', values(@)[?type(@)=='string'])",
        "join(', ', *[?type(@)=='string'])",
        "[@][0] | values(@)[0]",
        "{a: @}.a.* | [0]",
        "values(merge(@, `{}`))[0]",
        "sort_by([@], &name)[0].*[0]",
        "slintel.person.*",
        "[slintel, person][0].person | values(@)",
    ],
)
@pytest.mark.parametrize("of_the_lead", [LEAD, {"name": "Given Family", "email": "given@northern-widgets.test"}])
def test_no_expression_takes_values_of_a_lead_without_naming_them(of_the_lead: Lead, expression: str) -> None:
    raw = {"slintel": {"person": {f"key{number}": "value" for number in range(MAX_MEMBERS + 1)}}}
    with pytest.raises(NoValue, match="would show a whole group of values; name those"):
        evaluate(expression, dict(of_the_lead) | raw, Budget())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("skills[0]", "Lathes"),
        ("skills[9]", ""),
        ("experience[0].location", ""),  # an object
        ("experience[0].location.*", "Oldville; Oldstate; Oldland"),
        ("experience[].[title_name, location]", ""),
        ("to_string(experience[0])", ""),
        ("to_string(skills)", '["Lathes","Welding","Patience"]'),
        ("[@, skills] | [1][1]", "Welding"),
        ("education[?end_date==`2006`].degrees", "Bachelor of Widgets"),
        ("contains(skills, 'Welding')", True),
        ("contains(name, `1`)", ""),  # what Python calls a TypeError
        ("length(skills)", 3),
        ("length(last_funded_on)", ""),
        ("avg(education[?type(end_date)=='number'].end_date)", 2007.5),
        ("to_number('1e999')", ""),
        ("ceil(to_number('1e999'))", ""),
        ("{mail: email, none: nothing, empty: `[]`}.mail", "given@northern-widgets.test"),
        ("nothing || [nothing, `[]`, ''] || 'x'", ""),
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
def test_no_accepted_expression_takes_more_steps_or_makes_more_than_its_budget(expression: str) -> None:
    try:
        [field] = select([f"X={expression}"])
    except InvalidRequest:
        return
    budget = Budget()
    try:
        size = len(json.dumps(evaluate(field.expression, LEAD, budget)))
    except NoValue as reason:
        assert "too many steps" in str(reason) or "group of values" in str(reason)  # noqa: PT017 - either outcome is right
    else:
        assert size <= 6 * 64 * MAX_STEPS
    assert budget.steps_left >= 0


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


@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_expression_ends_with_its_budget_and_blocks_no_other_field(name: str) -> None:
    fields = select([f"Costly={COSTLY[name]}", "email", "Simple=skills[0]"])
    budget, said = Budget(leads=100), list[str]()
    for _ in range(3):
        before = budget.steps_left
        [cell, *others] = project(LEAD, FACTS, fields, budget=budget, failed=lambda why: said.append(why) or "!")  # type: ignore[func-returns-value]
        assert others == [LEAD["email"], "Lathes"]
        assert before - budget.steps_left <= MAX_STEPS + 20
        assert isinstance(cell, bool | int | str)
        assert len(str(cell)) <= 50_000


@pytest.mark.parametrize(
    "name", ["filters", "map", "sort_by", "max_by", "a list of itself", "flattened", "equal to itself"]
)
def test_what_costs_too_much_says_so(name: str) -> None:
    with pytest.raises(NoValue, match="too many steps for this person; make its expression simpler"):
        evaluate(COSTLY[name], LEAD, Budget())


def test_the_fields_of_many_leads_share_a_budget() -> None:
    budget, said = Budget(leads=10**6), list[str]()
    assert budget.steps_left == MAX_STEPS_TOGETHER
    budget.steps_left = MAX_STEPS + 10
    fields = select([f"X={COSTLY['filters']}"])
    for _ in range(3):
        project(LEAD, FACTS, fields, budget=budget, failed=lambda why: said.append(why) or "")  # type: ignore[func-returns-value]
    assert ["for this person" in why for why in said] == [True, False, False]
    assert "choose fewer rows" in said[-1]
    assert project(LEAD, FACTS, select(["email"]), budget=budget) == [LEAD["email"]]


def test_a_filter_over_a_thousand_technologies_is_within_the_budget() -> None:
    lead = {"technologies": [{"category": f"c{n % 9}", "technology": f"t{n}"} for n in range(1000)]}
    value = evaluate("join(', ', sort(technologies[?category=='c1'].technology))", lead, Budget())
    assert str(value).startswith("t1, t10, t100, ")


def test_importing_compiles_nothing() -> None:
    program = (
        "import functions.fields, jmespath.parser, functions.fields.expressions as e;"
        "assert not jmespath.parser.Parser._CACHE and not e._parsed.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
