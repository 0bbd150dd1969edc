"""A change of shares from the question to the confirmation: planned on live records, and again when it is confirmed.

A plan is made from what the backend says now and from what the cache knows; a confirmation holds for exactly the plan
that was shown. Source: DESIGN, laws 5 and 7.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from wedtui.actions.deeds import Deeds, OnSubject, PlannedDeed
from wedtui.actions.executor import Lapsed
from wedtui.actions.planning import Gathered, Planned, Planner, stored_plan
from wedtui.actions.traffic import change_of
from wedtui.core import actions, confirming, failover, paging
from wedtui.core.action_document import ASKED, asked_of
from wedtui.core.actions import IN_PLACE, Action, ActionState, IllegalMoveError
from wedtui.core.confirming import SEND_WITHIN, Confirmation
from wedtui.core.deed_plan import DeedPlan
from wedtui.core.failover import Plan, canonical, changed, lapsed
from wedtui.core.failover_facts import Kind, Request, target_of
from wedtui.core.notify import Notice
from wedtui.core.plan_words import before_words, clock
from wedtui.core.roles import Decided, Demand
from wedtui.core.traffic import Place, by_provider, parse_place
from wedtui.errors import ConflictError, NotFoundError, NotPermittedError, ProviderUnavailableError
from wedtui.ledger.journal import APPROVE, CONFIRM, PLAN, By, Journal
from wedtui.ledger.requests import Once

T = TypeVar("T")

TRAFFIC = "traffic"
"""What failover and failback change."""
_SHARES = frozenset(kind.value for kind in Kind)
BEFORE = "before"
"""Of a failback: to the shares before the newest failover."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for."""

    kind: Kind
    lost: tuple[str, ...] = ()
    """`aws`, or `aws/eu-west-1`."""
    accepts_overload: bool = False
    to: str = "configured"
    """Of a failback: `configured`, or `before` the newest failover."""
    vouched: tuple[str, ...] = ()
    """Providers of which nothing is known, and which the person says are well."""

    @property
    def target(self) -> str:
        """What has to be typed."""
        return target_of(self.kind, self.lost)

    def document(self) -> dict[str, object]:
        """Return all of it, as an action keeps it: with anything else the same key is that of another request."""
        return {
            "kind": self.kind.value,
            "lost": sorted(set(self.lost)),
            "accepts_overload": self.accepts_overload,
            "to": self.to,
            "vouched": sorted(set(self.vouched)),
        }


class Requests:
    """Plans and takes confirmations. May be used by several threads: the journal is one's at a time."""

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        planner: Planner | None,
        configured: Mapping[Place, int],
        started_at: datetime | None = None,
        deeds: Deeds | None = None,
    ) -> None:
        """Remember with what it is done.

        Args:
            open_journal: opens the ledger; called by whoever asks first.
            planner: plans on what is live; None where no backend of traffic is configured.
            configured: the shares of the configuration.
            started_at: since when this service asks probes; None: it is not known to be any later than them.
            deeds: plans what is no change of shares; None: nothing else is done.
        """
        self._deeds = deeds
        self._started_at = started_at
        self._open, self._shares, self._configured = open_journal, planner, configured
        self._turn = threading.Lock()
        self._journal: Journal | None = None

    @property
    def _planner(self) -> Planner:
        if self._shares is None:
            raise NotFoundError("no backend of traffic is configured: add backend and places to [traffic]")
        return self._shares

    @property
    def _others(self) -> Deeds:
        if self._deeds is None:
            raise NotFoundError("this service changes shares alone")
        return self._deeds

    async def plan(self, wish: Wish | OnSubject) -> Plan | DeedPlan:
        """Plan without asking for anything.

        Raises:
            StoreError: the cache or the ledger cannot be read.
        """
        return (await self._planned(wish)).plan

    async def ask(self, by: Decided, wish: Wish | OnSubject, reason: str, key: str, once: Once | None = None) -> Action:
        """Ask for a change; the same key again is the same request.

        Args:
            by: who asks.
            wish: what for.
            reason: why.
            key: of the request, their own.
            once: the request as it came, whose answer is kept; None where nobody waits for one.

        Returns:
            The action: it awaits its confirmation, or was refused.

        Raises:
            AnsweredBeforeError: it was answered already.
            NotPermittedError: this person may not.
            ConflictError: the key was used for something else, or with other options.
            StoreError: the ledger cannot be used; nothing was asked for.
        """
        person, asked = by.person, canonical({ASKED: wish.document()}).decode()

        kind, target, resource = self._about(wish)

        def make(at: datetime) -> Action:
            return Action(kind, target, resource, person, reason, at, plan=asked)

        action = await self._in_turn(
            lambda journal: journal.request(make, f"{person} {key}", beside=by.on_record, once=once)
        )
        if by.refused is not None:
            await self._refuse(by, action.id, "request", once)
        if action.state is not ActionState.REQUESTED:
            return action
        return await self._put(action.id, await self._planned(wish, by.needs), By(person, by.on_record, once), by.needs)

    async def confirm(
        self,
        by: Decided,
        number: int,
        digest: str,
        typed: str,
        break_glass: str | None = None,
        *,
        once: Once | None = None,
    ) -> Action:
        """Take a confirmation, if the plan is still the one that was shown.

        Args:
            by: who confirms.
            number: of the action.
            digest: of the plan that they saw.
            typed: what they typed as its target.
            break_glass: why they act without a second person who is demanded; None where they do not ask to.
            once: the request as it came, whose answer is kept; None where nobody waits for one.

        Raises:
            AnsweredBeforeError: it was answered already.
            NotPermittedError: this person may not.
            NotFoundError: there is no such action.
            ConflictError: it may not be confirmed, or not like this; a plan that changed is put before the person anew.
            StoreError: the ledger cannot be used.
        """
        await self._refuse(by, number, "confirm", once)
        person = by.person
        known = await self._in_turn(lambda journal: journal.action(number))
        waits = known.state is ActionState.AWAITING
        if (known.confirmed_by, known.digest) == (person, digest) and not (waits and break_glass is not None):
            # It was confirmed, and its answer was lost.
            return known if once is None else await self._in_turn(lambda journal: journal.answer(number, once))
        await self._look_again(by, known, digest, once)

        def move(action: Action, at: datetime) -> Action:
            return confirming.confirm(action, Confirmation(person, digest, typed, at, break_glass), at + SEND_WITHIN)

        beside = {**by.on_record, "typed": typed, **({} if break_glass is None else {"break_glass": break_glass})}
        return await self._in_turn(lambda journal: journal.move(number, CONFIRM, move, by=By(person, beside, once)))

    async def approve(self, by: Decided, number: int, digest: str, typed: str, *, once: Once | None = None) -> Action:
        """Take the word of a second person for exactly the plan that they saw; raises what `confirm` does."""
        await self._refuse(by, number, "approve", once)
        person = by.person
        known = await self._in_turn(lambda journal: journal.action(number))
        if known.confirmed_by is not None:
            # With this word it is confirmed.
            await self._look_again(by._replace(needs=known.needs), known, digest, once)

        def move(action: Action, at: datetime) -> Action:
            return confirming.approve(action, Confirmation(person, digest, typed, at), at + SEND_WITHIN)

        maker = By(person, {**by.on_record, "typed": typed}, once)
        return await self._in_turn(lambda journal: journal.move(number, APPROVE, move, by=maker))

    async def _look_again(self, by: Decided, known: Action, digest: str, once: Once | None) -> None:
        """Plan what is about to be confirmed once more; raises a ConflictError where it is another one by now."""
        if known.state is not ActionState.AWAITING or known.digest != digest:
            return
        newer, why = await self._again(known, good_for(by.needs))
        if why:
            told = ConflictError(f"action {known.id}: the plan has changed since it was shown: {why[0]}")
            await self._put(known.id, newer, By(by.person, by.on_record, once, told), by.needs)
            raise told

    async def _again(self, known: Action, lasts: timedelta) -> tuple[Planned | PlannedDeed, Sequence[str]]:
        """Plan what awaits its confirmation once more; return that, and why the plan that was seen does not hold."""
        if known.kind not in _SHARES:
            return await self._others.again(known, good_for=lasts)
        seen = stored_plan(known)
        assert seen is not None, "what awaits its confirmation has a plan"
        newer = await self._planner.plan(seen.request, good_for=lasts)
        return newer, changed(seen, newer.plan) or newer.plan.refused

    async def review(self, by: Decided, number: int, sentence: str, *, once: Once | None = None) -> Action:
        """Note what another person found of what was done without a second one; raises what `confirm` does."""
        await self._refuse(by, number, "review", once)
        person = by.person

        def move(action: Action, at: datetime) -> Action:
            return confirming.review(action, person, sentence, at)

        maker = By(person, by.on_record, once)
        return await self._in_turn(lambda journal: journal.move(number, "review", move, by=maker))

    async def lapsed(self, action: Action) -> Lapsed | None:
        """Return why a confirmed change may not be begun any more by what is known now; None where it may.

        Raises:
            ProviderUnavailableError: the live records cannot be seen at the moment; or the service has just started,
                and what would stop it is not known by a round of its own yet.
            StoreError: what is known now cannot be read.
        """
        confirmed = stored_plan(action)
        if confirmed is None:
            return Lapsed("its plan is not kept")
        gathered = await self._planner.gather()
        if gathered.away is not None:
            raise ProviderUnavailableError(gathered.away, wait_s=gathered.away_s)
        newer = gathered.plan(confirmed.request)
        why = lapsed(confirmed, newer.plan)
        if not why:
            return None
        if newer.plan.records == confirmed.records and self._awaits_probes(gathered):
            assert self._started_at is not None
            since = f"probes were not all asked since the service started at {clock(self._started_at)}"
            raise ProviderUnavailableError(f"{since}; by what is known without: {why[0]}")
        return Lapsed(f"the plan no longer holds, and nothing was done: {why[0]}", newer.document(_asked(action)))

    def _awaits_probes(self, gathered: Gathered) -> bool:
        """Whether somebody who has traffic, or may get it, was not probed since the service started."""
        started, reading = self._started_at, gathered.facts.reading
        # Later than that a provider without a round is one that is not probed: nothing that is waited for.
        if started is None or reading is None or gathered.at - started > SEND_WITHIN:
            return False
        rounds = (gathered.facts.provider(name).round_at for name in by_provider(reading.shares))
        return any(at is None or at < started for at in rounds)

    async def cancel(self, by: Decided, number: int, *, once: Once | None = None) -> Action:
        """End what was not begun, and begin no further step of what was; raises what `confirm` does."""
        known = await self._in_turn(lambda journal: journal.action(number))
        if known.in_effect and by.refused_once_made is not None:
            by = by._replace(refused=by.refused or by.refused_once_made)
        await self._refuse(by, number, "cancel", once)
        person, once_made = by.person, by.refused_once_made

        def move(action: Action, at: datetime) -> Action:
            if action.in_effect and once_made is not None:
                raise IllegalMoveError(once_made)  # it was made since
            return actions.cancel(action, person, at)

        maker = By(person, by.on_record, once)
        return await self._in_turn(lambda journal: journal.move(number, "cancel", move, by=maker))

    async def look(self, once: Once) -> None:
        """Look whether a request was answered before; raises what `Journal.look` does."""
        await self._in_turn(lambda journal: journal.look(once))

    async def abort(self, by: Decided, counted: Callable[[], Action | None], *, once: Once | None = None) -> Action:
        """End the countdown that runs; raises what `confirm` does, and a ConflictError where none does.

        Args:
            by: who ends it.
            counted: returns what the service asks for by itself; called in a thread.
            once: the request as it came, whose answer is kept.
        """
        if once is not None:
            await self.look(once)
        action = await asyncio.to_thread(counted)
        if action is None or action.state is not ActionState.AWAITING or action.countdown_since is None:
            raise ConflictError("no countdown runs: `wedtui automation status` says how it stands")
        return await self.cancel(by, action.id, once=once)

    async def settle(self, by: Decided, number: int, sentence: str, *, once: Once | None = None) -> Action:
        """End what was handed over, by the word of a person who looked; raises what `confirm` does."""
        await self._refuse(by, number, "settle", once)
        person = by.person

        def move(action: Action, at: datetime) -> Action:
            return actions.settle(action, person, sentence, at)

        maker = By(person, by.on_record, once)
        return await self._in_turn(lambda journal: journal.move(number, "settle", move, by=maker))

    def close(self) -> None:
        """Let go of the ledger."""
        with self._turn:
            journal, self._journal = self._journal, None
            if journal is not None:
                journal.close()

    def _about(self, wish: Wish | OnSubject) -> tuple[str, str, str]:
        """Return kind, what has to be typed, and what is changed; raises what `Deed.target` does."""
        if isinstance(wish, Wish):
            return wish.kind.value, wish.target, TRAFFIC
        deed = self._others.deed(wish.kind)
        return wish.kind, deed.target(wish.subject), deed.resource(wish.subject)

    async def _planned(self, wish: Wish | OnSubject, needs: frozenset[Demand] = frozenset()) -> Planned | PlannedDeed:
        if isinstance(wish, OnSubject):
            return await self._others.plan(wish, good_for=good_for(needs))
        return await self._planner.plan(await self._request(wish), good_for=good_for(needs))

    async def _request(self, wish: Wish) -> Request:
        if wish.kind is Kind.FAILOVER:
            lost = frozenset(map(parse_place, wish.lost))
            return Request(wish.kind, lost, accepts_overload=wish.accepts_overload, vouched=frozenset(wish.vouched))
        if wish.to != BEFORE:
            return Request(wish.kind, to=dict(self._configured))
        last = await self._in_turn(lambda journal: journal.newest(Kind.FAILOVER.value, IN_PLACE))
        if last is None:
            raise NotFoundError("there was no failover to come back from: see `wedtui actions list`")
        read = change_of(last.plan).read
        return Request(wish.kind, to=read.shares, to_words=before_words(read.read_at, last.id))

    async def _put(self, number: int, planned: Planned | PlannedDeed, by: By, needs: frozenset[Demand]) -> Action:
        """Put a plan before who asked, or say that it may not be done."""
        made = planned.plan

        def move(action: Action, at: datetime) -> Action:
            document = planned.document(_asked(action))
            if made.refused or planned.change is None:
                why = "; ".join(made.refused) or "the live records cannot be read"
                return actions.refuse(action, why, at, document)
            return actions.propose(action, document, made.digest, at + (made.expires_at - made.at), needs)

        name = PLAN if not made.refused else "refuse"

        def tell(_before: Action, after: Action) -> Sequence[Notice]:
            return () if made.page is None else (paging.refused(after, made.page),)

        return await self._in_turn(lambda journal: journal.move_telling(number, name, move, tell, by=by))

    async def _refuse(self, by: Decided, number: int, name: str, once: Once | None) -> None:
        """Put on record that somebody may not do this, and say so to them; nothing where they may.

        Raises:
            AnsweredBeforeError: it was answered already, whatever they may by now.
            NotPermittedError: they may not.
        """
        if by.refused is None:
            if once is not None:
                await self.look(once)
            return
        refused, told = by.refused, NotPermittedError(by.refused)

        def move(action: Action, at: datetime) -> Action:
            if name == "request" and action.state is ActionState.REQUESTED:
                return actions.refuse(action, refused, at)
            raise IllegalMoveError(refused)

        try:
            maker = By(by.person, by.on_record, once, told)
            await self._in_turn(lambda journal: journal.move(number, name, move, by=maker))
        except NotPermittedError:
            pass  # that is what is on record, and said here
        raise told

    async def _in_turn(self, work: Callable[[Journal], T]) -> T:
        def run() -> T:
            with self._turn:
                if self._journal is None:
                    self._journal = self._open()
                return work(self._journal)

        return await asyncio.to_thread(run)


def _asked(action: Action) -> dict[str, object]:
    """Return what every plan of an action keeps beside it: all that was asked for."""
    asked = asked_of(action.plan)
    return {} if asked is None else {ASKED: asked}


def good_for(needs: frozenset[Demand]) -> timedelta:
    """Return how long a plan may be confirmed: a second person has to see it too."""
    return failover.SECOND_PERSON_WITHIN if needs else failover.PLAN_GOOD_FOR
