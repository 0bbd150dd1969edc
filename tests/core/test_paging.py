"""Who is told of which move of an action."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wedtui.core import actions, confirming
from wedtui.core.actions import Action, ActionState, IllegalMoveError, Outcome
from wedtui.core.calendar import NO_CALENDAR, CalendarFacts, SourceFacts
from wedtui.core.confirming import Confirmation
from wedtui.core.notify import Event, Level
from wedtui.core.paging import CALENDAR, FIRST_READINGS, NO_SOURCE, calendar_notices, notices, refused
from wedtui.core.roles import Demand
from wedtui.core.season import Protection

NOW = datetime(2026, 6, 20, 14, 2, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
BOTH = frozenset(Demand)
ASKED = Action("failover", "aws", "traffic", "ada", "it is down", NOW, id=7)
WAITING = actions.propose(ASKED, "{}", "d", LATER, frozenset({Demand.SECOND_PERSON}))
WORD = Confirmation("ada", "d", "aws", NOW)
ALONE = WORD._replace(break_glass="nobody answers")


def test_what_goes_well_tells_nobody() -> None:
    confirmed = replace(ASKED, state=ActionState.CONFIRMED)
    ended = replace(ASKED, state=ActionState.ENDED, outcome=Outcome.VERIFIED)
    for before, after in ((ASKED, WAITING), (WAITING, confirmed), (confirmed, ended)):
        assert [*notices(before, after)] == []


def test_what_is_handed_over_is_told_until_it_is_settled() -> None:
    claimed = replace(ASKED, state=ActionState.CLAIMED, fence=1)
    handed = actions.hand_over(claimed, 1, "the records are foreign")
    (told,) = notices(claimed, handed)
    assert (told.key, told.severity, told.event) == ("action/7/handed-over", Level.CRITICAL, Event.TRIGGER)
    assert told.sentence == (
        "action 7 (failover aws) is handed over to a person: the records are foreign; see `wedtui actions show 7`"
    )
    assert told.details == {
        "action": 7,
        "kind": "failover",
        "target": "aws",
        "asked by": "ada",
        "reason": "it is down",
    }
    settled = actions.settle(handed, "kay", "it is as planned", NOW)
    (over,) = notices(handed, settled)
    assert (over.key, over.event) == ("action/7/handed-over", Event.RESOLVE)


def test_a_refusal_says_that_traffic_stays() -> None:
    told = refused(ASKED, "there is no room")
    assert (told.key, told.severity) == ("action/7/refused", Level.CRITICAL)
    assert told.sentence == ("action 7 (failover aws) was refused, and traffic stays as it is: there is no room")


def test_without_the_second_person_it_cannot_be_confirmed() -> None:
    waits = confirming.confirm(WAITING, WORD, LATER)
    assert (waits.state, waits.confirmed_by, waits.needs) == (ActionState.AWAITING, "ada", WAITING.needs)
    assert [*notices(WAITING, waits)] == []
    approved = confirming.approve(WAITING, WORD._replace(person="kay"), LATER)
    assert (approved.approved_by, approved.needs) == ("kay", frozenset())
    confirmed = confirming.confirm(approved, WORD, LATER)
    assert (confirmed.state, confirmed.broke_glass) == (ActionState.CONFIRMED, None)
    assert [*notices(approved, confirmed)] == []


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (WORD, "ada asked for it: it takes another person"),
        (WORD._replace(person="kay", digest="e"), "the plan has changed"),
        (WORD._replace(person="kay", typed=""), "is not what has to be typed"),
        (WORD._replace(person="kay", at=LATER), "the plan has expired"),
    ],
)
def test_the_second_person_is_another_and_saw_the_same_plan(word: Confirmation, why: str) -> None:
    with pytest.raises(IllegalMoveError, match=why):
        confirming.approve(WAITING, word, LATER)


def test_an_approval_is_for_one_plan() -> None:
    approved = confirming.approve(WAITING, WORD._replace(person="kay"), LATER)
    with pytest.raises(IllegalMoveError, match="it needs no second person"):
        confirming.approve(approved, WORD._replace(person="kay"), LATER)
    again = actions.propose(approved, "{}", "e", LATER, frozenset({Demand.SECOND_PERSON}))
    assert (again.approved_by, again.needs) == (None, frozenset({Demand.SECOND_PERSON}))


def test_the_glass_stands_for_the_second_person_and_for_nothing_else() -> None:
    confirmed = confirming.confirm(WAITING, ALONE, LATER)
    assert (confirmed.state, confirmed.broke_glass, confirmed.unreviewed) == (
        ActionState.CONFIRMED,
        "nobody answers",
        True,
    )
    needs_code = replace(WAITING, needs=BOTH)
    with pytest.raises(IllegalMoveError, match="it still needs a one-time code"):
        confirming.confirm(needs_code, ALONE, LATER)
    nothing_to_break = replace(WAITING, needs=frozenset())
    assert confirming.confirm(nothing_to_break, ALONE, LATER).broke_glass is None


def test_everybody_is_told_of_broken_glass_until_another_person_reviewed_it() -> None:
    confirmed = confirming.confirm(WAITING, ALONE, LATER)
    (told,) = notices(WAITING, confirmed)
    assert (told.key, told.severity, told.everybody) == ("action/7/break-glass", Level.CRITICAL, True)
    assert told.sentence.startswith(
        "ada broke the glass for action 7 (failover aws), without the second person who is demanded: nobody answers"
    )
    with pytest.raises(IllegalMoveError, match="ada acted alone: another person reviews it"):
        confirming.review(confirmed, "ada", "it was right", NOW)
    ended = replace(confirmed, state=ActionState.ENDED, outcome=Outcome.VERIFIED)
    reviewed = confirming.review(ended, "kay", "it was right", NOW)
    assert (reviewed.unreviewed, reviewed.state, reviewed.outcome) == (False, ended.state, ended.outcome)
    (over,) = notices(ended, reviewed)
    assert (over.key, over.event) == ("action/7/break-glass", Event.RESOLVE)
    with pytest.raises(IllegalMoveError, match="kay reviewed it already"):
        confirming.review(reviewed, "ada", "it was right", NOW)
    with pytest.raises(IllegalMoveError, match="there is nothing to review"):
        confirming.review(WAITING, "kay", "it was right", NOW)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRESH = SourceFacts("platform", "csv", read_at=NOW - HOUR)
OLD = SourceFacts("venues", "json", read_at=NOW - DAY, problem="answered 503")
NEVER = SourceFacts("spare", "csv")


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        (
            CalendarFacts((FRESH, OLD)),
            'the wedding source "venues" was last read 1 d 0 h ago (answered 503): protection goes by the date as well '
            "and is HIGH; see `wedtui weddings sources`",
        ),
        (
            CalendarFacts((NEVER, FRESH, OLD)),
            'the wedding source "spare" has never been read, and 1 more source: protection goes by the date as well '
            "and is HIGH; see `wedtui weddings sources`",
        ),
        (
            CalendarFacts((FRESH,), problem="the disk is full"),
            "the calendar of weddings cannot be read (the disk is full): protection goes by the date as well and is "
            "HIGH; see `wedtui weddings sources`",
        ),
    ],
)
def test_a_calendar_that_is_not_known_is_paged(calendar: CalendarFacts, said: str) -> None:
    told, over = calendar_notices(calendar, Protection.HIGH, watched=FIRST_READINGS, now=NOW)
    assert (told.key, told.severity, told.event, told.sentence) == (CALENDAR, Level.CRITICAL, Event.TRIGGER, said)
    assert (over.key, over.event) == (NO_SOURCE, Event.RESOLVE)


def test_that_there_is_none_is_paged_as_well() -> None:
    over, told = calendar_notices(NO_CALENDAR, Protection.HIGH, watched=FIRST_READINGS, now=NOW)
    assert (over.key, over.event) == (CALENDAR, Event.RESOLVE)
    assert (told.key, told.severity, told.event) == (NO_SOURCE, Level.CRITICAL, Event.TRIGGER)
    assert told.sentence == (
        "the calendar of weddings is missing: protection goes by the date and is HIGH; add a [[weddings.sources]], "
        "or import a file with `wedtui weddings import FILE`"
    )


@pytest.mark.parametrize("calendar", [CalendarFacts((OLD,)), NO_CALENDAR])
def test_nothing_begins_that_the_first_readings_may_mend(calendar: CalendarFacts) -> None:
    just_before = FIRST_READINGS - timedelta(microseconds=1)
    told = calendar_notices(calendar, Protection.HIGH, watched=just_before, now=NOW)
    assert {each.event for each in told} == {Event.RESOLVE}


def test_a_calendar_that_is_known_ends_both_at_once() -> None:
    told = calendar_notices(CalendarFacts((FRESH,)), Protection.NORMAL, watched=timedelta(0), now=NOW)
    assert [(each.key, each.event) for each in told] == [(CALENDAR, Event.RESOLVE), (NO_SOURCE, Event.RESOLVE)]
    assert told[0].sentence == "the calendar of weddings is known again: protection is NORMAL"
