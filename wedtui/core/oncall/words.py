"""Who is on call, in one line, as every reader says it: names, until when, who follows; a hole; or UNKNOWN. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from wedtui.core.oncall.standing import OnCallNow
from wedtui.core.wording import age, listed, wall_clock

NOBODY = "NOBODY"


def holes_first(rosters: Iterable[OnCallNow]) -> tuple[OnCallNow, ...]:
    """Return rosters as they are named where there is room for few: whoever nobody has comes first."""
    return tuple(sorted(rosters, key=lambda each: not each.is_hole))


def on_call_forms(
    rosters: Sequence[OnCallNow], *, zone: str, now: datetime, looked_at: datetime | None, known: bool
) -> tuple[str, ...]:
    """Return who has it in words, the fullest first; nothing where no roster is configured.

    Args:
        rosters: who has each.
        zone: the zone by whose clock a hand-over is said.
        now: an aware instant.
        looked_at: when the rosters were last read; None where they never were.
        known: whether that says who has it now.
    """
    first = holes_first(rosters)
    if not known:
        if not first or looked_at is None:
            return ("on call UNKNOWN",)
        old = f"as of {age(looked_at, now)} ago"
        return f"on call UNKNOWN, {_few(first)} {old}", f"on call UNKNOWN, {_name(first[0])} {old}", "on call UNKNOWN"
    if not first:
        return ()
    several = len(first) > 1
    full = f"on call {'; '.join(_one(each, zone, now, named=several) for each in first)}"
    read = "" if looked_at is None else f" · read {age(looked_at, now)} ago"
    only = f"on call {_one(first[0], zone, now, named=False)}"
    more = f" +{len(first) - 1}" if several else ""
    until = _until(first[0], zone, now)
    brief = (f"on call {_few(first)}",) if several else ()
    one = _name(first[0])
    forms = (f"{full}{read}", full, f"{only}{more}", f"on call {one}{until}{more}", *brief, f"on call {one}{more}")
    return tuple(dict.fromkeys(forms))


def _few(rosters: Sequence[OnCallNow]) -> str:
    """Return whom each roster names, without until when."""
    if len(rosters) == 1:
        return _name(rosters[0])
    return ", ".join(f"{each.roster} {_name(each)}" for each in rosters)


def _name(now: OnCallNow) -> str:
    """Return who has a roster; with a question mark where it may name others than it should."""
    return f"{listed(now.contacts) if now.contacts else NOBODY}{'?' if now.doubted else ''}"


def _until(now: OnCallNow, zone: str, at: datetime) -> str:
    return "" if now.until is None else f" until {wall_clock(now.until, zone, at)}"


def _one(now: OnCallNow, zone: str, at: datetime, *, named: bool) -> str:
    """Return one roster in full: `ada until 09:00 BST, then grace`."""
    roster = f"{now.roster} " if named else ""
    instead = " (standing in)" if now.overridden else ""
    then = f", then {listed(now.next_contacts) if now.next_contacts else NOBODY}" if now.until is not None else ""
    return f"{roster}{_name(now)}{instead}{_until(now, zone, at)}{then}"
