"""Figures of releasing: what counts where, and that nothing to count is no number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wedtui.core.deployments.release import ReleaseState
from wedtui.core.deployments.stats import Frozen, History, MonthOf, Overridden, Ran, by_month, month_of

S = ReleaseState
RSVP, GALLERY = ("production", "rsvp"), ("production", "gallery")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
AT = JUNE + 2 * DAY
NOW = datetime(2026, 6, 20, tzinfo=UTC)


def ran(number: int = 1, state: ReleaseState = S.SUCCEEDED, at: datetime = AT, **other: Any) -> Ran:
    """Return a release that was started ten minutes after it was submitted, and in place after five more."""
    placed = {} if state in {S.RUNNING, S.FAILED} else {"placed_at": at + 5 * MINUTE}
    return Ran(
        number, **{"where": RSVP, "submitted_at": at - 10 * MINUTE, **placed, **other}, state=state, started_at=at
    )


def month(*some: Ran, now: datetime = NOW, **other: Any) -> MonthOf:
    (found,) = (each for each in by_month(History(some, **other), now) if each.begins == JUNE)
    return found


def test_nothing_that_was_started_is_nothing_at_all() -> None:
    assert by_month(History(()), NOW) == ()


@pytest.mark.parametrize(
    ("states", "finished", "failed", "rate"),
    [
        ((S.RUNNING,), 0, 0, None),
        ((S.VERIFYING,), 0, 0, None),
        ((S.SUCCEEDED,), 1, 0, 0.0),
        ((S.FAILED,), 1, 1, 1.0),
        ((S.ROLLING_BACK,), 1, 1, 1.0),
        ((S.BLOCKED,), 1, 1, 1.0),
        ((S.SUCCEEDED, S.SUCCEEDED, S.ROLLED_BACK, S.SUCCEEDED, S.RUNNING), 4, 1, 0.25),
    ],
)
def test_the_failure_rate_is_that_of_what_is_finished(
    states: tuple[ReleaseState, ...], finished: int, failed: int, rate: float | None
) -> None:
    found = month(*(ran(number, state) for number, state in enumerate(states)))
    assert (found.releases, found.finished, found.failed, found.failure_rate) == (len(states), finished, failed, rate)


@pytest.mark.parametrize(
    ("minutes", "median", "p90"),
    [
        ((), None, None),
        ((7,), 7.0, 7.0),
        ((9, 1), 5.0, 9.0),
        (tuple(range(1, 11)), 5.5, 9.0),
        (tuple(range(1, 12)), 6.0, 10.0),
    ],
)
def test_lead_time_is_from_submission_until_the_version_is_in_place(
    minutes: tuple[int, ...], median: float | None, p90: float | None
) -> None:
    some = [
        ran(number, submitted_at=AT - HOUR, placed_at=AT - HOUR + each * MINUTE) for number, each in enumerate(minutes)
    ]
    # One that was taken back was delivered to nobody.
    found = month(*some, ran(90, S.ROLLED_BACK, failed_at=AT, placed_at=AT + DAY), ran(91, S.RUNNING))
    assert (found.lead_median, found.lead_p90) == tuple(
        None if each is None else each * MINUTE for each in (median, p90)
    )


@pytest.mark.parametrize(
    ("after", "minutes", "open_ones"),
    [
        ([ran(1, S.ROLLED_BACK, failed_at=AT + HOUR, restored_at=AT + HOUR + 3 * MINUTE)], 3.0, 0),
        ([ran(1, S.ROLLING_BACK, failed_at=AT + HOUR)], None, 1),
        ([ran(1, S.BLOCKED, failed_at=AT + HOUR)], None, 1),
        # The next that did well made it good, also in the month after; one before, of another service, or one that
        # hurt as well did not.
        ([ran(1, S.FAILED, failed_at=AT + HOUR), ran(2, placed_at=AT + 2 * HOUR)], 60.0, 0),
        ([ran(1, S.FAILED, failed_at=AT), ran(2, at=AT + 40 * DAY, placed_at=AT + 40 * DAY)], 40 * 24 * 60.0, 0),
        ([ran(1, S.FAILED, failed_at=AT + HOUR), ran(2, placed_at=AT + MINUTE)], None, 1),
        ([ran(1, S.FAILED, failed_at=AT), ran(2, where=GALLERY, placed_at=AT + HOUR)], None, 1),
        ([ran(1, S.FAILED, failed_at=AT), ran(2, S.ROLLED_BACK, placed_at=AT + HOUR)], None, 2),
        (
            [
                ran(1, S.ROLLED_BACK, failed_at=AT, restored_at=AT + 2 * HOUR),
                ran(2, placed_at=AT + HOUR),
                ran(3, S.ROLLED_BACK, failed_at=AT, restored_at=AT + 30 * MINUTE),
            ],
            45.0,
            0,
        ),
    ],
)
def test_time_to_restore_ends_with_a_rollback_or_the_next_that_did_well(
    after: list[Ran], minutes: float | None, open_ones: int
) -> None:
    found = [each for each in by_month(History(after), AT + 60 * DAY) if each.service == "rsvp" and each.begins == JUNE]
    assert [each.restore_median for each in found] == [None if minutes is None else minutes * MINUTE]
    assert [each.not_restored for each in found] == [open_ones]


def test_a_month_without_a_release_has_no_figures_and_no_zeros() -> None:
    some = [ran(1, at=datetime(2026, 4, 30, 23, 59, tzinfo=UTC)), ran(2), ran(3, where=GALLERY, at=JUNE - MINUTE)]
    found = by_month(History(some), NOW)
    assert [(each.month, each.service, each.releases) for each in found] == [
        ("2026-06", "gallery", 0),
        ("2026-06", "rsvp", 1),
        ("2026-05", "gallery", 1),
        ("2026-05", "rsvp", 0),
        ("2026-04", "rsvp", 1),
    ]
    empty = found[3]
    assert (empty.failure_rate, empty.lead_median, empty.lead_p90, empty.restore_median, empty.frozen) == (None,) * 5


@pytest.mark.parametrize(("at", "used"), [(AT - MINUTE, 0), (AT, 1), (AT + HOUR - MINUTE, 1), (AT + HOUR, 0)])
def test_an_override_was_used_by_a_release_that_started_while_it_held(at: datetime, used: int) -> None:
    given = [Overridden(1, AT, AT + HOUR), Overridden(1, AT, AT + HOUR), Overridden(2, JUNE, NOW)]
    assert month(ran(1, at=at), overrides=given).overrides == used


@pytest.mark.parametrize(
    ("spans", "known", "hours"),
    [
        ((), None, None),
        ((), (JUNE, NOW), 0.0),
        ((), (JUNE - DAY, NOW + DAY), 0.0),
        ((), (JUNE + HOUR, NOW + DAY), None),
        ((), (JUNE - DAY, NOW - HOUR), None),
        (((AT, AT + 5 * HOUR),), None, 5.0),
        (((JUNE - DAY, JUNE + HOUR), (NOW - HOUR, NOW + DAY)), None, 2.0),
        (((AT + HOUR, AT + 3 * HOUR), (AT, AT + 2 * HOUR), (AT, AT + HOUR), (AT + 3 * HOUR, AT + 4 * HOUR)), None, 4.0),
        (((JUNE - 2 * DAY, JUNE - DAY), (NOW + HOUR, NOW + DAY)), None, None),
    ],
)
def test_frozen_hours_are_those_of_the_month_up_to_now_and_what_is_unknown_is_none(
    spans: tuple[tuple[datetime, datetime], ...], known: tuple[datetime, datetime] | None, hours: float | None
) -> None:
    found = month(ran(), frozen={RSVP: Frozen(spans, known)})
    assert found.frozen == (None if hours is None else hours * HOUR)


def test_what_is_over_counts_the_whole_month_and_no_instant_twice() -> None:
    always = {RSVP: Frozen(((JUNE - 90 * DAY, JUNE + 90 * DAY),))}
    found = by_month(History([ran(at=datetime(2026, 1, 31, tzinfo=UTC))], frozen=always), NOW)
    days = {each.month: each.frozen for each in found}
    assert days["2026-06"] == 19 * DAY
    assert days["2026-05"] == 31 * DAY
    assert days["2026-04"] == 30 * DAY
    assert days["2026-01"] is None
    assert month_of(datetime(2026, 2, 28, 23, 59, tzinfo=UTC)) == datetime(2026, 2, 1, tzinfo=UTC)
