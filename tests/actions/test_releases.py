"""A release is started once whatever dies, is watched to its end, and what hurts is taken back by itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.actions.releasing import Host, Place
from tests.examples import examples
from tests.places import PLACES, SQLITE
from wedtui.actions.releases import JUDGES_EVERY
from wedtui.core.actions import ActionState, Outcome
from wedtui.core.deployments.release import ReleaseState
from wedtui.ledger.kind import LEDGER
from wedtui.providers.deploy.base import Try

ONLY_ON = SQLITE
SOAK, WITHIN = timedelta(minutes=20), timedelta(minutes=10)
RELEASED, TAKEN_BACK = "2-release", "2-rollback"
Errors = Callable[[float], float | None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def release(*faults: str) -> dict[Try, list[str]]:
    return {Try.RELEASE: [*faults]}


def test_it_is_put_in_place_watched_and_has_succeeded(path: Path) -> None:
    place = Place(path, Host())
    action = place.through()
    assert (action.outcome, place.state) == (Outcome.VERIFIED, "succeeded")
    assert action.sentence == "1.4.2 is in place, watched for 20 m 00 s, and all is well"
    assert place.went() == ["running", "verifying", "succeeded"]
    assert SOAK <= place.took < SOAK + timedelta(seconds=30)
    assert (place.host.version, place.host.started) == ("1.4.2", [RELEASED])


@pytest.mark.parametrize("minutes", [0, 7, 19.9])
def test_what_hurts_is_taken_back_by_itself_within_seconds(path: Path, minutes: float) -> None:
    place = Place(path, Host(), errors=lambda now: 9.0 if now >= minutes else 1.0)
    action = place.through()
    assert (action.outcome, place.host.version) == (Outcome.UNDONE, "1.4.1")
    assert place.went() == ["running", "verifying", "failed", "rolling back", "rolled back"]
    assert place.host.started == [RELEASED, TAKEN_BACK]
    assert "errors was 9, above 5" in action.sentence
    # Two samples in a row, ten seconds apart; then as long as the host takes for both.
    assert place.took <= timedelta(minutes=minutes, seconds=10) + JUDGES_EVERY + timedelta(seconds=20)


def test_what_is_not_measured_has_failed_at_the_end_of_its_soak(path: Path) -> None:
    place = Place(path, Host(), errors=lambda now: 1.0 if now < 10 else None)
    action = place.through()
    assert (action.outcome, place.host.version) == (Outcome.UNDONE, "1.4.1")
    assert "its soak is over, and not all is known: errors is not measured any more" in action.sentence
    assert place.took >= SOAK


@pytest.mark.parametrize(
    ("faults", "prepares", "said"),
    [
        (("refused",), "", "there is no such version"),
        ((), "1.4.2 of rsvp in production is in place already", "is in place already"),
    ],
)
def test_what_is_refused_changed_nothing_and_blocks_it(
    path: Path, faults: tuple[str, ...], prepares: str, said: str
) -> None:
    place = Place(path, Host(faults=release(*faults), prepares=prepares))
    action = place.through()
    assert (action.outcome, place.state, place.host.started) == (Outcome.FAILED, "blocked", [])
    assert said in action.sentence


def test_what_was_throttled_is_started_once_it_may_be(path: Path) -> None:
    place = Place(path, Host(faults=release("not now")))
    assert (place.through().outcome, place.host.started) == (Outcome.VERIFIED, [RELEASED])


@pytest.mark.parametrize("fault", ["made and lost", "lost", "made and crash", "crash"])
def test_a_start_that_nobody_heard_of_is_found_or_made_once(path: Path, fault: str) -> None:
    place = Place(path, Host(faults=release(fault)))
    assert (place.through().outcome, place.host.started) == (Outcome.VERIFIED, [RELEASED])


def test_one_that_nobody_can_know_of_is_for_a_person(path: Path) -> None:
    place = Place(path, Host(faults=release("unknown")))
    action = place.through()
    assert (action.state, action.sentence, place.state) == (ActionState.HANDED_OVER, "nobody knows", "failed")
    assert place.host.started == [RELEASED]


def test_a_start_that_may_have_been_made_is_never_made_again(path: Path) -> None:
    place = Place(path, Host(faults=release("untold")))
    action = place.through()
    assert (action.state, action.sentence, place.state) == (ActionState.HANDED_OVER, "nobody knows", "failed")
    assert place.host.started == []


def test_one_that_cannot_be_seen_for_long_is_for_a_person(path: Path) -> None:
    place = Place(path, Host(faults=release("unseen")))
    action = place.through()
    assert (action.state, place.state) == (ActionState.HANDED_OVER, "failed")
    assert action.sentence == "how far it is cannot be seen: it does not answer"
    assert WITHIN <= place.took < WITHIN + timedelta(minutes=5)


def test_a_freeze_that_came_between_stops_it_before_its_first_call(path: Path) -> None:
    place = Place(path, Host(), frozen="frozen: launch")
    action = place.through()
    assert (action.outcome, place.state, place.host.started) == (Outcome.REFUSED, "blocked", [])
    assert action.sentence == "nothing was begun: frozen: launch"


@pytest.mark.parametrize(
    ("fault", "said"), [("fails", "it ended with 1"), ("hangs", "it was not in place within 10 m")]
)
def test_one_that_fails_or_hangs_is_taken_back(path: Path, fault: str, said: str) -> None:
    place = Place(path, Host(faults=release(fault)))
    action = place.through()
    assert (action.outcome, place.host.version) == (Outcome.UNDONE, "1.4.1")
    assert said in action.sentence
    assert place.went() == ["running", "failed", "rolling back", "rolled back"]
    assert place.host.aborted == ([RELEASED] if fault == "hangs" else [])


@pytest.mark.parametrize("fault", ["fails", "hangs", "refused", "unknown", "made and lost", "lost"])
def test_a_rollback_that_fails_stops_and_is_for_a_person_and_one_that_was_made_is_followed(
    path: Path, fault: str
) -> None:
    place = Place(path, Host(faults={Try.RELEASE: ["fails"], Try.ROLLBACK: [fault]}))
    action = place.through()
    assert place.host.started.count(TAKEN_BACK) <= 1
    if fault == "made and lost":
        assert (action.outcome, place.state, place.host.version) == (Outcome.UNDONE, "rolled back", "1.4.1")
    else:
        assert (action.state, place.state) == (ActionState.HANDED_OVER, "rolling back")


def test_what_was_found_in_place_is_what_it_is_taken_back_to(path: Path) -> None:
    # Of it the queue knows nothing: somebody put it there by hand.
    place = Place(path, Host("1.3.9", faults=release("fails")), previous=False)
    action = place.through()
    assert (action.state, place.state, place.host.version) == (ActionState.ENDED, "rolled back", "1.3.9")
    ((previous,),) = PLACES.execute(path, LEDGER, "SELECT previous FROM release WHERE id = ?", place.number)
    assert previous == "1.3.9"


def test_without_a_version_before_it_is_held_and_for_a_person(path: Path) -> None:
    place = Place(path, Host("", faults=release("fails")), previous=False)
    action = place.through()
    assert (action.state, place.state) == (ActionState.HANDED_OVER, "failed")
    assert "it is held, and not undone: which version was in place before it is not known" in action.sentence


FAULTS = st.lists(
    st.sampled_from(
        [
            "",
            "refused",
            "not now",
            "lost",
            "made and lost",
            "crash",
            "made and crash",
            "untold",
            "fails",
            "hangs",
            "unknown",
        ]
    ),
    max_size=3,
)
CRASHES = st.dictionaries(
    st.integers(1, 24), st.sampled_from(["before", "after", "gone before", "gone after"]), max_size=4
)


@pytest.fixture
def paths(tmp_path: Path) -> Callable[[], Path]:
    def fresh() -> Path:
        shutil.rmtree(tmp_path, ignore_errors=True)
        tmp_path.mkdir()
        return tmp_path / "ledger.db"

    return fresh


@examples(25, unminded=[HealthCheck.function_scoped_fixture])
@given(FAULTS, FAULTS, CRASHES, st.sampled_from([None, 0.0, 12.0]))
def test_through_any_crash_it_is_started_once_and_what_is_said_of_its_end_is_true(
    paths: Callable[[], Path], faults: list[str], back: list[str], crashes: dict[int, str], hurts_from: float | None
) -> None:
    host = Host(faults={Try.RELEASE: faults, Try.ROLLBACK: back})
    errors: Errors = lambda now: 9.0 if hurts_from is not None and now >= hurts_from else 1.0  # noqa: E731
    place = Place(paths(), host, errors=errors, crashes=crashes)
    action = place.through()
    assert all(host.started.count(name) == 1 for name in host.started)
    state = ReleaseState(place.state)
    if action.state is ActionState.HANDED_OVER:
        assert state in {ReleaseState.FAILED, ReleaseState.ROLLING_BACK}
    elif action.outcome is Outcome.VERIFIED:
        assert (state, host.version, hurts_from) == (ReleaseState.SUCCEEDED, "1.4.2", None)
    elif action.outcome is Outcome.UNDONE:
        assert (state, host.version) == (ReleaseState.ROLLED_BACK, "1.4.1")
        assert host.started == [RELEASED, TAKEN_BACK]
    else:
        assert (state, host.started, host.version) == (ReleaseState.BLOCKED, [], "1.4.1")
