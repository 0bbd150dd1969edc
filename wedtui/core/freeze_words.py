"""The reasons of a freeze in words, the same in every view: what holds now and until when each, and what comes then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from wedtui.core.freeze import LOCKDOWN, UNTIL_LIFTED, Reason, Verdict
from wedtui.core.wording import dated, venue_clock

COMING = 2
"""So many of what comes later in a stretch are named in a sentence; the others are a number."""
LONGEST = " (holds longest)"


def with_persons(names: Iterable[str], persons: Iterable[tuple[str, str]]) -> list[str]:
    """Return reasons as every view says them: what persons froze with who and why, `summer sale (by sam: busy)`.

    A lockdown is told from whatever else freezes at a glance: `LOCKDOWN by sam: bad release`.
    """
    said: dict[str, list[str]] = {}
    for name, why in persons:
        said.setdefault(name, []).append(why)
    return [_with(name, "; ".join(said[name])) if name in said else name for name in names]


def _with(name: str, why: str) -> str:
    return f"{name.upper()} {why}" if name == LOCKDOWN else f"{name} ({why})"


def until_each(name: str, reason: Reason, clock: str, now: datetime) -> str:
    """Say what freezes and until when that lasts: `wedding weekend, until Mon 22 Jun 06:00`.

    Args:
        name: the reason as it is called.
        reason: from when to when it is.
        clock: the zone by whose clock the view goes, which it says elsewhere; that of a reason's own place stands
            beside it where it shows another hour.
        now: an aware instant.
    """
    return f"{name}, until {_end(reason, clock, now)}"


def span_each(name: str, reason: Reason, clock: str, now: datetime) -> str:
    """Say the same of what has yet to begin: `royal wedding, from Mon 22 Jun 05:00 to Wed 24 Jun 10:00`."""
    end = _end(reason, clock, now)
    to = end if reason.end >= UNTIL_LIFTED else f"to {end}"
    return f"{name}, from {dated(reason.start, clock, now)} {to}"


def _end(reason: Reason, clock: str, now: datetime) -> str:
    if reason.end >= UNTIL_LIFTED:
        return "it is lifted"
    return f"{dated(reason.end, clock, now)}{venue_clock(reason.end, reason.zone, clock)}"


def longest_of(holding: Sequence[Reason]) -> frozenset[str]:
    """Return the names of what holds longest, where several things hold and not all of them equally long."""
    ends = {reason.end for reason in holding}
    return frozenset(reason.name for reason in holding if reason.end == max(ends)) if len(ends) > 1 else frozenset()


def holding_words(verdict: Verdict, now: datetime) -> list[str]:
    """Say what freezes at the instant of a verdict, each until when, by the verdict's clock; which holds longest.

    A sentence about what cannot be read is none of them: it has no end of its own.
    """
    longest = longest_of(verdict.holding)
    said = []
    for reason in verdict.holding:
        (name,) = with_persons((reason.name,), verdict.persons)
        words = until_each(name, reason, verdict.clock, now)
        said.append(f"{words}{LONGEST if reason.name in longest else ''}")
    return said


def coming_words(verdict: Verdict, now: datetime) -> list[str]:
    """Say what goes on to freeze after what holds, each from when to when; while open, what freezes next."""
    return _spans(going_on(verdict) if verdict.frozen else verdict.coming, verdict, now)


def _spans(reasons: Sequence[Reason], verdict: Verdict, now: datetime) -> list[str]:
    names = with_persons((reason.name for reason in reasons), verdict.persons)
    return [span_each(name, reason, verdict.clock, now) for name, reason in zip(names, reasons, strict=True)]


def going_on(verdict: Verdict) -> list[Reason]:
    """Return those of what comes that make the freeze last longer than what holds already, in the order of time."""
    reach = max((reason.end for reason in verdict.holding), default=verdict.at)
    found: list[Reason] = []
    for reason in verdict.coming:
        if reason.end > reach:
            found.append(reason)
            reach = reason.end
    return found


def bounded(words: Sequence[str], most: int = COMING) -> list[str]:
    """Return the first of some words, and how many more there are."""
    rest = len(words) - most
    return [*words[:most], *([f"+{rest} more"] if rest > 0 else [])]


def why_words(verdict: Verdict, now: datetime) -> str:
    """Say why it is frozen at the instant of a verdict, as the end of a sentence that says until when.

    What freezes alone, up to that end, is only named; of several each says until when.
    """
    coming = going_on(verdict)
    alone = len(verdict.holding) == 1 and not coming and not verdict.unreadable
    if alone or not verdict.holding:
        names = (name for name in verdict.reasons if name not in verdict.unreadable and name not in verdict.later)
        return ", ".join(with_persons(names, verdict.persons))
    first, *rest = bounded(_spans(coming, verdict, now)) or [""]
    return "; ".join((*holding_words(verdict, now), *([f"then {first}", *rest] if first else [])))


def lockdown_words(verdict: Verdict) -> str:
    """Say that it is locked down, and by whom: `LOCKDOWN by sam`; empty while it is not."""
    if verdict.lockdown is None:
        return ""
    return f"{LOCKDOWN.upper()} {verdict.lockdown.by}".rstrip()


def endless_words(verdict: Verdict) -> str:
    """Say until when it is frozen where no end is known: of a lockdown that it is lifted, by a person."""
    return endless(lockdown=verdict.lockdown is not None)


def endless(*, lockdown: bool) -> str:
    """Say the same of what is known as plain data alone."""
    return "FROZEN until it is lifted" if lockdown else "FROZEN, no end known"
