"""The pages above the dashboard: opening them, and the way back.

Each page is imported when it is opened: none of them is needed for the first paint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from wedtui.tui.board_app import BoardApp
from wedtui.tui.screens.base import BoardScreen

if TYPE_CHECKING:
    from wedtui.tui.screens.alerts import AlertsScreen
    from wedtui.tui.screens.changes import ChangesScreen
    from wedtui.tui.screens.findings import FindingsScreen
    from wedtui.tui.screens.freeze import FreezeScreen
    from wedtui.tui.screens.weddings import WeddingsScreen


class PagedApp(BoardApp):
    """An app whose pages lie above one another, and above its first screen."""

    def open_page(self, page: BoardScreen, above: BoardScreen | None = None) -> None:
        """Show a page above those that are open.

        Args:
            page: what is shown.
            above: the one where it was asked for; of two keys that came at once, the second finds another one on top.
        """
        if above is None or self.screen is above:
            self.push_screen(page)

    def open_provider(self, name: str) -> None:
        """Show one provider in full, above the dashboard."""
        from wedtui.tui.screens.provider import ProviderScreen  # noqa: PLC0415 - when opened

        self.back_to_dashboard()
        self.open_page(ProviderScreen(name))

    def open_chart(self, provider: str, signal: str) -> None:
        """Show the full-screen chart of a signal or probe."""
        from wedtui.tui.screens.chart import ChartScreen  # noqa: PLC0415 - plotext costs a tenth of a second

        self.open_page(ChartScreen(provider, signal))

    def open_resources(self, provider: str | None = None, kind: str | None = None) -> None:
        """List resources: all of them, those of a provider, or those of one of its kinds."""
        from wedtui.tui.screens.resources import ResourcesScreen  # noqa: PLC0415 - when opened

        def same(screen: Screen[object]) -> bool:
            return isinstance(screen, ResourcesScreen) and screen.scope == (provider, kind)

        if not any(same(screen) for screen in self.screen_stack):
            self.open_page(ResourcesScreen(provider, kind))
            return
        while not same(self.screen):
            self.pop_screen()

    def action_resources(self) -> None:
        """List what the provider on the screen has; elsewhere what all have."""
        from wedtui.tui.screens.help import HelpScreen  # noqa: PLC0415 - beside others that are not loaded yet
        from wedtui.tui.screens.provider import ProviderScreen  # noqa: PLC0415 - as above
        from wedtui.tui.screens.resources import ResourcesScreen  # noqa: PLC0415 - as above

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        if not isinstance(self.screen, ResourcesScreen):
            self.open_resources(self.screen.provider if isinstance(self.screen, ProviderScreen) else None)

    def action_findings(self) -> None:
        """List the findings."""
        from wedtui.tui.screens.findings import FindingsScreen  # noqa: PLC0415 - when opened

        self._open_once(FindingsScreen)

    def action_alerts(self) -> None:
        """List the alerts."""
        from wedtui.tui.screens.alerts import AlertsScreen  # noqa: PLC0415 - when opened

        self._open_once(AlertsScreen)

    def action_freeze(self) -> None:
        """Show the freeze."""
        from wedtui.tui.screens.freeze import FreezeScreen  # noqa: PLC0415 - when opened

        self._open_once(FreezeScreen)

    def action_weddings(self) -> None:
        """Show the weddings."""
        from wedtui.tui.screens.weddings import WeddingsScreen  # noqa: PLC0415 - when opened

        self._open_once(WeddingsScreen)

    def action_changes(self) -> None:
        """Show what changed."""
        from wedtui.tui.screens.changes import ChangesScreen  # noqa: PLC0415 - when opened

        self._open_once(ChangesScreen)

    def action_help(self) -> None:
        """List the keys of the screen that is shown."""
        from wedtui.tui.screens.help import HelpScreen  # noqa: PLC0415 - when opened

        if isinstance(self.screen, BoardScreen) and not isinstance(self.screen, HelpScreen):
            self.open_page(HelpScreen(self.screen))

    def _open_once(
        self, kind: type[AlertsScreen | ChangesScreen | FindingsScreen | FreezeScreen | WeddingsScreen]
    ) -> None:
        """Show a page, or go back to it where it lies under others: Escape never leads through the same page twice."""
        from wedtui.tui.screens.help import HelpScreen  # noqa: PLC0415 - beside others that are not loaded yet

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        if not any(isinstance(screen, kind) for screen in self.screen_stack):
            self.open_page(kind())
            return
        while not isinstance(self.screen, kind):
            self.pop_screen()

    def back_to_dashboard(self) -> None:
        """Leave every screen above the dashboard."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
