"""A release goes only the ways that are legal: a table of every move in every state, and of what each leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.deployments.made import HOUR, MINUTE, NOW, RSVP, release
from wedtui.core.actions import IllegalMoveError
from wedtui.core.deployments import moves
from wedtui.core.deployments.moves import LEGAL
from wedtui.core.deployments.release import BEFORE, ENDS, UNDER_WAY, Approval, Hold, Release, ReleaseState

S = ReleaseState
INTO: dict[S, Callable[[Release], Release]] = {
    S.VALIDATING: lambda r: moves.validate(r, NOW),
    S.WAITING: lambda r: moves.line_up(r, NOW),
    S.RUNNING: lambda r: moves.start(r, 7, NOW),
    S.VERIFYING: lambda r: moves.place(r, NOW),
    S.SUCCEEDED: lambda r: moves.succeed(r, "all is well", NOW),
    S.FAILED: lambda r: moves.fail(r, "errors", NOW),
    S.ROLLING_BACK: lambda r: moves.roll_back(r, "errors", NOW),
    S.ROLLED_BACK: lambda r: moves.end_rollback(r, "1.4.1 is in place", NOW),
    S.CANCELLED: lambda r: moves.cancel(r, "ada", "not wanted", NOW),
    S.BLOCKED: lambda r: moves.block(r, "a check failed", NOW),
}
WAYS = {
    S.QUEUED: {S.VALIDATING, S.BLOCKED, S.CANCELLED},
    S.VALIDATING: {S.WAITING, S.BLOCKED, S.CANCELLED},
    S.WAITING: {S.RUNNING, S.BLOCKED, S.CANCELLED},
    S.RUNNING: {S.VERIFYING, S.FAILED},
    S.VERIFYING: {S.SUCCEEDED, S.FAILED},
    S.FAILED: {S.ROLLING_BACK, S.BLOCKED},
    S.ROLLING_BACK: {S.ROLLED_BACK, S.BLOCKED},
    S.SUCCEEDED: {S.ROLLING_BACK},
}


def there(state: S) -> Release:
    return replace(RSVP, state=state, previous="1.4.1", ended_at=NOW if state in ENDS else None)


@pytest.mark.parametrize("before", S)
@pytest.mark.parametrize("after", INTO)
def test_only_the_ways_of_the_table_lead_anywhere(before: S, after: S) -> None:
    release = there(before)
    if after in WAYS.get(before, set()):
        moved = INTO[after](release)
        assert (moved.state, moved.since, moved.entered) == (after, NOW, NOW)
    else:
        with pytest.raises(IllegalMoveError, match=f"it is {before}, and cannot become {after}"):
            INTO[after](release)


def test_every_state_is_in_one_group_and_only_success_is_followed_by_more() -> None:
    assert sorted((*BEFORE, *UNDER_WAY, *ENDS)) == sorted(S)
    assert {state for state in ENDS if LEGAL[state]} == {S.SUCCEEDED}
    assert all(LEGAL[state] for state in (*BEFORE, *UNDER_WAY))


@pytest.mark.parametrize("state", ENDS)
def test_an_end_has_its_instant(state: S) -> None:
    before = next(each for each, ways in WAYS.items() if state in ways)
    assert INTO[state](there(before)).ended_at == NOW
    assert INTO[state](there(before)).is_over


def test_what_started_knows_its_action() -> None:
    moved = moves.start(RSVP, 7, NOW)
    assert (moved.action, moved.started_at) == (7, NOW)
    assert moves.place(moved, NOW + MINUTE).placed_at == NOW + MINUTE


CHECKED = replace(RSVP, state=S.VALIDATING, checks=("image", "tests"))


def test_checks_are_passed_one_by_one_and_only_then_it_stands_in_line() -> None:
    one = moves.check(CHECKED, "tests", passed=True, at=NOW)
    assert one.unchecked == ("image",)
    with pytest.raises(IllegalMoveError, match="its checks are not passed: image"):
        moves.line_up(one, NOW)
    both = moves.check(moves.check(one, "image", passed=True, at=NOW), "tests", passed=True, at=NOW)
    assert (both.unchecked, both.passed) == ((), ("image", "tests"))
    assert moves.line_up(both, NOW).state is S.WAITING


@pytest.mark.parametrize("state", [S.QUEUED, S.VALIDATING])
def test_a_check_that_fails_blocks_it(state: S) -> None:
    failed = moves.check(replace(CHECKED, state=state), "image", passed=False, at=NOW)
    assert (failed.state, failed.sentence) == (S.BLOCKED, "its check image failed")


@pytest.mark.parametrize("name", ["nothing", "IMAGE", "", "\x1b[2J"])
def test_a_check_that_was_not_asked_for_is_refused(name: str) -> None:
    with pytest.raises(IllegalMoveError, match="it has no check") as refused:
        moves.check(CHECKED, name, passed=True, at=NOW)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("state", [state for state in S if state not in {S.QUEUED, S.VALIDATING}])
def test_what_stands_in_line_is_not_checked_any_more(state: S) -> None:
    with pytest.raises(IllegalMoveError, match="cannot be checked"):
        moves.check(replace(CHECKED, state=state), "image", passed=True, at=NOW)


STAGED = replace(RSVP, stages=("security", "migration"))


def word(stage: str, person: str) -> Approval:
    return Approval(stage, person, NOW)


def test_stages_are_approved_in_their_order_by_one_person_each() -> None:
    assert STAGED.next_stage == "security"
    one = moves.approve(STAGED, word("security", "kay"))
    assert one.next_stage == "migration"
    both = moves.approve(one, word("migration", "mo"))
    assert (both.next_stage, both.approvals) == (None, (word("security", "kay"), word("migration", "mo")))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (word("migration", "kay"), "security is asked for first"),
        (word("looks", "kay"), "it needs security and migration"),
        (word("security", "ada"), "ada submitted it: another person approves it"),
    ],
)
def test_a_word_that_does_not_count_is_refused(given: Approval, said: str) -> None:
    with pytest.raises(IllegalMoveError, match=said):
        moves.approve(STAGED, given)


def test_nobody_approves_twice_nor_what_needs_nothing_more() -> None:
    one = moves.approve(STAGED, word("security", "kay"))
    with pytest.raises(IllegalMoveError, match="kay approved it for security already: another person does for migr"):
        moves.approve(one, word("migration", "kay"))
    with pytest.raises(IllegalMoveError, match="no approval of it is missing"):
        moves.approve(moves.approve(one, word("migration", "mo")), word("migration", "sam"))


@pytest.mark.parametrize("state", [state for state in S if state not in BEFORE])
def test_what_has_begun_is_neither_approved_nor_held_nor_let_go_on(state: S) -> None:
    begun = replace(STAGED, state=state, hold=Hold("kay", NOW, "wait"))
    tried: tuple[Callable[[], Release], ...] = (
        lambda: moves.approve(begun, word("security", "kay")),
        lambda: moves.hold(replace(begun, hold=None), "kay", "wait", NOW),
        lambda: moves.resume(begun),
    )
    for move in tried:
        with pytest.raises(IllegalMoveError, match=f"it is {state}, and cannot be "):
            move()


@pytest.mark.parametrize("state", BEFORE)
def test_a_hold_is_one_person_s_and_ends_once(state: S) -> None:
    held = moves.hold(replace(RSVP, state=state), "kay", "the venue\ncalls", NOW)
    assert held.hold == Hold("kay", NOW, "the venue calls")
    with pytest.raises(IllegalMoveError, match="kay holds it since 2026-06-03 09:00:00 UTC"):
        moves.hold(held, "mo", "me too", NOW + HOUR)
    assert moves.resume(held) == replace(RSVP, state=state)
    with pytest.raises(IllegalMoveError, match="nobody holds it"):
        moves.resume(replace(RSVP, state=state))


@pytest.mark.parametrize("after", [timedelta(0), 24 * HOUR])
def test_what_succeeded_is_rolled_back_within_a_day(after: timedelta) -> None:
    moved = moves.roll_back(there(S.SUCCEEDED), "it hurts", NOW + after, action=9)
    assert (moved.state, moved.action, moved.ended_at) == (S.ROLLING_BACK, 9, None)


def test_later_or_where_nobody_knows_what_was_before_it_is_not() -> None:
    with pytest.raises(IllegalMoveError, match="more than 24 h ago"):
        moves.roll_back(there(S.SUCCEEDED), "it hurts", NOW + 24 * HOUR + timedelta(microseconds=1))
    with pytest.raises(IllegalMoveError, match="which version was in place before it is not known"):
        moves.roll_back(replace(there(S.FAILED), previous=""), "it hurts", NOW)


def test_who_cancels_and_why_is_said() -> None:
    assert moves.cancel(release(), "kay", "not\tneeded", NOW).sentence == "cancelled by kay: not needed"
    assert moves.cancel(release(), "kay", "", NOW).sentence == "cancelled by kay"
