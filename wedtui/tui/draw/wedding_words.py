"""What every view says of weddings alike: how far the calendar is believed, loads in few cells, and who is live."""

from __future__ import annotations

from datetime import datetime, timedelta

from wedtui.core.calendar import CalendarFacts, Freshness, is_accepted, is_questioned
from wedtui.core.health import AVAILABILITY, WEDDING_DAY_WEIGHTS, WEIGHTS
from wedtui.core.picture import Picture
from wedtui.core.protection import THRESHOLDS, ProtectionVerdict
from wedtui.core.protection_words import live_words, then_words
from wedtui.core.season import Protection
from wedtui.core.services import UNWATCHED
from wedtui.core.wedding import UNITS, rounded, standard
from wedtui.core.wording import age, duration
from wedtui.tui.board import Board
from wedtui.tui.spans import Role

LEVEL_ROLES = {
    Protection.NORMAL: Role.BADGE,
    Protection.HIGH: Role.MARK,
    Protection.MAXIMUM: Role.CAUTION,
}
"""How a protection level is drawn, wherever it stands."""


def belief(board: Board) -> Freshness:
    """Say how far the calendar can be believed on this board; of a picture that nobody judges any more, not at all."""
    if board.picture is None:
        return Freshness.MISSING
    found = board.picture.protection.calendar
    return Freshness.STALE if found is Freshness.FRESH and board.frozen_picture else found


def is_known(verdict: ProtectionVerdict) -> bool:
    """Whether any calendar was ever read: without one there is no number to show, not even an old one."""
    return verdict.peak is not None


def calendar_age(board: Board) -> str:
    """Say how old the calendar is: `calendar read 12 m 05 s ago`, `calendar STALE, read 1 d 2 h ago`."""
    picture = board.picture
    if picture is None or belief(board) is Freshness.MISSING:
        return "no wedding calendar"
    verdict = picture.protection
    if picture.calendar.problem is not None:
        known = f", as known {ago(verdict.read_at, board.now)}" if verdict.read_at is not None else ""
        return f"calendar cannot be read{known}"
    stale = "" if belief(board) is Freshness.FRESH else " STALE,"
    mark = ", IN QUESTION" if is_questioned(picture.calendar) else ""
    mark = ", ACCEPTED, to be read again" if is_accepted(picture.calendar) else mark
    if verdict.read_at is None:
        return f"calendar{stale} not every source was ever read{mark}"
    return f"calendar{stale} read {ago(verdict.read_at, board.now)}{mark}"


def who(board: Board, picture: Picture) -> str:
    """Return how many weddings are live; what is not fresh stands in brackets and says of when it is."""
    verdict = picture.protection
    words = live_words(verdict)
    if verdict.peak is None or belief(board) is Freshness.FRESH:
        return words
    words = words.removesuffix(" as last known")
    if verdict.read_at is None:
        return f"({words}) as last known"
    return f"({words}) as known {ago(verdict.read_at, board.now)}"


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago something was read, to the minute: in a calendar nothing depends on seconds."""
    if now - at < timedelta(minutes=1):
        return "in the future" if age(at, now) == "in the future" else "< 1 m ago"
    if now - at < timedelta(hours=1):
        return f"{(now - at) // timedelta(minutes=1)} m ago"
    return f"{age(at, now)} ago"


def then(verdict: ProtectionVerdict) -> str:
    """Return what comes after a level where the words until when do not say so themselves: `then HIGH`."""
    return then_words(verdict)


def compact(units: int, room: int) -> str:
    """Return a load in at most `room` cells (at least 3), as near as they allow: `76.9`, `412`, `12k`."""
    words = standard(units)
    if len(words) <= room:
        return words
    for step, letter in ((UNITS, ""), (1000 * UNITS, "k"), (1_000_000 * UNITS, "M")):
        number = rounded(units, step)
        if number and len(f"{number}{letter}") <= room:
            return f"{number}{letter}"
    return "<.1" if units < UNITS else "…"


def level_of(units: int) -> Protection:
    """Return the level whose threshold a load reaches."""
    return next((level for level, least in THRESHOLDS.items() if units >= least), Protection.NORMAL)


def level_role(units: int) -> Role:
    """Return how a load is drawn: as the level that it reaches."""
    level = level_of(units)
    return LEVEL_ROLES[level] if level.wedding_day else Role.TEXT


def mode_words(picture: Picture) -> tuple[str, ...]:
    """Return what wedding-day mode changes, from all of it to its name alone; nothing while it is off."""
    if not picture.protection.level.wedding_day:
        return ()
    parts = [words for words in (_probing(picture),) if words]
    heavy, usual = WEDDING_DAY_WEIGHTS[AVAILABILITY], WEIGHTS[AVAILABILITY]
    weighs = f"availability weighs {heavy:.2f}, else {usual:.2f}"
    return tuple(
        dict.fromkeys(
            (
                f"WEDDING-DAY MODE: {', '.join([*parts, weighs])}",
                ": ".join(["WEDDING DAY", *parts]),
                "WEDDING DAY",
            )
        )
    )


def _probing(picture: Picture) -> str:
    """Say how often probes run, as the service does it: an interval of one's own stays as it is; or that none does."""
    if picture.condition in UNWATCHED:
        return "NOTHING PROBES"
    found = {probe.interval for p in picture.providers for probe in p.evidence.probes}
    if not found:
        return ""
    low, high = duration(min(found)), duration(max(found))
    return f"probes {low}" if low == high else f"probes {low} to {high}"


def next_begin(calendar: CalendarFacts, now: datetime, until: datetime) -> datetime | None:
    """Return when the next wedding begins after an instant in which none is live; None where none does by `until`."""
    found = next((step.at for step in calendar.steps.steps(now, until) if step.weddings), None)
    # Where none is in what is known in full, the first that is not is the one.
    later = calendar.known_to
    return later if found is None and later is not None and later < until else found
