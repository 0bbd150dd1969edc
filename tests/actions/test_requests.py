"""Plans that were shown can be confirmed while they are good, at whichever service, and not where they changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.actions.world import BreakingJournal, Commits, Crash, World
from tests.core import emergency
from tests.core.emergency import NOW, SECOND
from tests.places import SQLITE
from wedtui.actions.planning import Planner
from wedtui.actions.requests import BEFORE, Requests, Wish
from wedtui.core import actions
from wedtui.core.actions import Action, ActionState, Step, StepState
from wedtui.core.failover import PLAN_GOOD_FOR
from wedtui.core.failover_facts import Facts, Kind
from wedtui.core.roles import Decided
from wedtui.core.state import State
from wedtui.core.traffic import Place, TrafficReading
from wedtui.errors import (
    ConflictError,
    NotFoundError,
    NotPermittedError,
    ProviderUnavailableError,
    StoreUnreachableError,
)
from wedtui.ledger.journal import Journal

ONLY_ON = SQLITE
ADA = Decided("ada")
LEAVE = Wish(Kind.FAILOVER, ("aws",))


class Site:
    """Requests on what stays as it is; the test moves the ledger's clock alone."""

    def __init__(self, folder: Path) -> None:
        self.at = NOW
        self.known = emergency.facts()
        self.world = World({Place("aws"): 60, Place("gcp"): 40}, self.now)
        self.url = f"sqlite:///{folder}/ledger.db"
        self.requests = self.another()

    def another(self, started_at: datetime | None = None) -> Requests:
        return Requests(self.journal, Planner(self.world, self.facts, self), {}, started_at)

    def journal(self) -> Journal:
        return Journal(self.url, clock=lambda _connection: self.at)

    def facts(self, _reading: TrafficReading | None, _problem: str | None, _now: datetime) -> Facts:
        return self.known

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.requests.close()


def test_a_plan_can_be_confirmed_so_long_and_no_longer(site: Site) -> None:
    async def asked() -> None:
        first = await site.requests.ask(ADA, LEAVE, "it is down", "1")
        assert first.state is ActionState.AWAITING
        site.at += PLAN_GOOD_FOR / 2
        second = await site.requests.ask(ADA, LEAVE, "it is down", "2")
        site.at += PLAN_GOOD_FOR / 2
        with pytest.raises(ConflictError, match="has expired"):
            await site.requests.confirm(ADA, first.id, first.digest, "aws")
        assert (await site.requests.confirm(ADA, second.id, second.digest, "aws")).state is ActionState.CONFIRMED

    asyncio.run(asked())


@pytest.mark.parametrize("commit", [1, 2])
@pytest.mark.parametrize("fault", ["before", "after", "gone before", "gone after"])
def test_through_a_crash_at_any_commit_one_key_is_one_action_with_its_plan(site: Site, commit: int, fault: str) -> None:
    """The request is stored, and then its plan."""
    commits = Commits({commit: fault})
    planner = Planner(site.world, site.facts, site)
    dying = Requests(lambda: BreakingJournal(site.url, lambda: site.at, commits), planner, {})
    with pytest.raises((Crash, StoreUnreachableError)):
        asyncio.run(dying.ask(ADA, LEAVE, "it is down", "1"))
    dying.close()
    assert commits.count == commit
    asked = asyncio.run(site.requests.ask(ADA, LEAVE, "it is down", "1"))
    assert (asked.id, asked.state, bool(asked.digest)) == (1, ActionState.AWAITING, True)


WISHES = (
    LEAVE,
    replace(LEAVE, accepts_overload=True),
    replace(LEAVE, vouched=("gcp",)),
    replace(LEAVE, vouched=("azure", "gcp")),
    replace(LEAVE, lost=("gcp",)),
    Wish(Kind.FAILBACK),
    Wish(Kind.FAILBACK, to=BEFORE),
)


@pytest.mark.parametrize("first", WISHES)
def test_a_key_is_that_of_one_request_with_all_its_options(site: Site, first: Wish) -> None:
    async def ask(wish: Wish, reason: str = "it is down") -> int | None:
        try:
            return (await site.requests.ask(ADA, wish, reason, "1")).id
        except NotFoundError:
            return None  # there was no failover to come back from

    async def asked() -> None:
        number = await ask(first)
        assert await ask(replace(first, vouched=first.vouched[::-1])) == number
        for other in (wish for wish in WISHES if wish != first):
            with pytest.raises(ConflictError, match="used for action 1 already, which asks for something else"):
                await ask(other)
        with pytest.raises(ConflictError, match="name another"):
            await ask(first, "for another reason")
        assert await ask(first) == number, "what was refused changed nothing"

    asyncio.run(asked())


def test_a_key_keeps_its_options_whatever_becomes_of_the_action(site: Site) -> None:
    async def asked() -> None:
        action = await site.requests.ask(ADA, LEAVE, "it is down", "1")
        site.known = emergency.facts(caps={"azure": 60, "gcp": 100, "digitalocean": 100})
        with pytest.raises(ConflictError, match="the plan has changed since it was shown"):
            await site.requests.confirm(ADA, action.id, action.digest, "aws")
        await site.requests.cancel(ADA, action.id)
        assert (await site.requests.ask(ADA, LEAVE, "it is down", "1")).id == action.id
        with pytest.raises(ConflictError, match="name another"):
            await site.requests.ask(ADA, replace(LEAVE, accepts_overload=True), "it is down", "1")

    asyncio.run(asked())


def test_records_that_cannot_be_seen_are_waited_for_and_foreign_ones_are_not(site: Site) -> None:
    async def asked() -> None:
        action = await site.requests.ask(ADA, LEAVE, "it is down", "1")
        site.world.unreadable, site.world.wait_s = True, 7.0
        with pytest.raises(ProviderUnavailableError, match="could not be read") as away:
            await site.requests.lapsed(action)
        assert away.value.wait_s == 7.0, "so long it asks to be left alone"
        site.world.unreadable, site.world.foreign = False, True
        site.known = replace(site.known, reading=None, reading_problem="the records are foreign")
        over = await site.requests.lapsed(action)
        assert over is not None
        assert "the records are foreign" in over.why

    asyncio.run(asked())


def test_a_service_that_just_started_waits_for_the_first_round_of_its_own(site: Site) -> None:
    async def asked() -> None:
        action = await site.requests.ask(ADA, LEAVE, "it is down", "1")
        anew = site.another(NOW)
        well = site.known
        unseen = tuple(replace(each, state=State.UNKNOWN, round_at=NOW - SECOND) for each in well.providers)
        site.known = replace(well, providers=unseen)
        with pytest.raises(ProviderUnavailableError, match="not all asked since the service started at 14:02:00 UTC"):
            await anew.lapsed(action)
        # Of a service that has long been there, it is judged.
        for other in (site.requests, site.another(NOW - 31 * SECOND)):
            assert await other.lapsed(action) is not None
        site.known = replace(well, providers=tuple(replace(each, round_at=NOW) for each in well.providers))
        assert await anew.lapsed(action) is None

    asyncio.run(asked())


def test_what_another_life_of_the_service_showed_is_confirmed_at_this_one_and_still_compared(site: Site) -> None:
    async def asked() -> None:
        action = await site.requests.ask(ADA, LEAVE, "it is down", "1")
        anew = site.another()
        site.known = emergency.facts(caps={"azure": 60, "gcp": 100, "digitalocean": 100})
        with pytest.raises(ConflictError, match="the plan has changed since it was shown"):
            await anew.confirm(ADA, action.id, action.digest, "aws")
        with closing(site.journal()) as journal:
            shown = journal.action(action.id)
        assert shown.digest != action.digest
        assert (await anew.confirm(ADA, action.id, shown.digest, "aws")).state is ActionState.CONFIRMED
        anew.close()

    asyncio.run(asked())


ENGINEER = Decided("eve", refused_once_made="eve is engineer and may not fail back")


def made(site: Site, submitted: StepState | None) -> Action:
    """Return an action that is claimed; None: with nothing begun."""
    asked = asyncio.run(site.requests.ask(ADA, LEAVE, "it is down", "key"))
    asyncio.run(site.requests.confirm(ADA, asked.id, asked.digest, asked.target))
    with closing(site.journal()) as journal:
        claimed = journal.claim("one")
        assert claimed is not None
        if submitted is None:
            return claimed
        step = Step("submit", StepState.INTENDED, NOW, changes=True)
        begun = journal.move(asked.id, "begin", lambda a, at: actions.intend(a, claimed.fence, step, at))
        if submitted is StepState.INTENDED:
            return begun
        return journal.move(asked.id, "end", lambda a, at: actions.conclude(a, claimed.fence, submitted, "{}", at))


@pytest.mark.parametrize("submitted", [None, StepState.FAILED])
def test_whoever_may_stop_a_change_may_until_it_is_made(site: Site, submitted: StepState | None) -> None:
    action = made(site, submitted)
    assert asyncio.run(site.requests.cancel(ENGINEER, action.id)).cancelled_by == "eve"


@pytest.mark.parametrize("submitted", [StepState.INTENDED, StepState.UNKNOWN, StepState.DONE])
def test_once_it_is_or_may_be_made_whoever_may_not_make_it_does_not_end_looking_at_it(
    site: Site, submitted: StepState
) -> None:
    action = made(site, submitted)
    with pytest.raises(NotPermittedError, match="eve is engineer and may not fail back"):
        asyncio.run(site.requests.cancel(ENGINEER, action.id))
    with closing(site.journal()) as journal:
        assert journal.action(action.id).cancelled_by is None
    assert asyncio.run(site.requests.cancel(ADA, action.id)).cancelled_by == "ada"


def test_a_change_that_is_made_between_the_question_and_the_move_counts(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = made(site, None)
    read = Journal.action

    def and_then_it_is_made(journal: Journal, number: int) -> Action:
        found = read(journal, number)
        step = Step("submit", StepState.INTENDED, NOW, changes=True)
        journal.move(number, "begin", lambda a, at: actions.intend(a, action.fence, step, at))
        return found

    monkeypatch.setattr(Journal, "action", and_then_it_is_made)
    with pytest.raises(ConflictError, match="may not fail back"):
        asyncio.run(site.requests.cancel(ENGINEER, action.id))
