"""The first screen: provider health, live metrics, deployment queue, emergency actions, and the worst finding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from wedtui.tui.bindings import bind
from wedtui.tui.board import SPANS, SeriesKey
from wedtui.tui.jump import DIGITS, jump_line
from wedtui.tui.keymap.table import Scope
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.screens.emergency import panel_hints
from wedtui.tui.screens.filtered import FilteredScreen
from wedtui.tui.spans import Line, Role, length, marked, rule, wrap
from wedtui.tui.surface import Room, Surface

if TYPE_CHECKING:
    from wedtui.core.picture import Picture
    from wedtui.tui.clipboard import Subject

# Rows that the panes under the table keep, and rows that the table keeps, whatever the size of the terminal.
LOWER_ROWS = 10
FEWEST_ROWS = 6

# Panes that can have the focus although nothing can be selected in them yet.
TITLES = {"deployments": "deployments", "emergency": "emergency actions"}
# A digit with a space on both sides.
BADGE_CELLS = 3
# Of the title of the table: itself, the blanks around its note, and a line between them that a badge can shorten.
TITLE_CELLS = len("─ providers ") + 2 + BADGE_CELLS + 2 + 2
# The actions of this screen's keys.
_PANES = frozenset({"open", "filter", "clear", "signal", "span", "emergency"})

# Where there is room for a few keys only, those that lead to what is nowhere else on this screen come first.
FIRST_HINTS = ("main.clear", "main.open", "main.filter", "app.weddings", "app.resources", "app.freeze", "app.palette")

READING: Line = ((" reading the cache…", Role.MUTED),)


class MainScreen(FilteredScreen):
    """What is wrong, in five seconds."""

    TITLE_FOR_HELP = "dashboard"
    WITHIN = (Scope.FILTER, Scope.PANEL)
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("main.open", "open"),
        bind("main.filter", "filter"),
        bind("main.clear", "clear"),
        bind("main.signal-back", "signal(-1)"),
        bind("main.signal-next", "signal(1)"),
        bind("main.range-less", "span(-1)"),
        bind("main.range-more", "span(1)"),
    ]

    def __init__(self, *, cursor: str | None = None, words: str = "", signal: str | None = None) -> None:
        """Begin as it was left.

        Args:
            cursor: the provider on which the cursor begins.
            words: the filter.
            signal: the signal of the chart.
        """
        super().__init__(words)
        self.begin_at = cursor
        self.signal = signal
        self._focused: str | None = None
        self._table_height: int | None = None

    def body(self) -> Iterable[Widget]:
        """Make the four panes, the alerts' line and the findings' line."""
        with Room(id="panes"):
            yield Listing(self.palette, id="providers", title="providers", remark=READING, begin_at=self.begin_at)
            with Room(id="lower"):
                yield Surface(self.palette, id="metrics", title="metrics")
                with Room(id="later"):
                    yield Surface(self.palette, id="deployments", title="deployments", can_focus=True)
                    yield Surface(self.palette, id="emergency", title="emergency actions", can_focus=True)
        yield Surface(self.palette, id="alerts")
        yield Surface(self.palette, id="worst")

    @property
    def wants(self) -> SeriesKey | None:
        """The history of the selected provider's selected signal."""
        if self.board.picture is None:
            return None
        from wedtui.tui.draw.everything import charted_first, signals_of  # noqa: PLC0415 - as in `draw`

        name = self.selected
        provider = self.board.picture.provider(name) if self.board.picture and name else None
        if provider is None:
            return None
        signal = self.signal if self.signal in signals_of(provider) else charted_first(provider)
        return SeriesKey(provider.name, signal, SPANS[self.wedtui.span][1])

    def draw(self) -> None:
        """Draw all panes."""
        if self.board.opening:
            return
        from wedtui.tui.draw.everything import (  # noqa: PLC0415 - not needed for the first paint
            deployments_lines,
            metrics_lines,
            worst_lines,
        )

        self._draw_providers()
        key = self.wants
        self.wedtui.reader_wants(key if key and key.signal else None)
        metrics = self.query_one_optional("#metrics", Surface)
        if metrics is not None:
            metrics.show(self._titled("metrics", metrics_lines(self.board, key, metrics.size), metrics.size.width))
        for name in ("deployments", "emergency"):
            pane = self.query_one_optional(f"#{name}", Surface)
            if pane is not None:
                lines = deployments_lines(*pane.size) if name == "deployments" else self.emergency_lines(pane.size)
                pane.show(self._titled(name, lines, pane.size.width))
        self.draw_panel()
        self._draw_alerts()
        worst = self.query_one_optional("#worst", Surface)
        if worst is None:
            return
        if self._alarmed:
            worst.show(self._alert_lines(worst.size.width, worst.size.height))
            return
        # A digit takes its cells from the sentence, not from its end, which says how old it is.
        room = worst.size.width - (BADGE_CELLS if self._sign("findings") else 0)
        found = worst_lines(self.board, room, worst.size.height, self.wedtui.keymap.hint("app.findings"))
        worst.show(self._titled("findings", found, worst.size.width))

    def _draw_alerts(self) -> None:
        alerts = self.query_one_optional("#alerts", Surface)
        if alerts is not None:
            alerts.show(self._alert_lines(*alerts.size))

    def _alert_lines(self, width: int, count: int) -> tuple[Line, ...]:
        """Return how it stands with alerts."""
        from wedtui.tui.draw.alerts import Keys, alerts_lines  # noqa: PLC0415 - not needed for the first paint

        keys = Keys(self.wedtui.keymap.hint("app.alerts"), self.wedtui.alerts.key)
        return alerts_lines(self.board, width, count, keys)

    @property
    def _alarmed(self) -> bool:
        """Whether an alert waits while the panel has taken its line: it is said in that of the findings then."""
        low = self.has_class("-low") and self.panel is not None
        return low and bool(self.wedtui.alerts.waiting)

    def status(self, width: int) -> tuple[Line, ...]:
        """Return the lines on top, with the digits of freeze and weddings while one is waited for."""
        signs = [self._sign("freeze"), self._sign("weddings")]
        if not any(signs) or self.board.picture is None:
            return super().status(width)
        world, weddings, *_ = super().status(width - BADGE_CELLS)
        *_, data = super().status(width)
        freeze, wedding = ((f" {sign} ", Role.MARK) for sign in signs)
        return (world[0], freeze, *world[1:]), (wedding, *weddings), data

    def _sign(self, place: str) -> str | None:
        """Return what is marked on a pane: its digit in jump mode, or that the keys go there and not to the table."""
        if self.wedtui.hands.jumping:
            return DIGITS[place]
        return "›" if place == self._focused else None

    def _titled(self, place: str, lines: tuple[Line, ...], width: int) -> tuple[Line, ...]:
        sign = self._sign(place)
        return (marked(lines[0], sign, width), *lines[1:]) if sign and lines else lines

    def hint_line(self, width: int) -> Line:
        """Return the last line; while a digit is waited for, where each of them jumps."""
        return jump_line(width) if self.wedtui.hands.jumping else super().hint_line(width)

    def _draw_providers(self) -> None:
        from wedtui.tui.draw.everything import matching, provider_header, provider_row  # noqa: PLC0415 - as above

        listing = self.listing
        if listing is None:
            return
        picture, inner = self.board.picture, listing.inner_width
        (head,) = self._titled("providers", (rule("providers", inner, self._with_on_call(inner)),), inner)
        if picture is None:
            text = self.board.problem or ""
            listing.show((head,), tuple(Row(line) for line in wrap(text, inner, Role.DEGRADED, indent=" ")))
            return
        if not picture.providers:
            text = _nothing_known(picture)
            listing.show((head,), tuple(Row(line) for line in wrap(text, inner, Role.TEXT, indent=" ")))
            return
        shown = matching(self.board, self.words)
        rows = tuple(provider_row(self.board, p, inner) for p in shown)
        if not rows:
            rows = (Row(((f' nothing matches "{self.words}"', Role.MUTED), *self._way_back("; ", " shows all"))),)
        self._make_room(listing, len(picture.providers))
        live = picture.traffic is not None
        listing.show((head, provider_header(inner, live=live)), rows)

    def _make_room(self, listing: Listing, providers: int) -> None:
        """Give the table the rows that it needs, as far as the panes under it stay useful."""
        panes = self.query_one_optional("#panes")
        # Where there is little room, no line stays empty between the table and the panes.
        wanted = providers + (2 if self.has_class("-low") else 3)
        height = max(min(wanted, (panes.size.height if panes else 0) - LOWER_ROWS), FEWEST_ROWS)
        if self._table_height != height:
            self._table_height = height
            listing.styles.height = height
            self.call_after_refresh(self.show)

    def _with_on_call(self, width: int) -> Line:
        """Return what stands in the title of the table: before it, where there is room, who is on call."""
        from wedtui.tui.draw.everything import on_call_line  # noqa: PLC0415 - as above

        note = self._providers_note()
        # The digit of jump mode takes its cells from the line under the title, of which some has to be left.
        who = on_call_line(self.board, width - TITLE_CELLS - length(note))
        return (*who, ("  ", Role.MUTED), *note) if who and note else (*who, *note)

    def _providers_note(self) -> Line:
        if self.notice is not None:
            return ((self.notice, Role.DEGRADED),)
        if self.words and self.board.picture:
            count, total = len(self.matching()), len(self.board.picture.providers)
            return ((f'filter "{self.words}": {count} of {total}', Role.ACCENT), *self._way_back("  ", ": all"))
        from wedtui.tui.draw.everything import resources_note, shares_note  # noqa: PLC0415 - as above

        return *shares_note(self.board), *resources_note(self.board, self.wedtui.keymap.hint("app.resources"))

    def _way_back(self, before: str, after: str) -> Line:
        """Say by which key all providers are shown again, where there is one."""
        keys = self.wedtui.keymap.titles("filter.clear" if self.filtering else "main.clear")
        return ((f"{before}{keys[0]}{after}", Role.MUTED),) if keys else ()

    def hints(self) -> list[str]:
        """Return the hints: of the panel while it is open, and how to end a filter while there is one."""
        if self.panel is not None:
            return panel_hints(self.panel.arming)
        if self.filtering:
            return super().hints()
        found = ["main.clear", *super().hints()] if self.words else super().hints()
        found = [name for name in found if not self.wedtui.emergencies.hides(name)]
        picture = self.board.picture
        # Where nobody lists resources, their key leaves its room to others.
        first = [n for n in FIRST_HINTS if n != "app.resources" or (picture and picture.resources is not None)]
        return sorted(found, key=lambda name: first.index(name) if name in first else len(first))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let no key of the panes through while a person types: filter and panel have keys of their own."""
        typing = self.focused is not None and self.focused.id in {"filter", "panel"}
        return not typing if action in _PANES else super().check_action(action, parameters)

    def subject(self) -> Subject | None:
        """Return the provider under the cursor; nothing while the keys go to another pane."""
        name = self.selected
        provider = self.board.picture.provider(name) if self.board.picture and name and not self._focused else None
        if provider is None:
            return None
        from wedtui.tui.draw.sentences import provider_subject  # noqa: PLC0415 - when somebody copies

        return provider_subject(self.board, provider)

    def go_to(self, place: str) -> None:
        """Go to a pane of this screen, by jump mode's name for it."""
        if place == "metrics":
            key = self.wants
            if key is not None and key.signal:
                self.wedtui.open_chart(key.provider, key.signal)
            else:
                self.wedtui.say("metrics: nothing is charted")
            return
        if (pane := self.query_one_optional(f"#{place}")) is None:
            return
        pane.focus()
        if place != "providers":
            self.wedtui.say(f"{TITLES[place]}: nothing to select there yet{self._to_providers()}")

    def _to_providers(self) -> str:
        keys = self.wedtui.keymap.titles("main.clear")
        return f"; {keys[0]} goes back to the providers" if keys else ""

    def on_descendant_focus(self) -> None:
        """Show where the keys go; while the panel is open, to it alone."""
        if self.panel is not None and self.focused is not self.panel:
            self.panel.focus()
        focused = self.focused.id if self.focused is not None else None
        after = focused if focused in TITLES else None
        if after != self._focused:
            self._focused = after
            self.show()

    def action_open(self) -> None:
        """Open the provider under the cursor, unless the keys go to another pane."""
        if self._focused == "emergency" and self.wedtui.emergencies.known.actions:
            self.action_emergency("emergency.newest")
            return
        if self._focused:
            self.wedtui.say(f"{TITLES[self._focused]}: nothing to open there yet{self._to_providers()}")
            return
        if (listing := self.listing) is not None:
            listing.action_choose()

    def action_signal(self, by: int) -> None:
        """Chart another signal of the selected provider."""
        from wedtui.tui.draw.everything import signals_of  # noqa: PLC0415 - not needed for the first paint

        key = self.wants
        provider = self.board.picture.provider(key.provider) if self.board.picture and key else None
        if key is None or provider is None:
            return
        signals = signals_of(provider)
        if signals:
            self.signal = signals[(signals.index(key.signal) + by) % len(signals)]
            self.show()

    def action_span(self, by: int) -> None:
        """Chart another range."""
        self.wedtui.choose_span(self.wedtui.span + by)
        self.show()

    def on_listing_moved(self, event: Listing.Moved) -> None:
        """Show the other provider's metrics."""
        event.stop()
        self.notice = None
        self.show()

    def on_listing_vanished(self, event: Listing.Vanished) -> None:
        """Say that the selected provider is gone, or no longer matches."""
        event.stop()
        known = self.board.picture and self.board.picture.provider(event.key)
        self.notice = f"{event.key} {'no longer matches' if known else 'is gone'}: nothing is selected"
        self.show()

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Open a provider."""
        event.stop()
        self.wedtui.open_provider(event.key)


def _nothing_known(picture: Picture) -> str:
    """Say why there is no provider to show; before the first word of a service nobody knows whether there is one."""
    from wedtui.core.picture import ServiceCondition  # noqa: PLC0415 - not needed for the first paint

    if picture.condition is ServiceCondition.NEVER:
        return "nothing is known yet: no service has stored anything here"
    if picture.condition is ServiceCondition.UNSEEN:
        return "nothing can be said of any provider: the cache cannot be read"
    return "no providers configured: edit the configuration (`wedtui config init` writes one to start from)"
