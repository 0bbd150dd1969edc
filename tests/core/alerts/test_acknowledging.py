"""An acknowledgement lapses while it fires, and not before its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wedtui.core.alerts.acknowledging import LAPSES_AFTER, lapsed, outgrown
from wedtui.core.alerts.memory import AlertState, Episode, Memory, Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.track import labels_of

NOW = datetime(2026, 6, 20, 14, tzinfo=UTC)
SECOND = timedelta(seconds=1)
AWS = labels_of({"provider": "aws"})
HAD = Episode("k", NOW, Severity.CRITICAL, Reason.CONDITION, acknowledged_by="ada", acknowledged_at=NOW)


def state(phase: Phase, episode: Episode = HAD) -> AlertState:
    return AlertState(NOW, {"down": {AWS: Memory(phase, NOW, episode=episode)}})


def test_it_lapses_after_a_quarter_of_an_hour_and_says_whose_it_was() -> None:
    before = state(Phase.FIRING)
    assert lapsed(before, NOW + LAPSES_AFTER - SECOND) == (before, ())
    after, (lapse,) = lapsed(before, NOW + LAPSES_AFTER)
    assert (lapse.rule, lapse.labels, lapse.episode) == ("down", AWS, HAD)
    episode = after.of("down", AWS).episode
    assert episode == HAD._replace(acknowledged_by="", acknowledged_at=None)
    assert lapsed(after, NOW + 2 * LAPSES_AFTER) == (after, ())


def test_what_is_configured_counts_in_place_of_a_quarter_of_an_hour() -> None:
    before, minute = state(Phase.FIRING), timedelta(minutes=1)
    assert lapsed(before, NOW + minute - SECOND, minute) == (before, ())
    assert len(lapsed(before, NOW + minute, minute)[1]) == 1


def test_who_had_the_milder_has_not_what_it_became() -> None:
    before = state(Phase.FIRING)
    after, (lapse,) = outgrown(before, [("down", AWS), ("down", AWS)])
    assert lapse.episode == HAD
    assert after.of("down", AWS).episode == HAD._replace(acknowledged_by="", acknowledged_at=None)
    assert outgrown(after, [("down", AWS)]) == (after, ())
    assert outgrown(before, [("errors", AWS)]) == (before, ())


def test_of_what_is_over_none_lapses() -> None:
    before = state(Phase.RESOLVED)
    assert lapsed(before, NOW + 2 * LAPSES_AFTER) == (before, ())


def test_by_a_clock_that_was_set_back_none_lapses() -> None:
    before = state(Phase.FIRING)
    assert lapsed(before, NOW - 2 * LAPSES_AFTER) == (before, ())
