"""The URLs in a cell's text are found without what surrounds them, and redirects lead to what they name."""

from __future__ import annotations

import pytest

from functions.profiles.url_extraction import Mention, mentions, redirect_target, visible_text

JANE = "https://www.linkedin.com/in/jane-doe"


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("\u200b jane\u00ad-doe\ufeff", "jane-doe"),
        ("👩\u200d💻", "👩\u200d💻"),  # the joiner makes one pictograph of two
        ("a\u200db", "ab"),
        ("\x00a\tb\x07", "a\tb"),
    ],
)
def test_what_nobody_sees_is_taken_out(text: str, visible: str) -> None:
    assert visible_text(text) == visible


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"“{JANE}”, and more", [Mention(JANE)]),
        (f"Jane: {JANE}.", [Mention(JANE)]),
        (f"{JANE}…", [Mention(JANE, unfinished=True)]),
        (f"{JANE} & Sons", [Mention(JANE, unfinished=True)]),
        (f"{JANE} Doe", [Mention(JANE, unfinished=True)]),
        ("jane@linkedin.com", []),
        ("Jane Doe", []),
        (f'=HYPERLINK("{JANE}";"profile")', [Mention(JANE)]),
        (f"[{JANE}]({JANE}/)", [Mention(f"{JANE}/"), Mention(JANE, shown=True)]),
        (f'<a href="{JANE}">Jane</a>', [Mention(JANE)]),
        (f"{JANE},{JANE}-2", [Mention(JANE), Mention(f"{JANE}-2")]),
        (f"{JANE}{JANE}-2", [Mention(JANE), Mention(f"{JANE}-2")]),
        ("linkedin.com/in/jane-doe", [Mention("linkedin.com/in/jane-doe")]),
    ],
)
def test_urls_are_found_without_what_surrounds_them(text: str, found: list[Mention]) -> None:
    assert mentions(text) == found


@pytest.mark.parametrize(
    ("host", "path", "query", "target"),
    [
        ("www.google.com", "/url", "?sa=t&url=https%3A%2F%2Fa.test%2F&q=x", "https://a.test/"),
        ("www.google.co.uk", "/url", "?q=https://a.test/", "https://a.test/"),
        ("www.bing.com", "/ck/a", "?u=a1aHR0cHM6Ly9hLnRlc3Qv", "https://a.test/"),
        ("l.facebook.com", "/l.php", "?u=https%3A%2F%2Fa.test&amp;h=x", "https://a.test"),
        ("linkedin.com", "/authwall", "?sessionRedirect=https%3A%2F%2Fa.test", "https://a.test"),
        ("urldefense.proofpoint.com", "/v2/url", "?u=https-3A__a.test_b&d=x", "https://a.test/b"),
        ("urldefense.com", "/v3/__https://a.test/*b__;Iw!!x!y$", "", "https://a.test/#b"),
        ("nam02.safelinks.protection.outlook.com", "/", "?url=https%3A%2F%2Fa.test&data=1", "https://a.test"),
        ("www.google.com", "/url", "?q=https://a.test&q=https://b.test", None),  # two targets: it cannot be told
        ("www.google.com", "/search", "?q=https://a.test", None),
        ("google.com.evil.test", "/url", "?q=https://a.test", None),
        ("bing.com", "/ck/a", "?u=a1=", None),
        ("lnkd.in", "/abc", "", None),
    ],
)
def test_a_redirect_leads_to_what_it_names(host: str, path: str, query: str, target: str | None) -> None:
    assert redirect_target(host, path, query) == target
