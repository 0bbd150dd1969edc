"""What the service has somebody called for by itself, as alerts: failover, automation and the calendar. Pure.

Each such page leaves by itself, whatever becomes of the alerts. What it is about is an alert as well from then on: it
stands in every list, somebody can take it, and who is told next while nobody has is found as for any other (DESIGN,
"Alerts": whatever failover and deployments "page" goes through them). The page is its first message.

A page is known by the number of its notification: what is paged again under the same key is another one, which nobody
has yet. Its end is told by whoever paged, as soon as it is so: here it is only not looked at any longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.alerts.memory import AlertState, Memory, Phase
from wedtui.core.alerts.names import PAGES, rule_of, source_of
from wedtui.core.alerts.outside import FORGOTTEN_AFTER, Answered, Reported
from wedtui.core.alerts.rule import Severity, Source
from wedtui.core.alerts.told import Bundle, Telling
from wedtui.core.alerts.track import Labels, labels_of
from wedtui.core.notify import TOO_OLD, Event, Notice
from wedtui.core.paging import Waits, action_of, waits
from wedtui.core.text import shortened

SOURCE = Source(PAGES, clear=timedelta(), lacking=1, says="whoever is on call was called for it, and it is not over")
"""What judges them is the service's own record: it has no answer that could be late, and nothing watches over it."""
_PAGE, _NUMBER = "page", "page_number"
_SAID = 120
"""So much of a page is repeated in what later messages say of it: behind that stands how it is taken."""


class Page(NamedTuple):
    """A page that waits for somebody."""

    number: int
    """Of its notification."""
    key: str
    sentence: str
    since: datetime


def pages_of(pages: Iterable[Page], state: AlertState, now: datetime) -> Answered:
    """Return what waits for somebody as what a system answers.

    Args:
        pages: those that are not over.
        state: what is remembered: one that has no end waits until somebody has it, and one that is older than anybody
            would be called for begins no more.
        now: an aware instant.
    """
    return Answered(now, alerts=tuple(_reported(page) for page in pages if _waits(page, state, now)))


def _reported(page: Page) -> Reported:
    rule, labels = _series(page)
    return Reported(rule, labels, Severity.CRITICAL, since=page.since, said=page.sentence)


def _series(page: Page) -> tuple[str, Labels]:
    """Return name and labels of a page: `action`, the key and the number."""
    return page.key.partition("/")[0], labels_of({_PAGE: page.key, _NUMBER: str(page.number)})


def _waits(page: Page, state: AlertState, now: datetime) -> bool:
    name, labels = _series(page)
    memory = state.memories.get(rule_of(PAGES, name), {}).get(labels)
    ends = waits(page.key) is not Waits.UNTIL_TAKEN
    if memory is None or memory.episode is None:
        # That somebody had what has no end is remembered for so long.
        return now - page.since < (TOO_OLD if ends else FORGOTTEN_AFTER)
    return ends or not _was_taken(memory)


def _was_taken(memory: Memory) -> bool:
    """Whether somebody has or had it; what is over is not looked at again."""
    taken = memory.episode is not None and memory.episode.acknowledged_at is not None
    return taken or memory.phase is Phase.RESOLVED


def with_pages(telling: Telling, state: AlertState) -> Telling:
    """Return what people were told, with the pages that fire: they left by themselves.

    Args:
        telling: what was told of alerts.
        state: what a round found.
    """
    known = {key for bundle in telling.bundles for key in bundle.members}
    return replace(telling, bundles=(*telling.bundles, *(each for each in _told(state) if not known & {*each.members})))


def _told(state: AlertState) -> Iterator[Bundle]:
    for rule, series in state.memories.items():
        for labels, memory in series.items() if source_of(rule) == PAGES else ():
            episode, said = memory.episode, "" if memory.report is None else memory.report.said
            if memory.phase is Phase.FIRING and episode is not None:
                members, about = {episode.key: episode.severity}, f'"{shortened(said, _SAID)}"'
                yield Bundle(first_key(labels), about, episode.since, episode.severity, members, 1, rule)


def first_key(labels: Labels) -> str:
    """Return by which key a page is remembered as the first message of its alert: no other page has the same."""
    named = dict(labels)
    return f"{named[_PAGE]}/notification/{named[_NUMBER]}"


def waits_of(labels: Labels) -> Waits | None:
    """Return until when the page of an alert waits for somebody."""
    return waits(dict(labels)[_PAGE])


def next_words(labels: Labels) -> str:
    """Say by which command what a page is about goes on: who has it has confirmed nothing. Empty where by none."""
    key = dict(labels)[_PAGE]
    number = action_of(key)
    if number is None:
        return ""
    if waits(key) is Waits.UNTIL_DECIDED:
        ends = f"`wedtui actions cancel {number}` ends it"
        return f"that confirms nothing: `wedtui actions confirm {number}` does, and {ends}"
    return f"`wedtui actions show {number}` says how it stands"


def page_of(key: str) -> tuple[str, int] | None:
    """Return key and number of the page that is remembered by a key; None where that is no page's."""
    page, between, number = key.rpartition("/notification/")
    return (page, int(number)) if between and number.isdecimal() and waits(page) is not None else None


def as_posted(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Return what is told of alerts under the keys under which pages were told, and without the ends of pages.

    Under the same key another one may have begun, which is not over; whoever paged says so of each.
    """
    return tuple(_posted(notices))


def _posted(notices: Iterable[Notice]) -> Iterator[Notice]:
    for notice in notices:
        page = page_of(notice.key)
        if page is None:
            yield notice
        elif notice.event is not Event.RESOLVE:
            yield replace(notice, key=page[0])
