"""The dashboard's part for emergencies: the pane, its keys, and where the panel docks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from wedtui.core.emergency import EMERGENCIES, EmergencyKind, Target, emergency
from wedtui.tui.bindings import bind
from wedtui.tui.screens.base import BoardScreen
from wedtui.tui.spans import Line

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs
    from wedtui.core.picture import ProviderPicture
    from wedtui.tui.arming import Arming, Choice
    from wedtui.tui.panel import Panel


def panel_hints(arming: Arming) -> list[str]:
    """Return the keys that do something in the panel as it is: without a field and an offer there is nowhere to go."""
    elsewhere = arming.has_field or arming.offer is not None
    return ["panel.go", *(["panel.next"] if elsewhere else []), "panel.up", "panel.leave"]


class EmergencyScreen(BoardScreen):
    """A screen in which the emergency panel can be opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(bind(f"emergency.{each.kind}", f"emergency('emergency.{each.kind}')") for each in EMERGENCIES),
        bind("emergency.newest", "emergency('emergency.newest')"),
        bind("emergency.abort", "emergency('emergency.abort')"),
    ]

    panel: Panel | None = None
    """The panel, while it is open."""

    def action_emergency(self, name: str) -> None:
        """Open the panel of an action, from the palette; a key begins it before any widget hears it."""
        self.wedtui.emergencies.start(name)

    def emergency_lines(self, size: tuple[int, int]) -> tuple[Line, ...]:
        """Return the emergency pane's lines."""
        from wedtui.tui.draw.emergency import emergency_lines  # noqa: PLC0415 - not needed for the first paint

        emergencies = self.wedtui.emergencies
        return emergency_lines(emergencies.situation, emergencies.known, self.wedtui.keymap, self.board.now, size)

    def on_screen_resume(self) -> None:
        """Count keys for the panel only once it is drawn again; what any screen does then, Textual does too."""
        if self.panel is not None:
            self.panel.uncovered()

    def on_screen_suspend(self) -> None:
        """Count no key for a panel that another screen covers."""
        if self.panel is not None:
            self.panel.covered()

    def arm(self, kind: str) -> None:
        """Open the panel on what there is to choose."""
        from wedtui.tui.arming import begin  # noqa: PLC0415 - when opened

        arming = begin(kind, self._choices(kind), self.wedtui.emergencies.ledger)
        if emergency(kind).target is Target.FREEZE:
            arming = replace(arming, waits="asking which freezes there are")
        self._open(arming)

    def reopen(self, action: ActionIs, *, followed: bool = False) -> None:
        """Open the panel on an action that is stored; `followed` while nobody can be asked to do anything about it."""
        from wedtui.tui.arming import NOBODY, reopen  # noqa: PLC0415 - as above

        self._open(reopen(action, NOBODY if followed else self.wedtui.emergencies.me))

    def _open(self, arming: Arming) -> None:
        from wedtui.tui.panel import Panel  # noqa: PLC0415 - as above

        self.panel = Panel(self.wedtui, arming)
        self.set_class(True, "-armed")
        self.mount(self.panel, before="#worst")
        self.panel.focus()
        self.wedtui.emergencies.poll(at_once=True)
        self.call_after_refresh(self.show)

    def draw_panel(self) -> None:
        """Draw the panel, where it is open: the places to fail over from with their states and ages of now."""
        if self.panel is None:
            return
        from wedtui.tui.arming import Stage  # noqa: PLC0415 - as above

        arming = self.panel.arming
        if arming.stage is Stage.CHOOSE and emergency(arming.kind).target in {Target.PLACE, Target.PROVIDER}:
            self.panel.offer(self._choices(arming.kind))
        else:
            self.panel.draw()

    async def on_panel_left(self, message: Panel.Left) -> None:
        """Close the panel; until it is gone no other one opens."""
        if message.panel is not self.panel:
            return
        await message.panel.remove()
        self.panel = None
        self.wedtui.emergencies.poll(at_once=True)
        self.set_class(False, "-armed")
        providers = self.query_one_optional("#providers")
        if providers is not None:
            providers.focus()
        self.call_after_refresh(self.show)

    def _backs(self) -> tuple[Choice, ...]:
        """Return to what shares traffic can come back, and which those are as far as that is known here."""
        from wedtui.core.actions import IN_PLACE  # noqa: PLC0415 - not needed for the first paint
        from wedtui.core.plan_words import before_words, instant, shares_words  # noqa: PLC0415 - as above
        from wedtui.tui.arming import Choice  # noqa: PLC0415 - as above

        picture = self.board.picture
        weights = {p.evidence.name: p.evidence.weight for p in picture.providers} if picture else {}
        actions = self.wedtui.emergencies.known.actions
        newest = next((a for a in actions if a.kind == EmergencyKind.FAILOVER and a.outcome in IN_PLACE), None)
        before = "those before the newest failover: the plan says which"
        at = instant(newest.plan.get("at")) if newest is not None and newest.plan else None
        if newest is not None and newest.plan and at is not None:
            before = f"{before_words(at, newest.id)}: {shares_words(newest.plan.get('before'))}"
        return (
            Choice("configured", f"the shares of the configuration: {shares_words(weights)}", ""),
            Choice("before", before, ""),
        )

    def _choices(self, kind: str) -> tuple[Choice, ...]:
        """Return what there is to choose from, of places with their shares as they were read last."""
        from wedtui.core.wording import duration  # noqa: PLC0415 - as above
        from wedtui.tui.arming import Choice  # noqa: PLC0415 - as above

        target, picture = emergency(kind).target, self.board.picture
        if target is Target.SHARES:
            return self._backs()
        if target is Target.PROVIDER:
            providers = picture.providers if picture else ()
            return tuple(Choice(p.evidence.name, p.evidence.kind, self._state(p)) for p in providers)
        if target is not Target.PLACE:
            from wedtui.tui.freeze_choices import freeze_choices  # noqa: PLC0415 - as above

            return freeze_choices(target, picture.environment if picture else "the environment")
        reading = picture.traffic.reading if picture and picture.traffic else None
        if picture is None or reading is None:
            return ()
        found = []
        for place in sorted(reading.shares):
            provider = picture.provider(place.provider)
            state = self._state(provider)
            age = duration(self.board.now - reading.read_at)
            found.append(Choice(str(place), f"{reading.shares[place]:>3} %, read {age} ago", state))
        return tuple(found)

    def _state(self, provider: ProviderPicture | None) -> str:
        """Return how a provider is that somebody watches, by a picture that is not frozen; else nobody knows."""
        return provider.health.state.value if provider and not self.board.unwatched else "UNKNOWN"
