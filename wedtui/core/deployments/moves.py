"""Every legal move of a release, and nothing else.

A move takes the release as it is stored and an instant, and returns it as it is to be stored. One that is not legal
raises `IllegalMoveError`, and nothing changes. Whether it may start is `queue`'s to say, in the same transaction.
Source: DESIGN, "Deployments".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from wedtui.core.actions import IllegalMoveError
from wedtui.core.deployments.release import BEFORE, ROLLED_BACK_WITHIN, Approval, Hold, Release, ReleaseState
from wedtui.core.text import single_line
from wedtui.core.wording import listed, utc_words

_S = ReleaseState
LEGAL: Mapping[ReleaseState, frozenset[ReleaseState]] = {
    _S.QUEUED: frozenset({_S.VALIDATING, _S.BLOCKED, _S.CANCELLED}),
    _S.VALIDATING: frozenset({_S.WAITING, _S.BLOCKED, _S.CANCELLED}),
    _S.WAITING: frozenset({_S.RUNNING, _S.BLOCKED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.VERIFYING, _S.FAILED}),
    _S.VERIFYING: frozenset({_S.SUCCEEDED, _S.FAILED}),
    _S.FAILED: frozenset({_S.ROLLING_BACK, _S.BLOCKED}),
    _S.ROLLING_BACK: frozenset({_S.ROLLED_BACK, _S.BLOCKED}),
    _S.SUCCEEDED: frozenset({_S.ROLLING_BACK}),
    _S.ROLLED_BACK: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.BLOCKED: frozenset(),
}
"""From which state into which. What ended may be followed by another release, and is never taken up again; but one
that succeeded can be rolled back."""


def validate(release: Release, at: datetime) -> Release:
    """Begin to look whether it can be done at all."""
    return _into(release, _S.VALIDATING, at, "its checks are awaited" if release.unchecked else "")


def check(release: Release, name: str, *, passed: bool, at: datetime) -> Release:
    """Note how one of its checks ended: one that failed blocks it, and the last one that passes puts it in line."""
    _expect(release, "checked", _S.QUEUED, _S.VALIDATING)
    if name not in release.checks:
        raise IllegalMoveError(
            f'it has no check "{single_line(name, 60)}": {listed(release.checks) or "none is asked"}'
        )
    if not passed:
        return block(release, f"its check {name} failed", at)
    return replace(release, passed=tuple(sorted({*release.passed, name})))


def line_up(release: Release, at: datetime) -> Release:
    """Put it in line: everything that it rests on was looked at."""
    if release.unchecked:
        raise IllegalMoveError(f"its checks are not passed: {listed(release.unchecked)}")
    return _into(release, _S.WAITING, at)


def approve(release: Release, given: Approval) -> Release:
    """Give a person's word for the stage that is asked for; nobody gives it for what they submitted, or twice."""
    _expect(release, "approved", *BEFORE)
    stage = release.next_stage
    if stage is None:
        raise IllegalMoveError("no approval of it is missing")
    if given.stage != stage:
        there = f"{stage} is asked for first" if given.stage in release.stages else f"it needs {listed(release.stages)}"
        raise IllegalMoveError(f'"{single_line(given.stage, 60)}" is not what is asked for now: {there}')
    if given.person == release.submitted_by:
        raise IllegalMoveError(f"{given.person} submitted it: another person approves it")
    before = next((each for each in release.approvals if each.person == given.person), None)
    if before is not None:
        raise IllegalMoveError(
            f"{given.person} approved it for {before.stage} already: another person does for {stage}"
        )
    return replace(release, approvals=(*release.approvals, given))


def hold(release: Release, by: str, reason: str, at: datetime) -> Release:
    """Have it wait until somebody lets it go on."""
    _expect(release, "held", *BEFORE)
    if release.hold is not None:
        raise IllegalMoveError(f"{release.hold.by} holds it since {utc_words(release.hold.at)}")
    return replace(release, hold=Hold(by, at, single_line(reason)))


def resume(release: Release) -> Release:
    """Let what was held go on."""
    _expect(release, "let go on", *BEFORE)
    if release.hold is None:
        raise IllegalMoveError("nobody holds it")
    return replace(release, hold=None)


def start(release: Release, action: int, at: datetime) -> Release:
    """Have it begun by an action of the journal: whether it may be is asked in the same transaction."""
    return replace(_into(release, _S.RUNNING, at), action=action, started_at=at)


def place(release: Release, at: datetime) -> Release:
    """Note that its version is everywhere, and that it is watched from now on."""
    return replace(_into(release, _S.VERIFYING, at), placed_at=at)


def succeed(release: Release, sentence: str, at: datetime) -> Release:
    """End what was watched through its soak, and did well."""
    return _into(release, _S.SUCCEEDED, at, sentence)


def fail(release: Release, sentence: str, at: datetime) -> Release:
    """Note that it could not be done, or did not do well; what follows is a rollback, or a person."""
    return _into(release, _S.FAILED, at, sentence)


def roll_back(release: Release, sentence: str, at: datetime, action: int | None = None) -> Release:
    """Begin to go back to the version before it.

    Args:
        release: one that failed, or that succeeded within `ROLLED_BACK_WITHIN`.
        sentence: why.
        at: an aware instant.
        action: the action of the journal that does it, where it is another than the one that released it.
    """
    if release.state is _S.SUCCEEDED:
        ended = release.ended_at
        if ended is None or at - ended > ROLLED_BACK_WITHIN:
            raise IllegalMoveError(
                "it succeeded more than 24 h ago: what was in place before it is released as a release of its own"
            )
    if not release.previous:
        raise IllegalMoveError("which version was in place before it is not known: release that one")
    moved = _into(release, _S.ROLLING_BACK, at, sentence)
    return replace(moved, ended_at=None, action=release.action if action is None else action)


def end_rollback(release: Release, sentence: str, at: datetime) -> Release:
    """Note that the version before it is in place again."""
    return _into(release, _S.ROLLED_BACK, at, sentence)


def cancel(release: Release, by: str, reason: str, at: datetime) -> Release:
    """End what was not begun."""
    why = f": {single_line(reason)}" if reason else ""
    return _into(release, _S.CANCELLED, at, f"cancelled by {by}{why}")


def block(release: Release, sentence: str, at: datetime) -> Release:
    """End what goes no further by itself."""
    return _into(release, _S.BLOCKED, at, sentence)


def _into(release: Release, state: ReleaseState, at: datetime, sentence: str = "") -> Release:
    if state not in LEGAL[release.state]:
        raise IllegalMoveError(f"it is {release.state}, and cannot become {state}")
    ended = at if not LEGAL[state] or state is _S.SUCCEEDED else None
    return replace(release, state=state, since=at, sentence=sentence, ended_at=ended)


def _expect(release: Release, what: str, *states: ReleaseState) -> None:
    if release.state not in states:
        raise IllegalMoveError(f"it is {release.state}, and cannot be {what}")
