"""When a channel is asked again, which one is next, and how far a notification is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.notify import (
    LONGEST_SENTENCE,
    MOST_DETAILS,
    TOO_OLD,
    Answer,
    Delivery,
    Level,
    Notice,
    Stage,
    Told,
    Verdict,
    more_channels,
    stage,
    verdict_of,
    wait,
)

NOW = datetime(2026, 6, 20, 14, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BOTH = ("first", "second")
WAITING, ACCEPTED, REFUSED = Delivery.WAITING, Delivery.ACCEPTED, Delivery.REFUSED


@pytest.mark.parametrize(
    ("tries", "verdict", "after", "seconds"),
    [
        (1, Verdict.LATER, 0, 1),
        (2, Verdict.LATER, 0, 2),
        (6, Verdict.LATER, 0, 32),
        (7, Verdict.LATER, 0, 60),
        (5000, Verdict.LATER, 0, 60),
        (1, Verdict.LATER, 90, 90),
        (1, Verdict.LIMITED, 0, 30),
        (3, Verdict.LIMITED, 0, 30),
        (4, Verdict.LIMITED, 0, 180),
        (1, Verdict.LIMITED, 5, 30),
        (1, Verdict.LIMITED, 45, 45),
        (1, Verdict.LIMITED, 10**9, 3600),
    ],
)
def test_a_channel_is_asked_again_when_its_answer_allows(
    tries: int, verdict: Verdict, after: int, seconds: int
) -> None:
    assert wait(tries, Answer(verdict, "", after * SECOND)) == seconds * SECOND


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (400, Verdict.REFUSED),
        (401, Verdict.REFUSED),
        (404, Verdict.REFUSED),
        (410, Verdict.REFUSED),
        (408, Verdict.LATER),
        (425, Verdict.LATER),
        (429, Verdict.LIMITED),
        (500, Verdict.LATER),
        (503, Verdict.LATER),
        (200, Verdict.LATER),
        (302, Verdict.LATER),
    ],
)
def test_what_will_never_be_accepted_is_not_asked_again(status: int, verdict: Verdict) -> None:
    assert verdict_of(status) is verdict


@pytest.mark.parametrize(
    ("told", "everybody", "more"),
    [
        ((), False, ("first",)),
        ((), True, BOTH),
        ((Told("first", WAITING, NOW - 14.9 * SECOND),), False, ()),
        ((Told("first", WAITING, NOW - 15 * SECOND),), False, ("second",)),
        ((Told("first", REFUSED, NOW),), False, ("second",)),
        ((Told("first", WAITING, NOW),), True, ("second",)),
        ((Told("first", WAITING, NOW - 99 * SECOND), Told("second", WAITING, NOW - 84 * SECOND)), False, ()),
        ((Told("gone", WAITING, NOW),), False, ("first",)),
    ],
)
def test_the_next_channel_is_used_after_15_s_or_a_refusal(
    told: tuple[Told, ...], everybody: bool, more: tuple[str, ...]
) -> None:
    assert more_channels(told, BOTH, NOW, everybody=everybody) == more


@pytest.mark.parametrize(
    ("told", "channels", "everybody", "found"),
    [
        ((), BOTH, False, Stage.WAITING),
        ((), (), False, Stage.WAITING),
        ((Told("first", WAITING, NOW, 9),), BOTH, False, Stage.WAITING),
        ((Told("first", ACCEPTED, NOW),), BOTH, False, Stage.SENT),
        ((Told("first", ACCEPTED, NOW),), BOTH, True, Stage.WAITING),
        ((Told("first", ACCEPTED, NOW), Told("second", ACCEPTED, NOW)), BOTH, True, Stage.SENT),
        ((Told("first", ACCEPTED, NOW), Told("second", REFUSED, NOW)), BOTH, True, Stage.SENT),
        ((Told("first", REFUSED, NOW),), BOTH, False, Stage.WAITING),
        ((Told("first", REFUSED, NOW), Told("second", REFUSED, NOW)), BOTH, False, Stage.DEAD),
        ((Told("first", REFUSED, NOW), Told("second", REFUSED, NOW)), BOTH, True, Stage.DEAD),
        ((Told("gone", ACCEPTED, NOW),), BOTH, False, Stage.SENT),
    ],
)
def test_it_is_over_when_who_has_to_know_does(
    told: tuple[Told, ...], channels: tuple[str, ...], everybody: bool, found: Stage
) -> None:
    assert stage(told, channels, NOW - SECOND, NOW, everybody=everybody) is found


def test_what_is_a_day_old_calls_nobody_up() -> None:
    told = (Told("first", WAITING, NOW - TOO_OLD),)
    assert stage(told, BOTH, NOW - TOO_OLD, NOW, everybody=False) is Stage.DEAD
    assert stage(told, BOTH, NOW - TOO_OLD + SECOND, NOW, everybody=False) is Stage.WAITING


@given(st.text(max_size=3000), st.dictionaries(st.text(max_size=200), st.text(max_size=3000), max_size=50))
def test_what_is_told_fits_every_channel(sentence: str, details: dict[str, str]) -> None:
    said = Notice("k", Level.CRITICAL, sentence, details).bounded()
    assert len(said.sentence) <= LONGEST_SENTENCE
    assert len(said.details) <= MOST_DETAILS
    assert all(isinstance(v, str) and len(v) <= LONGEST_SENTENCE and v.isprintable() for v in said.details.values())


@pytest.mark.parametrize("key", ["", "a" * 201, "a\nb"])
def test_a_key_that_no_channel_takes_is_a_mistake(key: str) -> None:
    with pytest.raises(ValueError, match="1 to 200 printable characters"):
        Notice(key, Level.INFO, "s").bounded()
