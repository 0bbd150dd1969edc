"""A change makes things worse: it is taken back once, or held and somebody is paged; nothing of it is a stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.site import Zone
from tests.actions.test_automation_end_to_end import AWS, GCP, Pair
from tests.places import POSTGRESQL
from tests.poller.service_process import eventually
from tests.postgres import Postgres
from tests.providers.traffic.between import Between, then
from tests.providers.traffic.between import running as standing_before
from tests.providers.traffic.pdns import PowerDns
from wedtui.control.answers import ActionIs

ONLY_ON = POSTGRESQL


class Worse(Pair):
    """Whoever gains by the first change fails as soon as that is made, before anybody hears that it is."""

    def __init__(self, folder: Path, dns: PowerDns, database: str, between: Between) -> None:
        super().__init__(folder, Zone(dns), database, "auto", api=between.own_url)
        self.between = between
        between.faults["PATCH"] = [then(lambda: self.platform.down.add("gcp"))]

    def ended(self, number: int) -> ActionIs:
        return self.stations["london"].ended(number)

    def links(self, number: int) -> list[dict[str, object]]:
        """Return what is on the audit chain of an action, oldest first."""
        links = [json.loads(line).get("link", {}) for line in self.wedtui("audit", "export").splitlines()]
        return [link for link in links if link.get("action") == str(number)]


@pytest.fixture
def worse(tmp_path: Path, pdns: PowerDns, postgres: Postgres) -> Iterator[Worse]:
    with standing_before(pdns.url) as between:
        made = Worse(tmp_path, pdns, postgres.url(postgres.migrated()), between)
        try:
            for station in made.stations.values():
                station.start()
            made.well()
            yield made
        finally:
            made.close()


def test_what_made_things_worse_for_two_rounds_is_undone_once(worse: Worse) -> None:
    before = worse.zone.live()
    asked = worse.client.ask("failover", ["aws"], reason="to leave it")
    worse.client.confirm(asked.id, digest=asked.digest, typed="aws")
    done = worse.ended(asked.id)
    assert (done.state, done.outcome) == ("ended", "undone"), done.sentence
    assert [(step.name, step.state) for step in done.steps] == [
        ("submit", "done"),
        ("in sync", "done"),
        ("answers", "done"),
        ("watch", "failed"),
        ("undo", "done"),
    ]
    assert "0 % of customers are served, and 100 % were before it; it was undone" in done.sentence
    assert worse.zone.live() == (before[0] + 2, before[1])
    assert worse.between.asked.count("PATCH") == 2
    assert set(worse.sampled()) == {AWS, GCP}
    kinds = [str(link["kind"]) for link in worse.links(asked.id)]
    assert kinds.index("action.watch-failed") < kinds.index("action.begin-undo") < kinds.index("action.undo-done")
    assert kinds.count("action.begin-undo") == 1
    assert kinds[-1] == "action.undo"
    assert worse.place.wedtui("audit", "verify").returncode == 0


def test_where_whoever_would_gain_by_that_is_not_eligible_it_is_held_and_somebody_is_paged(worse: Worse) -> None:
    worse.platform.down.add("aws")
    eventually(lambda: any(action.state == "handed over" for action in worse.own()))
    (held,) = [action for action in worse.own() if action.state == "handed over"]
    why = "0 % of customers are served, and 40 % were before it; it is held, and not undone: aws "
    assert why in held.sentence
    assert [step.name for step in held.steps] == ["submit", "in sync", "answers", "watch"]
    assert (worse.zone.live(), worse.between.asked.count("PATCH")) == ((1, {"aws": 0, "gcp": 100}), 1)
    eventually(lambda: any(f"action {held.id} " in page and why in page for page in worse.pages()))
    assert str(worse.links(held.id)[-1]["kind"]) == "action.hand-over"
    assert worse.place.wedtui("audit", "verify").returncode == 0
