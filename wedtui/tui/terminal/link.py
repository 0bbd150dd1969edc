"""How fast the way to the terminal is, from what was sent and when the terminal said that it had it.

The driver asks the terminal for its status (DSR 5, ECMA-48 8.3.35), which every terminal answers, in its turn: the
answer means that everything before it has arrived. A large frame is asked about before and behind: the first answer
gives the round trip, and the time between the two is what the frame itself took (a packet pair, as in Keshav, "A
control-theoretic approach to flow control", 1991). Where nobody ever answers, nothing is claimed.

Pure: instants are seconds of a monotonic clock, and given.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import NamedTuple

# An ordinary second's update; what it takes to arrive decides how much is drawn.
UPDATE_BYTES = 600
LEAN_ABOVE_S = 1.0
TEXT_ABOVE_S = 3.0
# A terminal that answers usually, and has not done so for this long (or four round trips), hangs.
HANGS_AFTER_S = 1.0
HANGS_AFTER_TRIPS = 4
# More is drawn again after this long of better figures; after a relapse twice as long, up to a minute.
RECOVERY_S = 8.0
LONGEST_RECOVERY_S = 64.0
# Who has not answered his first question by now will not answer.
MUTE_AFTER_S = 10.0
# An answer that has not come by now was lost; others are asked for.
LOST_AFTER_S = 15.0
# A frame of this size is worth a second question.
PAIR_FROM_BYTES = 512

_SAMPLES = 5
_LEAST_GAP_S = 1e-4
# What may be under way: as much as keeps a key that is pressed now from waiting longer than this.
_WAIT_S = 0.2
_FIRST_WINDOW = 8192
_LEAST_WINDOW = 512
_ASK_EVERY_S = 2.0


class Drawing(IntEnum):
    """How much is drawn, from everything to the least."""

    FULL = 0
    LEAN = 1
    """Fewer frames, no charts."""
    TEXT = 2
    """Rarely, and without colours."""


class LinkReport(NamedTuple):
    """What can be said of the line at one instant."""

    delay: float | None = None
    """Seconds until the terminal has an ordinary update; None where it does not answer, or has not yet."""
    rate: float | None = None
    """Bytes a second, where enough was sent to tell."""
    queued: int = 0
    """Bytes that were not yet written, or not yet confirmed by a terminal that confirms."""
    hangs_for: float = 0.0
    """Seconds for which the line has been hanging; 0 where it does not."""
    drawing: Drawing = Drawing.FULL
    late_keys: int = 0
    """Keys that arrived while the line hung, since the start."""


class _Question(NamedTuple):
    asked_at: float
    covers: int
    """Bytes that its answer confirms."""
    frame: int | None
    """Bytes of the frame between the question before and this one; None where it is not the second of a pair."""


class Link:
    """The meter. Every method takes the instant at which it happened."""

    def __init__(self, now: float) -> None:
        self._born = now
        self._questions: deque[_Question] = deque()
        self._asked_at = float("-inf")
        self._answered_at: float | None = None
        self._unconfirmed = 0
        self._asked_about = 0
        self._trips: deque[float] = deque(maxlen=_SAMPLES)
        self._rates: deque[float] = deque(maxlen=_SAMPLES)
        self._delays: deque[float] = deque(maxlen=_SAMPLES)
        self._blocked_since: float | None = None
        self._silent_since: float | None = None
        self._pace = _Pace()
        self.late_keys = 0

    @property
    def answers(self) -> bool:
        """Whether the terminal has ever answered."""
        return self._answered_at is not None

    @property
    def open_questions(self) -> int:
        """How many answers are still to come."""
        return len(self._questions)

    @property
    def trip(self) -> float:
        """The shortest of the last round trips (s), 0 where none is known."""
        return min(self._trips, default=0.0)

    @property
    def rate(self) -> float | None:
        """The median of the last rates (bytes/s)."""
        return _median(self._rates) if self._rates else None

    @property
    def delay(self) -> float | None:
        """The median of what the last ordinary updates took to be confirmed (s)."""
        return _median(self._delays) if self._delays else None

    @property
    def window(self) -> int:
        """Bytes that may be under way: what the line holds, and what it carries in a fifth of a second."""
        if self.rate is None:
            return _FIRST_WINDOW
        return max(int(self.rate * (self.trip + _WAIT_S)), _LEAST_WINDOW)

    def mute(self, now: float) -> bool:
        """Whether nobody answers there."""
        return not self.answers and now - self._born > MUTE_AFTER_S

    def wrote(self, count: int, now: float) -> None:
        """`count` bytes more are on their way."""
        if self.mute(now):
            # Nobody confirms anything here: what was written counts as arrived.
            self._unconfirmed = self._asked_about = 0
            self._questions.clear()
        else:
            self._unconfirmed += count

    def blocked(self, now: float) -> None:
        """The system takes no more at the moment."""
        self._blocked_since = now if self._blocked_since is None else self._blocked_since

    def flowing(self) -> None:
        """The system took something."""
        self._blocked_since = None

    def should_ask(self, frame: int, now: float) -> bool:
        """Whether to ask behind a frame of so many bytes: nothing is asked yet, and there is something to learn."""
        self._give_up(now)
        if self._questions or self.mute(now):
            return False
        return self._unconfirmed + frame >= _LEAST_WINDOW or now - self._asked_at >= _ASK_EVERY_S

    def asked(self, now: float, frame: int | None = None) -> None:
        """A question was written behind everything so far; as the second of a pair, around a frame of so many bytes."""
        self._questions.append(_Question(now, self._unconfirmed - self._asked_about, frame))
        self._asked_about = self._unconfirmed
        self._asked_at = now
        self._silent_since = now if self._silent_since is None else self._silent_since

    def answered(self, now: float) -> None:
        """The terminal has everything that was written before the oldest open question."""
        before, self._answered_at = self._answered_at, now
        if not self._questions:
            return
        asked_at, covers, frame = self._questions.popleft()
        self._unconfirmed = max(self._unconfirmed - covers, 0)
        self._asked_about = max(self._asked_about - covers, 0)
        self._silent_since = self._questions[0].asked_at if self._questions else None
        took = now - asked_at
        if frame is not None and before is not None:
            gap = max(now - before, _LEAST_GAP_S)
            self._rates.append(frame / gap)
            self._delays.append(self.trip + min(gap, gap * UPDATE_BYTES / frame))
        else:
            self._trips.append(took)
            self._delays.append(took)
        self.judge(now)

    def has_room(self, now: float) -> bool:
        """Whether more may be sent: not while so much is under way that a key would wait for it."""
        self._give_up(now)
        # Before the first answer nobody knows whether there will be one; the system's own buffer is bounded too.
        return self._blocked_since is None and (not self.answers or self._unconfirmed < self.window)

    def room(self) -> int | None:
        """Return how many bytes more may be under way; None where nobody confirms any."""
        return max(self.window - self._unconfirmed, 0) if self.answers else None

    def hangs_for(self, now: float) -> float:
        """Return for how long the line has been hanging (s); 0 where it does not."""
        begun: list[float] = [] if self._blocked_since is None else [self._blocked_since]
        patience = HANGS_AFTER_S
        if self._silent_since is not None and self.answers:
            begun.append(self._silent_since)
            expected = self._unconfirmed / self.rate if self.rate else 0.0
            patience = max(patience, HANGS_AFTER_TRIPS * self.trip, 2 * expected)
        waited = now - min(begun) if begun else 0.0
        return waited if waited > patience else 0.0

    def judge(self, now: float) -> Drawing:
        """Return how much should be drawn now: less at once where the line is slow, more only after a while."""
        return self._pace.judge(self._due(now), now)

    def report(self, now: float, waiting: int) -> LinkReport:
        """Return what can be said now; `waiting` bytes have not been taken by the system yet."""
        queued = max(waiting, self._unconfirmed if self.answers else 0)
        hangs = self.hangs_for(now)
        # While it hangs, the time already waited is the least that the next update will take.
        delay = max(self.delay or 0.0, hangs) if self.delay is not None or hangs else None
        return LinkReport(delay, self.rate, queued, hangs, self.judge(now), self.late_keys)

    def _give_up(self, now: float) -> None:
        if self._questions and now - self._questions[-1].asked_at > LOST_AFTER_S:
            self._questions.clear()
            self._unconfirmed = self._asked_about = 0

    def _due(self, now: float) -> Drawing:
        takes, hangs = self.delay or 0.0, self.hangs_for(now)
        if takes > TEXT_ABOVE_S or hangs > 2 * TEXT_ABOVE_S:
            return Drawing.TEXT
        return Drawing.LEAN if takes > LEAN_ABOVE_S or hangs else Drawing.FULL


def _median(values: deque[float]) -> float:
    """Return the upper median. (The library's own costs more to import than the whole of this module.)"""
    return sorted(values)[len(values) // 2]


class _Pace:
    """Falls at once and rises slowly, so that a line at the edge does not make the screen flap."""

    def __init__(self) -> None:
        self._drawing = Drawing.FULL
        self._better_since: float | None = None
        self._rose_at = float("-inf")
        self._recovery = RECOVERY_S

    def judge(self, due: Drawing, now: float) -> Drawing:
        if due >= self._drawing:
            if now - self._rose_at > LONGEST_RECOVERY_S:
                self._recovery = RECOVERY_S
            elif due > self._drawing:
                self._recovery = min(2 * self._recovery, LONGEST_RECOVERY_S)
            self._drawing, self._better_since = due, None
        elif self._better_since is None:
            self._better_since = now
        elif now - self._better_since >= self._recovery:
            self._drawing = Drawing(self._drawing - 1)
            self._better_since = self._rose_at = now
        return self._drawing
