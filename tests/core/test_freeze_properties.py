"""What holds for any set of freezes: nothing that is added opens anything, and both questions agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from wedtui.core.freeze import (
    LOOK_AROUND,
    Feed,
    FreezeFacts,
    Origin,
    Period,
    Scope,
    WallTime,
    WeeklyWindow,
    intervals,
    verdict,
)

ZONES = (
    "UTC",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
)
DAY = timedelta(days=1)

instants = st.timedeltas(timedelta(0), timedelta(days=730)).map(datetime(2026, 1, 1, tzinfo=UTC).__add__)
times = st.times().map(lambda t: t.replace(microsecond=0))
walls = st.builds(WallTime, st.integers(0, 6), times)
names = st.sampled_from(["a", "b", "c", "d"])
environments = st.frozensets(st.sampled_from(["production", "staging"]), max_size=2)
services = st.frozensets(st.sampled_from(["rsvp", "gallery"]), max_size=2)
scopes = st.builds(Scope, st.sampled_from(["production", "staging"]), st.sampled_from([None, "rsvp", "gallery"]))
windows = st.builds(
    WeeklyWindow,
    names,
    walls,
    walls,
    st.lists(st.sampled_from(ZONES), max_size=3, unique=True).map(tuple),
    st.frozensets(st.integers(1, 12), max_size=6),
    environments,
    services,
)
periods = st.builds(
    lambda name, start, length, environments, services: Period(
        name, start, start + length, Origin.PERSON, environments, services
    ),
    names,
    instants,
    st.timedeltas(timedelta(0), timedelta(days=40)),
    environments,
    services,
)
feeds = st.builds(
    Feed,
    names,
    st.lists(periods, max_size=3).map(tuple),
    st.none() | instants,
    st.sampled_from([None, "HTTP 503"]),
    st.booleans(),
    environments,
    services,
)
facts = st.builds(
    FreezeFacts,
    st.lists(windows, max_size=3).map(tuple),
    st.lists(periods, max_size=4).map(tuple),
    st.lists(feeds, max_size=2).map(tuple),
    st.sampled_from([(), (), ("the ledger cannot be read",)]),
)
readable = facts.map(lambda f: replace(f, feeds=(), unreadable=()))


@given(facts, instants, scopes, instants, st.one_of(periods, feeds, windows, st.just("the ledger cannot be read")))
def test_adding_a_source_never_opens_anything(
    before: FreezeFacts, at: datetime, scope: Scope, known_at: datetime, added: Period | Feed | WeeklyWindow | str
) -> None:
    """Save that a first window of one's own stands in for the default one."""
    if isinstance(added, Period):
        after = replace(before, periods=(*before.periods, added))
    elif isinstance(added, Feed):
        after = replace(before, feeds=(*before.feeds, added))
    elif isinstance(added, str):
        after = replace(before, unreadable=(*before.unreadable, added))
    else:
        before = replace(
            before, windows=(*before.windows, WeeklyWindow("any", WallTime(0, time()), WallTime(0, time(1))))
        )
        after = replace(before, windows=(*before.windows, added))
    if verdict(before, at, scope, known_at=known_at).frozen:
        assert verdict(after, at, scope, known_at=known_at).frozen


@given(facts, instants, scopes, instants)
def test_a_verdict_agrees_with_the_intervals(
    given_facts: FreezeFacts, at: datetime, scope: Scope, known_at: datetime
) -> None:
    answer = verdict(given_facts, at, scope, known_at=known_at)
    around = intervals(given_facts, at - 20 * DAY, at + 20 * DAY, scope, known_at=known_at)
    here = [i for i in around if i.start <= at < i.end]
    assert answer.frozen == bool(here)
    if answer.frozen:
        assert set(answer.reasons) <= set(here[0].reasons)
    if answer.frozen and not answer.unreadable and here[0].end - here[0].start < LOOK_AROUND / 2:
        assert (answer.since, answer.until) == (here[0].start, here[0].end)
        assert set(answer.reasons) <= set(here[0].reasons)
        assert answer.reasons
    if answer.next_start is not None and answer.next_start < at + 20 * DAY:
        assert answer.next_start == next(i.start for i in around if i.start > at)


@given(readable, scopes, instants, st.timedeltas(timedelta(seconds=1), timedelta(days=60)))
def test_intervals_are_in_order_apart_and_meet_the_range(
    given_facts: FreezeFacts, scope: Scope, start: datetime, length: timedelta
) -> None:
    found = intervals(given_facts, start, start + length, scope)
    assert all(i.start < i.end for i in found)
    assert all(i.start < start + length and i.end > start for i in found)
    assert all(one.end < other.start for one, other in pairwise(found))
    assert all(i.reasons == tuple(sorted(set(i.reasons))) and i.reasons for i in found)


@given(readable, scopes, instants)
def test_every_instant_until_the_end_is_frozen_and_the_end_is_not(
    given_facts: FreezeFacts, scope: Scope, at: datetime
) -> None:
    answer = verdict(given_facts, at, scope)
    if not answer.frozen:
        if answer.next_start is not None:
            assert not verdict(given_facts, at + (answer.next_start - at) / 2, scope).frozen
            there = verdict(given_facts, answer.next_start, scope)
            assert there.frozen
            assert answer.next_reasons == there.reasons
        return
    assert answer.since is not None
    assert answer.until is not None
    assert answer.since <= at < answer.until
    if answer.until - answer.since < LOOK_AROUND / 2:
        assert not verdict(given_facts, answer.until, scope).frozen
        assert not verdict(given_facts, answer.since - timedelta(microseconds=1), scope).frozen
        assert verdict(given_facts, answer.until - timedelta(microseconds=1), scope).frozen
        assert verdict(given_facts, answer.since + (answer.until - answer.since) / 2, scope).until == answer.until


@given(st.sampled_from(ZONES), instants)
def test_a_weekend_lasts_sixty_hours_and_what_the_clock_changes(zone: str, at: datetime) -> None:
    facts = FreezeFacts((WeeklyWindow("w", WallTime(4, time(18)), WallTime(0, time(6)), (zone,)),))
    answer = verdict(facts, at)
    if not answer.frozen:
        assert answer.next_start is not None
        answer = verdict(facts, answer.next_start)
    assert answer.since is not None
    assert answer.until is not None
    before, after = (at.astimezone(ZoneInfo(zone)).utcoffset() for at in (answer.since, answer.until))
    assert before is not None
    assert after is not None
    assert answer.until - answer.since == timedelta(hours=60) - (after - before)


@given(facts, feeds, instants, st.timedeltas(timedelta(hours=24, microseconds=1), timedelta(days=300)))
def test_the_lapse_of_a_feed_closes(given_facts: FreezeFacts, feed: Feed, at: datetime, late: timedelta) -> None:
    feed = replace(feed, last_good_at=at, environments=frozenset(), services=frozenset())
    facts = replace(given_facts, feeds=(*given_facts.feeds, feed))
    answer = verdict(facts, at + late)
    assert answer.frozen
    assert answer.until is None


@given(st.sampled_from(ZONES), instants)
@examples(200)
def test_empty_lists_are_never_more_open_than_any_list(zone: str, at: datetime) -> None:
    """No window, no zone, no month, no environment and no service freeze whatever a filled list freezes."""
    bare = FreezeFacts()
    wall = (WallTime(4, time(18)), WallTime(0, time(6)))
    narrow = WeeklyWindow("w", *wall, (zone,), frozenset({5, 9}), frozenset({"production"}), frozenset({"rsvp"}))
    wide = WeeklyWindow("w", *wall, (), frozenset(), frozenset(), frozenset())
    scope = Scope("production", "rsvp")
    if verdict(FreezeFacts((narrow,)), at, scope).frozen:
        assert verdict(FreezeFacts((wide,)), at, scope).frozen
        assert verdict(bare, at, scope).frozen
