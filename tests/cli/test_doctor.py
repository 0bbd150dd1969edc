"""`wedtui doctor` says what is wrong and what to do."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.base import WEDNESDAY
from tests.control.base import listens
from tests.poller.service_process import Place, eventually, http_server, make_place
from wedtui.cli.doctor import _reached
from wedtui.cli.once import outcomes
from wedtui.core.observation import AlertsObservation, PrometheusObservation


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with http_server() as url:
        yield make_place(tmp_path, url, probes=1)


def checks(place: Place) -> tuple[int, dict[str, list[dict[str, str]]]]:
    done = place.wedtui("doctor", "--json")
    found: dict[str, list[dict[str, str]]] = {}
    for check in json.loads(done.stdout):
        found.setdefault(check["name"], []).append(check)
    return done.returncode, found


def test_a_new_machine_is_warned_of_what_is_not_there_yet(place: Place) -> None:
    code, found = checks(place)
    assert code == 1
    assert found["cache"][0]["level"] == "warning"
    assert "service start" in found["cache"][0]["remedy"]
    assert found["reach"][0]["level"] == "ok"
    assert found["clock"][0]["level"] == "ok"
    assert found["control"][0]["text"].startswith("no service runs here")
    assert (found["control"][0]["level"], found["control"][0]["remedy"]) == ("warning", "`wedtui service start`")


@pytest.mark.parametrize(
    ("ready", "down", "level"),
    [(True, (), "ok"), (True, ("job a at b",), "warning"), (False, (), "warning"), (None, (), "warning")],
)
def test_a_server_that_answers_with_targets_down_is_not_well(
    ready: bool | None, down: tuple[str, ...], level: str
) -> None:
    [outcome] = outcomes([PrometheusObservation("main", WEDNESDAY, ready, 1, down)])
    found = _reached(outcome)
    assert (found.level, all(name in found.remedy for name in down)) == (level, True)


@pytest.mark.parametrize(
    ("told", "level", "remedy"),
    [
        ({"alerts": ()}, "ok", ""),
        ({"alerts": (), "expected": False}, "warning", "look at the Prometheus behind it"),
        ({"alerts": (), "beside": "b:9093: connection refused"}, "warning", "check its address"),
        ({"alerts": (), "problem": "told of 1 alert that cannot be used"}, "problem", ""),
        ({"problem": "refused the credentials (status 401): check bearer_token or headers"}, "problem", ""),
        ({"problem": "timed out after 5 s"}, "problem", "check its address"),
    ],
)
def test_what_another_system_tells_of_alerts_is_well_only_where_that_is_all(
    told: dict[str, Any], level: str, remedy: str
) -> None:
    [outcome] = outcomes([AlertsObservation("central", WEDNESDAY, **told)])
    found = _reached(outcome)
    assert (found.level, found.remedy[: len(remedy)] if remedy else found.remedy) == (level, remedy)


def test_a_running_service_is_well(place: Place) -> None:
    service = place.service()
    try:
        eventually(lambda: listens(place.state / "control.sock"))
        looks: list[tuple[int, dict[str, list[dict[str, str]]]]] = []

        def well() -> bool:
            looks.append(checks(place))
            return looks[-1][0] == 0

        # More than once: by an answer that takes seconds, as on a machine that is busy, no clock can be compared.
        eventually(well, tries=20)
    finally:
        service.terminate()
        service.wait(120)
    code, found = looks[-1]
    assert (code, found["service"][0]["level"], found["ledger"][0]["level"]) == (0, "ok", "ok")
    assert found["control"][0]["text"].startswith("the service hears ")
    assert " as owner (" in found["control"][0]["text"]


def test_a_service_that_runs_and_cannot_be_asked_is_a_problem(place: Place) -> None:
    service = place.service()
    try:
        eventually(lambda: listens(place.state / "control.sock"))
        (place.state / "control.sock").unlink()
        code, found = checks(place)
    finally:
        service.terminate()
        service.wait(120)
    assert (code, found["control"][0]["level"]) == (2, "problem")
    assert "there is no service to ask" in found["control"][0]["text"]


def test_what_cannot_be_reached_and_a_cache_from_the_future_are_problems(place: Place) -> None:
    service = place.service()
    service.terminate()
    service.wait(120)
    with closing(sqlite3.connect(place.cache)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'cache_9999'")
    place.config.write_text(
        place.config.read_text() + '[[probes]]\nname = "gone"\nprovider = "here"\nurl = "http://127.0.0.1:1/"\n'
    )
    code, found = checks(place)
    assert code == 2
    assert found["migrations"][0]["level"] == "problem"
    assert "newer wedtui" in found["migrations"][0]["text"]
    assert {c["level"] for c in found["reach"]} == {"ok", "problem"}


def test_a_configuration_that_cannot_be_used_is_the_first_problem(place: Place) -> None:
    place.config.write_text("environment = 7\n")
    code, found = checks(place)
    assert code == 2
    assert f"{place.config}:1: environment" in found["configuration"][0]["text"]
