"""How much a source of weddings may lose before a person has to look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.wedding import UNITS
from wedtui.core.wedding_loss import Coming, Loss, questionable, remembered

EARLIER = Loss(100, 10, 10 * UNITS, 8 * UNITS)


@pytest.mark.parametrize(
    ("before", "after", "losses", "what"),
    [
        (Coming(4, 40, 0), Coming(2, 20, 0), [], None),
        (Coming(4, 40, 0), Coming(1, 40, 0), [], "more than half of its 4 coming weddings"),
        (Coming(4, 40, 0), Coming(4, 19, 0), [], "more than half of the load of its coming weddings"),
        (Coming(0, 0, 0), Coming(0, 0, 0), [], None),
        # What was lost before counts along, but only where something is lost now.
        (Coming(12, 0, 0), Coming(11, 0, 0), [EARLIER], None),
        (Coming(12, 0, 0), Coming(10, 0, 0), [EARLIER], "more than half of its 22 coming weddings within 24 h"),
        (Coming(2, 2, 0), Coming(2, 2, 0), [EARLIER], None),
        # A wedding or two may be called off; an evening may not.
        (Coming(0, 99 * UNITS, 8 * UNITS), Coming(0, 95 * UNITS, 4 * UNITS), [], None),
        (
            Coming(0, 99 * UNITS, 8 * UNITS),
            Coming(0, 94 * UNITS, 4 * UNITS - 1),
            [],
            "more than half of the load of the next 24 h",
        ),
        (Coming(0, 99 * UNITS, 8 * UNITS - 1), Coming(0, 92 * UNITS, 0), [], None),
    ],
)
def test_what_is_questioned(before: Coming, after: Coming, losses: list[Loss], what: str | None) -> None:
    assert questionable(before, after, losses) == what


def test_what_is_remembered() -> None:
    assert remembered([Loss(5, 1, 1, 1), Loss(9, 2, 2, 2)], [Loss(9, 1, 10, 0)], Coming(), 5) == (Loss(9, 3, 12, 2),)
    # What was found again was not lost, the newest first; of this reading nothing was found again.
    found = remembered([Loss(7, 3, 9, 0), Loss(9, 2, 2, 0)], [Loss(9, 1, 1, 0)], Coming(3, 2, 5), 5)
    assert found == (Loss(7, 2, 9, 0), Loss(9, 1, 1, 0))


@given(start=st.integers(0, 200), losses=st.lists(st.integers(1, 100), max_size=8))
def test_however_small_the_steps_half_is_the_most_that_goes_unseen_within_a_day(start: int, losses: list[int]) -> None:
    known, kept = start, tuple[Loss, ...]()
    for lost in losses:
        left = max(0, known - lost)
        if questionable(Coming(known), Coming(left), kept) is None:
            kept = remembered(kept, [Loss(100, known - left, 0, 0)], Coming(), 0)
            known = left
    assert 2 * known >= start
