"""A provider fails, a person confirms, and DNS answers with the others: a real service, its socket, a real PowerDNS."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.actions.site import Provider, Site, stores
from tests.poller.service_process import eventually
from tests.providers.traffic.pdns import PowerDns
from wedtui.clock import SystemClock
from wedtui.core.traffic import Place as TrafficPlace
from wedtui.errors import ConflictError

THREE = (
    Provider("aws", 60, "192.0.2.1"),
    # Room for 45 percent of a peak of 900 requests a second.
    Provider("gcp", 25, "192.0.2.2", capacity=530),
    Provider("azure", 15, "192.0.2.3"),
)
SAMPLES = 1500
FALSE_ALARMS = 1e-6
"""How often this test may fail where everything is right."""
ALLOWED = math.sqrt(math.log(2 * 3 * len(THREE) / FALSE_ALARMS) / (2 * SAMPLES))
"""By Hoeffding, of n answers the part that names a place is off its share by t or more with a probability of at most
2 exp(-2 n t^2); so often for each of three places, in each of three samplings: 7.5 percent."""


def heard(site: Site) -> dict[str, float]:
    """Return which part of the answers names each provider."""
    counted = site.sampled(SAMPLES)
    assert sum(counted.values()) == SAMPLES
    return {each.name: counted.get(TrafficPlace(each.name), 0) / SAMPLES for each in THREE}


def fits(found: dict[str, float], shares: dict[str, int]) -> bool:
    """Whether answers are as they are to be expected of shares; who has none is never named."""
    return all(
        abs(found[name] - share / 100) < ALLOWED and (share > 0 or found[name] == 0) for name, share in shares.items()
    )


@pytest.fixture
def site(tmp_path: Path, pdns: PowerDns) -> Iterator[Site]:
    made = Site(tmp_path, pdns, more=stores(tmp_path / "stores"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def three(tmp_path: Path, pdns: PowerDns) -> Iterator[Site]:
    with closing(Site(tmp_path, pdns, more=stores(tmp_path / "stores"), providers=THREE)) as made:
        yield made


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


def test_traffic_leaves_what_failed_and_comes_back(three: Site) -> None:
    site, before, after = three, {"aws": 60, "gcp": 25, "azure": 15}, {"aws": 0, "gcp": 45, "azure": 55}
    found = heard(site)
    assert fits(found, before), found
    assert not fits(found, after), "else it would tell nothing"
    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("aws", "FAIL"))
    eventually(lambda: all(site.station.seen(name, "PASS") for name in ("gcp", "azure")))
    asked = site.client.ask("failover", ["aws"], reason="it answers 503")
    assert (asked.state, asked.target) == ("awaiting confirmation", "aws")
    assert asked.plan is not None
    assert asked.plan["after"] == after, "gcp is given what it has room for"
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
    found = heard(site)
    assert fits(found, after), found
    site.platform.down.clear()
    eventually(lambda: site.station.seen("aws", "PASS"))
    back = site.client.ask("failback", [], reason="it answers again", to="before")
    assert back.plan is not None
    assert back.plan["after"] == before, back.sentence
    assert re.fullmatch(rf"the shares of .* UTC, before action {asked.id}", back.plan["to_words"])
    site.client.confirm(back.id, digest=back.digest, typed="failback")
    assert site.station.ended(back.id).outcome == "verified"
    found = heard(site)
    assert fits(found, before), found
    assert site.place.wedtui("audit", "verify").returncode == 0
    assert [a.id for a in site.client.actions() if not a.automatic] == [back.id, asked.id]


def test_customers_are_measured_to_have_moved_and_not_before_their_requests_have(
    tmp_path: Path, pdns: PowerDns
) -> None:
    """The TTL is over soon, and resolvers that keep answers for too long keep customers where they were."""
    with closing(Site(tmp_path, pdns, more=stores(tmp_path / "stores"), ttl_s=2)) as site:
        site.platform.down.add("aws")
        eventually(lambda: site.station.seen("gcp", "PASS"))
        asked = site.client.ask("failover", ["aws"], reason="it answers 503", accepts_overload=True)
        site.client.confirm(asked.id, digest=asked.digest, typed="aws")
        assert site.station.ended(asked.id).outcome == "verified"

        def look() -> dict[str, str]:
            """Return what is seen of customers, by rule."""
            found = [step for step in site.client.action(asked.id).steps if step.name == "customers"]
            checks = json.loads(found[0].detail)["checks"] if found and found[0].detail else []
            return {each["rule"]: each["result"] for each in checks} | {"": found[0].state if found else ""}

        waits = {"": "intended", "ttl": "PASS", "answers": "PASS", "probes:gcp": "PASS", "requests:aws": "FAIL"}
        eventually(lambda: look().items() >= waits.items())
        shown = site.place.wedtui("actions", "show", str(asked.id)).stdout
        assert "customers not seen to have moved yet, expected by" in shown
        assert "aws still serves 50 % of the requests, 300/s; 5 % may be left" in " ".join(shown.split())
        # Meanwhile nothing waits for it: another change may be asked for.
        assert site.client.plan("failback", []).plan["kind"] == "failback"
        site.station.die()
        site.platform.served = {"aws": 1.0, "gcp": 599.0}
        site.station.start()
        eventually(lambda: look()[""] == "done")
        seen = json.loads(site.place.wedtui("actions", "show", str(asked.id), "--json").stdout)
        assert seen["customers_moved_at"] > seen["customers_move_until"] > seen["confirmed_at"]
        [step] = [each for each in site.client.action(asked.id).steps if each.name == "customers"]
        said = {each["rule"]: each["sentence"] for each in json.loads(step.detail)["checks"]}
        assert said["answers"] == "of 200 authoritative answers name aws 0 and gcp 200, as the shares say"
        assert said["requests:aws"] == "aws serves 0.167 % of the requests, 1/s; 5 % may be left"
        assert site.place.wedtui("audit", "verify").returncode == 0
        assert "customers-done" in site.place.wedtui("audit", "list").stdout
