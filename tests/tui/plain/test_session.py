"""A session without input or output: the reader step by step, a clock that the test moves, lines that were said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import pytest

from tests.pictures import (
    NOW,
    SECOND,
    SERVICE,
    TROUBLED,
    WELL,
    FakeSource,
    MovableClock,
    picture,
    probe,
    provider,
    source_of,
)
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.picture import Picture, ServiceFacts
from wedtui.errors import StoreLockedError
from wedtui.tui.messages import ReaderBroke
from wedtui.tui.plain.session import PlainSession
from wedtui.tui.reader import Mailbox, Reader

SICK = (provider("aws", 60, (probe("rsvp-aws", "xxx......"),)), *WELL[1:])


@dataclass
class Rig:
    source: FakeSource = field(default_factory=lambda: source_of(WELL))
    clock: MovableClock = field(default_factory=MovableClock)
    said: list[str] = field(default_factory=list)
    demo: bool = False

    def __post_init__(self) -> None:
        self.mailbox = Mailbox(lambda: None)
        self.reader = Reader(lambda: self.source, self.clock, self.mailbox)
        self.session = PlainSession(self.clock, self._say, self.reader.ask, demo=self.demo)

    def _say(self, lines: Sequence[str]) -> None:
        self.said += lines

    def turn(self, *, reads: bool = True) -> None:
        if reads:
            self.reader.step()
        self.session.tick()
        for news in self.mailbox.take():
            self.session.hear(news)

    def after(self, seconds: int, *, reads: bool = True) -> list[str]:
        """Let seconds go by one at a time; return what was said in them."""
        self.said.clear()
        for _ in range(seconds):
            self.clock.advance(SECOND)
            self.turn(reads=reads)
        return list(self.said)

    def show(self, providers: tuple[ProviderEvidence, ...]) -> None:
        """Have the source show another world, by a service that was heard just now."""
        shown = replace(SERVICE, heartbeat_at=self.clock.at)
        self.source.make = lambda now: picture(providers, now=now, service=shown)
        self.source.dirty = True

    def ask(self, line: str) -> list[str]:
        self.said.clear()
        self.session.typed(line)
        return list(self.said)


def opened(rig: Rig | None = None) -> Rig:
    rig = rig or Rig()
    rig.session.begin()
    rig.turn()
    return rig


def test_it_opens_with_where_one_is_and_how_it_stands() -> None:
    rig = opened(Rig(source_of(TROUBLED)))
    assert rig.said[0] == 'wedtui in plain lines. Type "help" for the commands. Reading the cache.'
    assert rig.said[1].startswith("1 CRITICAL (aws), 1 UNKNOWN (hetzner)")
    assert any(line.startswith("aws is CRITICAL: ") for line in rig.said)


def test_a_change_is_announced_once_and_can_be_heard_again() -> None:
    rig = opened()
    rig.show(SICK)
    (line,) = rig.after(2)
    assert line.startswith("aws is CRITICAL, was OK: rsvp-aws status 503")
    assert rig.ask("again") == ["Said 0 seconds ago:", line]


def test_losing_the_service_is_announced_and_repeated_never_silent() -> None:
    rig = opened()
    said = rig.after(130)
    assert any(line.startswith("Service DEAD, last heard 8 seconds ago") for line in said)
    assert sum(line.endswith('start it with "wedtui service start".') and "Still so at" in line for line in said) == 2
    assert sum(line.startswith("aws is UNKNOWN, was OK") for line in said) == 1
    assert not any("All well" in line for line in said)


def test_a_reader_that_hangs_is_announced_and_repeated() -> None:
    rig = opened()
    said = rig.after(70, reads=False)
    assert said[0].startswith("OLD: nothing was judged for 4 seconds, the reader hangs")
    assert said[1].startswith("UNKNOWN: every provider, last judged 7 seconds ago; was: aws OK")
    assert said[2].startswith("Still so at 12:01:09 UTC. OLD: ")
    assert len(said) == 3


def test_a_cache_that_fails_is_announced_and_so_is_its_return() -> None:
    rig = opened()
    rig.source.problem = StoreLockedError("the cache is locked")
    assert any(line.startswith("CACHE UNREADABLE since 12:00:06 UTC") for line in rig.after(3))
    rig.source.problem = None
    assert any(line.startswith("The cache can be read again") for line in rig.after(3))


def test_all_is_summed_up_at_its_pace_so_that_silence_is_never_health() -> None:
    rig = Rig(FakeSource(lambda now: picture(TROUBLED, now=now)))
    opened(rig)
    rig.ask("every 1")
    said = rig.after(125)
    assert sum(line.startswith("NOT well at ") for line in said) == 2


def test_flapping_is_bounded_and_counted() -> None:
    rig = opened()
    said: list[str] = []
    for turn in range(40):
        rig.show(SICK if turn % 2 else WELL)
        said += rig.after(1)
    about = [line for line in said if line.startswith("aws is ") and "was" in line]
    assert len(about) <= 6
    assert any("It keeps changing" in line for line in said)
    assert any(line.startswith("aws changed ") and "more times until" in line for line in said)


def test_signals_that_are_lost_one_after_the_other_are_one_sentence() -> None:
    rig = opened()
    ages = {"latency_p95_ms": 60.0, "cpu": 58.5}
    signals = tuple(replace(s, measured_at=NOW - ages.get(s.signal, 0) * SECOND) for s in WELL[2].signals)
    rig.show((*WELL[:2], replace(WELL[2], signals=signals), WELL[3]))
    (line,) = [line for line in rig.after(6) if line.startswith("azure")]
    assert line.startswith("azure: latency p95 and cpu UNKNOWN since 12:00:")


def test_commands_wait_for_the_first_picture_and_keep_their_order() -> None:
    rig = Rig()
    assert rig.ask("status") == []
    assert rig.session.busy
    rig.session.typed("quit")
    rig.session.input_over()
    assert not rig.session.ended
    rig.turn()
    text = "\n".join(rig.said)
    assert text.index("Mode shared.") < text.index("The service goes on watching.")
    assert rig.session.ended


def test_words_that_need_no_picture_are_answered_before_it() -> None:
    rig = Rig()
    assert "16 commands" in rig.ask("help")[0]
    assert rig.ask("stauts") == ['Unknown command "stauts"; did you mean status? Otherwise type "help".']


def test_where_nothing_can_be_read_that_is_said_and_commands_are_answered() -> None:
    rig = Rig()
    rig.session.typed("status")
    said = rig.after(11, reads=False)
    assert said[0] == "UNKNOWN: nothing could be read for 10 seconds."
    assert said[1].startswith("UNKNOWN at ")
    assert not rig.session.busy


def test_a_history_is_asked_for_and_answered_in_turn() -> None:
    rig = opened()
    assert rig.ask("signal aws cpu 1h") == []
    rig.session.typed("every")
    assert rig.said == []
    rig.turn()
    assert rig.said[0] == "aws cpu: 41.0 %, 12 seconds old."
    assert rig.said[1].startswith("Over the last 1 hour: lowest ")
    assert rig.said[2] == "All is summed up every 5 minutes."
    # The same question a moment later is answered as well.
    rig.ask("signal aws cpu 1h")
    rig.turn()
    assert rig.said[1].startswith("Over the last 1 hour")


def test_a_history_that_does_not_come_is_not_waited_for() -> None:
    rig = opened()
    rig.ask("signal aws cpu")
    said = rig.after(5, reads=False)
    assert "Its last 15 minutes could not be read in time; try again." in said
    assert not rig.session.busy


def test_after_standing_still_it_says_so_and_then_what_changed() -> None:
    rig = opened()
    rig.said.clear()
    rig.clock.advance(600 * SECOND)
    rig.turn(reads=False)
    assert rig.said == ["Nothing could be said for 10 minutes, until 12:10:05 UTC."]
    said = rig.after(2)
    assert said[0].startswith("Service DEAD")
    assert not any(line.startswith("OLD") for line in said)


def test_the_input_over_with_nothing_asked_ends_it() -> None:
    rig = opened()
    rig.session.input_over()
    assert rig.session.ended


def test_a_mistake_of_ours_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        Rig().session.hear(ReaderBroke(ZeroDivisionError()))


def _stopped(service: ServiceFacts, now: datetime) -> Picture:
    return picture(WELL, now=now, service=service)


def test_in_a_demo_commands_are_told_as_they_are_typed_there() -> None:
    for demo, command in ((True, 'a new "wedtui demo"'), (False, '"wedtui service start"')):
        rig = Rig(demo=demo)
        stopped = replace(SERVICE, stopped_at=rig.clock.at)
        rig.source.make = partial(_stopped, stopped)
        rig.turn()
        assert command in " ".join(rig.ask("status"))
