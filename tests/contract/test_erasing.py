"""Erasing a person, on the running processes: what is left knows the credits, not the person; P1, P2, P11."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from google.auth import jwt as google_jwt

from functions.profiles import parse
from functions.store import claims, erasures, schema
from functions.store.database import Store
from functions.store.lookups import Recorded
from tests.support.enrichers import PLENTY, EnricherOf, people, spender
from tests.support.running import Running, slugs
from tests.support.traces import traces


def test_an_erased_person_is_gone_from_everywhere_but_the_credits_stay(running: Running) -> None:
    one, other = slugs(2)
    values = [["LinkedIn", "Email"], *[[f"linkedin.com/in/{slug}", f"old of {slug}"] for slug in (one, other)]]
    spreadsheet = running.emulator.spreadsheet(values, owner="you@example.com")
    job = running.run(spreadsheet, write="all")
    assert job["state"] == "done", job
    assert {"leads", "job_rows", "ledger_entries"} <= set(traces(running.store, one))
    usage = running.ask("GET", "/v1/usage", params={"days": 1}).json()

    url = f"https://de.linkedin.com/in/{one.upper()}/?trk=x"  # any spelling names the person
    assert running.ask("POST", "/v1/erasures", json={"linkedin_url": url}).status_code == 204

    assert traces(running.store, one) == []
    assert "leads" in traces(running.store, other)
    assert running.ask("GET", "/v1/usage", params={"days": 1}).json() == usage
    assert running.ask("GET", f"/v1/jobs/{job['id']}").json()["credits"] == job["credits"]
    rows = running.ask("GET", f"/v1/jobs/{job['id']}/rows").json()["rows"]
    assert [row["linkedin_url"] for row in rows] == ["", f"https://www.linkedin.com/in/{other}"]

    # The tombstone: no run and no formula looks the person up again.
    again = running.run(running.sheet([f"linkedin.com/in/{slug}" for slug in (one, other)]))
    assert again["counts"] == {"failed": 1, "known": 1}
    rows = running.ask("GET", f"/v1/jobs/{again['id']}/rows").json()["rows"]
    assert "erased" in rows[0]["detail"]
    token = {"Authorization": f"Bearer {running.formula_token(spreadsheet)['token']}"}
    body = {"urls": [[f"linkedin.com/in/{one}"]], "fields": ["email"]}
    answer = running.ask("POST", "/v1/formula", at="formula", by="", headers=token, json=body)
    assert "erased" in answer.json()["values"][0][0]
    assert running.charged(one) == 1

    # Unless somebody asks for it.
    told = running.ask("POST", "/v1/erasures/lift", json={"linkedin_url": url}).json()
    assert told == {"was_erased": True, "notice": erasures.PAID_AGAIN}
    told = running.ask("POST", "/v1/erasures/lift", json={"linkedin_url": url}).json()
    assert told == {"was_erased": False, "notice": ""}
    lifted = running.run(running.sheet([f"linkedin.com/in/{one}"]))
    assert lifted["counts"] == {"enriched": 1}
    assert running.charged(one) == 2


def test_who_erased_and_who_lifted_it_is_known_and_the_person_is_not(running: Running) -> None:
    """The log and the store name the account by its id: neither its address nor who was erased."""
    [slug] = slugs(1)
    key = parse(f"linkedin.com/in/{slug}").key
    subject = google_jwt.decode(running.identity("ada@example.com"), verify=False)["sub"]  # type: ignore[no-untyped-call]  # google-auth types only parts
    body = {"linkedin_url": f"linkedin.com/in/{slug}"}
    running.ask("POST", "/v1/erasures", by="ada@example.com", json=body)
    with running.store.reading() as connection:
        found = connection.execute(sa.select(schema.erasures).where(schema.erasures.c.by_user_id == subject)).all()
    assert len(found) == 1
    assert key not in str(found)
    running.ask("POST", "/v1/erasures/lift", by="ada@example.com", json=body)
    log = (running.stack.home / "api.log").read_text(encoding="utf-8")
    told = [line for line in map(json.loads, log.splitlines()) if line.get("by") == subject]
    assert [line["message"] for line in told] == ["Person erased.", "Erasure lifted."]
    assert "ada@example.com" not in str(told)
    assert slug not in log


def test_the_run_of_an_erased_person_can_still_be_undone_for_everybody_else(running: Running) -> None:
    one, other = slugs(2)
    values = [["LinkedIn", "Email"], *[[f"linkedin.com/in/{slug}", f"old {slug}"] for slug in (one, other)]]
    spreadsheet = running.emulator.spreadsheet(values, owner="you@example.com")
    job = running.run(spreadsheet, write="all")
    running.ask("POST", "/v1/erasures", json={"linkedin_url": f"linkedin.com/in/{one}"})
    undone = running.ask("POST", f"/v1/jobs/{job['id']}/undo", headers=running.key())
    assert undone.status_code == 202
    assert running.finish(undone.json(), states=frozenset({"undone", "stopped"}))["state"] == "undone"
    assert running.emulator.values(spreadsheet, "Leads!B3") == [[f"old {other}"]]


def test_in_a_sheet_both_rows_are_filled_undone_and_erased(running: Running) -> None:
    """P1, P6: two rows that a provider knows as one person are charged each, said, and have one lead from then on."""
    [one] = slugs(1)
    spreadsheet = running.sheet([f"linkedin.com/in/{one}", f"linkedin.com/in/{one}-alias"])
    job = running.run(spreadsheet)
    assert job["counts"] == {"enriched": 2}
    assert [spent["charged"] for spent in job["credits"]] == ["2"]
    assert running.charged(one, f"{one}-alias") == 2
    [header, first, second] = running.emulator.values(spreadsheet, "Leads!B1:B3")
    assert header
    assert first == second != [""]
    rows = running.ask("GET", f"/v1/jobs/{job['id']}/rows").json()["rows"]
    assert any("knows this person by another URL, too" in row["detail"] for row in rows)
    again = running.run(running.sheet([f"linkedin.com/in/{one}-alias", f"linkedin.com/in/{one}"]))
    assert again["counts"] == {"known": 2}

    undone = running.ask("POST", f"/v1/jobs/{job['id']}/undo", headers=running.key())
    assert running.finish(undone.json(), states=frozenset({"undone", "stopped"}))["state"] == "undone"
    assert running.emulator.values(spreadsheet, "Leads!B1:B3") == []
    running.ask("POST", "/v1/erasures", json={"linkedin_url": f"linkedin.com/in/{one}"})
    assert traces(running.store, one) == []


def test_what_is_no_person_is_a_400(running: Running) -> None:
    for url in ("", "nobody", "https://www.linkedin.com/company/x"):
        assert running.ask("POST", "/v1/erasures", json={"linkedin_url": url}).status_code == 400


def test_a_lookup_that_was_in_flight_does_not_bring_an_erased_person_back(
    store: Store, enricher_of: EnricherOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = people(1, "zq-in-flight")[0]
    enricher = enricher_of(limits=PLENTY)
    settle, erased = claims.settle, []

    def erase_first(*arguments: object) -> Recorded:
        with store.writing() as connection:
            erasures.erase(connection, person.key, "ada", datetime.now(UTC))
        erased.append(person)
        return settle(*arguments)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(claims, "settle", erase_first)
    list(enricher.enrich([person], spender()))
    assert erased
    assert traces(store, "zq-in-flight") == []
    with store.reading() as connection:
        table = schema.ledger_entries
        assert connection.scalar(sa.select(sa.func.sum(table.c.credits))) == 1
        assert list(erasures.among(connection, [person.key])) == [person.key]


def test_the_tombstone_does_not_name_the_person(store: Store) -> None:
    key = parse("linkedin.com/in/zq-buried").key
    with store.writing() as connection:
        erasures.erase(connection, key, "ada", datetime.now(UTC))
        assert not erasures.lift(connection, parse("linkedin.com/in/zq-other").key)
    assert traces(store, "zq-buried") == []
    with store.writing() as connection:
        assert erasures.lift(connection, key)
        assert erasures.among(connection, [key]) == {}
