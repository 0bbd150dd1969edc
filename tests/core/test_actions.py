"""An action goes only the ways that are legal: tables of every move in every state, and a machine that tries all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.examples import examples
from wedtui.core import actions, confirming
from wedtui.core.actions import (
    LEASE,
    MADE_WORSE,
    PLANNED_WITHIN,
    Action,
    ActionState,
    IllegalMoveError,
    Outcome,
    Step,
    StepState,
)
from wedtui.core.confirming import Confirmation
from wedtui.core.life import Life
from wedtui.core.roles import Demand

NOW = datetime(2026, 6, 20, 13, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLAN_FOR = 60 * SECOND
SEND_FOR = 30 * SECOND
SUBMIT = Step("submit", StepState.INTENDED, NOW, changes=True)
LOOK = Step("answers", StepState.INTENDED, NOW)
UNDO = Step("undo", StepState.INTENDED, NOW, undoes=True)


def requested() -> Action:
    return Action("failover", "aws", "traffic", "ada", "it is down", NOW)


def awaiting() -> Action:
    return actions.propose(requested(), "{}", "d1", NOW + PLAN_FOR, frozenset())


def word(**other: Any) -> Confirmation:
    return Confirmation("ada", "d1", "aws", NOW + SECOND)._replace(**other)


def confirmed() -> Action:
    return confirming.confirm(awaiting(), word(), NOW + SEND_FOR)


def claimed() -> Action:
    return actions.claim(confirmed(), "one", NOW + 2 * SECOND)


def under_way() -> Action:
    return actions.intend(claimed(), 1, SUBMIT, NOW + 3 * SECOND)


def done() -> Action:
    return actions.conclude(under_way(), 1, StepState.DONE, '{"id":"C1"}', NOW + 4 * SECOND)


def unknown() -> Action:
    return actions.conclude(under_way(), 1, StepState.UNKNOWN, "", NOW + 4 * SECOND)


def failed() -> Action:
    return actions.conclude(under_way(), 1, StepState.FAILED, "", NOW + 4 * SECOND)


def undoing() -> Action:
    return actions.intend(done(), 1, UNDO, NOW + 5 * SECOND)


def taken_back() -> Action:
    return actions.conclude(undoing(), 1, StepState.DONE, "", NOW + 6 * SECOND)


def handed_over() -> Action:
    return actions.hand_over(unknown(), 1, "nobody knows")


def ended() -> Action:
    return actions.verify(done(), 1, "accepted", NOW + 9 * SECOND)


STATES: tuple[Callable[[], Action], ...] = (
    requested,
    awaiting,
    confirmed,
    claimed,
    under_way,
    done,
    unknown,
    failed,
    undoing,
    taken_back,
    handed_over,
    ended,
)
AT = NOW + 10 * SECOND
MOVES: dict[str, Callable[[Action], Action]] = {
    "refuse": lambda action: actions.refuse(action, "no", AT),
    "propose": lambda action: actions.propose(action, "{}", "d2", AT + PLAN_FOR, frozenset()),
    "confirm": lambda action: confirming.confirm(action, word(), AT + SEND_FOR),
    "cancel": lambda action: actions.cancel(action, "grace", AT),
    "claim": lambda action: actions.claim(action, "two", AT + LEASE),
    "wait": lambda action: actions.wait(action, 1, "nobody answers"),
    "renew": lambda action: actions.renew(action, 1, AT),
    "intend": lambda action: actions.intend(action, 1, LOOK, AT),
    "take back": lambda action: actions.intend(action, 1, UNDO, AT),
    "conclude": lambda action: actions.conclude(action, 1, StepState.DONE, "", AT),
    "verify": lambda action: actions.verify(action, 1, "accepted", AT),
    "undo": lambda action: actions.undo(action, 1, "taken back", AT),
    "fail": lambda action: actions.fail(action, 1, "refused by the server", AT),
    "hand over": lambda action: actions.hand_over(action, 1, "look at it"),
    "settle": lambda action: actions.settle(action, "grace", "looked", AT),
    "supersede": lambda action: actions.supersede(action, 8, AT),
    "expire": lambda action: actions.expire(action, NOW + 3 * PLAN_FOR),
}
LEGAL: dict[str, set[str]] = {
    "requested": {"refuse", "propose", "cancel", "expire"},
    "awaiting": {"refuse", "propose", "confirm", "cancel", "expire"},
    "confirmed": {"cancel", "claim", "expire"},
    "claimed": {"cancel", "claim", "wait", "renew", "intend", "fail", "hand over", "expire"},
    "under_way": {"cancel", "claim", "renew", "conclude", "hand over"},
    "done": {"cancel", "claim", "renew", "intend", "take back", "verify", "hand over", "supersede"},
    "unknown": {"cancel", "claim", "renew", "conclude", "hand over"},
    "failed": {"cancel", "claim", "wait", "renew", "intend", "fail", "hand over", "expire"},
    "undoing": {"cancel", "claim", "renew", "conclude", "hand over"},
    "taken_back": {"cancel", "claim", "renew", "intend", "undo", "fail", "hand over"},
    "handed_over": {"settle"},
    "ended": set(),
}


@pytest.mark.parametrize("make", STATES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", MOVES)
def test_every_move_in_every_state(make: Callable[[], Action], name: str) -> None:
    action = make()
    if name in LEGAL[make.__name__]:
        assert MOVES[name](action) != action
    else:
        with pytest.raises(IllegalMoveError):
            MOVES[name](action)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"digest": "d0"}, "the plan has changed since it was shown"),
        ({"typed": "AWS"}, '"AWS" is not what has to be typed'),
        ({"typed": ""}, '"" is not what has to be typed'),
        ({"person": "mallory"}, "ada asked for it, and only they may confirm it"),
        ({"at": NOW + PLAN_FOR}, "the plan has expired"),
    ],
)
def test_a_confirmation_is_bound_to_person_plan_name_and_time(other: dict[str, Any], why: str) -> None:
    with pytest.raises(IllegalMoveError, match=why):
        confirming.confirm(awaiting(), word(**other), NOW + SEND_FOR)


def test_a_new_plan_invalidates_what_was_typed_for_the_old_one() -> None:
    changed = actions.propose(awaiting(), '{"x":1}', "d2", NOW + PLAN_FOR, frozenset())
    with pytest.raises(IllegalMoveError, match="the plan has changed"):
        confirming.confirm(changed, word(), NOW + SEND_FOR)
    assert confirming.confirm(changed, word(digest="d2"), NOW + SEND_FOR).state is ActionState.CONFIRMED


def test_what_is_still_needed_is_waited_for() -> None:
    waiting = actions.propose(
        awaiting(), "{}", "d1", NOW + PLAN_FOR, frozenset({Demand.SECOND_PERSON, Demand.ONE_TIME_CODE})
    )
    with pytest.raises(IllegalMoveError, match="still needs a one-time code and a second person"):
        confirming.confirm(waiting, word(), NOW + SEND_FOR)


def two_persons(**other: Any) -> Action:
    return actions.propose(requested(), "{}", "d1", NOW + PLAN_FOR, frozenset({Demand.SECOND_PERSON}), **other)


def approved(action: Action, **other: Any) -> Action:
    return confirming.approve(action, word(person="kay", at=NOW + 3 * SECOND, **other), NOW + 3 * SECOND + SEND_FOR)


def test_with_two_persons_it_is_confirmed_by_the_last_word_whoever_gives_it() -> None:
    waits = confirming.confirm(two_persons(), word(), NOW + SEND_FOR)
    assert (waits.state, waits.confirmed_by, waits.deadline) == (ActionState.AWAITING, "ada", None)
    with pytest.raises(IllegalMoveError, match="cannot be claimed"):
        actions.claim(waits, "one", AT)
    done_so = approved(waits)
    assert (done_so.state, done_so.confirmed_by, done_so.approved_by) == (ActionState.CONFIRMED, "ada", "kay")
    assert (done_so.confirmed_at, done_so.deadline) == (NOW + 3 * SECOND, NOW + 3 * SECOND + SEND_FOR)
    first = approved(two_persons())
    assert (first.state, first.confirmed_by) == (ActionState.AWAITING, None)
    assert confirming.confirm(first, word(), NOW + SEND_FOR).state is ActionState.CONFIRMED


def test_a_new_plan_takes_back_the_word_of_who_waits_for_a_second_person() -> None:
    waits = confirming.confirm(two_persons(), word(), NOW + SEND_FOR)
    changed = actions.propose(waits, '{"x":1}', "d2", NOW + PLAN_FOR, waits.needs)
    assert (changed.confirmed_by, changed.confirmed_at) == (None, None)
    assert approved(changed, digest="d2").state is ActionState.AWAITING


def test_nobody_is_both_persons() -> None:
    waits = confirming.confirm(two_persons(), word(), NOW + SEND_FOR)
    with pytest.raises(IllegalMoveError, match="ada asked for it: it takes another person"):
        confirming.approve(waits, word(), NOW + SEND_FOR)
    by_itself = replace(two_persons(), automatic=True, person="service london")
    kays = confirming.confirm(by_itself, word(person="kay"), NOW + SEND_FOR)
    with pytest.raises(IllegalMoveError, match="kay confirmed it: it takes another person"):
        approved(kays)
    with pytest.raises(IllegalMoveError, match="kay approved it: it takes another person"):
        confirming.confirm(approved(by_itself), word(person="kay"), NOW + SEND_FOR)


def test_who_waits_for_a_second_person_may_still_break_the_glass() -> None:
    waits = confirming.confirm(two_persons(), word(), NOW + SEND_FOR)
    alone = confirming.confirm(waits, word(break_glass="nobody answers"), NOW + SEND_FOR)
    assert (alone.state, alone.broke_glass, alone.unreviewed) == (ActionState.CONFIRMED, "nobody answers", True)


def test_what_no_second_person_approved_in_time_says_so() -> None:
    waits = confirming.confirm(two_persons(), word(), NOW + SEND_FOR)
    assert "was not approved by a second person in time" in actions.expire(waits, NOW + PLAN_FOR).sentence


def test_what_was_not_begun_in_time_is_never_begun() -> None:
    with pytest.raises(IllegalMoveError, match="too late to begin"):
        actions.claim(confirmed(), "one", NOW + SEND_FOR)
    with pytest.raises(IllegalMoveError, match="too late to begin"):
        actions.intend(claimed(), 1, SUBMIT, NOW + SEND_FOR)
    with pytest.raises(IllegalMoveError, match="too late to begin"):
        actions.intend(failed(), 1, SUBMIT, NOW + SEND_FOR)
    with pytest.raises(IllegalMoveError, match="it was undone"):
        actions.intend(taken_back(), 1, SUBMIT, NOW + 7 * SECOND)
    # What was begun goes on however late it is: somebody has to look at it.
    taken = actions.claim(under_way(), "two", NOW + 100 * PLAN_FOR)
    assert (taken.fence, taken.holder, taken.state) == (2, "two", ActionState.CLAIMED)


def test_what_waits_for_the_outside_says_so_and_never_begins_late() -> None:
    waiting = actions.wait(claimed(), 1, "nobody answers")
    assert (waiting.state, waiting.holder, waiting.sentence) == (ActionState.CONFIRMED, None, "nobody answers")
    assert actions.claim(waiting, "two", NOW + 3 * SECOND).sentence == ""
    with pytest.raises(IllegalMoveError, match="it is too late to begin it: it needs a new confirmation"):
        actions.claim(waiting, "two", NOW + SEND_FOR)
    ended = actions.expire(waiting, NOW + SEND_FOR)
    assert ended.sentence == "it was not begun in time (nobody answers), and nothing was done: ask again"


def test_what_was_tried_and_not_taken_waits_as_well_and_never_begins_late() -> None:
    refused = actions.conclude(under_way(), 1, StepState.FAILED, "it was throttled", NOW + 4 * SECOND)
    waiting = actions.wait(refused, 1, "it was throttled")
    assert (waiting.state, waiting.begun, waiting.in_effect) == (ActionState.CONFIRMED, False, False)
    again = actions.claim(waiting, "two", NOW + SEND_FOR - SECOND)
    assert actions.intend(again, 2, SUBMIT, NOW + SEND_FOR - SECOND).begun
    for open_one in (waiting, refused, again):
        ended = actions.expire(open_one, NOW + SEND_FOR)
        assert ended.sentence == "it was not begun in time (it was throttled), and nothing was done: ask again"
    assert actions.cancel(waiting, "grace", AT).outcome is Outcome.CANCELLED
    # Of what may have been changed nothing is put down, nor does it end by itself.
    for begun in (under_way(), unknown(), done(), undoing(), taken_back()):
        assert begun.begun
        assert not begun.expired(NOW + SEND_FOR)


def test_a_lease_keeps_others_away_until_it_runs_out() -> None:
    held = under_way()
    assert held.lease_until is not None
    with pytest.raises(IllegalMoveError, match="another service works on it"):
        actions.claim(held, "two", held.lease_until - SECOND)
    taken = actions.claim(held, "two", held.lease_until)
    with pytest.raises(IllegalMoveError, match="another service has taken it over"):
        actions.conclude(taken, 1, StepState.DONE, "", AT)
    assert actions.conclude(taken, 2, StepState.DONE, "", AT).steps[-1].state is StepState.DONE


def test_what_an_earlier_life_of_the_same_service_held_is_taken_at_once_and_that_one_writes_nothing_more() -> None:
    first, other, second = Life("a", "lock", 1).name, Life("b", "another", 2).name, Life("c", "lock", 3).name
    held = actions.intend(actions.claim(confirmed(), first, NOW + 2 * SECOND), 1, SUBMIT, AT)
    with pytest.raises(IllegalMoveError, match="another service works on it"):
        actions.claim(held, other, AT)
    taken = actions.claim(held, second, AT)
    assert (taken.holder, taken.fence, taken.held(AT), taken.held(AT, first)) == (second, 2, True, True)
    with pytest.raises(IllegalMoveError, match="another service has taken it over"):
        actions.conclude(taken, 1, StepState.DONE, "", AT)
    # What was not begun is not begun late by that either.
    with pytest.raises(IllegalMoveError, match="too late to begin"):
        actions.claim(actions.claim(confirmed(), first, NOW), second, NOW + SEND_FOR)


def test_a_request_that_nobody_planned_ends() -> None:
    with pytest.raises(IllegalMoveError, match="has not expired"):
        actions.expire(requested(), NOW + PLANNED_WITHIN - SECOND)
    assert "it was not planned in time" in actions.expire(requested(), NOW + PLANNED_WITHIN).sentence


BACK = NOW - 3600 * SECOND
"""By a clock that went back an hour."""


def test_where_the_clock_went_back_behind_a_word_it_is_worth_nothing() -> None:
    with pytest.raises(IllegalMoveError, match="the plan has expired"):
        confirming.confirm(awaiting(), word(at=BACK), BACK + SEND_FOR)
    with pytest.raises(IllegalMoveError, match="too late to begin"):
        actions.claim(confirmed(), "one", BACK)
    for begun in (claimed(), failed()):
        with pytest.raises(IllegalMoveError, match="too late to begin"):
            actions.intend(begun, 1, SUBMIT, BACK)
    for open_one in (requested(), awaiting(), confirmed(), claimed()):
        assert actions.expire(open_one, BACK).outcome is Outcome.EXPIRED
    # So little is no going back.
    assert confirming.confirm(awaiting(), word(at=NOW - SECOND), NOW + SEND_FOR).state is ActionState.CONFIRMED


def test_a_claim_from_before_the_clock_went_back_keeps_nobody_away() -> None:
    taken = actions.claim(under_way(), "two", BACK)
    assert (taken.holder, taken.fence, taken.held(BACK + SECOND)) == ("two", 2, True)
    with pytest.raises(IllegalMoveError, match="another service works on it"):
        actions.claim(under_way(), "two", NOW - 3 * SECOND)


def test_a_cancelled_one_that_was_begun_begins_nothing_more_but_may_be_undone() -> None:
    stopped = actions.cancel(done(), "grace", AT)
    with pytest.raises(IllegalMoveError, match="grace cancelled it"):
        actions.intend(stopped, 1, LOOK, AT)
    assert actions.intend(stopped, 1, UNDO, AT).open_step is not None
    assert actions.fail(actions.cancel(failed(), "grace", AT), 1, "", AT).outcome is Outcome.CANCELLED


def test_what_is_only_looked_at_ends_where_another_begins() -> None:
    looking = actions.intend(done(), 1, LOOK, AT)
    for action in (looking, actions.conclude(looking, 1, StepState.UNKNOWN, "", AT)):
        ended = actions.supersede(action, 8, AT)
        assert (ended.state, ended.outcome, ended.ended_at) == (ActionState.ENDED, Outcome.SUPERSEDED, AT)
        assert ended.sentence == "it was accepted; action 8 began before it was seen whether it helped"
        assert [(step.name, step.state) for step in ended.steps] == [
            ("submit", StepState.DONE),
            ("answers", StepState.FAILED),
        ]
        assert (ended.steps[-1].detail, ended.steps[-1].ended_at) == ("not seen to its end: action 8 began", AT)


def test_what_may_still_change_or_made_things_worse_is_not_superseded() -> None:
    worse = actions.conclude(
        actions.intend(done(), 1, LOOK, AT), 1, StepState.FAILED, f"{MADE_WORSE}: 0 % are served", AT
    )
    kept = actions.conclude(undoing(), 1, StepState.FAILED, "", AT)
    lost = actions.conclude(under_way(), 1, StepState.FAILED, "it was not made", AT)
    again = actions.intend(lost, 1, SUBMIT, AT)
    for action, why in (
        (worse, "it made things worse"),
        (kept, "it is being taken back"),
        (undoing(), "it is being taken back"),
        (under_way(), "was not made, or that is not known"),
        (unknown(), "was not made, or that is not known"),
        (again, "was not made, or that is not known"),
        (claimed(), "was not made, or that is not known"),
    ):
        with pytest.raises(IllegalMoveError, match=why):
            actions.supersede(action, 8, AT)


def test_undoing_is_tried_once() -> None:
    tried = actions.conclude(undoing(), 1, StepState.FAILED, "", AT)
    assert tried.in_effect
    with pytest.raises(IllegalMoveError, match="tried already"):
        actions.intend(tried, 1, UNDO, AT)
    with pytest.raises(IllegalMoveError, match="still in effect"):
        actions.fail(tried, 1, "", AT)


HERE_FIRST, HERE = Life("one", "lock", 1).name, Life("two", "lock", 2).name


class Machine(RuleBasedStateMachine):
    """Every move, legal or not, in any order and at any time; what the outside did is known to the machine alone."""

    def __init__(self) -> None:
        super().__init__()
        self.at = NOW
        self.action = requested()
        self.fences: list[int] = []
        self.begun_after: list[bool] = []

    def attempt(self, move: Callable[[Action], Action]) -> None:
        before = self.action
        try:
            after = move(before)
        except IllegalMoveError:
            return
        assert before.state is not ActionState.ENDED
        if len(after.steps) > len(before.steps):
            assert before.open_step is None
            if not before.steps or (after.steps[-1].changes and not before.in_effect):
                assert before.deadline is not None
                assert self.at < before.deadline
        if after.fence != before.fence:
            assert after.fence == before.fence + 1
            gone = (before.holder, after.holder) == (HERE_FIRST, HERE)
            assert gone or not before.held(self.at)
        # What came of a closed step is never rewritten.
        closed = [step for step in before.steps if step is not before.open_step]
        assert list(after.steps[: len(closed)]) == closed
        self.action = after

    @rule(seconds=st.sampled_from([0, 1, 9, 10, 29, 60, 3600]))
    def later(self, seconds: int) -> None:
        self.at += seconds * SECOND

    @rule(digest=st.sampled_from(["d1", "d2"]), code=st.booleans())
    def propose(self, digest: str, code: bool) -> None:
        needs = frozenset({Demand.ONE_TIME_CODE} if code else ())
        self.attempt(lambda a: actions.propose(a, "{}", digest, self.at + PLAN_FOR, needs))

    @rule(
        digest=st.sampled_from(["d1", "d2"]),
        typed=st.sampled_from(["aws", "gcp", ""]),
        person=st.sampled_from(["ada", "eve"]),
    )
    def confirm(self, digest: str, typed: str, person: str) -> None:
        said = Confirmation(person, digest, typed, self.at)
        self.attempt(lambda a: confirming.confirm(a, said, self.at + SEND_FOR))

    @rule(holder=st.sampled_from([HERE_FIRST, HERE, "elsewhere"]))
    def claim(self, holder: str) -> None:
        self.attempt(lambda a: actions.claim(a, holder, self.at))

    @precondition(lambda self: self.action.state is ActionState.CLAIMED)
    @rule(step=st.sampled_from([SUBMIT, LOOK, UNDO]), behind=st.sampled_from([0, 0, 0, 1]))
    def intend(self, step: Step, behind: int) -> None:
        self.attempt(lambda a: actions.intend(a, a.fence - behind, step, self.at))

    @precondition(lambda self: self.action.open_step is not None)
    @rule(state=st.sampled_from([StepState.DONE, StepState.FAILED, StepState.UNKNOWN]), behind=st.sampled_from([0, 1]))
    def conclude(self, state: StepState, behind: int) -> None:
        self.attempt(lambda a: actions.conclude(a, a.fence - behind, state, "", self.at))

    @rule(name=st.sampled_from(sorted(MOVES)))
    def any_other(self, name: str) -> None:
        fence = self.action.fence
        moves = {
            "cancel": lambda a: actions.cancel(a, "grace", self.at),
            "expire": lambda a: actions.expire(a, self.at),
            "verify": lambda a: actions.verify(a, fence, "", self.at),
            "undo": lambda a: actions.undo(a, fence, "", self.at),
            "fail": lambda a: actions.fail(a, fence, "", self.at),
            "renew": lambda a: actions.renew(a, fence, self.at),
            "wait": lambda a: actions.wait(a, fence, "nobody answers"),
            "supersede": lambda a: actions.supersede(a, 8, self.at),
        }
        if name in moves:
            self.attempt(moves[name])

    @invariant()
    def at_most_the_last_step_is_open(self) -> None:
        open_states = {StepState.INTENDED, StepState.UNKNOWN}
        assert all(step.state not in open_states for step in self.action.steps[:-1])

    @invariant()
    def an_end_is_what_it_says(self) -> None:
        action = self.action
        assert (action.state is ActionState.ENDED) == (action.outcome is not None) == (action.ended_at is not None)
        if action.outcome in {Outcome.FAILED, Outcome.CANCELLED, Outcome.EXPIRED, Outcome.REFUSED, Outcome.UNDONE}:
            assert not action.in_effect
        if action.outcome in {Outcome.VERIFIED, Outcome.SUPERSEDED}:
            assert action.in_effect
        if action.outcome is Outcome.SUPERSEDED:
            assert all(step.state is not StepState.UNKNOWN and not step.undoes for step in action.steps)
        if action.outcome is Outcome.EXPIRED or action.state is ActionState.CONFIRMED:
            assert not action.begun

    @invariant()
    def nothing_is_begun_without_a_confirmation(self) -> None:
        if self.action.steps or self.action.state is ActionState.CLAIMED:
            assert self.action.confirmed_by == self.action.person
            assert not self.action.needs


TestMachine = Machine.TestCase
TestMachine.settings = examples(60, steps=40)


def test_what_is_in_effect_follows_the_last_change() -> None:
    assert not claimed().in_effect
    assert under_way().in_effect
    assert unknown().in_effect
    assert not failed().in_effect
    assert undoing().in_effect
    assert not taken_back().in_effect
    assert not replace(done(), steps=(LOOK,)).in_effect
