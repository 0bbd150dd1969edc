"""A second person over the socket: who it is comes from the kernel, and who demands it from the configuration."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.control.base import Served, serving
from tests.control.test_users import UIDS, Answer, as_user
from tests.core.emergency import NOW, facts, places, reading
from tests.needs import need
from wedtui.actions.planning import Planner
from wedtui.actions.requests import Requests, Wish
from wedtui.config import Configuration
from wedtui.control.bodies import PlanWanted, ToApprove, ToChange, ToConfirm
from wedtui.control.mapping import demands_of
from wedtui.control.office import EmergencyPath, Standing
from wedtui.core.actions import Action
from wedtui.core.failover import Plan
from wedtui.core.failover_facts import Facts, Kind
from wedtui.core.notify import Level, Notice
from wedtui.core.roles import Decided, Demand, Mapped, Permission, Role
from wedtui.core.traffic import Place, TrafficReading
from wedtui.ledger.journal import Journal
from wedtui.ledger.outbox import Outbox
from wedtui.ledger.reader import LedgerReader

SHARED = Configuration.model_validate({"service": {"mode": "shared"}, "roles": {"second_person": ["failover"]}})
ADA, KAY, EVE = UIDS[Role.ENGINEER], UIDS[Role.MANAGER], UIDS[Role.VIEWER]
ASKED = {"kind": "failover", "lost": ["aws"], "reason": "it is down"}


class Records:
    """Live records that stay as they are."""

    async def read(self) -> TrafficReading:
        return reading()

    async def submit(self, read: TrafficReading, shares: Mapping[Place, int], generation: int) -> str:
        raise NotImplementedError

    async def in_sync(self, submission: str) -> bool:
        raise NotImplementedError

    async def told(self, generation: int) -> bool:
        raise NotImplementedError

    async def answers(self, count: int) -> Mapping[Place, int]:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is kept."""


class Changing:
    """The service's own requests, each done at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        planner = Planner(Records(), self.known, self)
        self.requests = Requests(lambda: Journal(url, clock=lambda _connection: NOW), planner, places({}))

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def known(self, read: TrafficReading | None, problem: str | None, now: datetime) -> Facts:
        del read, problem, now
        return facts()

    def plan(self, wanted: PlanWanted) -> Future[Plan]:
        raise NotImplementedError

    def ask(self, by: Decided, wanted: ToChange, key: str) -> Future[Action]:
        return _done(self.requests.ask(by, Wish(Kind(wanted.kind), wanted.lost), wanted.reason, key))

    def confirm(self, by: Decided, number: int, body: ToConfirm) -> Future[Action]:
        return _done(self.requests.confirm(by, number, body.digest, body.typed, body.break_glass))

    def approve(self, who: str, refused: str | None, number: int, body: ToApprove) -> Future[Action]:
        return _done(self.requests.approve(Decided(who, refused), number, body.digest, body.typed))

    def review(self, who: str, refused: str | None, number: int, sentence: str) -> Future[Action]:
        return _done(self.requests.review(Decided(who, refused), number, sentence))

    def cancel(self, who: str, refused: str | None, number: int) -> Future[Action]:
        raise NotImplementedError

    def settle(self, who: str, refused: str | None, number: int, sentence: str) -> Future[Action]:
        raise NotImplementedError

    def action(self, number: int) -> Action:
        reader = LedgerReader(self.url)
        try:
            return reader.action(number)
        finally:
            reader.close()

    def actions(self, *, open_only: bool, newest: bool = False) -> tuple[Action, ...]:
        raise NotImplementedError

    def standing(self) -> Standing:
        raise NotImplementedError

    def emergency_path(self) -> EmergencyPath:
        raise NotImplementedError


def _done(work: Any) -> Future[Action]:
    future: Future[Action] = Future()

    async def run() -> None:
        try:
            future.set_result(await work)
        except Exception as error:
            future.set_exception(error)

    _RUNNING.add(task := asyncio.get_running_loop().create_task(run()))
    task.add_done_callback(_RUNNING.discard)
    return future


_RUNNING: set[asyncio.Task[None]] = set()


@pytest.fixture
def served() -> Iterator[Served]:
    need(os.geteuid() == 0, "needs root, to become other users")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        roles = {str(uid): role for role, uid in UIDS.items()}
        changing = Changing(f"sqlite:///{folder / 'ledger.db'}")
        with serving(folder, Mapped(roles), changes=changing, demands=demands_of(SHARED)) as made_so:
            made_so.path.chmod(0o666)
            yield made_so
        changing.requests.close()


def ask(served: Served, uid: int, path: str, body: Mapping[str, object]) -> Answer:
    return as_user(served, uid, [["POST", path, dict(body)]])[0]


def test_it_is_demanded_where_the_configuration_says_so() -> None:
    assert demands_of(SHARED) == {Permission.FAIL_OVER: frozenset({Demand.SECOND_PERSON})}
    personal = SHARED.model_copy(update={"service": Configuration().service})
    assert demands_of(personal) == {}


def test_two_persons_see_the_same_plan(served: Served) -> None:
    asked = ask(served, ADA, "/v1/actions", ASKED).body
    word = {"digest": asked["digest"], "typed": "aws"}
    assert (asked["state"], asked["needs"]) == ("awaiting confirmation", ["second-person"])
    path = f"/v1/actions/{asked['id']}"
    herself = ask(served, ADA, f"{path}/approve", word)
    assert (herself.status, "it takes another person" in herself.body["message"]) == (409, True)
    assert ask(served, EVE, f"{path}/approve", word).status == 403
    approved = ask(served, KAY, f"{path}/approve", word)
    assert (approved.status, approved.body["approved_by"], approved.body["needs"]) == (200, f"uid {KAY}", [])
    confirmed = ask(served, ADA, f"{path}/confirm", word)
    assert (confirmed.status, confirmed.body["state"], confirmed.body["broke_glass"]) == (200, "confirmed", None)
    assert served.ask("GET", "/v1/notifications").json() == []


def test_who_asked_confirms_first_and_the_second_person_completes_it(served: Served) -> None:
    asked = ask(served, ADA, "/v1/actions", ASKED).body
    word, path = {"digest": asked["digest"], "typed": "aws"}, f"/v1/actions/{asked['id']}"
    waits = ask(served, ADA, f"{path}/confirm", word)
    assert (waits.status, waits.body["state"]) == (200, "awaiting confirmation")
    assert (waits.body["confirmed_by"], waits.body["needs"]) == (f"uid {ADA}", ["second-person"])
    assert ask(served, ADA, f"{path}/approve", word).status == 409
    assert ask(served, KAY, f"{path}/approve", {**word, "typed": "gcp"}).status == 409
    approved = ask(served, KAY, f"{path}/approve", word)
    assert (approved.status, approved.body["state"], approved.body["approved_by"]) == (200, "confirmed", f"uid {KAY}")


def test_the_glass_is_broken_and_another_person_reviews_it(served: Served) -> None:
    asked = ask(served, ADA, "/v1/actions", ASKED).body
    path = f"/v1/actions/{asked['id']}"
    word = {"digest": asked["digest"], "typed": "aws", "break_glass": "nobody answers"}
    assert ask(served, ADA, f"{path}/confirm", {**word, "break_glass": " "}).status == 422
    confirmed = ask(served, ADA, f"{path}/confirm", word)
    assert (confirmed.status, confirmed.body["broke_glass"]) == (200, "nobody answers")
    (told,) = served.ask("GET", "/v1/notifications").json()
    assert (told["everybody"], told["stage"]) == (True, "waiting")
    found = {"sentence": "it was right"}
    assert ask(served, ADA, f"{path}/review", found).status == 409
    assert ask(served, EVE, f"{path}/review", found).status == 403
    reviewed = ask(served, KAY, f"{path}/review", found)
    assert (reviewed.status, reviewed.body["reviewed_by"]) == (200, f"uid {KAY}")
    assert [each["event"] for each in served.ask("GET", "/v1/notifications").json()] == ["resolve", "trigger"]


def test_a_dead_letter_is_dismissed_by_who_may_acknowledge(served: Served) -> None:
    outbox = Outbox(f"sqlite:///{served.ledger}", clock=lambda _connection: NOW)
    number = outbox.post(Notice("k", Level.INFO, "down"))
    path = f"/v1/notifications/{number}/dismiss"
    assert ask(served, EVE, path, {"reason": "seen"}).status == 403
    waiting = ask(served, ADA, path, {"reason": "seen"})
    assert (waiting.status, "is waiting, and no dead letter" in waiting.body["message"]) == (409, True)
    outbox.close()
