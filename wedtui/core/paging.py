"""Who has to be told: of a move of an action, from the action before and after it; and of a calendar that is not known.

Source: DESIGN, "Traffic and failover" ("refuse and page", "hold and page"), "Roles" (break-glass) and "Season,
weddings, load, protection" ("a page says that the calendar is missing").
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from wedtui.core.actions import Action, ActionState
from wedtui.core.alerts.names import PAGED
from wedtui.core.calendar import CalendarFacts, Freshness, freshness, staleness, unread
from wedtui.core.notify import Detail, Event, Level, Notice
from wedtui.core.season import Protection
from wedtui.core.wording import counted

HANDED_OVER, PROPOSAL, COUNTDOWN, ACTS = "handed-over", "proposal", "countdown", "by-itself"
"""Of what people are told of an action; the last three of one that the service itself asked for, until it ended."""

REFUSED = "refused"
"""Of a failover that was asked for and is not done: it has no end."""
HELD = "automation/held"
"""The key of what fails and is not moved, whatever it is: so a service that begins anew knows it too."""
CALENDAR, NO_SOURCE = "weddings/calendar", "weddings/no-source"
"""The keys of what is told of the calendar: the one until every source is fresh, the other until there is a source."""
ABOUT = tuple(f"{each}/" for each in PAGED)
"""What keys of what people are told of begin with, where it is no alert and no broadcast."""
FIRST_READINGS = timedelta(minutes=2)
"""A service that has just begun reads every source at once: what that mends wakes nobody."""


def key_of(action: int, what: str) -> str:
    """Return the key of what is told of an action: each action is an episode of its own."""
    return f"action/{action}/{what}"


class Waits(StrEnum):
    """Until when a page waits for somebody."""

    UNTIL_OVER = "until it is over"
    UNTIL_DECIDED = "until the action is confirmed, or ended"
    UNTIL_TAKEN = "until somebody has it"


_WAIT = {
    PROPOSAL: Waits.UNTIL_DECIDED,
    COUNTDOWN: Waits.UNTIL_DECIDED,
    ACTS: Waits.UNTIL_OVER,
    HANDED_OVER: Waits.UNTIL_OVER,
    REFUSED: Waits.UNTIL_TAKEN,
}


def waits(key: str) -> Waits | None:
    """Return until when what was told under a key waits for somebody; None where that is for nobody in particular.

    That there is no source of weddings at all waits for a change of the configuration, and the review of a broken glass
    for the next day: nobody is called again for these.

    Args:
        key: of a notification.
    """
    if key in {HELD, CALENDAR}:
        return Waits.UNTIL_OVER
    return None if action_of(key) is None else _WAIT.get(key.split("/", 2)[2])


def action_of(key: str) -> int | None:
    """Return the action that is told of under a key; None where that is about none."""
    about, _, rest = key.partition("/")
    number, _, what = rest.partition("/")
    return int(number) if about == "action" and number.isdecimal() and what else None


def notices(before: Action, after: Action) -> Iterator[Notice]:
    """Yield what is to be told of a move.

    Args:
        before: the action as it was stored.
        after: as it is stored with that.
    """
    what, details = f"action {after.id} ({after.kind} {after.target})", _details(after)
    handed_over = key_of(after.id, HANDED_OVER)
    if after.state is ActionState.HANDED_OVER and before.state is not after.state:
        said = f"{what} is handed over to a person: {after.sentence}; see `wedtui actions show {after.id}`"
        yield Notice(handed_over, Level.CRITICAL, said, details)
    if before.state is ActionState.HANDED_OVER and after.state is not before.state:
        yield Notice(handed_over, Level.INFO, f"{what} is settled: {after.sentence}", details, event=Event.RESOLVE)
    if after.automatic and after.state is ActionState.ENDED and before.state is not after.state:
        said = f"{what} ended: {after.sentence}"
        for told in (PROPOSAL, COUNTDOWN, ACTS):
            yield Notice(key_of(after.id, told), Level.INFO, said, details, event=Event.RESOLVE)
    alone = f"action/{after.id}/break-glass"
    if after.broke_glass is not None and before.broke_glass is None:
        said = (
            f"{after.confirmed_by} broke the glass for {what}, without the second person who is demanded: "
            f"{after.broke_glass}; another person reviews it with "
            f"`wedtui actions review {after.id} --sentence WHAT-YOU-FOUND`"
        )
        yield Notice(alone, Level.CRITICAL, said, details, everybody=True)
    if after.reviewed_by is not None and before.reviewed_by is None:
        said = f"{after.reviewed_by} reviewed {what}: {after.review}"
        yield Notice(alone, Level.INFO, said, details, event=Event.RESOLVE)


def refused(action: Action, why: str) -> Notice:
    """Return what is told where nobody may gain, or there is no room: a failover that was asked for is not done."""
    said = f"action {action.id} ({action.kind} {action.target}) was refused, and traffic stays as it is: {why}"
    return Notice(key_of(action.id, REFUSED), Level.CRITICAL, said, _details(action))


def calendar_notices(
    calendar: CalendarFacts, level: Protection, *, watched: timedelta, now: datetime
) -> tuple[Notice, ...]:
    """Return what is told of the calendar: that it is not known, that there is none, and what of both is over.

    Both wake somebody, once an episode: protection goes by the date then, which knows of no wedding on a Tuesday.

    Args:
        calendar: what is known of it.
        level: the protection that holds.
        watched: for how long whoever tells it has watched; nothing begins while that has just begun.
        now: an aware instant.
    """
    known, may_begin = freshness(calendar, now), watched >= FIRST_READINGS
    told: list[Notice] = []
    if known is not Freshness.STALE:
        said = f"no source of weddings is waited for any more: protection is {level}"
        if known is Freshness.FRESH:
            said = f"the calendar of weddings is known again: protection is {level}"
        told.append(Notice(CALENDAR, Level.INFO, said, event=Event.RESOLVE))
    elif may_begin:
        told.append(_not_known(calendar, level, now))
    if known is not Freshness.MISSING:
        said = "there is a source of weddings"
        told.append(Notice(NO_SOURCE, Level.INFO, said, event=Event.RESOLVE))
    elif may_begin:
        said = (
            f"the calendar of weddings is missing: protection goes by the date and is {level}; add a "
            "[[weddings.sources]], or import a file with `wedtui weddings import FILE`"
        )
        told.append(Notice(NO_SOURCE, Level.CRITICAL, said, {"protection": str(level)}))
    return tuple(told)


def _not_known(calendar: CalendarFacts, level: Protection, now: datetime) -> Notice:
    troubles = [staleness(source, now) for source in calendar.sources if not source.is_fresh(now)]
    first = unread(calendar) or troubles[0]
    more = f", and {counted(len(troubles) - 1, 'more source')}" if len(troubles) > 1 else ""
    said = f"{first}{more}: protection goes by the date as well and is {level}; see `wedtui weddings sources`"
    return Notice(CALENDAR, Level.CRITICAL, said, {"protection": str(level), "sources": len(troubles)})


def _details(action: Action) -> dict[str, Detail]:
    return {
        "action": action.id,
        "kind": action.kind,
        "target": action.target,
        "asked by": action.person,
        "reason": action.reason,
    }
