"""`wedtui alerts`: what fires as an exit code, what became of it, and who has it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.cli.base import WEDNESDAY, Machine, machine, on_both
from tests.ledger.alerting import firing
from wedtui.cache.alert_copy import AlertCopy
from wedtui.cache.writer import CacheWriter
from wedtui.cli.alert_changes import changed_lines
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.standing import AlertIs, AlertsNow, SourceIs, Suppressed
from wedtui.core.alerts.track import labels_of
from wedtui.core.changes import EVERY_KIND, Gap, Told, before_query, merge
from wedtui.core.notify import Answer, Level, Notice, Verdict
from wedtui.core.observation import Claim
from wedtui.core.services import ServiceFacts
from wedtui.core.sharing import HOUSE
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.outbox import Outbox

__all__ = ["machine"]
pytestmark = on_both

CHANNEL = '[notify.hook]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n'
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ALERT = AlertIs(
    "down",
    labels_of({"provider": "aws", "probe": "rsvp"}),
    Phase.FIRING,
    Severity.CRITICAL,
    Reason.CONDITION,
    WEDNESDAY - 3 * MINUTE,
    key="alert/down/2e4b9cfe894a59ba",
    condition="up < 1",
    value=0.0,
    measured_at=WEDNESDAY,
)


def stands(
    machine: Machine,
    *alerts: AlertIs,
    not_set: tuple[str, ...] = (),
    unknown: int = 0,
    sources: tuple[SourceIs, ...] = (),
    suppressed: Suppressed | None = None,
) -> None:
    """Have a service have judged just now."""
    facts = ServiceFacts("one", 1, "personal", "1", "production", WEDNESDAY, WEDNESDAY)
    machine.state.mkdir(exist_ok=True)
    with closing(CacheWriter(machine.cache_url)) as writer, closing(AlertCopy(machine.cache_url)) as copy:
        writer.begin(facts)
        held = writer.heartbeat(facts, {HOUSE: False}).held
        assert held is not None
        named = tuple(f"cpu provider=p{number}" for number in range(min(unknown, 2)))
        standing = AlertsNow(WEDNESDAY, alerts, 7, not_set, 7 - len(not_set), 4, unknown, named, sources, suppressed)
        copy.write(standing, Claim(HOUSE, held[HOUSE]))


WARNING = replace(ALERT, severity=Severity.WARNING, key="alert/down/ff")


@pytest.mark.parametrize(
    ("alerts", "code"),
    [((), 0), ((WARNING,), 1), ((WARNING, ALERT), 2), ((replace(ALERT, phase=Phase.PENDING, key=""),), 0)],
)
def test_what_fires_is_the_exit_code(machine: Machine, alerts: tuple[AlertIs, ...], code: int) -> None:
    stands(machine, *alerts)
    assert machine.run("alerts", "list").code == code
    answer = machine.run("alerts", "list", "--json", "--all")
    assert (answer.code, len(answer.json["alerts"])) == (code, len(alerts))


def test_that_nothing_fires_is_said_only_of_what_is_known(machine: Machine) -> None:
    stands(machine, unknown=3)
    answer = machine.run("alerts", "list")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "nothing fires of 7 rules",
        "not known of 3 of 4 series: cpu provider=p0, cpu provider=p1 and 1 more",
    ]
    stands(machine, unknown=4)
    answer = machine.run("alerts", "list")
    assert (answer.code, answer.out[:9]) == (3, "NOT KNOWN")
    stands(machine, not_set=("down", "errors", "errors-rising", "latency", "cpu", "memory", "cache-hits"))
    answer = machine.run("alerts", "list", "--json")
    assert (answer.code, answer.json["rules"], answer.json["judged"]) == (3, 7, 0)
    assert machine.run("alerts", "list").out.startswith("NOT KNOWN")


def test_how_many_nobody_was_told_of_is_said(machine: Machine) -> None:
    stands(machine, suppressed=Suppressed(silenced=3, stormed=40, taken=2))
    assert machine.run("alerts", "list").out.splitlines() == [
        "nothing fires of 7 rules",
        "not told one by one so far: 3 silenced, 2 taken before anybody was told, 40 counted in storms",
    ]
    counts = {"silenced": 3, "inhibited": 0, "collapsed": 0, "stormed": 40, "taken": 2}
    assert machine.run("alerts", "list", "--json").json["suppressed"] == counts
    stands(machine)
    assert machine.run("alerts", "list", "--json").json["suppressed"] is None


def test_where_nothing_was_judged_or_long_ago_nobody_knows(machine: Machine) -> None:
    answer = machine.run("alerts", "list")
    assert (answer.code, answer.out[:9]) == (3, "NOT KNOWN")
    stands(machine)
    machine.now += 2 * MINUTE
    answer = machine.run("alerts", "list")
    assert answer.code == 3
    assert "alerts were judged last 2 m 00 s ago" in answer.out
    assert machine.run("alerts", "list", "--json").json["fresh"] is False


def test_while_no_service_runs_nobody_knows_however_new_the_judgement_is(machine: Machine) -> None:
    stands(machine)
    assert machine.run("alerts", "list").code == 0
    machine.now += 11 * SECOND
    answer = machine.run("alerts", "list")
    assert (answer.code, answer.out[:30]) == (3, "NOT KNOWN: the service is dead")
    assert "nothing fires" not in answer.out
    assert machine.run("alerts", "list", "--json").json["fresh"] is False


def test_of_a_dead_service_the_next_call_is_not_sure(machine: Machine) -> None:
    stands(machine, replace(ALERT, escalates_at=WEDNESDAY + MINUTE, escalates_to="roster primary (ada)"))
    assert "NOT" not in machine.run("alerts", "show", ALERT.key).out
    machine.now += 11 * SECOND
    first, *rest = machine.run("alerts", "show", ALERT.key).out.splitlines()
    assert first.startswith("NOT KNOWN: the service is dead")
    (call,) = (line for line in rest if line.startswith("next call"))
    assert "NOT SURE, as nobody may judge: it was to come" in call


def test_a_line_says_who_has_it_and_what_hides_it(machine: Machine) -> None:
    hidden = replace(ALERT, acknowledged_by="ada", acknowledged_at=WEDNESDAY, silenced_by="bo", flaps=2)
    stands(machine, replace(hidden, silenced_until=WEDNESDAY + MINUTE, inhibited_by="up"), not_set=("cpu", "memory"))
    line, last = machine.run("alerts", "list").out.splitlines()
    assert line.startswith("2e4b9cfe894a  firing    critical")
    for words in (
        "ada has it until 2026-07-22 12:15:00 UTC",
        "hidden by up",
        "silenced by bo until 2026-07-22 12:01:00 UTC",
        "began again 2 x",
    ):
        assert words in line
    assert last == "not set, because nothing of theirs is measured: cpu and memory"


def test_of_what_somebody_has_nobody_is_told_and_that_is_said(machine: Machine) -> None:
    stands(machine, replace(ALERT, acknowledged_by="ada", acknowledged_at=WEDNESDAY))
    (line,) = machine.run("alerts", "list").out.splitlines()
    assert "; nobody is told while ada has it" in line
    assert "nobody was told yet" not in line
    shown = machine.run("alerts", "show", ALERT.key).out.splitlines()
    assert "told        nobody while ada has it" in shown
    assert not [each for each in shown if each.startswith("note ")]


CENTRAL = SourceIs("central", "alertmanager", WEDNESDAY - 12 * MINUTE / 60, fresh=True, alerts=3, ignored=1)


def test_each_source_of_alerts_says_how_it_stands_and_one_that_is_unknown_is_no_good_news(machine: Machine) -> None:
    stands(machine, sources=(CENTRAL,))
    answer = machine.run("alerts", "list")
    assert answer.code == 0
    said = "central (alertmanager): answered 12 s ago, 3 alerts, 1 more that are none by their severity"
    assert answer.out.splitlines()[-1] == said
    silent = replace(CENTRAL, answered_at=WEDNESDAY - 9 * MINUTE, fresh=False, problem="timed out after 5 s")
    never = SourceIs("edge", "prometheus", problem="connection refused")
    stands(machine, sources=(silent, never))
    answer = machine.run("alerts", "list")
    assert answer.code == 3
    assert answer.out.splitlines()[-2:] == [
        "central (alertmanager): UNKNOWN what fires there: it answered last 9 m 00 s ago: timed out after 5 s; "
        "its alerts stand as of then",
        "edge (prometheus): UNKNOWN what fires there: it never answered: connection refused",
    ]
    found = machine.run("alerts", "list", "--json").json["sources"]
    assert [(each["name"], each["fresh"], each["answered_at"] is None) for each in found] == [
        ("central", False, False),
        ("edge", False, True),
    ]
    stands(machine, sources=(replace(CENTRAL, lacks="Watchdog"),))
    assert "Watchdog does not fire there: what is missing is NOT over by that" in machine.run("alerts", "list").out


def test_an_alert_of_another_system_says_so_and_when_it_was_last_heard_of(machine: Machine) -> None:
    outside = replace(
        ALERT,
        rule="central/Errors",
        key="alert/central/Errors/77aa",
        source="central",
        said="5 % of requests fail\x1b[2J",
        silenced_by="central",
        unknown_since=WEDNESDAY - MINUTE,
    )
    stands(machine, outside)
    (line,) = machine.run("alerts", "list").out.splitlines()
    assert "central/Errors: " in line
    assert "silenced by central" in line
    assert "not known since 2026-07-22 11:59:00 UTC whether it still is" in line
    shown = machine.run("alerts", "show", "77aa").out
    assert "\x1b" not in shown
    assert "5 % of requests fail" in shown
    assert "answered    central, 0 s ago" in shown


def test_one_is_shown_by_its_key_or_how_that_begins(machine: Machine) -> None:
    stands(machine, replace(ALERT, escalates_at=WEDNESDAY + MINUTE, escalates_to="roster primary (ada)"), WARNING)
    for key in (ALERT.key, "2e4b"):
        answer = machine.run("alerts", "show", key)
        assert answer.code == 0
        assert f"next call   {WEDNESDAY + MINUTE:%Y-%m-%d %H:%M:%S} UTC: roster primary (ada)" in answer.out
        assert "condition   up < 1" in answer.out
    for key in ("nothing", "", "2e4"):
        assert machine.run("alerts", "show", key).code == 17
    assert 'at least its first 4 characters, got "2e4"' in machine.run("alerts", "ack", "2e4").err


def test_what_changed_before_stands_first_and_the_rest_is_counted(machine: Machine) -> None:
    stands(machine, replace(ALERT, since=WEDNESDAY - MINUTE))
    with closing(Ledger(machine.ledger_url)) as ledger:
        for number in range(9):
            at = WEDNESDAY - (2 + number) * MINUTE
            ledger.note_configuration(f"{number}", at=at, seen_by="wedtui", changes=[f"change {number}"])
        ledger.note_configuration("old", at=WEDNESDAY - 40 * MINUTE, seen_by="wedtui", changes=["long before"])
    head, first, *rest = machine.run("alerts", "show", ALERT.key).out.splitlines()
    assert head == "down: probe=rsvp, provider=aws"
    assert first.startswith("changed     1 m 00 s before: configuration configuration: ")
    assert first.endswith("change 0")
    key = next(number for number, line in enumerate(rest) if line.startswith("key  "))
    assert rest[key - 1].strip().startswith("and ")
    assert rest[key - 1].endswith(f"more: `wedtui changes --since {WEDNESDAY - 31 * MINUTE:%Y-%m-%dT%H:%M:%SZ}`")
    assert key == 7
    found = machine.run("alerts", "show", ALERT.key, "--json").json["changed_before"]
    assert [change["sentence"][-8:] for change in found["changes"]] == [f"change {number}" for number in range(9)]
    assert found["since"] == "2026-07-22T11:29:00.000Z"


def test_what_cannot_be_read_stands_above_what_changed() -> None:
    gaps = (Gap(EVERY_KIND, "nobody watched"), Gap(EVERY_KIND, "the ledger cannot be read: it is away", problem=True))
    found = merge([Told((), gaps)], replace(before_query(ALERT.since, WEDNESDAY), kinds=EVERY_KIND))
    assert changed_lines(found, ALERT) == [
        "everything: the ledger cannot be read: it is away",
        "nothing that is on record",
        "not known: everything: nobody watched",
    ]


def test_without_a_service_whoever_may_writes_that_she_has_it(machine: Machine) -> None:
    key = firing(machine.ledger_url, WEDNESDAY)
    stands(machine, replace(ALERT, key=key, lapse_s=420.0))
    answer = machine.run("alerts", "ack", key, "--reason", "I look")
    assert (answer.code, answer.out[:13]) == (0, "you have down")
    assert "it lapses at 2026-07-22 12:07:00 UTC (in 7 m 00 s) if it still fires" in answer.out
    (event,) = machine.run("alerts", "history", "--since", "-1h", "--json").json
    assert (event["kind"], event["key"], event["said"]) == ("acknowledged", key, "I look")
    assert "acknowledged by" in machine.run("alerts", "show", key).out


def test_several_are_taken_at_once_and_none_where_one_key_means_no_alert(machine: Machine) -> None:
    first, second = (firing(machine.ledger_url, WEDNESDAY) for _ in range(2))
    stands(machine, replace(ALERT, key=first), replace(ALERT, key=second, labels=labels_of({"provider": "gcp"})))
    refused = machine.run("alerts", "ack", first, "0000000000")
    assert (refused.code, refused.out) == (17, "")
    assert machine.run("alerts", "history", "--json").json == []
    answer = machine.run("alerts", "ack", first, second, first, "--reason", "both", "--json")
    assert (answer.code, [(each["key"], each["reason"]) for each in answer.json]) == (
        0,
        [(first, "both"), (second, "both")],
    )
    assert machine.run("alerts", "ack", first, second).out.count("you have had down") == 2
    assert len(machine.run("alerts", "history", "--json").json) == 2


def test_none_is_taken_where_one_of_them_does_not_fire(machine: Machine) -> None:
    key = firing(machine.ledger_url, WEDNESDAY)
    over = replace(ALERT, phase=Phase.RESOLVED, resolved_at=WEDNESDAY)
    stands(machine, replace(ALERT, key=key), over)
    refused = machine.run("alerts", "ack", key, "2e4b")
    assert (refused.code, refused.out) == (17, "")
    assert f'no alert "{ALERT.key}" fires: `wedtui alerts list` says what does' in refused.err
    assert machine.run("alerts", "history", "--json").json == []


def test_what_was_taken_before_an_error_is_said_before_it(machine: Machine) -> None:
    key, other = (firing(machine.ledger_url, WEDNESDAY) for _ in range(2))
    ended = replace(ALERT, key="alert/down/ended0")
    stands(machine, *(replace(ALERT, key=each) for each in (key, other)), ended)
    answer = machine.run("alerts", "ack", key, ended.key, "--json")
    assert (answer.code, [each["key"] for each in answer.json]) == (17, [key])
    assert 'no alert "alert/down/ended0" fires' in answer.err
    machine.now += 11 * SECOND
    plain = machine.run("alerts", "ack", other, ended.key)
    assert (plain.code, plain.out.startswith("you have down")) == (17, True)
    assert "NOBODY JUDGES ALERTS: the service is dead" in plain.out
    alone = machine.run("alerts", "ack", ended.key, "--json")
    assert (alone.code, alone.out) == (17, "")


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("tomorrow", '"-2d" is so long ago'),
        ("+2d", "a time that is past, such as -2d"),
        ("-2q", "expected a duration such as"),
    ],
)
def test_what_is_to_come_has_not_happened(machine: Machine, since: str, said: str) -> None:
    answer = machine.run("alerts", "history", "--since", since)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


@pytest.mark.parametrize("command", [("alerts", "history"), ("changes",)])
@pytest.mark.parametrize("since", ["2d", "-2d", "1y", "-1y", "2026-07-20T12:00Z"])
def test_so_long_ago_is_said_with_or_without_a_sign(machine: Machine, command: tuple[str, ...], since: str) -> None:
    firing(machine.ledger_url, WEDNESDAY)
    stands(machine)
    assert machine.run(*command, "--since", since).code == 0


def test_the_same_word_again_gives_no_more_time_and_is_kept(machine: Machine) -> None:
    key = firing(machine.ledger_url, WEDNESDAY)
    stands(machine, replace(ALERT, key=key))
    machine.run("alerts", "ack", key, "--reason", "I look")
    machine.now += 5 * SECOND
    answer = machine.run("alerts", "ack", key, "--reason", "it is the disk")
    assert (answer.code, "you have had down" in answer.out) == (0, True)
    assert "since 2026-07-22 12:00:00 UTC" in answer.out
    assert "it lapses at 2026-07-22 12:15:00 UTC (in 14 m 55 s)" in answer.out
    machine.run("alerts", "ack", key, "--reason", "it is the disk")
    found = machine.run("alerts", "history", "--json").json
    assert [(each["kind"], each["said"]) for each in found] == [("noted", "it is the disk"), ("acknowledged", "I look")]
    machine.now += SECOND
    shown = machine.run("changes", "--since", "1h").out
    assert "more was said of it by whoever has it" in shown
    assert "it is the disk" in shown


def test_next_call_and_until_when_it_is_somebodys_are_said(machine: Machine) -> None:
    then = replace(ALERT, escalates_at=WEDNESDAY + MINUTE, escalates_to="roster primary (ada)")
    stands(machine, then, replace(WARNING, acknowledged_by="bo", acknowledged_at=WEDNESDAY))
    first, second = machine.run("alerts", "list").out.splitlines()
    assert "next call 2026-07-22 12:01:00 UTC: roster primary (ada)" in first
    assert "bo has it until 2026-07-22 12:15:00 UTC" in second
    has = [line for line in machine.run("alerts", "show", WARNING.key).out.splitlines() if line.startswith("has it")]
    assert has == ["has it      bo since 2026-07-22 12:00:00 UTC, until 2026-07-22 12:15:00 UTC if it still fires"]


def test_which_channels_accepted_it_is_said(machine: Machine) -> None:
    stands(machine, replace(ALERT, told_at=WEDNESDAY))
    machine.configure(CHANNEL)
    with closing(Outbox(machine.ledger_url)) as outbox:
        outbox.post(Notice(ALERT.key, Level.CRITICAL, "it is down"))
        taken = outbox.take("one", ("hook",))
        assert taken
        outbox.conclude(taken[0], Answer(Verdict.ACCEPTED), ("hook",))
    [told] = [line for line in machine.run("alerts", "show", ALERT.key).out.splitlines() if line.startswith("told")]
    assert told == "told        2026-07-22 12:00:00 UTC by hook"
    assert machine.run("alerts", "show", ALERT.key, "--json").json["told_by"] == ["hook"]


def test_status_says_what_fires_and_its_code_is_as_before(machine: Machine) -> None:
    def line() -> str:
        return next(each for each in machine.run("status").out.splitlines() if each.startswith("alerts "))

    assert "NOT KNOWN, no service has judged the rules" in line()
    stands(machine, unknown=1)
    code = machine.run("status").code
    assert (
        line()
        == "alerts      nothing fires of 7 rules; judged 0 s ago; not known of 1 of 4 series: `wedtui alerts list`"
    )
    stands(machine, ALERT, WARNING)
    assert "2 fire, 1 of them critical, 2 that nobody has; worst critical down (" in line()
    assert "NOBODY has it; judged 0 s ago" in line()
    found = machine.run("status", "--json")
    assert (found.code, found.json["alerts"]["firing"], found.json["alerts"]["known"]) == (code, 2, True)
    machine.now += 11 * SECOND
    assert "NOT KNOWN, the service is dead, judged 11 s ago; 2 fired then, worst down (" in line()
    assert machine.run("status", "--json").json["alerts"]["known"] is False


def test_what_is_over_says_for_how_long_it_is_and_that_nobody_has_to_look(machine: Machine) -> None:
    taken = {"acknowledged_by": "ada", "acknowledged_at": WEDNESDAY - 2 * MINUTE}
    over = replace(ALERT, phase=Phase.RESOLVED, resolved_at=WEDNESDAY - MINUTE, silenced_by="mo", **taken)  # type: ignore[arg-type]
    stands(machine, over)
    (line, _) = machine.run("alerts", "list", "--all").out.splitlines()
    assert " resolved  critical  1 m 00 s  down:" in line
    assert line.endswith("(over; it fired for 2 m 00 s)")
    said = machine.run("alerts", "show", over.key).out
    assert "is          resolved, critical, since 2026-07-22 11:59:00 UTC (1 m 00 s)" in said
    assert "has it      nobody has to: it is over; ada had it" in said


def test_of_a_page_it_is_said_what_it_says_and_who_was_told_of_it(machine: Machine) -> None:
    machine.configure(CHANNEL)
    held = Notice("automation/held", Level.CRITICAL, "aws failed, and nothing is moved")
    with closing(Outbox(machine.ledger_url)) as outbox:
        first = outbox.post(held)
        taken = outbox.take("one", ("hook",))
        assert taken
        outbox.conclude(taken[0], Answer(Verdict.ACCEPTED), ("hook",))
        outbox.over(held.key, "it is over")
        second = outbox.post(held)

    def page(number: int | None) -> AlertIs:
        labels = labels_of({"page": held.key, "page_number": str(number)})
        key = f"alert/held/{number}f2e4b9c"
        return replace(ALERT, rule="wedtui/automation", labels=labels, said=held.sentence, key=key, told_at=WEDNESDAY)

    stands(machine, page(first), page(second))
    listed = machine.run("alerts", "list").out.splitlines()
    assert all("wedtui/automation: aws failed, and nothing is moved (nobody has it" in line for line in listed[:2])
    said = machine.run("alerts", "show", page(first).key).out
    assert "answered    the service itself, 0 s ago" in said
    assert "told        2026-07-22 12:00:00 UTC by hook" in said
    by = [machine.run("alerts", "show", page(each).key, "--json").json["told_by"] for each in (first, second)]
    assert by == [["hook"], []]
