"""The service by itself: it looks at what fails, proposes, counts down and confirms, as `core.automation` answers.

It decides nothing and carries nothing out: what it asks for is an action like any other, which a person may confirm or
cancel, and what it confirms the executor begins. All of it is in the journal, and so on every screen and through a
crash. Source: DESIGN, "Traffic and failover" (who decides).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

import structlog

from wedtui.actions.planning import Gathered, Planned, Planner, stored_plan
from wedtui.actions.requests import TRAFFIC, good_for
from wedtui.clock import Clock
from wedtui.core import actions, confirming, paging
from wedtui.core.actions import Action, ActionState, IllegalMoveError
from wedtui.core.automation import (
    CALM,
    COUNTDOWN,
    Answer,
    AutomationFacts,
    Countdown,
    Mode,
    Next,
    Timeouts,
    ails,
    asks_again,
    failed,
    may_act,
)
from wedtui.core.checks import Check
from wedtui.core.confirming import SEND_WITHIN, Confirmation
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.failover import canonical, lapsed
from wedtui.core.failover_facts import Kind, Request
from wedtui.core.notify import Event, Level, Notice
from wedtui.core.roles import Demand
from wedtui.core.traffic import Place
from wedtui.core.wording import listed
from wedtui.errors import ConflictError
from wedtui.ledger.automation import AUTOMATON, Record
from wedtui.ledger.journal import PLAN, Journal, Move, Tell

T = TypeVar("T")

LOOKS_EVERY_S = 1.0
LOOKS_SOON_S = 0.25
"""Once a round failed, and not yet three: the third is acted upon when it is known, not up to a second later."""
COUNTS_EVERY_S = 0.5
AT_LEAST_S = 0.02
"""A countdown is over to the millisecond; a clock that runs a little behind is asked again after this."""
PLANS_EVERY_S = 5.0
"""While nothing is counted down: the live records are not asked for more often."""
RENEWED_BEFORE = timedelta(seconds=5)
"""A proposal gets a new plan so long before the old one expires."""
MAY_BE_OLD = timedelta(hours=1)
"""What fails when the service begins may be what it asked about before, within this."""


def _nothing(before: Action, after: Action) -> tuple[Notice, ...]:
    """Nobody is told more of a move than what follows from it alone."""
    del before, after
    return ()


class Situation(NamedTuple):
    """What the newest probes say."""

    providers: tuple[ProviderEvidence, ...]
    shares: dict[Place, int]
    """As they were read last; empty where that is not known."""
    wedding_day: bool = False
    probe_timeout: timedelta = timedelta(seconds=2)


class Edge(Protocol):
    """What automation asks of the service that it lives in; called on its loop."""

    def holds(self) -> bool:
        """Whether this service, of several, is the one that acts."""
        ...

    def paging(self) -> bool:
        """Whether somebody would be paged."""
        ...

    def say(self, sentence: str | None) -> None:
        """Tell every screen how automation stands; None: there is nothing to say."""
        ...

    def confirmed(self) -> None:
        """Have it begun at once."""
        ...

    def aside(self) -> str | None:
        """Say that something was done without the ledger, of which that says nothing yet; called in a thread too."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """How it is configured, and which service this is."""

    mode: Mode
    shared: bool
    vantage: str
    timeouts: Timeouts
    needs: frozenset[Demand] = frozenset()
    """What is demanded beside the role of whoever confirms what it proposes."""

    @property
    def name(self) -> str:
        """Under which it goes on record."""
        return f"{AUTOMATON}{self.vantage}"


class Automation:
    """One service's automation. Used on one event loop; the journal is used in a thread of its own."""

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        planner: Planner,
        situation: Callable[[datetime], Situation],
        setting: Setting,
        edge: Edge,
        *,
        clock: Clock,
    ) -> None:
        """Remember with what it works; nothing is opened yet.

        Args:
            open_journal: opens the ledger.
            planner: plans on what is live.
            situation: what the newest probes say at an instant; called in a thread.
            setting: how it is configured.
            edge: the service that it lives in.
            clock: the time of day, and one that never jumps.
        """
        self._open, self._planner, self._situation = open_journal, planner, situation
        self._setting, self._edge, self._clock = setting, edge, clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="automation")
        self._journal: Journal | None = None
        self._failing: str | None = None
        """What fails, by name; None where nothing does."""
        self._since: datetime | None = None
        self._failed_at: float | None = None
        """When something last failed (monotonic); None where that is over, and nothing of ours is open."""
        self._acts_at: datetime | None = None
        """When the countdown that runs ends."""
        self._looked = self._clean = False
        self._gathered: Gathered | None = None
        self._held: tuple[str, ...] | None = None
        """Of what it was paged that it fails and is not moved; None where of nothing yet."""
        self._log = structlog.get_logger("wedtui.automation")

    async def look(self) -> float:
        """Look once, and do what is next; return after how many seconds to look again.

        Raises:
            StoreError: cache or ledger cannot be used; nothing was done that is not stored.
        """
        if not self._edge.holds():
            self._forget()
            self._edge.say(None)
            return LOOKS_EVERY_S
        now = self._clock.now()
        found = await asyncio.to_thread(self._situation, now)
        names = () if self._setting.mode is Mode.OFF else failed(found.providers, found.shares, now)
        if names:
            counting = await self._ask(found, now)
        else:
            counting = await self._rest()
        self._looked = True
        if counting:
            return self._until_it_acts()
        soon = self._setting.mode is not Mode.OFF and not names and ails(found.providers, found.shares, now)
        return LOOKS_SOON_S if soon else LOOKS_EVERY_S

    def _until_it_acts(self) -> float:
        """Return after how long to look while it counts down: often enough to see a round pass, and at its end."""
        left = COUNTS_EVERY_S if self._acts_at is None else (self._acts_at - self._clock.now()).total_seconds()
        return max(min(left, COUNTS_EVERY_S), AT_LEAST_S)

    async def facts(self, found: Situation) -> AutomationFacts:
        """Return what says whether the service may do anything by itself at all."""
        return self._facts(found, None, await self._in_thread(lambda journal: journal.record(TRAFFIC)), None)

    async def close(self) -> None:
        """Let go of the ledger."""
        if self._journal is not None:
            await self._in_thread(lambda journal: journal.close())
        self._thread.shutdown()

    def _forget(self) -> None:
        self._failing = self._since = self._failed_at = self._gathered = None
        self._looked = self._clean = False

    async def _rest(self) -> bool:
        """Nothing fails: end what was asked for, once that is so for a while. Nothing is read where nothing is open."""
        self._gathered = None
        if self._clean:
            return False
        record = await self._in_thread(lambda journal: journal.record(TRAFFIC))
        open_ = _open_of(record)
        calm_at = None if self._failed_at is None else self._failed_at + CALM.total_seconds()
        if calm_at is not None and self._clock.monotonic() < calm_at:
            if open_ is not None and open_.countdown_since is not None:
                await self._end_countdown(open_)
            return False
        if open_ is not None:
            await self._withdraw(open_, f"{open_.target} does not fail any more")
        self._failing = self._since = self._failed_at = None
        await self._held_over("nothing fails any more")
        self._clean = True
        self._edge.say(None)
        return False

    async def _ask(self, found: Situation, now: datetime) -> bool:
        """Something fails: ask the rules, and do what is next; return whether it counts down."""
        self._failed_at, self._clean = self._clock.monotonic(), False
        record = await self._in_thread(lambda journal: journal.record(TRAFFIC))
        gathered = self._gathered
        old = gathered is None or abs(now - gathered.at) > timedelta(seconds=PLANS_EVERY_S)
        if gathered is None or old:
            gathered = self._gathered = await self._planner.gather()
        answer, facts, planned = self._answer(found, gathered, record)
        if answer.next in {Next.COUNTDOWN, Next.ACT} and not old:
            gathered = self._gathered = await self._planner.gather()
            answer, facts, planned = self._answer(found, gathered, record)
        if not answer.failed:
            return await self._rest()
        self._begin(answer.failed, now)
        if answer.page is not None:
            await self._page_held(answer.failed, answer.page)
        open_ = await self._of_this(record, ",".join(answer.failed))
        if answer.next is Next.ACT and open_ is not None:
            await self._act(open_, facts)
            return False
        return await self._put(open_, record, answer, planned, gathered)

    def _begin(self, names: tuple[str, ...], now: datetime) -> None:
        """Note since when these fail; what failed already when the service began may be an old failure."""
        target = ",".join(names)
        if self._failing != target:
            self._failing, self._since = target, now if self._looked else now - MAY_BE_OLD

    def _answer(self, found: Situation, gathered: Gathered, record: Record) -> tuple[Answer, AutomationFacts, Planned]:
        reading = gathered.facts.reading
        now = self._clock.now()
        live = found._replace(shares=found.shares if reading is None else dict(reading.shares))
        names = failed(live.providers, live.shares, now)
        lost = frozenset(Place(name) for name in names)
        planned = gathered.plan(Request(Kind.FAILOVER, lost, automatic=True))
        facts = self._facts(live, planned, record, _countdown_of(_open_of(record)))
        return may_act(facts, now), facts, planned

    def _facts(
        self, found: Situation, planned: Planned | None, record: Record, countdown: Countdown | None
    ) -> AutomationFacts:
        facts = AutomationFacts(
            mode=self._setting.mode,
            shared=self._setting.shared,
            paging=self._edge.paging(),
            providers=found.providers,
            shares=found.shares,
            plan=None if planned is None else planned.plan,
            wedding_day=found.wedding_day,
            timeouts=self._setting.timeouts,
            probe_timeout=found.probe_timeout,
        )
        return replace(self._known(facts, record), countdown=countdown)

    def _known(self, facts: AutomationFacts, record: Record) -> AutomationFacts:
        """Add what is on record; what was done without the ledger is not, and may be under way."""
        return replace(
            facts,
            stopped=None if record.stopped is None else record.stopped.sentence,
            acted=record.acted,
            changed_at=record.changed_at,
            aborted_at=record.aborted_at,
            busy=record.busy or self._edge.aside(),
        )

    async def _of_this(self, record: Record, target: str) -> Action | None:
        """Return what is open of what fails now; what is open of something else is withdrawn."""
        open_ = _open_of(record)
        if open_ is not None and open_.target != target:
            await self._withdraw(open_, f"by now it is {target.replace(',', ' and ')} that fails")
            return None
        return open_

    async def _put(
        self, open_: Action | None, record: Record, answer: Answer, planned: Planned, gathered: Gathered
    ) -> bool:
        """Put before people what is next: a countdown, or a proposal."""
        since = None
        if answer.next is Next.COUNTDOWN and answer.until is not None:
            since, self._acts_at = answer.until - COUNTDOWN, answer.until
        else:
            planned = _for_a_person(gathered, planned, self._setting.needs)
        if answer.next is Next.NOTHING or planned.plan.refused or planned.change is None:
            if open_ is not None:
                await self._withdraw(open_, (*planned.plan.refused, "the rules do not allow it any more")[0])
            self._tell(None, answer, None, record)
            return False
        if open_ is None:
            assert self._since is not None
            if since is None and not asks_again(record.newest, self._since, self._clock.now()):
                self._tell(None, answer, None, record)
                return False
            open_ = await self._request(answer.failed, record)
        if open_ is not None and not _stands(open_, planned, since, self._clock.now()):
            open_ = await self._propose(open_, planned, answer, since)
        self._tell(open_, answer, since, record)
        return since is not None

    async def _request(self, names: tuple[str, ...], record: Record) -> Action | None:
        """Ask for it; of two services that do so at once one does."""
        person, target = self._setting.name, ",".join(names)
        reason = f"the probes of {listed(names)} failed three rounds in a row"

        def make(at: datetime) -> Action:
            return Action(Kind.FAILOVER.value, target, TRAFFIC, person, reason, at, automatic=True)

        key = f"{AUTOMATON}{target} after {record.last}"
        try:
            return await self._in_thread(lambda journal: journal.request(make, key))
        except ConflictError as error:
            self._log.info("another service asks for it", why=str(error))
            return None

    async def _propose(self, open_: Action, planned: Planned, answer: Answer, since: datetime | None) -> Action | None:
        document = planned.document({"automation": _evidence(answer.checks)})
        # What it counts down to it may do alone; what it only proposes a person confirms, of whom as much is demanded
        # as if they had asked for it.
        needs = frozenset() if since is not None else self._setting.needs

        def move(action: Action, at: datetime) -> Action:
            until = at + good_for(needs)
            return actions.propose(action, document, planned.plan.digest, until, needs, countdown_since=since)

        def tell(_before: Action, after: Action) -> tuple[Notice, ...]:
            what = paging.PROPOSAL if since is None else paging.COUNTDOWN
            return (_page(paging.key_of(after.id, what), _sentence(after.id, answer, since)),)

        return await self._move(open_, PLAN, move, tell)

    async def _end_countdown(self, open_: Action) -> None:
        def move(action: Action, at: datetime) -> Action:
            del at
            assert action.expires_at is not None
            return actions.propose(action, action.plan, action.digest, action.expires_at, self._setting.needs)

        await self._move(open_, "end the countdown", move)
        self._edge.say(f"{open_.target} passed a round: nothing is counted down (action {open_.id})")

    async def _withdraw(self, open_: Action, why: str) -> None:
        await self._move(open_, "withdraw", lambda action, at: actions.withdraw(action, why, at))

    async def _act(self, open_: Action, facts: AutomationFacts) -> None:
        """Confirm it, by what is on record in the transaction in which that is stored."""
        now = self._clock.now()

        def move(action: Action, at: datetime, record: Record) -> Action:
            again = may_act(replace(self._known(facts, record), countdown=_countdown_of(action)), now)
            if again.next is not Next.ACT:
                broken = [check.sentence for check in again.checks if not check.passed]
                raise IllegalMoveError((*broken, "its countdown is not over")[0])
            word = Confirmation(self._setting.name, action.digest, action.target, at)
            document = json.loads(action.plan) | {"automation": _evidence(again.checks)}
            return replace(confirming.confirm(action, word, at + SEND_WITHIN), plan=canonical(document).decode())

        def tell(_before: Action, after: Action) -> tuple[Notice, ...]:
            said = f"wedtui fails over from {after.target} by itself (action {after.id})"
            return (_page(paging.key_of(after.id, paging.ACTS), said),)

        try:
            await self._in_thread(lambda journal: journal.act(open_.id, move, tell, by=self._setting.name))
        except ConflictError as error:
            self._log.warning("not done", action=open_.id, why=str(error))
            return
        self._edge.confirmed()
        self._edge.say(f"fails over from {open_.target} now (action {open_.id})")

    async def _move(self, open_: Action, name: str, move: Move, tell: Tell = _nothing) -> Action | None:
        """Make a move; a person may have come before."""
        person = self._setting.name
        try:
            return await self._in_thread(lambda journal: journal.move_telling(open_.id, name, move, tell, by=person))
        except ConflictError as error:
            self._log.info("a person came before", action=open_.id, why=str(error))
            return None

    def _tell(self, open_: Action | None, answer: Answer, since: datetime | None, record: Record) -> None:
        """Tell every screen what is next; of what is asked for people are told with the move."""
        if open_ is None or open_.state is not ActionState.AWAITING:
            self._edge.say(record.busy or self._edge.aside() or _unproposed(answer.failed, record.newest))
        else:
            why = [check.sentence for check in answer.checks if not check.passed] if since is None else []
            by_itself = f" (not by itself: {why[0]})" if self._setting.mode is Mode.AUTO and why else ""
            self._edge.say(f"{_sentence(open_.id, answer, since)}{by_itself}")

    async def _page_held(self, names: tuple[str, ...], why: str) -> None:
        """Page that nothing is moved, once for each set of what fails; there is no action to which that belongs."""
        if self._held == names:
            return
        if self._held is not None:
            await self._held_over(f"by now it is {listed(names)} that failed")
        page = _page(paging.HELD, f"{listed(names)} failed, and nothing is moved: {why}")
        await self._in_thread(lambda journal: journal.tell(page))
        self._held = names

    async def _held_over(self, why: str) -> None:
        """Tell whoever was paged that it is over: by this life of the service, one before, or another service."""
        over = Notice(paging.HELD, Level.INFO, why, event=Event.RESOLVE)
        await self._in_thread(lambda journal: journal.tell(over))
        self._held = None

    async def _in_thread(self, work: Callable[[Journal], T]) -> T:
        def run() -> T:
            if self._journal is None:
                self._journal = self._open()
            return work(self._journal)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)


def _page(key: str, sentence: str) -> Notice:
    return Notice(key, Level.CRITICAL, sentence)


def _sentence(number: int, answer: Answer, since: datetime | None) -> str:
    """Say what is asked for by an action: that it counts down since an instant, or waits for a person."""
    names = listed(answer.failed)
    if since is None:
        return f"{names} failed; to leave it waits for a person: `wedtui actions confirm {number}`"
    until = f"{(since + COUNTDOWN).astimezone(UTC):%H:%M:%S} UTC"
    return f"fails over from {names} at {until} (action {number}): `wedtui automation abort` prevents it"


def _unproposed(failed: tuple[str, ...], newest: Action | None) -> str:
    """Say that nothing is proposed, and where a person is why: who that was, and what can be done."""
    words = f"{listed(failed)} failed, and nothing is proposed"
    if newest is None or not newest.automatic or newest.cancelled_by is None or newest.target != ",".join(failed):
        return words
    return (
        f"{words}: {newest.cancelled_by} cancelled action {newest.id}; "
        f"`wedtui failover run --from {failed[0]} --reason WHY` asks for it again"
    )


def _open_of(record: Record) -> Action | None:
    """Return what the service asked for and nobody has confirmed yet."""
    newest = record.newest
    return newest if newest is not None and newest.state in {ActionState.REQUESTED, ActionState.AWAITING} else None


def _countdown_of(action: Action | None) -> Countdown | None:
    plan = None if action is None else stored_plan(action)
    if action is None or action.countdown_since is None or plan is None:
        return None
    return Countdown(action.countdown_since, plan)


def _for_a_person(gathered: Gathered, planned: Planned, needs: frozenset[Demand]) -> Planned:
    """Return the same as a plan that a person may confirm; where there is no room, one that accepts the overload."""
    request = Request(Kind.FAILOVER, planned.plan.request.lost)
    within = good_for(needs)
    found = gathered.plan(request, good_for=within)
    return gathered.plan(replace(request, accepts_overload=True), good_for=within) if found.plan.refused else found


def _stands(open_: Action, planned: Planned, since: datetime | None, now: datetime) -> bool:
    """Whether what is open still is what would be asked for now."""
    stored = stored_plan(open_)
    if stored is None or open_.expires_at is None or open_.countdown_since != since:
        return False
    return now < open_.expires_at - RENEWED_BEFORE and not lapsed(stored, planned.plan)


def _evidence(checks: tuple[Check, ...]) -> list[dict[str, object]]:
    return [
        {
            "rule": check.rule,
            "result": check.result.value,
            "sentence": check.sentence,
            "measured_at": None if check.measured_at is None else check.measured_at.astimezone(UTC).isoformat(),
        }
        for check in checks
    ]
