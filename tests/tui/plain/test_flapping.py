"""What changes too often is counted: bounded, never silent, and never a worsening held back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wedtui.tui.plain.changes import Change, Rank
from wedtui.tui.plain.flapping import SAID_IN_WINDOW, SUMMARY_EVERY_S, WINDOW_S, Damper

BAD = Change(Rank.WORSE, "provider aws", "aws is DEGRADED, was OK: why.", 1)
GOOD = Change(Rank.BETTER, "provider aws", "aws is OK, was DEGRADED: fine.", 0)
WORST = Change(Rank.CRITICAL, "provider aws", "aws is CRITICAL, was OK: why.", 3)


def flap(damper: Damper, times: int) -> list[Change]:
    return [c for n in range(times) for c in damper.let_through([(BAD, GOOD)[n % 2]], float(n))]


def test_a_few_changes_are_said_then_they_are_counted_and_the_count_is_said() -> None:
    damper = Damper()
    said = flap(damper, 20)
    assert [c.text for c in said[:SAID_IN_WINDOW]] == [BAD.text, GOOD.text] * (SAID_IN_WINDOW // 2)
    assert "It keeps changing, 5 times within 60 seconds" in said[SAID_IN_WINDOW].text
    assert len(said) == SAID_IN_WINDOW + 1
    assert damper.due(19) == ()
    at = SAID_IN_WINDOW + SUMMARY_EVERY_S
    (summary,) = damper.due(at)
    assert (summary.more, summary.last) == (20 - SAID_IN_WINDOW - 1, GOOD)
    (steady,) = damper.due(at + SUMMARY_EVERY_S)
    assert steady.more == 0
    assert damper.due(at + 9 * SUMMARY_EVERY_S) == ()
    assert damper.let_through([BAD], at + 9 * SUMMARY_EVERY_S) == (BAD,)


def test_what_is_worse_than_anything_before_is_said_at_once() -> None:
    damper = Damper()
    flap(damper, 10)
    assert damper.let_through([WORST], 11.0) == (WORST,)
    assert damper.let_through([WORST], 12.0) == ()


def test_others_are_not_held_back_with_it() -> None:
    damper = Damper()
    flap(damper, 10)
    other = GOOD._replace(key="provider gcp")
    assert damper.let_through([GOOD, other], 11.0) == (other,)


def test_changes_that_are_far_apart_are_all_said() -> None:
    damper = Damper()
    for n in range(50):
        assert damper.let_through([BAD], n * WINDOW_S / SAID_IN_WINDOW) == (BAD,)


@given(st.lists(st.tuples(st.sampled_from([BAD, GOOD, WORST]), st.floats(0, 20)), max_size=80))
def test_every_change_is_said_or_counted(story: list[tuple[Change, float]]) -> None:
    damper, at, said, counted = Damper(), 0.0, 0, 0
    for change, pause in story:
        at += pause
        said += len(damper.let_through([change], at))
        counted += sum(s.more for s in damper.due(at))
    counted += sum(s.more for s in damper.due(at + SUMMARY_EVERY_S))
    assert said + counted == len(story)
