"""How a lost share is spread: DESIGN's cases, and what holds for all shares and caps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.shares import WHOLE, cap, spread

DEFAULT = {"aws": 60, "azure": 25, "gcp": 15, "digitalocean": 0}


@pytest.mark.parametrize(
    ("caps", "after", "unplaced"),
    [
        ((45, 30, 40), (0, 45, 30, 25), 0),
        ((100, 100, 0), (0, 63, 37, 0), 0),
        ((45, 30, 20), (0, 45, 30, 20), 5),
        ((100, 100, 100), (0, 63, 37, 0), 0),
        ((0, 0, 0), (0, 25, 15, 0), 60),
        ((20, 100, 100), (0, 25, 75, 0), 0),
    ],
    ids=["capped", "no room where nothing is", "no room", "tie", "full", "over its cap already"],
)
def test_aws_is_lost(caps: tuple[int, ...], after: tuple[int, ...], unplaced: int) -> None:
    found = spread(DEFAULT, {"aws"}, dict(zip(("azure", "gcp", "digitalocean"), caps, strict=True)))
    assert (tuple(found.shares.values()), found.unplaced) == (after, unplaced)


def test_who_may_not_gain_keeps_what_it_has() -> None:
    found = spread(DEFAULT, {"aws"}, {"gcp": 100})
    assert (found.shares, found.unplaced) == ({"aws": 0, "azure": 25, "gcp": 75, "digitalocean": 0}, 0)


def test_those_that_have_nothing_share_by_their_caps() -> None:
    found = spread({"a": 90, "b": 10, "c": 0, "d": 0}, {"a"}, {"b": 10, "c": 60, "d": 30})
    assert found.shares == {"a": 0, "b": 10, "c": 60, "d": 30}
    found = spread({"a": 30, "b": 70, "c": 0, "d": 0}, {"a"}, {"b": 70, "c": 60, "d": 30})
    assert found.shares == {"a": 0, "b": 70, "c": 20, "d": 10}


@pytest.mark.parametrize(
    ("capacity", "peak", "percent"),
    [
        (585, 1000, 45),
        (584.99, 1000, 44),
        (100, 1000, 7),
        (1000, 1000, 76),
        (1300, 1000, 100),
        (5000, 1000, 100),
        (0.001, 1000, 0),
        (1, 0, 0),
    ],
)
def test_a_cap_leaves_room_for_what_nobody_foresaw(capacity: float, peak: float, percent: int) -> None:
    assert cap(capacity, peak) == percent


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, int], set[str], dict[str, int]]:
    """Draw shares that sum to 100, what is lost, and the caps of some of the rest."""
    count = draw(st.integers(1, 6))
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE), min_size=count - 1, max_size=count - 1)))
    names = [f"p{n}" for n in range(count)]
    shares = {name: after - before for name, before, after in zip(names, [0, *cuts], [*cuts, WHOLE], strict=True)}
    lost = draw(st.sets(st.sampled_from(names)))
    caps = draw(st.dictionaries(st.sampled_from(names), st.integers(0, WHOLE)))
    return shares, lost, caps


@given(cases())
def test_nothing_is_lost_on_the_way_and_no_cap_is_exceeded(
    case: tuple[dict[str, int], set[str], dict[str, int]],
) -> None:
    shares, lost, caps = case
    found = spread(shares, lost, caps)
    assert set(found.shares) == set(shares)
    assert sum(found.shares.values()) + found.unplaced == WHOLE
    assert found.unplaced >= 0
    for name, share in found.shares.items():
        if name in lost:
            assert share == 0
            continue
        assert share >= shares[name]
        assert share <= max(shares[name], caps.get(name, 0))


@given(cases())
def test_room_is_never_left_while_something_has_no_place(case: tuple[dict[str, int], set[str], dict[str, int]]) -> None:
    shares, lost, caps = case
    found = spread(shares, lost, caps)
    if found.unplaced:
        assert all(found.shares[name] >= caps[name] for name in caps if name in shares and name not in lost)


@given(cases())
def test_who_has_nothing_gains_only_what_the_others_cannot_take(
    case: tuple[dict[str, int], set[str], dict[str, int]],
) -> None:
    shares, lost, caps = case
    found = spread(shares, lost, caps)
    if any(found.shares[name] and not shares[name] for name in shares):
        carrying = [name for name in caps if name not in lost and shares[name]]
        assert all(found.shares[name] >= caps[name] for name in carrying)


@given(cases())
def test_gains_are_in_proportion_within_one_percent(case: tuple[dict[str, int], set[str], dict[str, int]]) -> None:
    shares, lost, caps = case
    found = spread(shares, lost, caps)
    free = [n for n in caps if n not in lost and shares[n] and found.shares[n] < caps[n]]
    for one in free:
        for other in free:
            ratio = shares[one] / shares[other]
            gained, beside = found.shares[one] - shares[one], found.shares[other] - shares[other]
            assert abs(gained - beside * ratio) <= 1 + ratio
