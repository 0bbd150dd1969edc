"""The emergency panel in each of its states, as pictures: `make snapshots` draws them again, and a person looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.pictures import NOW, SECOND
from tests.tui.driving import settled, until
from tests.tui.service_hand import FROZEN, GONE, LOCKED, NO_LEDGER, STANDBY, TWO, WITHOUT, action, json_of
from tests.tui.test_emergency import Desk
from tests.tui.test_emergency_freezes import GIVEN
from wedtui.control.answers import ActionIs, ArmingIs, EmergencyIs, StepIs
from wedtui.core import following
from wedtui.core.actions import LEFT
from wedtui.core.checks import Check, Result, Stops
from wedtui.core.roles import Role
from wedtui.tui.arming import Stage
from wedtui.tui.terminal.abilities import EVERYTHING, Abilities, Charset, Depth

SIZES = [(80, 24), (120, 40)]
Compare = Callable[..., bool]


def step(name: str, state: str = "done", **other: Any) -> StepIs:
    ended = NOW - SECOND if state != "intended" else None
    made = StepIs(name, state, NOW - 2.4 * SECOND, ended, changes=True, undoes=False, detail="")
    return replace(made, **other)


VERIFIED = "aws 0 azure 60 digitalocean 0 gcp 40: in sync; accepted after 1.0 s, the TTL ends 12:00:34 UTC"


_ANSWERS = "of 200 authoritative answers name aws 0, azure 120 and gcp 80"
SEEN = following.document(
    (
        Check("ttl", Result.PASS, "in sync everywhere, and the TTL has passed", NOW - 32 * SECOND),
        Check("answers", Result.PASS, f"{_ANSWERS}, as the shares say", NOW),
        Check("requests:aws", Result.FAIL, "aws still serves 40 % of the requests, 240/s; 5 % may be left", NOW),
        Check("requests:gcp", Result.UNKNOWN, "gcp not observed: no request signal", stops=Stops.NOBODY),
    )
)


def stored(**other: Any) -> ActionIs:
    return action(**{"confirmed_by": "ada", "confirmed_at": NOW - 2 * SECOND, **other})


ACTIONS: dict[str, ActionIs] = {
    "waiting": stored(
        state="confirmed",
        deadline=NOW + 28 * SECOND,
        sentence="ChangeResourceRecordSets was throttled (Throttling)",
        steps=[
            step("submit", "failed", detail="not taken for now: ChangeResourceRecordSets was throttled (Throttling)")
        ],
    ),
    "running": stored(
        state="claimed", sentence="the change was accepted", steps=[step("submit"), step("in sync", "intended")]
    ),
    "verified": stored(
        state="ended",
        outcome="verified",
        sentence=VERIFIED,
        steps=[step("submit"), step("in sync"), step("answers", changes=False), step("watch", changes=False)],
    ),
    "customers": stored(
        requested_at=NOW - 65 * SECOND,
        expires_at=NOW - 5 * SECOND,
        confirmed_at=NOW - 64 * SECOND,
        ended_at=NOW - 34 * SECOND,
        state="ended",
        outcome="verified",
        sentence=VERIFIED.replace("12:00:34", "11:59:33"),
        steps=[
            step("submit", intended_at=NOW - 64 * SECOND, ended_at=NOW - 63 * SECOND),
            step("in sync", changes=False, intended_at=NOW - 63 * SECOND, ended_at=NOW - 62 * SECOND),
            step("customers", "intended", changes=False, intended_at=NOW - 32 * SECOND, detail=SEEN),
        ],
    ),
    "failed": stored(
        state="ended",
        outcome="failed",
        sentence="nothing was changed: the live records are not those of the plan",
        steps=[step("submit", "failed", detail="Route 53 refused it: the record set changed meanwhile")],
    ),
    "handed-over": stored(
        state="handed over",
        sentence="whether the change was made is not known",
        steps=[step("submit", "unknown", detail="no answer within 5 s after it was sent")],
    ),
    "awaiting": action(),
    "expired": action(
        state="ended",
        outcome="expired",
        ended_at=NOW - SECOND,
        sentence="it was not confirmed in time, and nothing was done: ask again",
    ),
    "superseded": stored(
        state="ended",
        outcome="superseded",
        sentence="action 13 took its place before it was seen whether it helped",
        steps=[step("submit"), step("in sync", "failed", detail=f"{LEFT}: action 13 began", changes=False)],
    ),
    "undone": stored(
        state="ended",
        outcome="undone",
        sentence="it made things worse in two rounds, and was taken back: aws 60 azure 25 digitalocean 0 gcp 15",
        steps=[
            step("submit"),
            step("in sync"),
            step("answers", changes=False),
            step("watch", "failed", changes=False, detail="served were 100 % before and 40 % after, in two rounds"),
            step("submit", undoes=True),
            step("in sync", undoes=True, changes=False),
        ],
    ),
}


def walk(desk: Desk, case: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    async def to(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        if case in ACTIONS:
            desk.hand.kept = [ACTIONS[case]]
        if case == "by-hand":
            desk.hand.problem = GONE
        desk.app.use_hand(desk.hand, lambda _picture, _kind, _chosen: COMMANDS)
        told = desk.app.emergencies
        await until(pilot, lambda: told.told.who or told.told.problem)
        if case in ACTIONS:
            desk.app.dashboard.reopen(ACTIONS[case])
            await desk.stands(pilot, Stage.NAME if case == "awaiting" else Stage.FOLLOW)
        elif case != "pane":
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            if case != "choose":
                await pilot.press("enter")
                await desk.stands(pilot, Stage.BY_HAND if case == "by-hand" else Stage.REASON)
        if case in {"reason", "awaiting"}:
            await pilot.press("tab", *("aws answers 503" if case == "reason" else "aw"))
        await pilot.pause(0.1)

    return to


COMMANDS = (
    '# WARNING: action 7 (failover aws, of ada) was under way when the service fell silent: at the step "submit"',
    "# the shares were read 4 s ago; NOT CHECKED: whether the others are well, and have room",
    "# 1. look first: the weights have to be aws 60, azure 25, digitalocean 0, gcp 15",
    "aws route53 list-resource-record-sets --hosted-zone-id Z0123456789 --start-record-name www.example.com.",
)
CASES = ("pane", "choose", "reason", "refused", "by-hand", *ACTIONS)


def made(case: str, abilities: Abilities | None = None) -> Desk:
    desk = Desk(abilities=abilities)
    if case == "refused":
        desk.hand.caps = {"azure": 30, "gcp": 20, "digitalocean": 0}
    return desk


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", CASES)
def test_emergency(snap_compare: Compare, case: str, size: tuple[int, int]) -> None:
    desk = made(case)
    assert snap_compare(desk.app, terminal_size=size, run_before=walk(desk, case))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", ["choose", "reason", "awaiting", "running", "refused"])
def test_drill(snap_compare: Compare, case: str, size: tuple[int, int]) -> None:
    desk = Desk(demo=True)
    if case == "refused":
        desk.hand.caps = {"azure": 30, "gcp": 20, "digitalocean": 0}
    assert snap_compare(desk.app, terminal_size=size, run_before=walk(desk, case))


ANOTHER = json_of({"azure": 30, "gcp": 60, "digitalocean": 20})


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", ["changed", "too-old", "silent", "silent-followed"])
def test_what_happens_under_the_open_panel(snap_compare: Compare, case: str, size: tuple[int, int]) -> None:
    """What is typed is thrown away or not, the plan is too old, the service falls silent: seen at once."""
    desk = Desk()

    async def to(pilot: Pilot[Any]) -> None:
        await walk(desk, "running" if case == "silent-followed" else "awaiting")(pilot)
        if case == "changed":
            desk.hand.change(12, digest="d2", plan=ANOTHER)
        elif case == "too-old":
            desk.clock.advance(58 * SECOND)
        else:
            desk.hand.problem = GONE
        await desk.second(pilot)
        if case == "changed":
            await until(pilot, lambda: desk.panel.arming.said and desk.panel.ready)
        elif case.startswith("silent"):
            await until(pilot, lambda: desk.panel.arming.unheard)
        await pilot.pause(0.1)

    assert snap_compare(desk.app, terminal_size=size, run_before=to)


FREEZES = {"lockdown": ("L", 0), "freeze-add": ("Z", 1), "freeze-lift": ("U", 0), "freeze-override": ("O", 1)}
"""Kind -> its key, and how far down what is chosen stands."""


def walk_freeze(desk: Desk, kind: str, stage: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    key, down = FREEZES[kind]

    async def to(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        desk.app.use_hand(desk.hand)
        await until(pilot, lambda: desk.app.emergencies.told.who)
        await pilot.press(key)
        await desk.stands(pilot, Stage.CHOOSE)
        await until(pilot, lambda: desk.panel.arming.waits is None and desk.panel.ready)
        if stage == "choose":
            await pilot.pause(0.1)
            return
        await pilot.press(*["down"] * down, "enter")
        await desk.stands(pilot, Stage.REASON)
        await pilot.press("tab", *"bad release")
        if stage in {"name", "done"}:
            await pilot.press("enter")
            await desk.stands(pilot, Stage.NAME)
            typed = desk.panel.arming.target
            keys = ["space" if c == " " else c for c in (typed if stage == "done" else typed[:4])]
            await pilot.press("tab", *keys)
        if stage == "done":
            await pilot.press("enter")
            await desk.stands(pilot, Stage.DONE)
        await pilot.pause(0.1)

    return to


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("stage", ["choose", "reason", "name", "done"])
@pytest.mark.parametrize("kind", FREEZES)
def test_freeze(snap_compare: Compare, kind: str, stage: str, size: tuple[int, int]) -> None:
    desk = Desk()
    desk.hand.role = Role.MANAGER
    desk.hand.frozen = [FROZEN, LOCKED] if kind == "freeze-lift" else [FROZEN]
    desk.hand.overridden = (GIVEN,) if kind == "lockdown" else ()
    assert snap_compare(desk.app, terminal_size=size, run_before=walk_freeze(desk, kind, stage))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_overload(snap_compare: Compare, size: tuple[int, int]) -> None:
    desk = made("refused")

    async def to(pilot: Pilot[Any]) -> None:
        await walk(desk, "refused")(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: desk.panel.arming.overload and desk.panel.arming.waits is None)
        await until(pilot, lambda: desk.panel.ready)
        await pilot.press("tab", *"no choice")
        await pilot.pause(0.1)

    assert snap_compare(desk.app, terminal_size=size, run_before=to)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_somebody_else_is_arming(snap_compare: Compare, size: tuple[int, int]) -> None:
    desk = Desk()
    desk.hand.armed = [ArmingIs("mo", "failover", "aws", NOW - 12 * SECOND)]
    assert snap_compare(desk.app, terminal_size=size, run_before=walk(desk, "pane"))


TWO_PERSONS: dict[str, dict[str, Any]] = {
    "second": {"needs": [TWO], "confirmed_by": "ada", "expires_at": NOW + 297 * SECOND},
    "approve": {"needs": [TWO], "confirmed_by": "mo", "person": "mo", "expires_at": NOW + 297 * SECOND},
    "alone": {
        "state": "ended",
        "outcome": "verified",
        "confirmed_by": "mo",
        "person": "mo",
        "broke_glass": "nobody answers",
        "sentence": VERIFIED,
    },
}
STAGES = {"second": Stage.SECOND, "approve": Stage.APPROVE, "alone": Stage.FOLLOW}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", ["pane", "second", "glass", "glass-name", "approve", "alone"])
def test_two_persons(snap_compare: Compare, case: str, size: tuple[int, int]) -> None:
    desk = Desk()
    waits = {"pane": "approve", "glass": "second", "glass-name": "second"}.get(case, case)
    desk.hand.kept = [action(**TWO_PERSONS[waits])]

    async def to(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        desk.app.use_hand(desk.hand)
        await until(pilot, lambda: bool(desk.app.emergencies.told.actions))
        if case != "pane":
            await pilot.press("e")
            await desk.stands(pilot, STAGES[waits])
        if case.startswith("glass"):
            await pilot.press("tab", "enter")
            await desk.stands(pilot, Stage.GLASS)
            await pilot.press("tab", *"no answer")
        if case == "glass-name":
            await pilot.press("enter")
            await desk.stands(pilot, Stage.GLASS_NAME)
            await pilot.press("tab", *"aw")
        await pilot.pause(0.1)

    assert snap_compare(desk.app, terminal_size=size, run_before=to)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", ["pane", "offered", "chosen", "unrecorded", "recorded"])
def test_without_the_ledger(snap_compare: Compare, case: str, size: tuple[int, int]) -> None:
    desk = Desk()
    there = EmergencyIs("propose", "grace", NOW - 720 * SECOND, standby=STANDBY)
    desk.hand.automation = there if case == "recorded" else replace(NO_LEDGER, unrecorded=case == "unrecorded")
    ended = stored(state="ended", outcome="verified", sentence=VERIFIED)

    async def to(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        desk.app.use_hand(desk.hand)
        await until(pilot, lambda: desk.app.emergencies.told.standing is not None)
        if case in {"offered", "chosen"}:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await pilot.press("tab", *(["enter"] if case == "chosen" else []))
            await until(pilot, lambda: desk.panel.arming.has_field is (case == "chosen") and desk.panel.ready)
        elif case != "pane":
            desk.hand.kept = [replace(ended, id=WITHOUT, aside=True)]
            desk.app.dashboard.reopen(desk.hand.kept[0])
            await desk.stands(pilot, Stage.FOLLOW)
            if case == "recorded":
                desk.hand.change(WITHOUT, id=7, aside=False)
                desk.hand.renumbered[WITHOUT] = 7
                desk.panel.pass_second()
                await until(pilot, lambda: desk.panel.arming.over)
        await pilot.pause(0.1)

    assert snap_compare(desk.app, terminal_size=size, run_before=to)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_vouching(snap_compare: Compare, size: tuple[int, int]) -> None:
    desk = Desk()
    desk.hand.automation, desk.hand.unknown = NO_LEDGER, ("azure", "digitalocean", "gcp")

    async def to(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        desk.app.use_hand(desk.hand)
        await until(pilot, lambda: desk.app.emergencies.told.standing is not None)
        await pilot.press("F")
        await desk.stands(pilot, Stage.CHOOSE)
        await pilot.press("enter")
        await desk.stands(pilot, Stage.REASON)
        await pilot.press("tab", "enter")
        await desk.stands(pilot, Stage.VOUCH)
        await pilot.press("tab", *"gcp")
        await pilot.pause(0.1)

    assert snap_compare(desk.app, terminal_size=size, run_before=to)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("stage", ["choose", "reason"])
def test_failback(snap_compare: Compare, stage: str, size: tuple[int, int]) -> None:
    desk = Desk()
    desk.hand.role = Role.MANAGER
    desk.hand.kept = [stored(state="ended", outcome="verified", sentence=VERIFIED)]

    async def to(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        desk.app.use_hand(desk.hand)
        await until(pilot, lambda: bool(desk.app.emergencies.told.actions))
        await pilot.press("B")
        await desk.stands(pilot, Stage.CHOOSE)
        await pilot.press("down")
        if stage == "reason":
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
        await pilot.pause(0.1)

    assert snap_compare(desk.app, terminal_size=size, run_before=to)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_automation_stopped(snap_compare: Compare, size: tuple[int, int]) -> None:
    desk = Desk()
    desk.hand.automation = EmergencyIs("auto", "grace", NOW - 720 * SECOND, standby=STANDBY)
    assert snap_compare(desk.app, terminal_size=size, run_before=walk(desk, "pane"))


@pytest.mark.parametrize("depth", [Depth.ANSI, Depth.NONE])
@pytest.mark.parametrize("case", ["awaiting", "handed-over"])
def test_emergency_in_fewer_colours(snap_compare: Compare, case: str, depth: Depth) -> None:
    charset = Charset.ASCII if depth is Depth.NONE else Charset.UTF8
    desk = made(case, replace(EVERYTHING, depth=depth, charset=charset))
    assert snap_compare(desk.app, terminal_size=(80, 24), run_before=walk(desk, case))
