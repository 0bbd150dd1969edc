"""A provider fails, a person confirms, and DNS answers with the others: a real service, its socket, a real PowerDNS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.actions.site import Site, stores
from tests.poller.service_process import eventually
from tests.providers.traffic.pdns import PowerDns
from wedtui.clock import SystemClock
from wedtui.core.traffic import Place as TrafficPlace
from wedtui.errors import ConflictError

AWS, GCP = TrafficPlace("aws"), TrafficPlace("gcp")


@pytest.fixture
def site(tmp_path: Path, pdns: PowerDns) -> Iterator[Site]:
    made = Site(tmp_path, pdns, more=stores(tmp_path / "stores"))
    try:
        yield made
    finally:
        made.close()


def test_a_freeze_stops_a_failback_unless_it_is_overridden_for_the_traffic(site: Site) -> None:
    def freeze() -> tuple[str, str]:
        checks = site.client.plan("failback", []).plan["checks"]
        [found] = [check for check in checks if check["rule"] == "freeze"]
        return found["result"], found["sentence"]

    site.client.lock_down(reason="bad release")
    assert freeze()[0] == "FAIL"
    until = SystemClock().now() + timedelta(hours=1)
    given = site.client.override_freeze("traffic", reason="the vendor asked", until=until)
    assert freeze() == ("PASS", f"the freeze is overridden by {given.overridden_by}: the vendor asked")
    assert site.place.wedtui("gate").returncode == 1, "nothing else is let through"
    site.client.end_override(given.id, reason="done")
    assert freeze()[0] == "FAIL"
    site.client.override_freeze("traffic", reason="the vendor asked", until=until)
    site.client.lock_down(reason="it was no good idea")
    assert freeze()[0] == "FAIL"


def test_traffic_leaves_what_failed_and_comes_back(site: Site) -> None:
    before = site.sampled()
    assert before.get(AWS, 0) > 0
    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("gcp", "PASS") and site.station.seen("aws", "FAIL"))
    asked = site.client.ask("failover", ["aws"], reason="it answers 503")
    assert (asked.state, asked.target) == ("awaiting confirmation", "aws")
    assert asked.plan is not None
    assert asked.plan["after"] == {"aws": 0, "gcp": 100}
    with pytest.raises(ConflictError, match="is not what has to be typed"):
        site.client.confirm(asked.id, digest=asked.digest, typed="")
    site.client.confirm(asked.id, digest=asked.digest, typed="aws")
    action = site.station.ended(asked.id)
    # Sent again, because its answer was lost: it is the same confirmation, whatever came of it since.
    assert site.client.confirm(asked.id, digest=asked.digest, typed="aws") == action
    steps = ["submit", "in sync", "answers", "watch"]
    assert (action.outcome, [step.name for step in action.steps]) == ("verified", steps)
    # The shares are asked for every minute, and at once after a change.
    eventually(lambda: json.loads(site.place.wedtui("traffic", "show", "--json").stdout)["generation"] == 1)
    assert site.sampled() == {GCP: 200}
    site.platform.down.clear()
    eventually(lambda: site.station.seen("aws", "PASS"))
    back = site.client.ask("failback", [], reason="it answers again", to="before")
    assert back.plan is not None
    assert back.plan["after"] == {"aws": 60, "gcp": 40}, back.sentence
    site.client.confirm(back.id, digest=back.digest, typed="failback")
    assert site.station.ended(back.id).outcome == "verified"
    assert site.sampled().get(AWS, 0) > 0
    assert site.place.wedtui("audit", "verify").returncode == 0
    assert [a.id for a in site.client.actions() if not a.automatic] == [back.id, asked.id]
