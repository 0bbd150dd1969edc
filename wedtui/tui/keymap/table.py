"""Every action that a key starts: its id, its keys, what it does and where. Bindings, hints, help and palette follow.

An id is `room.verb`; it stays, because configurations name it. Where a line belongs: the room says who owns the
action, the scope says where its keys are heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from wedtui.core.emergency import EMERGENCIES, Emergency
from wedtui.tui.keymap.names import key_title


class Scope(StrEnum):
    """Where a key is heard; the value is the word for people."""

    EVERYWHERE = "everywhere"
    LISTS = "lists"
    DASHBOARD = "dashboard"
    FILTER = "filter line"
    PANEL = "emergency panel"
    LEVEL = "below the dashboard"
    """Every screen that lies over the dashboard."""
    PROVIDER = "provider"
    FINDINGS = "what is wrong"
    CHART = "chart"
    RESOURCES = "resources"
    WEDDINGS = "weddings"
    WEDDING_LIST = "list of weddings"
    CHANGES = "what changed"
    ALERTS = "alerts"


PLACES: Mapping[str, frozenset[Scope]] = MappingProxyType(
    {
        "dashboard": frozenset({Scope.EVERYWHERE, Scope.DASHBOARD, Scope.LISTS}),
        "filter line": frozenset({Scope.EVERYWHERE, Scope.FILTER}),
        "emergency panel": frozenset({Scope.EVERYWHERE, Scope.PANEL}),
        "provider": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS, Scope.PROVIDER}),
        "what is wrong": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS, Scope.FINDINGS}),
        "resource": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS}),
        "resources": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS, Scope.RESOURCES}),
        "weddings": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS, Scope.WEDDINGS}),
        "list of weddings": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS, Scope.WEDDING_LIST}),
        "what changed": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS, Scope.CHANGES}),
        "change": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS}),
        "wedding": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS}),
        "source of weddings": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS}),
        "alerts": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS, Scope.ALERTS}),
        "alert": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS}),
        "freeze": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS}),
        "help": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.LISTS}),
        "chart": frozenset({Scope.EVERYWHERE, Scope.LEVEL, Scope.CHART}),
    }
)
"""Each screen, by its title for help -> the scopes that are active together there. No two actions of them share a key.

The command palette is not among them: its keys are Textual's own, and nothing else is heard while it is open.
"""


class KeyRow(NamedTuple):
    """One action."""

    id: str
    keys: tuple[str, ...]
    """Textual's names of its keys, the one for the hints first."""
    word: str
    """One or two words for the hints."""
    does: str
    """A sentence for help."""
    scope: Scope
    hint: bool = True
    """Whether it stands among the hints and in the palette."""
    beside: str | None = None
    """Another action whose key stands in the same hint (`[]`)."""
    needed: bool = False
    """Whether it must keep a key: without it there would be no way out, or none to find one."""
    dangerous: bool = False
    """Whether it changes the world outside: its keys must be ones that nothing else takes or sends."""


def _of_emergency(entry: Emergency) -> KeyRow:
    """Return the row of an action of the registry: whatever stages it takes, what it does changes the world."""
    return KeyRow(f"emergency.{entry.kind}", (entry.key,), entry.title, entry.does, Scope.DASHBOARD, dangerous=True)


_EVERYWHERE, _LISTS, _MAIN = Scope.EVERYWHERE, Scope.LISTS, Scope.DASHBOARD

KEYS: tuple[KeyRow, ...] = (
    KeyRow("app.freeze", ("f",), "freeze", "Is production frozen, until when and why", _EVERYWHERE),
    KeyRow(
        "app.weddings",
        ("W",),
        "weddings",
        "Who gets married: live, today by zone, the days ahead, protection",
        _EVERYWHERE,
    ),
    KeyRow(
        "app.changes",
        ("c",),
        "changes",
        "What changed: releases, configuration, weights, freezes, incidents, by whom",
        _EVERYWHERE,
    ),
    KeyRow("app.palette", ("colon",), "find", "Find a provider or a command by typing", _EVERYWHERE),
    KeyRow("app.findings", ("w",), "findings", "What is wrong: list every finding, worst first", _EVERYWHERE),
    KeyRow("app.alerts", ("exclamation_mark",), "alerts", "What fires, since when, and who has it", _EVERYWHERE),
    KeyRow(
        "app.acknowledge",
        ("a",),
        "take alert",
        "Have the alert under the cursor, or the worst that nobody has; where none can be had, say why",
        _EVERYWHERE,
        hint=False,
    ),
    KeyRow("app.theme", ("t",), "theme", "Use the next colour theme", _EVERYWHERE),
    KeyRow(
        "app.redraw",
        ("ctrl+l",),
        "redraw",
        "Draw everything again, after another program wrote to this terminal",
        _EVERYWHERE,
        hint=False,
    ),
    KeyRow(
        "app.suspend",
        ("ctrl+z",),
        "suspend",
        "Stop as a job of the shell does; `fg` comes back here",
        _EVERYWHERE,
        hint=False,
    ),
    KeyRow(
        "app.copy", ("y",), "copy", "Copy what is under the cursor to the terminal's clipboard, in words", _EVERYWHERE
    ),
    KeyRow("app.jump", ("apostrophe",), "jump", "Jump: then the digit at a pane; any other key leaves", _EVERYWHERE),
    KeyRow("app.picture", ("S",), "picture", "Save the screen as SVG and text, without secrets", _EVERYWHERE),
    KeyRow("app.resources", ("i",), "resources", "What the providers have: list it, by page", _EVERYWHERE),
    KeyRow("app.help", ("question_mark",), "help", "List every key of this screen", _EVERYWHERE, needed=True),
    KeyRow(
        "app.quit",
        ("q", "ctrl+q", "ctrl+c"),
        "quit",
        "Leave the dashboard; the service goes on",
        _EVERYWHERE,
        needed=True,
    ),
    KeyRow("list.up", ("up", "k"), "up", "Move the cursor to the row above", _LISTS, hint=False),
    KeyRow("list.down", ("down", "j"), "down", "Move the cursor to the row below", _LISTS, hint=False),
    KeyRow("list.page-up", ("pageup", "ctrl+u"), "page up", "Move by one screen upwards", _LISTS, hint=False),
    KeyRow("list.page-down", ("pagedown", "ctrl+d"), "page down", "Move by one screen downwards", _LISTS, hint=False),
    KeyRow("list.top", ("home", "g"), "top", "Move to the first row", _LISTS, hint=False),
    KeyRow("list.bottom", ("end", "G"), "bottom", "Move to the last row", _LISTS, hint=False),
    KeyRow("main.open", ("enter",), "open", "Open the selected provider: components, probes, signals", _MAIN),
    KeyRow("main.filter", ("slash",), "filter", "Show only providers whose name, kind or state match", _MAIN),
    KeyRow("main.clear", ("escape",), "clear filter", "Show all providers again", _MAIN, hint=False),
    KeyRow(
        "main.signal-back",
        ("left_square_bracket",),
        "signal",
        "Chart the previous signal",
        _MAIN,
        beside="main.signal-next",
    ),
    KeyRow("main.signal-next", ("right_square_bracket",), "signal", "Chart the next signal", _MAIN, hint=False),
    KeyRow("main.range-less", ("minus",), "range", "Chart a shorter range, to 5 m", _MAIN, beside="main.range-more"),
    KeyRow("main.range-more", ("plus", "equals_sign"), "range", "Chart a longer range, to 24 h", _MAIN, hint=False),
    *map(_of_emergency, EMERGENCIES),
    KeyRow("emergency.newest", ("e",), "action", "Open the newest action: its plan, or its steps", _MAIN, hint=False),
    # No neighbour of another key: with Shift or Caps Lock nobody means it who takes an alert.
    KeyRow("emergency.abort", ("X",), "abort", "Abort the countdown of the service to a failover", _MAIN, hint=False),
    KeyRow("panel.go", ("enter",), "choose", "Do what the cursor stands on; on Cancel, nothing", Scope.PANEL),
    KeyRow("panel.next", ("tab", "shift+tab"), "field", "Go between Cancel and the field to type in", Scope.PANEL),
    KeyRow(
        "panel.leave", ("escape",), "leave", "Leave the panel; what was confirmed goes on", Scope.PANEL, needed=True
    ),
    KeyRow("panel.up", ("up",), "move", "Choose the place above, or scroll up", Scope.PANEL, beside="panel.down"),
    KeyRow("panel.down", ("down",), "down", "Choose the place below, or scroll down", Scope.PANEL, hint=False),
    KeyRow("filter.keep", ("enter",), "keep filter", "Keep the filter and go to the table", Scope.FILTER),
    KeyRow("filter.clear", ("escape",), "clear filter", "Show everything again", Scope.FILTER, needed=True),
    KeyRow(
        "screen.back",
        ("escape", "backspace"),
        "back",
        "Go back one level; first show what a filter hides",
        Scope.LEVEL,
        needed=True,
    ),
    KeyRow(
        "provider.chart", ("enter",), "open", "Chart the selected probe or signal, or list the kind", Scope.PROVIDER
    ),
    KeyRow(
        "resources.open", ("enter",), "open", "Open the selected resource: why, tags, what it rests on", Scope.RESOURCES
    ),
    KeyRow(
        "resources.back",
        ("left_square_bracket",),
        "page",
        "Show the page before",
        Scope.RESOURCES,
        beside="resources.next",
    ),
    KeyRow("resources.next", ("right_square_bracket",), "page", "Show the next page", Scope.RESOURCES, hint=False),
    KeyRow("resources.worst", ("o",), "order", "Put the worst first, or order by kind and place", Scope.RESOURCES),
    KeyRow(
        "resources.vanished", ("v",), "vanished", "Show those that vanished, or those that are there", Scope.RESOURCES
    ),
    KeyRow("weddings.open", ("enter",), "open", "List the weddings of the row, or show the source", Scope.WEDDINGS),
    KeyRow("weddings.list", ("l",), "list", "List every wedding of the next 14 days, by page", Scope.WEDDINGS),
    KeyRow(
        "bookings.open",
        ("enter",),
        "open",
        "Open the selected wedding: place, times, guests, load, what it freezes",
        Scope.WEDDING_LIST,
    ),
    KeyRow(
        "bookings.back",
        ("left_square_bracket",),
        "page",
        "Show the page before",
        Scope.WEDDING_LIST,
        beside="bookings.next",
    ),
    KeyRow("bookings.next", ("right_square_bracket",), "page", "Show the next page", Scope.WEDDING_LIST, hint=False),
    KeyRow(
        "bookings.window",
        ("o",),
        "time",
        "List those that are live, then those of today, of the next 14 days, all",
        Scope.WEDDING_LIST,
    ),
    KeyRow(
        "changes.open", ("enter",), "open", "Open the selected change: when exactly, who, and from where", Scope.CHANGES
    ),
    KeyRow("changes.filter", ("slash",), "filter", "Show only changes in which all typed words occur", Scope.CHANGES),
    KeyRow(
        "changes.back",
        ("left_square_bracket",),
        "page",
        "Show the page of what is newer",
        Scope.CHANGES,
        beside="changes.next",
    ),
    KeyRow(
        "changes.next", ("right_square_bracket",), "page", "Show the page of what is older", Scope.CHANGES, hint=False
    ),
    KeyRow(
        "changes.range-less",
        ("minus",),
        "range",
        "Look back less far: 30 days, 7 days, 24 h, 1 h",
        Scope.CHANGES,
        beside="changes.range-more",
    ),
    KeyRow(
        "changes.range-more",
        ("plus", "equals_sign"),
        "range",
        "Look further back, to 30 days",
        Scope.CHANGES,
        hint=False,
    ),
    KeyRow("alerts.open", ("enter",), "open", "Open the alert: why, who was told, what changed before", Scope.ALERTS),
    KeyRow("alerts.filter", ("slash",), "filter", "Show only alerts of which a word matches", Scope.ALERTS),
    KeyRow("findings.open", ("enter",), "open", "Open the provider that the finding is about", Scope.FINDINGS),
    KeyRow(
        "chart.range-less",
        ("minus",),
        "shorter",
        "Chart a shorter range: 24 h, 6 h, 1 h, 15 m, 5 m",
        Scope.CHART,
    ),
    KeyRow("chart.range-more", ("plus", "equals_sign"), "longer", "Chart a longer range, to 24 h", Scope.CHART),
)

_BY_ID: Mapping[str, KeyRow] = MappingProxyType({row.id: row for row in KEYS})

# Textual's keymap knows no action without a key; this is the name of one that no terminal sends.
_NO_KEY = "unbound"


def row(name: str) -> KeyRow:
    """Return the row of an action.

    Raises:
        KeyError: there is none of that id.
    """
    found = _BY_ID.get(name)
    if found is None and (entry := EMERGENCIES.get(name.removeprefix("emergency."))) is not None:
        found = _of_emergency(entry)  # it was registered since
    if found is None:
        raise KeyError(name)
    return found


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys in force: those of the table, and a configuration's own instead."""

    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Id -> Textual's names of its keys, of the actions that have others than the table says; empty: unbound."""

    def keys(self, name: str) -> tuple[str, ...]:
        """Return the keys of an action, by Textual's names."""
        return self.own[name] if name in self.own else row(name).keys

    def titles(self, name: str) -> tuple[str, ...]:
        """Return the keys of an action as they stand on a screen."""
        return tuple(key_title(key) for key in self.keys(name))

    def hint(self, name: str) -> str:
        """Return what stands before an action's word among the hints; nothing where no key starts it."""
        names = (name, row(name).beside)
        shown = [titles[0] for each in names if each is not None and (titles := self.titles(each))]
        return ("" if all(len(title) == 1 for title in shown) else " ").join(shown)

    def textual(self) -> dict[str, str]:
        """Return it as Textual takes it."""
        return {name: ",".join(keys) or _NO_KEY for name, keys in self.own.items()}


def defaults(table: Iterable[KeyRow] = KEYS) -> dict[str, tuple[str, ...]]:
    """Return id -> keys as the table says."""
    return {each.id: each.keys for each in table}
