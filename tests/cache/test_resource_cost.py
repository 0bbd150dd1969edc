"""What resources cost stands beside them, whatever their own listings say, until it is read anew or not wanted."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cache.base import NOW, configuration, configure, writing
from tests.cache.inventories import EVERYTHING, INSTANCE, MINUTE, asking, resource
from tests.places import PLACES
from wedtui.cache.reader import CacheReader
from wedtui.cache.remembered import LastPaid, Remembered
from wedtui.cache.writer import CacheWriter
from wedtui.core.inventory import KnownResource, ResourceQuery
from wedtui.core.observation import ApiObservation
from wedtui.core.resource import GLOBAL, RESOURCE_COST, Reach
from wedtui.core.resource_cost import CostEstimate, KnownCost, ResourceCost

DAY = timedelta(days=1)
UNTIL = date(2026, 6, 18)


def cost(number: str, usd: float = 73.0, *, kind: str = INSTANCE, region: str = "", days: int = 12) -> ResourceCost:
    return ResourceCost(kind, region, f"i-{number}", CostEstimate(usd, days, UNTIL))


def bill(*costs: ResourceCost, after: timedelta = timedelta(), **more: Any) -> ApiObservation:
    values: dict[str, Any] = {"region": GLOBAL, "service": RESOURCE_COST, "kinds": (), "interval": DAY, "requests": 1}
    return asking([], NOW + after, costs=tuple(costs), **{**values, **more})


def opt_in(writer: CacheWriter, *, wanted: bool = True) -> None:
    section = {"name": "aws", "kind": "aws", "aws": {"resource_cost": wanted}}
    configure(writer, configuration(providers=[section], probes=[], prometheus=[]))


def costs(path: Path) -> dict[str, float | None]:
    reader = CacheReader(PLACES.url(path))
    try:
        page = reader.resources(EVERYTHING, NOW)
    finally:
        reader.close()
    assert page.total == len(page.rows)
    return {
        f"{each.resource.region} {each.resource.id}": each.cost.estimate.monthly_usd if each.cost else None
        for each in page.rows
    }


def shown(path: Path, number: str) -> tuple[KnownCost | None, ...]:
    """Return the cost of one resource as each way of reading it gives it."""
    reader = CacheReader(PLACES.url(path))
    try:
        (found,) = reader.find_resources(number, ResourceQuery())
        view = reader.resource("aws", found.resource.kind, found.resource.region, found.resource.id)
        assert view is not None
        around = tuple(each.known for each in view.depends_on if isinstance(each.known, KnownResource))
        return (found.cost, view.known.cost, *(each.cost for each in around))
    finally:
        reader.close()


def test_a_cost_has_its_days_and_age_and_who_has_none_has_none(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        opt_in(writer)
        writer.record([asking([resource("1", depends_on=("i-2",)), resource("2")]), bill(cost("2", days=3))])
        known = KnownCost(CostEstimate(73.0, 3, UNTIL), NOW, DAY)
        assert shown(path, "i-2") == (known, known)
        assert shown(path, "i-1") == (None, None, known)


def test_listings_that_come_before_or_after_it_change_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        opt_in(writer)
        writer.record([bill(cost("1"))])
        assert costs(path) == {}
        writer.record([asking([resource("1")], NOW + MINUTE)])
        writer.record([asking([resource("1", status="stopped")], NOW + 2 * MINUTE)])
        assert costs(path) == {"eu-west-1 i-1": 73.0}


def test_what_is_not_in_the_newest_answer_is_not_known_any_more(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        opt_in(writer)
        writer.record([asking([resource("1"), resource("2")]), bill(cost("1"), cost("2"))])
        writer.record([bill(cost("2", 5.0), after=DAY)])
        assert costs(path) == {"eu-west-1 i-1": None, "eu-west-1 i-2": 5.0}
        writer.record([bill(after=2 * DAY)])
        assert costs(path) == {"eu-west-1 i-1": None, "eu-west-1 i-2": None}


@pytest.mark.parametrize("reach", [Reach.THROTTLED, Reach.NOT_ENABLED, Reach.GARBLED])
def test_a_failure_leaves_what_was_known_with_its_age(tmp_path: Path, reach: Reach) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        opt_in(writer)
        writer.record([asking([resource("1")]), bill(cost("1"))])
        writer.record([_failed(reach)])
        assert shown(path, "i-1")[0] == KnownCost(CostEstimate(73.0, 12, UNTIL), NOW, DAY)


def _failed(reach: Reach) -> ApiObservation:
    more: dict[str, Any] = {"region": GLOBAL, "service": RESOURCE_COST, "kinds": (), "interval": DAY, "requests": 1}
    return asking([], NOW + DAY, reach=reach, **more)


def test_databases_of_one_name_are_told_by_their_region_and_kind(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    kinds = ["rds.instance", "rds.cluster"]
    with writing(path) as writer:
        opt_in(writer)
        west = [resource("db", kind=kind) for kind in kinds]
        writer.record([asking(west, kinds=kinds)])
        east = resource("db", kind="rds.instance", region="us-east-1")
        writer.record([asking([east], kinds=kinds, region="us-east-1")])
        writer.record([bill(cost("db", kind="rds.instance", region="eu-west-1"))])
        reader = CacheReader(PLACES.url(path))
        rows = reader.resources(EVERYTHING, NOW).rows
        reader.close()
    assert [(r.resource.kind, r.resource.region, r.cost is not None) for r in rows] == [
        ("rds.cluster", "eu-west-1", False),
        ("rds.instance", "eu-west-1", True),
        ("rds.instance", "us-east-1", False),
    ]


def test_what_is_not_wanted_any_more_is_forgotten_and_due_at_once_when_it_is(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    remembered = Remembered(PLACES.url(path))
    with writing(path) as writer:
        opt_in(writer)
        writer.record([asking([resource("1")]), bill(cost("1"))])
        opt_in(writer)
        assert remembered.paid("aws", RESOURCE_COST) == LastPaid(NOW, NOW, 1)
        opt_in(writer, wanted=False)
        assert costs(path) == {"eu-west-1 i-1": None}
        assert remembered.paid("aws", RESOURCE_COST) == LastPaid()


def test_what_nobody_reads_any_more_goes_with_what_vanished(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        opt_in(writer)
        writer.record([bill(cost("1")), asking([resource("1")], NOW + 2 * DAY)])
        writer.prune_inventory(NOW)
        assert costs(path) == {"eu-west-1 i-1": 73.0}
        writer.prune_inventory(NOW + DAY)
        assert costs(path) == {"eu-west-1 i-1": None}


def test_when_it_was_last_answered_and_what_a_failure_took(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    remembered = Remembered(PLACES.url(path))
    with writing(path) as writer:
        opt_in(writer)
        assert remembered.paid("aws", RESOURCE_COST) == LastPaid()
        writer.record([bill(cost("1"), requests=7)])
        assert remembered.paid("aws", RESOURCE_COST) == LastPaid(NOW, NOW, 7)
        writer.record([_failed(Reach.THROTTLED)])
        assert remembered.paid("aws", RESOURCE_COST) == LastPaid(NOW, NOW + DAY, 1)
        writer.record([_failed(Reach.NOT_ENABLED)])
        assert remembered.paid("aws", RESOURCE_COST) == LastPaid(NOW + DAY, NOW + DAY, 1), "which is an answer, too"
