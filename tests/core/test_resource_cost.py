"""What a resource costs a month by its days: the rule as a table, and what it never does to one that is new."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.resource_cost import DAYS_A_MONTH, CostEstimate, KnownCost, believed_cost, cost_words, estimate

FIRST, LAST = date(2026, 6, 7), date(2026, 6, 18)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
FOUND = KnownCost(CostEstimate(1234.5, 5, LAST), NOW - 3 * HOUR, DAY)


def billed(begins: int, *amounts: float) -> dict[date, float]:
    """Return amounts of one day after another, from a day of the twelve on."""
    return {FIRST + (begins + n) * DAY: amount for n, amount in enumerate(amounts)}


@pytest.mark.parametrize(
    ("days", "monthly", "of"),
    [
        (billed(0, *[2.4] * 12), 73.0, 12),  # all the time
        (billed(6, 0.1, *[2.4] * 5), 73.0, 5),  # began late on the seventh day: that one is no whole day
        (billed(0, *[0.0] * 6, 0.1, *[2.4] * 5), 73.0, 5),  # the same, named with nothing on the days before
        (billed(0, *[2.4, 0.0] * 6), 36.5, 12),  # every other day
        (billed(0, 2.4) | billed(2, 2.4), 2.4 * 2 / 12 * DAYS_A_MONTH, 12),  # stood still, then was stopped
        (billed(10, 1.0, 2.4), 73.0, 1),
        (billed(3, 500.0), 500.0, 8),  # once: never less than was spent
        (billed(3, 500.0, 0.1), 500.1, 8),
        (billed(0, *[0.0] * 12), 0.0, 12),  # billed with nothing, which is known of it
        (billed(0, -1.2, *[-2.4] * 11), -27.6, 12),  # a credit is none for the whole month
    ],
)
def test_what_it_costs_a_month(days: dict[date, float], monthly: float, of: int) -> None:
    found = estimate(days, FIRST, LAST)
    assert found is not None
    assert (round(found.monthly_usd, 6), found.days, found.until) == (round(monthly, 6), of, LAST)


@pytest.mark.parametrize("days", [{}, billed(11, 2.4), billed(12, 2.4), {FIRST - DAY: 2.4}])
def test_what_was_not_there_for_one_whole_day_is_not_known(days: dict[date, float]) -> None:
    assert estimate(days, FIRST, LAST) is None


@given(st.floats(0.001, 1e6), st.integers(0, 10), st.floats(0.001, 1.0))
def test_what_runs_all_the_time_costs_the_same_whenever_it_began(rate: float, begins: int, part: float) -> None:
    days = billed(begins, rate * part if begins else rate, *[rate] * (11 - begins))
    found = estimate(days, FIRST, LAST)
    assert found is not None
    assert found.monthly_usd == pytest.approx(rate * DAYS_A_MONTH)


@given(st.dictionaries(st.integers(0, 11), st.floats(0, 1e6), min_size=1))
def test_it_is_never_less_than_was_spent_and_never_dearer_than_the_dearest_day(amounts: dict[int, float]) -> None:
    found = estimate({FIRST + n * DAY: amount for n, amount in amounts.items()}, FIRST, LAST)
    if found is not None:
        assert found.monthly_usd >= sum(amounts.values()) * (1 - 1e-9)
        assert found.monthly_usd <= max(amounts.values()) * DAYS_A_MONTH * (1 + 1e-9)
        assert 1 <= found.days <= 12


@pytest.mark.parametrize(
    ("said", "known", "words", "believed"),
    [
        (None, None, ("unknown", None), None),
        (12.5, None, ("US$ 12.50 a month", None), 12.5),
        (
            None,
            FOUND,
            ("about US$ 1,234.50 a month", "from 5 whole days up to 2026-06-18, read 3 h 00 m ago"),
            1234.5,
        ),
        (
            None,
            KnownCost(CostEstimate(0.0, 1, LAST), NOW - 49 * HOUR, DAY),
            (
                "unknown, stale; last known about US$ 0.00 a month",
                "from 1 whole day up to 2026-06-18, read 2 d 1 h ago",
            ),
            None,
        ),
    ],
)
def test_a_cost_has_its_days_and_its_age_and_none_is_unknown(
    said: float | None, known: KnownCost | None, words: tuple[str, str | None], believed: float | None
) -> None:
    assert cost_words(said, known, NOW) == words
    assert believed_cost(said, known, NOW) == believed
