"""Freezing, lifting, overriding and locking down: planned first, confirmed as seen, once, by role, on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.control.base import HOUR, ME, NOW, Served, everybody, serving
from tests.places import PLACES
from wedtui.control.identity import user_name
from wedtui.core.emergency import EMERGENCIES, EmergencyKind, emergency
from wedtui.core.freeze_lines import freeze_lines
from wedtui.core.roles import Role
from wedtui.ledger.kind import LEDGER

MY_NAME = user_name(ME)
WHY = {"reason": "the vendor asked"}
KINDS = [each for each in EMERGENCIES if not each.moves_traffic]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as made:
        yield made


def override(until: timedelta = HOUR, **other: str) -> dict[str, str]:
    return {"object": "traffic", **WHY, "until": (NOW + until).isoformat(), **other}


def plan(served: Served, kind: str, subject: str) -> dict[str, Any]:
    answer = served.ask("GET", f"/v1/freeze-plans/{kind}/{subject}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def confirm(served: Served, kind: str, subject: str, seen: dict[str, Any], *, key: str = "c", **other: str) -> Any:
    bound = {"digest": seen["digest"], "at": seen["plan"]["at"], "typed": seen["plan"]["target"]}
    body = {"kind": kind, "subject": subject, **WHY, **bound, **other}
    return served.ask("POST", "/v1/freeze-confirmations", body, key=key)


def chain(served: Served) -> list[str]:
    rows = PLACES.execute(served.ledger, LEDGER, "SELECT kind FROM audit_link ORDER BY number")
    return [kind for (kind,) in rows]


def results(seen: dict[str, Any]) -> dict[str, str]:
    return {check["rule"]: check["result"] for check in seen["plan"]["checks"]}


class TestOverride:
    def test_it_is_given_once_kept_and_ended(self, served: Served) -> None:
        given = served.ask("POST", "/v1/freeze-overrides", override(), key="1")
        assert (given.status_code, given.json()["object"], given.json()["overridden_by"]) == (200, "traffic", MY_NAME)
        again = served.ask("POST", "/v1/freeze-overrides", override(), key="1")
        assert (again.content, again.headers["idempotency-replayed"]) == (given.content, "true")
        [listed] = served.ask("GET", "/v1/freeze-overrides").json()
        assert listed == given.json()
        ended = served.ask("POST", "/v1/freeze-overrides/1/end", WHY, key="2")
        assert (ended.status_code, ended.json()["ended_by"]) == (200, MY_NAME)
        assert served.ask("POST", "/v1/freeze-overrides/1/end", WHY, key="3").status_code == 409
        assert served.ask("POST", "/v1/freeze-overrides/7/end", WHY, key="4").status_code == 404
        assert served.ask("GET", "/v1/freeze-overrides").json() == []
        assert chain(served)[:2] == ["freeze.override", "freeze.override-end"]

    def test_it_ends_by_itself(self, served: Served) -> None:
        served.ask("POST", "/v1/freeze-overrides", override(), key="1")
        served.clock.at = NOW + HOUR
        assert served.ask("GET", "/v1/freeze-overrides").json() == []
        assert served.ask("POST", "/v1/freeze-overrides/1/end", WHY, key="2").status_code == 409

    @pytest.mark.parametrize(
        "body", [override(4 * HOUR + timedelta(minutes=1)), override(-HOUR), override(object="everything")]
    )
    def test_it_is_for_4_h_at_most_and_for_what_asks_by_its_name(self, served: Served, body: dict[str, str]) -> None:
        assert served.ask("POST", "/v1/freeze-overrides", body, key="1").status_code == 422
        assert served.ask("GET", "/v1/freeze-overrides").json() == []

    def test_a_clock_that_differs_by_a_second_does_not_refuse_4_h(self, served: Served) -> None:
        given = served.ask("POST", "/v1/freeze-overrides", override(4 * HOUR + timedelta(seconds=1)), key="1")
        assert (given.status_code, given.json()["expires_at"]) == (200, "2026-06-03T13:00:00Z")

    def test_a_lockdown_ends_it(self, served: Served) -> None:
        served.ask("POST", "/v1/freeze-overrides", override(), key="1")
        locked = served.ask("POST", "/v1/lockdown", {"reason": "bad release"}, key="2")
        assert locked.json()["overrides_ended"] == ["traffic"]
        assert served.ask("GET", "/v1/freeze-overrides").json() == []
        assert chain(served) == ["freeze.override", "freeze.override-end", "freeze.add"]
        later = served.ask("POST", "/v1/freeze-overrides", override(), key="3")
        assert later.status_code == 200, "a manager may give it anew"

    def test_what_is_refused_is_on_record(self, tmp_path: Path) -> None:
        with serving(tmp_path, everybody(Role.ENGINEER)) as served:
            assert served.ask("POST", "/v1/freeze-overrides", override(), key="1").status_code == 403
            assert chain(served) == ["request.refused"]


class TestPlans:
    def test_a_lockdown_is_planned_and_confirmed_as_it_was_seen(self, served: Served) -> None:
        seen = plan(served, "lockdown", "everything")
        assert (seen["refused"], seen["plan"]["target"]) == ([], "everything")
        assert results(seen) == {
            "by-whom": "PASS",
            "freeze": "PASS",
            "overrides": "PASS",
            "weddings": "UNKNOWN",
        }
        assert (seen["plan"]["before"]["frozen"], seen["plan"]["after"]["frozen"]) == (False, True)
        assert "lockdown" in seen["plan"]["after"]["reasons"]
        assert served.freezes() == (), "nothing is done by asking"
        done = confirm(served, "lockdown", "everything", seen)
        assert (done.status_code, done.json()["name"], done.json()["environments"]) == (200, "lockdown", [])
        [entry] = served.freezes()
        assert (entry.reason, entry.added_by) == ("the vendor asked", MY_NAME)

    def test_a_freeze_is_added_and_lifted_by_its_name(self, served: Served) -> None:
        done = confirm(served, "freeze-add", "4h", plan(served, "freeze-add", "4h"))
        assert (done.status_code, done.json()["end"], done.json()["environments"]) == (
            200,
            "2026-06-03T13:00:00Z",
            ["production"],
        )
        seen = plan(served, "freeze-lift", "1")
        assert seen["plan"]["target"] == "the vendor asked"
        assert (seen["plan"]["before"]["frozen"], seen["plan"]["after"]["frozen"]) == (True, False)
        lifted = confirm(served, "freeze-lift", "1", seen, key="c2")
        assert (lifted.status_code, lifted.json()["lifted_by"]) == (200, MY_NAME)

    def test_an_override_is_confirmed_by_its_object(self, served: Served) -> None:
        seen = plan(served, "freeze-override", "traffic 2h")
        assert results(seen)["frozen"] == "FAIL", "it says that nothing is frozen, and stops nobody"
        assert seen["plan"]["after"]["overrides"] == ["traffic"]
        done = confirm(served, "freeze-override", "traffic 2h", seen)
        assert (done.status_code, done.json()["expires_at"]) == (200, "2026-06-03T11:00:00Z")

    @pytest.mark.parametrize(
        ("kind", "subject", "done"),
        [
            ("lockdown", "everything", "freeze.add"),
            ("freeze-add", "4h", "freeze.add"),
            ("freeze-lift", "1", "freeze.lift"),
            ("freeze-override", "traffic 2h", "freeze.override"),
        ],
    )
    def test_what_was_confirmed_is_on_record_with_all_that_stood_there(
        self, served: Served, kind: str, subject: str, done: str
    ) -> None:
        if kind == "freeze-lift":
            confirm(served, "freeze-add", "4h", plan(served, "freeze-add", "4h"), key="before")
        seen = plan(served, kind, subject)
        served.clock.at = NOW + timedelta(seconds=9)
        assert confirm(served, kind, subject, seen, typed="x", key="another").status_code == 409
        assert confirm(served, kind, subject, seen).status_code == 200
        assert chain(served)[-3:] == ["request.refused", done, "freeze.confirm"]
        link = served.links()[-1]
        body = dict(link.body)
        assert (link.person, body["role"], body["number"]) == (MY_NAME, "owner", 1)
        assert (body["kind"], body["subject"], body["typed"]) == (kind, subject, seen["plan"]["target"])
        assert (body["digest"], body["reason"]) == (seen["digest"], "the vendor asked")
        assert body["seen_at"] == "2026-06-03T09:00:00.000000Z"
        kept = {check["rule"]: check["result"] for check in body["plan"]["checks"]}
        assert kept == results(seen)
        assert body["plan"]["says"] == seen["plan"]["says"]
        assert body["panel"] == freeze_lines(body["plan"], served.clock.at)
        text = " ".join(" ".join(body["panel"]).split())
        assert f"REAL: {emergency(EmergencyKind(kind)).title} {seen['plan']['target']}" in text
        assert all(check["sentence"] in text for check in body["plan"]["checks"])
        assert (seen["plan"]["undo"] in text, "UNKNOWN weddings" in text) == (True, True)

    @pytest.mark.parametrize("typed", ["", "Everything", "everything ", "production"])
    def test_another_name_does_nothing(self, served: Served, typed: str) -> None:
        seen = plan(served, "lockdown", "everything")
        assert confirm(served, "lockdown", "everything", seen, typed=typed).status_code == 409
        assert served.freezes() == ()

    def test_a_plan_that_changed_does_nothing(self, served: Served) -> None:
        seen = plan(served, "freeze-override", "traffic 2h")
        served.ask("POST", "/v1/lockdown", {"reason": "bad release"}, key="2")
        refused = confirm(served, "freeze-override", "traffic 2h", seen)
        assert (refused.status_code, "look again" in refused.json()["message"]) == (409, True)
        assert served.ask("GET", "/v1/freeze-overrides").json() == []

    def test_a_plan_of_the_same_is_the_same_a_minute_later(self, served: Served) -> None:
        seen = plan(served, "freeze-add", "4h")
        served.clock.at = NOW + timedelta(minutes=1)
        assert plan(served, "freeze-add", "4h")["digest"] == seen["digest"]

    @pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(seconds=-1)])
    def test_a_plan_expires(self, served: Served, later: timedelta) -> None:
        seen = plan(served, "lockdown", "everything")
        served.clock.at = NOW + later
        refused = confirm(served, "lockdown", "everything", seen)
        assert (refused.status_code, "too old" in refused.json()["message"]) == (409, True)
        assert served.freezes() == ()

    def test_what_is_not_there_is_not_lifted(self, served: Served) -> None:
        seen = plan(served, "freeze-lift", "7")
        assert "there is no freeze 7" in seen["refused"][0]
        assert confirm(served, "freeze-lift", "7", seen).status_code == 409

    @pytest.mark.parametrize(
        ("kind", "subject"),
        [
            ("lockdown", "production"),
            ("freeze-add", "0h"),
            ("freeze-add", "999h"),
            ("freeze-add", "4"),
            ("freeze-lift", "one"),
            ("freeze-override", "traffic"),
            ("freeze-override", "traffic 5h"),
        ],
    )
    def test_a_subject_that_means_nothing(self, served: Served, kind: str, subject: str) -> None:
        answer = served.ask("GET", f"/v1/freeze-plans/{kind}/{subject}")
        assert answer.status_code == 422

    @pytest.mark.parametrize("entry", KINDS, ids=lambda entry: entry.kind.value)
    @pytest.mark.parametrize("role", Role)
    def test_who_may_not_sees_that_and_confirms_nothing(self, tmp_path: Path, entry: Any, role: Role) -> None:
        subject = {"lockdown": "everything", "freeze-add": "4h", "freeze-lift": "1", "freeze-override": "traffic 2h"}
        kind = entry.kind.value
        with serving(tmp_path, everybody(Role.OWNER)) as served:
            served.ask("POST", "/v1/freezes", {"end": (NOW + HOUR).isoformat(), "reason": "fair"}, key="f")
        with serving(tmp_path, everybody(role)) as served:
            seen = plan(served, kind, subject[kind])
            done = confirm(served, kind, subject[kind], seen)
            assert done.status_code == (200 if role.reaches(entry.role) else 403)
            assert bool(seen["refused"]) is not role.reaches(entry.role)


def test_every_action_of_the_registry_has_its_path(served: Served) -> None:
    paths = served.ask("GET", "/openapi.json").json()["paths"]
    assert [each.path for each in EMERGENCIES if "post" not in paths.get(each.path, {})] == []
    assert {each.kind for each in EMERGENCIES} == {*EmergencyKind}
