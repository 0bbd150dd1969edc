"""What persons decide, what the service does and what somebody else does, in one timeline of a real service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.actions.site import TTL_S, TWO, Site, Zone, stores
from tests.poller.service_process import eventually
from tests.providers.traffic.pdns import PowerDns
from wedtui.cli.common import person


@pytest.fixture
def site(tmp_path: Path, pdns: PowerDns) -> Iterator[Site]:
    with closing(Site(tmp_path, pdns, more=stores(tmp_path / "stores"))) as made:
        yield made


def changes(site: Site, *arguments: str) -> dict[str, Any]:
    answer = site.place.wedtui("changes", "--json", *arguments)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def told(site: Site, *arguments: str) -> list[tuple[str, str, str | None]]:
    return [(each["kind"], each["sentence"], each["who"]) for each in changes(site, *arguments)["changes"]]


def run(site: Site, *arguments: str) -> None:
    answer = site.place.wedtui(*arguments)
    assert answer.returncode == 0, answer.stderr


def test_what_was_decided_and_done_is_told_in_order_and_by_whom(site: Site) -> None:
    me = person()
    run(site, "freeze", "add", "--from", "now", "--to", "+2h", "--reason", "late fixes")
    run(site, "freeze", "override", "traffic", "--reason", "the vendor asked", "--until", "+1h")
    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("gcp", "PASS"))
    asked = site.client.ask("failover", ["aws"], reason="it answers 503", accepts_overload=True)
    site.client.confirm(asked.id, digest=asked.digest, typed="aws")
    assert site.station.ended(asked.id).outcome == "verified"
    run(site, "freeze", "override-end", "1", "--reason", "done")

    wanted = [
        ("freeze", 'freeze 1 "late fixes" added', me),
        ("freeze", "freeze overridden", me),
        ("weights", "failover aws: aws 60 % → 0 %, gcp 40 % → 100 %, accepted: it answers 503", me),
        ("freeze", "freeze override ended for traffic (override 1): done", me),
    ]
    found = told(site, "--kind", "freeze", "--kind", "weights")
    assert len(found) == len(wanted), found
    for (kind, sentence, who), (is_kind, begins, by) in zip(found, wanted, strict=True):
        assert (kind, who) == (is_kind, by)
        assert sentence.startswith(begins), sentence
    ats = [each["at"] for each in changes(site)["changes"]]
    assert ats == sorted(ats)

    # Somebody else changes the record while nobody watches.
    site.station.end()
    zone = site.zone
    assert isinstance(zone, Zone)
    lua = ",".join(f"{{{share},'{each.target}'}}" for each, share in zip(TWO, (10, 90), strict=True))
    record = {"content": f'A "pickwrandom({{{lua}}})"', "disabled": False}
    zone.dns.put(zone.name, {"name": zone.record, "type": "LUA", "ttl": TTL_S, "records": [record]})
    site.station.start()
    eventually(lambda: len(told(site, "--kind", "weights")) == 2)
    _, sentence, who = told(site, "--kind", "weights")[-1]
    assert sentence == "live shares changed: aws 0 % → 10 %, gcp 100 % → 90 %; nobody wrote that here"
    assert who is None
    services = [sentence for _, sentence, _ in told(site, "--kind", "service")]
    assert services[0].startswith("started")
    assert services[1] == "stopped"
    assert "; the one before was stopped" in services[2]
    [vendor] = [gap for gap in changes(site)["gaps"] if gap["kinds"] == ["vendor"]]
    assert vendor["sentence"] == "no vendor of aws and gcp was ever read"
