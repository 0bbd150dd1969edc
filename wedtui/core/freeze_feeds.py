"""iCalendar feeds that freeze: how long a reading counts, what their silence means, and when too much of one is lost.

What their periods freeze is in `freeze`. Source: DESIGN, "Freeze".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedtui.core.calendar import dropped_words
from wedtui.core.freeze_period import Period
from wedtui.core.wording import duration

FEED_GOOD_FOR = timedelta(hours=24)
LOOK_AT_IT = "look at it: repair it, or accept it if it is right"
"""What a person does about a source that a reading calls into question: that it lost so much may be right."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The last good reading of one iCalendar feed, and what became of the newest attempt."""

    name: str
    periods: tuple[Period, ...] = ()
    last_good_at: datetime | None = None
    problem: str | None = None
    """Why the newest attempt was not taken (unreadable, or it lost more than half of its events)."""
    questioned: bool = False
    """Whether the newest attempt parsed but lost too many events, so that a person has to look."""
    environments: frozenset[str] = frozenset()
    """Where its silence means frozen; none means everywhere."""
    services: frozenset[str] = frozenset()
    """The services for which its silence means frozen; none means all."""
    dropped_at: datetime | None = None
    """Since when it is not configured any more; it counts until it is forgotten."""


def feed_notes(feeds: Iterable[Feed], known_at: datetime) -> tuple[str, ...]:
    """Return a sentence for each feed that is in trouble but whose last good reading still counts at `known_at`.

    And for each that is no longer configured, but counts until it is forgotten.
    """
    notes = []
    for feed in feeds:
        if feed.dropped_at is not None:
            notes.append(dropped_words(f'feed "{feed.name}"', feed.dropped_at, f"wedtui freeze drop {feed.name}"))
        if feed.last_good_at is None or not (feed.problem or feed.questioned) or not is_believed(feed, known_at):
            continue
        trouble = feed.problem or "it lost more than half of its future events"
        age = duration(known_at - feed.last_good_at)
        what = "check the calendar, and" if feed.questioned else "repair it:"
        notes.append(
            f'feed "{feed.name}": {trouble}; its reading of {age} ago still counts, '
            f"{what} without a good one by {feed.last_good_at + FEED_GOOD_FOR:%Y-%m-%d %H:%M} UTC it means frozen"
        )
    return tuple(notes)


def lost_too_much(previous: Iterable[Period], fresh: Iterable[Period], now: datetime) -> bool:
    """Whether a new reading of a feed lacks more than half of the future events of the last good one.

    An event is future while its end lies after `now`. Events are told apart by name and counted: one that moved is
    not lost, one that is gone while another with a new name came is. DESIGN, "Freeze": such a reading is not taken;
    the feed keeps its last good state and a person is asked.
    """
    before = Counter(p.name for p in previous if p.end > now)
    after = Counter(p.name for p in fresh if p.end > now)
    return 2 * (before - after).total() > before.total()


def is_believed(feed: Feed, known_at: datetime) -> bool:
    """Whether a feed's last good reading still counts.

    A reading dated more than that long after `known_at` does not: the clock jumped back, and its age is unknown.
    """
    return feed.last_good_at is not None and abs(known_at - feed.last_good_at) <= FEED_GOOD_FOR


def feed_silence(feed: Feed, known_at: datetime) -> str:
    """Return why a feed that is not believed freezes, and how that is mended."""
    why = f" ({feed.problem})" if feed.problem else ""
    if feed.last_good_at is None and feed.periods:
        return (
            f'feed "{feed.name}" was never read at the URL that it has now{why}, which means frozen; what it named at '
            "the former one counts until it is read well there; repair the feed"
        )
    if feed.last_good_at is None:
        return f'feed "{feed.name}" has never been read{why}, which means frozen; repair the feed'
    if feed.last_good_at > known_at:
        return f'feed "{feed.name}" was last read in the future{why}, which means frozen; check the clock'
    age, mend = duration(known_at - feed.last_good_at), LOOK_AT_IT if feed.questioned else "repair the feed"
    return f'feed "{feed.name}" was last read {age} ago{why}, which means frozen; {mend}'
