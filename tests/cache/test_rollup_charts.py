"""Charts of long stretches, which are read from roll-ups."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cache.base import NOW, SECOND, reading, writing
from tests.cache.rolling import DAY, roll_all, store, walk
from tests.places import PLACES
from wedtui.cache.history import drawn
from wedtui.cache.kind import CACHE
from wedtui.core.rollup import extremes
from wedtui.core.series import Point, Series
from wedtui.store.instants import to_microseconds
from wedtui.store.opening import readable


def chart(path: Path, since: datetime, until: datetime, most: int = 600) -> Series:
    with reading(path) as reader:
        return reader.series("aws", "cpu", since, until, most=most)


@pytest.mark.parametrize("most", [600, 60, 21, 8, 2])
@pytest.mark.parametrize("shift", [timedelta(), timedelta(hours=1, minutes=3, seconds=7)])
def test_a_chart_from_rollups_hides_no_extreme_and_invents_no_value(
    tmp_path: Path, most: int, shift: timedelta
) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 3 * DAY, NOW, 30 * SECOND)
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
    since = NOW - 3 * DAY + shift
    points = chart(path, since, NOW, most).points
    there = {Point(at, value) for at, value in samples.items() if since <= at <= NOW}
    assert 2 <= len(points) <= most
    assert set(points) <= there
    assert list(points) == sorted(points, key=lambda point: point.at)
    for extreme in (min, max):
        assert extreme(p.value for p in points) == extreme(p.value for p in there)


def test_every_bucket_of_a_chart_keeps_its_own_extremes(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 3 * DAY, NOW, 30 * SECOND)
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
    first, last = to_microseconds(NOW - 2.7 * DAY) + 1, to_microseconds(NOW)
    plain = [(to_microseconds(at), value) for at, value in samples.items() if first <= to_microseconds(at) < last]
    reader = readable(PLACES.url(path), CACHE)
    for buckets in (300, 97, 50, 20, 4):
        with reader.reading() as snapshot:
            found = drawn(snapshot, 1, (first, last), buckets)
        assert found is not None
        assert len({at // found.width for at, _value in plain}) <= buckets
        assert extremes(found.points, found.width) == extremes(plain, found.width)
    reader.close()


def test_a_chart_goes_on_where_samples_are_deleted(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 4 * DAY, NOW, 60 * SECOND)
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
        writer.prune(NOW - DAY)
        writer.prune_rollups({60: NOW - DAY, 300: NOW - 2 * DAY})
    points = chart(path, NOW - 4 * DAY, NOW, 200).points
    assert points[0].at < NOW - 3.9 * DAY
    assert {p.at: p.value for p in points}.items() <= samples.items()
    assert max(p.value for p in points) == max(samples.values())
    # A stretch of which only roll-ups are left, however short.
    assert chart(path, NOW - 3 * DAY, NOW - 2.9 * DAY).points
