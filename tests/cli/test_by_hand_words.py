"""What is shown to be run by hand while the service is down: from the last reading, with what nobody checked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from tests.pictures import NOW, SECOND, picture
from wedtui.cli.by_hand import commands
from wedtui.config_traffic import TrafficSection
from wedtui.core.traffic import Place, TrafficReading
from wedtui.core.traffic_facts import TrafficFacts

PLACES = {"aws": 60, "azure": 25, "gcp": 15}
SECTION = TrafficSection.model_validate(
    {
        "backend": "route53",
        "name": "www.example.com",
        "places": [{"provider": name, "target": f"192.0.2.{i}"} for i, name in enumerate(PLACES, 1)],
        "route53": {"hosted_zone_id": "Z0123456789"},
    }
)


def known() -> TrafficFacts:
    records = [{"Name": "www.example.com.", "SetIdentifier": n, "Weight": w, "TTL": 60} for n, w in PLACES.items()]
    shares = {Place(name): share for name, share in PLACES.items()}
    reading = TrafficReading(
        "route53", "www.example.com.", shares, timedelta(seconds=60), NOW - 9 * SECOND, 3, json.dumps(records)
    )
    return TrafficFacts("www.example.com.", "route53", timedelta(seconds=10), reading)


def test_the_commands_take_all_from_the_lost_and_say_what_was_not_checked() -> None:
    lines = commands(SECTION, replace(picture(), traffic=known()), "aws")
    assert lines[0].startswith("# NOT RUN: ")
    assert lines[1] == "# from the shares that were read 9 s ago"
    assert lines[2].startswith("# nothing of health, room, weddings or freeze was checked")
    assert "aws 0, azure 63, gcp 37" in " ".join(lines)
    assert any(
        line.startswith("aws route53 change-resource-record-sets --hosted-zone-id Z0123456789") for line in lines
    )


def test_without_a_reading_there_is_none() -> None:
    assert commands(SECTION, picture(), "aws") == ()
