"""How each path of the API is asked so that it does what it is for: what has to be there for that is made first."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from tests.control.base import HOUR, ME, NOW, TOMORROW, Served
from tests.control.changing import Changing
from tests.core import emergency
from tests.core.deployments.made import release
from tests.ledger.alerting import firing
from tests.places import PLACES
from wedtui.actions.requests import TRAFFIC, Wish
from wedtui.control.identity import user_name
from wedtui.core import actions
from wedtui.core.actions import Action, ActionState
from wedtui.core.alerts.rule import RuleBook, Where
from wedtui.core.alerts.silences import Silence
from wedtui.core.deployments import moves
from wedtui.core.deployments.release import ReleaseState
from wedtui.core.failover_facts import Kind
from wedtui.core.notify import Level, Notice
from wedtui.core.roles import Decided, Demand
from wedtui.core.season import Protection
from wedtui.core.tokens import Scope, digest_of_secret
from wedtui.errors import ConflictError
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.outbox import Outbox
from wedtui.ledger.releases import Actor, Releases
from wedtui.ledger.tokens import TokenWanted

T = TypeVar("T")

I_AM = user_name(ME)
KAY = "kay"
"""Another person."""
TOKEN = "0" * 31 + "1"
WHY = {"reason": "over"}
LATER = (NOW + 3 * HOUR).isoformat()
FREEZE = {"end": TOMORROW, "reason": "royal wedding"}
RAISE = {"level": "HIGH", "reason": "a large one", "until": LATER}
OVERRIDE = {"object": "traffic", "reason": "the vendor asked", "until": LATER}
SILENCE = {"rules": ["down"], "labels": {"provider": ["aws"]}, "reason": "it is being moved", "until": LATER}
NEW_TOKEN = {"name": "ci", "digest": "a" * 64, "scopes": ["gate"], "lasts_s": 3600}
BROADCAST = {"message": "the venue is on fire"}
LEAVE = {"kind": "failover", "lost": ["aws"]}
RELEASE = {"service": "rsvp", "version": "1.4.2"}
APPROVAL = {"stage": "security", **WHY}
CHECK = {"check": "tests", "passed": True}
LOCKDOWN = {"kind": "lockdown", "subject": "everything"}
SECOND = frozenset({Demand.SECOND_PERSON})
NOBODY = frozenset[Demand]()


class Right(NamedTuple):
    """A request that is done."""

    where: Mapping[str, str] = {}
    """What stands for each name in the path."""
    body: Mapping[str, Any] | None = None


class Made:
    """Makes what a request is about, in the ledger that is served."""

    def __init__(self, served: Served, changing: Changing) -> None:
        self._served, self._changing = served, changing
        self._runner = asyncio.Runner()
        self._journal, self._ledger = changing.journal(), Ledger(PLACES.url(served.ledger))

    def close(self) -> None:
        self._runner.close()
        self._journal.close()
        self._ledger.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def end_all(self) -> None:
        """Have nothing open that would be in the way of another."""
        for each in self._changing.actions(open_only=True):
            if each.state is not ActionState.HANDED_OVER:
                self._journal.move(each.id, "cancel", lambda action, at: actions.cancel(action, KAY, at))

    def awaiting(self, by: str = I_AM, needs: frozenset[Demand] = NOBODY, kind: Kind = Kind.FAILOVER) -> Action:
        """Have one that awaits its confirmation."""
        wish = Wish(kind, ("aws",) if kind is Kind.FAILOVER else ())
        return self._run(self._changing.requests.ask(Decided(by, None, needs), wish, "it is down", uuid.uuid4().hex))

    def free(self) -> Action:
        """Have one that awaits its confirmation, and nothing else."""
        self.end_all()
        return self.awaiting()

    def alone(self) -> Action:
        """Have one that another person confirmed without the second one who was demanded, and that has ended."""
        self.end_all()
        asked, by = self.awaiting(KAY, SECOND), Decided(KAY, None, SECOND)
        self._run(self._changing.requests.confirm(by, asked.id, asked.digest, asked.target, "nobody answers"))
        self.end_all()
        return asked

    def handed_over(self, kind: Kind = Kind.FAILOVER) -> Action:
        """Have one at which a person has to look."""
        self.end_all()
        asked = self.awaiting(kind=kind)
        self._run(self._changing.requests.confirm(Decided(I_AM), asked.id, asked.digest, asked.target))
        claimed = self._journal.claim("one")
        assert claimed is not None
        return self._journal.move(claimed.id, "hand over", lambda a, _at: actions.hand_over(a, claimed.fence, "look"))

    def counting(self) -> Action:
        """Have one that the service is about to confirm by itself."""
        planned = self.free()
        self.end_all()
        asked = Action("failover", "aws", TRAFFIC, "service one", "it fails", emergency.NOW)
        made = self._journal.request(lambda _at: replace(asked, automatic=True), uuid.uuid4().hex)
        until = emergency.NOW + timedelta(seconds=30)
        return self._journal.move(
            made.id,
            "plan",
            lambda action, at: actions.propose(
                action, planned.plan, planned.digest, until, frozenset(), countdown_since=at
            ),
        )

    def freeze(self) -> int:
        end, where = NOW + HOUR, {"environments": {"production"}, "services": set[str]()}
        return self._ledger.add_freeze("f", NOW, end, reason="r", added_by=KAY, added_at=NOW, **where).id

    def override(self) -> int:
        return self._ledger.override_freeze("traffic", reason="r", by=KAY, at=NOW, until=NOW + HOUR).id

    def raised(self) -> int:
        return self._ledger.raise_protection(Protection.HIGH, reason="r", by=KAY, at=NOW, expires_at=NOW + HOUR).id

    def automation(self, *, stopped: bool) -> None:
        with suppress(ConflictError):
            change = self._ledger.stop_automation if stopped else self._ledger.resume_automation
            change(by=KAY, at=NOW, reason="r")

    def dead_letter(self) -> int:
        """Have a notification that no channel took for so long that none is asked any more."""
        at = [NOW - timedelta(days=365)]
        with closing(Outbox(PLACES.url(self._served.ledger), clock=lambda _connection: at[0])) as outbox:
            number = outbox.post(Notice(uuid.uuid4().hex, Level.INFO, "down"))
            assert number is not None
            at[0] = NOW
            outbox.take("one", ())
        return number

    def alert(self) -> str:
        """Have an alert that fires and that nobody looks at; return the key of its episode."""
        return firing(PLACES.url(self._served.ledger), NOW)

    def silence(self) -> int:
        """Have alerts silenced by another person."""
        asked = Silence(0, Where({"provider": ("gcp",)}), (), "r", KAY, NOW, NOW + HOUR)
        return self._ledger.silence_alerts(asked, RuleBook(), None).id

    def release(self, *, held: bool = False) -> int:
        """Have a release of another person that waits for a check and an approval."""
        asked = release(0, state=ReleaseState.QUEUED, checks=("tests",), stages=("security",), version=_version())
        with closing(Releases(PLACES.url(self._served.ledger), at_once=1)) as queue:
            number = queue.submit(lambda _at: asked, uuid.uuid4().hex, by=Actor(KAY)).id
            if held:
                queue.move(number, "hold", lambda a, at: moves.hold(a, KAY, "wait", at))
        return number

    def access_token(self) -> int:
        """Have a token that another person made."""
        digest = digest_of_secret(uuid.uuid4().hex)
        wanted = TokenWanted(f"ci-{digest[:12]}", digest, [Scope.GATE], HOUR)
        return self._ledger.make_token(wanted, by=KAY, at=NOW).id

    def no_panels(self) -> None:
        """Have every panel that was open forgotten."""
        self._served.clock.seconds += 3600

    def freeze_word(self, kind: str = "lockdown", subject: str = "everything") -> dict[str, Any]:
        """Return a confirmation of what is planned as things are."""
        planned = self._served.ask("GET", f"/v1/freeze-plans/{kind}/{subject}").json()
        seen = {"digest": planned["digest"], "at": planned["plan"]["at"], "typed": planned["plan"]["target"]}
        return {"kind": kind, "subject": subject, **WHY, **seen}


def of(number: int, body: Mapping[str, Any] | None = None) -> Right:
    """Return a request about what has a number."""
    return Right({"number": str(number)}, body)


def word(action: Action) -> Right:
    """Return a word for the plan that an action has."""
    return of(action.id, {"digest": action.digest, "typed": action.target})


def _stop(made: Made, *, stopped: bool) -> Right:
    made.automation(stopped=stopped)
    return Right(body=WHY)


def _token(made: Made, body: Mapping[str, Any] | None = None) -> Right:
    made.no_panels()
    return Right({"token": TOKEN}, body)


def _version() -> str:
    """Return one that nobody released yet."""
    return uuid.uuid4().hex


def submission() -> Right:
    """Return a request for a release."""
    return Right(body={**RELEASE, "version": _version()})


def _digest() -> dict[str, Any]:
    """Return by what a secret is known that nobody has."""
    return {"digest": digest_of_secret(uuid.uuid4().hex)}


def _abort(made: Made) -> Right:
    made.counting()
    return Right()


RIGHTLY: Mapping[tuple[str, str], Callable[[Made], Right]] = {
    ("GET", "/v1/whoami"): lambda _: Right(),
    ("GET", "/v1/service"): lambda _: Right(),
    ("POST", "/v1/protection/raises"): lambda _: Right(body=RAISE),
    ("POST", "/v1/protection/raises/{number}/lower"): lambda made: of(made.raised(), WHY),
    ("GET", "/v1/freezes"): lambda _: Right(),
    ("POST", "/v1/freezes"): lambda _: Right(body=FREEZE),
    ("POST", "/v1/freezes/{number}/lift"): lambda made: of(made.freeze(), WHY),
    ("POST", "/v1/lockdown"): lambda _: Right(body=WHY),
    ("GET", "/v1/freeze-overrides"): lambda _: Right(),
    ("POST", "/v1/freeze-overrides"): lambda _: Right(body=OVERRIDE),
    ("POST", "/v1/freeze-overrides/{number}/end"): lambda made: of(made.override(), WHY),
    ("GET", "/v1/freeze-plans/{kind}/{subject}"): lambda _: Right(LOCKDOWN),
    ("POST", "/v1/freeze-confirmations"): lambda made: Right(body=made.freeze_word()),
    ("POST", "/v1/automation/stop"): lambda made: _stop(made, stopped=False),
    ("POST", "/v1/automation/resume"): lambda made: _stop(made, stopped=True),
    ("POST", "/v1/automation/abort"): _abort,
    ("GET", "/v1/automation"): lambda _: Right(),
    ("GET", "/v1/emergency"): lambda _: Right(),
    ("POST", "/v1/plans"): lambda _: Right(body=LEAVE),
    ("GET", "/v1/actions"): lambda _: Right(),
    ("GET", "/v1/open-actions"): lambda _: Right(),
    ("GET", "/v1/recent-actions"): lambda _: Right(),
    ("POST", "/v1/actions"): lambda _: Right(body={**LEAVE, **WHY}),
    ("GET", "/v1/actions/{number}"): lambda made: of(made.free().id),
    ("POST", "/v1/actions/{number}/confirm"): lambda made: word(made.free()),
    ("POST", "/v1/actions/{number}/approve"): lambda made: word(made.awaiting(KAY, SECOND)),
    ("POST", "/v1/actions/{number}/review"): lambda made: of(made.alone().id, {"sentence": "it was right"}),
    ("POST", "/v1/actions/{number}/cancel"): lambda made: of(made.free().id),
    ("POST", "/v1/actions/{number}/settle"): lambda made: of(made.handed_over().id, {"sentence": "it is well"}),
    ("GET", "/v1/notifications"): lambda _: Right(),
    ("POST", "/v1/notifications/{number}/dismiss"): lambda made: of(made.dead_letter(), WHY),
    ("GET", "/v1/alert-events/{hours}"): lambda _: Right({"hours": "24"}),
    ("POST", "/v1/alerts/{episode}/ack"): lambda made: Right({"episode": made.alert()}, {"reason": "I look"}),
    ("GET", "/v1/silences"): lambda _: Right(),
    ("POST", "/v1/silence-previews"): lambda _: Right(body=SILENCE),
    ("POST", "/v1/silences"): lambda _: Right(body=SILENCE),
    ("POST", "/v1/silences/{number}/end"): lambda made: of(made.silence(), WHY),
    ("GET", "/v1/releases"): lambda _: Right(),
    ("POST", "/v1/releases"): lambda _: submission(),
    ("GET", "/v1/releases/{number}"): lambda made: of(made.release()),
    ("GET", "/v1/releases/{number}/log"): lambda made: of(made.release()),
    ("POST", "/v1/releases/{number}/approve"): lambda made: of(made.release(), APPROVAL),
    ("POST", "/v1/releases/{number}/hold"): lambda made: of(made.release(), WHY),
    ("POST", "/v1/releases/{number}/resume"): lambda made: of(made.release(held=True), WHY),
    ("POST", "/v1/releases/{number}/cancel"): lambda made: of(made.release(), WHY),
    ("POST", "/v1/releases/{number}/checks"): lambda made: of(made.release(), CHECK),
    ("POST", "/v1/gate"): lambda _: Right(body=RELEASE),
    ("POST", "/v1/broadcasts"): lambda _: Right(body=BROADCAST),
    ("GET", "/v1/tokens"): lambda _: Right(),
    ("POST", "/v1/tokens"): lambda _: Right(body={**NEW_TOKEN, **_digest(), "name": f"ci-{uuid.uuid4().hex[:12]}"}),
    ("POST", "/v1/tokens/{number}/rotate"): lambda made: of(made.access_token(), _digest()),
    ("POST", "/v1/tokens/{number}/revoke"): lambda made: of(made.access_token(), WHY),
    ("GET", "/v1/standing/{token}"): _token,
    ("GET", "/v1/arming/{token}"): _token,
    ("PUT", "/v1/arming/{token}"): lambda made: _token(made, {"kind": "failover", "target": "aws"}),
    ("DELETE", "/v1/arming/{token}"): _token,
}
"""Method and path, as the description has them -> what does it."""
