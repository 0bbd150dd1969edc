"""A week of alerts at high speed: each receiver is told what a plain count of rounds says, once and in order.

Where a receiver fails, where alerts flap and where thousands come at once, what has to be heard is written out by hand.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.poller.week import Deed, Heard, Receivers, Week, about, cpu, down, live
from tests.poller.week_model import (
    CPU,
    EVERYBODY,
    MONDAY,
    MUTE,
    PEOPLE,
    RECEIVERS,
    STEP,
    STEP_S,
    Expected,
    Outage,
    expected,
    on_call,
)
from tests.soaking import weeks
from wedtui.core.notify import Stage

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MANY = 2000
"""At once."""
ORDER = {"trigger": 0, "acknowledge": 1, "resolve": 2}


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute, seconds=second)


FIXED = (
    # The first is told before the hand-over of Tuesday, the second after it.
    Outage(down(0), at(1, 7, 55), at(1, 8, 20)),
    # A warning is posted; whoever took it has it no more after a quarter of an hour.
    Outage(cpu(1), at(2, 3), at(2, 4), CPU, taken=(at(2, 3, 20),)),
    # A silence ends in the middle of it.
    Outage(down(2), at(2, 15), at(2, 16), silent=((at(2, 14, 50), at(2, 15, 30)),)),
    # Of one group: the first does not wait, who joins it later does.
    Outage(down(0), at(3, 9), at(3, 9, 12)),
    Outage(down(8), at(3, 9, 0, 40), at(3, 9, 20), joins_s=40),
    Outage(down(1), at(3, 15), at(3, 15, 30), MUTE),
    # The day becomes a wedding day while it lasts, and later the gravest.
    Outage(down(4), at(5, 7, 55), at(5, 8, 20)),
    Outage(down(5), at(5, 9, 58, 40), at(5, 10, 12)),
    Outage(down(6), at(5, 17, 59, 20), at(5, 18, 8)),
    # An hour of the night comes twice, and the hand-over of that morning is an hour later.
    Outage(down(7), at(6, 0, 59, 20), at(6, 1, 20), taken=(at(6, 1, 4),)),
    Outage(down(3), at(6, 8, 5), at(6, 8, 20)),
)
DEAF_FROM, DEAF_UNTIL = at(0, 4), at(0, 5)
DEAF = Outage(down(4), at(0, 4, 4), at(0, 4, 30))
"""While the pager of who has it is down for an hour."""
# The pager asks for 40 s, fails, takes it without a word, and says that it took what it lost.
LIMITED = Outage(down(5), at(0, 10), at(0, 10, 4))
FAILING = Outage(down(6), at(0, 16), at(0, 16, 4))
SLOW = Outage(down(7), at(0, 22), at(0, 22, 4))
LOST = Outage(down(4), at(1, 4), at(1, 4, 9))
READ = (Outage(down(5), at(1, 10), at(1, 10, 4)), Outage(down(5), at(2, 10), at(2, 10, 4)))
"""Of two days: each has one of the two who read something else."""
FAULTY = (DEAF, LIMITED, FAILING, SLOW, LOST, *READ)
FLAPS = tuple(Outage(down(6), at(1, 16) + n * 8 * STEP, at(1, 16, 1, 20) + n * 8 * STEP) for n in range(6))
"""Each is over before the next one begins, and all of them within half an hour."""
STORM_FROM, STORM_UNTIL = at(3, 4), at(3, 4, 3)
STORMY = (STORM_FROM - MINUTE, STORM_UNTIL + 5 * STEP)
APART = (*FIXED, *FAULTY, *FLAPS)
STEADY = FLAPS[-1].start + 31 * MINUTE
"""Half an hour after the last of them was told."""
BY_HAND = (STORMY, (DEAF_FROM, DEAF_UNTIL + 2 * MINUTE), (FLAPS[0].start, STEADY + MINUTE))


def some(dice: random.Random, least_s: int, most_s: int) -> timedelta:
    return STEP * dice.randint(least_s // STEP_S, most_s // STEP_S)


def drawn(dice: random.Random) -> list[Outage]:
    """Draw an outage for each six hours, each of another provider than in the day before; none beside what is fixed."""
    found = []
    for number, hour in enumerate(range(1, 7 * 24, 6)):
        start = MONDAY + hour * HOUR + some(dice, 0, 3600)
        lasting = dice.choice([some(dice, 20, 120), some(dice, 120, 900), some(dice, 900, 3000)])
        taken: tuple[datetime, ...] = ()
        silent: tuple[tuple[datetime, datetime], ...] = ()
        chance = dice.random()
        if chance < 0.6:
            for _ in range(dice.randint(1, 3)):
                taken = (*taken, max([start, *taken]) + some(dice, 20, 1300))
        if chance > 0.45:
            since = start + some(dice, 0, min(1800, int(lasting.total_seconds()) - STEP_S))
            silent = ((since, since + some(dice, 120, 1500)),)
        each = Outage(down(number % 8), start, start + lasting, taken=taken, silent=silent)
        if not any(each.start < other.end + HOUR and other.start < each.end + HOUR for other in APART):
            found.append(each)
    return found


def befalls(outages: Iterable[Outage], dice: random.Random) -> list[tuple[datetime, Deed]]:
    """Draw deaths: who begins again at once does so at any moment, and who is taken over in a quiet one.

    For a round nobody judges then; nothing has to be told in that.
    """
    found: list[tuple[datetime, Deed]] = []
    for each in outages:
        begun = each.start - MINUTE
        found += [(begun + some(dice, 0, 1200), Week.restart) for _ in range(dice.randint(0, 3))]
        moments = [begun + n * STEP for n in range(1, (each.end - begun) // STEP)]
        told = [*(said.at for said in expected(each)), *each.taken]
        quiet = [when for when in moments if not any(when - MINUTE <= then <= when + MINUTE for then in told)]
        if quiet and not each.silent and dice.random() < 0.6:
            dies = dice.choice(quiet)
            found += [(begun, Week.stand_by), (dies, Week.taken_over)]
            # A life that begins on the machine of the dead one would know that it need not wait.
            found = [(when, deed) for when, deed in found if not begun <= when <= each.end or deed is not Week.restart]
    return found


def fault(of: str, *faults: str) -> Deed:
    """Have the pager of a person meet faults."""

    def meet(week: Week) -> None:
        week.receivers.pager(of).faults = [*faults]

    return meet


def deaf(of: str, always: str) -> Deed:
    def be(week: Week) -> None:
        week.receivers.pager(of).always = always

    return be


def reading_fails(of: str) -> Deed:
    """Have what a person reads take something only after it was asked several times."""

    def fail(week: Week) -> None:
        if of == "ada":
            week.receivers.post.faults = ["RCPT 450 later", "MAIL 451 later", "DATA 452 later"]
        else:
            week.receivers.team.faults = ["500", "429:20"]

    return fail


def storm(begins: bool) -> Deed:
    def be(week: Week) -> None:
        week.storms = begins

    return be


async def many(week: Week) -> None:
    await week.reconfigure(probes=MANY, providers=25)


def first_of(outage: Outage) -> str:
    """Return who is called first."""
    return on_call(outage.start + MINUTE, 0)


def other(person: str) -> str:
    return next(each for each in PEOPLE if each != person)


BY_HAND_DEEDS: tuple[tuple[datetime, Deed], ...] = (
    (DEAF_FROM, deaf(first_of(DEAF), "503")),
    (DEAF_UNTIL, deaf(first_of(DEAF), "")),
    (LIMITED.start, fault(first_of(LIMITED), "429:40")),
    (FAILING.start, fault(first_of(FAILING), "500", "close")),
    (SLOW.start, fault(first_of(SLOW), "taken, and hangs")),
    (LOST.start, fault(first_of(LOST), "swallowed")),
    *((each.start, reading_fails(first_of(each))) for each in READ),
    (STORMY[0], many),
    (STORM_FROM, storm(True)),
    (STORM_UNTIL, storm(False)),
    (STORMY[1], Week.reconfigure),
)


def busy(outages: Iterable[Outage]) -> list[tuple[datetime, datetime]]:
    """Return when something is to be seen of outages."""
    return [
        (
            min([each.start - MINUTE, *(since for since, _ in each.silent)]),
            max([each.end, *(said.at for said in expected(each))]) + 2 * MINUTE,
        )
        for each in outages
    ]


@dataclass
class Lived:
    """What a week came to."""

    outages: tuple[Outage, ...]
    """Of which a plain count says what is to be heard."""
    heard: list[Expected]
    texts: list[Heard]
    receivers: Receivers
    stages: set[str]

    def during(self, outage: Outage) -> dict[str, list[tuple[float, str, str]]]:
        """Return what each receiver heard of an outage: after how many seconds, what, and by which message."""
        found: dict[str, list[tuple[float, str, str]]] = {name: [] for name in EVERYBODY}
        for each in self.heard:
            if each.name == outage.name and outage.start <= each.at < outage.end + 2 * HOUR:
                found[each.receiver].append(((each.at - outage.start).total_seconds(), each.event, each.call))
        return found


def as_expected(heard: Sequence[Heard]) -> list[Expected]:
    """Return what was heard as it is expected: by what each message is about."""
    names: dict[str, str] = {}
    for each in heard:
        names.setdefault(each.key.partition("/step/")[0], about(each.said))
    found = []
    for each in heard:
        base, step, number = each.key.partition("/step/")
        found.append(Expected(each.at, each.receiver, each.event, names[base], step + number))
    return found


@pytest.fixture(scope="module", params=range(1, 1 + weeks(1)))
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Live through a week."""
    dice = random.Random(request.param)
    counted = (*FIXED, *drawn(dice))
    deeds = [*BY_HAND_DEEDS, *befalls(counted, dice)]
    assert {Week.restart, Week.taken_over} <= {deed for _, deed in deeds}
    every = (*counted, *FAULTY, *FLAPS)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        receivers = Receivers(stack)
        week = Week(tmp_path_factory.mktemp("week"), receivers)
        patch.setattr("wedtui.ledger.alerts.database_now", lambda _connection: week.clock.at)

        async def go() -> None:
            try:
                await live(week, every, deeds, [*busy(every), *BY_HAND])
            finally:
                await week.close()

        asyncio.run(go())
        receivers.released()
    return Lived(counted, as_expected(week.heard), week.heard, receivers, week.stages)


def test_each_receiver_hears_what_a_plain_count_says_at_its_instant(lived: Lived) -> None:
    meant = sorted(said for each in lived.outages for said in expected(each))
    by_hand = (*FAULTY, *FLAPS)

    def is_counted(said: Expected) -> bool:
        others = any(each.name == said.name and each.start <= said.at < each.end + 2 * HOUR for each in by_hand)
        return not others and not STORMY[0] <= said.at < STORMY[1]

    assert sorted(filter(is_counted, lived.heard)) == meant
    assert {said.event for said in meant} == set(ORDER)


def test_of_each_message_the_order_is_kept_and_nobody_is_called_twice(lived: Lived) -> None:
    events: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in lived.texts:
        events[each.receiver, each.key].append(each.event)
    for told in events.values():
        assert sorted(told, key=ORDER.__getitem__) == told
        assert told.count("resolve") == 1
    for pager in (lived.receivers.ada, lived.receivers.grace):
        assert pager.opened == len(pager.summaries), "an alert that was over was opened again"
        assert set(pager.alerts.values()) == {"resolved"}
    assert lived.stages == {Stage.SENT}


def test_a_pager_that_is_down_for_an_hour_is_stood_in_for_within_fifteen_seconds(lived: Lived) -> None:
    heard, first = lived.during(DEAF), first_of(DEAF)
    calls = [(after, call) for after, event, call in heard[other(first)] if event == "trigger"]
    assert calls == [(60 + 15, ""), (360, "/step/2"), (660, "/step/3"), (960, "/step/4")]
    back = (DEAF_UNTIL - DEAF.start).total_seconds()
    assert {event for _, event, _ in heard[first]} == {"resolve"}
    assert all(after >= back for after, _, _ in heard[first])


def test_one_that_asks_for_patience_is_asked_nothing_meanwhile(lived: Lived) -> None:
    heard, first = lived.during(LIMITED), first_of(LIMITED)
    assert heard[other(first)] == [(60 + 15, "trigger", ""), (300, "resolve", "")]
    # What the other one took is not put to it any more; that it is over is, because nobody knows what it kept.
    assert heard[first] == [(300, "resolve", "")]


def test_one_that_fails_twice_is_asked_again_and_nobody_else(lived: Lived) -> None:
    heard, first = lived.during(FAILING), first_of(FAILING)
    assert heard[first] == [(60 + 10, "trigger", ""), (300, "resolve", "")]
    assert heard[other(first)] == []


def test_one_that_took_it_and_did_not_say_so_is_told_again_by_the_same_key(lived: Lived) -> None:
    heard, first = lived.during(SLOW), first_of(SLOW)
    assert heard[first] == [(60, "trigger", ""), (60 + 5, "trigger", ""), (300, "resolve", "")]
    assert heard[other(first)] == []


def test_what_is_accepted_and_lost_is_heard_a_minute_later_and_by_the_next_one_at_their_turn(lived: Lived) -> None:
    heard, first = lived.during(LOST), first_of(LOST)
    # It is due after 45 s; a round looks every 20 s whether anything is.
    assert heard[first] == [(60 + 60, "trigger", ""), (600, "resolve", "")]
    assert heard[other(first)] == [(360, "trigger", "/step/2"), (600, "resolve", "/step/2")]


@pytest.mark.parametrize("outage", READ, ids=first_of)
def test_what_is_read_comes_once_where_it_had_to_wait(lived: Lived, outage: Outage) -> None:
    called, read = RECEIVERS[first_of(outage)]
    heard = lived.during(outage)
    assert heard[called] == [(60, "trigger", ""), (300, "resolve", "")]
    # Once it was asked again after 1, 2 and 4 s, and once after 1 s and the 20 that it asked for; looked at every 5 s.
    assert heard[read] == [({"post": 75, "team": 85}[read], "trigger", ""), (300, "resolve", "")]


def test_what_flaps_is_told_four_times_and_once_more_when_that_stops(lived: Lived) -> None:
    heard = [each for each in lived.texts if FLAPS[0].start <= each.at <= STEADY]
    told = {each.key for each in heard if about(each.said) == FLAPS[0].name}
    called, _ = RECEIVERS[first_of(FLAPS[0])]
    found = [(each.at, each.event) for each in heard if each.key in told and each.receiver == called]
    singly = [ends for each in FLAPS[:3] for ends in ((each.start + MINUTE, "trigger"), (each.end + MINUTE, "resolve"))]
    assert found == [*singly, (FLAPS[3].start + MINUTE, "trigger"), (STEADY, "resolve")]
    assert [key.endswith("/flapping") for key in dict.fromkeys(each.key for each in heard)] == [False] * 3 + [True]


def test_two_thousand_at_once_are_one_call_and_one_end(lived: Lived) -> None:
    heard = [each for each in lived.texts if STORM_FROM <= each.at < STORMY[1]]
    reached = RECEIVERS[on_call(STORM_FROM + MINUTE, 0)]
    assert sorted((each.event, each.receiver, each.at) for each in heard) == sorted(
        (event, who, when)
        for event, when in (("trigger", STORM_FROM + MINUTE), ("resolve", STORM_UNTIL + MINUTE))
        for who in reached
    )
    (key,) = {each.key for each in heard}
    assert key.endswith("/storm")
    assert all("2,000 alerts at once, 2,000 of them critical" in each.said for each in heard if each.event == "trigger")
