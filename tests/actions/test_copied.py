"""A service that is killed in the middle of an action: what the cache says of it is what the ledger has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.actions.site import Site, Zone
from tests.places import SQLITE
from tests.poller.service_process import eventually
from tests.providers.traffic.pdns import PowerDns
from wedtui.cache.reader import CacheReader
from wedtui.cli.source import PictureSource
from wedtui.control.answers import StepIs
from wedtui.ledger.reader import LedgerReader
from wedtui.paths import StatePaths

ONLY_ON = SQLITE


@pytest.fixture
def site(tmp_path: Path, pdns: PowerDns) -> Iterator[Site]:
    made = Site(tmp_path, pdns, mode="off")
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("when", ["confirmed", "submitted"])
def test_a_killed_service_leaves_the_newest_move_in_the_cache(site: Site, when: str) -> None:
    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("gcp", "PASS") and site.station.seen("aws", "FAIL"))
    asked = site.client.ask("failover", ["aws"], reason="it is down")
    site.client.confirm(asked.id, digest=asked.digest, typed=asked.target)
    if when == "submitted":
        # The move behind it is stored too: only that one's copy may be a moment away.
        eventually(lambda: went_on(site.client.action(asked.id).steps))
    site.station.die()
    paths = StatePaths(site.place.state)
    configuration = site.station.loaded.configuration
    with closing(LedgerReader(paths.ledger_url(configuration))) as ledger:
        stored = ledger.action(asked.id)
    with closing(CacheReader(paths.cache_url(configuration))) as cache:
        copied = cache.facts(datetime.now(UTC)).actions
    assert copied is not None
    (known,) = [each for each in copied.actions if each.id == asked.id]
    assert known.confirmed_by is not None
    # The last move may have been stored when the service was killed, and its copy may have been a moment away.
    assert len(stored.steps) - len(known.steps) <= 1
    if when == "submitted":
        assert any(step.changes and step.ended_at for step in known.steps)


def went_on(steps: Sequence[StepIs]) -> bool:
    """Whether a step follows one that changed something."""
    changed = [at for at, step in enumerate(steps) if step.changes and step.ended_at]
    return bool(changed) and len(steps) > changed[0] + 1


def test_shares_that_somebody_else_changed_while_the_service_was_away_are_a_finding(site: Site) -> None:
    def told() -> list[str]:
        source = PictureSource(site.station.loaded, site.place.config, StatePaths(site.place.state))
        try:
            return [
                f"{f.severity} {f.text}" for f in source.picture(datetime.now(UTC)).findings if f.subject == "traffic"
            ]
        finally:
            source.close()

    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("gcp", "PASS") and site.station.seen("aws", "FAIL"))
    asked = site.client.ask("failover", ["aws"], reason="it is down")
    site.client.confirm(asked.id, digest=asked.digest, typed=asked.target)
    assert site.station.ended(asked.id).outcome == "verified"
    eventually(lambda: any("as wedtui wrote them" in each for each in told()))
    site.station.end()
    lua = "pickwrandom({{60,'192.0.2.1'},{40,'192.0.2.2'}})"
    record = {"content": f'A "{lua}"', "disabled": False}
    zone = site.zone
    assert isinstance(zone, Zone)
    zone.dns.put(zone.name, {"name": zone.record, "type": "LUA", "ttl": 60, "records": [record]})
    site.station.start()
    eventually(lambda: any("somebody else changed them" in each for each in told()))
    (found,) = [each for each in told() if "somebody else" in each]
    assert found.startswith("warning")
    assert "aws 60 % instead of 0 %, gcp 40 % instead of 100 %; they are as configured" in found
