"""Whatever crashes and whatever the outside does: a change is made once, and how it ended is true."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from tests.actions.world import SECOND, BreakingJournal, Commits, Crash, World
from tests.examples import examples
from tests.places import PLACES
from wedtui.actions.executor import LOOKS, Executor, Found, Lapsed, Looked, Part, WorseError
from wedtui.actions.traffic import Change, MovingTraffic
from wedtui.core import actions, confirming
from wedtui.core.actions import LEASE, LEFT, Action, ActionState, Outcome, Step, StepState
from wedtui.core.confirming import Confirmation
from wedtui.core.step_words import interrupted
from wedtui.core.traffic import Place
from wedtui.errors import ConflictError, ProviderUnavailableError, StoreError
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.journal import Journal
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import LedgerReader

NOW = datetime.fromisoformat("2026-06-20T13:02:00+00:00")
AWS, GCP = Place("aws"), Place("gcp")
BEFORE: Mapping[Place, int] = {AWS: 60, GCP: 40}
AFTER: Mapping[Place, int] = {AWS: 0, GCP: 100}
NO_TIME = timedelta(0)
SERVICE = "service london"
KEYS = itertools.count()


@dataclass
class Site:
    """A ledger, its database's clock, and one change of shares that somebody confirmed."""

    url: str
    faults: list[str]
    crashes: dict[int, str] = field(default_factory=dict)
    worse: bool = False
    may_undo: bool = True
    over: Lapsed | None = None
    """Why the plan no longer holds."""
    away: bool = False
    """Whether that cannot be known."""
    at: datetime = NOW
    number: int = 0
    compares: bool = True
    """Whether a change that was made on other records is refused, whenever it arrives."""
    by: str = "ada"
    """Who asks."""
    word: str = "ada"
    """Who confirms."""
    patience: timedelta = NO_TIME
    """For how long answers are asked for."""
    glances: int = 0
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(dict(BEFORE), lambda: self.at, list(self.faults), compares=self.compares)
        self.commits = Commits(self.crashes)

    def journal(self) -> Journal:
        return BreakingJournal(self.url, lambda: self.at, self.commits)

    def stored(self) -> Action:
        with closing(LedgerReader(self.url)) as reader:
            return reader.action(self.number)

    def confirmed(self, kind: str = "failover", resource: str = "traffic") -> Site:
        read = asyncio.run(self.world.read())
        change = Change(read, AFTER, read.generation + 1)
        plan = json.dumps({"change": change.document()})
        key = f"ada {next(KEYS)}"
        with closing(Journal(self.url, clock=lambda _connection: self.at)) as journal:
            own = self.by == SERVICE
            make = lambda at: Action(kind, "aws", resource, self.by, "down", at, automatic=own)  # noqa: E731
            self.number = journal.request(make, key).id
            propose = lambda a, at: actions.propose(a, plan, "d", at + 60 * SECOND, frozenset())  # noqa: E731
            journal.move(self.number, "plan", propose)
            word = Confirmation(self.word, "d", "aws", self.at)
            journal.move(self.number, "confirm", lambda a, at: confirming.confirm(a, word, at + 30 * SECOND))
        return self

    async def watch(self, action: Action, change: Change) -> str:
        assert action.in_effect
        assert dict(self.world.shares) == dict(change.shares)
        if self.worse:
            raise WorseError("fewer rounds pass than before")
        return '{"worse":false}'

    async def not_undoable(self, action: Action, change: Change) -> str | None:
        assert not any(step.undoes for step in action.steps)
        assert dict(change.shares) == AFTER
        return None if self.may_undo else "aws is CRITICAL"

    async def holds(self, action: Action) -> Lapsed | None:
        assert not action.in_effect
        if self.away:
            raise ProviderUnavailableError("nobody answers")
        return self.over

    def moving(self) -> MovingTraffic:
        return MovingTraffic(
            self.world,
            self.watch,
            self.not_undoable,
            self.holds,
            look_every=NO_TIME,
            in_sync_within=NO_TIME,
            answered_within=self.patience,
            settles=NO_TIME,
            glance=self.glance,
        )

    async def glance(self, action: Action, change: Change) -> None:
        """Look at the probes while the nameservers do not answer yet."""
        self.glances += 1
        await self.watch(action, change)

    async def live(self, holder: str) -> None:
        """One life of a service: it works until there is nothing to do, or dies."""
        executor = Executor(self.journal, {"failover": self.moving()}, holder)
        try:
            while await executor.work_once():
                pass
        except (Crash, StoreError):
            pass
        finally:
            await executor.close()

    def through(self, lives: int = 12) -> Action:
        for life in range(lives):
            with suppress(ProviderUnavailableError):  # it waits
                asyncio.run(self.live(f"life {life}"))
            self.at += LEASE
            if self.stored().state in {ActionState.ENDED, ActionState.HANDED_OVER}:
                break
        return self.stored()


class Slow:
    """A kind of action whose one step takes as long as it takes."""

    step = Step("restart", StepState.INTENDED, NOW, changes=True)

    def __init__(self) -> None:
        self.begun, self.goes = asyncio.Event(), asyncio.Event()

    def parts(self, action: Action) -> Sequence[Part]:
        return [self] if action else []

    async def lapsed(self, action: Action) -> Lapsed | None:
        return None if action else Lapsed("")

    async def make(self, action: Action) -> str:
        self.begun.set()
        await self.goes.wait()
        return f'"{action.target}"'

    async def look(self, action: Action) -> Looked:
        return Looked(Found.UNKNOWABLE, action.target)

    async def undoing(self, action: Action) -> Part | str:
        return f"{action.target} stays so"

    def verified(self, action: Action) -> str:
        return f"{action.target} is up"

    def seen(self, action: Action) -> str:
        return f"{action.target} answers"


def test_a_failover_ends_while_something_else_goes_on_beside(tmp_path: Path) -> None:
    ledger = PLACES.url(tmp_path / "l.db")
    place = Site(ledger, []).confirmed()
    failover, restart = place.number, place.confirmed("restart", "hosts:aws").number
    slow = Slow()

    async def beside() -> None:
        others = Executor(place.journal, {"restart": slow}, "one", takes=lambda kind: kind == "restart")
        moving = Executor(place.journal, {"failover": place.moving()}, "one", takes=lambda kind: kind != "restart")
        going = asyncio.create_task(others.work_once())
        begins = asyncio.create_task(slow.begun.wait())
        await asyncio.wait({going, begins}, return_when=asyncio.FIRST_COMPLETED)
        assert begins.done(), "it took another's"
        assert await moving.work_once()
        assert not await moving.work_once(), "the other one is not its own"
        with closing(LedgerReader(ledger)) as reader:
            assert reader.action(failover).outcome is Outcome.VERIFIED
            assert reader.action(restart).state is ActionState.CLAIMED
        slow.goes.set()
        assert await going
        await others.close()
        await moving.close()

    asyncio.run(beside())
    assert place.stored().outcome is Outcome.VERIFIED


def test_a_change_goes_through_its_steps(ledger: str) -> None:
    place = Site(ledger, []).confirmed()
    action = place.through()
    assert (action.state, action.outcome) == (ActionState.ENDED, Outcome.VERIFIED)
    assert [(step.name, step.state) for step in action.steps] == [
        (name, StepState.DONE) for name in ("submit", "in sync", "answers", "watch")
    ]
    assert place.world.applied == [7]
    assert dict(place.world.shares) == AFTER


@pytest.mark.parametrize(
    ("faults", "tries", "outcome"),
    [
        (["refused"], 1, Outcome.FAILED),
        (["applied"], 1, Outcome.VERIFIED),
        (["lost"], 2, Outcome.VERIFIED),
        (["lost", "applied"], 2, Outcome.VERIFIED),
        (["late", "ok"], 2, Outcome.VERIFIED),
        (["lost", "lost"], 2, Outcome.FAILED),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_what_is_not_known_is_looked_at(ledger: str, faults: list[str], tries: int, outcome: Outcome) -> None:
    place = Site(ledger, faults).confirmed()
    action = place.through()
    assert action.outcome is outcome
    assert sum(step.name == "submit" for step in action.steps) == tries
    assert place.world.applied == ([7] if outcome is Outcome.VERIFIED else [])
    if faults == ["lost", "lost"]:
        assert action.sentence == (
            "it was not made: TimeoutError; the records of www.example.com. stayed as they were for 0 s"
        )


@pytest.mark.parametrize("fault", ["lost", "late", "crash"])
def test_what_may_land_at_any_time_is_not_sent_again_nor_said_to_have_failed(tmp_path: Path, fault: str) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), [fault], compares=False).confirmed()
    action = place.through()
    assert action.state is ActionState.HANDED_OVER
    assert "the records of www.example.com. are as they were (aws 60 %, gcp 40 %)" in action.sentence
    assert "it may be made at any time" in action.sentence
    assert [step.name for step in action.steps] == ["submit"]
    assert len(place.world.late) == (fault == "late")


def test_an_undo_that_may_land_at_any_time_goes_to_a_person(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), ["ok", "late"], compares=False, worse=True).confirmed()
    action = place.through()
    assert (action.state, place.world.applied) == (ActionState.HANDED_OVER, [7])
    assert "it may be made at any time" in action.sentence


def test_what_was_seen_to_have_been_made_is_so_whoever_compares(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), ["applied"], compares=False).confirmed()
    assert (place.through().outcome, place.world.applied) == (Outcome.VERIFIED, [7])


def test_weights_that_were_changed_underneath_are_left_as_they_are(ledger: str) -> None:
    place = Site(ledger, []).confirmed()
    place.world.shares = {AWS: 50, GCP: 50}
    action = place.through()
    assert (action.outcome, action.sentence) == (Outcome.FAILED, "the records are not those that were read")
    assert place.world.applied == []


def test_what_is_neither_old_nor_new_goes_to_a_person(ledger: str) -> None:
    place = Site(ledger, ["crash"]).confirmed()
    asyncio.run(place.live("one"))
    place.world.shares, place.world.generation = {AWS: 50, GCP: 50}, 9
    place.at += LEASE
    action = place.through()
    assert action.state is ActionState.HANDED_OVER
    assert "neither what was read nor what was to be written (aws 50 %, gcp 50 %)" in action.sentence
    assert place.world.applied == []


def test_what_made_things_worse_is_undone_once_where_that_may_be(ledger: str) -> None:
    place = Site(ledger, [], worse=True).confirmed()
    action = place.through()
    assert action.outcome is Outcome.UNDONE
    assert (place.world.applied, dict(place.world.shares)) == ([7, 8], BEFORE)


@pytest.mark.parametrize("what", ["shares", "generation"])
def test_an_undo_leaves_what_somebody_changed_since_as_it_is(tmp_path: Path, what: str) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), [], worse=True).confirmed()
    by_hand = {AWS: 10, GCP: 90}

    async def somebody_comes_between(_action: Action, _change: Change) -> str | None:
        if what == "shares":
            place.world.shares = by_hand
        else:
            place.world.generation += 1
        return None

    place.not_undoable = somebody_comes_between  # type: ignore[assignment,method-assign]
    action = place.through()
    assert (action.state, place.world.applied) == (ActionState.HANDED_OVER, [7])
    assert "undoing it failed: the records were changed by someone else: nothing was changed" in action.sentence
    assert dict(place.world.shares) == (by_hand if what == "shares" else AFTER)


def test_what_may_not_be_undone_is_held_and_handed_over(ledger: str) -> None:
    place = Site(ledger, [], worse=True, may_undo=False).confirmed()
    action = place.through()
    assert action.state is ActionState.HANDED_OVER
    assert (place.world.applied, dict(place.world.shares)) == ([7], AFTER)


def test_a_confirmation_that_was_not_used_in_time_is_never_used(ledger: str) -> None:
    place = Site(ledger, []).confirmed()
    place.at += 30 * SECOND
    assert place.through().outcome is Outcome.EXPIRED
    assert place.world.applied == []


def test_a_retry_after_the_deadline_is_not_made(ledger: str) -> None:
    place = Site(ledger, ["crash"]).confirmed()
    asyncio.run(place.live("one"))
    place.at += 30 * SECOND
    action = place.through()
    assert (action.outcome, place.world.applied) == (Outcome.FAILED, [])
    assert "too late to begin it" in action.sentence


@pytest.mark.parametrize(("fault", "outcome"), [("crash", Outcome.FAILED), ("crash applied", Outcome.VERIFIED)])
def test_where_the_clock_went_back_after_a_crash_it_still_has_its_end(
    ledger: str, fault: str, outcome: Outcome
) -> None:
    place = Site(ledger, [fault]).confirmed()
    asyncio.run(place.live("one"))
    place.at -= 3600 * SECOND
    assert place.through().outcome is outcome
    assert place.world.applied == ([7] if outcome is Outcome.VERIFIED else [])


@pytest.mark.parametrize(
    ("shares", "answers", "why"),
    [
        (
            {AWS: 90, GCP: 10},
            {AWS: 200},
            "of 200 answers of the authoritative servers none names what has a share: gcp 10 %",
        ),
        ({AWS: 91, GCP: 9}, {AWS: 200}, None),
        ({AWS: 90, GCP: 10}, {AWS: 199, GCP: 1}, None),
        ({AWS: 0, GCP: 100}, {AWS: 1, GCP: 199}, "the authoritative servers still answer with aws"),
    ],
)
def test_what_has_a_share_is_answered_and_what_has_none_is_not(
    shares: Mapping[Place, int], answers: Mapping[Place, int], why: str | None
) -> None:
    world = World(dict(BEFORE), lambda: NOW)

    async def told(count: int) -> Mapping[Place, int]:
        assert count == sum(answers.values())
        return answers

    world.answers = told  # type: ignore[method-assign]
    change = Change(asyncio.run(world.read()), shares, 7)
    action = Action("failover", "aws", "traffic", "ada", "down", NOW, plan=json.dumps({"change": change.document()}))
    asked = next(
        part for part in MovingTraffic(world, answered_within=NO_TIME).parts(action) if part.step.name == "answers"
    )
    if why is None:
        assert json.loads(asyncio.run(asked.make(action))) == {str(place): n for place, n in answers.items()}
    else:
        with pytest.raises(ProviderUnavailableError, match=why):
            asyncio.run(asked.make(action))


FAULTS = st.lists(
    st.sampled_from(["ok", "refused", "not now", "lost", "applied", "late", "crash", "crash applied"]), max_size=4
)
CRASHES = st.dictionaries(
    st.integers(1, 20), st.sampled_from(["before", "after", "gone before", "gone after"]), max_size=4
)


@examples(60, unminded=[HealthCheck.function_scoped_fixture])
@example(faults=["late", "lost"], crashes={}, worse=False, may_undo=True, compares=False)
@given(faults=FAULTS, crashes=CRASHES, worse=st.booleans(), may_undo=st.booleans(), compares=st.booleans())
def test_through_any_crash_it_is_made_once_and_its_end_is_true(
    ledger: str, faults: list[str], crashes: dict[int, str], *, worse: bool, may_undo: bool, compares: bool
) -> None:
    place = Site(ledger, faults, crashes, worse=worse, may_undo=may_undo, compares=compares).confirmed()
    unstored: list[int] = []

    async def is_stored(generation: int) -> int:
        """No request leaves that is not stored as intended."""
        step = place.stored().open_step
        if step is None or (step.state, step.undoes) != (StepState.INTENDED, generation == 8):
            unstored.append(generation)
        return place.number

    place.world.before_submit = is_stored
    action = place.through()
    world = place.world
    if action.state is ActionState.ENDED and not compares:
        # What was sent arrives now at last, and how it ended has to stay true. Where whoever keeps the records compares
        # none is on its way for longer than somebody waits for it (`settles`), and what is said of it names that time.
        while world.late:
            world.land(world.late.pop(0))
    assert not unstored
    assert not world.broken
    assert action.state in {ActionState.ENDED, ActionState.HANDED_OVER}
    assert world.applied in ([], [7], [7, 8])
    assert sum(world.shares.values()) == 100
    if action.outcome is Outcome.VERIFIED:
        assert world.shares == AFTER
        assert not worse
    elif action.outcome is Outcome.UNDONE:
        assert world.applied == [7, 8]
    elif action.state is ActionState.ENDED:
        assert action.outcome in {Outcome.FAILED, Outcome.EXPIRED}
        assert world.applied == []


def test_what_is_submitted_was_stored_before(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), []).confirmed()
    stored: list[Action] = []

    async def look(_generation: int) -> int:
        stored.append(place.stored())
        return place.number

    place.world.before_submit = look
    place.through()
    (begun,) = stored
    assert begun.open_step is not None
    assert (begun.open_step.name, begun.open_step.state) == ("submit", StepState.INTENDED)


def test_a_plan_that_no_longer_holds_when_it_is_to_be_begun_ends_refused_and_on_record(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), []).confirmed()
    place.over = Lapsed("gcp may not gain share", '{"plan":{"now":1}}')
    action = place.through()
    assert (action.state, action.outcome, action.sentence) == (
        ActionState.ENDED,
        Outcome.REFUSED,
        "gcp may not gain share",
    )
    assert (action.steps, place.world.applied) == ((), [])
    assert json.loads(action.plan) == {"plan": {"now": 1}}
    with closing(AuditReader(place.url)) as reader:
        newest = reader.newest(1)[0]
    said = json.loads(newest.content or "")
    assert said["kind"] == "action.refuse"
    assert said["body"]["plan"] == {"plan": {"now": 1}}


def test_while_the_outside_is_away_it_waits_until_its_deadline_and_is_never_begun_late(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), []).confirmed()
    place.away = True
    for _ in range(2):
        place.at += 10 * SECOND
        with pytest.raises(ProviderUnavailableError, match="nobody answers"):
            asyncio.run(place.live("one"))
        waiting = place.stored()
        assert (waiting.state, waiting.sentence, waiting.holder) == (ActionState.CONFIRMED, "nobody answers", None)
    place.at += 10 * SECOND
    action = place.through()
    assert (action.outcome, place.world.applied) == (Outcome.EXPIRED, [])
    assert "not begun in time (nobody answers)" in action.sentence
    with closing(AuditReader(place.url)) as reader:
        kinds = [json.loads(link.content or "")["kind"] for link in reader.newest(5)]
    assert kinds == [f"action.{move}" for move in ("claim", "wait", "claim", "wait", "expire")]


def test_once_the_outside_is_back_what_waited_goes_on(ledger: str) -> None:
    place = Site(ledger, []).confirmed()
    place.away = True
    with pytest.raises(ProviderUnavailableError):
        asyncio.run(place.live("one"))
    place.away = False
    assert place.through().outcome is Outcome.VERIFIED
    assert place.world.applied == [7]


def test_a_change_that_is_throttled_waits_where_everybody_sees_it_and_is_made_once(ledger: str) -> None:
    place = Site(ledger, ["not now", "not now"]).confirmed()
    for tries in (1, 2):
        with pytest.raises(ProviderUnavailableError, match="it was throttled"):
            asyncio.run(place.live("one"))
        waiting = place.stored()
        assert (waiting.state, waiting.sentence, waiting.holder) == (ActionState.CONFIRMED, "it was throttled", None)
        assert [(step.state, step.detail) for step in waiting.steps] == tries * [
            (StepState.FAILED, "not taken for now: it was throttled")
        ]
        assert interrupted(waiting.steps, 0) == (None if tries == 1 else "not taken for now, tried again")
        place.at += 10 * SECOND
    action = place.through()
    assert (action.outcome, place.world.applied) == (Outcome.VERIFIED, [7])


@pytest.mark.parametrize(("asked", "confirmed", "sent"), [(SERVICE, SERVICE, []), (SERVICE, "ada", [7]), ("", "", [7])])
def test_once_automation_is_stopped_nothing_is_sent_that_no_person_confirmed(
    tmp_path: Path, asked: str, confirmed: str, sent: list[int]
) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), ["not now"], by=asked or "ada", word=confirmed or "ada").confirmed()
    with pytest.raises(ProviderUnavailableError, match="it was throttled"):
        asyncio.run(place.live("one"))
    with closing(Ledger(place.url)) as ledger:
        ledger.stop_automation(by="kay", at=place.at, reason="let me look")
    place.at += 5 * SECOND
    action = place.through()
    assert place.world.applied == sent
    assert action.outcome is (Outcome.VERIFIED if sent else Outcome.FAILED)
    why = "all automation is stopped, by kay at 2026-06-20 13:02:00 UTC: let me look"
    assert (why in action.sentence) is not bool(sent)


def test_once_automation_is_stopped_nothing_is_taken_back(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), [], worse=True).confirmed()
    with closing(Ledger(place.url)) as ledger:
        ledger.stop_automation(by="kay", at=place.at, reason="let me look")
    action = place.through()
    assert (action.state, place.world.applied) == (ActionState.HANDED_OVER, [7])
    assert "all automation is stopped, by kay" in action.sentence


def test_a_change_that_is_throttled_until_its_deadline_is_never_sent_late(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), ["not now"] * 20).confirmed()
    action = place.through()
    assert (action.outcome, place.world.applied) == (Outcome.EXPIRED, [])
    assert action.sentence == "it was not begun in time (it was throttled), and nothing was done: ask again"
    assert sum(step.name == "submit" for step in action.steps) == 3
    assert len(place.world.faults) == 17, "after its deadline nothing was sent"


def test_who_asks_to_be_left_alone_is_and_no_longer_than_an_action_waits(ledger: str) -> None:
    place, now = Site(ledger, ["not now"]).confirmed(), 100.0
    place.world.wait_s = 7.0
    work = MovingTraffic(place.world, place.watch, look_every=NO_TIME, in_sync_within=NO_TIME, settles=NO_TIME)

    async def walk() -> None:
        nonlocal now
        executor = Executor(place.journal, {"failover": work}, "one", monotonic=lambda: now)
        for later, tries in ((0.0, 1), (2.0, 1), (6.9, 1)):
            now = 100.0 + later
            with pytest.raises(ProviderUnavailableError, match="it was throttled"):
                await executor.work_once()
            assert [len(place.stored().steps), place.world.applied] == [tries, []]
        now = 107.0
        assert await executor.work_once()
        await executor.close()

    asyncio.run(walk())
    assert (place.stored().outcome, place.world.applied) == (Outcome.VERIFIED, [7])


def test_what_waits_for_who_wants_to_be_left_alone_for_long_ends_at_its_deadline(ledger: str) -> None:
    place, now = Site(ledger, ["not now", "not now"]).confirmed(), 100.0
    place.world.wait_s = 3600.0
    work = MovingTraffic(place.world, place.watch, look_every=NO_TIME, in_sync_within=NO_TIME, settles=NO_TIME)

    async def walk() -> None:
        nonlocal now
        executor = Executor(place.journal, {"failover": work}, "one", monotonic=lambda: now)
        with pytest.raises(ProviderUnavailableError):
            await executor.work_once()
        place.at += 29 * SECOND
        now += 29.0
        with pytest.raises(ProviderUnavailableError):
            await executor.work_once()
        place.at += SECOND
        now += 1.0
        await executor.work_once()
        await executor.close()

    asyncio.run(walk())
    assert (place.stored().outcome, place.world.applied) == (Outcome.EXPIRED, [])
    assert len(place.world.faults) == 1, "it was asked once"


def test_a_change_that_waits_is_made_only_where_its_plan_still_holds(ledger: str) -> None:
    place = Site(ledger, ["not now"]).confirmed()
    with pytest.raises(ProviderUnavailableError):
        asyncio.run(place.live("one"))
    place.over = Lapsed("gcp may not gain share")
    action = place.through()
    assert (action.outcome, action.sentence, place.world.applied) == (Outcome.REFUSED, "gcp may not gain share", [])


def test_a_change_that_waits_and_is_cancelled_is_not_made(ledger: str) -> None:
    place = Site(ledger, ["not now"]).confirmed()

    async def cancel(_generation: int) -> int:
        with closing(Journal(place.url, clock=lambda _connection: place.at)) as journal:
            journal.move(place.number, "cancel", lambda a, at: actions.cancel(a, "grace", at), by="grace")
        return place.number

    place.world.before_submit = cancel
    action = place.through()
    assert (action.outcome, action.cancelled_by, place.world.applied) == (Outcome.CANCELLED, "grace", [])
    assert len(action.steps) == 1


def test_a_throttled_retry_of_what_may_have_arrived_is_looked_at_and_not_sent_again(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), ["late", "not now"]).confirmed()
    # The first arrives after it was given up, while the second is refused.
    action = place.through()
    assert action.outcome is Outcome.VERIFIED
    assert place.world.applied == [7]
    assert sum(step.name == "submit" for step in action.steps) == 2


def test_whoever_dies_while_it_looks_leaves_it_to_the_next(ledger: str) -> None:
    place = Site(ledger, []).confirmed()
    lives = 0

    async def dies(submission: str) -> bool:
        nonlocal lives
        assert submission == "C7"
        lives += 1
        raise Crash

    in_sync = place.world.in_sync
    place.world.in_sync = dies  # type: ignore[method-assign]
    for life in range(5):
        asyncio.run(place.live(f"life {life}"))
        place.at += LEASE
    assert (lives, place.stored().state) == (5, ActionState.CLAIMED)
    place.world.in_sync = in_sync  # type: ignore[method-assign]
    action = place.through()
    assert (action.outcome, place.world.applied) == (Outcome.VERIFIED, [7])


def test_where_every_life_dies_of_looking_it_goes_to_a_person(ledger: str) -> None:
    place = Site(ledger, []).confirmed()

    async def dies(submission: str) -> bool:
        raise Crash(submission)

    place.world.in_sync = dies  # type: ignore[method-assign]
    action = place.through(lives=LOOKS + 2)
    assert (action.state, place.world.applied) == (ActionState.HANDED_OVER, [7])
    assert sum(step.name == "in sync" for step in action.steps) == LOOKS


def test_records_that_cannot_be_compared_go_to_a_person(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), ["crash applied"]).confirmed()
    asyncio.run(place.live("one"))
    place.world.foreign = True
    place.at += LEASE
    action = place.through()
    assert (action.state, action.sentence) == (ActionState.HANDED_OVER, "the records are foreign")
    assert place.world.applied == [7]


def test_a_retry_is_made_only_where_the_plan_still_holds(ledger: str) -> None:
    place = Site(ledger, ["lost"]).confirmed()

    async def is_over(_generation: int) -> int:
        place.over = Lapsed("gcp may not gain share")
        return place.number

    place.world.before_submit = is_over
    action = place.through()
    assert (action.outcome, place.world.applied) == (Outcome.REFUSED, [])
    assert [(step.name, step.state) for step in action.steps] == [("submit", StepState.FAILED)]


def unseen(place: Site, look: str) -> None:
    """Have a look at what was made fail; whoever never stops asking is told otherwise at last."""
    asked = itertools.count()

    async def nobody(_asked: object) -> bool:
        if next(asked) > 100:
            raise ConflictError("it was asked for ever")
        raise ProviderUnavailableError(f"nobody says what is {look}")

    setattr(place.world, look, nobody)


@pytest.mark.parametrize("look", ["in_sync", "answers"])
def test_what_was_made_and_could_not_be_seen_is_watched_and_then_a_person_s(tmp_path: Path, look: str) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), []).confirmed()
    unseen(place, look)
    action = place.through()
    assert (action.state, place.world.applied) == (ActionState.HANDED_OVER, [7])
    assert [step.name for step in action.steps] == ["submit", "in sync", "answers", "watch"]
    assert [step.name for step in action.steps if step.state is not StepState.DONE] == [look.replace("_", " ")]
    assert action.sentence.startswith(f"nobody says what is {look}; seen all the same: ")
    assert action.sentence.endswith(", no worse for two rounds")


@pytest.mark.parametrize("look", ["in_sync", "answers"])
def test_what_could_not_be_seen_and_made_things_worse_is_undone(tmp_path: Path, look: str) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), [], worse=True).confirmed()
    unseen(place, look)
    action = place.through()
    assert (action.outcome, place.world.applied, dict(place.world.shares)) == (Outcome.UNDONE, [7, 8], BEFORE)


def test_after_a_restart_what_could_not_be_seen_is_watched_all_the_same(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), [], {6: "after"}).confirmed()
    unseen(place, "in_sync")
    asyncio.run(place.live("one"))
    died = place.stored()
    assert [(step.name, step.state) for step in died.steps[1:]] == [("in sync", StepState.FAILED)]
    place.at += LEASE
    action = place.through()
    assert (action.state, action.steps[-1].name) == (ActionState.HANDED_OVER, "watch")


def test_answers_that_are_not_right_yet_are_asked_for_again_and_meanwhile_it_is_watched(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), [], patience=timedelta(hours=1)).confirmed()
    answers, asked = place.world.answers, 0

    async def late(count: int) -> Mapping[Place, int]:
        nonlocal asked
        asked += 1
        return {AWS: count} if asked < 3 else await answers(count)

    place.world.answers = late  # type: ignore[method-assign]
    assert (place.through().outcome, asked, place.glances) == (Outcome.VERIFIED, 3, 2)


def test_what_is_seen_to_be_worse_before_all_nameservers_answer_is_undone_at_once(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), [], worse=True, patience=timedelta(hours=1)).confirmed()
    unseen(place, "answers")
    action = place.through()
    assert (action.outcome, place.world.applied) == (Outcome.UNDONE, [7, 8])
    assert [step.name for step in action.steps] == ["submit", "in sync", "answers", "undo"]


def test_what_a_person_cancelled_is_looked_at_no_further(tmp_path: Path) -> None:
    place = Site(PLACES.url(tmp_path / "l.db"), []).confirmed()

    async def cancelled(_submission: str) -> bool:
        with closing(Journal(place.url, clock=lambda _connection: place.at)) as journal:
            journal.move(place.number, "cancel", lambda a, at: actions.cancel(a, "kay", at))
        raise ConflictError(f"{LEFT}: kay cancelled it")

    place.world.in_sync = cancelled  # type: ignore[assignment,method-assign]
    action = place.through()
    assert (action.state, [step.name for step in action.steps]) == (ActionState.HANDED_OVER, ["submit", "in sync"])
    assert action.sentence == f"{LEFT}: kay cancelled it"
