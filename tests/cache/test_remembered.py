"""What the cache knows of an account for whoever asks it next."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.cache.base import NOW, configuration, configure, writing
from tests.cache.inventories import asking, resource
from tests.places import PLACES
from wedtui.cache.remembered import LastPaid, Remembered
from wedtui.core.evidence import COST_SIGNAL, COST_SOURCE
from wedtui.core.observation import SignalObservation
from wedtui.core.resource import GLOBAL, Reach

HOUR = timedelta(hours=1)
ACCOUNT: dict[str, Any] = {"name": "aws", "kind": "aws", "aws": {"cost": True}}


def paid(path: Path) -> LastPaid:
    return Remembered(PLACES.url(path)).paid("aws", "cost")


def test_a_cache_that_is_not_there_remembers_nothing(tmp_path: Path) -> None:
    remembered = Remembered(f"sqlite:///{tmp_path / 'none.db'}")
    assert remembered.paid("aws", "cost") == LastPaid()
    assert remembered.backed_up("aws", "ec2.volume", "eu-west-1") == {}


def test_when_something_was_last_paid_for(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        configure(writer, configuration(providers=[ACCOUNT], probes=[], prometheus=[]))
        assert paid(path) == LastPaid()
        writer.record(
            [
                asking([], NOW, region=GLOBAL, service="cost", requests=1),
                SignalObservation("aws", COST_SIGNAL, COST_SOURCE, NOW, 700.75),
            ]
        )
        assert paid(path) == (NOW, NOW, 1)
        writer.record(
            [
                asking([], NOW + HOUR, region=GLOBAL, service="cost", requests=1, reach=Reach.THROTTLED),
                SignalObservation("aws", COST_SIGNAL, COST_SOURCE, NOW + HOUR, None, "throttled"),
            ]
        )
        assert paid(path) == (NOW, NOW + HOUR, 1), "the answer that is kept is older than the newest request"
        writer.record([asking([], NOW + 2 * HOUR, region=GLOBAL, service="cost", requests=0, reach=Reach.EXPIRED)])
        assert paid(path) == (NOW, None, 0), "what was not sent was not paid for"
        assert Remembered(PLACES.url(path)).paid("gcp", "cost") == LastPaid()


def test_what_had_backups(tmp_path: Path) -> None:
    disks = [
        resource("1", kind="ec2.volume", backed_up=True, backed_up_at=NOW - HOUR),
        resource("2", kind="ec2.volume", backed_up=True),
        resource("3", kind="ec2.volume"),
        resource("4", kind="ec2.volume", region="us-east-1", backed_up=True),
        resource("5", kind="rds.instance", backed_up=True),
    ]
    with writing(tmp_path / "c.db") as writer:
        writer.record([asking(disks, NOW, kinds=["ec2.volume", "rds.instance"])])
        remembered = Remembered(PLACES.url(tmp_path / "c.db"))
        assert remembered.backed_up("aws", "ec2.volume", "eu-west-1") == {"i-1": NOW - HOUR, "i-2": None}
