"""One signal or probe over the whole screen, drawn by plotext, in one colour, with gaps as gaps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual.binding import BindingType
from textual.widget import Widget
from textual_plotext import PlotextPlot

from wedtui.core.evidence import fresh_for
from wedtui.core.series import Point, probe_of
from wedtui.tui.bindings import bind
from wedtui.tui.board import SPANS, History, SeriesKey
from wedtui.tui.braille import Scale, finite, runs, scale_of
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.metrics import interval_of, span_title, value_line
from wedtui.tui.draw.sentences import signal_subject
from wedtui.tui.screens.base import BoardScreen
from wedtui.tui.session import View
from wedtui.tui.spans import Line, Role, crop, rule, wrap
from wedtui.tui.surface import Surface
from wedtui.tui.values import reading

_TICKS = 5


class ChartScreen(BoardScreen):
    """A chart of 5 m to 24 h."""

    TITLE_FOR_HELP = "chart"
    CSS = """
    #heading { height: 3; }
    #plot { height: 1fr; background: $background; color: $muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("screen.back", "back"),
        bind("chart.range-less", "span(-1)"),
        bind("chart.range-more", "span(1)"),
    ]

    def __init__(self, provider: str, signal: str) -> None:
        super().__init__()
        self.provider, self.signal = provider, signal
        self._drawn: object = None

    @property
    def wants(self) -> SeriesKey:
        """The history of this screen's signal."""
        return SeriesKey(self.provider, self.signal, SPANS[self.wedtui.span][1])

    def body(self) -> Iterable[Widget]:
        """Make the heading and the plot."""
        yield Surface(self.palette, id="heading")
        plot = PlotextPlot(id="plot")
        plot.theme = "clear"  # axes and ground are coloured as any text is
        yield plot

    def draw(self) -> None:
        """Draw the heading, and the plot where its history, its size or its colours are others."""
        self.wedtui.reader_wants(self.wants)
        heading = self.query_one_optional("#heading", Surface)
        plot = self.query_one_optional("#plot", PlotextPlot)
        if heading is None or plot is None:
            return
        heading.show(self._heading(heading.size.width))
        history = self.board.history if self.board.history and self.board.history.key == self.wants else None
        points = self._points(history)
        plot.display = bool(points)
        drawn = (history, plot.size, self.palette.theme.name)
        if points and history is not None and drawn != self._drawn:
            self._drawn = drawn
            self._plot(plot, history, points)

    def subject(self) -> Subject | None:
        """Return the newest value of what is charted."""
        return signal_subject(self.board, self.provider, self.signal)

    def view(self) -> View:
        """Return this chart."""
        return View("chart", (self.provider, self.signal))

    def action_span(self, by: int) -> None:
        """Chart another range."""
        self.wedtui.choose_span(self.wedtui.span + by)
        self.show()

    def _heading(self, width: int) -> tuple[Line, ...]:
        """Return breadcrumb, newest value with its age, and a remark."""
        ranges: Line = tuple(
            (f" {title} ", Role.MARK if i == self.wedtui.span else Role.MUTED) for i, (title, _) in enumerate(SPANS)
        )
        name = probe_of(self.signal) or self.signal
        crumbs = rule(f"providers › {self.provider} › {name}", width, ranges)
        picture = self.board.picture
        provider = picture.provider(self.provider) if picture else None
        if provider is None:
            return (crumbs, ((f" {self.provider} is no longer configured", Role.DEGRADED),))
        value = crop(value_line(self.board, provider, self.signal, width), width)
        return (crumbs, value, *self._remark(width))

    def _remark(self, width: int) -> list[Line]:
        """Say why there is nothing to plot, or in which zone the times are."""
        history = self.board.history
        if history is None or history.key != self.wants:
            return [((" reading its history…", Role.MUTED),)]
        if history.series is None:
            return wrap(history.problem or "no history", width, Role.DEGRADED, indent=" ")
        if not self._points(history):
            return [((f" no data in the last {span_title(history.key.span)}", Role.MUTED),)]
        return [((f" times in {self.board.zone}", Role.MUTED),)]

    def _points(self, history: History | None) -> list[Point]:
        series = history.series if history else None
        return finite(series.points, series.since, series.until) if series else []

    def _plot(self, plot: PlotextPlot, history: History, points: list[Point]) -> None:
        """Draw the runs of points one by one, so that what was not measured stays empty."""
        assert history.series is not None
        series, scale = history.series, scale_of(points)
        assert scale is not None
        plt = plot.plt
        plt.clear_figure()
        provider = self.board.picture.provider(self.provider) if self.board.picture else None
        gap = fresh_for(interval_of(provider, self.signal)) if provider else timedelta(seconds=60)
        gap = max(gap, 2 * (series.until - series.since) / self.size.width)
        for run in runs(points, gap):
            seconds = [(p.at - series.since).total_seconds() for p in run]
            plt.plot(seconds, [p.value for p in run], marker="braille", color=self.palette.plot_colour)
        plt.xlim(0, (series.until - series.since).total_seconds())
        plt.ylim(scale.low, scale.high)
        plt.yticks(*self._value_ticks(scale))
        plt.xticks(*_time_ticks(series.since, series.until, self.board.zone))
        plot.refresh()

    def _value_ticks(self, scale: Scale) -> tuple[list[float], list[str]]:
        step = (scale.high - scale.low) / (_TICKS - 1)
        values = [scale.low + i * step for i in range(_TICKS)]
        return values, [reading(self.signal, v) for v in values]


def _time_ticks(since: datetime, until: datetime, zone: str) -> tuple[list[float], list[str]]:
    """Return places (s from the left edge) and wall-clock times of the ticks."""
    place = ZoneInfo(zone)
    whole = until - since
    pattern = "%H:%M:%S" if whole <= timedelta(minutes=5) else "%H:%M"
    at = [i * whole.total_seconds() / _TICKS for i in range(_TICKS)]
    return at, [f"{(since + timedelta(seconds=s)).astimezone(place):{pattern}}" for s in at]
