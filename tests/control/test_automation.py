"""Stopping all automation and letting it go on, by the control socket: who may, once, and what is on record."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control.base import Served, everybody, serving
from tests.places import PLACES
from wedtui.core.roles import Role
from wedtui.ledger.reader import LedgerReader

WHY = {"reason": "the vendor asked"}


def stopped(served: Served) -> tuple[str, str] | None:
    reader = LedgerReader(PLACES.url(served.ledger))
    try:
        found = reader.stopped_automation()
    finally:
        reader.close()
    return None if found is None else (found[0], found[2])


@pytest.mark.parametrize(
    ("role", "stops", "resumes"),
    [
        (Role.VIEWER, 403, 403),
        (Role.ENGINEER, 200, 403),
        (Role.MANAGER, 200, 403),
        (Role.ADMIN, 200, 403),
        (Role.OWNER, 200, 200),
    ],
)
def test_any_engineer_stops_and_only_an_owner_resumes(tmp_path: Path, role: Role, stops: int, resumes: int) -> None:
    with serving(tmp_path, everybody(Role.OWNER)) as served:
        assert served.ask("POST", "/v1/automation/stop", WHY, key="first").status_code == 200
        assert served.ask("POST", "/v1/automation/resume", WHY, key="back").status_code == 200
    with serving(tmp_path, everybody(role), ledger=served.ledger) as served:
        assert served.ask("POST", "/v1/automation/stop", WHY, key="a").status_code == stops
        assert (stopped(served) is not None) is (stops == 200)
        assert served.ask("POST", "/v1/automation/resume", WHY, key="b").status_code == resumes


def test_it_is_stopped_once_and_says_by_whom(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        first = served.ask("POST", "/v1/automation/stop", WHY, key="a")
        assert (first.status_code, first.json()["reason"]) == (200, WHY["reason"])
        assert served.ask("POST", "/v1/automation/stop", WHY, key="a").json() == first.json()
        again = served.ask("POST", "/v1/automation/stop", WHY, key="b")
        assert again.status_code == 409
        assert f"stopped already, by {first.json()['by']}" in again.json()["message"]
        resumed = served.ask("POST", "/v1/automation/resume", {"reason": "it is over"}, key="c")
        assert resumed.json()["by"] == first.json()["by"]
        assert stopped(served) is None
        assert served.ask("POST", "/v1/automation/resume", WHY, key="d").status_code == 409


def test_without_a_backend_of_traffic_there_is_none(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.ask("GET", "/v1/automation").status_code == 404
        assert served.ask("POST", "/v1/automation/abort", {}, key="a").status_code == 404
