"""Alerts of an Alertmanager or a Prometheus, taken in: they fire, go on, are over, and are never over by silence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.poller.test_alerts import FIRING, MONDAY, PENDING, RESOLVED
from tests.poller.told_elsewhere import INHIBITED, MINUTE, SECOND, SILENCED, Elsewhere, alert, elsewhere
from wedtui.cli.alerting import AlertDesk
from wedtui.config_alerts import AlertSourceSection
from wedtui.config_file import Loaded
from wedtui.core.alerts.memory import Reason
from wedtui.core.alerts.rule import Severity, Where
from wedtui.core.alerts.silences import Silence
from wedtui.core.observation import AlertsObservation
from wedtui.core.season import Protection
from wedtui.errors import ConfigurationError
from wedtui.ledger.ledger import Ledger
from wedtui.poller.alert_source_figures import AlertSourceFigures

Make = Callable[..., Elsewhere]


@pytest.fixture
def make(tmp_path: Path, places: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Elsewhere] = []
    # A server has a clock of its own, which no test moves.
    for room in ("wedtui.poller.alerts", "wedtui.ledger.silences"):
        monkeypatch.setattr(f"{room}.database_now", lambda _connection: made[-1].clock.now())

    def _make(**what: Any) -> Elsewhere:
        made.append(Elsewhere(tmp_path, elsewhere(**what)))
        return made[-1]

    yield _make
    for each in made:
        each.close()


def test_what_fires_there_fires_here_at_once_and_is_over_when_answers_lack_it(make: Make) -> None:
    watch = make(providers={"amazon": "aws"}, provider_label="cloud", service_label="app")
    watch.for_answers(20 * SECOND)
    assert watch.told() == []
    watch.for_answers(10 * SECOND, alert(cloud="amazon", app="rsvp"))
    found = watch.one()
    assert (found.rule, found.phase, found.severity, found.source) == (
        "central/Errors",
        FIRING,
        Severity.CRITICAL,
        "central",
    )
    assert dict(found.labels) == {
        "app": "rsvp",
        "cloud": "amazon",
        "guest_facing": "true",
        "provider": "aws",
        "service": "rsvp",
        "severity": "critical",
    }
    assert (found.since - (MONDAY - 5 * MINUTE)).total_seconds() == pytest.approx(0.123456)
    assert (found.said, found.runbook) == ("requests fail", "https://wiki.example.com/errors")
    assert watch.told() == ["trigger"]
    (notice,) = watch.notices()
    assert notice.sentence.startswith("central/Errors: requests fail, since 11:55:00 UTC; app=rsvp, cloud=amazon")
    # It goes on: nothing more is said, and nothing more is written of it.
    watch.for_answers(5 * MINUTE, alert(cloud="amazon", app="rsvp", summary="still"))
    assert (watch.one().said, watch.told()) == ("still", ["trigger"])
    watch.for_answers(60 * SECOND)
    assert watch.one().phase is FIRING
    watch.for_answers(20 * SECOND)
    assert (watch.one().phase, watch.told(), watch.kinds()) == (
        RESOLVED,
        ["trigger", "resolve"],
        ["firing", "escalated", "resolved"],
    )


@pytest.mark.parametrize("gap", [90, 150])
def test_an_alertmanager_that_was_started_anew_ends_nothing_until_it_has_been_told_again(make: Make, gap: int) -> None:
    # Prometheus sends an alert again every second evaluation, by what it ships with: every two minutes.
    watch = make(clear=AlertSourceSection.model_fields["clear"].default)
    watch.for_answers(MINUTE, alert())
    watch.for_answers(gap * SECOND)
    watch.for_answers(MINUTE, alert())
    assert (watch.one().phase, watch.told()) == (FIRING, ["trigger"])


def test_one_answer_that_lacks_it_ends_nothing_however_short_that_has_to_be(make: Make) -> None:
    watch = make(clear="1s")
    watch.for_answers(10 * SECOND, alert())
    watch.for_answers(10 * SECOND)
    # Rounds without a new answer say nothing new.
    watch.for_(5 * SECOND, every=SECOND)
    assert watch.one().phase is FIRING
    watch.for_answers(10 * SECOND, alert())
    watch.for_answers(10 * SECOND)
    assert watch.one().phase is FIRING
    watch.for_answers(10 * SECOND)
    assert watch.one().phase is RESOLVED
    watch.for_answers(10 * SECOND, alert())
    assert watch.one().phase is FIRING
    assert watch.told() == ["trigger", "resolve", "trigger"]


@pytest.mark.parametrize("answers", [True, False], ids=["it fails", "nobody asks"])
def test_what_fired_stays_while_the_source_does_not_answer_and_is_said_to_be_unknown(make: Make, answers: bool) -> None:
    watch = make()
    watch.for_answers(20 * SECOND, alert())
    then = watch.clock.at
    silent = watch.fails if answers else lambda: None
    watch.for_(MINUTE, silent)
    found = watch.one()
    assert (found.phase, found.measured_at, found.unknown_since) == (FIRING, then, then + 20 * SECOND)
    now = watch.now()
    (source,) = now.sources
    assert (source.fresh, source.answered_at, source.problem) == (False, then, "timed out after 5 s" if answers else "")
    assert now.unknown == 4  # the alert, whether its source answers and has all, a provider that nobody probes
    assert "central/Errors severity=critical" in now.unknown_named
    # For hours: it does not get better by that, and somebody is told that the source is silent.
    watch.for_(3 * timedelta(hours=1), silent, every=MINUTE / 2)
    assert watch.one().phase is FIRING
    assert "resolve" not in watch.told()
    (silent_source,) = watch.of_source()
    assert (silent_source.phase, silent_source.severity, silent_source.reason) == (
        FIRING,
        Severity.WARNING,
        Reason.NO_DATA,
    )
    # It answers again, and lacks it: only now, and not by the first answer.
    watch.for_answers(10 * SECOND)
    assert (watch.one().phase, watch.one().unknown_since) == (FIRING, None)
    watch.for_answers(70 * SECOND)
    assert watch.one().phase is RESOLVED
    assert [each.phase for each in watch.of_source()] == [RESOLVED]


def test_a_source_that_never_answered_is_unknown(make: Make) -> None:
    watch = make()
    watch.for_(20 * SECOND, watch.fails)
    now = watch.now()
    (source,) = now.sources
    assert (source.answered_at, source.fresh, source.problem) == (None, False, "timed out after 5 s")
    assert "sources/central source=central" in now.unknown_named
    watch.for_(3 * MINUTE, watch.fails)
    assert [each.reason for each in watch.of_source()] == [Reason.NO_DATA]


def test_a_restart_in_each_round_neither_forgets_nor_repeats(make: Make) -> None:
    watch = make()
    for _ in range(4):
        watch.begins()
        watch.for_answers(10 * SECOND, alert())
    key = watch.one().key
    for _ in range(6):
        watch.begins()
        watch.for_answers(10 * SECOND)
        assert (watch.one().key, watch.one().phase) == (key, FIRING)
    watch.begins()
    watch.for_answers(10 * SECOND)
    assert (watch.one().phase, watch.told()) == (RESOLVED, ["trigger", "resolve"])


def test_a_cache_begun_anew_or_another_address_resolves_nothing(make: Make) -> None:
    watch = make()
    watch.for_answers(20 * SECOND, alert())
    watch.begins(elsewhere(url="http://127.0.0.1:2"))
    watch.for_(5 * MINUTE)
    assert (watch.one().phase, watch.one().unknown_since is None) == (FIRING, False)
    assert "resolve" not in watch.told()


def test_a_source_that_is_taken_out_withdraws_its_alerts_and_resolves_none(make: Make) -> None:
    watch = make()
    watch.for_answers(20 * SECOND, alert())
    watch.begins(elsewhere(name="other"))
    watch.for_(10 * SECOND)
    assert watch.outside() == []
    assert watch.kinds() == ["firing", "withdrawn"]
    assert "resolve" not in watch.told()


def test_a_clock_that_is_set_back_neither_ends_nor_repeats(make: Make) -> None:
    watch = make()
    watch.for_answers(20 * SECOND, alert())
    watch.clock.at -= timedelta(hours=1)
    watch.for_answers(3 * MINUTE, alert())
    assert (watch.one().phase, watch.told()) == (FIRING, ["trigger"])
    watch.for_answers(80 * SECOND)
    assert (watch.one().phase, watch.told()) == (RESOLVED, ["trigger", "resolve"])


@pytest.mark.parametrize(("status", "word"), [(SILENCED, "silenced"), (INHIBITED, "inhibited")])
def test_what_is_hidden_there_is_shown_and_told_to_nobody_until_it_is_not(
    make: Make, status: dict[str, Any], word: str
) -> None:
    watch = make()
    watch.for_answers(MINUTE, alert(status=status))
    found = watch.one()
    assert (found.phase, found.told_at) == (FIRING, None)
    assert (found.silenced_by, found.inhibited_by) == (("central", "") if word == "silenced" else ("", "central"))
    assert watch.notices() == []
    watch.for_answers(10 * SECOND, alert())
    assert watch.told() == ["trigger"]
    (notice,) = watch.notices()
    assert notice.sentence.endswith(f"; until now {word} in central")
    assert (watch.one().silenced_by, watch.one().inhibited_by) == ("", "")
    # Hidden again: its row stays, nobody is called further, and its end is told.
    watch.for_answers(30 * MINUTE, alert(status=status))
    assert [each.key for each in watch.notices() if "/step/" in each.key] == []
    watch.for_answers(80 * SECOND)
    assert watch.told() == ["trigger", "resolve"]


def test_it_climbs_is_acknowledged_and_silenced_as_any_other(make: Make) -> None:
    watch = make()
    watch.for_answers(11 * MINUTE, alert())
    steps = [each for each in watch.notices() if "/step/" in each.key]
    assert len(steps) == 2
    key = watch.one().key
    assert key.isascii()
    ledger = Ledger(watch.stores.ledger_url)
    try:
        ledger.acknowledge_alert(key, by="ada", at=watch.clock.now(), reason="")
    finally:
        ledger.close()
    watch.for_answers(6 * MINUTE, alert())
    assert (watch.one().acknowledged_by, len([n for n in watch.notices() if n.event == "trigger"])) == ("ada", 3)


def test_silences_of_ours_hide_it_by_name_and_by_label(make: Make) -> None:
    watch = make()
    ledger = Ledger(watch.stores.ledger_url)
    now = watch.clock.now()
    asked = Silence(
        0, Where({"provider": ("aws",)}), ("central/Errors",), "moved", "ada", now, now + timedelta(hours=1)
    )
    try:
        loaded = Loaded(watch.configuration, None, {}, None, "")
        book = AlertDesk(loaded, watch.stores.cache_url, watch.stores.ledger_url).book()
        ledger.silence_alerts(asked, book, None)
        with pytest.raises(ConfigurationError, match='there is no rule "elsewhere/Errors"'):
            ledger.silence_alerts(Silence(0, Where(), ("elsewhere/Errors",), "x", "ada", now, asked.until), book, None)
    finally:
        ledger.close()
    watch.for_answers(30 * SECOND, alert(provider="aws"))
    assert (watch.one().silenced_by, watch.notices()) == ("ada", [])


def test_two_thousand_at_once_are_one_notification_and_each_is_there(make: Make) -> None:
    watch = make()
    many = [alert(f"Errors{n % 40}", "warning", pod=f"pod-{n}") for n in range(1999)]
    watch.for_answers(10 * SECOND, *many, alert("Gone", "page"))
    assert len(watch.outside()) == 2000
    (notice,) = watch.notices()
    assert notice.sentence.startswith("2,000 alerts at once, 1 of them critical: ")
    watch.for_answers(80 * SECOND)
    assert all(each.phase is RESOLVED for each in watch.outside())
    assert watch.told() == ["trigger", "resolve"]


def test_alerts_of_one_name_are_told_together(make: Make) -> None:
    watch = make()
    three = [alert(provider="aws", instance=f"i-{n}") for n in range(3)]
    watch.for_answers(10 * SECOND, *three)
    (notice,) = watch.notices()
    assert notice.sentence.startswith("3 alerts of central/Errors (provider=aws, service=): requests fail")


def test_the_same_alert_twice_in_an_answer_is_one(make: Make) -> None:
    watch = make()
    hidden, later = alert(status=SILENCED), alert(since=MONDAY - MINUTE)
    watch.for_answers(10 * SECOND, hidden, later, later)
    assert (len(watch.outside()), watch.told()) == (1, ["trigger"])
    assert watch.one().since < MONDAY - 4 * MINUTE


def test_what_has_no_name_no_severity_or_begins_in_the_future_is_taken_in_all_the_same(make: Make) -> None:
    watch = make()
    watch.for_answers(10 * SECOND, alert(None, None, since=MONDAY + timedelta(days=3), host="a"))
    found = watch.one()
    assert (found.rule, found.severity) == ("central/without a name", Severity.WARNING)
    assert found.since == watch.clock.at
    assert found.key.isprintable()
    assert " " not in found.key


def test_what_is_no_alert_by_its_severity_is_counted_and_not_taken(make: Make) -> None:
    watch = make()
    watch.for_answers(10 * SECOND, alert("InfoInhibitor", "none"), alert("Also", "NONE"))
    (source,) = watch.now().sources
    assert (watch.outside(), source.ignored, source.alerts) == ([], 2, 0)


def test_without_what_always_fires_nothing_is_over_and_that_is_an_alert(make: Make) -> None:
    watch = make(expects="Watchdog")
    always = alert("Watchdog", "none")
    watch.for_answers(20 * SECOND, alert(), always)
    assert [each.rule for each in watch.outside()] == ["central/Errors"]
    # An Alertmanager of which no Prometheus tells anything any more lets all run out.
    watch.for_answers(5 * MINUTE)
    assert (watch.one().phase, watch.one().unknown_since is None) == (FIRING, False)
    (missing,) = watch.of_source()
    assert (missing.phase, missing.severity, missing.condition) == (FIRING, Severity.CRITICAL, "expected_alert < 1")
    assert watch.told() == ["trigger", "trigger"]
    (source,) = watch.now().sources
    assert source.lacks == "Watchdog"
    watch.for_answers(80 * SECOND, always)
    assert watch.one().phase is RESOLVED
    assert [each.phase for each in watch.of_source()] == [RESOLVED]


def test_an_answer_of_which_a_part_cannot_be_used_ends_nothing(make: Make) -> None:
    watch = make()
    watch.for_answers(20 * SECOND, alert())
    broken: Any = {"labels": {"alertname": 7}}
    watch.for_answers(5 * MINUTE, alert("Other"), broken)
    assert [(each.rule, each.phase) for each in sorted(watch.outside(), key=lambda each: each.rule)] == [
        ("central/Errors", FIRING),
        ("central/Other", FIRING),
    ]
    (source,) = watch.now().sources
    assert (source.problem, source.fresh, source.whole) == ("told of 1 alert that cannot be used", True, False)
    (partial,) = [each for each in watch.now().alerts if each.rule == "sources/central/whole"]
    assert (partial.phase, partial.severity) == (FIRING, Severity.WARNING)
    assert partial.said.startswith("central: told of 1 alert that cannot be used; what fires there is not known")
    watch.for_answers(2 * MINUTE)
    assert all(each.phase is RESOLVED for each in watch.now().alerts)


def test_what_is_pending_in_a_prometheus_is_pending_here(make: Make) -> None:
    watch = make(kind="prometheus")

    def says(*states: str) -> None:
        entries = [
            {
                "labels": {"alertname": "Errors", "severity": "warning"},
                "annotations": {},
                "state": state,
                "activeAt": "2026-11-23T11:58:00.5Z",
                "value": "1.5e+00",
            }
            for state in states
        ]
        watch.body(json.dumps({"status": "success", "data": {"alerts": entries}}).encode())

    watch.for_(10 * SECOND, lambda: says("pending"))
    assert (watch.one().phase, watch.one().value, watch.told()) == (PENDING, 1.5, [])
    watch.for_(10 * SECOND, says)
    assert watch.outside() == []
    watch.for_(10 * SECOND, lambda: says("pending"))
    watch.for_(10 * SECOND, lambda: says("firing"))
    assert (watch.one().phase, watch.told()) == (FIRING, ["trigger"])
    # It began anew there before anybody here saw that it was over.
    watch.for_(5 * MINUTE, lambda: says("pending"))
    assert (watch.one().phase, watch.told()) == (FIRING, ["trigger"])
    watch.for_(80 * SECOND, says)
    assert watch.told() == ["trigger", "resolve"]


def test_what_guests_see_is_critical_while_nobody_knows_that_none_marries(make: Make) -> None:
    watch = make()
    watch.level = Protection.NORMAL
    watch.for_answers(10 * SECOND, alert(severity="warning", service="rsvp"), alert(severity="warning", service="x"))
    assert {dict(each.labels)["service"]: each.severity for each in watch.outside()} == {
        "rsvp": Severity.CRITICAL,
        "x": Severity.WARNING,
    }


def test_an_older_answer_never_takes_the_place_of_a_newer_one(make: Make) -> None:
    watch = make()
    watch.for_answers(20 * SECOND, alert())
    # Another service asked before this one, and stores what it was told only now.
    watch.cache().record([AlertsObservation("central", watch.clock.now() - 30 * SECOND, alerts=())])
    watch.cache().record([AlertsObservation("central", watch.clock.now() - 30 * SECOND, problem="timed out")])
    watch.for_(SECOND, every=SECOND)
    (source,) = watch.now().sources
    assert (source.alerts, source.problem, source.answered_at) == (1, "", watch.clock.now() - SECOND)


def test_a_member_of_a_cluster_that_is_away_is_said_and_leaves_the_answer_whole(make: Make) -> None:
    watch = make()
    watch.answers(alert())
    seen = AlertsObservation("central", watch.clock.now(), alerts=(), beside="b:9093: connection refused")
    watch.cache().record([replace(seen, at=seen.at + SECOND)])
    watch.for_(2 * SECOND, every=SECOND)
    (source,) = watch.now().sources
    assert (source.whole, source.is_known, source.problem) == (True, True, "b:9093: connection refused")
    watch.cache().record([replace(seen, at=seen.at + 2 * SECOND, problem="told of 1 alert that cannot be used")])
    watch.for_(SECOND, every=SECOND)
    (source,) = watch.now().sources
    assert (source.whole, source.problem) == (
        False,
        "told of 1 alert that cannot be used; b:9093: connection refused",
    )


def figures(of: AlertSourceFigures) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(of)
    samples = (sample for metric in registry.collect() for sample in metric.samples)
    return {sample.name.removeprefix("wedtui_alert_source_"): sample.value for sample in samples}


def test_how_well_a_source_tells_is_a_figure(make: Make) -> None:
    watch = make(expects="Watchdog")
    of = AlertSourceFigures(watch.configuration, watch.stores.cache_url, watch.clock)
    # It was never read, and never answered: it has no age.
    assert figures(of) == {"known": 0}
    watch.for_(SECOND, every=SECOND)
    of.read()
    assert figures(of) == {"known": 0}
    watch.answers(alert("Watchdog"), alert())
    of.read()
    watch.clock.at += 5 * SECOND
    assert figures(of) == {"known": 1, "age_seconds": 5}
    # An attempt that failed is no answer; whatever stands in the cache grows old.
    watch.fails()
    of.read()
    assert figures(of) == {"known": 1, "age_seconds": 5}
    watch.clock.at += MINUTE
    assert figures(of) == {"known": 0, "age_seconds": 65}
    for told in ([alert()], [alert("Watchdog"), 7]):
        watch.answers(*told)
        of.read()
        assert figures(of) == {"known": 0, "age_seconds": 0}
    of.close()


def test_a_source_that_answers_now_and_then_is_a_warning(make: Make) -> None:
    watch = make()
    for _ in range(5):
        watch.answers(alert())
        watch.for_(MINUTE)
    (seldom,) = [each for each in watch.now().alerts if each.rule == "sources/central/whole"]
    assert (seldom.phase, seldom.severity) == (FIRING, Severity.WARNING)
    watch.answers(alert())
    watch.for_(SECOND, every=SECOND)
    (seldom,) = [each for each in watch.now().alerts if each.rule == "sources/central/whole"]
    assert "now and then" in seldom.said
    watch.for_answers(30 * SECOND, alert())
    (seldom,) = [each for each in watch.now().alerts if each.rule == "sources/central/whole"]
    assert seldom.phase is RESOLVED


def test_how_grave_it_is_that_a_source_does_not_answer_can_be_said(make: Make) -> None:
    watch = make(unanswered="critical")
    watch.for_(MINUTE, watch.fails)
    assert [(each.phase, each.severity) for each in watch.of_source()] == [(PENDING, Severity.CRITICAL)]
    watch.for_(2 * MINUTE, watch.fails)
    assert [(each.phase, each.severity) for each in watch.of_source()] == [(FIRING, Severity.CRITICAL)]


def test_what_is_pending_for_want_of_an_answer_is_as_grave_as_it_will_be(make: Make) -> None:
    watch = make()
    watch.for_(MINUTE, watch.fails)
    assert [(each.phase, each.severity) for each in watch.of_source()] == [(PENDING, Severity.WARNING)]


def test_it_flaps_as_any_other(make: Make) -> None:
    watch = make(clear="1s")
    for _ in range(5):
        watch.for_answers(20 * SECOND, alert())
        watch.for_answers(30 * SECOND)
    assert watch.one().flaps == 4
    assert sum("flaps" in each.sentence and each.event == "trigger" for each in watch.notices()) == 1
