"""What the dashboard does about alerts: it rings once an episode, and has them acknowledged by one key.

Who fires and who has it is the picture's to say; nothing here decides that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from textual import events

from wedtui.core.alerts.attention import can_be_taken, loudest, waiting
from wedtui.core.roles import NEEDED, Permission
from wedtui.errors import WedtuiError
from wedtui.tui.board import Taken
from wedtui.tui.hands import LATE
from wedtui.tui.screens.base import BoardScreen
from wedtui.tui.spans import Role, length

if TYPE_CHECKING:
    from wedtui.core.alerts.standing import AlertIs, AlertsNow
    from wedtui.tui.app import WedtuiApp

AGAIN_AFTER_S = 3.0
"""Whoever presses twice means what was taken first; only then another one can be."""
SEEN_FOR_S = 1.0
"""Nobody means an alert that has stood on the screen for less."""
_KEY, _NEWEST = "app.acknowledge", "emergency.newest"
_EDGE = 2
"""Cells that a sentence leaves of the last line."""
_COMMAND = "`wedtui alerts ack KEY`"


class _Last(NamedTuple):
    """What was taken last."""

    at: float
    forms: tuple[str, ...]
    """What was said of it, the fullest first."""


class Alerts:
    """The state behind bell and key.

    Args:
        app: the dashboard.
        environ: the program's environment, which says how its terminal is told.
    """

    def __init__(self, app: WedtuiApp, environ: Mapping[str, str]) -> None:
        self._app = app
        self._environ = environ
        self._opened = app.clock.now()
        self._found: frozenset[str] | None = None
        """The episodes that there were when it was first known how it stands; None until that is."""
        self._rung: set[str] = set()
        """The episodes for which the bell rang."""
        self._seen: dict[str, float] = {}
        """Of each episode that can be taken since when it stands on the screen."""
        self._offered = ("", 0.0)
        """The episode that the key takes where none is selected, and since when."""
        self._asking: str | None = None
        """What is being taken."""
        self._last: _Last | None = None

    @property
    def known(self) -> AlertsNow | None:
        """How it stands, where that can be believed."""
        board = self._app.board
        return board.alerts if board.doubt is None else None

    @property
    def waiting(self) -> tuple[AlertIs, ...]:
        """What waits for somebody, the worst first."""
        now = self._app.board.now
        return waiting(loudest(self.known.alerts, now), now) if self.known else ()

    def hear(self) -> None:
        """Look at a new picture: ring for what began to fire since this dashboard was opened, once an episode."""
        known, at = self.known, self._app.clock.monotonic()
        if known is None:
            return
        now = self._app.board.now
        there = {alert.key for alert in known.alerts if can_be_taken(alert, now)}
        self._seen = {key: self._seen.get(key, at) for key in there}
        if self._found is None:
            self._found = frozenset(alert.key for alert in known.alerts)
        waits = self.waiting
        self._offer(waits)
        rings = [alert for alert in waits if alert.key not in self._rung]
        self._rung.update(alert.key for alert in rings)
        self._ring([alert for alert in rings if self._is_new(alert) and not self._rings_already(alert)])

    def _is_new(self, alert: AlertIs) -> bool:
        """Whether it began to fire while this was open: what another system judges may say that it did long before."""
        return alert.since >= self._opened or alert.key not in (self._found or ())

    def _offer(self, waits: Sequence[AlertIs]) -> None:
        """Remember since when the key takes which one: the next in its place is not the one that was read."""
        key = waits[0].key if waits else ""
        if key != self._offered[0]:
            self._offered = (key, self._app.clock.monotonic())

    def _rings_already(self, alert: AlertIs) -> bool:
        """Whether it is the page of a proposal, for which the bell rings where proposals are asked for."""
        if not alert.is_page or not self._app.emergencies.situation.asks:
            return False
        from wedtui.core.alerts.pages import waits_of  # noqa: PLC0415 - when one fires
        from wedtui.core.paging import Waits  # noqa: PLC0415 - as above

        return waits_of(alert.labels) is Waits.UNTIL_DECIDED

    def _ring(self, rings: Sequence[AlertIs]) -> None:
        """Ring once for alerts that began together, and tell the terminal's own notifications."""
        if not rings:
            return
        from wedtui.tui.draw.alerts import named  # noqa: PLC0415 - when one fires
        from wedtui.tui.terminal.telling import notification  # noqa: PLC0415 - as above

        app = self._app
        others = f" and {len(rings) - 1} more" if len(rings) > 1 else ""
        fires = f"{rings[0].severity.upper()}: {named(rings[0])}{others}"
        environment = app.board.picture.environment if app.board.picture else "environment unknown"
        app.bell()
        if app.abilities.modern:
            world = "DEMO" if app.board.demo else environment
            app.write_to_terminal(notification(f"{world} {fires}", self._environ))
        take, lists = app.keymap.hint(_KEY), app.keymap.hint("app.alerts")
        ways = [f"{take} takes it"] if take and self.why_not() is None else []
        ways += [f"{lists} lists all"] if lists else []
        app.say("; ".join((f"{fires} fires", *ways)))

    def why_not(self) -> str | None:
        """Return why nothing can be acknowledged from here; None where it can."""
        situation = self._app.emergencies.situation
        if situation.read_only:
            return "read-only: no key here changes anything"
        if not situation.asks:
            return f"this dashboard asks no service: {_COMMAND} does"
        if situation.problem is not None:
            return f"the service does not answer: see `wedtui service status`, then {_COMMAND}"
        if not situation.answered:
            return "asking the service who sits here: a moment"
        if Permission.ACKNOWLEDGE.value not in situation.may:
            return f"{situation.role or 'this role'} may not acknowledge: needs {NEEDED[Permission.ACKNOWLEDGE]}"
        return None

    @property
    def key(self) -> str:
        """The key that acknowledges, as it stands on the keyboard; empty where nothing can be."""
        return self._app.keymap.hint(_KEY) if self.why_not() is None else ""

    def offer(self) -> str:
        """Say how an alert is taken from here, or why it cannot be."""
        why = self.why_not()
        if why is not None:
            return f"it cannot be taken here: {why}"
        return f"{self.key} takes it" if self.key else f"no key takes it: {_COMMAND} does"

    def take(self, event: events.Key) -> bool:
        """Look at a key before any screen does; return whether it has to go no further."""
        from wedtui.tui.terminal.driver import came_late  # noqa: PLC0415 - not needed for the first paint

        if not self._means_it(event):
            return False
        if came_late(event):
            self._app.say(LATE)
        else:
            self.acknowledge()
        return True

    def _means_it(self, event: events.Key) -> bool:
        """Whether a key is the one that acknowledges, and no letter of what is typed."""
        app = self._app
        if event.key not in app.keymap.keys(_KEY) or app.hands.jumping or not isinstance(app.screen, BoardScreen):
            return False
        if app.emergencies.panel is not None:
            return False
        return app.focused is None or not app.focused.check_consume_key(event.key, event.character)

    def acknowledge(self) -> None:
        """Take the alert under the cursor, else the worst that nobody has; where none can be taken, say why."""
        app = self._app
        if self._asking is not None:
            app.say(f"{self._asking} is being taken: a moment")
            return
        if self._last is not None and app.clock.monotonic() - self._last.at < AGAIN_AFTER_S:
            # The second of two presses: it says again what the first one did, and does nothing else.
            self._say_shorter(*self._last.forms)
            return
        from wedtui.tui.screens.alerts import AlertScreen, AlertsScreen  # noqa: PLC0415 - when pressed

        on_list = isinstance(app.screen, AlertsScreen | AlertScreen)
        target = app.screen.selected if isinstance(app.screen, AlertsScreen | AlertScreen) else None
        if target is None and not on_list:
            target = next(iter(self.waiting), None)
        if target is not None:
            self._take(target, offered=not on_list)
        elif on_list:
            app.say("no alert is selected here")
        else:
            self._say_shorter(*self._nothing())

    def _nothing(self) -> tuple[str, ...]:
        """Say why nothing can be taken, the fullest first, and which key opens the newest action where there is one."""
        from wedtui.tui.draw.alert_taking import untaken_words  # noqa: PLC0415 - when pressed

        app = self._app
        why = f"nothing to take: {untaken_words(app.board)}"
        lists, opens = app.keymap.hint("app.alerts"), app.keymap.hint(_NEWEST)
        action = f"; {opens} opens the newest action" if opens and app.emergencies.known.actions else ""
        listed = f"; {lists} lists" if lists and app.board.alerts is not None and app.board.alerts.alerts else ""
        return (f"{why}{action}{listed}", f"{why}{action}", why, why.partition("; ")[0])

    def _say_shorter(self, *forms: str) -> None:
        """Say the fullest of some sentences that has room in the last line: none ends in the middle of a word."""
        app = self._app
        room = app.size.width - _EDGE
        app.say(next((form for form in forms if length(((form, Role.TEXT),)) <= room), forms[-1]))

    def _take(self, alert: AlertIs, *, offered: bool) -> None:
        """Have one alert, exactly this episode of it; `offered` where none is selected, and it is what waits."""
        from wedtui.tui.draw.alert_taking import cannot_words  # noqa: PLC0415 - when pressed
        from wedtui.tui.draw.alerts import named  # noqa: PLC0415 - as above

        app, name = self._app, named(alert)
        why = self.why_not() or cannot_words(app.board, alert)
        if why is not None:
            app.say(f"{name} was not taken: {why}")
            return
        at = app.clock.monotonic()
        if at - self._seen.setdefault(alert.key, at) < SEEN_FOR_S:
            app.say(f"{name} fires only since just now and was not taken: press {app.keymap.hint(_KEY)} again")
            return
        if offered and self._offered[0] == alert.key and at - self._offered[1] < SEEN_FOR_S:
            app.say(f"{name} is what waits only since just now and was not taken: press {app.keymap.hint(_KEY)} again")
            return
        self._asking = name
        app.say(f"taking {name} …")
        app.emergencies.ask(lambda hand: hand.acknowledge(alert.key), lambda answer: self._taken(alert, answer))

    def _taken(self, alert: AlertIs, answer: object) -> None:
        """Say what came of it, how many of those that waited are taken, and which one would be taken next."""
        from wedtui.tui.draw.alert_taking import taken_forms  # noqa: PLC0415 - when pressed
        from wedtui.tui.draw.alerts import named  # noqa: PLC0415 - as above
        from wedtui.tui.screens.alerts import AlertScreen, AlertsScreen  # noqa: PLC0415 - as above

        app, name = self._app, named(alert)
        self._asking = None
        if isinstance(answer, WedtuiError):
            app.say(f"{name} was NOT taken: {answer}")
            return
        now = app.clock.now()
        there = {each.key for each in app.board.alerts.alerts} if app.board.alerts else set()
        taken = {key: each for key, each in app.board.taken.items() if key in there}
        me = app.emergencies.me.user or "you"
        app.board = replace(app.board, taken=MappingProxyType({**taken, alert.key: Taken(me, now)}))
        waits = self.waiting
        # On the list the key takes what is selected: the cursor stays with what was taken.
        takes_next = "" if isinstance(app.screen, AlertsScreen | AlertScreen) else app.keymap.hint(_KEY)
        forms = taken_forms(app.board, alert, waits, now, takes_next)
        self._last = _Last(app.clock.monotonic(), forms)
        self._offer(waits)
        app.show_board()
        self._say_shorter(*forms)
