"""What other systems answer of their alerts: bounded, cleaned, and never taken for less than it says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.poller.told_elsewhere import SILENCED, alert
from tests.providers.faults import Exchange, Fault, FaultServer, answer, close, flood, refusing_port, then_hang
from tests.providers.test_prometheus import StillClock, as_json, recorded
from wedtui.config_alerts import AlertSourceSection
from wedtui.core.alerts.rule import Severity
from wedtui.core.observation import AlertsObservation
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.alert_answers import ALERTS_AT_MOST, LABELS_AT_MOST, Told, parse
from wedtui.providers.alert_sources import AlertSourceTarget
from wedtui.providers.web import Answer

ALERTMANAGER, PROMETHEUS = "/api/v2/alerts", "/api/v1/alerts"


def section(url: str = "http://127.0.0.1:1", **more: Any) -> AlertSourceSection:
    given = {"name": "central", "kind": "alertmanager", "url": url, "timeout": "5s", "retries": 0, **more}
    return AlertSourceSection.model_validate(given)


def asked(url: str, **more: Any) -> AlertsObservation:
    async def once() -> AlertsObservation:
        target = AlertSourceTarget(section(url, **more), frozenset(), StillClock())
        try:
            (seen,) = await target.observe()
        finally:
            await target.close()
        return seen

    return asyncio.run(once())


def answered(fault: Fault, **more: Any) -> AlertsObservation:
    path = PROMETHEUS if more.get("kind") == "prometheus" else ALERTMANAGER
    with FaultServer({path: fault}) as server:
        return asked(server.url(), **more)


def told(*alerts: Any, services: frozenset[str] = frozenset(), **more: Any) -> Told:
    return parse(section(**more), services, Answer(200, httpx.Headers(), json.dumps(alerts).encode()))


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (answer(b"", status="401 Unauthorized"), "refused the credentials (status 401): check bearer_token or headers"),
        (as_json("no", status="403 Forbidden"), "refused the credentials (status 403): check bearer_token or headers"),
        (as_json("slow down", status="429 Too Many Requests"), "asks to be asked less often (status 429)"),
        (as_json("it broke", status="500 Internal Server Error"), "it broke (status 500)"),
        (as_json([alert()], status="500 Internal Server Error"), "answered with status 500, expected 200"),
        (
            answer(b"oops", status="500 Internal Server Error"),
            "answered with something that is not JSON (status 500)",
        ),
        (answer(b"", status="503 Service Unavailable"), "is not ready (status 503)"),
        (answer(b"<html>"), "answered with something that is not JSON (status 200)"),
        (answer(b"[" * 200_000), "answered with something that is not JSON (status 200)"),
        (as_json({"status": "success", "data": []}), "answered with JSON that is not an Alertmanager's"),
        (as_json("x"), "answered with JSON that is not an Alertmanager's"),
        (
            answer(b"", status="302 Found", headers={"Location": "/login"}),
            "answered with a redirect (status 302), which is not followed: configure the address that it leads to",
        ),
        (flood, "answered with more than 16 MB"),
        (close, "connection closed before its answer was complete"),
    ],
)
def test_what_is_no_answer_tells_nothing_of_alerts(fault: Fault, problem: str) -> None:
    seen = answered(fault)
    assert (seen.alerts, seen.problem) == (None, problem)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (as_json(recorded("openapi_alerts", "default tsdbNotReady")), "internal: TSDB not ready"),
        (as_json([alert()]), "answered with JSON that is not a Prometheus server's"),
        (as_json({"status": "success", "data": {}}), "answered with JSON that is not a Prometheus server's"),
        (
            as_json({"status": "success", "data": {"alerts": []}, "warnings": ["store eu: no answer"]}),
            "partial data: store eu: no answer",
        ),
    ],
)
def test_what_is_no_answer_of_a_prometheus_tells_nothing_of_alerts(fault: Fault, problem: str) -> None:
    seen = answered(fault, kind="prometheus")
    assert (seen.alerts, seen.problem) == (None, problem)


def test_one_that_hangs_or_refuses_tells_nothing_of_alerts() -> None:
    assert answered(then_hang(), timeout="150ms").problem == "timed out after 0.15 s"
    with refusing_port() as port:
        assert asked(f"http://127.0.0.1:{port}").problem == "connection refused"


def test_it_is_asked_again_with_its_credentials_and_for_all_that_is_hidden_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("tell-nobody\n")
    with FaultServer({f"/am{ALERTMANAGER}": as_json([])}) as server:
        seen = asked(server.url("/am/"), bearer_token={"file": tmp_path / "token"}, headers={"X-Scope-OrgID": "w"})
        (request,) = server.requests
    assert (seen.alerts, seen.problem) == ((), None)
    assert request.target == f"/am{ALERTMANAGER}?active=true&silenced=true&inhibited=true"
    assert (request.headers["authorization"], request.headers["x-scope-orgid"]) == ("Bearer tell-nobody", "w")


BROKEN = as_json("it broke", status="500 Internal Server Error")
WATCHDOG = alert("Watchdog", "none")


@contextmanager
def members(*faults: Fault | None) -> Iterator[tuple[list[str], list[FaultServer]]]:
    """Run the members of a cluster; in place of None there is nobody."""
    with ExitStack() as stack:
        servers = [stack.enter_context(FaultServer({ALERTMANAGER: fault})) for fault in faults if fault is not None]
        running = iter(servers)
        urls = [
            f"http://127.0.0.1:{stack.enter_context(refusing_port())}" if fault is None else next(running).url()
            for fault in faults
        ]
        yield urls, servers


def place(url: str) -> str:
    return url.removeprefix("http://").rstrip("/")


def test_of_a_cluster_the_first_that_answers_well_is_taken_and_the_others_are_not_asked() -> None:
    with members(None, BROKEN, as_json([alert("B")]), as_json([alert("C")])) as (urls, servers):
        seen = asked(urls[0], urls=urls[1:])
        requests = [len(each.requests) for each in servers]
    assert ([each.name for each in seen.alerts or ()], seen.problem, requests) == (["B"], None, [1, 1, 0])
    assert seen.beside == f"{place(urls[0])}: connection refused; {place(urls[1])}: it broke (status 500)"


def test_a_cluster_of_which_nobody_answers_tells_nothing_and_says_why_of_each() -> None:
    with members(None, BROKEN) as (urls, _):
        seen = asked(urls[0], urls=urls[1:])
    said = f"{place(urls[0])}: connection refused; {place(urls[1])}: it broke (status 500)"
    assert (seen.alerts, seen.problem, seen.beside) == (None, said, "")


@pytest.mark.parametrize(
    ("doubtful", "why"),
    [([alert("A")], "Watchdog does not fire there"), ([WATCHDOG, 7], "told of 1 alert that cannot be used")],
)
def test_a_member_that_does_not_tell_all_is_taken_only_where_none_does(doubtful: list[Any], why: str) -> None:
    with members(as_json(doubtful), as_json([alert("B"), WATCHDOG])) as (urls, _):
        seen = asked(urls[0], urls=urls[1:], expects="Watchdog")
        assert ([each.name for each in seen.alerts or ()], seen.expected, seen.problem) == (["B"], True, None)
        assert seen.beside == f"{place(urls[0])}: {why}"
    with members(None, as_json(doubtful), BROKEN) as (urls, _):
        seen = asked(urls[0], urls=urls[1:], expects="Watchdog")
    assert seen.alerts is not None
    assert (seen.expected, seen.problem) == ((False, None) if 7 not in doubtful else (True, why))
    assert seen.beside == f"{place(urls[0])}: connection refused; {place(urls[2])}: it broke (status 500)"


class PushedClock:
    """One that is put forward while somebody waits for an answer."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._still = StillClock()

    def now(self) -> datetime:
        return self._still.now() + self.ahead

    def monotonic(self) -> float:
        return self._still.monotonic()


def test_an_answer_is_as_of_when_that_member_was_asked_and_all_have_the_time_to_give_one() -> None:
    clock = PushedClock()

    def late(exchange: Exchange) -> None:
        clock.ahead = timedelta(seconds=20)
        BROKEN(exchange)

    async def once(urls: list[str]) -> None:
        target = AlertSourceTarget(section(urls[0], urls=urls[1:]), frozenset(), clock)
        alone = AlertSourceTarget(section(urls[0]), frozenset(), clock)
        (seen,) = await target.observe()
        assert seen.at == StillClock().now() + timedelta(seconds=20)
        assert target.schedule.deadline == 2 * alone.schedule.deadline
        await asyncio.gather(target.close(), alone.close())

    with members(late, as_json([])) as (urls, _):
        asyncio.run(once(urls))


def test_two_members_behind_one_host_are_told_apart() -> None:
    seen = answered(BROKEN, urls=["http://127.0.0.1:1/a", "http://127.0.0.1:1/b"])
    assert "; 127.0.0.1:1 (2): connection refused; 127.0.0.1:1 (3): connection refused" in str(seen.problem)


def test_filters_are_sent_and_what_always_fires_is_asked_for_beside_them() -> None:
    filters = ['severity=~"critical|warning"', 'team!="a&b"']
    with FaultServer({ALERTMANAGER: as_json([])}) as server:
        asked(server.url(), filters=filters)
        asked(server.url(), filters=filters, expects={"alertname": "Watchdog", "cluster": 'e"u'})
        questions = [parse_qs(urlsplit(each.target).query) for each in server.requests]
    every = {name: ["true"] for name in ("active", "silenced", "inhibited")}
    always = ['alertname="Watchdog"', 'cluster="e\\"u"']
    assert questions == [{**every, "filter": each} for each in (filters, filters, always)]


def test_where_what_always_fires_cannot_be_asked_for_nothing_is_known() -> None:
    answers = iter([as_json([alert()]), BROKEN])

    def one_by_one(exchange: Exchange) -> None:
        next(answers)(exchange)

    seen = answered(one_by_one, filters=['a="b"'], expects="Watchdog")
    assert (seen.alerts, seen.problem) == (None, "it broke (status 500)")


def test_the_example_of_the_documentation() -> None:
    seen = answered(as_json(recorded("openapi_alerts", "200 activeAlerts")), kind="prometheus")
    (found,) = seen.alerts or ()
    assert (found.name, found.severity, found.firing, found.value) == ("Watchdog", Severity.WARNING, True, 1.0)
    assert found.since == datetime(2026, 1, 2, 13, 30, tzinfo=UTC)
    assert found.said == "Ensure entire alerting pipeline is functional"
    seen = answered(as_json(recorded("openapi_alerts", "200 activeAlerts")), kind="prometheus", expects="Watchdog")
    assert (seen.alerts, seen.expected) == ((), True)


@pytest.mark.parametrize(
    ("said", "severity"),
    [("critical", "critical"), ("PAGE", "critical"), ("info", "warning"), ("odd", "warning"), (None, "warning")]
    + [(each, "critical") for each in ("emergency", "Fatal", "P1", "sev1", "error", "disaster")],
)
def test_severities_are_mapped_and_others_are_a_warning(said: str | None, severity: str) -> None:
    (found,) = told(alert(severity=said)).alerts
    assert found.severity == severity


def test_severities_and_what_others_are_can_be_configured() -> None:
    severities = {"P1": "critical", "info": "none"}
    alerts = [alert(severity="p1"), alert("B", "info"), alert("C", None), alert("D", "none"), alert("E", "page")]
    found = told(*alerts, severities=severities, default_severity="critical")
    assert {each.name: each.severity.value for each in found.alerts} == dict.fromkeys(("Errors", "C", "E"), "critical")
    assert found.ignored == 2


def test_labels_are_ours_beside_theirs() -> None:
    found = told(
        alert(cloud="google", app="rsvp"),
        alert("B", cloud="elsewhere", app="jobs"),
        provider_label="cloud",
        providers={"google": "gcp"},
        service_label="app",
        services=frozenset({"rsvp"}),
    )
    named = {each.name: dict(each.labels) for each in found.alerts}
    first, second = named["Errors"], named["B"]
    assert (first["provider"], first["service"], first["guest_facing"]) == ("gcp", "rsvp", "true")
    assert (second["provider"], second["service"], "guest_facing" in second) == ("elsewhere", "jobs", False)


@pytest.mark.parametrize(
    ("theirs", "mapping"),
    [
        ([{"app": "rsvp", "service": "canary"}, {"app": "rsvp", "service": "main"}], {"service_label": "app"}),
        ([{"provider": "amazon"}, {"provider": "amazon-eu"}], {"providers": {"amazon": "aws", "amazon-eu": "aws"}}),
        ([{"provider": "amazon"}, {"provider": "aws"}], {"providers": {"amazon": "aws"}}),
        ([{"cloud": "x", "provider": "p1"}, {"cloud": "x", "provider": "p2"}], {"provider_label": "cloud"}),
        ([{"service": "rsvp", "guest_facing": "false"}, {"service": "rsvp", "guest_facing": "no"}], {}),
    ],
)
def test_what_a_label_of_theirs_told_apart_stays_apart_where_it_is_mapped(
    theirs: list[dict[str, Any]], mapping: dict[str, Any]
) -> None:
    found = told(*(alert(**each) for each in theirs), services=frozenset({"rsvp"}), **mapping)
    assert len(found.alerts) == 2
    again = told(*(alert(**each) for each in reversed(theirs)), services=frozenset({"rsvp"}), **mapping)
    assert set(again.alerts) == set(found.alerts)


TWO = [{"alertname": "Watchdog", "cluster": "eu"}, {"alertname": "Watchdog", "cluster": "us"}]


@pytest.mark.parametrize(
    ("there", "expected"), [(["eu", "us"], True), (["eu"], False), (["us", "us"], False), ([], False)]
)
def test_of_several_that_always_fire_each_has_to(there: list[str], expected: bool) -> None:
    found = told(*(alert("Watchdog", "none", cluster=each) for each in there), alert(), expects=TWO)
    assert (found.expected, [each.name for each in found.alerts]) == (expected, ["Errors"])


def test_one_that_always_fires_may_be_named_by_its_labels_and_others_of_its_name_stay_alerts() -> None:
    found = told(alert("Watchdog", cluster="eu"), alert("Watchdog", cluster="other"), expects=TWO[:1])
    assert (found.expected, [dict(each.labels)["cluster"] for each in found.alerts]) == (True, ["other"])


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("https://a/runbook.md?plain=1#alert-name-kube", "https://a/runbook.md?plain=1#alert-name-kube"),
        ("https://me:tell-nobody@a/x", "https://a/x"),
        ("https://a/x?token=tell-nobody&y=2", "https://a/x?token=***&y=2"),
        ("https://a/x?y=ghp_0123456789abcdefghij", "https://a/x?y=***"),
        ("https://a/x#access_token=tell-nobody", "https://a/x"),
        ("javascript:alert(1)//", ""),
        ("file:///etc/passwd", ""),
        ("see the wiki", ""),
        ("https://[a/", ""),
        (f"https://a/{'x' * 3000}", ""),
        ("https://a/\x1b[2J", ""),
    ],
    ids=lambda each: str(each)[:40],
)
def test_an_address_of_what_to_do_is_kept_as_a_browser_needs_it(theirs: str, ours: str) -> None:
    wanted = {**alert(), "generatorURL": theirs, "annotations": {"runbook_url": theirs}}
    (found,) = told(wanted).alerts
    assert (found.runbook, found.link) == (ours, ours)


def test_what_is_over_by_its_own_word_is_taken_and_makes_the_answer_doubtful() -> None:
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    old, new = (
        {**alert(each), "endsAt": ends} for each, ends in (("A", "2026-11-23T11:50:00Z"), ("B", at.isoformat()))
    )
    found = parse(section(), frozenset(), Answer(200, httpx.Headers(), json.dumps([old, new]).encode()), at)
    assert [each.name for each in found.alerts] == ["A", "B"]
    assert found.problem == "told of 1 alert that was over by then: it may be an old copy, or a clock is wrong"


def test_labels_that_cannot_be_shown_are_made_so_and_stay_apart() -> None:
    nasty = "\x1b[2J\x00\n" + "x" * 500
    found = told(alert(pod=nasty + "a"), alert(pod=nasty + "b"), alert("n\x07" * 90, pod="c"))
    assert len(found.alerts) == 3
    assert len({(each.name, each.labels) for each in found.alerts}) == 3
    for each in found.alerts:
        assert each.name.isprintable()
        assert len(each.name) <= 80
        for name, value in each.labels:
            assert (name + value).isprintable()
            assert len(value) <= 200
    # The same at the next look: they are the same alerts.
    assert told(alert(pod=nasty + "a")).alerts[0] in found.alerts


def test_a_secret_in_an_address_is_not_kept() -> None:
    (found,) = told(alert(url="https://me:secret@example.com/?token=secret", summary="see https://a:secret@b/")).alerts
    assert "secret" not in str(found)


def test_so_many_labels_are_cut_and_stay_apart() -> None:
    many: dict[str, Any] = {f"l{n:03}": "x" for n in range(200)}
    found = told(alert(**many), alert(**{**many, "l199": "y"}))
    assert len(found.alerts) == 2
    assert all(len(each.labels) <= LABELS_AT_MOST + 1 for each in found.alerts)


def test_more_than_are_taken_are_counted_and_the_gravest_stay() -> None:
    many = [alert("Slow", "warning", n=str(n)) for n in range(ALERTS_AT_MOST + 6)]
    found = told(*many, alert("Gone"))
    assert (len(found.alerts), found.cut, found.alerts[0].name) == (ALERTS_AT_MOST, 7, "Gone")
    assert found.problem == "told of 7 alerts more than the 5,000 that are taken"


@pytest.mark.parametrize(
    "broken",
    [None, 7, [], {}, {"labels": None}, {"labels": {"alertname": 7}}, {"labels": [["alertname", "x"]]}],
)
def test_one_that_cannot_be_used_leaves_the_others(broken: Any) -> None:
    found = told(alert(), broken)
    assert ([each.name for each in found.alerts], found.unusable) == (["Errors"], 1)
    assert found.problem == "told of 1 alert that cannot be used"


def test_a_state_that_a_prometheus_does_not_have_cannot_be_used() -> None:
    body = {"status": "success", "data": {"alerts": [{"labels": {"alertname": "x"}, "state": "inactive"}]}}
    found = parse(section(kind="prometheus"), frozenset(), Answer(200, httpx.Headers(), json.dumps(body).encode()))
    assert (found.alerts, found.unusable) == ((), 1)


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "yesterday", "2026-11-23T12:00:00", 7, None, "9" * 400])
def test_a_beginning_that_is_none_is_not_believed(since: Any) -> None:
    (found,) = told({**alert(), "startsAt": since}).alerts
    assert found.since is None


def test_twice_the_same_is_the_worse_of_both() -> None:
    first, second = alert(status=SILENCED, since=datetime(2026, 1, 1, tzinfo=UTC)), alert()
    (found,) = told(second, first).alerts
    assert (found.hidden, found.since) == ("", datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["labels", "annotations", "startsAt", "status", "state", "alertname", "data", "alerts", "value"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["alertmanager", "prometheus"]))
def test_whatever_is_answered_is_taken_or_refused_in_words(body: Any, kind: str) -> None:
    reply = Answer(200, httpx.Headers(), json.dumps(body).encode())
    try:
        found, refused = parse(section(kind=kind), frozenset(), reply), "no"
    except ProviderUnavailableError as error:
        found, refused = Told(()), str(error)
    assert refused.isprintable()
    for each in found.alerts:
        assert each.name
        assert all(name and value for name, value in each.labels)
