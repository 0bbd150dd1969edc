"""Planner, journal and executor of two services on one ledger, with everything that may happen to them, in any order.

Services die or lose their database at any commit, and begin anew at their place; requests are refused, lost or late,
shares are changed by others, persons say right and wrong words, time passes and the clock jumps: what is accepted is
made once, and all has an end.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.actions.model import AT_WORK, Model
from tests.actions.world import SECOND, BreakingJournal, Commits, Crash, World
from tests.examples import examples
from wedtui.actions.executor import Executor, WorseError
from wedtui.actions.following import Following
from wedtui.actions.planning import Planner
from wedtui.actions.requests import Requests, Wish
from wedtui.actions.traffic import Change, MovingTraffic
from wedtui.core.actions import LEASE, Action, ActionState, Outcome, StepState
from wedtui.core.chain import verify
from wedtui.core.evidence import REQUESTS_SIGNAL, ProbeEvidence, ProbeRound, ProviderEvidence, SignalEvidence
from wedtui.core.failover_facts import Facts, Kind, Measured, ProviderFacts
from wedtui.core.following import GIVEN_UP_AFTER
from wedtui.core.freeze import Verdict
from wedtui.core.life import Life
from wedtui.core.roles import Decided
from wedtui.core.state import State
from wedtui.core.traffic import Place, TrafficReading
from wedtui.errors import WedtuiError
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.reader import LedgerReader

NOW = datetime.fromisoformat("2026-06-20T13:02:00+00:00")
AWS, AZURE, GCP = Place("aws"), Place("azure"), Place("gcp")
CONFIGURED = {AWS: 60, AZURE: 30, GCP: 10}
NO_TIME = timedelta(0)
REQUESTS = ["ok", "refused", "not now", "lost", "applied", "late", "crash", "crash applied", "overtaken"]
COMMITS = ["before", "after", "gone before", "gone after"]
PERSONS = st.sampled_from(["ada", "ada", "ada", "eve"])
SERVICES = st.sampled_from([0, 0, 1])
# Most of what is asked of a service goes well, else nothing would ever be done.
BROKEN: st.SearchStrategy[dict[int, str]] = st.one_of(
    st.just({}), st.just({}), st.dictionaries(st.integers(1, 14), st.sampled_from(COMMITS), min_size=1, max_size=2)
)
FAULTS: st.SearchStrategy[list[str]] = st.one_of(
    st.just([]), st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=3)
)
WORSE = st.sampled_from([False] * 4 + [True])
STATES = st.sampled_from([State.OK, State.CRITICAL, State.UNKNOWN])
NUMBERS = itertools.count()
"""No two lives and no two requests are the same, in whichever example."""


@dataclass
class Clock:
    """The database's, and everybody's."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Service:
    """One life of a service."""

    name: str
    requests: Requests
    executor: Executor
    following: Following
    commits: Commits

    async def close(self) -> None:
        self.commits.faults = {}
        await self.executor.close()
        await self.following.close()
        self.requests.close()


class Machine(RuleBasedStateMachine):
    """Two services, a ledger, the records, and persons."""

    url = ""
    """Of the ledger, which examples share."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.model = Clock(), Model()
        self.world = World(dict(CONFIGURED), self.clock.now)
        self.world.before_submit = self.submitting
        self.states = dict.fromkeys(CONFIGURED, State.OK)
        self.worse, self.may_undo, self.follow = False, True, True
        self.meanwhile: Callable[[], Coroutine[Any, Any, None]] | None = None
        """What happens while a change is watched."""
        newest = self.read(LedgerReader(self.url), 1)
        self.known_before = newest[0].id if newest else 0
        self.places: dict[str | None, int] = {}
        """Which life was where."""
        self.services = [self.begin(0), self.begin(1)]

    # What services are made of.

    def begin(self, place: int) -> Service:
        """Begin a life at a place, where it comes after all others."""
        commits, number = Commits(), next(NUMBERS)
        name = Life(f"life-{number}", f"place-{place}", number).name
        self.places[name] = place

        def journal() -> BreakingJournal:
            return BreakingJournal(self.url, self.clock.now, commits)

        requests = Requests(journal, Planner(self.world, self.facts, self.clock), CONFIGURED)
        moving = MovingTraffic(
            self.world,
            self.watch,
            self.not_undoable,
            requests.lapsed,
            look_every=NO_TIME,
            in_sync_within=NO_TIME,
            settles=NO_TIME,
        )
        works = {kind.value: moving for kind in Kind}
        executor = Executor(journal, works, name, renews_every=timedelta(milliseconds=2))
        following = Following(journal, self.world, self.observed, lambda: True, clock=self.clock)
        return Service(name, requests, executor, following, commits)

    def observed(self, now: datetime) -> tuple[ProviderEvidence, ...]:
        """Requests follow the shares at once, where they do; probes pass where a provider is well."""
        found = []
        for place, state in self.states.items():
            rounds = (ProbeRound(now, state is State.OK),) if state is not State.UNKNOWN else ()
            value = float(self.world.shares.get(place, 0)) if self.follow else 50.0
            signal = SignalEvidence(REQUESTS_SIGNAL, "prometheus", SECOND, value, now)
            probes = (ProbeEvidence(place.provider, SECOND, rounds),)
            found.append(ProviderEvidence(place.provider, "probed", 0, probes=probes, signals=(signal,)))
        return tuple(found)

    def facts(self, reading: TrafficReading | None, problem: str | None, now: datetime) -> Facts:
        known = tuple(
            ProviderFacts(place.provider, state, state is State.OK, now - SECOND, capacity=1300.0)
            for place, state in self.states.items()
        )
        peak = Measured(1000.0, now - SECOND)
        return Facts(
            reading,
            known,
            problem,
            observed=peak,
            known_for={each.name: timedelta(days=1) for each in known},
            planned=peak,
            freeze=Verdict(frozen=False, at=now - SECOND),
        )

    async def watch(self, action: Action, change: Change) -> str:
        del change
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
            if any(each.id == action.id and each.state is ActionState.ENDED for each in self.stored()):
                await asyncio.Event().wait()  # it is let go
        if self.worse:
            raise WorseError("fewer rounds pass than before")
        return "{}"

    async def not_undoable(self, action: Action, change: Change) -> str | None:
        del action, change
        return None if self.may_undo else "aws is CRITICAL"

    async def submitting(self, generation: int) -> int:
        """No request leaves that is not stored as intended, nor one that nobody may begin any more."""
        at_work = [action for action in self.stored() if action.state is ActionState.CLAIMED]
        if len(at_work) != 1 or at_work[0].open_step is None or at_work[0].open_step.state is not StepState.INTENDED:
            self.world.broken.append(f"generation {generation} is sent, and not stored as intended: {at_work}")
            return 0
        action = at_work[0]
        late = action.deadline is None or self.clock.at >= action.deadline
        if late and not action.steps[-1].undoes:
            self.world.broken.append(f"{action} is begun too late")
        return action.id

    # How they are used.

    def use(self, which: int, commits: dict[int, str], work: Coroutine[Any, Any, object]) -> None:
        """Have one service do something; it may die of it, and another life begins."""
        service = self.services[which]
        service.commits.faults, service.commits.count = commits, 0
        try:
            asyncio.run(work)
        except WedtuiError:
            pass  # it was refused, or the database was away: whoever asked was told so
        except Crash:
            self.services[which] = self.begin(which)
        finally:
            if self.services[which] is not service:
                asyncio.run(service.close())
            service.commits.faults = {}
            self.world.unreadable = False
            # No request is on its way for longer than somebody waits for what it may have done; where nobody compares
            # it is for as long as it likes.
            if self.world.compares and not any(action.state is ActionState.CLAIMED for action in self.stored()):
                self.world.late.clear()

    def stored(self) -> list[Action]:
        """Return the actions of this example, oldest first."""
        return [each for each in self.read(LedgerReader(self.url), 100)[::-1] if each.id > self.known_before]

    @staticmethod
    def read(reader: LedgerReader, most: int) -> tuple[Action, ...]:
        with closing(reader):
            return reader.actions(most=most)

    def one(self, which: int) -> Action | None:
        """Return one of the newest actions."""
        newest = self.stored()[-3:]
        return newest[-1 - which % len(newest)] if newest else None

    # What may happen.

    @initialize(compares=st.sampled_from([True, True, False]))
    def who_compares(self, compares: bool) -> None:
        self.world.compares = compares

    @rule(
        which=SERVICES,
        person=PERSONS,
        lost=st.sampled_from(["aws", "aws", "azure", "gcp", ""]),
        commits=BROKEN,
        again=st.booleans(),
    )
    def ask(self, which: int, person: str, lost: str, commits: dict[int, str], again: bool) -> None:
        wish = Wish(Kind.FAILOVER, (lost,)) if lost else Wish(Kind.FAILBACK)
        key = str(next(NUMBERS))
        for faults in (commits, {}) if again else (commits,):
            self.use(which, faults, self.services[which].requests.ask(Decided(person), wish, "it is down", key))

    @precondition(lambda self: self.stored())
    @rule(
        which=SERVICES,
        action=st.sampled_from([0, 0, 0, 1]),
        person=st.sampled_from(["their own"] * 4 + ["mallory"]),
        word=st.sampled_from(["right"] * 6 + ["typed wrong", "of another plan"]),
        commits=BROKEN,
    )
    def confirm(self, which: int, action: int, person: str, word: str, commits: dict[int, str]) -> None:
        asked = self.one(action)
        assert asked is not None
        who = asked.person if person == "their own" else person
        typed = "aws " if word == "typed wrong" else asked.target
        digest = "d" if word == "of another plan" else asked.digest
        waits = asked.state is ActionState.AWAITING and asked.expires_at is not None
        if waits and who == asked.person and word == "right" and self.clock.at < (asked.expires_at or NOW):
            self.model.words[asked.id].add(asked.digest)
        self.use(which, commits, self.services[which].requests.confirm(Decided(who), asked.id, digest, typed))

    @rule(which=SERVICES, by=SERVICES, confirming=BROKEN, faults=FAULTS, commits=BROKEN, worse=WORSE, may=st.booleans())
    def all_of_it(
        self, which: int, by: int, confirming: dict[int, str], faults: list[str], commits: dict[int, str], **more: bool
    ) -> None:
        """As most changes go: away from who carries most, confirmed at once, and begun at once."""
        most = max(self.world.shares, key=lambda place: self.world.shares[place])
        known = len(self.stored())
        self.ask(which, "ada", most.provider, {}, again=False)
        if len(self.stored()) > known:
            self.confirm(which, 0, "their own", "right", confirming)
            self.work(by, faults, commits, **more)

    @rule(which=SERVICES, by=SERVICES, lost=st.permutations(["aws", "azure", "gcp"]), confirming=BROKEN, commits=BROKEN)
    def two_are_lost_one_after_the_other(
        self, which: int, by: int, lost: list[str], confirming: dict[int, str], commits: dict[int, str]
    ) -> None:
        """While the first change is watched a person confirms the second, at the other service; both may die of it."""
        first = lost[0] if self.world.shares.get(Place(lost[0])) else lost[1]
        second = lost[1] if first == lost[0] else lost[0]
        known = len(self.stored())
        self.ask(which, "ada", first, {}, again=False)
        if len(self.stored()) == known:
            return
        self.confirm(which, 0, "their own", "right", {})

        async def meanwhile() -> None:
            other = self.services[1 - by]
            other.commits.faults, other.commits.count = confirming, -1  # that of the request is the first
            try:
                asked = await other.requests.ask(
                    Decided("eve"), Wish(Kind.FAILOVER, (second,)), "it is down", str(next(NUMBERS))
                )
                if asked.state is ActionState.AWAITING:
                    self.model.words[asked.id].add(asked.digest)
                await other.requests.confirm(Decided("eve"), asked.id, asked.digest, asked.target)
            except WedtuiError:
                pass
            except Crash:
                self.services[1 - by] = self.begin(1 - by)
                await other.close()
            finally:
                other.commits.faults = {}

        self.meanwhile = meanwhile
        self.work(by, [], commits, worse=False, may=True)
        self.meanwhile = None
        self.work(by, [], {}, worse=False, may=True)

    @rule(lost=st.permutations(["aws", "azure", "gcp"]))
    def two_operators_at_once(self, lost: list[str]) -> None:
        """Each has a plan before them, and then both confirm."""
        asked = []
        for which, person in enumerate(("ada", "eve")):
            known = len(self.stored())
            self.ask(which, person, lost[which], {}, again=False)
            asked += self.stored()[known:]
        for which, each in enumerate(asked):
            if each.state is ActionState.AWAITING:
                self.model.words[each.id].add(each.digest)
            word = self.services[which].requests.confirm(Decided(each.person), each.id, each.digest, each.target)
            self.use(which, {}, word)

    @precondition(lambda self: self.stored())
    @rule(which=SERVICES, action=st.sampled_from([0, 1]), commits=BROKEN)
    def cancel(self, which: int, action: int, commits: dict[int, str]) -> None:
        asked = self.one(action)
        assert asked is not None
        self.use(which, commits, self.services[which].requests.cancel(Decided("grace"), asked.id))

    @precondition(lambda self: any(action.state in AT_WORK for action in self.stored()))
    @rule(which=SERVICES, faults=FAULTS, commits=BROKEN, worse=WORSE, may=st.booleans(), successor=st.booleans())
    def work(self, which: int, faults: list[str], commits: dict[int, str], worse: bool, **more: bool) -> None:
        may, successor = more["may"], more.get("successor", False)
        self.world.faults, self.worse, self.may_undo = list(faults), worse, may

        async def overtake() -> None:
            """This one hangs: the other goes on once its claim has run out, a later life at its own place at once."""
            if await self.services[1 - which].executor.work_once():
                self.world.broken.append("who only stands still was taken for dead")
            if successor:
                self.services[which] = self.begin(which)
                await self.services[which].executor.work_once()
            else:
                self.clock.at += LEASE
                await self.services[1 - which].executor.work_once()

        self.world.overtake = overtake
        dead = [name for name, place in self.places.items() if place == which and name != self.services[which].name]
        left = [(a.id, a.fence) for a in self.stored() if a.state is ActionState.CLAIMED and a.holder in dead]
        self.use(which, commits, self.services[which].executor.work_once())
        self.world.faults, self.world.overtake = [], None
        for action in self.stored() if not commits else ():
            # Who died is not waited for.
            assert (action.id, action.fence) not in left or action.state is ActionState.ENDED

    @precondition(lambda self: any(action.outcome is Outcome.VERIFIED for action in self.stored()))
    @rule(
        which=SERVICES,
        commits=BROKEN,
        follow=st.booleans(),
        foreign=st.booleans(),
        seconds=st.sampled_from([0, 1, 1, 20, 1000]),
    )
    def look_for_customers(
        self, which: int, commits: dict[int, str], follow: bool, foreign: bool, seconds: int
    ) -> None:
        """Some time after a change one of the services looks whether customers have moved, and the other after it."""
        self.clock.at += seconds * SECOND
        self.follow, self.world.answers_strangely = follow, foreign
        self.use(which, commits, self.services[which].following.look())
        self.use(1 - which, {}, self.services[1 - which].following.look())

    @rule(seconds=st.sampled_from([1, 5, 10, 10, 30, 60, 3600, -1, -15, -3600]))
    def time_passes_or_the_clock_jumps(self, seconds: int) -> None:
        self.clock.at += seconds * SECOND

    @rule(what=st.sampled_from(["shares", "shares and all", "unreadable", *sorted(CONFIGURED)]), state=STATES)
    def something_changes(self, what: str | Place, state: State) -> None:
        """Others change the shares, the records cannot be read the next time, or a provider's health changes."""
        if isinstance(what, Place):
            self.states = dict.fromkeys(CONFIGURED, State.OK) | {what: state}
        elif what == "unreadable":
            self.world.unreadable = True
        else:
            half = {AWS: 50, AZURE: 50, GCP: 0}
            self.world.shares = half if what == "shares" else {AWS: 0, AZURE: 0, GCP: 100}

    # What has to be.

    @invariant()
    def nothing_is_that_may_not_be(self) -> None:
        assert not self.world.broken
        assert not list(self.model.problems(self.stored(), self.world.landed))

    def teardown(self) -> None:
        """All has an end, with nobody there but services that work and time that passes."""
        self.worse = False
        for _ in range(12):
            self.use(0, {}, self.services[0].executor.work_once())
            self.nothing_is_that_may_not_be()
            self.clock.at += LEASE
        self.clock.at += 2 * GIVEN_UP_AFTER
        for service in self.services:
            asyncio.run(service.following.look())
        self.nothing_is_that_may_not_be()
        assert not [a for a in self.stored() if a.steps and a.outcome is Outcome.VERIFIED and a.open_step is not None]
        open_ones = [a for a in self.stored() if a.state not in {ActionState.ENDED, ActionState.HANDED_OVER}]
        for service in self.services:
            asyncio.run(service.close())
        assert not open_ones


def test_what_is_accepted_is_made_once_and_all_has_an_end(ledger: str) -> None:
    class Here(Machine):
        url = ledger

    run_state_machine_as_test(
        Here,
        settings=examples(15, steps=20),
    )
    with closing(AuditReader(ledger)) as reader:
        verdict = verify(reader.written())
    assert verdict.bad is None
    assert verdict.links > 100
