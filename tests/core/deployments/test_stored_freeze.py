"""What the database goes by says what the evaluator says, and nothing from where that is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.deployments.made import HOUR, NOW
from tests.core.test_freeze_properties import facts as any_facts
from tests.core.test_freeze_properties import instants
from tests.examples import examples
from wedtui.core.calendar import NO_CALENDAR, CalendarFacts, SourceFacts
from wedtui.core.deployments.stored_freeze import STORED_FOR, TO_THE, stored_freeze, without_persons
from wedtui.core.freeze import Feed, FreezeFacts, Origin, Period, Scope, verdict
from wedtui.core.override import Override

OPEN = FreezeFacts(calendar=NO_CALENDAR)
DAY = timedelta(days=1)
scopes = st.builds(Scope, st.sampled_from(["production", "staging"]), st.sampled_from(["rsvp", "gallery"]))


def test_four_weeks_of_weekends_are_stored() -> None:
    stored = stored_freeze(OPEN, Scope(service="rsvp"), NOW)
    assert (stored.since, stored.until, len(stored.intervals)) == (NOW, NOW + STORED_FOR, 4)
    assert stored.intervals[0].reasons == ("default",) or stored.intervals[0].reasons


def test_what_persons_decided_is_not_in_it() -> None:
    person = Period("lockdown", NOW - HOUR, NOW + HOUR, Origin.PERSON, frozenset(), frozenset())
    given_ = Override("release/1", "mo", "why", NOW, NOW + HOUR)
    stored = stored_freeze(replace(OPEN, periods=(person,), overrides=(given_,)), Scope(service="rsvp"), NOW)
    assert stored == stored_freeze(OPEN, Scope(service="rsvp"), NOW)


@pytest.mark.parametrize(
    ("facts", "known_for"),
    [
        (replace(OPEN, unreadable=("the configuration cannot be read",)), timedelta(0)),
        (replace(OPEN, feeds=(Feed("venues", (), NOW - HOUR),)), 23 * HOUR),
        (replace(OPEN, feeds=(Feed("venues", (), NOW - 2 * DAY),)), timedelta(0)),
        (replace(OPEN, feeds=(Feed("venues", (), None),)), timedelta(0)),
        (
            replace(OPEN, calendar=CalendarFacts(sources=(SourceFacts("platform", "csv", NOW - HOUR, NOW - HOUR),))),
            23 * HOUR,
        ),
    ],
)
def test_it_is_known_as_long_as_every_source_counts(facts: FreezeFacts, known_for: timedelta) -> None:
    stored = stored_freeze(facts, Scope(service="rsvp"), NOW)
    assert timedelta(0) <= NOW + known_for - stored.until <= TO_THE


@examples(200)
@given(any_facts, scopes, instants, st.lists(st.timedeltas(timedelta(0), STORED_FOR), max_size=4))
def test_it_says_what_the_evaluator_says_at_every_instant(
    facts: FreezeFacts, scope: Scope, now: datetime, later: list[timedelta]
) -> None:
    stored = stored_freeze(facts, scope, now)
    assert now <= stored.until <= now + STORED_FOR
    edges = [edge for each in stored.intervals for edge in (each.start, each.end)]
    asked = [now + each for each in later]
    asked += [edge + step for edge in edges for step in (-timedelta(microseconds=1), timedelta(0))]
    lasting = without_persons(facts)
    for at in asked:
        if now <= at < stored.until:
            said = any(each.start <= at < each.end for each in stored.intervals)
            assert said is verdict(lasting, at.astimezone(UTC), scope).frozen
    assert [each.start for each in stored.intervals] == sorted({each.start for each in stored.intervals})
