"""Two providers are lost one after the other: a real service, its socket, a real PowerDNS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.site import AZURE, Provider, Site, stores
from tests.poller.service_process import eventually
from tests.providers.traffic.between import Between, running, then
from tests.providers.traffic.pdns import PowerDns
from wedtui.control.answers import ActionIs
from wedtui.core.traffic import Place

THREE = (
    Provider("aws", 60, "192.0.2.1", capacity=1500, timeout="30s"),
    Provider("gcp", 30, "192.0.2.2", capacity=1500, timeout="30s"),
    Provider("azure", 10, AZURE, capacity=1500, timeout="30s"),
)


class Lost(Site):
    """Whoever gains most by the first change falls silent as soon as that is made."""

    def __init__(self, folder: Path, dns: PowerDns, between: Between) -> None:
        # A probe waits long for who is silent, so that no second round says meanwhile that the first made it worse.
        more = stores(folder / "stores")
        super().__init__(folder, dns, api=between.own_url, more=more, providers=THREE)
        self.between = between
        between.faults["PATCH"] = [then(lambda: self.platform.silent.add("gcp"))]

    def failover(self, name: str) -> ActionIs:
        """Ask for a failover and confirm it."""
        asked = self.client.ask("failover", [name], reason="it is lost")
        assert asked.state == "awaiting confirmation", asked.sentence
        return self.client.confirm(asked.id, digest=asked.digest, typed=name)

    def links(self, number: int) -> list[dict[str, object]]:
        """Return what is on the audit chain of an action, oldest first."""
        exported = self.place.wedtui("audit", "export").stdout.splitlines()
        links = [json.loads(line).get("link", {}) for line in exported]
        return [link for link in links if link.get("action") == str(number)]


@pytest.fixture
def lost(tmp_path: Path, pdns: PowerDns) -> Iterator[Lost]:
    with running(pdns.url) as between:
        made = Lost(tmp_path, pdns, between)
        try:
            yield made
        finally:
            made.close()


def test_the_second_is_left_while_the_first_is_watched(lost: Lost) -> None:
    lost.platform.down.add("aws")
    seen = [("gcp", "PASS"), ("azure", "PASS"), ("aws", "FAIL")]
    eventually(lambda: all(lost.station.seen(name, state) for name, state in seen))
    first = lost.failover("aws")
    eventually(lambda: [step.name for step in lost.client.action(first.id).steps][-1:] == ["watch"])
    assert lost.zone.live() == (1, {"aws": 0, "gcp": 75, "azure": 25})
    second = lost.failover("gcp")
    ended = lost.client.action(first.id)
    assert (ended.state, ended.outcome) == ("ended", "superseded")
    assert ended.sentence == f"it was accepted; action {second.id} began before it was seen whether it helped"
    assert [(step.name, step.state) for step in ended.steps] == [
        ("submit", "done"),
        ("in sync", "done"),
        ("answers", "done"),
        ("watch", "failed"),
        ("customers", "failed"),
    ]
    done = lost.station.ended(second.id)
    assert done.outcome == "verified", done.sentence
    assert done.plan is not None
    assert done.plan["before"] == {"aws": 0, "gcp": 75, "azure": 25}
    assert lost.zone.live() == (2, {"aws": 0, "gcp": 0, "azure": 100})
    assert lost.sampled() == {Place("azure"): 200}
    assert lost.between.asked.count("PATCH") == 2, "each was submitted once"
    assert lost.client.action(first.id) == ended, "nothing came of it after its end"
    last = lost.links(first.id)[-1]
    assert (last["kind"], last["body"]["outcome"]) == ("action.supersede", "superseded")  # type: ignore[index]
    assert lost.place.wedtui("audit", "verify").returncode == 0
    shown = lost.place.wedtui("actions", "show", str(first.id))
    assert (shown.returncode, f"SUPERSEDED: {ended.sentence[:30]}" in shown.stdout) == (0, True), shown.stdout
