"""What fires, is about to, and was over lately; and one alert in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from wedtui.core.alerts.attention import can_be_taken
from wedtui.tui.bindings import bind
from wedtui.tui.board import BeforeAlert
from wedtui.tui.draw.alert_page import FEWEST_CHANGES, alert_facts, alert_subject
from wedtui.tui.draw.alerts import (
    alert_rows,
    alerts_header,
    alerts_note,
    firing_count,
    found_alert,
    matching,
)
from wedtui.tui.draw.on_call import on_call_line
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen
from wedtui.tui.screens.filtering import FilteringScreen
from wedtui.tui.session import View
from wedtui.tui.spans import Line, Role, wrap

if TYPE_CHECKING:
    from wedtui.core.alerts.standing import AlertIs
    from wedtui.tui.board import ChangesTold
    from wedtui.tui.clipboard import Subject
    from wedtui.tui.listing import Listing


BESIDE_CHANGES = 21
"""Lines of the page of an alert for all but what changed before it."""


class AlertsScreen(ListScreen, FilteringScreen):
    """The list behind the line of alerts; the cursor stays with a rule and its labels, whatever becomes of it."""

    TITLE_FOR_HELP = "alerts"
    FILTERED_BY = "rule, label, severity, state or person"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("alerts.open", "open"),
        bind("alerts.filter", "filter"),
    ]

    def crumbs(self) -> str:
        """Return where this is, and how many of how many are shown."""
        known = self.board.alerts
        count = firing_count(self.board)
        if known is not None and self.words:
            shown = matching(self.board, self.words)
            return f'alerts{count} · filter "{self.words}": {len(shown)} of {len(known.alerts)}'
        return f"alerts{count}"

    def note(self) -> Line:
        """Return how old the judgement is."""
        return alerts_note(self.board)

    def titles(self, width: int) -> tuple[Line, ...]:
        """Return who is on call, where anybody is ever, and the titles of the columns."""
        who = on_call_line(self.board, width - 1)
        return (*((((" ", Role.TEXT), *who),) if who else ()), alerts_header(self.board, width))

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

    def hints(self) -> list[str]:
        """Return the hints, how the selected one is taken first, unless a person types."""
        return super().hints() if self.filtering else [*_takes(self), *super().hints()]

    def is_shown(self, key: str | None) -> bool:
        """Whether an alert matches the filter."""
        return found_alert(self.board, key) in matching(self.board, self.words)

    def action_open(self) -> None:
        """Open the alert under the cursor, unless a person types."""
        if not self.filtering:
            super().action_open()

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Open an alert."""
        event.stop()
        self.wedtui.open_page(AlertScreen(event.key), self)


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
        before, most = self._before(self._last), max(self.size.height - BESIDE_CHANGES, FEWEST_CHANGES)
        return (*gone, *alert_facts(self.board, self._last, width, offer=offer, before=before, most=most))

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
