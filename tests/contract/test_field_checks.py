"""A field is checked while a person types it, with a person whom the team knows as example; nobody is looked up."""

from __future__ import annotations

from tests.support.running import Running, slugs


def test_a_field_is_checked_with_somebody_who_is_known(running: Running) -> None:
    urls = [f"https://www.linkedin.com/in/{slug}" for slug in slugs(3)]
    before = running.charged()
    unknown = running.ask("POST", "/v1/field-checks", json={"field": "Title=lead_title", "urls": urls}).json()
    assert unknown == {"header": "Title", "problem": "", "person": "", "example": ""}
    assert running.charged() == before
    running.run(running.sheet(urls))
    known = running.ask(
        "POST", "/v1/field-checks", json={"field": "Title=lead_title", "urls": ["a note", *urls]}
    ).json()
    assert (known["header"], known["problem"]) == ("Title", "")
    assert known["person"]
    assert known["example"]


def test_what_is_wrong_with_a_field_is_a_sentence(running: Running) -> None:
    wrong = running.ask("POST", "/v1/field-checks", json={"field": "Skill=skills[", "urls": []})
    assert wrong.status_code == 200
    assert "Skill" in wrong.json()["problem"]
    assert running.ask("POST", "/v1/field-checks", json={"field": "email", "urls": ["x"] * 51}).status_code == 400
    assert running.ask("POST", "/v1/field-checks", json={"field": "email"}, by="").status_code == 401
