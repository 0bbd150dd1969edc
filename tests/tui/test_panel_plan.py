"""The panel's lines about a plan: what has not passed comes first, and nothing is confirmed before it was seen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.core.emergency import NAMES, NOW, SECOND, SHARES, come_back, facts, leave, provider, reading
from tests.pictures import NOW as SCREEN_NOW
from tests.tui.driving import run
from tests.tui.service_hand import action, json_of
from tests.tui.test_emergency import Desk, opened
from wedtui.core.emergency import EmergencyKind
from wedtui.core.failover import plan, plan_json
from wedtui.core.failover_facts import Facts, Request
from wedtui.core.plan_lines import plan_lines as command_lines
from wedtui.core.state import State
from wedtui.tui.arming import Arming, Stage
from wedtui.tui.draw.panel import panel_lines, scrolled
from wedtui.tui.spans import Line

LATER = NOW + 2 * SECOND


def text(lines: tuple[Line, ...]) -> list[str]:
    return ["".join(each for each, _ in line).rstrip() for line in lines]


def armed(request: Request, known: Facts, **other: Any) -> Arming:
    made = plan(request, known, NOW)
    kind = EmergencyKind(request.kind.value)
    return Arming(kind, stage=Stage.REASON, plan=json.loads(json.dumps(plan_json(made))), refused=made.refused, **other)


def shown(arming: Arming, *, now: datetime = LATER, width: int = 80) -> list[str]:
    drawn = panel_lines(arming, now, width, demo=False)
    return text((drawn.head, *drawn.body))


def test_what_has_not_passed_stands_before_all_else() -> None:
    lines = shown(armed(leave("aws"), facts(provider("aws", state=State.OK))))
    assert lines[1:4] == [
        " as of 14:02:00 UTC",
        " ◇ UNKNOWN weddings: which weddings are live is not known (not measured)",
        " ▲ NOTE    aws is OK (4 s ago) - stops automation alone",
    ]
    assert lines[4].startswith(" aws           60 % →")
    first_pass = next(i for i, line in enumerate(lines) if "● PASS" in line)
    assert not [line for line in lines[first_pass:] if any(word in line for word in ("FAIL", "UNKNOWN", "NOTE"))]


def test_a_refused_plan_says_so_and_why_and_promises_nothing() -> None:
    known = facts(reading=reading({"aws": 0, "azure": 60, "gcp": 40, "digitalocean": 0}))
    lines = shown(armed(come_back(), known))
    assert "REFUSED: nothing is done" in lines[0]
    assert "REAL" not in lines[0]
    assert lines[2] == " REFUSED: nothing is done, because of what stops it:"
    assert lines[3].startswith(" ◆ FAIL    nothing can move: ")
    said = " ".join(lines)
    assert "STOPS IT" in said
    assert not any(word in said for word in ("accepted:", "moved:", "undo:", "→", "is reached"))


def test_why_a_failback_cannot_be_is_said_once_with_one_verdict() -> None:
    known = facts(reading=reading({"aws": 0, "azure": 60, "gcp": 40, "digitalocean": 0}))
    arming = armed(come_back(), known)
    for said in (shown(arming), command_lines(dict(arming.plan or {}), LATER)):
        checks = " ".join(" ".join(said).split()).partition("FAIL")[2]
        assert checks.count("aws is CRITICAL and may not gain share") == 1
        assert "60 % cannot come back yet (4 s ago) - STOPS IT" in checks


@pytest.mark.parametrize(
    ("request_", "live", "name"),
    [
        (leave("aws"), SHARES, "aws"),
        (come_back(), {"aws": 0, "azure": 60, "gcp": 40, "digitalocean": 0}, "aws"),
        (leave("azure"), {"aws": 0, "azure": 60, "gcp": 40, "digitalocean": 0}, "aws"),
    ],
)
def test_who_carries_nothing_and_may_not_gain_has_nothing_to_spare(
    request_: Request, live: dict[str, int], name: str
) -> None:
    known = facts(provider("aws", state=State.CRITICAL), reading=reading(live))
    arming = armed(request_, known)
    for said, dash in ((shown(arming), "–"), (command_lines(dict(arming.plan or {}), LATER), "-")):
        rows = {line.split()[0]: line for line in said if "%" in line and line.split()[0] in NAMES}
        assert "requests/s" not in rows[name]
        assert f" {dash}" in rows[name].partition("<-")[0].rstrip()[-2:]
        assert "requests/s" in rows["digitalocean"], "it carries nothing, and could"


def test_a_proposal_says_that_the_service_made_it_and_why_before_all_else() -> None:
    why = "the probes of aws failed three rounds in a row"
    proposed = action(1, person="service vm", automatic=True, reason=why)
    mine = Arming(EmergencyKind.FAILOVER, stage=Stage.NAME, action=proposed, plan=proposed.plan)
    lines = shown(mine, now=SCREEN_NOW, width=120)
    assert lines[1] == f" #1 proposed by the service 3 s ago: {why}"
    assert "a person asks" not in " ".join(lines)
    own = replace(mine, action=replace(proposed, automatic=False))
    assert "by the service" not in " ".join(shown(own, now=SCREEN_NOW, width=120))


@pytest.mark.parametrize("backend", ["route53", "powerdns"])
@pytest.mark.parametrize("request_", [leave("aws"), come_back({"aws": 20, "azure": 50, "gcp": 30, "digitalocean": 0})])
def test_panel_and_command_promise_the_same(backend: str, request_: Request) -> None:
    known = facts(provider("aws", state=State.OK), reading=reading(backend=backend))
    arming = armed(request_, known)
    assert not arming.refused
    panel = " ".join(" ".join(shown(arming)).split())
    command = " ".join(" ".join(command_lines(dict(arming.plan or {}), LATER)).split())
    promises = command[command.index(" accepted ") : command.index(" holds ")]
    for label in ("accepted", "moved", "undo"):
        promises = promises.replace(f" {label} ", f" {label}: ")
    assert promises.count(":") >= 3
    assert promises in panel


def test_nothing_of_a_plan_is_dated_after_it() -> None:
    """The screen's second may be one from before the plan was made."""
    lines = " ".join(shown(armed(leave("aws"), facts()), now=NOW - timedelta(seconds=20)))
    assert "future" not in lines


def test_what_cannot_be_read_is_said_with_since_when() -> None:
    known = facts(reading=None, reading_problem="pdns: connection refused", last_read_at=NOW - 90 * SECOND)
    said = " ".join(" ".join(shown(armed(leave("aws"), known))).split())
    assert "UNKNOWN the live shares are not known, last read at 14:00:30 UTC: pdns: connection refused" in said
    assert "no backend" not in said
    assert "future" not in said


def test_in_a_low_pane_what_has_not_passed_is_seen_first() -> None:
    arming = armed(leave("aws", accepts_overload=True), facts(provider("aws", state=State.OK), caps={"azure": 30}))
    drawn = panel_lines(arming, LATER, 80, demo=False)
    seen = scrolled(drawn, 0, 12, 80).seen
    assert drawn.vital
    assert set(range(drawn.vital)) <= set(seen)


def test_it_is_not_confirmed_before_what_has_not_passed_was_on_the_screen() -> None:
    async def walk() -> None:
        desk = Desk()
        plan_ = json_of()
        checks = [
            {"rule": f"odd:{i}", "result": "UNKNOWN", "sentence": f"matter {i}", "stops": "nobody"} for i in range(20)
        ]
        desk.hand.kept = [replace(desk_action(), plan={**plan_, "checks": [*plan_["checks"], *checks]})]
        async with opened(desk, (80, 24)) as pilot:
            desk.app.dashboard.reopen(desk.hand.kept[0])
            await desk.stands(pilot, Stage.NAME)
            await pilot.press("tab", *"aws", "enter")
            await desk.shows(pilot, "not all that has not passed was on the screen")
            assert not desk.hand.confirms
            await pilot.press(*["down"] * 8, "enter")
            await desk.stands(pilot, Stage.FOLLOW)
            assert desk.hand.confirms

    run(walk())


def desk_action() -> Any:
    from tests.tui.service_hand import action

    return action(expires_at=SCREEN_NOW + 60 * SECOND)


def test_a_look_that_was_interrupted_is_no_failure() -> None:
    from wedtui.cli.action_words import action_lines
    from wedtui.control.answers import StepIs

    begun, ended = SCREEN_NOW - 20 * SECOND, SCREEN_NOW - 4 * SECOND
    cut = StepIs("answers", "failed", begun, ended, changes=False, undoes=False, detail="it was not made")
    done = StepIs("answers", "done", ended, SCREEN_NOW, changes=False, undoes=False, detail="{}")
    action = replace(desk_action(), state="ended", outcome="verified", sentence="well", steps=[cut, done])
    arming = Arming(EmergencyKind.FAILOVER, stage=Stage.FOLLOW, action=action)
    for lines in (shown(arming, now=SCREEN_NOW), action_lines(action, SCREEN_NOW)):
        said = " ".join(lines)
        assert "interrupted, looked again" in said
        assert "failed" not in said.lower()
        assert "not made" not in said
    alone = replace(action, steps=[cut], state="handed over", outcome=None)
    assert "it was not made" in " ".join(action_lines(alone, SCREEN_NOW)), "nobody looked again"


def test_a_look_that_was_given_up_is_left_and_not_made_again() -> None:
    from wedtui.control.answers import StepIs

    detail = "not seen to its end: action 8 began"
    cut = StepIs("watch", "failed", SCREEN_NOW, SCREEN_NOW, changes=False, undoes=False, detail=detail)
    action = replace(desk_action(), state="ended", outcome="superseded", sentence="it was accepted", steps=[cut])
    said = " ".join(shown(Arming(EmergencyKind.FAILOVER, stage=Stage.FOLLOW, action=action), now=SCREEN_NOW))
    assert "▲ left" in said
    assert "again" not in said
    assert "SUPERSEDED" in said


def test_where_there_is_nothing_to_choose_no_plan_is_promised() -> None:
    foot = text(panel_lines(Arming(EmergencyKind.FREEZE_LIFT), LATER, 80, demo=False).foot)
    assert foot == [" Enter leaves: there is nothing to choose"]


def test_in_a_demo_the_foot_says_commands_as_they_are_typed_there_and_what_was_typed_stays() -> None:
    said, typed = "action 7 is not there: `wedtui actions list`", "as `wedtui doctor` said"
    arming = Arming(EmergencyKind.LOCKDOWN, stage=Stage.REASON, said=said, text=typed)
    for demo, command in ((True, "`wedtui --demo actions list`"), (False, "`wedtui actions list`")):
        foot = " ".join(text(panel_lines(arming, LATER, 120, demo=demo).foot))
        assert (command in foot, typed in foot) == (True, True)


def test_of_a_long_freeze_the_next_are_said_by_time_and_the_rest_is_a_number() -> None:
    from wedtui.core.freeze import FreezeFacts, Origin, Period, verdict
    from wedtui.tui.draw.panel_freeze import freeze_lines

    def period(name: str, begins: int, ends: int) -> Period:
        hour = timedelta(hours=1)
        return Period(name, NOW + begins * hour, NOW + ends * hour, Origin.CONFIGURATION)

    weddings = [period(f"load {9 - n}", 1 + n, 3 + n) for n in range(8)]
    found = verdict(FreezeFacts(periods=(period("now", -1, 2), *weddings)), NOW)
    after = {"frozen": True, "until": None, "reasons": list(found.reasons), "later": list(found.later)}
    said = " ".join(" ".join(text(tuple(freeze_lines({"after": after}, NOW, 80)))).split())
    # The weekend's window comes after the last of them.
    assert "load 9, load 8, +" in said
    assert "; then load 9" in said
