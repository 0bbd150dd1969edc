"""The ledger's database goes away: a person fails over without it, and afterwards all of it is on record, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.actions.site import Site
from tests.actions.test_automation_end_to_end import GCP
from tests.places import SQLITE
from tests.poller.service_process import eventually
from tests.postgres import Postgres, running_postgres
from tests.providers.traffic.pdns import PowerDns
from wedtui.control.answers import ActionIs
from wedtui.control.client import Aside
from wedtui.errors import ConflictError, NotServedError
from wedtui.ledger.standby import FIRST

ONLY_ON = SQLITE
"""What is meant by the stores is said by each test."""

WHY = "it answers 503"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One of its own: it is stopped and started."""
    with running_postgres() as running:
        yield running


Make = Callable[..., Site]


@pytest.fixture
def make(tmp_path: Path, pdns: PowerDns, server: Postgres) -> Iterator[Make]:
    made: list[Site] = []

    def make(*stores: str) -> Site:
        more = "".join(f'[{store}]\nurl = "{server.url(server.database())}"\n' for store in stores)
        # One that proposes nothing by itself: what is asked for is a person's, and nothing else is on record.
        made.append(Site(tmp_path, pdns, more=more, mode="off"))
        return made[-1]

    yield make
    for site in made:
        site.close()


def goes_on(site: Site, asked: ActionIs) -> ActionIs:
    site.client.confirm(asked.id, digest=asked.digest, typed="aws")
    return site.station.ended(asked.id)


def fails(site: Site) -> None:
    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("gcp", "PASS") and site.station.seen("aws", "FAIL"))


def on_record(site: Site, number: int) -> ActionIs:
    """Return what an action done without the ledger is in it."""
    eventually(lambda: not (site.place.state / "standby.db").exists())
    return site.client.action(number)


def test_it_is_done_without_the_ledger_and_on_record_after(make: Make, server: Postgres) -> None:
    site = make("ledger")
    fails(site)
    with pytest.raises(ConflictError, match="the ledger can be used"):
        site.client.ask("failover", ["aws"], reason=WHY, aside=Aside())
    assert not site.client.actions()
    server.stop()
    try:
        with pytest.raises(NotServedError, match="`wedtui failover emergency --from P"):
            site.client.ask("failover", ["aws"], reason=WHY)
        asked = site.client.ask("failover", ["aws"], reason=WHY, aside=Aside())
        assert (asked.state, asked.id >= FIRST) == ("awaiting confirmation", True)
        assert [each.id for each in site.client.actions(open_only=True)] == [asked.id]
        action = goes_on(site, asked)
        assert (action.outcome, action.id) == ("verified", asked.id)
        assert site.sampled() == {GCP: 200}
    finally:
        server.start()
    known = on_record(site, asked.id)
    assert (known.outcome, known.reason, known.digest, known.steps) == (
        "verified",
        WHY,
        action.digest,
        action.steps,
    )
    assert known.id < FIRST
    assert [each.id for each in site.client.actions()] == [known.id]
    assert site.place.wedtui("audit", "verify").returncode == 0
    links = json.loads(site.place.wedtui("audit", "list", "--json").stdout)
    kinds = [link["kind"] for link in links if link["kind"].startswith("standby.")]
    assert kinds[0] == "standby.taken-in"
    assert kinds.count("standby.action.confirm") == 1
    assert {"standby.action.request", "standby.action.plan"} <= {*kinds}
    assert site.zone.live()[0] == 1


def test_killed_in_the_middle_it_is_finished_once_and_on_record(make: Make, server: Postgres) -> None:
    site = make("ledger")
    fails(site)
    server.stop()
    try:
        asked = site.client.ask("failover", ["aws"], reason=WHY, aside=Aside())
        site.client.confirm(asked.id, digest=asked.digest, typed="aws")
        site.station.die()
    finally:
        server.start()
    site.station.start()
    known = on_record(site, asked.id)
    assert known.outcome == "verified", known.sentence
    assert site.sampled() == {GCP: 200}
    assert site.zone.live()[0] == 1
    site.station.die()
    site.station.start()
    assert [each.id for each in site.client.actions()] == [known.id]
    assert site.place.wedtui("audit", "verify").returncode == 0


def test_where_nothing_can_be_read_a_person_vouches_for_who_gains(make: Make, server: Postgres) -> None:
    site = make("ledger", "cache")
    fails(site)
    server.stop()
    try:
        nobody = site.client.ask("failover", ["aws"], reason=WHY, accepts_overload=True, aside=Aside())
        assert nobody.outcome == "refused"
        lost = site.client.ask("failover", ["aws"], reason=WHY, aside=Aside(("gcp",)))
        assert lost.outcome == "refused", "nothing is known of room either"
        how = ("--from", "aws", "--reason", WHY, "--confirm", "aws")
        plain = site.place.wedtui("failover", "run", *how)
        assert (plain.returncode, "`wedtui failover emergency --from P" in plain.stderr) == (14, True)
        done = site.place.wedtui("failover", "emergency", *how, "--accept-overload", "--vouch", "gcp")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("EMERGENCY: without the ledger.")
        said = " ".join(done.stdout.split())
        assert "gcp is UNKNOWN, and whoever asks says that it is well: it may gain share" in said
        assert site.sampled() == {GCP: 200}
    finally:
        server.start()
    assert on_record(site, nobody.id).outcome == "refused"
    # No channel is configured here: that nobody could gain waits to be told, now with the ledger's own.
    told = json.loads(site.place.wedtui("notify", "list", "--json").stdout)
    assert any(each["key"].startswith("standby ") for each in told), told
    assert [each.outcome for each in site.client.actions()] == ["verified", "refused", "refused"]
