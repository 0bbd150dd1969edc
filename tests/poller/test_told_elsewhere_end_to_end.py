"""The real service and a real Alertmanager: what fires there is paged here once, through the deaths of both."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.notify.strict import PagerDuty
from tests.poller.service_process import eventually
from tests.poller.test_alerts_end_to_end import Guests, Site, guests, pagerduty
from tests.providers.alertmanager_server import running_alertmanager
from wedtui.clock import SystemClock

__all__ = ["guests", "pagerduty"]

SOURCE = """
[[alert_sources]]
name = "central"
kind = "alertmanager"
url = "{url}"
interval = "1s"
clear = "2s"
"""


def central(site: Site) -> dict[str, Any]:
    """Return the alert of the source."""
    (found,) = [each for each in site.alerts()["alerts"] if each["source"] == "central"]
    return dict(found)


def answers(site: Site) -> bool:
    return all(each["fresh"] for each in site.alerts()["sources"])


def test_it_is_paged_once_stays_while_nobody_knows_and_is_over_once_an_answer_lacks_it(
    tmp_path: Path, guests: Guests, pagerduty: PagerDuty
) -> None:
    folder = tmp_path / "alertmanager"
    folder.mkdir()
    fires = {
        "labels": {"alertname": "Errors", "severity": "critical", "provider": "site"},
        "annotations": {"summary": "requests fail"},
        "startsAt": (SystemClock().now() - timedelta(hours=1)).isoformat(),
        "endsAt": (SystemClock().now() + timedelta(hours=9)).isoformat(),
    }
    with ExitStack() as lives, ExitStack() as life:
        alertmanager = life.enter_context(running_alertmanager(folder))
        site = Site(tmp_path, guests, pagerduty, more=SOURCE.format(url=alertmanager.url))
        lives.callback(_ends, site)
        eventually(lambda: site.alerts()["fresh"] and answers(site))
        assert site.place.wedtui("alerts", "list").returncode == 0
        alertmanager.tell(fires)
        eventually(lambda: len(site.told()) == 1)
        eventually(lambda: central(site)["told_at"] is not None)
        assert site.place.wedtui("alerts", "list").returncode == 2
        _is_had(site, central(site)["key"])
        # Nobody answers any more; and the service itself dies meanwhile.
        life.close()
        eventually(lambda: central(site)["unknown_since"] is not None)
        site.dies()
        before = site.alerts()["judged_at"]
        site.begins()
        eventually(lambda: site.judged_since(before))
        assert (central(site)["phase"], central(site)["acknowledged_by"] != "") == ("firing", True)
        assert "UNKNOWN what fires there" in site.place.wedtui("alerts", "list").stdout
        # One that begins anew knows of nothing that fires.
        life.enter_context(running_alertmanager(folder, alertmanager.port))
        eventually(lambda: central(site)["phase"] == "resolved")
        eventually(lambda: [event for event, _ in site.told()] == ["trigger", "acknowledge", "resolve"])
        assert len({episode for _, episode in site.told()}) == 1


def _ends(site: Site) -> None:
    site.service.terminate()
    site.service.wait(120)


def _is_had(site: Site, key: str) -> None:
    """Have it acknowledged by its key."""
    done = site.place.wedtui("alerts", "ack", key, "--reason", "I look")
    assert done.returncode == 0, done.stderr
    eventually(lambda: central(site)["acknowledged_by"] != "")
