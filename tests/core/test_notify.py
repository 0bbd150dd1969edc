"""When a channel is asked again, which one is next, and how far a notification is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.notify import (
    LONGEST_SENTENCE,
    MOST_DETAILS,
    POSTED_WITHIN,
    TOO_OLD,
    Answer,
    Audience,
    Delivery,
    Event,
    Level,
    Message,
    Notice,
    Reach,
    Stage,
    Told,
    Verdict,
    is_repeated,
    more_channels,
    next_repeat,
    of_drill,
    stage,
    verdict_of,
    wait,
)

NOW = datetime(2026, 6, 20, 14, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
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
    ("event", "minutes"),
    [(Event.TRIGGER, (0.75,)), (Event.ACKNOWLEDGE, (2, 3)), (Event.RESOLVE, (2, 10, 60))],
)
def test_what_a_channel_may_have_lost_it_is_told_again_a_few_times(event: Event, minutes: tuple[float, ...]) -> None:
    found = [next_repeat(event, repeats, NOW) for repeats in range(5)]
    assert found == [*(NOW + each * MINUTE for each in minutes), *[None] * (5 - len(minutes))]


@pytest.mark.parametrize(
    ("event", "late", "newer", "again"),
    [
        (Event.RESOLVE, timedelta(), False, True),
        (Event.RESOLVE, timedelta(), True, False),
        (Event.RESOLVE, TOO_OLD, False, True),
        (Event.RESOLVE, TOO_OLD + SECOND, False, False),
        (Event.ACKNOWLEDGE, timedelta(), False, True),
        (Event.TRIGGER, 2 * MINUTE, False, True),
        (Event.TRIGGER, 2 * MINUTE + SECOND, False, False),
        (Event.ACKNOWLEDGE, timedelta(), True, False),
        (Event.ACKNOWLEDGE, 5 * MINUTE, False, True),
        (Event.ACKNOWLEDGE, 5 * MINUTE + SECOND, False, False),
    ],
)
def test_it_is_told_again_while_that_is_still_so(event: Event, late: timedelta, newer: bool, again: bool) -> None:
    assert is_repeated(event, NOW, NOW + late, newer=newer) is again


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


def test_of_a_made_up_world_is_told_that_it_is_one() -> None:
    told = of_drill(Message(1, "k", "e", Event.TRIGGER, Level.INFO, "down; see `wedtui actions show 7`", {}, NOW))
    assert told.sentence == "DRILL in a made-up world: down; see `wedtui --demo actions show 7`"
    long = Message(1, "k", "e", Event.TRIGGER, Level.INFO, "d" * LONGEST_SENTENCE, {}, NOW)
    assert len(of_drill(long).sentence) <= LONGEST_SENTENCE


ALL = ("oncall", "team", "mail")
REACH = Reach({"oncall": Level.ERROR, "mail": Level.WARNING}, {"platform": ("mail", "gone", "oncall")})


@pytest.mark.parametrize(
    ("severity", "route", "channels", "asked"),
    [
        (Level.CRITICAL, "", ALL, ALL),
        (Level.ERROR, "", ALL, ALL),
        (Level.WARNING, "", ALL, ("team", "mail")),
        (Level.INFO, "", ALL, ("team",)),
        (Level.CRITICAL, "platform", ALL, ("mail", "oncall", "team")),
        (Level.WARNING, "platform", ALL, ("mail", "team")),
        (Level.CRITICAL, "nobody's", ALL, ALL),
        (Level.WARNING, "", ("oncall",), ("oncall",)),
        (Level.INFO, "platform", ("oncall", "mail"), ("mail", "oncall")),
    ],
)
def test_which_channels_are_for_what(
    severity: Level, route: str, channels: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    assert REACH.of(channels, severity, route) == asked


@given(
    st.lists(st.sampled_from("abcd"), unique=True),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(list(Level))),
    st.dictionaries(st.sampled_from(["x", "y"]), st.lists(st.sampled_from("abcde")).map(tuple)),
    st.sampled_from(list(Level)),
    st.sampled_from(["", "x", "z"]),
)
def test_somebody_is_always_for_it(
    channels: list[str],
    least: dict[str, Level],
    routes: dict[str, tuple[str, ...]],
    severity: Level,
    route: str,
) -> None:
    asked = Reach(least, routes).of(channels, severity, route)
    assert set(asked) <= set(channels)
    assert bool(asked) is bool(channels)
    assert len(set(asked)) == len(asked)
    if severity is Level.CRITICAL:
        assert set(asked) == set(channels)


@pytest.mark.parametrize(("after", "waits"), [(0, 30), (1, 1), (45, 45), (7200, 3600)])
def test_a_word_that_is_exact_is_taken_at_it(after: int, waits: int) -> None:
    answer = Answer(Verdict.LIMITED, after=after * SECOND, exact=True)
    assert wait(1, answer) == waits * SECOND


CALLING = Reach(
    {"oncall": Level.ERROR, "second": Level.ERROR},
    {"platform": ("team", "oncall"), "posted": ("team",), "called": ("oncall",)},
    frozenset({"oncall", "second"}),
)
FOUR = ("team", "mail", "oncall", "second")
CALLS = frozenset({"oncall", "second"})


@pytest.mark.parametrize(
    ("severity", "route", "channels", "calls", "beside"),
    [
        (Level.CRITICAL, "", FOUR, CALLS, {"team", "mail"}),
        (Level.ERROR, "", FOUR, CALLS, {"team", "mail"}),
        (Level.CRITICAL, "platform", FOUR, CALLS, {"team"}),
        (Level.CRITICAL, "posted", FOUR, CALLS, {"team"}),
        (Level.CRITICAL, "called", FOUR, CALLS, set()),
        (Level.CRITICAL, "nobody's", FOUR, CALLS, {"team", "mail"}),
        (Level.CRITICAL, "platform", ("team", "mail"), set(), set()),
        (Level.WARNING, "platform", FOUR, set(), set()),
    ],
)
def test_what_is_grave_needs_a_channel_that_calls(
    severity: Level, route: str, channels: tuple[str, ...], calls: set[str], beside: set[str]
) -> None:
    asked = CALLING.of(channels, severity, route)
    assert CALLING.audience(channels, severity, route) == Audience(asked, frozenset(calls), frozenset(beside))


@pytest.mark.parametrize(
    ("told", "more", "found"),
    [
        ((), ("team", "oncall"), Stage.WAITING),
        # A post that is accepted is no call: the next that calls is asked where the first does not accept.
        ((Told("team", ACCEPTED, NOW), Told("oncall", WAITING, NOW)), (), Stage.WAITING),
        ((Told("team", ACCEPTED, NOW), Told("oncall", WAITING, NOW - 15 * SECOND)), ("second",), Stage.WAITING),
        ((Told("team", ACCEPTED, NOW), Told("oncall", REFUSED, NOW)), ("second",), Stage.WAITING),
        ((Told("team", ACCEPTED, NOW), Told("oncall", ACCEPTED, NOW)), (), Stage.SENT),
        # Those that do not call come last, and do not call either.
        ((Told("team", ACCEPTED, NOW), Told("oncall", REFUSED, NOW), Told("second", REFUSED, NOW)), ("mail",), None),
        # A post that is not taken yet is waited for, and holds nothing up for long; nobody else is called for it.
        ((Told("team", WAITING, NOW - 20 * SECOND), Told("oncall", ACCEPTED, NOW - 20 * SECOND)), (), Stage.WAITING),
        ((Told("team", WAITING, NOW - POSTED_WITHIN), Told("oncall", ACCEPTED, NOW)), (), Stage.SENT),
        ((Told("team", REFUSED, NOW), Told("oncall", ACCEPTED, NOW)), (), Stage.SENT),
        ((*(Told(name, REFUSED, NOW) for name in FOUR[1:]), Told("team", ACCEPTED, NOW)), (), Stage.DEAD),
    ],
)
def test_a_post_beside_a_call_is_no_call(told: tuple[Told, ...], more: tuple[str, ...], found: Stage | None) -> None:
    who = CALLING.audience(FOUR, Level.CRITICAL, "platform")
    calls, beside = who.calls, who.beside
    assert more_channels(told, who.channels, NOW, everybody=False, calls=calls, beside=beside) == more
    stands = stage(told, who.channels, NOW - SECOND, NOW, everybody=False, calls=calls, beside=beside)
    assert stands is (found or Stage.WAITING)
