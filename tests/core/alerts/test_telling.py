"""What people are told of alerts: case by case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.core.alerts.stage import CRITICAL, MINUTE, SECOND, WARNING, Stage, at, ends, named, silence, stage, triggers
from tests.core.alerts.world import START
from wedtui.core.alerts.rule import Inhibition
from wedtui.core.alerts.telling import (
    FLAP_STEADY,
    FLAPS_FROM,
    GROUP_WAIT,
    STORM_FROM,
    STORM_WINDOW,
    Telling,
    acknowledgements,
    telling_document,
    telling_of,
)
from wedtui.core.alerts.told import Hidden
from wedtui.core.alerts.track import labels_of
from wedtui.core.notify import Event, Level

(ONE,) = at(1)
A, B, C, D = (labels_of({"provider": "aws", "host": host}) for host in "abcd")
GROUPED = named("errors", group=("provider",))
HOURS = timedelta(hours=1)


def test_an_episode_begins_once_and_ends_once() -> None:
    found = stage(named("errors", route="platform", runbook="https://wiki.example.com/errors"))
    key = found.begin("errors", ONE, value=0.0731)
    assert found.round() == [f"!{key}"]
    told = found.newest
    assert told.severity is Level.CRITICAL
    assert told.sentence == "errors (host=1): error_rate > 5% (measured: 0.0731), since 12:00:00 UTC"
    assert told.details == {
        "rule": "errors",
        "labels": "host=1",
        "severity": "critical",
        "value": 0.0731,
        "since": "2026-06-20T12:00:00.000000Z",
        "reason": "condition",
        "episode": key,
        "condition": "error_rate > 5%",
        "runbook": "https://wiki.example.com/errors",
        "route": "platform",
    }
    assert [found.round(MINUTE), found.round(MINUTE)] == [[], []]
    found.end("errors", ONE)
    assert found.round() == [f".{key}"]
    assert (found.newest.severity, found.newest.sentence) == (Level.INFO, "errors (host=1) is over")
    assert found.round(MINUTE) == []
    assert found.telling.bundles == ()


def test_the_next_episode_has_a_key_of_its_own() -> None:
    found = stage()
    first = found.begin("errors", ONE)
    found.round()
    found.end("errors", ONE)
    found.now += MINUTE
    second = found.begin("errors", ONE)
    assert found.round() == [f"!{second}", f".{first}"]


def test_a_warning_is_a_warning() -> None:
    found = stage()
    found.begin("errors", ONE, WARNING)
    found.round()
    assert found.newest.severity is Level.WARNING


def test_what_became_critical_is_told_again_and_both_end() -> None:
    found = stage()
    key = found.begin("errors", ONE, WARNING)
    found.round()
    found.raised("errors", ONE)
    assert found.round(SECOND) == [f"!{key}/critical"]
    assert found.newest.severity is Level.CRITICAL
    assert "critical now, and told as a warning before" in found.newest.sentence
    assert found.round(MINUTE) == []
    found.end("errors", ONE)
    assert found.round() == [f".{key}", f".{key}/critical"]


def test_what_came_and_went_between_two_rounds_is_told_with_its_end() -> None:
    found = stage()
    key = found.begin("errors", ONE)
    found.end("errors", ONE)
    second = found.begin("errors", ONE)
    assert found.round() == [f"!{key}", f"!{second}", f".{key}"]
    assert "and over by now" in found.told[0].sentence


class TestGroup:
    def test_the_first_never_waits_and_who_joins_is_told_together(self) -> None:
        found = stage(GROUPED)
        first = found.begin("errors", A)
        assert found.round() == [f"!{first}"]
        second = found.begin("errors", B)
        assert found.round(SECOND) == []
        assert found.untold(None) == 1
        third = found.begin("errors", C)
        assert found.round(GROUP_WAIT - SECOND) == []
        assert found.round(SECOND) == [f"!{second}"]
        assert "2 alerts of errors (provider=aws)" in found.newest.sentence
        assert "host=b, provider=aws and host=c, provider=aws" in found.newest.sentence
        assert "1 of this group were told before" in found.newest.sentence
        for labels in (A, B):
            found.end("errors", labels)
        assert found.round(MINUTE) == [f".{first}"]
        found.end("errors", C)
        assert found.round(MINUTE) == [f".{second}"]
        assert found.newest.sentence == "the last of 2 alerts of errors (provider=aws) is over"
        assert third not in {each.key for each in found.told}

    def test_what_begins_together_is_told_together(self) -> None:
        found = stage(GROUPED)
        keys = [found.begin("errors", labels) for labels in (A, B, C)]
        assert found.round() == [f"!{keys[0]}"]
        assert found.newest.details["alerts"] == 3

    def test_its_first_critical_one_never_waits(self) -> None:
        found = stage(GROUPED)
        found.begin("errors", A, WARNING)
        found.round()
        found.begin("errors", B, WARNING)
        assert found.round(SECOND) == []
        grave = found.begin("errors", C)
        assert found.round(SECOND) == [f"!{grave}"]
        assert found.newest.details["alerts"] == 2

    def test_what_was_raised_in_a_group_that_was_only_posted_never_waits(self) -> None:
        found = stage(GROUPED)
        keys = [found.begin("errors", labels, WARNING) for labels in (A, B)]
        found.round()
        found.raised("errors", B)
        assert found.round(SECOND) == [f"!{keys[1]}/critical"]

    def test_who_is_over_while_it_waits_is_told_with_its_end(self) -> None:
        found = stage(GROUPED)
        found.begin("errors", A)
        found.round()
        key = found.begin("errors", B)
        found.round(SECOND)
        found.end("errors", B)
        assert found.round(SECOND) == []
        assert found.round(GROUP_WAIT) == [f"!{key}", f".{key}"]

    def test_another_group_and_another_rule_wait_for_nobody(self) -> None:
        found = stage(GROUPED, named("down", group=("provider",)))
        found.begin("errors", A)
        found.round()
        gcp = found.begin("errors", labels_of({"provider": "gcp"}))
        down = found.begin("down", A)
        assert found.round(SECOND) == [f"!{gcp}", f"!{down}"]


class TestInhibition:
    RULES = (named("down"), named("errors", inhibit=Inhibition(("down",), ("host",))))

    def test_what_is_hidden_is_told_when_what_hid_it_is_over(self) -> None:
        found = stage(*self.RULES)
        down = found.begin("down", ONE)
        errors = found.begin("errors", ONE)
        assert found.round() == [f"!{down}"]
        assert found.untold(Hidden.INHIBITED) == 1
        found.end("down", ONE)
        assert found.round(MINUTE) == [f"!{errors}", f".{down}"]
        assert "; until now hidden by down" in found.told[-2].sentence
        assert found.untold(Hidden.INHIBITED) == 0

    def test_what_is_over_while_it_is_hidden_was_told_to_nobody_and_is_counted(self) -> None:
        found = stage(*self.RULES)
        down = found.begin("down", ONE)
        found.begin("errors", ONE)
        found.round()
        found.end("errors", ONE)
        assert found.round(MINUTE) == []
        assert (found.telling.inhibited, found.telling.untold) == (1, ())
        found.end("down", ONE)
        assert found.round(MINUTE) == [f".{down}"]

    def test_both_over_in_one_round(self) -> None:
        found = stage(*self.RULES)
        down = found.begin("down", ONE)
        found.begin("errors", ONE)
        found.round()
        found.end("errors", ONE)
        found.end("down", ONE)
        assert found.round(MINUTE) == [f".{down}"]
        assert found.telling.inhibited == 1

    def test_the_end_of_what_was_told_is_never_hidden(self) -> None:
        found = stage(*self.RULES)
        errors = found.begin("errors", ONE)
        found.round()
        found.begin("down", ONE)
        found.end("errors", ONE)
        assert f".{errors}" in found.round(MINUTE)


class TestTaken:
    """Somebody who saw it on a screen has what nobody was called for yet."""

    def test_nobody_is_called_until_they_have_it_no_more(self) -> None:
        found = stage(GROUPED)
        first = found.begin("errors", A)
        assert found.round() == [f"!{first}"]
        second = found.begin("errors", B)
        found.take("errors", B, "ada")
        third = found.begin("errors", C)
        assert found.round(GROUP_WAIT) == []
        assert found.untold(Hidden.TAKEN) == 1
        assert found.round(GROUP_WAIT) == [f"!{third}"]
        found.take("errors", B, "")
        assert found.round(SECOND) == [f"!{second}"]
        assert "; until now taken by ada" in found.newest.sentence

    def test_what_is_over_by_then_is_told_nobody(self) -> None:
        found = stage()
        found.begin("errors", ONE)
        found.take("errors", ONE, "ada")
        assert found.round() == []
        found.end("errors", ONE)
        assert found.round(MINUTE) == []
        assert (found.telling.untold, found.telling.taken) == ((), 1)
        assert (found.telling.silenced, found.telling.inhibited) == (0, 0)

    def test_an_older_version_can_read_what_is_remembered(self) -> None:
        found = stage(named("errors"), named("down"))
        found.silences = [silence(START + HOURS, rules=("down",))]
        for rule in ("errors", "down"):
            found.begin(rule, ONE)
        found.take("errors", ONE, "ada")
        found.round()
        assert (found.untold(Hidden.TAKEN), found.untold(Hidden.SILENCED)) == (1, 1)
        written = telling_document(found.telling)["untold"]
        assert [each.get("hidden") for each in written] == [None, "silenced"]

    @pytest.mark.parametrize("ended", ["is over", "is over and begins anew", "its rule is gone"])
    def test_what_ends_after_a_restart_is_counted(self, ended: str) -> None:
        found = stage()
        found.begin("errors", ONE)
        found.take("errors", ONE, "ada")
        found.round()
        anew: list[str] = []
        if ended == "its rule is gone":
            found.withdraw("errors")
        else:
            found.end("errors", ONE)
        if ended == "is over and begins anew":
            anew = [f"!{found.begin('errors', ONE)}"]
        assert found.round(MINUTE) == anew
        assert (found.telling.untold, found.telling.taken) == ((), 1)

    def test_what_an_older_version_did_not_count_is_none(self) -> None:
        written = telling_document(Telling(taken=2))
        assert telling_of(written).taken == 2
        del written["taken"]
        assert telling_of(written).taken == 0

    def test_a_silence_that_ends_calls_nobody_for_it(self) -> None:
        found = stage()
        found.silences = [silence(START + HOURS, rules=("errors",))]
        key = found.begin("errors", ONE)
        found.round()
        found.take("errors", ONE, "ada")
        assert found.round(2 * HOURS) == []
        found.take("errors", ONE, "")
        assert found.round(SECOND) == [f"!{key}"]


class TestSilence:
    def test_its_end_in_the_middle_of_an_incident_tells_it_then(self) -> None:
        found = stage(GROUPED)
        found.silences = [silence(START + 5 * MINUTE, host="a")]
        hidden = found.begin("errors", A)
        other = found.begin("errors", B)
        assert found.round() == [f"!{other}"]
        assert found.untold(Hidden.SILENCED) == 1
        assert found.round(5 * MINUTE - SECOND) == []
        assert found.round(SECOND) == [f"!{hidden}"]
        assert "; until now silenced by ada" in found.newest.sentence
        found.end("errors", A)
        assert found.round(MINUTE) == [f".{hidden}"]

    def test_it_never_hides_the_end_of_what_was_told(self) -> None:
        found = stage()
        key = found.begin("errors", ONE)
        found.round()
        found.silences = [silence(START + HOURS, rules=("errors",))]
        assert found.round(MINUTE) == []
        found.end("errors", ONE)
        assert found.round(MINUTE) == [f".{key}"]
        assert found.telling.silenced == 0

    def test_what_nobody_was_told_of_does_not_end(self) -> None:
        found = stage()
        found.silences = [silence(START + HOURS, rules=("errors",))]
        found.begin("errors", ONE)
        found.round()
        found.end("errors", ONE)
        assert found.round(MINUTE) == []
        assert (found.telling.silenced, found.told) == (1, [])

    def test_it_hides_that_it_became_critical_and_not_the_end(self) -> None:
        found = stage()
        key = found.begin("errors", ONE, WARNING)
        found.round()
        found.silences = [silence(START + HOURS, rules=("errors",))]
        found.raised("errors", ONE)
        assert found.round(MINUTE) == []
        found.silences = []
        assert found.round(MINUTE) == [f"!{key}/critical"]
        found.end("errors", ONE)
        assert found.round(MINUTE) == [f".{key}", f".{key}/critical"]

    def test_one_that_is_lifted_early_tells_it_then(self) -> None:
        found = stage()
        found.silences = [silence(START + HOURS, rules=("errors",))]
        key = found.begin("errors", ONE)
        found.round()
        found.silences = []
        assert found.round(SECOND) == [f"!{key}"]


class TestFlapping:
    def flapping(self, every: timedelta = 2 * MINUTE) -> tuple[Stage, list[str]]:
        """Return a series that began once more than is told."""
        found = stage()
        said = []
        for _ in range(FLAPS_FROM):
            key = found.begin("errors", ONE)
            said += found.round()
            found.end("errors", ONE)
            said += found.round(every / 2)
            found.now += every / 2
        assert key is not None
        return found, said

    def test_it_is_told_once_until_it_stops(self) -> None:
        found, said = self.flapping()
        keys = found.keys
        begun = [f"!{key}" for key in keys[:-1]]
        assert [each for each in said if each[0] == "!"] == [*begun, f"!{keys[-1]}/flapping"]
        assert "errors (host=1) flaps: it began 4 times within an hour" in triggers(found.told)[-1].sentence
        for _ in range(3):
            found.begin("errors", ONE)
            assert found.round() == []
            found.end("errors", ONE)
            assert found.round(MINUTE) == []
            found.now += MINUTE
        assert found.telling.collapsed == 3
        assert found.round(FLAP_STEADY - 3 * MINUTE) == []
        assert found.round(MINUTE) == [f".{keys[3]}/flapping"]
        assert "flaps no more: 4 episodes in" in found.newest.sentence
        assert found.newest.sentence.endswith("it is over")
        assert found.telling.flaps == ()

    def test_what_still_fires_when_it_stops_is_told_anew(self) -> None:
        found, _said = self.flapping()
        last = found.begin("errors", ONE)
        assert found.round() == []
        assert found.round(FLAP_STEADY - SECOND) == []
        assert found.round(SECOND) == [f"!{last}", f".{found.keys[3]}/flapping"]
        assert "; until now told as flapping" in found.told[-2].sentence
        assert found.round(MINUTE) == []
        found.end("errors", ONE)
        assert found.round(MINUTE) == [f".{last}"]

    def test_what_still_fires_when_it_stops_is_told_anew_whoever_has_it(self) -> None:
        found, _said = self.flapping()
        last = found.begin("errors", ONE)
        found.round()
        found.take("errors", ONE, "ada")
        assert found.round(FLAP_STEADY) == [f"!{last}", f".{found.keys[3]}/flapping"]
        assert "it fires, and is told anew" in found.newest.sentence
        assert found.round(MINUTE) == []
        found.end("errors", ONE)
        assert found.round(MINUTE) == [f".{last}"]

    def test_who_takes_one_of_a_series_that_flaps_before_it_is_counted_has_it_counted(self) -> None:
        found, _said = self.flapping()
        last = found.begin("errors", ONE)
        found.take("errors", ONE, "ada")
        assert found.round() == []
        assert (found.telling.untold, found.telling.collapsed) == ((), 1)
        assert found.telling.keys_of(last) == (f"{found.keys[3]}/flapping",)
        assert found.round(FLAP_STEADY)[0] == f"!{last}"

    def test_what_is_graver_than_its_series_was_told_to_be_is_told_anew_whoever_has_it(self) -> None:
        found = stage()
        for _ in range(FLAPS_FROM):
            found.begin("errors", ONE, WARNING)
            found.round()
            found.end("errors", ONE)
            found.round(MINUTE)
        grave = found.begin("errors", ONE)
        found.take("errors", ONE, "ada")
        assert found.round() == []
        assert found.round(FLAP_STEADY) == [f"!{grave}", f".{found.keys[3]}/flapping"]

    def test_a_silence_that_ends_later_tells_it_anew_whoever_has_it(self) -> None:
        found, _said = self.flapping()
        last = found.begin("errors", ONE)
        found.round()
        found.silences = [silence(found.now + FLAP_STEADY + HOURS, rules=("errors",))]
        found.take("errors", ONE, "ada")
        assert found.round(FLAP_STEADY) == [f".{found.keys[3]}/flapping"]
        assert found.round(HOURS) == [f"!{last}"]
        assert "; until now told as flapping, silenced by ada" in found.newest.sentence

    def test_what_stops_flapping_while_it_is_silenced_is_told_anew_after_that_whoever_has_it(self) -> None:
        found, _said = self.flapping()
        found.silences = [silence(found.now + FLAP_STEADY + HOURS, rules=("errors",))]
        last = found.begin("errors", ONE)
        assert found.round() == []
        assert found.round(FLAP_STEADY) == [f".{found.keys[3]}/flapping"]
        found.take("errors", ONE, "ada")
        assert found.round(HOURS) == [f"!{last}"]
        assert "; until now only told that its series flaps, silenced by ada" in found.newest.sentence

    def test_what_stops_flapping_while_it_is_silenced_and_is_over_before_that_ends_is_counted(self) -> None:
        found, _said = self.flapping()
        found.silences = [silence(found.now + FLAP_STEADY + HOURS, rules=("errors",))]
        found.begin("errors", ONE)
        found.round()
        found.round(FLAP_STEADY)
        found.end("errors", ONE)
        assert found.round(MINUTE) == []
        assert (found.telling.untold, found.telling.silenced) == ((), 1)

    def test_what_was_told_as_flapping_and_is_over_while_it_is_silenced_is_not_counted_once_more(self) -> None:
        found, _said = self.flapping()
        found.begin("errors", ONE)
        found.round()
        found.silences = [silence(found.now + 2 * HOURS, rules=("errors",))]
        found.round(FLAP_STEADY)
        found.end("errors", ONE)
        assert found.round(MINUTE) == []
        assert (found.telling.untold, found.telling.collapsed, found.telling.silenced) == ((), 1, 0)

    def test_what_flaps_at_its_critical_worst_pages(self) -> None:
        found = stage()
        for _ in range(FLAPS_FROM):
            found.begin("errors", ONE, WARNING)
            found.round()
            found.end("errors", ONE)
            found.round(MINUTE)
        grave = found.begin("errors", ONE)
        assert found.round(MINUTE) == [f"!{grave}/flapping/critical"]
        assert found.newest.severity is Level.CRITICAL
        found.end("errors", ONE)
        found.round(MINUTE)
        found.begin("errors", ONE)
        assert found.round(MINUTE) == []
        found.end("errors", ONE)
        found.round(MINUTE)
        assert found.round(FLAP_STEADY) == [f".{found.keys[3]}/flapping", f".{grave}/flapping/critical"]

    def test_what_nothing_is_known_of_has_not_stopped(self) -> None:
        found, _said = self.flapping()
        memory = found.memories["errors"][ONE]
        found.memories["errors"][ONE] = memory._replace(unknown_since=found.now)
        assert found.round(2 * FLAP_STEADY) == []
        found.memories["errors"][ONE] = memory
        assert found.round(SECOND) == [f".{found.keys[3]}/flapping"]

    def test_what_begins_seldom_never_flaps(self) -> None:
        found, said = self.flapping(every=FLAP_STEADY)
        assert not any("flapping" in each for each in said)
        assert len(triggers(found.told)) == FLAPS_FROM

    def test_a_rule_that_is_gone_is_no_end_of_it(self) -> None:
        found, _said = self.flapping()
        found.begin("errors", ONE)
        found.round()
        found.withdraw("errors")
        assert found.round(MINUTE) == [f"!{found.keys[3]}/flapping/withdrawn"]
        assert found.round(HOURS) == []


class TestStorm:
    @pytest.mark.parametrize("grouped", [False, True])
    def test_two_thousand_at_once_are_one_notification_and_one_end(self, grouped: bool) -> None:
        group = ("host",) if grouped else ()
        found = stage(named("errors", group=group), named("down", group=group))
        for labels in at(*range(1500)):
            found.begin("errors", labels, WARNING)
        for labels in at(*range(500)):
            found.begin("down", labels)
        assert len(found.round()) == 1
        told = found.newest
        assert told.severity is Level.CRITICAL
        assert told.sentence == (
            "2,000 alerts at once, 500 of them critical: errors 1,500 and down 500; they are told together, and "
            "`wedtui alerts list` says which they are"
        )
        assert (told.details["rule errors"], told.details["rule down"]) == (1500, 500)
        assert found.telling.stormed == 2000
        assert found.round(MINUTE) == []
        for labels in at(*range(1500)):
            found.end("errors", labels)
        assert found.round(MINUTE) == []
        for labels in at(*range(500)):
            found.end("down", labels)
        assert found.round(MINUTE) == [f".{told.key}"]
        assert found.newest.sentence == "the last of 2,000 alerts told together is over"

    def test_as_many_as_can_be_told_are_told(self) -> None:
        found = stage()
        for labels in at(*range(STORM_FROM)):
            found.begin("errors", labels)
        assert len(found.round()) == STORM_FROM

    def test_one_that_comes_in_rounds_is_told_once_a_minute(self) -> None:
        found = stage()
        told = []
        for number in range(12):
            for labels in at(*range(100 * number, 100 * number + 100)):
                found.begin("errors", labels)
            told.append(len(found.round(10 * SECOND)))
        assert told == [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
        found.round(STORM_WINDOW)
        assert sum(len(bundle.members) for bundle in found.telling.bundles) == 1200
        assert "more alerts" in found.newest.sentence

    def test_a_trickle_within_a_minute_is_one_too(self) -> None:
        found = stage()
        told = 0
        for number in range(2 * STORM_FROM):
            found.begin("errors", at(number)[0])
            told += len(found.round(SECOND))
        assert told == STORM_FROM + 1
        found.round(STORM_WINDOW)
        assert len(found.told) == STORM_FROM + 2

    def test_the_first_critical_one_of_a_storm_of_warnings_never_waits(self) -> None:
        found = stage()
        for labels in at(*range(100)):
            found.begin("errors", labels, WARNING)
        found.round()
        found.begin("errors", at("warns")[0], WARNING)
        assert found.round(SECOND) == []
        grave = found.begin("errors", at("grave")[0], CRITICAL)
        assert found.round(SECOND) == [f"!{grave}/storm"]
        assert (found.newest.severity, found.newest.details["alerts"]) == (Level.CRITICAL, 2)

    def test_what_was_raised_in_a_storm_is_told(self) -> None:
        found = stage()
        keys = [found.begin("errors", labels, WARNING) for labels in at(*range(100))]
        found.round()
        for labels in at(*range(100)):
            found.raised("errors", labels)
        assert found.round(SECOND) == [f"!{keys[0]}/storm/critical"]
        for labels in at(*range(100)):
            found.end("errors", labels)
        assert found.round(HOURS) == [f".{keys[0]}/storm", f".{keys[0]}/storm/critical"]


class TestWithdrawn:
    def test_it_is_told_and_never_as_an_end(self) -> None:
        found = stage()
        key = found.begin("errors", ONE)
        found.round()
        found.withdraw("errors")
        assert found.round(MINUTE) == [f"!{key}/withdrawn/1"]
        assert found.newest.sentence.startswith("nobody knows how errors (host=1) stands")
        assert found.newest.severity is Level.WARNING
        assert found.round(HOURS) == []
        assert ends(found.told) == []

    def test_a_memory_that_is_gone_is_no_end_either(self) -> None:
        found = stage()
        key = found.begin("errors", ONE)
        found.round()
        found.memories.clear()
        assert found.round(MINUTE) == [f"!{key}/withdrawn/1"]

    def test_of_a_storm_what_is_left_ends(self) -> None:
        found = stage(named("errors"), named("down"))
        for labels in at(*range(50)):
            found.begin("errors", labels)
            found.begin("down", labels)
        found.round()
        key = found.newest.key
        found.withdraw("down")
        assert found.round(MINUTE) == [f"!{key}/withdrawn/50"]
        assert "how 50 of 100 alerts told together stands" in found.newest.sentence
        for labels in at(*range(50)):
            found.end("errors", labels)
        assert found.round(MINUTE) == [f".{key}"]
        assert "of 50 nobody knows" in found.newest.sentence

    def test_many_at_once_are_one(self) -> None:
        found = stage()
        for number in range(60):
            found.begin("errors", at(number)[0])
            found.round(10 * SECOND)
        assert len(found.told) == 60
        found.withdraw("errors")
        assert len(found.round(MINUTE)) == 1
        assert "nobody knows how 60 alerts of 60 notifications stand" in found.newest.sentence

    def test_what_nobody_was_told_of_is_counted(self) -> None:
        found = stage()
        found.silences = [silence(START + HOURS, rules=("errors",))]
        found.begin("errors", ONE)
        found.round()
        found.withdraw("errors")
        assert found.round(MINUTE) == []
        assert found.telling.silenced == 1


def test_a_clock_that_is_set_back_repeats_nothing_and_nobody_waits_longer() -> None:
    found = stage(GROUPED)
    first = found.begin("errors", A)
    found.round()
    joins = found.begin("errors", B)
    assert found.round(SECOND) == []
    assert found.round(-HOURS) == []
    assert found.round(GROUP_WAIT) == [f"!{joins}"]
    for labels in (A, B):
        found.end("errors", labels)
    assert found.round(-HOURS) == [f".{first}", f".{joins}"]


def test_who_has_it_is_told_to_those_who_were_told_of_it() -> None:
    found = stage()
    key = found.begin("errors", ONE, WARNING)
    assert acknowledgements(found.telling, key, "ada", "errors (host=1)") == ()
    found.round()
    found.raised("errors", ONE)
    found.round(SECOND)
    told = acknowledgements(found.telling, key, "ada", "errors (host=1)")
    assert [(each.key, each.event) for each in told] == [
        (key, Event.ACKNOWLEDGE),
        (f"{key}/critical", Event.ACKNOWLEDGE),
    ]
    assert told[0].sentence == "ada has errors (host=1)"


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="of version 1, got 2"):
        telling_of({"version": 2})


@pytest.mark.parametrize("hide", [lambda s: setattr(s, "silences", [silence(START + HOURS, host="a")])])
def test_a_silence_in_the_middle_of_a_wait_hides_it(hide: Callable[[Stage], None]) -> None:
    found = stage(GROUPED)
    found.begin("errors", B)
    found.round()
    found.begin("errors", A)
    found.round(SECOND)
    hide(found)
    assert found.round(GROUP_WAIT) == []
    assert found.untold(Hidden.SILENCED) == 1


def test_of_many_told_together_one_that_somebody_has_is_not_all() -> None:
    found = stage(GROUPED)
    keys = [found.begin("errors", labels) for labels in (A, B)]
    (told,) = found.round()
    assert found.telling.members_of({told[1:]}) == {told[1:]: tuple(keys)}
    assert acknowledgements(found.telling, keys[0], "ada", "a", alone={keys[1]}) == ()
    (notice,) = acknowledgements(found.telling, keys[1], "ada", "b", alone=())
    assert f"!{notice.key}" == told
