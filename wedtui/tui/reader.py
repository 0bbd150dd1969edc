"""The one thread that uses the source: it looks for changes, reads, judges anew, and hands over frozen values.

It never touches a widget. What it says goes through a mailbox with one place for each kind, so that nothing
piles up where the screen is slow: the newest wins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from wedtui.errors import WedtuiError
from wedtui.tui.board import (
    BeforeAlert,
    ChangesTold,
    History,
    Listed,
    Lookback,
    OneWedding,
    Overview,
    SeriesKey,
    WeddingsTold,
    WhoIsLive,
)
from wedtui.tui.messages import (
    ChangesArrived,
    HistoryArrived,
    News,
    PictureArrived,
    ReaderBroke,
    ResourcesArrived,
    SourceFailed,
    WeddingsArrived,
)

if TYPE_CHECKING:
    from wedtui.clock import Clock
    from wedtui.core.calendar_query import ListedWedding, WeddingPage, WeddingQuery
    from wedtui.core.changes import ChangeQuery
    from wedtui.core.inventory import ResourceQuery
    from wedtui.core.picture import Picture
    from wedtui.tui.source import Source

LOOK_EVERY_S = 0.2
JUDGE_EVERY_S = 1.0
# A heartbeat each second brings a new picture of its own: one that is a look late is not judged for twice.
HEARTBEAT_LATE_S = 0.3
# Read without being told of a change: word of one can be lost between a server and here.
READ_ANYWAY_S = 5.0
RETRY_AFTER_S = 1.0
# A chart is read this often while its range passes once; more would move nothing by a dot, and cost bytes.
HISTORY_STEPS = 200
HISTORY_EVERY_S = 3.0
# Resources change with every asking of their provider, half a minute apart at least.
RESOURCES_EVERY_S = 3.0
# Weddings begin and end on the minute, mostly; a person who imported some wants to see them soon.
WEDDINGS_EVERY_S = 3.0
# What persons do is seen soon; the ledger is read for it.
CHANGES_EVERY_S = 3.0
_STOP_WAIT_S = 1.0


# What does not replace a picture that was not yet taken.
_PLACES: dict[type, str] = {HistoryArrived: "history", ResourcesArrived: "resources", WeddingsArrived: "weddings"} | {
    ChangesArrived: "changes"
}


WeddingQuestion: TypeAlias = "WhoIsLive | OneWedding | WeddingQuery"


class Mailbox:
    """One place for each kind of news; rings once until somebody has looked."""

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._places: dict[str, News] = {}

    def put(self, news: News) -> None:
        """Leave news; called by the reader's thread."""
        place = _PLACES.get(type(news), "picture")
        with self._lock:
            rang = bool(self._places)
            if not isinstance(self._places.get(place), ReaderBroke):
                self._places[place] = news
        if not rang:
            self._ring()

    def take(self) -> tuple[News, ...]:
        """Empty the box; called by the app."""
        with self._lock:
            news = tuple(self._places.values())
            self._places.clear()
        return news


@dataclass(slots=True)
class _Known:
    """What the thread remembers between two steps."""

    source: Source | None = None
    picture: Picture | None = None
    judged: float = float("-inf")
    pictured: float = float("-inf")
    retry: float = float("-inf")
    failed: str | None = None
    asked: SeriesKey | None = None
    read: float = float("-inf")
    listed: ResourceQuery | None = None
    listed_at: float = float("-inf")
    told: WeddingQuestion | None = None
    told_at: float = float("-inf")
    looked: Lookback | BeforeAlert | None = None
    looked_at: float = float("-inf")


class Reader:
    """Reads on a thread of its own."""

    def __init__(self, open_source: Callable[[], Source], clock: Clock, mailbox: Mailbox) -> None:
        self._open = open_source
        self._clock = clock
        self._mailbox = mailbox
        self._stop = threading.Event()
        self._wanted: SeriesKey | None = None
        self._anew = False
        self._query: ResourceQuery | None = None
        self._question: WeddingQuestion | None = None
        self._lookback: Lookback | BeforeAlert | None = None
        self._known = _Known()
        self._thread = threading.Thread(target=self._run, name="wedtui-reader", daemon=True)

    def start(self) -> None:
        """Begin; the source is opened on the thread, because what it imports is heavy."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for a source that hangs."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_WAIT_S)

    def want(self, key: SeriesKey | None) -> None:
        """Say which history the visible chart shows; it is read until another is wanted."""
        self._wanted = key

    def want_resources(self, query: ResourceQuery | None) -> None:
        """Say which page of resources is shown; it is read again and again until another is wanted, or none."""
        self._query = query

    def want_weddings(self, question: WeddingQuestion) -> None:
        """Say what of the calendar is shown; it is read again and again until something else is wanted, or nothing."""
        self._question = question

    def drop_weddings(self, question: WeddingQuestion) -> None:
        """Say that a question is no longer shown; one that another screen asked meanwhile stays."""
        if self._question == question:
            self._question = None

    def want_changes(self, question: Lookback | BeforeAlert) -> None:
        """Say which changes are shown; they are read again and again until others are wanted, or none."""
        self._lookback = question

    def drop_changes(self, question: Lookback | BeforeAlert) -> None:
        """Say that changes are no longer shown; those that another screen asked meanwhile stay."""
        if self._lookback == question:
            self._lookback = None

    def ask(self, key: SeriesKey | Lookback | None) -> None:
        """Have a history or changes read at once, even what was read a moment ago; with None no more of any."""
        self._anew = key is not None
        self._wanted = None if isinstance(key, Lookback) else key
        self._lookback = key if isinstance(key, Lookback) else None

    def step(self) -> None:
        """Look once. Everything that the source refuses becomes news; a mistake of ours is raised."""
        known = self._known
        if self._clock.monotonic() < known.retry:
            return
        try:
            self._read()
            self._read_history()
            self._read_resources()
            self._read_weddings()
            self._read_changes()
        except WedtuiError as error:
            known.failed = str(error)
            known.retry = self._clock.monotonic() + RETRY_AFTER_S
            self._judge_anew()

    def _run(self) -> None:
        try:
            _import_drawing()
            while not self._stop.is_set():
                self.step()
                self._stop.wait(LOOK_EVERY_S)
        except Exception as error:
            self._mailbox.put(ReaderBroke(error))
        finally:
            if self._known.source is not None:
                self._known.source.close()

    def _read(self) -> None:
        known = self._known
        if known.source is None:
            known.source = self._open()
        told = known.source.changed()
        quiet = self._clock.monotonic() - known.pictured
        if told or known.picture is None or known.failed is not None or quiet >= READ_ANYWAY_S:
            known.picture = known.source.picture(self._clock.now())
            known.pictured = self._clock.monotonic()
            known.judged = known.pictured + (HEARTBEAT_LATE_S if told else 0.0)
            known.failed = None
            self._mailbox.put(PictureArrived(known.picture))
        elif self._clock.monotonic() - known.judged >= JUDGE_EVERY_S:
            self._judge_anew()

    def _judge_anew(self) -> None:
        """Judge what is known at a later instant: ages grow, and what is too old becomes UNKNOWN."""
        known = self._known
        now = self._clock.now()
        if known.source is not None and known.picture is not None:
            known.picture = known.source.rejudge(known.picture, now)
            known.judged = self._clock.monotonic()
        if known.failed is not None:
            self._mailbox.put(SourceFailed(known.failed, now, known.picture))
        elif known.picture is not None:
            self._mailbox.put(PictureArrived(known.picture))

    def _read_history(self) -> None:
        known, key = self._known, self._wanted
        if key is None or known.source is None:
            return
        pause = max(HISTORY_EVERY_S, key.span / HISTORY_STEPS / timedelta(seconds=1))
        elapsed = self._clock.monotonic() - known.read
        if key == known.asked and elapsed < pause and not self._anew:
            return
        self._anew = False
        now = self._clock.now()
        known.asked, known.read = key, self._clock.monotonic()
        try:
            series = known.source.series(key.provider, key.signal, now - key.span, now)
        except WedtuiError as error:
            self._mailbox.put(HistoryArrived(History(key, None, str(error))))
            return
        self._mailbox.put(HistoryArrived(History(key, series)))

    def _read_resources(self) -> None:
        known, query = self._known, self._query
        if query is None or known.source is None:
            known.listed = None
            return
        if query == known.listed and self._clock.monotonic() - known.listed_at < RESOURCES_EVERY_S:
            return
        now = self._clock.now()
        known.listed, known.listed_at = query, self._clock.monotonic()
        try:
            page = known.source.resources(query, now)
        except WedtuiError as error:
            self._mailbox.put(ResourcesArrived(Listed(query, None, now, str(error))))
            return
        self._mailbox.put(ResourcesArrived(Listed(query, page, now)))

    def _read_weddings(self) -> None:
        known, question = self._known, self._question
        if question is None or known.source is None:
            known.told = None
            return
        if question == known.told and self._clock.monotonic() - known.told_at < WEDDINGS_EVERY_S:
            return
        now = self._clock.now()
        known.told, known.told_at = question, self._clock.monotonic()
        try:
            answer = _answer(known.source, question, now)
        except WedtuiError as error:
            self._mailbox.put(WeddingsArrived(WeddingsTold(question, None, now, str(error))))
            return
        self._mailbox.put(WeddingsArrived(WeddingsTold(question, answer, now)))

    def _read_changes(self) -> None:
        known, question = self._known, self._lookback
        if question is None or known.source is None:
            known.looked = None
            return
        if question == known.looked and self._clock.monotonic() - known.looked_at < CHANGES_EVERY_S:
            return
        now = self._clock.now()
        known.looked, known.looked_at = question, self._clock.monotonic()
        asked = changes_query(question, now)
        try:
            found = known.source.changes(asked, now)
        except WedtuiError as error:
            self._mailbox.put(ChangesArrived(ChangesTold(question, None, now, str(error))))
            return
        self._mailbox.put(ChangesArrived(ChangesTold(question, found, now)))


def changes_query(question: Lookback | BeforeAlert, now: datetime) -> ChangeQuery:
    """Return what is asked of the stores at an instant."""
    from wedtui.core.changes import ChangeQuery, before_query  # noqa: PLC0415 - only where changes are shown
    from wedtui.core.freeze_windows import shifted  # noqa: PLC0415 - as above

    if isinstance(question, BeforeAlert):
        return before_query(question.since, now)
    return ChangeQuery(shifted(now, -question.span), now + timedelta(microseconds=1), before=question.before)


def _answer(
    source: Source, question: WeddingQuestion, now: datetime
) -> Overview | tuple[ListedWedding, ...] | WeddingPage:
    match question:
        case WhoIsLive():
            conflicts = source.wedding_conflicts(now)
            return Overview(source.live(now), source.wedding_sources(), now, conflicts=conflicts)
        case OneWedding(reference):
            return source.wedding(reference)
        case _:
            return source.weddings(question)


def _import_drawing() -> None:
    """Import what draws pictures before the first of them arrives, beside the app's loop and not in it."""
    import wedtui.tui.draw.everything  # noqa: F401, PLC0415
