"""kill -9 of the real service around a page: what was decided is told, and a channel knows what it has already."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.notify.base import secret
from tests.notify.strict import ROUTING_KEY, PagerDuty
from tests.poller.service_process import Place, eventually
from wedtui.ledger.outbox import Outbox
from wedtui.ledger.outbox_reader import OutboxReader


class Site:
    """A service with one channel."""

    def __init__(self, folder: Path, pagerduty: PagerDuty) -> None:
        state = folder / "state"
        state.mkdir(mode=0o750)
        config = folder / "config.toml"
        key = secret(folder, "routing", ROUTING_KEY)["file"]
        config.write_text(
            f'[notify.oncall]\nkind = "pagerduty"\nurl = "{pagerduty.url}"\n'
            f'routing_key = {{ file = "{key}" }}\ntimeout = "30s"\n'
        )
        config.chmod(0o600)
        self.place, self.url = Place(state, config), f"sqlite:///{state / 'ledger.db'}"
        self.pagerduty = pagerduty
        self.service = self.place.service()

    def page(self, key: str = "action/7", *, ends: bool = False) -> None:
        outbox = Outbox(self.url)
        if ends:
            outbox.over(key, "well again")
        else:
            outbox.page(key, "critical", "it is down", {"action": 7})
        outbox.close()

    def stages(self) -> list[str]:
        reader = OutboxReader(self.url)
        try:
            return [each.stage for each in reversed(reader.notifications())]
        finally:
            reader.close()

    def dies(self) -> None:
        self.service.send_signal(signal.SIGKILL)
        self.service.wait(120)

    def begins(self) -> None:
        self.service = self.place.service()

    def passes(self, span: timedelta) -> None:
        """Have what is to be told again be due by so much earlier, while no service runs."""
        with closing(sqlite3.connect(self.place.state / "ledger.db")) as connection, connection:
            earlier = span // timedelta(microseconds=1)
            connection.execute("UPDATE notification_delivery SET repeat_at = repeat_at - ?", (earlier,))

    def due(self) -> bool:
        """Say whether anything is to be told, or told again, by now."""
        with closing(OutboxReader(self.url)) as reader:
            return reader.waits(datetime.now(UTC))

    def sent(self) -> bool:
        return set(self.stages()) == {"sent"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with PagerDuty() as pagerduty:
        made = Site(tmp_path, pagerduty)
        try:
            yield made
        finally:
            made.service.terminate()
            pagerduty.released.set()
            made.service.wait(120)


def test_what_was_committed_before_the_kill_is_told_after_it(site: Site) -> None:
    site.dies()
    site.page()
    site.begins()
    eventually(site.sent)
    assert (site.pagerduty.opened, site.pagerduty.open) == (1, ["it is down"])
    assert ROUTING_KEY not in (site.place.state / "ledger.db").read_bytes().decode("latin-1")
    assert ROUTING_KEY not in "".join(file.read_text() for file in site.place.state.glob("*.log"))


def test_a_kill_between_acceptance_and_its_record_opens_no_second_alert(site: Site) -> None:
    site.pagerduty.always = "taken, and hangs"
    site.page()
    eventually(lambda: site.pagerduty.opened == 1)
    site.dies()
    assert site.stages() == ["waiting"]
    site.pagerduty.always = ""
    site.page(ends=True)
    site.begins()
    eventually(site.sent)
    assert [event for event, _ in site.pagerduty.asked] == ["trigger", "trigger", "resolve"]
    assert len({episode for _, episode in site.pagerduty.asked}) == 1
    assert (site.pagerduty.opened, site.pagerduty.open) == (1, [])


def test_what_was_accepted_and_lost_is_told_again_however_often_it_is_killed_between(site: Site) -> None:
    site.page()
    eventually(site.sent)
    site.pagerduty.faults = ["swallowed"]
    site.page(ends=True)
    eventually(lambda: site.stages() == ["sent", "sent"])
    assert site.pagerduty.open == ["it is down"]
    site.dies()
    site.passes(timedelta(minutes=2))
    site.pagerduty.faults = ["hang"]
    requests = site.pagerduty.requests
    site.begins()
    eventually(lambda: site.pagerduty.requests == requests + 1)
    site.dies()
    site.pagerduty.always = "taken, and hangs"
    site.begins()
    eventually(lambda: site.pagerduty.open == [])
    site.dies()
    site.pagerduty.always = ""
    site.begins()
    # It knows of no answer, and tells it once more; then of none that is due.
    eventually(lambda: site.due() is False)
    assert [event for event, _ in site.pagerduty.asked] == ["trigger", "resolve", "resolve"]
    assert (site.pagerduty.open, site.stages()) == ([], ["sent", "sent"])
    listed = site.place.wedtui("notify", "list").stdout
    assert listed.count("oncall accepted, asked 1 time\n") == 2, listed


def test_the_commands_say_what_was_told_and_test_a_channel(site: Site) -> None:
    tested = site.place.wedtui("notify", "test")
    assert (tested.returncode, tested.stdout) == (0, "oncall: accepted\n")
    site.pagerduty.faults = ["400"]
    tested = site.place.wedtui("notify", "test", "oncall")
    assert tested.returncode == 1
    assert "oncall: NOT ACCEPTED: http://127.0.0.1" in tested.stdout
    assert site.place.wedtui("notify", "test", "nobody").returncode != 0
    site.pagerduty.faults = ["400"]
    site.page("refused")
    eventually(lambda: site.stages() == ["dead"])
    listed = site.place.wedtui("notify", "list")
    assert "DEAD LETTER" in listed.stdout
    assert "answered 400" in listed.stdout
    eventually(lambda: "1 notification was taken by nobody" in site.place.wedtui("status").stdout)
    dismissed = site.place.wedtui("notify", "dismiss", "1", "--reason", "the key was wrong")
    assert (dismissed.returncode, dismissed.stdout) == (0, "notification 1: dismissed\n")
    assert '"stage": "dismissed"' in site.place.wedtui("notify", "list", "--json").stdout
    for file in site.place.state.iterdir():
        assert ROUTING_KEY.encode() not in (file.read_bytes() if file.is_file() else b"")
