"""The first screen: provider health, live metrics, deployment queue, emergency actions, and the worst finding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from wedtui.tui.bindings import bind
from wedtui.tui.board import SPANS, SeriesKey
from wedtui.tui.jump import DIGITS, jump_line
from wedtui.tui.keymap.table import Scope
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import BoardScreen
from wedtui.tui.spans import Line, Role, marked, rule, wrap
from wedtui.tui.surface import Surface

if TYPE_CHECKING:
    from textual.widgets import Input

    from wedtui.core.picture import Picture
    from wedtui.tui.clipboard import Subject
    from wedtui.tui.filter_line import FilterLine

# Rows that the panes under the table keep, and rows that the table keeps, whatever the size of the terminal.
LOWER_ROWS = 11
FEWEST_ROWS = 6

# Panes that can have the focus although nothing can be selected in them yet.
TITLES = {"deployments": "deployments", "emergency": "emergency actions"}
# A digit with a space on both sides.
BADGE_CELLS = 3
# The actions of this screen's keys.
_PANES = frozenset({"open", "filter", "clear", "signal", "span"})

# Where there is room for a few keys only, those that lead to what is nowhere else on this screen come first.
FIRST_HINTS = ("main.clear", "main.open", "main.filter", "app.weddings", "app.resources", "app.freeze", "app.palette")

READING: Line = ((" reading the cache…", Role.MUTED),)


class MainScreen(BoardScreen):
    """What is wrong, in five seconds."""

    TITLE_FOR_HELP = "dashboard"
    WITHIN = (Scope.FILTER,)
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
        super().__init__()
        self.begin_at = cursor
        self.words = words
        self._notice: str | None = None
        self.signal = signal
        self._focused: str | None = None
        self._table_height: int | None = None

    def body(self) -> Iterable[Widget]:
        """Make the four panes and the findings' line."""
        with Container(id="panes"):
            yield Listing(self.palette, id="providers", title="providers", remark=READING, begin_at=self.begin_at)
            with Container(id="lower"):
                yield Surface(self.palette, id="metrics", title="metrics")
                with Container(id="later"):
                    yield Surface(self.palette, id="deployments", title="deployments", can_focus=True)
                    yield Surface(self.palette, id="emergency", title="emergency actions", can_focus=True)
        yield Surface(self.palette, id="worst")

    @property
    def _filtering(self) -> bool:
        """Whether the filter's input line is open; it lies right on the screen."""
        return any(child.id == "filter" for child in self.children)

    @property
    def selected(self) -> str | None:
        """The name of the provider under the cursor."""
        return self.query_one("#providers", Listing).cursor

    @property
    def wants(self) -> SeriesKey | None:
        """The history of the selected provider's selected signal."""
        if self.board.picture is None:
            return None
        from wedtui.tui.draw.everything import signals_of  # noqa: PLC0415 - not needed for the first paint

        name = self.selected
        provider = self.board.picture.provider(name) if self.board.picture and name else None
        if provider is None:
            return None
        signals = signals_of(provider)
        signal = self.signal if self.signal in signals else next(iter(signals), "")
        return SeriesKey(provider.name, signal, SPANS[self.wedtui.span][1])

    def draw(self) -> None:
        """Draw all panes."""
        if self.board.opening:
            return
        from wedtui.tui.draw.everything import (  # noqa: PLC0415 - not needed for the first paint
            deployments_lines,
            emergency_lines,
            metrics_lines,
            worst_lines,
        )

        self._draw_providers()
        key = self.wants
        self.wedtui.reader_wants(key if key and key.signal else None)
        metrics = self.query_one("#metrics", Surface)
        metrics.show(self._titled("metrics", metrics_lines(self.board, key, metrics.size), metrics.size.width))
        for name, lines in (("deployments", deployments_lines), ("emergency", emergency_lines)):
            pane = self.query_one(f"#{name}", Surface)
            pane.show(self._titled(name, lines(*pane.size), pane.size.width))
        worst = self.query_one("#worst", Surface)
        # A digit takes its cells from the sentence, not from its end, which says how old it is.
        room = worst.size.width - (BADGE_CELLS if self._sign("findings") else 0)
        found = worst_lines(self.board, room, worst.size.height, self.wedtui.keymap.hint("app.findings"))
        worst.show(self._titled("findings", found, worst.size.width))

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

        listing = self.query_one("#providers", Listing)
        picture, inner = self.board.picture, listing.inner_width
        (head,) = self._titled("providers", (rule("providers", inner, self._providers_note()),), inner)
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
        self._make_room(len(picture.providers))
        listing.show((head, provider_header(inner)), rows)

    def _make_room(self, providers: int) -> None:
        """Give the table the rows that it needs, as far as the panes under it stay useful."""
        panes = self.query_one("#panes").size.height
        height = max(min(providers + 3, panes - LOWER_ROWS), FEWEST_ROWS)
        listing = self.query_one("#providers", Listing)
        if self._table_height != height:
            self._table_height = height
            listing.styles.height = height
            self.call_after_refresh(self.show)

    def _matching(self) -> tuple[str, ...]:
        from wedtui.tui.draw.everything import matching  # noqa: PLC0415 - not needed for the first paint

        return tuple(p.name for p in matching(self.board, self.words))

    def _providers_note(self) -> Line:
        if self._notice is not None:
            return ((self._notice, Role.DEGRADED),)
        if self.words and self.board.picture:
            count, total = len(self._matching()), len(self.board.picture.providers)
            return ((f'filter "{self.words}": {count} of {total}', Role.ACCENT), *self._way_back("  ", ": all"))
        from wedtui.tui.draw.everything import resources_note  # noqa: PLC0415 - not needed for the first paint

        return resources_note(self.board, self.wedtui.keymap.hint("app.resources"))

    def _way_back(self, before: str, after: str) -> Line:
        """Say by which key all providers are shown again, where there is one."""
        keys = self.wedtui.keymap.titles("filter.clear" if self._filtering else "main.clear")
        return ((f"{before}{keys[0]}{after}", Role.MUTED),) if keys else ()

    def hints(self) -> list[str]:
        """Return the hints: of the filter's line while it is open, and how to end a filter while there is one."""
        if self._filtering:
            return ["filter.keep", "filter.clear"]
        found = ["main.clear", *super().hints()] if self.words else super().hints()
        picture = self.board.picture
        # Where nobody lists resources, their key leaves its room to others.
        first = [n for n in FIRST_HINTS if n != "app.resources" or (picture and picture.resources is not None)]
        return sorted(found, key=lambda name: first.index(name) if name in first else len(first))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let no key of the panes through while a person types: with it the filter's line has keys of its own."""
        typing = self.focused is not None and self.focused.id == "filter"
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
        self.query_one(f"#{place}").focus()
        if place != "providers":
            self.wedtui.say(f"{TITLES[place]}: nothing to select there yet{self._to_providers()}")

    def _to_providers(self) -> str:
        keys = self.wedtui.keymap.titles("main.clear")
        return f"; {keys[0]} goes back to the providers" if keys else ""

    def on_descendant_focus(self) -> None:
        """Show where the keys go."""
        focused = self.focused.id if self.focused is not None else None
        after = focused if focused in TITLES else None
        if after != self._focused:
            self._focused = after
            self.show()

    def action_open(self) -> None:
        """Open the provider under the cursor, unless the keys go to another pane."""
        if self._focused:
            self.wedtui.say(f"{TITLES[self._focused]}: nothing to open there yet{self._to_providers()}")
            return
        self.query_one("#providers", Listing).action_choose()

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

    async def action_filter(self) -> None:
        """Open the filter's input line."""
        from wedtui.tui.filter_line import FilterLine  # noqa: PLC0415 - not needed for the first paint

        found = self.query("#filter").results(FilterLine)
        line = next(iter(found), None)
        if line is None:
            line = FilterLine(self.words)
            await self.mount(line, before="#keys")
        line.focus()
        self.show()

    async def action_clear(self) -> None:
        """Show all providers again."""
        await self._close_filter()
        self._set_filter("")

    async def on_filter_line_cleared(self, event: FilterLine.Cleared) -> None:
        """Show all providers again."""
        event.stop()
        await self.action_clear()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while a person types."""
        event.stop()
        self._set_filter(event.value)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the table."""
        event.stop()
        await self._close_filter()
        self.show()

    async def _close_filter(self) -> None:
        await self.query("#filter").remove()
        self.query_one("#providers", Listing).focus()

    def _set_filter(self, words: str) -> None:
        if words == self.words:
            return
        self.words, self._notice = words, None
        listing = self.query_one("#providers", Listing)
        if listing.cursor not in self._matching():
            listing.release()
        self.show()

    def on_listing_moved(self, event: Listing.Moved) -> None:
        """Show the other provider's metrics."""
        event.stop()
        self._notice = None
        self.show()

    def on_listing_vanished(self, event: Listing.Vanished) -> None:
        """Say that the selected provider is gone, or no longer matches."""
        event.stop()
        known = self.board.picture and self.board.picture.provider(event.key)
        self._notice = f"{event.key} {'no longer matches' if known else 'is gone'}: nothing is selected"
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
    return "no providers configured: write a configuration with `wedtui config init`, then check it"
