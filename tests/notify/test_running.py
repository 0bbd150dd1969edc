"""What people have to know of the outbox, and what doctor says of the channels."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.emergency import NOW
from tests.notify.base import secret
from wedtui.cli.notify_checks import notify_checks
from wedtui.config import Configuration
from wedtui.core.notify import Page
from wedtui.ledger.outbox import Outbox
from wedtui.ledger.outbox_reader import Alone, Standing
from wedtui.notify import may_lose, paging_configured, reach_of
from wedtui.notify.running import LATE, alone_words, outbox_words

MINUTE = timedelta(minutes=1)
QUIET = Standing(0, None, 0, "", ())
NOBODY = Configuration()
ROOT = {"kind": "webhook", "url": "https://hooks.example.com/wedtui"}
SOMEBODY = Configuration.model_validate({"notify": {"chat": ROOT}})
SHARED = {
    "service": {"mode": "shared"},
    "providers": [{"name": "aws", "weight": 60}, {"name": "gcp", "weight": 40}],
    "traffic": {
        "backend": "powerdns",
        "name": "www.example.com",
        "nameservers": ["192.0.2.53"],
        "places": [{"provider": "aws", "target": "192.0.2.1"}, {"provider": "gcp", "target": "192.0.2.2"}],
        "powerdns": {"url": "https://dns.example.com", "zone": "example.com", "api_key": {"env": "DNS_KEY"}},
    },
}


def test_somebody_is_told_or_nobody() -> None:
    assert (paging_configured(NOBODY), paging_configured(SOMEBODY)) == (False, True)


def test_what_may_lose_what_it_accepted(tmp_path: Path) -> None:
    pager = {"kind": "pagerduty", "routing_key": secret(tmp_path, "routing", "0" * 32)}
    both = Configuration.model_validate({"notify": {"oncall": pager, "chat": ROOT}})
    assert (may_lose(both), may_lose(NOBODY)) == (frozenset({"oncall"}), frozenset())


@pytest.mark.parametrize(
    ("standing", "configuration", "said"),
    [
        (QUIET, NOBODY, None),
        (QUIET, SOMEBODY, None),
        (QUIET, Configuration.model_validate(SHARED), "nobody would be paged: no channel is configured"),
        (Standing(2, NOW, 0, "", ()), NOBODY, "2 notifications were not told, because no channel is configured"),
        (Standing(1, NOW - LATE + MINUTE / 60, 0, "", ()), SOMEBODY, None),
        (
            Standing(1, NOW - LATE, 0, "", ()),
            SOMEBODY,
            "1 notification was not taken yet, the oldest since 14:01:00 UTC",
        ),
        (Standing(0, None, 1, "answered 400", ()), SOMEBODY, "1 notification was taken by nobody (answered 400)"),
        (
            Standing(0, None, 0, "", (), None, (("mail", 1), ("slack", 1_200))),
            SOMEBODY,
            "not taken in the last 24 h, and told by other channels alone: by mail (1) and slack (1,200); `wedtui",
        ),
        (Standing(0, None, 3, "", ()), SOMEBODY, "3 notifications were taken by nobody: `wedtui notify list`"),
    ],
)
def test_what_is_wrong_is_said(standing: Standing, configuration: Configuration, said: str | None) -> None:
    found = outbox_words(standing, configuration, NOW)
    assert found is None if said is None else said in (found or "")


def test_who_acted_alone_is_named_until_reviewed() -> None:
    assert alone_words(QUIET) is None
    each = [Alone(n, "failover aws", "ada", "nobody answers\x1b[2J", NOW) for n in range(7, 12)]
    said = alone_words(Standing(0, None, 0, "", tuple(each)))
    assert said is not None
    assert "acted ada at 2026-06-20 14:02 UTC (failover aws, action 7: nobody answers [2J)" in said
    assert "2 more" in said
    assert "`wedtui actions review 7 --sentence S`" in said


def test_an_outbox_pages(tmp_path: Path) -> None:
    outbox = Outbox(f"sqlite:///{tmp_path / 'l.db'}")
    page: Page = outbox.page
    page("traffic/aws", "critical", "aws is down", {"countdown": 5})
    with pytest.raises(ValueError, match="high"):
        page("traffic/gcp", "high", "gcp is down", {})
    outbox.close()


class TestDoctor:
    def said(self, **tables: object) -> list[str]:
        return [check.line() for check in notify_checks(Configuration.model_validate(tables))]

    def test_where_nobody_has_to_be_told_it_says_nothing(self) -> None:
        assert self.said() == []

    def test_where_somebody_has_to_be_told(self) -> None:
        (line,) = self.said(**SHARED)
        assert line.startswith("warning  notify: no channel is configured, so nobody is paged")

    def test_a_second_person_of_a_personal_service(self) -> None:
        first, _second = self.said(roles={"second_person": ["failback"]})
        assert first.startswith("warning  roles: roles.second_person demands nothing in personal mode")

    def test_a_channel_that_can_be_used(self, tmp_path: Path) -> None:
        key = secret(tmp_path, "routing", "0" * 32)
        first, second, third = self.said(notify={"oncall": {"kind": "pagerduty", "routing_key": key}})
        assert first.startswith("ok       notify: oncall (pagerduty) can be used; nobody was told anything")
        assert second.startswith("warning  notify: no channel is for warnings")
        assert third.startswith("warning  notify: there is no second channel")

    def test_one_that_people_read_is_for_warnings(self, tmp_path: Path) -> None:
        oncall = {"kind": "pagerduty", "routing_key": secret(tmp_path, "routing", "0" * 32)}
        team = {"kind": "slack", "secret_url": secret(tmp_path, "slack", "https://hooks.example.com/services/T/B/X")}
        said = self.said(notify={"oncall": oncall, "team": team})
        assert [line[:2] for line in said] == ["ok", "ok"]
        said = self.said(notify={"oncall": oncall, "team": {**team, "min_severity": "critical"}})
        assert any("no channel is for warnings" in line for line in said)
        assert any("team (slack) is told of nothing that could wait" in line for line in said)
        said = self.said(notify={"oncall": {**oncall, "min_severity": "info"}})
        assert not any("no channel is for warnings" in line or "calls anybody" in line for line in said)

    def test_where_what_is_critical_is_only_posted(self, tmp_path: Path) -> None:
        team = {"kind": "slack", "secret_url": secret(tmp_path, "slack", "https://hooks.example.com/services/T/B/X")}
        hook = {"kind": "webhook", "url": "https://hooks.example.com/wedtui"}
        said = self.said(notify={"team": team, "hook": hook})
        assert any(line.startswith("warning  notify: no channel calls anybody") for line in said)
        said = self.said(notify={"team": team, "hook": {**hook, "min_severity": "error"}})
        assert not any("calls anybody" in line for line in said)

    def test_who_calls_is_by_kind_or_by_what_it_is_told(self, tmp_path: Path) -> None:
        key = secret(tmp_path, "routing", "0" * 32)
        tables = {
            "oncall": {"kind": "pagerduty", "routing_key": key, "min_severity": "info"},
            "pager": {"kind": "webhook", "url": "https://hooks.example.com/p", "min_severity": "error"},
            "chat": {"kind": "webhook", "url": "https://hooks.example.com/c", "min_severity": "warning"},
        }
        assert reach_of(Configuration.model_validate({"notify": tables})).calls == {"oncall", "pager"}

    def test_a_key_that_is_none(self, tmp_path: Path) -> None:
        key = secret(tmp_path, "routing", "0123")
        first, *_ = self.said(notify={"oncall": {"kind": "pagerduty", "routing_key": key}})
        assert first.startswith("problem  notify: oncall: its routing key does not have 32 characters")
        assert "0123" not in first

    def test_a_secret_that_is_not_there(self, tmp_path: Path) -> None:
        hook = {**ROOT, "hmac_key": {"file": str(tmp_path / "none")}}
        first, *_others = self.said(notify={"chat": hook})
        assert first.startswith("problem  notify: chat: the file ")

    def test_what_anybody_can_read_on_the_way(self) -> None:
        plain = {"kind": "webhook", "url": "http://hooks.example.com/"}
        lines = self.said(notify={"chat": plain, "other": {**plain, "url": "http://127.0.0.1:9/"}})
        assert [line.startswith("warning  notify: chat is told over plain HTTP") for line in lines] == [
            True,
            False,
            False,
            False,
        ]
