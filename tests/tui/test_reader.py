"""The reader, step by step and without its thread: what it says when, and that nothing piles up."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.pictures import NOW, FakeSource, MovableClock, source_of
from wedtui.core.state import State
from wedtui.errors import StoreLockedError, StoreUnreadableError
from wedtui.tui.board import SeriesKey
from wedtui.tui.messages import HistoryArrived, News, PictureArrived, ReaderBroke, SourceFailed
from wedtui.tui.reader import Mailbox, Reader
from wedtui.tui.source import Source

KEY = SeriesKey("aws", "cpu", timedelta(minutes=15))


@dataclass
class Rig:
    source: FakeSource = field(default_factory=source_of)
    clock: MovableClock = field(default_factory=MovableClock)
    rings: list[None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mailbox = Mailbox(lambda: self.rings.append(None))
        self.reader = Reader(lambda: self.source, self.clock, self.mailbox)

    def step(self, seconds: float = 0.0) -> tuple[News, ...]:
        self.clock.advance(timedelta(seconds=seconds))
        self.reader.step()
        return self.mailbox.take()


def only(news: tuple[News, ...]) -> News:
    assert len(news) == 1, news
    return news[0]


def test_reads_at_first_then_only_what_changed() -> None:
    rig = Rig()
    assert isinstance(only(rig.step()), PictureArrived)
    assert rig.step(0.1) == ()
    assert rig.source.reads == 1
    rig.source.dirty = True
    assert isinstance(only(rig.step(0.1)), PictureArrived)
    assert rig.source.reads == 2


def test_judges_anew_every_second_without_reading() -> None:
    rig = Rig()
    rig.source.dirty = True
    rig.step()
    # A heartbeat that is a look late brings its own picture.
    assert rig.step(1.2) == ()
    for passed in (1.5, 2.75, 4.0):
        news = only(rig.step(passed - (rig.clock.now() - NOW).total_seconds()))
        assert isinstance(news, PictureArrived)
        assert news.picture.at == NOW + timedelta(seconds=passed)
    assert rig.source.reads == 1


def test_a_failure_keeps_the_picture_lets_it_age_and_recovers() -> None:
    rig = Rig()
    rig.step()
    rig.source.problem = StoreLockedError("the cache is locked")
    first = only(rig.step(0.1))
    assert isinstance(first, SourceFailed)
    assert first.sentence == "the cache is locked"
    assert rig.step(0.1) == ()  # it waits before it tries again
    later = only(rig.step(60))
    assert isinstance(later, SourceFailed)
    assert later.picture is not None
    assert {p.health.state for p in later.picture.providers} == {State.UNKNOWN}
    rig.source.problem = None
    assert isinstance(only(rig.step(1.1)), PictureArrived)
    assert rig.source.reads == 2  # read again although nothing says that it changed


def test_a_source_that_cannot_be_opened_is_tried_again() -> None:
    rig = Rig()
    tries: list[None] = []

    def opener() -> Source:
        tries.append(None)
        if len(tries) < 3:
            raise StoreUnreadableError("there is no cache yet")
        return rig.source

    rig.reader = Reader(opener, rig.clock, rig.mailbox)
    for _ in range(2):
        failed = only(rig.step(1.1))
        assert isinstance(failed, SourceFailed)
        assert failed.picture is None
    assert isinstance(only(rig.step(1.1)), PictureArrived)


def test_nothing_piles_up_where_nobody_looks() -> None:
    rig = Rig()
    rig.reader.want(KEY)
    for _ in range(50):
        rig.clock.advance(timedelta(seconds=1))
        rig.reader.step()
    assert len(rig.rings) == 1
    news = rig.mailbox.take()
    assert {type(n) for n in news} == {PictureArrived, HistoryArrived}
    newest = next(n for n in news if isinstance(n, PictureArrived))
    assert newest.picture.at == rig.clock.now()
    assert rig.step(1.0)
    assert len(rig.rings) == 2


def test_reads_a_history_when_it_is_wanted_and_then_at_its_pace() -> None:
    rig = Rig()
    rig.step()
    rig.reader.want(KEY)
    news = only(rig.step(0.1))
    assert isinstance(news, HistoryArrived)
    assert news.history.key == KEY
    assert news.history.series is not None
    assert news.history.series.since == rig.clock.now() - KEY.span
    assert not any(isinstance(n, HistoryArrived) for n in rig.step(1.0))
    assert any(isinstance(n, HistoryArrived) for n in rig.step(4.0))


def test_a_mistake_of_ours_is_not_a_failure_of_the_source() -> None:
    rig = Rig()

    def broken() -> Source:
        raise ZeroDivisionError

    rig.reader = Reader(broken, rig.clock, rig.mailbox)
    with pytest.raises(ZeroDivisionError):
        rig.reader.step()


def test_its_thread_hands_a_mistake_over_and_closes_the_source() -> None:
    rang = threading.Event()
    mailbox = Mailbox(rang.set)
    source = source_of()
    source.make = lambda _now: 1 // 0  # type: ignore[assignment, return-value]
    reader = Reader(lambda: source, MovableClock(), mailbox)
    reader.start()
    assert rang.wait(120)
    reader.stop()
    broke = only(mailbox.take())
    assert isinstance(broke, ReaderBroke)
    assert isinstance(broke.error, ZeroDivisionError)
    assert source.closed
