"""`wedtui failover` and `failback`: nothing is confirmed that was not shown, and how it ended is the exit code."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from tests.cli.base import Machine, machine, on_both
from tests.cli.standin import AWAITING, CONFIRMED, RUNNING, VERIFIED, Standin, problem, standing_in, step
from tests.core.emergency import NOW, SECOND, come_back, facts, leave, provider, reading
from wedtui.cache.action_copy import ActionCopy
from wedtui.cli import carrying_out
from wedtui.config import Configuration
from wedtui.control.answers import ActionIs
from wedtui.control.client import ControlClient
from wedtui.core.actions import Action, ActionState, Outcome, Step, StepState
from wedtui.core.failover import plan, plan_json
from wedtui.core.observation import TrafficObservation

__all__ = ["machine"]

RUN = ("failover", "run", "--from", "aws", "--reason", "AWS is down")
OTHER = plan(leave("aws"), facts(caps={"azure": 45, "gcp": 30, "digitalocean": 40}), NOW)


@pytest.fixture
def service(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    monkeypatch.setattr(carrying_out, "LOOKS_EVERY_S", 0)
    machine.now = NOW + 2 * SECOND
    with standing_in(machine.state / "control.sock") as world:
        yield world


class TestPlan:
    def test_it_is_shown_and_nothing_is_asked_for(self, machine: Machine, service: Standin) -> None:
        answer = machine.run("failover", "plan", "--from", "aws")
        assert answer.code == 0
        assert answer.out.startswith("REAL FAILOVER: aws loses all of its traffic\n")
        assert service.asked == [
            ("POST", "/v1/plans", {"kind": "failover", "lost": ["aws"], "accepts_overload": False, "to": "configured"})
        ]
        shown = machine.run("failover", "plan", "--from", "aws", "--json")
        assert shown.json == {"plan": AWAITING.plan, "digest": AWAITING.digest, "refused": []}

    def test_what_is_asked_for(self, machine: Machine, service: Standin) -> None:
        machine.run("failover", "plan", "--from", "aws", "--region", "eu-west-1", "--accept-overload")
        machine.run("failback", "plan", "--to", "before")
        assert [body for _, _, body in service.asked] == [
            {"kind": "failover", "lost": ["aws/eu-west-1"], "accepts_overload": True, "to": "configured"},
            {"kind": "failback", "lost": [], "accepts_overload": False, "to": "before"},
        ]

    def test_one_that_is_refused(self, machine: Machine, service: Standin) -> None:
        service.refused = ["ann is viewer and may not fail over"]
        answer = machine.run("failover", "plan", "--from", "aws")
        assert answer.code == 1
        why = "REFUSED: nothing is done, for this plan may not be submitted\n- ann is viewer and may not fail over\n"
        assert answer.out.startswith(why)
        assert "may be confirmed until" not in answer.out
        assert machine.run("failover", "plan", "--from", "aws", "--json").code == 1


def _set(service: Standin, action: ActionIs) -> ActionIs:
    service.action = action
    return action


class TestWrongInput:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("failover", "plan"), "Missing option '--from'"),
            (("failover", "plan", "--from", ""), '--from: expected a name, got ""'),
            (("failover", "plan", "--from", "aws\x1b[2J"), "--from: expected a name"),
            (("failover", "plan", "--from", "aws", "--region", " "), '--region: expected a name, got " "'),
            (("failover", "plan", "--from", "aws/eu"), 'expected a provider alone, got "aws/eu"'),
            (("failover", "run", "--from", "aws"), "Missing option '--reason'"),
            (("failover", "run", "--from", "aws", "--reason", " \n"), "--reason: expected words"),
            (("failback", "plan", "--to", "yesterday"), '--to: expected configured or before, got "yesterday"'),
            (("failback", "run", "--to", "configured"), "Missing option '--reason'"),
            (("actions", "show", "0"), "Invalid value for 'ID'"),
            (("actions", "cancel", "x"), "Invalid value for 'ID'"),
            (("actions", "settle", "7"), "Missing option '--sentence'"),
            (("actions", "settle", "7", "--sentence", "\t"), "--sentence: expected words"),
            (("actions", "show", "7", "--json", "--follow"), "it follows in words"),
        ],
    )
    def test_it_is_said_and_nobody_is_asked(
        self, machine: Machine, service: Standin, arguments: tuple[str, ...], said: str
    ) -> None:
        answer = machine.run(*arguments)
        assert (answer.code, service.asked) == (2, [])
        assert said in " ".join(answer.err.replace("│", " ").split())
        assert "\x1b" not in answer.err


class TestRun:
    def test_confirmed_by_name_it_is_followed_to_its_end(self, machine: Machine, service: Standin) -> None:
        answer = machine.run(*RUN, "--confirm", "aws")
        assert answer.code == 0
        confirmed = ("POST", "/v1/actions/7/confirm", {"digest": AWAITING.digest, "typed": "aws"})
        assert service.asked[1] == confirmed
        assert service.asked[0][2]["reason"] == "AWS is down"
        assert answer.out.startswith("REAL FAILOVER: aws loses all of its traffic\n")
        assert answer.out.split("action 7, asked for by ann: AWS is down\n")[1].splitlines() == [
            "confirmed: it waits to be begun until 14:02:50 UTC, and never later",
            "14:02:20 UTC  submit            0.8 s  done",
            "14:02:21 UTC  in sync           0.0 s  running",
            "14:02:21 UTC  in sync          30.0 s  done",
            "",
            "VERIFIED: azure 63, gcp 37: watched",
            "accepted after 1.0 s from the confirmation",
            "customers move until 14:03:21 UTC (in 1 m 19 s), as expected: in sync 14:02:51,",
            "  TTL 30 s",
            "  `wedtui actions show 7` says when they were seen to have",
        ]

    def test_it_waits_for_the_second_person(self, machine: Machine, service: Standin) -> None:
        needs = replace(AWAITING, needs=["second-person"])
        approved = replace(AWAITING, approved_by="kay", approved_at=NOW)
        service.action, service.instead = needs, {"GET /v1/actions/7": lambda: (200, _set(service, approved))}
        answer = machine.run(*RUN, "--confirm", "aws")
        assert answer.code == 0
        assert "it needs a second person, who approves it with `wedtui actions approve 7`" in answer.out
        assert "\nkay approved it\n" in answer.out
        assert service.paths()[:2] == ["/v1/actions", "/v1/actions/7/confirm"]

    def test_a_plan_that_nobody_approved_in_time_is_not_confirmed(self, machine: Machine, service: Standin) -> None:
        service.action = replace(AWAITING, needs=["second-person"])
        ended = replace(service.action, state="ended", outcome="expired", sentence="it was not confirmed in time")
        service.instead = {"GET /v1/actions/7": lambda: (200, _set(service, ended))}
        answer = machine.run(*RUN, "--confirm", "aws")
        assert (answer.code, service.paths()) == (9, ["/v1/actions"])

    def test_the_glass_is_broken_with_a_reason(self, machine: Machine, service: Standin) -> None:
        service.action = replace(AWAITING, needs=["second-person"])
        answer = machine.run(*RUN, "--confirm", "aws", "--break-glass", "nobody answers")
        assert answer.code == 0
        word = {"digest": AWAITING.digest, "typed": "aws", "break_glass": "nobody answers"}
        assert service.asked[2] == ("POST", "/v1/actions/7/confirm", word)
        assert machine.run(*RUN, "--confirm", "aws", "--break-glass", " ").code == 2

    def test_a_code_that_is_demanded_is_not_waited_for(self, machine: Machine, service: Standin) -> None:
        service.action = replace(AWAITING, needs=["one-time-code"])
        answer = machine.run(*RUN, "--confirm", "aws", "--break-glass", "nobody answers")
        assert (answer.code, service.paths()[-1]) == (3, "/v1/actions/7/cancel")
        assert "NOT CONFIRMED: it still needs one-time-code" in answer.out

    def test_the_second_person_sees_the_plan_and_names_it(self, machine: Machine, service: Standin) -> None:
        service.action = replace(AWAITING, needs=["second-person"])
        answer = machine.run("actions", "approve", "7")
        assert (answer.code, service.paths()) == (3, [])
        assert "REAL FAILOVER: aws loses all of its traffic" in answer.out
        answer = machine.run("actions", "approve", "7", "--confirm", "aws")
        assert (answer.code, service.asked[-1][2]) == (0, {"digest": AWAITING.digest, "typed": "aws"})

    def test_what_was_done_alone_is_shown_until_it_is_reviewed(self, machine: Machine, service: Standin) -> None:
        service.action = replace(VERIFIED, broke_glass="nobody answers")
        shown = machine.run("actions", "show", "7").out
        assert "BROKE THE GLASS, without the second person who is demanded: nobody answers" in shown
        assert "not reviewed yet: another person does, with `wedtui actions review 7`" in shown
        assert machine.run("actions", "review", "7", "--sentence", "it was right").code == 0
        assert service.asked[-1][1:] == ("/v1/actions/7/review", {"sentence": "it was right"})
        assert "by kay: it was right" in machine.run("actions", "show", "7").out

    def test_without_terminal_and_name_it_ends_with_the_plan(self, machine: Machine, service: Standin) -> None:
        answer = machine.run(*RUN)
        assert answer.code == 3
        assert "NOT CONFIRMED: this is no terminal, and no --confirm aws was given" in answer.out
        assert service.paths() == ["/v1/plans"]
        service.refused = ["a freeze"]
        assert machine.run(*RUN).code == 1

    @pytest.mark.parametrize("given", ["", "gcp", "AWS", "aws "])
    def test_another_name_confirms_nothing(self, machine: Machine, service: Standin, given: str) -> None:
        answer = machine.run(*RUN, "--confirm", given)
        assert answer.code == 3
        assert 'NOT CONFIRMED: expected --confirm "aws", got' in answer.out
        assert service.paths() == ["/v1/actions", "/v1/actions/7/cancel"]

    @pytest.mark.parametrize("target", ["", "aws\n", "\x1b[2J"])
    def test_what_cannot_be_typed_is_not_confirmed(self, machine: Machine, service: Standin, target: str) -> None:
        service.action = replace(AWAITING, target=target)
        answer = machine.run(*RUN, "--confirm", target)
        assert (answer.code, service.paths()[-1]) == (3, "/v1/actions/7/cancel")
        assert "\x1b" not in answer.out

    def test_one_without_a_plan_or_that_needs_more_is_not_confirmed(self, machine: Machine, service: Standin) -> None:
        service.action = replace(AWAITING, plan=None)
        assert "the service gave no plan to look at" in machine.run(*RUN, "--confirm", "aws").out
        service.action = replace(AWAITING, needs=["second person"])
        assert "it still needs second person" in machine.run(*RUN, "--confirm", "aws").out
        assert "/v1/actions/7/confirm" not in service.paths()

    def test_a_changed_plan_is_shown_and_not_confirmed(self, machine: Machine, service: Standin) -> None:
        def change() -> tuple[int, object]:
            service.action = replace(AWAITING, plan=plan_json(OTHER), digest=OTHER.digest)
            return problem(409, "the plan has changed since it was shown: look at the new one")

        service.instead["POST /v1/actions/7/confirm"] = change
        answer = machine.run(*RUN, "--confirm", "aws")
        assert answer.code == 4
        assert "the plan CHANGED, and nothing was done" in answer.out
        assert answer.out.index("63 %") < answer.out.index("the plan CHANGED") < answer.out.index(" 40 %  +")
        assert service.paths()[1:] == ["/v1/actions/7/confirm", "/v1/actions/7/cancel"]

    def test_an_expired_plan_is_not_confirmed(self, machine: Machine, service: Standin) -> None:
        machine.now = NOW + 61 * SECOND
        service.instead["POST /v1/actions/7/confirm"] = problem(409, "the plan has expired")
        answer = machine.run(*RUN, "--confirm", "aws")
        assert (answer.code, service.paths().count("/v1/actions/7/confirm")) == (4, 1)
        assert "holds    EXPIRED 1 s ago: ask for a new one" in answer.out

    def test_another_conflict_is_said(self, machine: Machine, service: Standin) -> None:
        service.instead["POST /v1/actions/7/confirm"] = problem(409, "ben asked for it, and only they may confirm it")
        answer = machine.run(*RUN, "--confirm", "aws")
        assert (answer.code, service.paths()[-1]) == (18, "/v1/actions/7/cancel")
        assert "only they may confirm it" in answer.err

    @pytest.mark.parametrize(
        ("outcome", "code"),
        [("refused", 1), ("settled", 6), ("failed", 7), ("undone", 8), ("cancelled", 9), ("expired", 9), ("new", 6)],
    )
    def test_the_outcome_is_the_exit_code(self, machine: Machine, service: Standin, outcome: str, code: int) -> None:
        service.story = [CONFIRMED, replace(VERIFIED, outcome=outcome, sentence="so it went")]
        answer = machine.run(*RUN, "--confirm", "aws")
        assert answer.code == code
        assert "so it went" in answer.out

    def test_handed_over(self, machine: Machine, service: Standin) -> None:
        unknown = step("submit", 0.2, None, state="unknown", detail="ReadTimeout")
        service.story = [CONFIRMED, replace(RUNNING, state="handed over", steps=[unknown], sentence="look at them")]
        answer = machine.run(*RUN, "--confirm", "aws")
        assert answer.code == 6
        assert "UNKNOWN: ReadTimeout" in answer.out
        assert "HANDED OVER, a person has to look: look at them" in answer.out
        assert 'wedtui actions settle 7 --sentence "HOW IT STANDS"' in answer.out

    def test_refused_at_once(self, machine: Machine, service: Standin) -> None:
        service.action = replace(AWAITING, state="ended", outcome="refused", sentence="there is no room")
        answer = machine.run(*RUN, "--confirm", "aws")
        assert (answer.code, service.paths()) == (1, ["/v1/actions"])
        assert answer.out.endswith("REFUSED: nothing was done: there is no room\n")

    def test_a_plan_that_is_yet_to_come_is_waited_for(self, machine: Machine, service: Standin) -> None:
        service.instead["POST /v1/actions"] = (200, replace(AWAITING, state="requested", plan=None, digest=""))
        assert machine.run(*RUN, "--confirm", "aws").code == 0

    def test_it_need_not_be_followed(self, machine: Machine, service: Standin) -> None:
        answer = machine.run(*RUN, "--confirm", "aws", "--no-wait")
        assert answer.code == 5
        assert "action 7 itself goes on in the service" in answer.out
        assert service.paths("GET") == []

    def test_who_stops_watching_stops_nothing(
        self, machine: Machine, service: Standin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(_seconds: float) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("wedtui.cli.carrying_out.time.sleep", interrupted)
        answer = machine.run(*RUN, "--confirm", "aws")
        assert answer.code == 5
        assert "`wedtui actions show 7 --follow` watches it again" in answer.out
        assert service.paths()[-1] == "/v1/actions/7/confirm"

    def test_a_service_that_is_away_for_a_moment_is_waited_for(self, machine: Machine, service: Standin) -> None:
        service.instead["GET /v1/actions/7"] = problem(500, "the ledger is locked")
        answer = machine.run(*RUN, "--confirm", "aws")
        assert answer.code == 0
        assert "note: the ledger is locked; still looking" in answer.out

    def test_a_confirmation_whose_answer_is_lost(self, machine: Machine, service: Standin) -> None:
        service.instead["POST /v1/actions/7/confirm"] = problem(500, "the database went away")
        answer = machine.run(*RUN, "--confirm", "aws")
        assert answer.code == 14
        assert "action 7 may or may not be confirmed: look with `wedtui actions show 7`" in answer.out
        assert "# 1." not in answer.out

    @pytest.mark.parametrize("command", [RUN, (*RUN, "--confirm", "aws"), ("failover", "plan", "--from", "aws")])
    def test_a_service_that_answers_leads_to_nothing_by_hand(
        self, machine: Machine, service: Standin, command: tuple[str, ...]
    ) -> None:
        for path in ("/v1/plans", "/v1/actions"):
            service.instead[f"POST {path}"] = problem(503, "others are being served: try again")
        answer = machine.run(*command)
        assert (answer.code, answer.out) == (14, "")
        assert answer.err == "wedtui: others are being served: try again\n"

    def test_who_is_heard_again_soon_is_waited_for(
        self, machine: Machine, service: Standin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rested: list[float] = []
        defaults = ControlClient.__init__.__kwdefaults__
        assert defaults is not None
        monkeypatch.setitem(defaults, "rest", rested.append)
        service.instead["POST /v1/actions"] = problem(429, "this user asks too often")
        service.instead["GET /v1/actions/7"] = problem(429, "this user asks too often")
        answer = machine.run(*RUN, "--confirm", "aws")
        assert (answer.code, rested.count(1.0)) == (0, 2)
        assert "too often" not in answer.out + answer.err

    def test_who_may_not(self, machine: Machine, service: Standin) -> None:
        service.instead["POST /v1/actions"] = problem(403, "ann is viewer and may not fail over")
        answer = machine.run(*RUN, "--confirm", "aws")
        assert (answer.code, answer.err) == (20, "wedtui: ann is viewer and may not fail over\n")

    def test_failback(self, machine: Machine, service: Standin) -> None:
        live = reading({"aws": 0, "azure": 60, "gcp": 40, "digitalocean": 0})
        made = plan(come_back(), facts(provider("aws"), reading=live), NOW)
        service.action = replace(AWAITING, kind="failback", target="www.example.com", plan=plan_json(made))
        service.story = [VERIFIED]
        answer = machine.run("failback", "run", "--reason", "it is well", "--confirm", "www.example.com")
        assert answer.code == 0
        assert answer.out.startswith("REAL FAILBACK: traffic comes back\nback to the configured shares: aws 60 %, ")
        assert service.asked[0][2]["kind"] == "failback"


CONFIGURED = """\
[[providers]]
name = "aws"
weight = 60
[[providers]]
name = "gcp"
weight = 40
[traffic]
backend = "route53"
name = "www.example.com"
[traffic.route53]
hosted_zone_id = "Z1D633PJN98FT9"
[[traffic.places]]
provider = "aws"
target = "192.0.2.1"
[[traffic.places]]
provider = "gcp"
target = "192.0.2.3"
"""


def weighted(name: str, weight: int) -> dict[str, object]:
    found = {"Name": "www.example.com.", "Type": "A", "SetIdentifier": name, "Weight": weight, "TTL": 30}
    return {**found, "ResourceRecords": [{"Value": "192.0.2.1"}]}


class TestServiceDown:
    @pytest.fixture(autouse=True)
    def kept(self, machine: Machine) -> None:
        machine.configure(CONFIGURED)
        machine.now = NOW
        records = json.dumps([weighted("aws", 70), weighted("gcp", 30)])
        read = reading({"aws": 70, "gcp": 30}, records=records)
        machine.state.mkdir(exist_ok=True)
        with machine.cache() as cache:
            section = tomllib.loads(machine.config.read_text(encoding="utf-8"))
            cache.configure(Configuration.model_validate(section), probe_interval=SECOND, query_interval=60 * SECOND)
            cache.record([TrafficObservation("www.example.com.", NOW, read)])

    @on_both
    @pytest.mark.parametrize("command", [("failover", "plan", "--from", "aws"), RUN, (*RUN, "--confirm", "aws")])
    def test_the_commands_by_hand_are_printed_and_not_run(self, machine: Machine, command: tuple[str, ...]) -> None:
        answer = machine.run(*command)
        assert answer.code == 14
        assert "there is no service to ask on" in answer.err
        lines = answer.out.splitlines()
        assert lines[0] == "# NOT RUN: the service could not be asked. By hand, in this order:"
        assert lines[1].startswith("# WARNING: whether an action was under way when the service fell silent is UNKNOWN")
        assert lines[2] == "# from the shares that were read 1 s ago"
        commands = [line for line in lines if not line.startswith("#")]
        assert [line.split()[:3] for line in commands] == [
            ["aws", "route53", "list-resource-record-sets"],
            ["aws", "route53", "change-resource-record-sets"],
            ["aws", "route53", "wait"],
        ]
        assert "by hand: aws 0, gcp 100" in commands[1]

    @on_both
    def test_powerdns(self, machine: Machine) -> None:
        """Without the key: that is in the person's own shell."""
        powerdns = (
            '[traffic.powerdns]\nurl = "http://127.0.0.1:8081"\nzone = "example.com"\napi_key = { env = "KEY" }\n'
        )
        text = CONFIGURED.replace('"route53"', '"powerdns"\nnameservers = ["127.0.0.1"]')
        machine.configure(text.replace('[traffic.route53]\nhosted_zone_id = "Z1D633PJN98FT9"\n', powerdns))
        content = "A \"pickwrandom({{70,'192.0.2.1'},{30,'192.0.2.3'}})\""
        lua = {"name": "www.example.com.", "type": "LUA", "ttl": 30}
        records = json.dumps([{**lua, "records": [{"content": content, "disabled": False}]}])
        read = reading({"aws": 70, "gcp": 30}, backend="powerdns", records=records)
        with machine.cache() as cache:
            section = tomllib.loads(machine.config.read_text(encoding="utf-8"))
            cache.configure(Configuration.model_validate(section), probe_interval=SECOND, query_interval=60 * SECOND)
            cache.record([TrafficObservation("www.example.com.", NOW, read)])
        out = machine.run("failover", "plan", "--from", "aws").out
        commands = [line for line in out.splitlines() if not line.startswith("#")]
        assert [line.split()[0] for line in commands] == ["printf", "printf"]
        assert "{0,'" in commands[1].replace('"\'"', "")
        assert "/api/v1/servers/localhost/zones/example.com." in commands[1]
        back = [line for line in machine.run("failback", "plan").out.splitlines() if not line.startswith("#")]
        assert [line.split()[0] for line in back] == ["printf", "printf"]
        assert "{60,'" in back[1].replace('"\'"', "")

    @on_both
    def test_as_json(self, machine: Machine) -> None:
        answer = machine.run("failover", "plan", "--from", "aws", "--json")
        assert (answer.code, answer.json["by_hand"]["run"]) == (14, False)
        assert len(answer.json["by_hand"]["steps"]) == 3

    @on_both
    def test_a_failback(self, machine: Machine) -> None:
        assert "by hand: aws 60, gcp 40" in machine.run("failback", "plan").out
        before = machine.run("failback", "plan", "--to", "before")
        assert "the shares from before stand in the plan of the failover" in before.out
        assert "\naws route53" not in before.out

    @on_both
    def test_a_failback_to_the_shares_before_warns_of_what_was_under_way(self, machine: Machine) -> None:
        shown = json.dumps({"plan": {"before": {"aws": 80, "gcp": 20}, "after": {"aws": 0, "gcp": 100}}})
        done = Step("submit", StepState.DONE, NOW, NOW, changes=True)
        kept = Action("failover", "aws", "traffic", "ada", "", NOW, plan=shown, confirmed_at=NOW, steps=(done,), id=7)
        ended = replace(kept, state=ActionState.ENDED, outcome=Outcome.VERIFIED)
        with closing(ActionCopy(machine.cache_url, waits=SECOND)) as copy:
            copy.write((ended,), None, NOW)
        out = machine.run("failback", "run", "--reason", "well", "--to", "before", "--confirm", "failback").out
        assert "by hand: aws 80, gcp 20" in out
        assert "no change of shares was under way, as of 14:02:00 UTC" in out
        begun = replace(kept, state=ActionState.CLAIMED, kind="failback", target="failback")
        with closing(ActionCopy(machine.cache_url, waits=SECOND)) as copy:
            copy.write((begun,), None, NOW)
        out = machine.run("failback", "run", "--reason", "well", "--confirm", "failback").out
        assert "# WARNING: action 7 (failback failback, of ada) was under way" in out

    @on_both
    def test_old_knowledge_is_said_to_be_old(self, machine: Machine) -> None:
        machine.now = NOW + 200 * SECOND
        assert "# from the shares that were read 3 m 21 s ago, which is STALE" in machine.run(*RUN).out

    def test_what_cannot_be_left(self, machine: Machine) -> None:
        answer = machine.run("failover", "plan", "--from", "azure")
        assert answer.code == 14
        assert answer.out.splitlines()[-1] == "# no command can be given: there is no record of azure"

    def test_nothing_is_known(self, machine: Machine) -> None:
        (machine.state / "cache.db").unlink()
        assert "# no command can be given: " in machine.run(*RUN).out
        machine.configure("")
        assert "# no backend of traffic is configured" in machine.run(*RUN).out
