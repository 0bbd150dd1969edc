"""Buckets and the door: bounds that hold for one user, whatever another does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wedtui.control.limits import Door, Limits

STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from([0.0, 0.0, 0.0, 0.0, 0.5, 7.0])), max_size=100
)


@given(steps=STEPS)
def test_no_user_gets_more_than_a_minute_s_worth_and_what_came_since(steps: list[tuple[int, bool, float]]) -> None:
    limits, now = Limits(10, 4), 0.0
    taken = {(uid, acts): 0 for uid in range(3) for acts in (False, True)}
    for uid, acts, later in steps:
        now += later
        wait = limits.take(uid, now, acts=acts)
        if wait is None:
            taken[uid, acts] += 1
        else:
            assert 1 <= wait <= 15
            # What it says is true: after that there is one.
            assert Limits.take(limits, uid, now + wait, acts=acts) is None
            now += wait
            taken[uid, acts] += 1
        for each in range(3):
            assert taken[each, False] <= 10 + now / 6 + 1e-6
            assert taken[each, True] <= 4 + now / 15 + 1e-6


def test_one_user_s_limit_is_not_another_s() -> None:
    limits = Limits(2, 1)
    assert [limits.take(1, 0, acts=True) for _ in range(2)] == [None, 60]
    assert limits.take(2, 0, acts=True) is None
    assert limits.take(1, 0, acts=False) is None


@given(looks=st.integers(0, 50), acts=st.integers(0, 50))
def test_looking_leaves_all_room_to_act_and_acting_all_room_to_look(looks: int, acts: int) -> None:
    limits = Limits(10, 4)
    looked = [limits.take(1, 0, acts=False) for _ in range(looks)]
    acted = [limits.take(1, 0, acts=True) for _ in range(acts)]
    assert (looked.count(None), acted.count(None)) == (min(looks, 10), min(acts, 4))
    assert limits.take(1, 15, acts=True) is None


def test_the_door() -> None:
    door = Door(of_one=2, of_all=3)
    assert [door.enter(1), door.enter(1), door.enter(1), door.enter(2), door.enter(3)] == [
        True,
        True,
        False,
        True,
        False,
    ]
    door.leave(1)
    assert (door.enter(3), door.enter(1)) == (True, False)
