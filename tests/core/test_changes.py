"""One timeline from several sources: its order, its bounds, and that it says of what nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.changes import (
    BEFORE_AN_ALERT,
    EVERY_KIND,
    Change,
    ChangeKind,
    ChangeQuery,
    Gap,
    SeenShares,
    Told,
    Write,
    before,
    before_query,
    matching,
    merge,
    unread,
)

NOW = datetime(2026, 6, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = ChangeQuery(NOW - timedelta(days=1), NOW)


def change(minutes: float, key: str = "a", kind: ChangeKind = ChangeKind.FREEZE, **more: object) -> Change:
    """Make a change so many minutes before noon."""
    values: dict[str, object] = {"object": "thing", "sentence": f"it moved {key}", "known_from": "ledger", **more}
    return Change(NOW - minutes * MINUTE, kind, key=key, **values)  # type: ignore[arg-type]


def test_what_several_sources_say_is_in_one_order() -> None:
    found = merge([Told((change(5, "b"), change(30, "a"))), Told((change(10, "c", known_from="traffic"),))], DAY)
    assert [each.key for each in found.changes] == ["a", "c", "b"]
    assert not found.earlier
    assert found.gaps == ()


def test_what_is_told_twice_is_one_change() -> None:
    assert len(merge([Told((change(5),)), Told((change(5),))], DAY).changes) == 1


def test_only_what_is_asked_for_is_listed() -> None:
    query = ChangeQuery(NOW - 10 * MINUTE, NOW - 5 * MINUTE, frozenset({ChangeKind.VENDOR}))
    told = [change(10, "first"), change(5, "at the end"), change(11, "before"), change(7, "other")]
    told = [*(change(-(c.at - NOW) / MINUTE, c.key, ChangeKind.VENDOR) for c in told[:3]), told[3]]
    assert [each.key for each in merge([Told(tuple(told))], query).changes] == ["first"]


def test_before_an_alert_neither_other_alerts_are_asked_for_nor_what_is_still_to_come() -> None:
    since = NOW - 10 * MINUTE
    query = before_query(since, NOW)
    assert (query.since, query.newest) == (since - BEFORE_AN_ALERT, NOW)
    assert query.kinds == EVERY_KIND - {ChangeKind.ALERT}
    assert before_query(since, NOW + timedelta(days=9)).until == since + timedelta(hours=1)


times = st.integers(0, 300)
some = st.lists(st.tuples(times, st.sampled_from(["ledger", "traffic", "vendor"]), st.integers(0, 9)), max_size=40)


@given(some, st.integers(1, 7), st.randoms())
def test_pages_are_the_whole_once(rows: list[tuple[int, str, int]], limit: int, random: object) -> None:
    """Page after page gives every change once and in order, however the sources are cut and mixed."""
    changes = {(s, k): change(t, str(k), known_from=s) for t, s, k in rows}
    told = list(changes.values())
    random.shuffle(told)  # type: ignore[attr-defined]
    query = ChangeQuery(NOW - 1000 * MINUTE, NOW + MINUTE, limit=limit)
    pages: list[Change] = []
    while True:
        page = merge([Told(tuple(told[::2])), Told(tuple(told[1::2]))], query)
        pages = [*page.changes, *pages]
        assert len(page.changes) <= limit
        if page.next is None:
            break
        query = ChangeQuery(query.since, query.until, limit=limit, before=page.next)
    assert pages == sorted(changes.values(), key=lambda each: each.order)


def test_what_was_not_read_is_said_and_nothing_is_listed_beyond_it() -> None:
    """A source that has more than was read cuts all others there: else the other ones' would look like everything."""
    full = Told((change(5, "read"),), complete_after=NOW - 10 * MINUTE)
    found = merge([full, Told((change(20, "older", known_from="traffic"),))], DAY)
    assert [each.key for each in found.changes] == ["read"]
    assert found.earlier


def test_a_source_that_cannot_be_read_is_a_gap_of_its_kinds() -> None:
    closed = unread(frozenset({ChangeKind.FREEZE, ChangeKind.WEIGHTS}), "the ledger", "it is another user's\x1b[2J")
    found = merge([closed, Told((change(5, kind=ChangeKind.VENDOR),))], DAY)
    assert [gap.words for gap in found.gaps] == ["weights, freeze: the ledger cannot be read: it is another user's [2J"]
    assert found.gaps[0].problem
    assert len(found.changes) == 1


def test_a_gap_is_said_where_it_has_to_do_with_what_is_asked() -> None:
    early = Gap(EVERY_KIND, "nothing is kept", until=NOW - timedelta(days=2))
    late = Gap(frozenset({ChangeKind.VENDOR}), "it was not read since", since=NOW - MINUTE)
    assert merge([Told(gaps=(early,))], DAY).gaps == ()
    assert merge([Told(gaps=(late,))], DAY).gaps == (late,)
    weights = ChangeQuery(DAY.since, DAY.until, frozenset({ChangeKind.WEIGHTS}))
    assert merge([Told(gaps=(late,))], weights).gaps == ()
    assert merge([Told(gaps=(early,))], ChangeQuery(NOW - timedelta(days=3), NOW)).gaps[0].words == (
        "everything before 2026-06-04 12:00:00 UTC: nothing is kept"
    )


def seen(minutes: float, after: dict[str, int], *, ours: bool = False) -> SeenShares:
    moved = change(minutes, "5", ChangeKind.WEIGHTS, known_from="traffic", not_before=NOW - (minutes + 1) * MINUTE)
    return SeenShares(moved, after, ours)


WROTE = Write({"aws": 0, "gcp": 100}, NOW - 10.5 * MINUTE, NOW - 10.4 * MINUTE)


@pytest.mark.parametrize(
    ("found", "writes", "said"),
    [
        (seen(10, {"aws": 0, "gcp": 100}), (WROTE,), None),
        (seen(10, {"aws": 1, "gcp": 99}), (WROTE,), "it moved 5; nobody wrote that here"),
        (seen(300, {"aws": 0, "gcp": 100}), (WROTE,), "it moved 5; nobody wrote that here"),
        (seen(5, {"aws": 0, "gcp": 100}), (WROTE,), "it moved 5; nobody wrote that here"),
        (seen(10, {"aws": 0, "gcp": 100}), None, "it moved 5; whether they were written here is not known"),
        (seen(10, {"aws": 0, "gcp": 100}, ours=True), None, "it moved 5"),
        (seen(10, {"aws": 0, "gcp": 100}, ours=True), (), None),
    ],
)
def test_shares_that_nobody_here_wrote_are_said(
    found: SeenShares, writes: tuple[Write, ...] | None, said: str | None
) -> None:
    answer = merge([Told(shares=(found,)), Told(writes=writes)], DAY)
    assert [each.sentence for each in answer.changes] == ([] if said is None else [said])


def test_what_is_on_record_of_the_configuration_is_said_once() -> None:
    noted = change(5, "configuration", ChangeKind.CONFIGURATION)
    same = change(5, "9", ChangeKind.CONFIGURATION, known_from="service", not_before=NOW - 6 * MINUTE)
    other = change(50, "8", ChangeKind.CONFIGURATION, known_from="service", not_before=NOW - 51 * MINUTE)
    assert merge([Told((noted,)), Told((same, other))], DAY).changes == (other, noted)


def test_what_changed_before_an_alert_is_nearest_first() -> None:
    alert = NOW - 10 * MINUTE
    changes = [
        change(41, "too early"),
        change(40, "first"),
        change(10, "at once"),
        change(9, "after"),
        change(8, "may have been before", not_before=NOW - 12 * MINUTE),
        change(20, "another alert", ChangeKind.ALERT),
    ]
    assert [each.key for each in before(changes, alert)] == ["may have been before", "at once", "first"]
    assert [each.key for each in before(changes, alert, 2 * MINUTE)] == ["may have been before", "at once"]


def test_a_filter_takes_every_word_wherever_it_stands() -> None:
    changes = [change(1, "a", who="ada"), change(2, "b", ChangeKind.VENDOR)]
    assert [each.key for each in matching(changes, "ADA freeze")] == ["a"]
    assert [each.key for each in matching(changes, "")] == ["a", "b"]
    assert matching(changes, "ada vendor") == ()


def test_when_it_was_says_whether_that_is_known() -> None:
    assert change(0).when == "2026-06-06 12:00:00 UTC"
    assert change(0, not_before=NOW - MINUTE).when == "between 11:59:00 and 2026-06-06 12:00:00 UTC"
