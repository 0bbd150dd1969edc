"""Which messages other rules hide: not what is graver, not what came much later, whoever has the one that hides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.core.alerts.world import rule
from wedtui.core.alerts.hiding import CONSEQUENCE, Hiding
from wedtui.core.alerts.memory import AlertState, Episode, Memory, Phase, Reason
from wedtui.core.alerts.rule import Inhibition, RuleBook, Severity
from wedtui.core.alerts.track import labels_of

NOW = datetime(2026, 6, 20, 14, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
AWS = labels_of({"provider": "aws"})
PROBES = [labels_of({"provider": "aws", "probe": name}) for name in ("rsvp", "static")]
FOR = 10 * MINUTE
BOOK = RuleBook(
    (
        rule("up < 1", name="down", over=None),
        replace(rule(lasting=FOR), inhibit=Inhibition(("down",), ("provider",))),
    )
)
LATEST = CONSEQUENCE + FOR
"""So long after what hides it the latest message is hidden: its condition has to hold for a while."""


def fires(ago: timedelta, severity: Severity = Severity.CRITICAL, reason: Reason = Reason.CONDITION) -> Memory:
    return Memory(Phase.FIRING, NOW, episode=Episode("key", NOW - ago, severity, reason))


def had(memory: Memory) -> Memory:
    """Return it in somebody's hands."""
    assert memory.episode is not None
    return memory._replace(episode=memory.episode._replace(acknowledged_by="ada", acknowledged_at=NOW))


def hider(errors: Memory, *down: Memory) -> str:
    memories = {"errors": {AWS: errors}, "down": dict(zip(PROBES, down, strict=False))}
    return Hiding(BOOK, AlertState(NOW, memories)).by("errors", AWS)


GRAVE, MILD = Severity.CRITICAL, Severity.WARNING
DAYS = timedelta(days=3)


@pytest.mark.parametrize(
    ("down", "errors", "expected"),
    [
        # At once, and as long as it takes until what follows from it has held for long enough.
        ((fires(MINUTE),), fires(SECOND), "down"),
        ((fires(LATEST),), fires(timedelta()), "down"),
        ((fires(LATEST + SECOND),), fires(timedelta()), ""),
        # What was hidden stays hidden while that goes on, for days.
        ((fires(DAYS),), fires(DAYS - MINUTE), "down"),
        ((fires(DAYS),), fires(DAYS - LATEST - SECOND), ""),
        # What was there before is a consequence all the same: nobody counts who was first.
        ((fires(MINUTE),), fires(DAYS), "down"),
        # The last probe to fail made it the whole.
        ((fires(DAYS), fires(MINUTE)), fires(SECOND), "down"),
        ((fires(DAYS), fires(DAYS)), fires(SECOND), ""),
        # A signal that is lost makes nothing newer than what was measured.
        ((fires(DAYS), fires(MINUTE, GRAVE, Reason.NO_DATA)._replace(unknown_since=NOW)), fires(SECOND), ""),
        # Whoever has it looks now: what began with it is hidden, and what began much later is not.
        ((had(fires(MINUTE)),), fires(SECOND), "down"),
        ((had(fires(DAYS)),), fires(SECOND), ""),
        # What is graver calls others.
        ((fires(MINUTE, MILD),), fires(SECOND), ""),
        ((fires(MINUTE, MILD),), fires(SECOND, MILD), "down"),
        ((fires(MINUTE, MILD), fires(MINUTE)), fires(SECOND), "down"),
        ((fires(MINUTE),), fires(SECOND, MILD), "down"),
        ((had(fires(MINUTE, MILD)),), fires(SECOND), ""),
        # Nothing is hidden by what is over.
        ((Memory(Phase.RESOLVED, NOW),), fires(SECOND), ""),
        ((), fires(SECOND), ""),
    ],
)
def test_a_message_is_hidden_by_what_is_as_grave_and_by_what_it_follows_from(
    down: tuple[Memory, ...], errors: Memory, expected: str
) -> None:
    assert hider(errors, *down) == expected


def test_what_became_graver_is_not_hidden_any_more() -> None:
    mild = fires(SECOND, MILD)
    assert mild.episode is not None
    assert hider(mild, fires(MINUTE, MILD)) == "down"
    assert hider(mild._replace(episode=mild.episode._replace(severity=GRAVE)), fires(MINUTE, MILD)) == ""


def test_a_graver_one_may_hide_what_a_milder_one_does_not() -> None:
    hidden = replace(BOOK.rules[1], inhibit=Inhibition(("noise", "down"), ("provider",)))
    book = RuleBook((BOOK.rules[0], rule("noise > 1", name="noise"), hidden))
    memories = {"errors": {AWS: fires(SECOND)}, "noise": {AWS: fires(MINUTE, MILD)}, "down": {PROBES[0]: fires(MINUTE)}}
    assert Hiding(book, AlertState(NOW, memories)).by("errors", AWS) == "down"
