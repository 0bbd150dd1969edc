"""Every POST that the API describes is done once for a key: answered the same, never refused for coming again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.control.base import HOUR, Served, everybody, serving
from tests.control.changing import Changing
from tests.control.test_second_person import ASKED
from tests.core.deployments.made import release
from tests.core.emergency import NOW, SECOND
from tests.ledger.alerting import firing
from tests.places import PLACES, SQLITE
from wedtui.core import actions
from wedtui.core.actions import Action, Step, StepState
from wedtui.core.deployments import moves
from wedtui.core.deployments.release import ReleaseState
from wedtui.core.notify import Level, Notice
from wedtui.core.roles import Demand, Role
from wedtui.ledger.journal import Journal
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.outbox import Outbox
from wedtui.ledger.releases import Actor, Releases

ONLY_ON = SQLITE
"""What is stored is the journal's and the ledger's, which have both."""
WHY = {"reason": "because"}
SAID = {"sentence": "it is as it should be"}
NEEDS_ANOTHER = frozenset({Demand.SECOND_PERSON})
DEMANDED = {"failover": NEEDS_ANOTHER}


@dataclass
class Desk:
    """A service whose ledger the test prepares."""

    served: Served
    changing: Changing

    @property
    def url(self) -> str:
        return f"sqlite:///{self.served.ledger}"

    def post(self, path: str, body: object, key: str) -> httpx.Response:
        return self.served.ask("POST", path, body, key=key)

    def prepared(self, path: str, body: object) -> Any:
        """Do what has to be there before; return its answer."""
        answer = self.post(path, body, f"before {path}".replace(" ", "-"))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def asked(self, **other: Any) -> Action:
        """Have another person's action await its confirmation."""
        with closing(Journal(self.url, clock=lambda _connection: NOW)) as journal:
            asked = Action("failover", "aws", "traffic", "ada", "it is down", NOW)
            made = journal.request(lambda _at: replace(asked, **other), "ada 1")
            countdown = NOW if made.automatic else None

            def propose(action: Action, at: Any) -> Action:
                needs = frozenset() if made.automatic else NEEDS_ANOTHER
                return actions.propose(action, "{}", "d" * 64, at + 60 * SECOND, needs, countdown_since=countdown)

            return journal.move(made.id, "plan", propose)

    def handed_over(self) -> Action:
        self.confirmed()
        with closing(Journal(self.url, clock=lambda _connection: NOW)) as journal:
            held = journal.claim("one")
            assert held is not None
            step = Step("submit", StepState.INTENDED, NOW, changes=True)
            journal.move(held.id, "intend", lambda a, at: actions.intend(a, held.fence, step, at))
            return journal.move(held.id, "hand over", lambda a, _at: actions.hand_over(a, held.fence, "look"))

    def confirmed(self) -> Any:
        """Have the glass broken."""
        asked = self.prepared("/v1/actions", ASKED)
        word = {"digest": asked["digest"], "typed": "aws", "break_glass": "nobody answers"}
        return self.prepared(f"/v1/actions/{asked['id']}/confirm", word)

    def stored(self) -> dict[str, list[Any]]:
        """Return all that is stored, but which requests were answered."""
        decided = ("freeze_period", "freeze_override", "protection_raise", "automation_stop", "alert_silence")
        tables = (*decided, "access_token", "notification", "release", "release_transition")
        return {
            table: list(PLACES.execute(self.served.ledger, LEDGER, f"SELECT * FROM {table} ORDER BY 1"))
            for table in (*tables, "action", "action_step")
        }


Prepared = tuple[str, Mapping[str, Any]]


def _of_action(number: int, word: str, body: Mapping[str, Any]) -> Prepared:
    return f"/v1/actions/{number}/{word}", body


def _confirm(desk: Desk) -> Prepared:
    asked = desk.prepared("/v1/actions", ASKED)
    word = {"digest": asked["digest"], "typed": "aws", "break_glass": "nobody answers"}
    return _of_action(asked["id"], "confirm", word)


def _review(desk: Desk) -> Prepared:
    number = desk.confirmed()["id"]
    # Who confirmed never reviews; here one user is everybody.
    PLACES.execute(desk.served.ledger, LEDGER, f"UPDATE action SET confirmed_by = 'ada' WHERE id = {number}")
    return _of_action(number, "review", SAID)


def _dismiss(desk: Desk) -> Prepared:
    with closing(Outbox(desk.url, clock=lambda _connection: NOW)) as outbox:
        number = outbox.post(Notice("k", Level.INFO, "down"))
    PLACES.execute(desk.served.ledger, LEDGER, f"UPDATE notification SET stage = 'dead' WHERE id = {number}")
    return f"/v1/notifications/{number}/dismiss", WHY


def _freeze_confirmed(desk: Desk) -> Prepared:
    seen = desk.served.ask("GET", "/v1/freeze-plans/freeze-add/4h").json()
    word = {"digest": seen["digest"], "at": seen["plan"]["at"], "typed": seen["plan"]["target"]}
    return "/v1/freeze-confirmations", {"kind": "freeze-add", "subject": "4h", **WHY, **word}


def _override(_desk: Desk) -> Prepared:
    return "/v1/freeze-overrides", {"object": "traffic", "until": (NOW + HOUR).isoformat(), **WHY}


def _then(path: str, body: Mapping[str, Any], then: str) -> Callable[[Desk], Prepared]:
    return lambda desk: (f"{path}/{desk.prepared(path, body)['id']}/{then}", WHY)


def _resume(desk: Desk) -> Prepared:
    desk.prepared("/v1/automation/stop", WHY)
    return "/v1/automation/resume", WHY


def _abort(desk: Desk) -> Prepared:
    desk.asked(person="service here", automatic=True)
    return "/v1/automation/abort", {}


def _of_release(desk: Desk, word: str, body: Mapping[str, Any]) -> Prepared:
    """Have a release that another person submitted, held where it is to go on."""
    with closing(Releases(desk.url, at_once=1)) as queue:
        asked = release(0, state=ReleaseState.QUEUED, checks=("tests",), stages=("security",))
        number = queue.submit(lambda _at: asked, "ada 1", by=Actor("ada")).id
        if word == "resume":
            queue.move(number, "hold", lambda each, at: moves.hold(each, "ada", "wait", at))
    return f"/v1/releases/{number}/{word}", body


RELEASE = {"service": "rsvp", "version": "1.4.2"}


def _rotate(desk: Desk) -> Prepared:
    return f"/v1/tokens/{desk.prepared('/v1/tokens', TOKEN)['id']}/rotate", {"digest": "b" * 64}


TOKEN = {"name": "ci", "digest": "a" * 64, "scopes": ["gate"], "lasts_s": 3600}
RAISE = {"level": "HIGH", "until": (NOW + HOUR).isoformat(), **WHY}
SILENCE = {"rules": ["down"], "until": (NOW + HOUR).isoformat(), **WHY}
FREEZE = {"end": (NOW + 24 * HOUR).isoformat(), **WHY}
READY: dict[str, Callable[[Desk], Prepared]] = {
    "/v1/protection/raises": lambda _: ("/v1/protection/raises", RAISE),
    "/v1/protection/raises/{number}/lower": _then("/v1/protection/raises", RAISE, "lower"),
    "/v1/freezes": lambda _: ("/v1/freezes", FREEZE),
    "/v1/freezes/{number}/lift": _then("/v1/freezes", FREEZE, "lift"),
    "/v1/lockdown": lambda _: ("/v1/lockdown", WHY),
    "/v1/freeze-overrides": _override,
    "/v1/freeze-overrides/{number}/end": lambda desk: _then(*_override(desk), "end")(desk),
    "/v1/freeze-confirmations": _freeze_confirmed,
    "/v1/automation/stop": lambda _: ("/v1/automation/stop", WHY),
    "/v1/automation/resume": _resume,
    "/v1/automation/abort": _abort,
    "/v1/actions": lambda _: ("/v1/actions", ASKED),
    "/v1/actions/{number}/confirm": _confirm,
    "/v1/actions/{number}/approve": lambda desk: _of_action(
        desk.asked().id, "approve", {"digest": "d" * 64, "typed": "aws"}
    ),
    "/v1/actions/{number}/review": _review,
    "/v1/actions/{number}/cancel": lambda desk: _of_action(desk.asked().id, "cancel", {}),
    "/v1/actions/{number}/settle": lambda desk: _of_action(desk.handed_over().id, "settle", SAID),
    "/v1/notifications/{number}/dismiss": _dismiss,
    "/v1/silences": lambda _: ("/v1/silences", SILENCE),
    "/v1/silences/{number}/end": _then("/v1/silences", SILENCE, "end"),
    "/v1/releases": lambda _: ("/v1/releases", RELEASE),
    "/v1/releases/{number}/approve": lambda desk: _of_release(desk, "approve", {"stage": "security", **WHY}),
    "/v1/releases/{number}/hold": lambda desk: _of_release(desk, "hold", WHY),
    "/v1/releases/{number}/resume": lambda desk: _of_release(desk, "resume", WHY),
    "/v1/releases/{number}/cancel": lambda desk: _of_release(desk, "cancel", WHY),
    "/v1/releases/{number}/checks": lambda desk: _of_release(desk, "checks", {"check": "tests", "passed": True}),
    "/v1/broadcasts": lambda _: ("/v1/broadcasts", {"message": "the venue is on fire"}),
    "/v1/alerts/{episode}/ack": lambda desk: (f"/v1/alerts/{firing(desk.url, NOW)}/ack", WHY),
    "/v1/tokens": lambda _: ("/v1/tokens", TOKEN),
    "/v1/tokens/{number}/rotate": _rotate,
    "/v1/tokens/{number}/revoke": _then("/v1/tokens", TOKEN, "revoke"),
}
"""Each path that is described -> makes it ready to be asked once, and says how."""
ASKS_FOR_NOTHING = {"/v1/plans", "/v1/silence-previews", "/v1/gate"}
"""Plans anew each time: nothing is stored."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    changing = Changing(f"sqlite:///{tmp_path / 'ledger.db'}")
    with serving(tmp_path, everybody(Role.OWNER), changes=changing, demands=DEMANDED) as served:
        served.clock.at = NOW
        yield Desk(served, changing)
    changing.requests.close()


def test_every_post_is_among_them(desk: Desk) -> None:
    described = desk.served.ask("GET", "/openapi.json").json()["paths"]
    assert {path for path, methods in described.items() if "post" in methods} == {*READY, *ASKS_FOR_NOTHING}


@pytest.mark.parametrize("described", READY)
def test_the_same_key_is_answered_the_same_and_moves_nothing_twice(desk: Desk, described: str) -> None:
    path, body = READY[described](desk)
    first = desk.post(path, body, "k")
    assert (first.status_code, "idempotency-replayed" in first.headers) == (200, False), first.text
    stored, links = desk.stored(), desk.served.links()
    again = desk.post(path, body, "k")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert (desk.stored(), desk.served.links()) == (stored, links), "also nothing is said to be refused"


@pytest.mark.parametrize("described", READY)
def test_the_same_key_for_anything_else_is_refused(desk: Desk, described: str) -> None:
    path, body = READY[described](desk)
    assert desk.post(path, body, "k").status_code == 200
    stored, links = desk.stored(), desk.served.links()
    elsewhere = "/v1/lockdown" if path != "/v1/lockdown" else "/v1/automation/stop"
    others = [(elsewhere, WHY), ("/v1/actions/1/cancel" if not path.endswith("cancel") else "/v1/actions/2/cancel", {})]
    others += [
        (path, {**body, name: "another one"})
        for name in ("reason", "sentence", "break_glass", "message")
        if name in body
    ]
    for each in others:
        answer = desk.post(*each, "k")
        kind = (409, "conflict") if each[0] == path == "/v1/actions" else (422, "key-reused")
        assert (answer.status_code, answer.json()["error"]) == kind, (each, answer.text)
    assert desk.stored() == stored
    said = [link.kind for link in desk.served.links()[len(links) :]]
    assert len(said) == len(others)
    assert set(said) <= {"request.refused", "action.request-refused"}


@pytest.mark.parametrize("described", [path for path in READY if "{number}" in path or "automation" in path])
def test_what_was_refused_stays_refused_for_its_key_and_is_on_record_once(desk: Desk, described: str) -> None:
    path, body = READY[described](desk)
    missing = path.replace("/1/", "/77/")
    if missing != path:
        early = desk.post(missing, body, "early")
        assert early.status_code == 404, early.text
        assert desk.post(missing, body, "early").content == early.content
    assert desk.post(path, body, "k").status_code == 200
    refused = desk.post(path, body, "k2")
    # Who confirmed a plan already, and confirms the same one again, is told how it stands; so is who reports a check.
    status = 200 if path.endswith(("/confirm", "/checks")) else 409
    assert refused.status_code == status, refused.text
    links = desk.served.links()
    again = desk.post(path, body, "k2")
    assert (again.status_code, again.content) == (status, refused.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert desk.served.links() == links


def test_a_plan_leaves_nothing_behind(desk: Desk) -> None:
    wanted = {name: ASKED[name] for name in ("kind", "lost")}
    assert desk.post("/v1/lockdown", WHY, "before").status_code == 200
    stored, links = desk.stored(), desk.served.links()
    for body in (wanted, wanted, {**wanted, "lost": ["gcp"]}):
        assert desk.post("/v1/plans", body, "k").status_code == 200
    assert (desk.stored(), desk.served.links()) == (stored, links)


def test_a_plan_that_changed_is_said_to_have_however_often_it_is_sent(desk: Desk) -> None:
    path, body = _confirm(desk)
    desk.changing.caps = {"azure": 60, "gcp": 100, "digitalocean": 100}
    first = desk.post(path, body, "k")
    assert (first.status_code, "the plan has changed" in first.json()["message"]) == (409, True)
    links = desk.served.links()
    desk.changing.caps = {}
    assert desk.post(path, body, "k").content == first.content
    assert desk.served.links() == links
