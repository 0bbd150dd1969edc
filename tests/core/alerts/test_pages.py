"""What of pages is told by alerts, and what by whoever paged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wedtui.core.alerts.evaluation import Around, Round
from wedtui.core.alerts.memory import AlertState
from wedtui.core.alerts.outside import FORGOTTEN_AFTER, take
from wedtui.core.alerts.pages import SOURCE, Page, as_posted, next_words, page_of, pages_of, with_pages
from wedtui.core.alerts.rule import RuleBook
from wedtui.core.alerts.telling import tell
from wedtui.core.alerts.told import Telling
from wedtui.core.alerts.track import labels_of
from wedtui.core.notify import TOO_OLD, Event, Level, Notice
from wedtui.core.paging import (
    ACTS,
    CALENDAR,
    COUNTDOWN,
    HANDED_OVER,
    HELD,
    NO_SOURCE,
    PROPOSAL,
    REFUSED,
    Waits,
    key_of,
    waits,
)

NOW = datetime(2026, 6, 20, 14, 2, tzinfo=UTC)
BOOK = RuleBook(sources=(SOURCE,))


FIRST = f"{HELD}/notification/3"
SECOND = timedelta(seconds=1)


def judged(*pages: Page, at: datetime = NOW, before: AlertState | None = None) -> Round:
    """Return what a round finds where these pages are not over."""
    state = before or AlertState(None, {})
    return take(BOOK, {SOURCE.name: pages_of(pages, state, at)}, state, at, Around())


def page(key: str = HELD, number: int = 3, since: datetime = NOW) -> Page:
    return Page(number, key, "somebody has to look", since)


def test_a_page_is_its_alerts_first_message() -> None:
    found = judged(page())
    told = with_pages(Telling(), found.state)
    notices, after = tell(BOOK, found, told, (), NOW)
    assert notices == ()
    (bundle,) = after.bundles
    assert (bundle.key, bundle.about, bundle.at) == (FIRST, '"somebody has to look"', NOW)
    assert with_pages(after, found.state) == after


def test_it_is_over_as_soon_as_it_is_not_there() -> None:
    found = judged(page())
    telling = with_pages(Telling(), found.state)
    found = judged(at=NOW + SECOND, before=found.state)
    notices, after = tell(BOOK, found, telling, (), NOW + SECOND)
    assert [(each.key, each.event) for each in notices] == [(FIRST, Event.RESOLVE)]
    assert after.bundles == ()


def test_what_is_paged_again_under_the_same_key_is_another_one() -> None:
    first = judged(page())
    again = judged(page(number=4), at=NOW + SECOND, before=first.state)
    assert [each.kind.value for each in again.events] == ["firing", "resolved"]
    keys = {bundle.key for bundle in with_pages(Telling(), again.state).bundles}
    assert keys == {f"{HELD}/notification/4"}


def test_what_was_paged_long_before_anybody_looked_begins_no_more() -> None:
    old = page(since=NOW - TOO_OLD)
    assert judged(old).events == ()
    known = judged(page(since=NOW - TOO_OLD + SECOND))
    assert len(known.events) == 1
    assert judged(page(since=NOW - TOO_OLD + SECOND), at=NOW + TOO_OLD, before=known.state).events == ()


def test_what_has_no_end_begins_only_while_it_is_remembered_that_somebody_had_it() -> None:
    refused = key_of(7, REFUSED)
    assert judged(page(refused, since=NOW - FORGOTTEN_AFTER)).events == ()
    assert len(judged(page(refused, since=NOW - FORGOTTEN_AFTER + SECOND)).events) == 1


def test_what_is_said_of_it_later_leaves_room_for_how_it_is_taken() -> None:
    found = judged(Page(3, HELD, "why " * 200, NOW))
    (bundle,) = with_pages(Telling(), found.state).bundles
    assert len(bundle.about) <= 122


@pytest.mark.parametrize(
    ("key", "until"),
    [
        *((key_of(7, what), Waits.UNTIL_OVER) for what in (HANDED_OVER, ACTS)),
        *((key_of(7, what), Waits.UNTIL_DECIDED) for what in (PROPOSAL, COUNTDOWN)),
        (HELD, Waits.UNTIL_OVER),
        (CALENDAR, Waits.UNTIL_OVER),
        (key_of(7, REFUSED), Waits.UNTIL_TAKEN),
        (NO_SOURCE, None),
        (key_of(7, "break-glass"), None),
        (f"{key_of(7, HANDED_OVER)}/step/2", None),
        ("action/x/refused", None),
        ("action/7", None),
        ("alert/1f/7", None),
        ("", None),
    ],
)
def test_until_when_a_page_waits_for_somebody(key: str, until: Waits | None) -> None:
    assert waits(key) is until


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (
            "action/12/proposal",
            "that confirms nothing: `wedtui actions confirm 12` does, and `wedtui actions cancel 12` ends it",
        ),
        ("action/12/handed-over", "`wedtui actions show 12` says how it stands"),
        ("automation/held", ""),
        ("weddings/calendar", ""),
    ],
)
def test_who_has_a_page_is_told_by_which_command_it_goes_on(key: str, words: str) -> None:
    assert next_words(labels_of({"page": key, "page_number": "7"})) == words


def test_the_end_of_a_page_is_told_by_whoever_paged_and_all_else_by_alerts() -> None:
    # Meanwhile another one may have begun under the same key, and that is not over.
    end = Notice(FIRST, Level.INFO, "it is over", event=Event.RESOLVE)
    taken = Notice(FIRST, Level.INFO, "ada has it", event=Event.ACKNOWLEDGE)
    others = (
        Notice(f"{FIRST}/step/2", Level.INFO, "it is over", event=Event.RESOLVE),
        Notice("alert/1f/7", Level.INFO, "it is over", event=Event.RESOLVE),
    )
    assert as_posted((end, taken, *others)) == (replace(taken, key=HELD), *others)


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (FIRST, (HELD, 3)),
        (f"{key_of(7, REFUSED)}/notification/12", (key_of(7, REFUSED), 12)),
        (f"{FIRST}/step/2", None),
        (HELD, None),
        ("alert/notification/3", None),
        (f"{NO_SOURCE}/notification/3", None),
        (f"{HELD}/notification/x", None),
    ],
)
def test_by_which_key_a_page_is_remembered(key: str, found: tuple[str, int] | None) -> None:
    assert page_of(key) == found
