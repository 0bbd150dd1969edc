"""Random worlds and random hands for the fuzz of the dashboard and the wall; everything follows from a seed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from textual import events
from textual.keys import _character_to_key
from textual.message import Message

from tests.pictures import (
    FROZEN,
    NOW,
    OPEN,
    SATURDAY,
    SECOND,
    SERVICE,
    Bookings,
    FakeSource,
    picture,
    probe,
    provider,
    wave,
)
from tests.tui.calendars import BOOKING, NEVER, QUESTIONED, REJECTED, STALE, SUMMER, calendar, details
from tests.tui.wall.worlds import DEAD, STOPPED, UNREADABLE, in_state
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.picture import Finding, Picture, Severity
from wedtui.core.protection import protection
from wedtui.core.season import Protection
from wedtui.core.series import Point, Series
from wedtui.core.state import State
from wedtui.errors import StoreLockedError, StoreMissingError, WedtuiError
from wedtui.tui.keymap.names import named_keys
from wedtui.tui.keymap.table import KEYS, Keymap
from wedtui.tui.terminal.framework import KeyParser
from wedtui.tui.terminal.link import Drawing, LinkReport

NAMES = (
    *("aws", "gcp", "azure", "hetzner", "a", "провайдер", "東京", "é́", "👩‍👩‍👧", "ﷺ", "[b]bold[/b]"),
    "a-name-that-somebody-made-much-longer-than-any-column-of-any-table-will-ever-be",
)
REGISTRY = tuple(key for row in KEYS for key in row.keys)
NAMED = tuple(sorted(named_keys()))
PRINTABLE = tuple(chr(code) for code in range(0x20, 0x7F))
STRANGE = ("ß", "é", "\u0301", "漢", "👩‍👩‍👧", "\u200b", "\u202e", "ﷺ", "\ud7ff", "\U0010ffff", "\xa0", "\x85")
PASTES = ("", "aws", "q", "line\nline\r\nline", "\x1b[31m", "\x00\x07\x1b", "漢字" * 200, "'3", "y" * 5000)
SENTENCES = ("a feed cannot be read: repair it", "500 \x1b]0;title\x07 [red]not markup[/red]", "漢" * 300, "")
REBOUND = (
    Keymap(),
    Keymap({"main.filter": ("ctrl+f",), "app.jump": (), "screen.back": ("f5",), "list.down": ("n", "down")}),
)
# Answers, mouse reports and what is neither, as terminals send them.
REPORTS = (
    *("\x1b[0n", "\x1b[?2026;2$y", "\x1b[<0;3;3M\x1b[<0;3;3m", "\x1b[<64;10;10M", "\x1b[<65;70;20M", "\x1b[<35;9;9M"),
    *(
        "\x1b[<0;200;200M\x1b[<0;200;200m",
        "\x1b[I",
        "\x1b[O",
        "\x1b[12;40R",
        "\x1b[?62;4c",
        "\x1b]11;rgb:0000/0000/00\x07",
    ),
)


CALENDARS = (
    calendar(()),
    calendar((), BOOKING),
    calendar((), NEVER),
    calendar(SUMMER, BOOKING, REJECTED),
    calendar(SUMMER, BOOKING, STALE),
    calendar(SUMMER, replace(QUESTIONED, name="漢" * 40, problem="\x1b[31m[red]" * 30)),
    calendar([replace(w, wedding=replace(w.wedding, zone="Nowhere/At-All")) for w in SUMMER[:9]], BOOKING),
)


def any_picture(dice: random.Random, now: datetime) -> Picture:
    """Return a world at an instant: any number of providers in any state, under any freeze, watched or not."""
    names = dice.sample(NAMES, dice.randint(0, len(NAMES)))
    evidence = tuple(_provider(dice, name) for name in names)
    service = dice.choice((SERVICE, replace(SERVICE, mode="personal"), DEAD, STOPPED, None))
    problems = tuple(
        Finding(dice.choice(list(Severity)), dice.choice(("service", "cache", "aws")), text, dice.choice((None, NOW)))
        for text in dice.sample(SENTENCES, dice.randint(0, 2))
    )
    facts = dice.choice(CALENDARS)
    verdict = protection(facts, (), dice.choice(((), ("Europe/London",), ("Asia/Kolkata", "Nowhere"))), now)
    freeze = dice.choice((FROZEN, OPEN, UNREADABLE, replace(FROZEN, until=None), replace(OPEN, next_start=None)))
    return picture(
        evidence,
        service=service,
        freeze=replace(freeze, reasons=(dice.choice(SENTENCES),) if dice.random() < 0.3 else freeze.reasons),
        protection=verdict if dice.random() < 0.7 else replace(SATURDAY, level=dice.choice(list(Protection))),
        calendar=facts,
        environment=dice.choice(("production", "staging", "環境")),
        now=now,
        problems=problems,
    )


def _provider(dice: random.Random, name: str) -> ProviderEvidence:
    if dice.random() < 0.6:
        return in_state(name, dice.choice(list(State)), dice.randint(0, 100))
    probes = tuple(
        probe(f"{name}-{i}", "".join(dice.choices(".x", k=dice.randint(1, 30))), age=dice.choice((0, 1, 95, -60)))
        for i in range(dice.randint(0, 12))
    )
    made = provider(name, dice.randint(0, 100), probes, p95=dice.choice((0.0, 1e-9, 1e18, float("inf"))))
    return replace(made, signals=made.signals[: dice.randint(0, 4)])


def any_history(dice: random.Random, name: str, signal: str, since: datetime, until: datetime) -> Series:
    """Return a history: whole, with holes, empty, of one value, or of values that nobody can draw.

    Raises:
        StoreLockedError: now and then.
    """
    match dice.randint(0, 6):
        case 0:
            raise StoreLockedError("the cache is locked by another process: wait, or stop that process")
        case 1:
            points: tuple[Point, ...] = ()
        case 2:
            points = (Point(since, 0.0),)
        case 3:
            values = (float("nan"), float("inf"), -1e300, 1e300, 0.0, 5e-324)
            points = tuple(Point(since + (until - since) * i / 60, dice.choice(values)) for i in range(60))
        case 4:
            points = tuple(Point(since + (until - since) * i / 9, 7.0) for i in range(-3, 15))
        case _:
            return wave(name, signal, since, until)
    return Series(name, signal, since, until, points)


def any_problem(dice: random.Random) -> WedtuiError | None:
    """Return why nothing can be read, or that it can."""
    locked = StoreLockedError("the cache cache.db is locked by another process: wait, or stop that process")
    return dice.choice((None, None, locked, StoreMissingError("there is no cache yet: start the service")))


def any_source(dice: random.Random) -> FakeSource:
    """Return a source that has another world whenever it is asked again."""

    def history(name: str, signal: str, since: datetime, until: datetime) -> Series:
        return any_history(dice, name, signal, since, until)

    rows = [replace(w, wedding=replace(w.wedding, reference=dice.choice(SENTENCES))) for w in SUMMER[::7]]
    booked = dice.choice((Bookings(), Bookings([*SUMMER, *rows], (details(BOOKING), details(REJECTED)))))
    return FakeSource(lambda now: any_picture(dice, now), any_problem(dice), history=history, booked=booked)


def any_link(dice: random.Random) -> LinkReport | None:
    """Return what is known of the line."""
    delay = dice.choice((None, 0.001, 0.14, 2.5, 90.0))
    drawn = LinkReport(delay, 7000.0, dice.choice((0, 123456)), dice.choice((0.0, 12.0)), dice.choice(list(Drawing)))
    return dice.choice((None, drawn))


def any_jump(dice: random.Random) -> timedelta:
    """Return by how much a clock is set, forwards or back."""
    return dice.choice((1, 1, 5, 7, 61, 3600, 86400, 400 * 86400)) * SECOND * dice.choice((1, 1, 1, -1))


def any_input(dice: random.Random) -> list[Message]:
    """Return what a driver makes of a few keys, a paste, or something that a terminal sent by itself."""
    kind = dice.random()
    if kind < 0.04:
        return [events.Paste(dice.choice(PASTES))]
    if kind < 0.12:
        return [*KeyParser(lambda: None).feed(dice.choice(REPORTS))]
    return [any_key(dice) for _ in range(dice.choice((1, 1, 2, 3, 8)))]


def any_key(dice: random.Random) -> events.Key:
    """Return a key: mostly one that does something."""
    kind = dice.random()
    if kind < 0.6:
        name = dice.choice(REGISTRY)
        return events.Key(name, _character(name))
    if kind < 0.75:
        name = dice.choice(NAMED)
        return events.Key(name, _character(name))
    character = dice.choice(PRINTABLE if kind < 0.95 else STRANGE)
    return events.Key(character if character.isalnum() else _name(character), character)


def _name(character: str) -> str:
    return _character_to_key(character) if len(character) == 1 else character


def _character(key: str) -> str | None:
    """Return what a key types, if it does."""
    control = {"enter": "\r", "tab": "\t", "escape": "\x1b", "backspace": "\x7f", "space": " "}
    if key in control:
        return control[key]
    return key if len(key) == 1 else next((c for c in PRINTABLE if _name(c) == key), None)


__all__ = ["REBOUND", "any_input", "any_jump", "any_link", "any_problem", "any_source"]
