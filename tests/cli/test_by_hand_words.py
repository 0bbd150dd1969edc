"""What is shown to be run by hand while the service is down: from the last reading, with what nobody checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.pictures import NOW, SECOND, picture
from wedtui.cli.by_hand import commands
from wedtui.config import Configuration
from wedtui.core.action_document import CopiedActions
from wedtui.core.actions import Action, ActionState, Outcome, Step, StepState
from wedtui.core.traffic import Place, TrafficReading
from wedtui.core.traffic_facts import TrafficFacts

PLACES = {"aws": 60, "azure": 25, "gcp": 15}
CONFIGURATION = Configuration.model_validate(
    {
        "providers": [{"name": name, "weight": weight} for name, weight in PLACES.items()],
        "traffic": {
            "backend": "route53",
            "name": "www.example.com",
            "places": [{"provider": name, "target": f"192.0.2.{i}"} for i, name in enumerate(PLACES, 1)],
            "route53": {"hosted_zone_id": "Z0123456789"},
        },
    }
)


def known(live: Mapping[str, int] = PLACES) -> TrafficFacts:
    records = [{"Name": "www.example.com.", "SetIdentifier": n, "Weight": w, "TTL": 60} for n, w in live.items()]
    shares = {Place(name): share for name, share in live.items()}
    reading = TrafficReading(
        "route53", "www.example.com.", shares, timedelta(seconds=60), NOW - 9 * SECOND, 3, json.dumps(records)
    )
    return TrafficFacts("www.example.com.", "route53", timedelta(seconds=10), reading)


def test_the_commands_take_all_from_the_lost_and_say_what_was_not_checked() -> None:
    shown = replace(picture(), traffic=known(), actions=CopiedActions((), NOW - 4 * SECOND))
    lines = commands(CONFIGURATION, shown, "failover", "aws")
    assert lines[0].startswith("# NOT RUN: ")
    assert lines[1].startswith("# no change of shares was under way, as of ")
    assert lines[2] == "# from the shares that were read 9 s ago"
    assert lines[3].startswith("# nothing of health, room, weddings or freeze was checked")
    assert "aws 0, azure 63, gcp 37" in " ".join(lines)
    assert any(
        line.startswith("aws route53 change-resource-record-sets --hosted-zone-id Z0123456789") for line in lines
    )


def test_without_a_reading_there_is_none() -> None:
    assert commands(CONFIGURATION, picture(), "failover", "aws") == ()


LEFT = {"aws": 0, "azure": 63, "gcp": 37}


def failover(*steps: Step, outcome: Outcome | None = None) -> Action:
    plan = json.dumps({"plan": {"before": PLACES, "after": LEFT}})
    state = ActionState.CLAIMED if outcome is None else ActionState.ENDED
    return Action(
        "failover", "aws", "traffic", "ada", "down", NOW, state, outcome, plan, confirmed_at=NOW, steps=steps, id=7
    )


DONE = Step("submit", StepState.DONE, NOW, NOW, changes=True)


@pytest.mark.parametrize("chosen", ["configured", "before"])
def test_a_failback_is_given_to_either_shares_and_says_whose_it_is_to_decide(chosen: str) -> None:
    copied = CopiedActions((failover(DONE, outcome=Outcome.VERIFIED),), NOW)
    shown = replace(picture(), traffic=known(LEFT), actions=copied)
    lines = commands(CONFIGURATION, shown, "failback", chosen)
    assert "by hand: aws 60, azure 25, gcp 15" in " ".join(lines)
    assert any("a manager's to decide, and never made in a freeze" in line for line in lines)
    assert not [line for line in lines if "WARNING" in line]


def test_where_the_shares_from_before_are_not_at_hand_it_says_so() -> None:
    for copied in (None, CopiedActions((), NOW), CopiedActions((failover(DONE),), NOW)):
        shown = replace(picture(), traffic=known(LEFT), actions=copied)
        lines = commands(CONFIGURATION, shown, "failback", "before")
        assert "no copy of it is at hand" in lines[-1]
        assert all(line.startswith("#") for line in lines)


def test_what_was_under_way_is_said_before_any_command() -> None:
    begun = Step("submit", StepState.INTENDED, NOW - 5 * SECOND, changes=True)
    shown = replace(picture(), traffic=known(), actions=CopiedActions((failover(begun),), NOW - 4 * SECOND))
    lines = commands(CONFIGURATION, shown, "failover", "aws")
    first = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    warnings = [i for i, line in enumerate(lines) if line.startswith("# WARNING: ")]
    assert len(warnings) == 3
    assert max(warnings) < first
