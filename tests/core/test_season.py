"""Season and the protection level by the date, as DESIGN's table has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wedtui.core.season import Protection, is_southern, pace, protection_by_date, season

LONDON, SYDNEY, NEW_YORK = "Europe/London", "Australia/Sydney", "America/New_York"


@pytest.mark.parametrize(
    ("month", "north", "south"),
    [
        (1, ("off_peak", 1.0), ("peak", 2.5)),
        (2, ("off_peak", 1.0), ("peak", 2.5)),
        (3, ("ramp_up", 1.5), ("peak", 2.5)),
        (4, ("ramp_up", 1.5), ("wind_down", 2.5)),
        (5, ("peak", 2.5), ("off_peak", 1.0)),
        (8, ("peak", 2.5), ("off_peak", 1.0)),
        (9, ("peak", 2.5), ("ramp_up", 1.5)),
        (10, ("wind_down", 2.5), ("ramp_up", 1.5)),
        (11, ("off_peak", 1.0), ("peak", 2.5)),
        (12, ("off_peak", 1.0), ("peak", 2.5)),
    ],
)
def test_seasons_shift_by_six_months_in_the_south(
    month: int, north: tuple[str, float], south: tuple[str, float]
) -> None:
    at = datetime(2026, month, 15, 12, tzinfo=UTC)
    assert season(at, LONDON) == north
    assert season(at, SYDNEY) == south


@pytest.mark.parametrize(
    ("at", "zones", "level"),
    [
        (datetime(2026, 6, 20, 12, tzinfo=UTC), [LONDON], Protection.MAXIMUM),  # Saturday, 2.5 x 8 = 20
        (datetime(2026, 6, 19, 12, tzinfo=UTC), [LONDON], Protection.NORMAL),
        (datetime(2026, 3, 14, 12, tzinfo=UTC), [LONDON], Protection.HIGH),  # 1.5 x 8 = 12
        (datetime(2026, 1, 10, 12, tzinfo=UTC), [LONDON], Protection.HIGH),  # 1.0 x 8 = 8
        (datetime(2026, 1, 10, 12, tzinfo=UTC), [LONDON, SYDNEY], Protection.MAXIMUM),
        # Saturday is a local day: it is still Friday in New York, already Saturday in Sydney.
        (datetime(2026, 7, 4, 3, 59, tzinfo=UTC), [NEW_YORK], Protection.NORMAL),
        (datetime(2026, 7, 4, 4, 0, tzinfo=UTC), [NEW_YORK], Protection.MAXIMUM),
        (datetime(2026, 6, 20, 12, tzinfo=UTC), [], Protection.MAXIMUM),
    ],
)
def test_protection_by_the_date_is_that_of_the_largest_zone(at: datetime, zones: list[str], level: Protection) -> None:
    verdict = protection_by_date(at, zones)
    assert verdict.level is level
    assert ("not Saturday" in verdict.words) is (level is Protection.NORMAL)


@pytest.mark.parametrize(
    ("zone", "southern"),
    [("NZ", True), ("Brazil/East", True), ("Africa/Luanda", True), ("Africa/Lagos", False), ("US/Eastern", False)],
)
def test_hemispheres_come_from_the_zone_table(zone: str, southern: bool) -> None:
    assert is_southern(zone) is southern


def test_wedding_day_mode_asks_more_often() -> None:
    assert pace(Protection.NORMAL).probe == timedelta(seconds=10)
    assert pace(Protection.NORMAL).query == timedelta(seconds=60)
    for level in (Protection.HIGH, Protection.MAXIMUM):
        assert (pace(level).probe, pace(level).query) == (timedelta(seconds=3), timedelta(seconds=30))
