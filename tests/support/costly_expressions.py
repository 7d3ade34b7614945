"""Short expressions that would take any amount of work, or make a value of any size."""

from __future__ import annotations


def filters_in_filters(depth: int) -> str:
    """`[@,@][?[@,@][?…]]`: the work doubles with each level."""
    return "[@,@]" if depth == 0 else f"[@,@][?{filters_in_filters(depth - 1)}]"


def doubled(template: str, depth: int) -> str:
    """The same expression inside itself."""
    text = "@"
    for _ in range(depth):
        text = template.format(text)
    return text


COSTLY = {
    "filters": filters_in_filters(17),
    "map": f"length({doubled('map(&{},[@,@])', 14)})",
    "sort_by": f"length({doubled('sort_by([@,@,@], &length({}))', 10)})",
    "max_by": doubled("max_by([@,@], &length([{}]))", 11) + ".name",
    "a list of itself": "skills|" + "|".join(["[@,@]"] * 30) + "|length(to_string(@))",
    "flattened": "skills|" + "|".join(["[@,@][]"] * 16) + "|length(@)",
    "equal to itself": "(" + "|".join(["[@,@]"] * 20) + ")==(" + "|".join(["[@,@]"] * 20) + ")",
    "contained in itself": "contains(" + "|".join(["[@,@]"] * 30) + ", [@])",
    "objects": "|".join(["{a:@,b:@}"] * 30) + "|length(to_string(values(@)))",
    "joined": "name|" + "|".join(["join('----------',[@,@,@])"] * 16),
    "escaped": "name|" + "|".join(["to_string([@])"] * 18),
    "shared lists of nothing": "`[]`|" + "|".join(["[@,@]"] * 30),
    "sorted": "sort(" + "|".join(["[@,@][]"] * 12).replace("@", "'" + "a" * 100 + "'", 2) + ")",
}
