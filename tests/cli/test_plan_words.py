"""A plan in words: everything that a person has to know, at 80 columns, and what an old plan lacks is UNKNOWN."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.emergency import NOW, SECOND, SHARES, come_back, facts, leave, provider, reading
from wedtui.core.failover import plan, plan_json
from wedtui.core.failover_facts import Facts, Request
from wedtui.core.panel_text import lines_of
from wedtui.core.plan_lines import WIDTH, plan_lines
from wedtui.core.plan_words import before_words
from wedtui.core.state import State

LATER = NOW + 2 * SECOND


def shown(request: Request, known: Facts, **other: Any) -> list[str]:
    # Through JSON, as it is stored.
    return plan_lines(json.loads(json.dumps(plan_json(plan(request, known, NOW)))), LATER, **other)


def test_before_and_after_with_the_room_of_each() -> None:
    assert shown(leave("aws"), facts())[:8] == [
        "REAL FAILOVER: aws loses all of its traffic",
        "www.example.com. by route53, TTL 30 s; change number 8; as of 14:02:00 UTC",
        "",
        "              BEFORE   AFTER      CAP  HEADROOM AT THE PEAK",
        "aws             60 %     0 %    100 %  -  <- changes",
        "azure           25 %    63 %    100 %  +670 requests/s  <- changes",
        "digitalocean     0 %     0 %    100 %  +1300 requests/s",
        "gcp             15 %    37 %    100 %  +930 requests/s  <- changes",
    ]


@pytest.mark.parametrize("live", [{"aws": 0, "azure": 60, "gcp": 40, "digitalocean": 0}, SHARES])
def test_which_shares_a_failback_comes_back_to_and_from_when_they_are(live: Mapping[str, int]) -> None:
    words = before_words(NOW, 12)
    known = facts(provider("aws"), reading=reading(live))
    text = " ".join(" ".join(shown(come_back(to_words=words), known)).split())
    called = "the shares of Sat 20 Jun 14:02 UTC, before action 12"
    assert f" back to {called}: aws 60 %, azure 25 %, digitalocean 0 %, gcp 15 % " in text


def test_every_check_with_its_age_those_that_stop_it_first() -> None:
    made = plan(leave("aws"), facts(caps={"azure": 45, "gcp": 30, "digitalocean": 20}), NOW)
    lines = plan_lines(plan_json(made), LATER)
    text = " ".join(" ".join(lines).split())
    assert all(" ".join(check.sentence.split()) in text for check in made.checks)
    words = [line.split()[0] for line in lines if line.startswith(("PASS", "FAIL", "UNKNOWN"))]
    assert words == ["FAIL", "FAIL", "UNKNOWN", *["PASS"] * (len(made.checks) - 3)]
    assert "PASS     the live shares were read (3 s ago)" in lines
    assert "they would be unfit shares: the shares sum to 95 and not to 100 - STOPS IT" in text
    assert lines[0] == "REFUSED: nothing is done, for this plan may not be submitted"
    assert lines[1].startswith("- 5 % find no room")
    assert "asked for: a failover from aws" in lines
    assert not [line for line in lines if line.startswith(("holds", "accepted", "moved", "undo", "REAL"))]
    assert "aws             60 %    100 %  +700 requests/s" in lines, "what is live, and no change of it"


def test_times_undo_and_until_when_it_holds() -> None:
    text = " ".join(" ".join(shown(leave("aws"), facts())).split())
    assert "accepted expected within 5 s of the confirmation; waits 30 s at most" in text
    assert "customers, expected within 1 m 30 s: in sync within 1 m 00 s, by Amazon's word, and the TTL of 30 s" in text
    assert "undo `wedtui failback run --to before --reason WHY`, by a manager" in text
    assert "holds may be confirmed until 14:03:00 UTC, 58 s from now" in text
    powerdns = " ".join(" ".join(shown(leave("aws"), facts(reading=reading(backend="powerdns")))).split())
    assert "customers, expected 30 s (the TTL) after it is in sync" in powerdns
    made = plan_json(plan(leave("aws"), facts(), NOW))
    assert any("EXPIRED 1 s ago" in line for line in plan_lines(made, NOW + 61 * SECOND))
    closed = plan_lines(made, LATER, open_plan=False)
    assert not any(line.startswith(("holds", "accepted", "moved")) for line in closed), "what came of it is measured"
    assert any(line.startswith("undo") for line in closed)
    again = "if shares were changed again since, `before` is before that change"
    assert again in " ".join(" ".join(closed).split())
    assert again not in text, "while it can be confirmed it is the newest"


def test_an_overload_is_said() -> None:
    lines = shown(leave("aws", accepts_overload=True), facts(caps={"azure": 45, "gcp": 30, "digitalocean": 20}))
    assert "an OVERLOAD is accepted: shares may go over the caps" in lines
    assert any("an overload is accepted: " in line for line in lines)
    assert not [line for line in lines if line.startswith("REFUSED")]
    small = shown(leave("aws", accepts_overload=True), facts(caps={"azure": 1, "gcp": 1, "digitalocean": 1}))
    assert any(line.endswith(" requests/s, OVERLOADED  <- changes") for line in small)


def test_regions_stand_under_their_provider() -> None:
    live = reading({"aws/a": 30, "aws/b": 30, "azure": 25, "gcp": 15, "digitalocean": 0})
    lines = shown(leave("aws/a"), facts(provider("aws", state=State.OK), reading=live))
    assert lines[4:7] == [
        "aws             60 %    30 %    100 %  +1000 requests/s",
        "aws/a           30 %     0 %  <- changes",
        "aws/b           30 %    30 %",
    ]


def test_nothing_was_read() -> None:
    lines = shown(leave("aws"), facts(reading=None, reading_problem="AccessDenied"))
    assert "the live shares could not be read; as of 14:02:00 UTC" in lines
    assert "shares: UNKNOWN before, and nothing would be submitted" in lines
    assert any("REFUSED" in line for line in lines)


def test_why_the_service_refuses_it_is_said_once() -> None:
    lines = shown(leave("aws"), facts(), refused=("ann may not", "ann may not"))
    assert lines[:3] == ["REFUSED: nothing is done, for this plan may not be submitted", "- ann may not", ""]


def test_what_an_old_plan_lacks_is_never_taken_for_passed() -> None:
    lines = plan_lines({}, LATER)
    assert "UNKNOWN  checks: not kept with this plan" in lines
    assert "UNKNOWN  live weddings: not kept with this plan" in lines
    assert not [line for line in lines if line.startswith("PASS")]
    odd = {"checks": [{"rule": "new", "result": "MAYBE", "sentence": "who knows", "stops": "some"}]}
    assert "UNKNOWN  who knows (not measured) - STOPS IT" in plan_lines(odd, LATER)
    ahead = {"checks": [{"result": "PASS", "sentence": "x", "measured_at": (NOW + timedelta(hours=1)).isoformat()}]}
    assert "PASS     x (in the future)" in plan_lines(ahead, LATER)


@pytest.mark.parametrize("request_", [leave("aws"), come_back(), leave("aws/eu-west-1"), leave("nobody")])
def test_it_fits_80_columns(request_: Request) -> None:
    assert max(map(len, shown(request_, facts()))) <= WIDTH


def test_what_stops_automation_alone_is_no_failure_to_a_person() -> None:
    well = facts(provider("aws", state=State.OK))
    assert "NOTE     aws is OK (4 s ago) - stops automation alone" in shown(leave("aws"), well)
    itself = " ".join(shown(leave("aws", automatic=True), well))
    assert "FAIL     aws is OK (4 s ago) - STOPS IT" in itself


@given(st.text(max_size=40))
def test_no_text_of_others_steers_a_terminal(text: str) -> None:
    made: dict[str, Any] = {
        **plan_json(plan(leave("aws"), facts(), NOW)),
        "name": text or "x",
        "backend": text,
        "lost": [text],
        "to_words": text,
        "before": {text: 100},
        "checks": [{"rule": text, "result": text, "sentence": text, "stops": text, "measured_at": text}],
    }
    for kind in ("failover", "failback"):
        assert all(line.isprintable() for line in plan_lines({**made, "kind": kind}, LATER, refused=(text,)))


@pytest.mark.parametrize("request_", [leave("aws"), come_back()])
def test_a_plan_in_a_made_up_world_is_a_drill_and_nothing_of_it_real(request_: Request) -> None:
    stored = json.loads(json.dumps(plan_json(plan(request_, facts(), NOW))))
    said = "\n".join(lines_of(stored, LATER, drill=True))
    assert ("DRILL" in said or "REFUSED" in said, "REAL" in said) == (True, False)
    assert "DRILL" not in "\n".join(lines_of(stored, LATER))


def test_a_freeze_in_a_made_up_world_is_a_drill() -> None:
    (first, *_) = lines_of({"kind": "lockdown", "target": "everything"}, LATER, drill=True)
    assert first.startswith("DRILL in a made-up world: ")
