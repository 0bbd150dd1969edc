"""When customers move is a forecast until that instant, and afterwards what DNS says; accepted is measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.core.emergency import NOW, SECOND
from tests.tui.service_hand import action
from wedtui.control.answers import ActionIs, StepIs
from wedtui.core.customers import moved
from wedtui.core.emergency import EmergencyKind
from wedtui.tui.arming import Arming, Stage
from wedtui.tui.draw.panel import panel_lines

SUBMIT = StepIs("submit", "done", NOW, NOW + SECOND, changes=True, undoes=False, detail="{}")
SYNC = StepIs("in sync", "done", NOW + SECOND, NOW + 5 * SECOND, changes=False, undoes=False, detail="{}")
TTL = 60 * SECOND


def test_before_that_instant_customers_move_and_afterwards_they_have() -> None:
    times = moved(NOW, [SUBMIT, SYNC], TTL)
    assert times.accepted_words() == "accepted after 1.0 s from the confirmation"
    before = "customers move until 14:03:05 UTC (in 35 s): in sync 14:02:05, TTL 60 s"
    assert times.moved_words(NOW + 30 * SECOND) == before
    assert "(in 0 s)" in times.moved_words(NOW + timedelta(seconds=64.9))
    after = "customers moved by 14:03:05 UTC, 65.0 s after the confirmation: in sync 14:02:05, TTL 60 s, not observed"
    assert times.moved_words(NOW + 65 * SECOND) == after


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
    assert "customers move until 14:02:35 UTC (in 15 s)" in said
    assert "within" not in said
    assert "undo:" in said
    assert "not accepted yet" in panel(replace(known, state="claimed", steps=[replace(SUBMIT, state="intended")]))
    assert "accepted: expected within 5 s" in panel(replace(known, state="confirmed", outcome=None, steps=[]))
