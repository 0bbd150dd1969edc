"""When customers move is expected until that instant, and afterwards it is measured whether they have; or it is said
that nobody did."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.core.emergency import NOW, SECOND
from tests.tui.service_hand import action
from wedtui.control.answers import ActionIs, StepIs
from wedtui.core.customers import LOOKED_FOR_AT_MOST, moved, seen_words
from wedtui.core.emergency import EmergencyKind
from wedtui.tui.arming import Arming, Stage
from wedtui.tui.draw.panel import panel_lines

SUBMIT = StepIs("submit", "done", NOW, NOW + SECOND, changes=True, undoes=False, detail="{}")
SYNC = StepIs("in sync", "done", NOW + SECOND, NOW + 5 * SECOND, changes=False, undoes=False, detail="{}")
TTL = 60 * SECOND


def test_before_that_instant_customers_move_and_afterwards_they_have() -> None:
    times = moved(NOW, [SUBMIT, SYNC], TTL)
    assert times.accepted_words() == "accepted after 1.0 s from the confirmation"
    before = "customers move until 14:03:05 UTC (in 35 s), as expected: in sync 14:02:05, TTL 60 s"
    assert times.moved_words(NOW + 30 * SECOND) == before
    assert "(in 0 s)" in times.moved_words(NOW + timedelta(seconds=64.9))
    after = "customers expected to have moved by 14:03:05 UTC: in sync 14:02:05, TTL 60 s; not seen, nobody measured it"
    assert times.moved_words(NOW + 65 * SECOND) == after
    assert times.seen_after is None, "what is expected was not measured"


CHECKS = [
    {"rule": "ttl", "result": "PASS", "sentence": "the TTL has passed", "measured_at": "2026-06-20T14:03:05+00:00"},
    {"rule": "requests:gcp", "result": "UNKNOWN", "sentence": "gcp not observed: no request signal"},
    {"rule": "requests:aws", "result": "PASS", "sentence": "aws 1 %", "measured_at": "2026-06-20T14:03:00+00:00"},
]


def look(state: str, ended: int | None, why: str = "") -> StepIs:
    ended_at = None if ended is None else NOW + ended * SECOND
    detail = json.dumps({"checks": CHECKS, "why": why})
    return StepIs("customers", state, NOW + 65 * SECOND, ended_at, changes=False, undoes=False, detail=detail)


def test_what_was_measured_is_said_with_its_ages_and_what_is_missing_comes_first() -> None:
    times = moved(NOW, [SUBMIT, SYNC, look("done", 70)], TTL)
    assert times.seen_after == 70 * SECOND
    seen = "gcp not observed: no request signal; the TTL has passed; aws 1 % (10 s old)"
    when = "customers moved after 70.0 s from the confirmation, measured at 14:03:10 UTC, expected by 14:03:05"
    assert times.moved_words(NOW + 999 * SECOND) == f"{when}: {seen}", "its ages are those of then"
    waits = moved(NOW, [SUBMIT, SYNC, look("intended", None)], TTL)
    says = "customers not seen to have moved yet, expected by 14:03:05 UTC: gcp not observed"
    assert waits.moved_words(NOW + 70 * SECOND).startswith(says)
    assert waits.is_open(NOW + timedelta(days=30)), "what was begun is ended by whoever looks"
    never = moved(NOW, [SUBMIT, SYNC, look("failed", 80, "action 9 changed the shares again")], TTL)
    said = "customers NOT SEEN to have moved, expected by 14:03:05 UTC, given up 2 m 00 s ago: "
    said += "action 9 changed the shares again; gcp not"
    assert never.moved_words(NOW + 200 * SECOND).startswith(said)
    assert (never.seen_at, never.is_open(NOW)) == (None, False)


def test_what_was_superseded_before_it_was_in_sync_says_since_when_nobody_looks() -> None:
    times = moved(NOW, [SUBMIT, look("failed", 80, "action 9 changes the shares again")], TTL)
    said = "customers moved: UNKNOWN, the change was not seen in sync, given up 2 m 00 s ago: "
    assert times.moved_words(NOW + 200 * SECOND).startswith(f"{said}action 9 changes the shares again")
    assert not times.is_open(NOW)


def test_what_nobody_looked_at_in_time_is_not_open_for_ever() -> None:
    times = moved(NOW, [SUBMIT, SYNC], TTL)
    assert times.until is not None
    last = times.until + LOOKED_FOR_AT_MOST
    assert (times.is_open(last - SECOND), times.is_open(last)) == (True, False)


@pytest.mark.parametrize("detail", ["", "{", "[]", '{"checks": 3}'])
def test_what_cannot_be_read_of_it_is_said_to_be_nothing(detail: str) -> None:
    assert seen_words(detail, NOW) == "nothing was seen yet"


def test_what_was_not_seen_is_unknown() -> None:
    unknown = "customers moved: UNKNOWN, the change was not seen in sync"
    for steps, ttl in (([SUBMIT], TTL), ([SUBMIT, SYNC], None), ([replace(SYNC, state="failed")], TTL)):
        assert moved(NOW, steps, ttl).moved_words(NOW) == unknown
    assert moved(NOW, [replace(SUBMIT, state="intended")], TTL).accepted_after is None
    assert moved(None, [SUBMIT, SYNC], TTL).moved_words(NOW) == unknown


def panel(followed: ActionIs) -> str:
    arming = Arming(EmergencyKind.FAILOVER, stage=Stage.FOLLOW, action=followed, plan=followed.plan)
    drawn = panel_lines(arming, NOW + 20 * SECOND, 100, demo=False)
    return "\n".join("".join(text for text, _ in line) for line in drawn.body)


def test_the_panel_says_what_was_measured_and_no_estimate() -> None:
    known = action(state="ended", outcome="verified", confirmed_by="ada", confirmed_at=NOW, steps=[SUBMIT, SYNC])
    said = panel(known)
    assert "accepted after 1.0 s from the confirmation" in said
    assert "customers move until 14:02:35 UTC (in 15 s), as expected" in said
    assert "within" not in said
    assert "undo:" in said
    assert "not accepted yet" in panel(replace(known, state="claimed", steps=[replace(SUBMIT, state="intended")]))
    assert "accepted: expected within 5 s" in panel(replace(known, state="confirmed", outcome=None, steps=[]))


def test_the_panel_says_what_was_seen_of_customers_once() -> None:
    steps = [SUBMIT, SYNC, look("failed", 80, "not seen within 15 m 00 s")]
    said = panel(action(state="ended", outcome="verified", confirmed_by="ada", confirmed_at=NOW, steps=steps))
    assert "◆ not seen  customers" in said
    assert " ".join(said.split()).count("not seen within 15 m 00 s") == 1
    assert "checks" not in said, "no JSON"


def test_the_panel_looks_on_until_it_is_known_whether_customers_have_moved() -> None:
    def over(*steps: StepIs, now: datetime = NOW + 70 * SECOND, **other: Any) -> bool:
        known = action(**{"state": "ended", "outcome": "verified", "steps": [*steps], **other})
        return Arming(EmergencyKind.FAILOVER, stage=Stage.FOLLOW, action=known).over(now)

    assert not over(SUBMIT, SYNC)
    assert not over(SUBMIT, SYNC, look("intended", None))
    assert over(SUBMIT, SYNC, look("done", 70))
    assert over(SUBMIT, SYNC, look("failed", 70))
    assert over(SUBMIT, SYNC, outcome="undone")
    late = NOW + 70 * SECOND + LOOKED_FOR_AT_MOST
    assert over(SUBMIT, SYNC, now=late), "nobody begins to look any more: it is not asked for ever"
    assert not over(SUBMIT, SYNC, look("intended", None), now=late), "whoever looks gives up, and says so"
    assert over(SUBMIT), "when it was in sync nobody knows, and nobody looks"


def test_after_how_long_customers_moved_stands_beside_the_outcome_and_the_look_has_no_duration() -> None:
    steps = [SUBMIT, SYNC, look("done", 70)]
    kept = action(
        7, confirmed_at=NOW, confirmed_by="ada", steps=steps, state="ended", outcome="verified", sentence="verified"
    )
    arming = Arming(EmergencyKind.FAILOVER, stage=Stage.FOLLOW, action=kept, plan=kept.plan)

    def lines(arming: Arming) -> list[str]:
        body = panel_lines(arming, NOW + 90 * SECOND, 80, demo=False).body
        return ["".join(text for text, _ in line) for line in body]

    said = lines(arming)
    assert "VERIFIED" in said[0]
    assert said[1].strip() == "customers moved after 70.0 s from the confirmation"
    (looked,) = (line for line in said if "done" in line and " customers " in line)
    assert "5.0 s" not in looked
    undone = replace(arming, action=replace(kept, outcome="undone"))
    assert "customers moved after" not in lines(undone)[1]
