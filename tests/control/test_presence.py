"""Who is arming what: told to others while it is said again and again, bounded, and by those alone who may do it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.control.base import ME, NOW, Served, SetClock, everybody, serving
from wedtui.control.identity import user_name
from wedtui.control.presence import GONE_AFTER_S, OF_ALL, OF_ONE, Presence
from wedtui.core.roles import Role
from wedtui.errors import ConflictError

HERE, THERE = "a" * 32, "b" * 32
FAILOVER = {"kind": "failover", "target": "aws"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as made:
        yield made


def others(served: Served, token: str) -> list[str]:
    return [
        f"{each['user']} {each['kind']} {each['target']}" for each in served.ask("GET", f"/v1/arming/{token}").json()
    ]


def test_another_dashboard_sees_it_with_its_age_and_this_one_does_not(served: Served) -> None:
    assert served.ask("PUT", f"/v1/arming/{HERE}", FAILOVER).json() == []
    assert others(served, HERE) == []
    served.clock.at, served.clock.seconds = NOW + timedelta(seconds=6), 6.0
    served.ask("PUT", f"/v1/arming/{HERE}", FAILOVER)
    [seen] = served.ask("GET", f"/v1/arming/{THERE}").json()
    assert seen == {"user": user_name(ME), "kind": "failover", "target": "aws", "since": "2026-06-03T09:00:00Z"}


def test_it_is_gone_when_it_is_closed_and_when_it_is_not_said_again(served: Served) -> None:
    served.ask("PUT", f"/v1/arming/{HERE}", FAILOVER)
    served.ask("DELETE", f"/v1/arming/{HERE}")
    assert others(served, THERE) == []
    served.ask("PUT", f"/v1/arming/{HERE}", FAILOVER)
    served.clock.seconds = GONE_AFTER_S - 1
    assert others(served, THERE) == [f"{user_name(ME)} failover aws"]
    served.clock.seconds = GONE_AFTER_S
    assert others(served, THERE) == []


def test_who_may_not_do_it_arms_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, everybody(Role.VIEWER)) as served:
        assert served.ask("PUT", f"/v1/arming/{HERE}", FAILOVER).status_code == 403
        assert others(served, THERE) == []
    with serving(tmp_path, everybody(Role.ENGINEER)) as served:
        assert served.ask("PUT", f"/v1/arming/{HERE}", {"kind": "freeze-lift", "target": "7"}).status_code == 403


@pytest.mark.parametrize(
    "body", [{"kind": "reboot"}, {"kind": "failover", "reason": "why"}, {"kind": "failover", "target": "x" * 131}]
)
def test_no_reason_nothing_typed_and_nothing_long_is_told(served: Served, body: dict[str, str]) -> None:
    assert served.ask("PUT", f"/v1/arming/{HERE}", body).status_code == 422
    assert others(served, THERE) == []


def test_what_is_told_is_no_escape(served: Served) -> None:
    served.ask("PUT", f"/v1/arming/{HERE}", {"kind": "failover", "target": "a\x1b[2Jws\n"})
    assert others(served, THERE) == [f"{user_name(ME)} failover a [2Jws"]


def test_it_is_bounded_for_one_and_for_all() -> None:
    clock = SetClock()
    presence = Presence(clock)
    for number in range(OF_ONE):
        presence.arm("ada", str(number), "failover", "aws")
    with pytest.raises(ConflictError):
        presence.arm("ada", "more", "failover", "aws")
    presence.arm("ada", "0", "failover", "gcp")
    for number in range(OF_ALL - OF_ONE):
        presence.arm(f"user {number}", "0", "failover", "aws")
    with pytest.raises(ConflictError):
        presence.arm("mo", "0", "failover", "aws")
    clock.seconds = GONE_AFTER_S
    presence.arm("mo", "0", "failover", "aws")
    assert [each.user for each in presence.others("ada", "0")] == ["mo"]
