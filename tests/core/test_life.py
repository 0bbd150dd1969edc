"""Whether a life of a service is surely over: only an earlier one that held the very lock of the one who asks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.life import Life, is_over, life_of

MINE = Life("b2", "boot:1:2", 20)
LIVES = st.builds(Life, st.sampled_from(["a1", "b2"]), st.sampled_from(["", "boot:1:2", "boot:1:3"]), st.integers(0, 3))


@pytest.mark.parametrize(
    ("holder", "over"),
    [
        (Life("a1", "boot:1:2", 19), True),
        (MINE, False),
        (Life("c3", "boot:1:2", 21), False),
        (Life("a1", "boot:1:3", 19), False),
        (Life("a1", "earlier:1:2", 19), False),
        (Life("a1"), False),
    ],
    ids=["before", "itself", "after", "another lock", "another start of the machine", "no lock"],
)
def test_who_held_my_lock_before_me_is_over(holder: Life, over: bool) -> None:
    assert is_over(holder.name, MINE.name) is over
    assert not is_over(holder.name, Life("b2", "", 20).name)


@pytest.mark.parametrize("name", ["", "two", "a1 boot:1:2", "a1 boot:1:2 x", "a1 boot:1:2 1 2", "a1  1", None])
def test_of_whoever_names_no_lock_nothing_is_known(name: str | None) -> None:
    assert not is_over(name, MINE.name)
    assert not is_over(MINE.name, name or "")


@given(LIVES, LIVES)
def test_a_name_says_who_it_is_and_of_two_at_most_one_is_over(one: Life, two: Life) -> None:
    assert life_of(one.name) == (one if one.lock else Life(one.instance))
    assert not (is_over(one.name, two.name) and is_over(two.name, one.name))
