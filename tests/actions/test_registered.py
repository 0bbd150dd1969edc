"""A seventh action is registered, and nothing else: API, panel, journal, steps and audit chain know it from that."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.actions.made_up import RESTART
from tests.control.base import ME, Served, everybody, listens, serving
from tests.core.test_freeze_plan import LOCKED, known
from tests.pictures import NOW, MovableClock
from tests.places import PLACES
from tests.poller.service_process import eventually
from tests.tui.driving import driven, run, until
from tests.tui.test_emergency import Desk
from wedtui.actions import deeds
from wedtui.actions.deeds import change_of
from wedtui.actions.executor import Found, Looked, Part
from wedtui.cli.acting import Told, Who
from wedtui.cli.standby import Standby
from wedtui.clock import Clock, SystemClock
from wedtui.config import Configuration
from wedtui.config_file import load
from wedtui.control.bodies import PlanWanted, ToArm
from wedtui.control.client import ControlClient
from wedtui.control.mapping import demands_of
from wedtui.core import actions, confirming
from wedtui.core.actions import Action, ActionState, Outcome, Step, StepState
from wedtui.core.checks import Check, Result
from wedtui.core.confirming import Confirmation
from wedtui.core.deed_plan import Sketch, house_checks
from wedtui.core.emergency import EMERGENCIES, Way
from wedtui.core.panel_text import panel_text
from wedtui.core.roles import Demand, Role
from wedtui.errors import ConfigurationError, ConflictError, ServiceError
from wedtui.ledger.journal import Journal
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import LedgerReader
from wedtui.paths import StatePaths
from wedtui.tui.arming import Arming, Stage, Wish, enter
from wedtui.tui.keymap.table import Keymap


@dataclass
class Hosts:
    """The made-up world, and who restarts what is in it."""

    up: dict[str, int] = field(default_factory=lambda: {"aws": 3})
    begun: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)
    goes: threading.Event = field(default_factory=threading.Event)
    """Unset a step waits."""
    at_plan: list[Callable[[], object]] = field(default_factory=list)
    """What happens before each plan, in turn."""
    wrong: str = ""
    """Where there is a mistake in it."""
    rescues: bool | None = None

    def __post_init__(self) -> None:
        self.goes.set()

    def errs(self, where: str) -> None:
        if self.wrong == where:
            raise KeyError(where)

    def target(self, subject: str) -> str:
        if subject not in {"aws", "azure", "gcp", "digitalocean"}:
            raise ConfigurationError(f"there is no {subject}")
        return subject

    def resource(self, subject: str) -> str:
        return f"hosts:{subject}"

    async def plan(self, subject: str, now: datetime) -> Sketch:
        if self.at_plan:
            self.at_plan.pop(0)()
        count = self.up.get(subject, 0)
        ill = Check("ill", Result.PASS if count else Result.FAIL, f"{count} hosts of {subject} are ill", now)
        words = (f"{count} hosts restart", f"{count} hosts are ill", "they were restarted")
        return Sketch(
            *words, "whoever is on them", "nothing: they are up again", (ill,), {"count": count}, self.rescues
        )

    def parts(self, action: Action) -> Sequence[Part]:
        self.errs("parts")
        return [Restarting(self, action.target)]

    async def undoing(self, action: Action) -> Part | str:
        return "what was restarted stays so"

    def verified(self, action: Action) -> str:
        self.errs("verified")
        self.done.set()
        return f"{change_of(action)['count']} hosts are up"


@dataclass
class Restarting:
    """Its one step."""

    hosts: Hosts
    whose: str
    step: Step = field(default_factory=lambda: Step("restart", StepState.INTENDED, NOW, changes=True))

    async def make(self, action: Action) -> str:
        self.hosts.begun.append(self.whose)
        await asyncio.to_thread(self.hosts.goes.wait, 60)
        return '{"restarted":3}'

    async def look(self, action: Action) -> Looked:
        return Looked(Found.UNKNOWABLE, "nobody counted")


@pytest.fixture
def hosts(request: pytest.FixtureRequest) -> Iterator[Hosts]:
    made = Hosts()

    def make(configuration: Configuration, clock: Clock) -> Hosts:
        del configuration, clock
        return made

    EMERGENCIES.register(replace(RESTART, dangerous=getattr(request, "param", True)))
    deeds.register(RESTART.kind, make)
    yield made
    deeds.forget(RESTART.kind)
    EMERGENCIES.forget(RESTART.kind)


def acts(acting: Standby) -> bool:
    """Whether its thread has begun."""
    try:
        acting.plan(PlanWanted(kind="restart", subject="aws")).result(30)
    except ServiceError:
        return False
    except ConflictError:
        return True  # nobody does it here
    return True


@contextmanager
def standing(
    tmp_path: Path,
    role: Role = Role.ENGINEER,
    demands: Mapping[str, frozenset[Demand]] | None = None,
    trouble: Callable[[str, str | None], None] = lambda _part, _problem: None,
) -> Iterator[Served]:
    """Serve by what the service itself is composed of, with a configuration in which there is no traffic."""
    url = PLACES.url(tmp_path / "ledger.db")
    environ = {"WEDTUI_LEDGER__URL": url, "WEDTUI_CACHE__URL": PLACES.url(tmp_path / "cache.db")}
    Ledger(url).close()
    told = Told(trouble, lambda: None)
    acting = Standby(load(None, environ), StatePaths(tmp_path), SystemClock(), Who("life", "here"), told)
    acting.start()
    eventually(lambda: acts(acting))
    try:
        with serving(tmp_path, everybody(role), changes=acting, demands=demands) as made:
            eventually(lambda: listens(made.path))
            yield made
    finally:
        acting.close()


@pytest.fixture
def served(tmp_path: Path, hosts: Hosts) -> Iterator[Served]:
    """Serve it to an engineer."""
    del hosts
    with standing(tmp_path) as made:
        yield made


def asked(served: Served, key: str, kind: str = "restart") -> dict[str, Any]:
    """Ask for it."""
    body = {"kind": kind, "subject": "aws", "reason": "they hang"}
    return dict(served.ask("POST", "/v1/actions", body, key=key).json())


def confirmed(served: Served, key: str) -> int:
    """Ask for it and confirm it; return its number."""
    action = asked(served, f"{key}-asks")
    word = {"digest": action["digest"], "typed": "aws"}
    answer = served.ask("POST", f"/v1/actions/{action['id']}/confirm", word, key=f"{key}-confirms")
    assert answer.status_code == 200, answer.text
    return int(action["id"])


def kept(served: Served, number: int) -> Action:
    """Return how it is stored."""
    with closing(LedgerReader(PLACES.url(served.ledger))) as reader:
        return reader.action(number)


def nothing() -> None:
    """Let nothing happen."""


def test_it_is_asked_for_confirmed_carried_out_and_on_record(served: Served, hosts: Hosts) -> None:
    seen = served.ask("POST", "/v1/plans", {"kind": "restart", "subject": "aws"}, key="p").json()
    assert (seen["refused"], seen["plan"]["before"], seen["plan"]["target"]) == ([], "3 hosts are ill", "aws")
    assert {check["rule"] for check in seen["plan"]["checks"]} == {"ill", "freeze", "weddings"}

    action = asked(served, "a")
    assert (action["state"], action["resource"]) == ("awaiting confirmation", "hosts:aws")
    path, word = f"/v1/actions/{action['id']}/confirm", {"digest": action["digest"], "typed": "azure"}
    assert served.ask("POST", path, word, key="b").status_code == 409
    assert not hosts.begun
    assert served.ask("POST", path, {**word, "typed": "aws"}, key="c").status_code == 200
    assert hosts.done.wait(30)

    with closing(LedgerReader(PLACES.url(served.ledger))) as reader:
        stored = reader.action(action["id"])
        assert reader.last_change() is None, "shares were not changed by it"
    assert [(step.name, step.changes) for step in stored.steps] == [("restart", True)]
    assert hosts.begun == ["aws"]
    links = {link.kind: link for link in served.links()}
    assert {"action.request", "action.plan", "action.confirm", "action.begin-restart"} <= links.keys()
    panel = links["action.confirm"].body["panel"]
    assert panel[0].startswith("REAL: restart hosts aws;")
    assert any("3 hosts are ill" in line for line in panel)


def test_what_it_needs_and_takes_is_said_by_name(served: Served) -> None:
    schemas = served.ask("GET", "/openapi.json").json()["components"]["schemas"]
    assert "restart" in schemas["PlanWanted"]["properties"]["kind"]["enum"]
    assert "restart" in schemas["ToArm"]["properties"]["kind"]["enum"]
    assert ToArm(kind="restart", target="aws").kind == "restart"
    with pytest.raises(ValueError, match="nothing of shares"):
        PlanWanted(kind="restart", subject="aws", lost=("aws",))
    with pytest.raises(ValueError, match="expected a subject"):
        PlanWanted(kind="restart")
    roles = Configuration.model_validate({"roles": {"second_person": ["restart"]}}).roles
    assert roles.second_person == ("restart",)
    refused = served.ask("POST", "/v1/plans", {"kind": "restart", "subject": "moon"}, key="m")
    assert (refused.status_code, refused.json()["message"]) == (422, "there is no moon")


def test_what_changed_since_it_was_seen_is_not_confirmed(served: Served, hosts: Hosts) -> None:
    action = asked(served, "a")
    hosts.up["aws"] = 5
    word = {"digest": action["digest"], "typed": "aws"}
    answer = served.ask("POST", f"/v1/actions/{action['id']}/confirm", word, key="b")
    assert (answer.status_code, "has changed since it was shown" in answer.json()["message"]) == (409, True)
    assert not hosts.begun


def test_what_changed_between_the_word_and_its_first_step_is_not_begun(served: Served, hosts: Hosts) -> None:
    hosts.at_plan = [nothing, nothing, lambda: hosts.up.update(aws=5)]
    number = confirmed(served, "a")
    eventually(lambda: kept(served, number).state is ActionState.ENDED)
    found = kept(served, number)
    assert (found.outcome, found.steps, hosts.begun) == (Outcome.REFUSED, (), [])
    assert "the plan no longer holds, and nothing was done: what is there" in found.sentence
    assert '"before":"5 hosts are ill"' in found.plan, "the newer one is on record"


@pytest.mark.parametrize("where", ["parts", "plan", "verified"])
def test_a_mistake_in_it_is_for_a_person_and_ends_nothing_else(served: Served, hosts: Hosts, where: str) -> None:
    def errs() -> None:
        raise KeyError(where)

    hosts.wrong = where
    hosts.at_plan = [nothing, nothing, errs] if where == "plan" else []
    number = confirmed(served, "a")
    eventually(lambda: kept(served, number).state is ActionState.HANDED_OVER)
    assert "could not be said (KeyError): see the service's log" in kept(served, number).sentence
    assert hosts.begun == (["aws"] if where == "verified" else [])
    hosts.wrong = ""
    again = confirmed(served, "b")
    eventually(lambda: kept(served, again).outcome is Outcome.VERIFIED)


def test_who_cannot_be_made_is_told_of_and_everything_else_goes_on(tmp_path: Path, hosts: Hosts) -> None:
    assert hosts.up

    def fails(_configuration: Configuration, _clock: Clock) -> Hosts:
        raise RuntimeError("no such host")

    deeds.forget(RESTART.kind)
    deeds.register(RESTART.kind, fails)
    troubles = dict[str, str | None]()
    with standing(tmp_path, trouble=troubles.__setitem__) as served:
        assert troubles["actions restart"] == 'this service does not do "restart": RuntimeError; see the log'
        refused = served.ask("POST", "/v1/plans", {"kind": "restart", "subject": "aws"}, key="p")
        assert (refused.status_code, "does not know how" in refused.json()["message"]) == (409, True)
        # Whatever is confirmed is taken: of traffic nothing is configured here.
        number = failover_confirmed(served)
        eventually(lambda: kept(served, number).state is ActionState.HANDED_OVER)


def failover_confirmed(served: Served) -> int:
    """Have a failover that is confirmed; return its number."""
    with closing(Journal(PLACES.url(served.ledger))) as journal:
        asks = lambda at: Action("failover", "aws", "traffic", "ada", "down", at)  # noqa: E731
        number = journal.request(asks, "ada 1").id
        propose = lambda a, at: actions.propose(a, "{}", "d", at + timedelta(minutes=1), frozenset())  # noqa: E731
        journal.move(number, "plan", propose)

        def confirm(action: Action, at: datetime) -> Action:
            return confirming.confirm(action, Confirmation("ada", "d", "aws", at), at + timedelta(seconds=30))

        journal.move(number, "confirm", confirm)
    return number


def test_no_failover_waits_for_the_end_of_another_action(served: Served, hosts: Hosts) -> None:
    hosts.goes.clear()
    number = confirmed(served, "a")
    eventually(lambda: bool(hosts.begun))
    try:
        failover = failover_confirmed(served)
        # Of traffic nothing is configured here: whoever takes it can only hand it over.
        eventually(lambda: kept(served, failover).state is ActionState.HANDED_OVER)
        assert kept(served, number).state is ActionState.CLAIMED
    finally:
        hosts.goes.set()
    eventually(lambda: kept(served, number).outcome is Outcome.VERIFIED)


def test_a_second_person_is_demanded_of_one_kind_and_not_of_its_permission(tmp_path: Path, hosts: Hosts) -> None:
    reboot = replace(RESTART, kind="reboot", key="I")
    EMERGENCIES.register(reboot)
    deeds.register("reboot", lambda _configuration, _clock: hosts)
    try:
        document = {"service": {"mode": "shared"}, "roles": {"second_person": ["reboot"]}}
        demands = demands_of(Configuration.model_validate(document))
        assert demands == {"reboot": frozenset({Demand.SECOND_PERSON})}
        with standing(tmp_path, demands=demands) as served:
            assert asked(served, "a", "reboot")["needs"] == ["second-person"]
            assert asked(served, "b")["needs"] == []
    finally:
        deeds.forget("reboot")
        EMERGENCIES.forget("reboot")


def test_who_may_not_do_it_is_refused_and_that_is_on_record(tmp_path: Path, hosts: Hosts) -> None:
    with standing(tmp_path, Role.VIEWER) as served:
        body = {"kind": "restart", "subject": "aws", "reason": "they hang"}
        answer = served.ask("POST", "/v1/actions", body, key="a")
        assert (answer.status_code, "may not restart" in answer.json()["message"]) == (403, True), answer.text
        links = [link for link in served.links() if link.kind.startswith("action.")]
        assert links[-1].body["outcome"] == "refused"
    assert not hosts.begun


@pytest.mark.parametrize(("rescues", "state"), [(False, "ended"), (None, "awaiting confirmation")])
def test_in_a_freeze_it_is_refused_unless_it_rescues_its_target_as_that_is(
    served: Served, hosts: Hosts, rescues: bool | None, state: str
) -> None:
    hosts.rescues = rescues
    with closing(Ledger(PLACES.url(served.ledger))) as ledger:
        ledger.lock_down(reason="too much at once", by="mo", at=SystemClock().now())
    action = asked(served, "a")
    assert action["state"] == state
    if rescues is False:
        assert (action["outcome"], "a freeze forbids it: lockdown" in action["sentence"]) == ("refused", True)
    assert not hosts.begun


@pytest.mark.parametrize("as_its_target_is", [False, True])
@pytest.mark.parametrize(
    ("rescue", "stops"), [(True, []), (False, ["a freeze forbids it: lockdown and default weekend in every zone"])]
)
def test_a_freeze_stops_it_unless_it_rescues(rescue: bool, stops: list[str], as_its_target_is: bool) -> None:
    clock = MovableClock()
    frozen = known(replace(LOCKED, start=clock.now()))
    entry = replace(RESTART, rescue=rescue != as_its_target_is)
    checks = house_checks(entry, frozen, clock.now(), rescues=rescue if as_its_target_is else None)
    assert [check.sentence for check in checks if check.refuses(automatic=False)] == stops


class Sitting(Desk):
    """A dashboard before that service."""

    def __init__(self, served: Served) -> None:
        super().__init__()
        self.client = ControlClient(served.path, service_uid=ME)


@pytest.mark.parametrize("hosts", [True], indirect=True)
def test_by_keys_it_takes_two_stages_and_its_name(served: Served, hosts: Hosts) -> None:
    async def walk() -> None:
        desk = Sitting(served)
        async with driven(desk.app, (120, 40)) as pilot:
            desk.app.use_hand(desk.client)
            await desk.shows(pilot, " H restart hosts")
            await pilot.press("H")
            await desk.stands(pilot, Stage.CHOOSE)
            await desk.shows(pilot, "restart hosts: whose?", "REAL: hosts restart", "aws")
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await desk.shows(pilot, "what: 3 hosts restart", "now : 3 hosts are ill", "no freeze ever stops it")
            await pilot.press("tab", *"hang", "enter")
            await desk.stands(pilot, Stage.NAME)
            assert not hosts.begun
            await pilot.press("tab", *"aws", "enter")
            await until(pilot, hosts.done.is_set)
            await desk.stands(pilot, Stage.FOLLOW)

    run(walk())
    assert hosts.begun == ["aws"]


@pytest.mark.parametrize("hosts", [False], indirect=True)
def test_what_is_not_dangerous_takes_one_stage_and_no_name(served: Served, hosts: Hosts) -> None:
    async def walk() -> None:
        desk = Sitting(served)
        async with driven(desk.app, (120, 40)) as pilot:
            desk.app.use_hand(desk.client)
            await desk.shows(pilot, " H restart hosts")
            await pilot.press("H")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await pilot.press("enter")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            assert not hosts.begun, "Enter alone confirms nothing"
            await pilot.press("H")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await pilot.press("tab", *"hang")
            await desk.shows(pilot, "Enter CONFIRMS it with this reason")
            await pilot.press("enter")
            await until(pilot, hosts.done.is_set)
            await desk.stands(pilot, Stage.FOLLOW)

    run(walk())
    assert hosts.begun == ["aws"]


@pytest.mark.parametrize("hosts", [False], indirect=True)
def test_what_takes_one_stage_is_not_asked_for_before_it_was_read(hosts: Hosts) -> None:
    assert hosts.up
    plan = {"target": "aws"}
    shown = Arming("restart", stage=Stage.REASON, plan=plan, in_field=True, text="hang", unread=True)
    arming, wish = enter(shown, NOW)
    assert (wish, "read it first, with ↓" in (arming.said or "")) == (None, True)
    assert enter(replace(shown, unread=False), NOW)[1] is Wish.ASK
    assert enter(replace(shown, kind="failover"), NOW)[1] is Wish.ASK, "its name is typed later, under its plan"


@pytest.mark.parametrize("hosts", [False], indirect=True)
def test_who_left_before_the_answer_came_confirms_nothing(
    served: Served, hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def walk() -> None:
        desk = Sitting(served)
        async with driven(desk.app, (120, 40)) as pilot:
            desk.app.use_hand(desk.client)
            await desk.shows(pilot, " H restart hosts")
            await pilot.press("H")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            waiting = list[Callable[[], object]]()

            def ask(call: Callable[[Any], Any], take: Callable[[Any], None]) -> None:
                waiting.append(lambda: take(call(desk.client)))

            monkeypatch.setattr(desk.app.emergencies, "ask", ask)
            await pilot.press("tab", *"hang", "enter")
            await until(pilot, lambda: desk.panel.arming.waits == "asking for it" and waiting)
            desk.panel.action_leave()
            while waiting:
                waiting.pop(0)()
            (action,) = desk.client.actions(open_only=True)
            assert action.state == "awaiting confirmation"

    run(walk())
    assert not hosts.begun


def test_what_another_version_did_is_shown_and_followed_alone(hosts: Hosts) -> None:
    """No word of it is known here any more."""
    EMERGENCIES.forget(RESTART.kind)
    assert hosts.up
    lines = panel_text({"kind": "restart", "target": "aws", "before": "3 hosts are ill"}, MovableClock().now())
    assert lines[0].startswith("REAL: restart aws")


def test_two_are_never_of_one_name_or_key() -> None:
    for other in (replace(RESTART, kind="failover"), replace(RESTART, key="F")):
        with pytest.raises(ValueError, match="is not free"):
            EMERGENCIES.register(other)
    with pytest.raises(ValueError, match="in the registry"):
        deeds.register("failover", lambda _configuration, _clock: Hosts())
    assert EMERGENCIES.of(Way.STEPS) == ()


def test_keys_bindings_and_help_have_it_where_it_is_registered_before_them() -> None:
    said = textwrap.dedent(
        """
        from wedtui.core.emergency import EMERGENCIES
        from tests.actions.made_up import RESTART
        EMERGENCIES.register(RESTART)
        from wedtui.tui.keymap.check import conflicts
        from wedtui.tui.keymap.table import KEYS, defaults
        from wedtui.tui.screens.emergency import EmergencyScreen
        assert "emergency.restart" in [row.id for row in KEYS]
        assert "emergency.restart" in [binding.id for binding in EmergencyScreen.BINDINGS]
        assert not conflicts(defaults()), conflicts(defaults())
        """
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Keymap().hint("emergency.failover") == "F"
