"""What was open comes back: between the dashboard's screens and a session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wedtui.tui.hands import Said
from wedtui.tui.screens.base import BoardScreen
from wedtui.tui.session import Session, ThemeChoice, View, theme_for

if TYPE_CHECKING:
    from wedtui.core.picture import Picture
    from wedtui.tui.app import WedtuiApp
    from wedtui.tui.keeping import Keeper


class Memory:
    """Reads a session at the start, opens it when there is a picture to show, and keeps what is open from then on.

    Args:
        app: the dashboard.
        file: where the session is kept; None: nothing is.
    """

    def __init__(self, app: WedtuiApp, file: Path | None) -> None:
        self._app = app
        self._keeper = self._open(file) if file is not None else None
        self.begin, self.remark = self._keeper.read() if self._keeper else (Session(), None)
        self._waiting: tuple[View, ...] | None = self.begin.views
        self._choice = self.begin.theme

    def _open(self, file: Path) -> Keeper:
        from wedtui.tui.keeping import Keeper  # noqa: PLC0415 - not where nothing is kept

        return Keeper(file, lambda sentence: self._app.post_message(Said(sentence)))

    def theme(self, configured: str) -> str:
        """Return the theme to begin with: the one that was chosen by key, while it replaces what is configured."""
        return theme_for(self.begin, configured)

    def choose_theme(self, chosen: str, configured: str) -> None:
        """Remember that a person chose a theme."""
        self._choice = ThemeChoice(chosen, configured) if chosen != configured else None

    def remember(self) -> None:
        """Keep what is open now."""
        screens = self._app.screen_stack
        if self._keeper is None or not screens:
            return
        main = self._app.dashboard
        above = (screen.view() for screen in screens if isinstance(screen, BoardScreen))
        self._keeper.keep(
            Session(
                views=tuple(view for view in above if view) if self._waiting is None else self._waiting,
                cursor=main.selected if self._waiting is None else self.begin.cursor,
                words=main.words,
                signal=main.signal,
                span=self._app.span,
                theme=self._choice,
            )
        )

    def reopen(self) -> None:
        """Open the screens of last time, once, unless a person was quicker and has opened another.

        Over a panel none opens: they wait until it is left.
        """
        if self._app.emergencies.panel is not None:
            return
        views, self._waiting = self._waiting, None
        if not views or len(self._app.screen_stack) > 1 or self._app.hands.jumping:
            return
        self.open(views, "open last time")

    def open(self, views: tuple[View, ...], when: str) -> None:
        """Open screens above the dashboard; say of those whose objects are gone when they were open."""
        gone, picture = [], self._app.board.picture
        for view in views:
            screen = _screen_of(view, picture)
            if screen is None:
                gone.append(" ".join(view.of))
            else:
                screen.begin_at = view.cursor
                self._app.open_page(screen)
        if gone:
            self._app.say(f"{when}, but gone: {', '.join(gone)}")

    def stop(self) -> None:
        """Write what is not yet written."""
        if self._keeper is not None:
            self._keeper.stop()


def _screen_of(view: View, picture: Picture | None) -> BoardScreen | None:
    """Make a screen anew; None where what it showed is gone, or not known yet."""
    from wedtui.tui.draw.everything import signals_of  # noqa: PLC0415 - not needed for the first paint

    provider = picture.provider(view.of[0]) if picture and view.of else None
    match view.kind:
        case "provider" if provider is not None:
            from wedtui.tui.screens.provider import ProviderScreen  # noqa: PLC0415 - when opened

            return ProviderScreen(provider.name)
        case "chart" if provider is not None and view.of[1] in signals_of(provider):
            from wedtui.tui.screens.chart import ChartScreen  # noqa: PLC0415 - when opened

            return ChartScreen(provider.name, view.of[1])
        case "resources" | "resources-of" | "resources-of-kind" if provider is not None or not view.of:
            from wedtui.tui.screens.resources import ResourcesScreen  # noqa: PLC0415 - when opened

            return ResourcesScreen(*view.of)
    return _without_provider(view)


def _without_provider(view: View) -> BoardScreen | None:
    match view.kind:
        case "weddings" | "weddings-list" | "weddings-part":
            from wedtui.tui.screens.wedding_list import reopened  # noqa: PLC0415 - when opened

            return reopened(view)
        case "findings":
            from wedtui.tui.screens.findings import FindingsScreen  # noqa: PLC0415 - when opened

            return FindingsScreen()
        case "alerts" | "alert":
            from wedtui.tui.screens.alerts import reopened as of_alerts  # noqa: PLC0415 - when opened

            return of_alerts(view)
        case "freeze":
            from wedtui.tui.screens.freeze import FreezeScreen  # noqa: PLC0415 - when opened

            return FreezeScreen()
        case "changes":
            from wedtui.tui.screens.changes import ChangesScreen  # noqa: PLC0415 - when opened

            return ChangesScreen()
    return None
