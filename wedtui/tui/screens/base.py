"""What every screen has: the status on top, the keys below, and a body that is drawn from the board."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget

from wedtui.tui.bindings import bind
from wedtui.tui.board import Board, SeriesKey
from wedtui.tui.draw.keys import hint_line
from wedtui.tui.keymap.table import Scope, row
from wedtui.tui.listing import Listing
from wedtui.tui.palette import Palette
from wedtui.tui.rows import Row
from wedtui.tui.sizes import SizedScreen
from wedtui.tui.spans import Line, Role, crop, of_demo, rule
from wedtui.tui.surface import Ground, Surface

if TYPE_CHECKING:
    from wedtui.tui.app import WedtuiApp
    from wedtui.tui.clipboard import Subject
    from wedtui.tui.session import View

OPENING: tuple[Line, ...] = (((" wedtui ", Role.BADGE),), ((" … reading the cache", Role.MUTED),))


class BoardScreen(SizedScreen, Ground, inherit_bindings=False):
    """A screen that is drawn from the app's board, whenever that changes.

    Keys, sizes and pictures may come before its widgets are there; where the app is about to end, it is mounted without
    any. So no widget of a screen is taken for granted: each is looked for with `query_one_optional`.
    """

    TITLE_FOR_HELP: ClassVar[str] = "here"
    begin_at: str | None = None
    """The object on which the cursor begins, where it is there."""
    WITHIN: ClassVar[tuple[Scope, ...]] = ()
    """What can be opened within this screen and has keys of its own; help lists them too."""
    _hinted: tuple[object, Line] = (None, ())

    @property
    def wedtui(self) -> WedtuiApp:
        """The app, by its own type."""
        return cast("WedtuiApp", self.app)

    @property
    def board(self) -> Board:
        """What is known now."""
        return self.wedtui.board

    @property
    def palette(self) -> Palette:
        """The colours in use."""
        return self.wedtui.palette

    @property
    def wants(self) -> SeriesKey | None:
        """The history that this screen's chart needs."""
        return None

    def compose(self) -> Iterable[Widget]:
        """Put status, body and key hints together."""
        # Right from the start: until this is on top and settled, nothing draws it anew.
        status = OPENING if self.board.opening else self.status(self.app.size.width)
        yield Surface(self.palette, id="status", lines=status)
        yield from self.body()
        yield Surface(self.palette, id="keys", lines=(self.hint_line(self.app.size.width),))

    def body(self) -> Iterable[Widget]:
        """Make the widgets between status and keys."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw the body from the board."""
        raise NotImplementedError

    @property
    def drawable(self) -> bool:
        """Whether there is anything to draw on: a screen that was left, or an app that ends, has lost its widgets."""
        there = self.is_mounted and self.app.is_running and self in self.app.screen_stack
        return there and bool(self.size.width)

    def show(self) -> None:
        """Draw everything from the board; cheap where nothing differs."""
        if not self.drawable:
            return
        self.show_clock()
        self.show_keys()
        self.draw()

    def show_keys(self) -> None:
        """Draw the last line: what there is to say, or else the keys that matter here."""
        if not self.drawable:
            return
        width = self.size.width
        sentence = self.wedtui.hands.sentence
        said: Line = ((f" {sentence}", Role.ACCENT),)
        line = crop(said, width) if sentence else self.hint_line(width)
        if (keys := self.query_one_optional("#keys", Surface)) is not None:
            keys.show((line,))

    def show_clock(self) -> None:
        """Draw only what moves with every second."""
        if not self.drawable:
            return
        status = self.query_one_optional("#status", Surface)
        if status is not None and not self.board.opening:
            status.show(self.status(self.size.width))

    def status(self, width: int) -> tuple[Line, ...]:
        """Return the lines on top."""
        from wedtui.tui.draw.status import status_lines  # noqa: PLC0415 - not needed for the first paint

        return status_lines(self.board, width)

    def subject(self) -> Subject | None:
        """Return what the copying key copies here; None where there is nothing."""
        return None

    def view(self) -> View | None:
        """Return what brings this screen back another time; None where it does not come back."""
        return None

    def hints(self) -> list[str]:
        """Return the ids of the actions whose keys stand below, the ones of this screen first."""
        return [name for owner in (type(self), type(self.app)) for name in own_ids(owner) if row(name).hint]

    def hint_line(self, width: int) -> Line:
        """Return the keys that matter here, as many as there is room for; found out anew only where they are others."""
        asked = (self.hints(), self.wedtui.keymap, width)
        if asked != self._hinted[0]:
            self._hinted = asked, hint_line(*asked)
        return self._hinted[1]

    def action_back(self) -> None:
        """Go back one level; of two keys that came at once, the second may find this screen gone already."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def repaint(self) -> None:
        """Redraw everything in the palette of now."""
        for surface in self.query(Surface):
            surface.repaint(self.palette)
        for listing in self.query(Listing):
            listing.repaint(self.palette)
        self.show()

    def on_resize(self, _event: events.Resize) -> None:
        """Draw for another size, once the widgets have theirs."""
        self.call_after_refresh(self.show)

    def on_screen_resume(self) -> None:
        """Draw what changed while another screen was on top."""
        self.wedtui.reader_wants(self.wants)
        self.call_after_refresh(self.show)


class ListScreen(BoardScreen):
    """A screen with a breadcrumb and one list; Escape goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("screen.back", "back"),
    ]

    def body(self) -> Iterable[Widget]:
        """Make the list."""
        yield Listing(self.palette, id="list", begin_at=self.begin_at)

    @property
    def listing(self) -> Listing | None:
        """The list, once it is there."""
        return self.query_one_optional("#list", Listing)

    @property
    def cursor(self) -> str | None:
        """The object under the cursor."""
        listing = self.listing
        return listing.cursor if self.is_mounted and listing is not None else self.begin_at

    def crumbs(self) -> str:
        """Return where this is: `providers › aws`."""
        raise NotImplementedError

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the rows to show."""
        raise NotImplementedError

    def note(self) -> Line:
        """Return what stands at the right of the breadcrumb."""
        return ()

    def _said(self, rows: tuple[Row, ...], width: int) -> tuple[Row, ...]:
        """Return rows as they are shown: of a demo with its own commands."""
        if not self.board.demo:
            return rows
        return tuple(
            Row(line, each.key if n == 0 else None) for each in rows for n, line in enumerate(of_demo(each.line, width))
        )

    def titles(self, width: int) -> tuple[Line, ...]:
        """Return what stands over the rows and does not scroll."""
        return ()

    def draw(self) -> None:
        """Draw the list."""
        listing = self.listing
        if listing is None:
            return
        width = listing.inner_width
        listing.show(
            (rule(self.crumbs(), width, self.note()), *self.titles(width)), self._said(self.rows(width), width)
        )

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if (listing := self.listing) is not None:
            listing.action_choose()

    def begin_anew(self) -> None:
        """Show other rows from their top, the cursor on the first of them."""
        if (listing := self.listing) is not None:
            listing.release()
            listing.scroll_to(y=0, animate=False)
        self.show()

    def on_listing_vanished(self, event: Listing.Vanished) -> None:
        """Nothing is selected any more; the rows show what is left."""
        event.stop()


@cache
def own_bindings(owner: type) -> tuple[Binding, ...]:
    """Return the bindings that a class of ours declares, its bases' after its own."""
    found: list[Binding] = []
    for base in owner.__mro__:
        if base.__module__.startswith("wedtui."):
            found += [b for b in vars(base).get("BINDINGS", ()) if isinstance(b, Binding)]
    return tuple(found)


@cache
def own_ids(owner: type) -> tuple[str, ...]:
    """Return the ids of the bindings that a class of ours declares, its bases' after its own."""
    return tuple(binding.id for binding in own_bindings(owner) if binding.id is not None)
