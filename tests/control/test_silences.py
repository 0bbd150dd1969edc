"""Silences and broadcasts by the socket: what one would hide is said before and with it, and it is done once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.control.base import HOUR, NOW, Served, everybody, serving
from tests.control.test_api import MY_NAME, refused
from tests.places import PLACES
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.standing import AlertIs, AlertsNow
from wedtui.core.alerts.track import labels_of
from wedtui.core.roles import Role
from wedtui.ledger.outbox_reader import OutboxReader

AWS = AlertIs(
    "down", labels_of({"provider": "aws"}), Phase.FIRING, Severity.CRITICAL, Reason.CONDITION, NOW, key="alert/down/aws"
)
GCP = replace(AWS, labels=labels_of({"provider": "gcp"}), phase=Phase.PENDING, key="")
BODY = {"rules": ["down"], "labels": {"provider": ["aws"]}, "until": (NOW + HOUR).isoformat(), "reason": "moved"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, everybody(Role.ENGINEER)) as made:
        made.alerting.firing = (AWS, GCP)
        yield made


def test_what_it_would_hide_is_said_before_it_is_stored(served: Served) -> None:
    said = served.ask("POST", "/v1/silence-previews", BODY, key="0").json()
    assert (
        said["sentence"] == "it would hide 1 that fire and 0 that are pending: down (provider=aws); 1 of them critical"
    )
    assert [each["key"] for each in said["firing"]] == ["alert/down/aws"]
    both = served.ask("POST", "/v1/silence-previews", {**BODY, "labels": {}}, key="0").json()
    assert (len(both["firing"]), len(both["pending"]), both["known"]) == (1, 1, True)
    assert served.ask("GET", "/v1/silences").json() == []
    served.alerting.judged_at = NOW - HOUR
    unknown = served.ask("POST", "/v1/silence-previews", BODY, key="0").json()
    assert (unknown["known"], "NOT KNOWN" in unknown["sentence"]) == (False, True)


def test_an_engineer_silences_and_ends_it(served: Served) -> None:
    made = served.ask("POST", "/v1/silences", BODY, key="1").json()
    assert (made["id"], made["by"], made["rules"], made["labels"]) == (1, MY_NAME, ["down"], {"provider": ["aws"]})
    assert len(made["hides"]["firing"]) == 1
    assert served.ask("POST", "/v1/silences", BODY, key="1").json() == made, "once for a key"
    assert [each["id"] for each in served.ask("GET", "/v1/silences").json()] == [1]
    ended = served.ask("POST", "/v1/silences/1/end", {"reason": "done"}, key="2").json()
    assert (ended["ended_by"], ended["end_reason"]) == (MY_NAME, "done")
    assert served.ask("GET", "/v1/silences").json() == []
    again = served.ask("POST", "/v1/silences/1/end", {"reason": "done"}, key="3")
    assert "nothing to end" in refused(again, 409, "conflict")
    kinds = [link.kind for link in served.links()]
    assert kinds == ["alert.silence", "alert.unsilence", "request.refused"]


def test_a_viewer_silences_and_tells_nobody(tmp_path: Path) -> None:
    with serving(tmp_path, everybody(Role.VIEWER)) as served:
        for number, (path, body) in enumerate((("/v1/silences", BODY), ("/v1/broadcasts", {"message": "fire"}))):
            answer = served.ask("POST", path, body, key=str(number))
            assert "ask one who is engineer or more" in refused(answer, 403, "refused")
        assert served.ask("GET", "/v1/silences").json() == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"rules": ["never"]}, 'there is no rule "never"'),
        ({"rules": [], "labels": {}}, "expected a rule or a label"),
        ({"until": (NOW + 25 * HOUR).isoformat()}, "within 1d"),
        ({"until": NOW.isoformat()}, "still to come"),
        ({"reason": " "}, "expected text that says something"),
        ({"labels": {"provider": []}}, "expected a value behind each label"),
    ],
)
def test_what_may_not_be_silenced_is_said(served: Served, other: dict[str, object], said: str) -> None:
    for path in ("/v1/silence-previews", "/v1/silences"):
        assert said in refused(served.ask("POST", path, {**BODY, **other}, key=path), 422, "invalid")
    assert served.ask("GET", "/v1/silences").json() == []


def test_an_end_in_a_day_by_the_clock_of_a_command_is_one_by_that_of_the_service(served: Served) -> None:
    asked = {**BODY, "until": (NOW + 24 * HOUR + 2 * HOUR / 3600).isoformat()}
    made = served.ask("POST", "/v1/silences", asked, key="1").json()
    assert made["until"].startswith("2026-06-04T09:00:00")


def test_the_ledger_is_not_held_while_rules_and_alerts_are_read(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    read = served.alerting.alerts

    def alerts() -> AlertsNow:
        try:
            with closing(sqlite3.connect(served.ledger, timeout=0, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
            held.append(False)
        except sqlite3.OperationalError:
            held.append(True)
        return read()

    monkeypatch.setattr(served.alerting, "alerts", alerts)
    served.ask("POST", "/v1/silences", BODY, key="1").raise_for_status()
    served.ask("POST", "/v1/silences/1/end", {"reason": "done"}, key="2").raise_for_status()
    assert held == [False, False]


def test_everybody_is_told_once_for_a_key(served: Served) -> None:
    for _ in range(2):
        answer = served.ask("POST", "/v1/broadcasts", {"message": "fire", "severity": "critical"}, key="1")
        assert answer.json()["sentence"] == f"{MY_NAME} tells everybody: fire"
    with closing(OutboxReader(PLACES.url(served.ledger))) as reader:
        [told] = reader.notifications()
    assert (told.everybody, told.severity) == (True, "critical")
    served.alerting.named = ()
    nobody = served.ask("POST", "/v1/broadcasts", {"message": "fire"}, key="2")
    assert "no channel is configured" in refused(nobody, 422, "invalid")
