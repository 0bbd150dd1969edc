from __future__ import annotations

import functools
import itertools
import math
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.rollup import (
    DAY,
    FINER,
    FIVE_MINUTES,
    HOUR,
    MINUTE,
    QUARTER,
    SAMPLES,
    STEPS,
    Aggregate,
    Level,
    Partial,
    Segment,
    answering,
    ceil_to,
    charting,
    contiguous,
    cover,
    extremes,
    floor_to,
    nearest_rank,
    partial_of,
    plain_value,
    width_of,
)

INSTANTS = st.integers(0, 4_000_000_000_000_000)
SHORT = st.integers(0, 2000)
# Whole numbers, of which every sum is exact.
SAMPLE = st.tuples(SHORT, st.integers(-1000, 1000).map(float))
LISTS = st.lists(SAMPLE, min_size=1, max_size=30)
PARTIALS = LISTS.map(partial_of)


@given(INSTANTS, st.sampled_from(STEPS))
def test_an_instant_belongs_to_one_aligned_half_open_bucket(at: int, step: int) -> None:
    width = width_of(step)
    start = floor_to(at, width)
    assert start <= at < start + width
    assert start % width == 0
    assert floor_to(start, width) == start == ceil_to(start, width)
    assert floor_to(start + width, width) == start + width == ceil_to(start + 1, width)


def test_each_step_is_rolled_from_one_that_divides_it() -> None:
    for step in STEPS:
        assert FINER[step] == SAMPLES or step % FINER[step] == 0


@given(PARTIALS, PARTIALS, PARTIALS)
def test_merging_is_associative_and_commutative(a: Partial, b: Partial, c: Partial) -> None:
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))


@given(st.lists(LISTS, min_size=1, max_size=6))
def test_merged_parts_say_what_all_samples_say(parts: list[list[tuple[int, float]]]) -> None:
    whole = functools.reduce(Partial.merge, map(partial_of, parts))
    samples = [sample for part in parts for sample in part]
    values = [value for _at, value in samples]
    assert whole == partial_of(samples)
    assert (whole.count, whole.total, whole.low, whole.high) == (len(values), sum(values), min(values), max(values))
    assert (whole.low_at, whole.low) in samples
    assert (whole.high_at, whole.high) in samples


def test_sums_beyond_every_number_stay_numbers() -> None:
    huge = sys.float_info.max
    up, down = partial_of([(1, huge), (2, huge)]), partial_of([(3, -huge), (4, -huge)])
    assert up.total == huge
    assert math.isfinite(up.merge(up).total + up.merge(down).total)


@given(LISTS)
def test_plain_values(samples: list[tuple[int, float]]) -> None:
    partial = partial_of(samples)
    values = [value for _at, value in samples]
    found = [plain_value(Aggregate(name), partial) for name in ("avg", "sum", "min", "max", "count")]
    assert found == [sum(values) / len(values), sum(values), min(values), max(values), len(values)]
    with pytest.raises(KeyError):
        plain_value(Aggregate.P95, partial)


@pytest.mark.parametrize(
    ("count", "rank", "expected"), [(1, 0.95, 1), (20, 0.95, 19), (100, 0.95, 95), (101, 0.95, 96), (100, 0.99, 99)]
)
def test_a_quantile_is_one_of_the_values(count: int, rank: float, expected: float) -> None:
    values = list(range(1, count + 1))
    random.Random(1).shuffle(values)
    assert nearest_rank(values, rank) == expected


LEVELS = st.lists(
    st.builds(
        lambda step, a, b: Level(step, min(a, b), max(a, b)),
        st.sampled_from([0, 1, 2, 4]),
        *[st.integers(0, 10**7)] * 2,
    ),
    max_size=5,
)


@given(st.integers(0, 10**7), st.integers(0, 10**7), LEVELS)
def test_a_cover_is_whole_and_every_segment_is_its_levels(start: int, end: int, levels: list[Level]) -> None:
    segments = cover(start, end, levels)
    at = start
    for segment in segments:
        assert segment.start == at < segment.end
        at = segment.end
        if segment.step is None:
            continue
        width = width_of(segment.step)
        assert segment.start % width == 0 == segment.end % width
        assert any(
            level.step == segment.step and level.since <= segment.start and segment.end <= level.until
            for level in levels
        )
    assert at == end if start < end else segments == ()
    for step, first, last in segments:
        if step is None:
            # Nothing was left out that a level has: no whole bucket of any lies in a hole.
            for level in levels:
                width = width_of(level.step)
                assert ceil_to(max(first, level.since), width) >= floor_to(min(last, level.until), width)


def test_whole_buckets_in_the_middle_and_finer_ones_at_the_edges() -> None:
    minute, hour = width_of(MINUTE), width_of(HOUR)
    levels = [Level(HOUR, 0, 5 * hour), Level(MINUTE, 0, 6 * hour), Level(SAMPLES, 3 * hour, 2**62)]
    start, end = hour // 2, 6 * hour + minute // 2
    assert cover(start, end, levels) == (
        Segment(MINUTE, hour // 2, hour),
        Segment(HOUR, hour, 5 * hour),
        Segment(MINUTE, 5 * hour, 6 * hour),
        Segment(SAMPLES, 6 * hour, end),
    )
    assert cover(1, end, levels)[0] == Segment(None, 1, minute)


ALL = [Level(step, 0, 10) for step in (SAMPLES, *STEPS)]


@pytest.mark.parametrize(
    ("interval", "aggregate", "steps"),
    [
        (HOUR, Aggregate.AVG, [HOUR, QUARTER, FIVE_MINUTES, MINUTE, SAMPLES]),
        (HOUR, Aggregate.P95, [HOUR, QUARTER, FIVE_MINUTES, SAMPLES]),
        (2 * DAY, Aggregate.MAX, [DAY, HOUR, QUARTER, FIVE_MINUTES, MINUTE, SAMPLES]),
        (MINUTE, Aggregate.P99, [SAMPLES]),
        (600, Aggregate.P99, [FIVE_MINUTES, SAMPLES]),
        (90, Aggregate.SUM, [SAMPLES]),
    ],
)
def test_the_coarsest_that_fits_answers(interval: int, aggregate: Aggregate, steps: list[int]) -> None:
    assert [level.step for level in answering(ALL, width_of(interval), aggregate)] == steps


@pytest.mark.parametrize(
    ("width", "steps"),
    [
        (MINUTE, [SAMPLES, MINUTE, FIVE_MINUTES, QUARTER, HOUR, DAY]),
        (4 * MINUTE, [MINUTE, SAMPLES, FIVE_MINUTES, QUARTER, HOUR, DAY]),
        (DAY, [HOUR, QUARTER, FIVE_MINUTES, MINUTE, SAMPLES, DAY]),
    ],
)
def test_a_chart_takes_coarser_ones_only_where_nothing_finer_is_kept(width: int, steps: list[int]) -> None:
    assert [level.step for level in charting(ALL, width_of(width))] == steps


@given(st.sets(st.integers(0, 40)))
def test_stretches_are_what_the_buckets_cover(numbers: set[int]) -> None:
    stretches = contiguous(sorted(10 * n for n in numbers), 10)
    assert [n for first, last in stretches for n in range(first // 10, last // 10)] == sorted(numbers)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(stretches))


@given(st.lists(SAMPLE, max_size=60, unique_by=lambda sample: sample[0]), st.integers(1, 500))
def test_extremes_of_extremes_are_extremes(samples: list[tuple[int, float]], width: int) -> None:
    found = extremes(samples, width)
    assert found == sorted(found)
    assert set(found) <= set(samples)
    for start in {at - at % width for at, _value in samples}:
        here = [v for at, v in samples if start <= at < start + width]
        kept = [v for at, v in found if start <= at < start + width]
        assert (min(kept), max(kept)) == (min(here), max(here))
        assert len(kept) <= 2
