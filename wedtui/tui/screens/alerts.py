"""What fires, is about to, and was over lately; and one alert in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from wedtui.core.alerts.attention import can_be_taken
from wedtui.tui.bindings import bind
from wedtui.tui.board import BeforeAlert
from wedtui.tui.draw.alerts import (
    alert_facts,
    alert_rows,
    alert_subject,
    alerts_header,
    alerts_note,
    found_alert,
    matching,
)
from wedtui.tui.keymap.table import Scope
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen
from wedtui.tui.session import View
from wedtui.tui.spans import Line, Role, wrap

if TYPE_CHECKING:
    from textual.widgets import Input

    from wedtui.core.alerts.standing import AlertIs
    from wedtui.tui.board import ChangesTold
    from wedtui.tui.clipboard import Subject
    from wedtui.tui.filter_line import FilterLine
    from wedtui.tui.listing import Listing


class AlertsScreen(ListScreen):
    """The list behind the line of alerts; the cursor stays with a rule and its labels, whatever becomes of it."""

    TITLE_FOR_HELP = "alerts"
    WITHIN = (Scope.FILTER,)
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("alerts.open", "open"),
        bind("alerts.filter", "filter"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.words = ""

    def crumbs(self) -> str:
        """Return where this is, and how many of how many are shown."""
        known = self.board.alerts
        count = f" · {len(known.firing)} firing" if known is not None else ""
        if known is not None and self.words:
            shown = matching(known.alerts, self.words, self.board.now)
            return f'alerts{count} · filter "{self.words}": {len(shown)} of {len(known.alerts)}'
        return f"alerts{count}"

    def note(self) -> Line:
        """Return how old the judgement is."""
        return alerts_note(self.board)

    def titles(self, width: int) -> tuple[Line, ...]:
        """Return the titles of the columns."""
        return (alerts_header(width),)

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the alerts."""
        return alert_rows(self.board, self.words, width)

    @property
    def selected(self) -> AlertIs | None:
        """The alert under the cursor."""
        return found_alert(self.board, self.cursor)

    def subject(self) -> Subject | None:
        """Return the alert under the cursor, in a sentence."""
        alert = self.selected
        return alert_subject(self.board, alert) if alert is not None else None

    def view(self) -> View:
        """Return the list and the row under the cursor."""
        return View("alerts", (), self.cursor)

    @property
    def filtering(self) -> bool:
        """Whether the filter's input line is open."""
        return any(child.id == "filter" for child in self.children)

    def hints(self) -> list[str]:
        """Return the hints: of the filter's line while it is open."""
        if self.filtering:
            return ["filter.keep", "filter.clear"]
        return [*_takes(self), *super().hints()]

    async def action_filter(self) -> None:
        """Open the filter's input line."""
        from wedtui.tui.filter_line import FilterLine  # noqa: PLC0415 - when opened

        line = next(iter(self.query("#filter").results(FilterLine)), None)
        if line is None:
            keys = self.query_one_optional("#keys")
            if keys is None or not self.is_attached:  # an app that ends mounts nothing
                return
            line = FilterLine(self.words, "rule, label, severity, state or person")
            await self.mount(line, before=keys)
        line.focus()
        self.show()

    async def on_filter_line_cleared(self, event: FilterLine.Cleared) -> None:
        """Show all alerts again."""
        event.stop()
        await self._close_filter()
        self._set_filter("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while a person types."""
        event.stop()
        self._set_filter(event.value)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the list."""
        event.stop()
        await self._close_filter()
        self.show()

    async def _close_filter(self) -> None:
        await self.query("#filter").remove()
        if (listing := self.listing) is not None:
            listing.focus()

    def _set_filter(self, words: str) -> None:
        if words == self.words:
            return
        self.words = words
        known, listing = self.board.alerts, self.listing
        shown = matching(known.alerts, words, self.board.now) if known is not None else ()
        if listing is not None and self.selected not in shown:
            listing.release()
        self.show()

    def action_open(self) -> None:
        """Open the alert under the cursor, unless a person types."""
        if not self.filtering:
            super().action_open()

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Open an alert."""
        event.stop()
        self.app.push_screen(AlertScreen(event.key))


class AlertScreen(ListScreen):
    """One alert in full; where it is known no more, what was known last."""

    TITLE_FOR_HELP = "alert"

    def __init__(self, wanted: str) -> None:
        """Show an alert.

        Args:
            wanted: which rule and labels.
        """
        super().__init__()
        self.wanted = wanted
        self._last: AlertIs | None = None
        self._asked: BeforeAlert | None = None
        self._told: ChangesTold | None = None

    def crumbs(self) -> str:
        """Return where this is."""
        return f"alerts › {self.wanted}"

    def note(self) -> Line:
        """Return how old the judgement is."""
        return alerts_note(self.board)

    @property
    def selected(self) -> AlertIs | None:
        """The alert that is shown, as it stands now."""
        return found_alert(self.board, self.wanted)

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return its facts."""
        alert = self.selected
        self._last = alert or self._last
        if self._last is None:
            text = f"nothing is known of {self.wanted} any more: it is over for a while; Escape goes back"
            return tuple(Row(line) for line in wrap(text, width, Role.DEGRADED, indent=" "))
        gone = () if alert else tuple(Row(line) for line in wrap(_GONE, width, Role.DEGRADED, indent=" "))
        offer = self.wedtui.alerts.offer()
        return (*gone, *alert_facts(self.board, self._last, width, offer=offer, before=self._before(self._last)))

    def _before(self, alert: AlertIs) -> ChangesTold | None:
        """Return the newest answer what changed before it began; None until one has come."""
        asks, told = BeforeAlert(alert.since), self.board.changes
        if told is not None and told.question == asks:
            self._told = told
        return self._told if self._told is not None and self._told.question == asks else None

    def draw(self) -> None:
        """Ask what changed before, and draw what is there of it."""
        alert = self.selected or self._last
        asks = None if alert is None else BeforeAlert(alert.since)
        if self._asked not in {None, asks}:
            self._ask_no_more()
        if asks is not None:
            self._asked = asks
            self.wedtui.reader_looks_back(asks)
        super().draw()

    def on_screen_suspend(self) -> None:
        """Ask for nothing while another screen is on top."""
        self._ask_no_more()

    def on_unmount(self) -> None:
        """Ask for nothing any more."""
        self._ask_no_more()

    def _ask_no_more(self) -> None:
        if self._asked is not None:
            self.wedtui.reader_looks_no_more(self._asked)

    def subject(self) -> Subject | None:
        """Return the alert in a sentence."""
        return alert_subject(self.board, self._last) if self._last is not None else None

    def hints(self) -> list[str]:
        """Return the hints, how it is taken first."""
        return [*_takes(self), *super().hints()]

    def view(self) -> View:
        """Return which alert it is."""
        return View("alert", (self.wanted,))


def _takes(screen: AlertsScreen | AlertScreen) -> list[str]:
    """Return the key that takes what is selected, where that can be."""
    alert = screen.selected
    takes = alert is not None and can_be_taken(alert, screen.board.now) and screen.wedtui.alerts.key
    return ["app.acknowledge"] if takes else []


_GONE = "it is not among the alerts any more; this is what was known last:"


def reopened(view: View) -> AlertsScreen | AlertScreen:
    """Return a screen that was open the last time."""
    return AlertScreen(view.of[0]) if view.of else AlertsScreen()
