"""One session of the line mode, without any input or output: news and typed lines in, lines to say out.

Whoever owns it calls `hear` with what the reader left, `typed` with lines, and `tick` at least once a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from wedtui.core.wording import asked_of_demo, counted
from wedtui.tui.board import PICTURE_FRESH, Board, ChangesTold, History, Lookback, SeriesKey
from wedtui.tui.messages import ChangesArrived, HistoryArrived, News, PictureArrived, ReaderBroke, SourceFailed
from wedtui.tui.plain.changes import SIGNALS, bounded, changes
from wedtui.tui.plain.commands import answer, at_once
from wedtui.tui.plain.describe import distrust, provider_words, pulse, shown_state
from wedtui.tui.plain.desk import Asked, AskedChanges, Desk, Said
from wedtui.tui.plain.flapping import SUMMARY_EVERY_S, Damper, Summary
from wedtui.tui.plain.words import clock_words, spoken

if TYPE_CHECKING:
    from wedtui.clock import Clock

FIRST_WITHIN_S = 10.0
"""After how long without a first picture that is said, and commands are answered all the same."""
DISTRUST_EVERY_S = 60.0
"""How often it is said again that what is known cannot be relied on."""
HISTORY_WITHIN_S = 5.0
CATCH_UP_S = 2.0
GATHER_S = 1.0
"""What changes within this time is said together, worst first."""
GATHER_SIGNALS_S = 3.0
"""The same for signals that are lost or come back while no state changes."""
_SECOND = timedelta(seconds=1)


class PlainSession:
    """What is known, what was said of it, and what a person asked.

    Args:
        clock: tells the time.
        say: takes lines, in the order in which they are said.
        ask: asks for a history, or what changed; it comes later as news.
        demo: whether the world is a demonstration.
    """

    def __init__(
        self,
        clock: Clock,
        say: Callable[[Sequence[str]], None],
        ask: Callable[[SeriesKey | Lookback | None], None],
        *,
        demo: bool = False,
    ) -> None:
        self._clock = clock
        # A command that is heard is typed as it was heard.
        self._say = (lambda lines: say(tuple(map(asked_of_demo, lines)))) if demo else say
        self._ask = ask
        self.desk = Desk(Board(clock.now(), demo=demo))
        self._announced = self.desk.board
        self._damper = Damper()
        self._lines: deque[str] = deque()
        self._asked: tuple[Asked | AskedChanges, float] | None = None
        self._input_over = False
        self._began = self._ticked = self._pulsed = clock.monotonic()
        self._doubted: float | None = None
        self._signals_since: float | None = None
        self._patient_until = self._compared = float("-inf")

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do: a person left, or the input is over and answered."""
        return self.desk.leaving or (self._input_over and not self.busy)

    @property
    def busy(self) -> bool:
        """Whether lines still wait for their answer; until then no more should be read."""
        return bool(self._lines) or self._asked is not None

    def begin(self) -> None:
        """Say where one is."""
        demo = "DEMO, a made-up world. " if self.desk.board.demo else ""
        self._say((f'{demo}wedtui in plain lines. Type "help" for the commands. Reading the cache.',))

    def hear(self, news: News) -> None:
        """Take what the reader left, and announce what changed.

        Raises:
            Exception: the reader met a mistake of ours.
        """
        board, now = self.desk.board, self._clock.now()
        match news:
            case PictureArrived(picture):
                self.desk.board = replace(board, now=now, picture=picture, problem=None, problem_since=None)
            case SourceFailed(problem, at, picture):
                since = board.problem_since or at
                self.desk.board = replace(board, now=now, picture=picture, problem=problem, problem_since=since)
            case HistoryArrived(history):
                self._finish(history)
            case ChangesArrived(told):
                self._finish_changes(told)
            case ReaderBroke(error):
                raise error
        self._announce_changes()
        self._work()

    def typed(self, line: str) -> None:
        """Take one line that a person typed."""
        self._lines.append(line)
        self._work()

    def input_over(self) -> None:
        """Learn that no more lines will come."""
        self._input_over = True

    def tick(self) -> None:
        """Let time pass: what grew old, what is due to be said again, what was asked in vain."""
        now, at = self._clock.now(), self._clock.monotonic()
        paused, self._ticked = at - self._ticked, at
        self.desk.board = replace(self.desk.board, now=now)
        if paused > PICTURE_FRESH / _SECOND:
            # The terminal or this process stood still, and perhaps the reader with it: it gets a moment to catch up.
            self._patient_until = at + CATCH_UP_S
            self._announce(
                (f"Nothing could be said for {spoken(timedelta(seconds=paused))}, until {clock_words(now)}.",)
            )
            return
        if self._catching_up:
            return
        self._announce_changes()
        self._summaries(at)
        self._doubts(at)
        if at - self._pulsed >= self.desk.every / _SECOND:
            self._pulsed = at
            self._announce((pulse(self.desk.board),))
        if self._asked is not None and at - self._asked[1] >= HISTORY_WITHIN_S:
            self._give_up()
        self._work()

    @property
    def _catching_up(self) -> bool:
        """Whether everything stood still a moment ago, and the reader has not brought anything new since."""
        return bool(self.desk.board.lag) and self._clock.monotonic() < self._patient_until

    def _announce(self, lines: Sequence[str]) -> None:
        if lines:
            self.desk.said = Said(self.desk.board.now, tuple(lines))
            self._say(lines)

    def _announce_changes(self) -> None:
        at, board = self._clock.monotonic(), self.desk.board
        if self._catching_up:
            return
        first = self._announced.opening and not board.opening
        if at - self._compared < GATHER_S and not first:
            return
        self._compared = at
        found = changes(self._announced, board)
        if found and all(c.key.startswith(SIGNALS) for c in found):
            # A source that falls silent takes its signals with it over a few seconds: one sentence, not one for each.
            self._signals_since = self._signals_since or at
            if at - self._signals_since < GATHER_SIGNALS_S:
                return
        self._signals_since = None
        self._announced = board
        if found:
            self._announce(bounded(self._damper.let_through(found, at)))

    def _summaries(self, at: float) -> None:
        self._announce(tuple(self._summary(s) for s in self._damper.due(at)))

    def _summary(self, summary: Summary) -> str:
        kind, _, name = summary.key.partition(" ")
        board = self.desk.board
        provider = board.picture.provider(name) if board.picture and kind == "provider" else None
        if provider is not None:
            present = f"now {shown_state(board, provider)}: {provider_words(board, provider)}."
        else:
            present = f"the last was: {summary.last.text}"
        subject = name or kind
        if not summary.more:
            return f"{subject} is steady again, no change within {SUMMARY_EVERY_S:g} seconds; {present}"
        return f"{subject} changed {counted(summary.more, 'more time')} until {clock_words(board.now)}; {present}"

    def _doubts(self, at: float) -> None:
        """Say again and again that what is known cannot be relied on, as long as that is so."""
        board = self.desk.board
        doubt = distrust(board)
        if doubt is None and board.opening and at - self._began >= FIRST_WITHIN_S:
            doubt = f"UNKNOWN: nothing could be read for {spoken(timedelta(seconds=at - self._began))}."
            if self._doubted is None:
                self._announce((doubt,))
        if doubt is None:
            self._doubted = None
        elif self._doubted is None:
            self._doubted = at  # it was announced just now
        elif at - self._doubted >= DISTRUST_EVERY_S:
            self._doubted = at
            self._announce((f"Still so at {clock_words(board.now)}. {doubt}",))

    def _work(self) -> None:
        """Answer the lines that wait, in their order, as far as that is possible now."""
        while self._lines and self._asked is None and not self.desk.leaving:
            if not self._ready and not at_once(self._lines[0]):
                return
            given = answer(self.desk, self._lines.popleft())
            if isinstance(given, Asked | AskedChanges):
                self._asked = (given, self._clock.monotonic())
                self._ask(given.key)
            else:
                self._say(given)

    @property
    def _ready(self) -> bool:
        return not self.desk.board.opening or self._clock.monotonic() - self._began >= FIRST_WITHIN_S

    def _finish(self, history: History | None) -> None:
        """Give the answer that waited for a history; one that nobody waits for any more is dropped."""
        asked = self._asked[0] if self._asked is not None else None
        if isinstance(asked, Asked) and (history is None or history.key == asked.key):
            self._asked = None
            self._ask(None)
            self._say(asked.finish(self.desk.board, history))

    def _finish_changes(self, told: ChangesTold | None) -> None:
        """Give the answer that waited for what changed."""
        asked = self._asked[0] if self._asked is not None else None
        if isinstance(asked, AskedChanges) and (told is None or told.question == asked.key):
            self._asked = None
            self._ask(None)
            self._say(asked.finish(self.desk.board, told))

    def _give_up(self) -> None:
        """Give the answer for which nothing came in time."""
        self._finish(None)
        self._finish_changes(None)
