"""Commands by word: beginnings, mistakes, and what each answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import NOW, OPEN, SERVICE, WELL, picture, wave
from wedtui.core.picture import Picture
from wedtui.core.series import probe_signal
from wedtui.tui.board import Board, History
from wedtui.tui.plain.commands import COMMANDS, answer, find
from wedtui.tui.plain.desk import Asked, AskedChanges, Desk


def desk(shown: Picture | None = None) -> Desk:
    return Desk(Board(NOW, shown or picture()))


def lines(line: str, at: Desk | None = None) -> tuple[str, ...]:
    given = answer(at or desk(), line)
    assert isinstance(given, tuple)
    assert not isinstance(given, Asked | AskedChanges)
    return given


def asked(line: str, at: Desk | None = None) -> Asked:
    given = answer(at or desk(), line)
    assert isinstance(given, Asked)
    return given


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("status", "status"),
        ("STATUS", "status"),
        ("st", "status"),
        ("prov", "provider"),
        ("providers", "providers"),
        ("fi", "findings"),
        ("h", "help"),
        ("?", "help"),
        ("exit", "quit"),
    ],
)
def test_a_word_or_its_beginning_is_understood(typed: str, word: str) -> None:
    command = find(typed)
    assert not isinstance(command, str)
    assert command.word == word


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("stauts", 'Unknown command "stauts"; did you mean status? Otherwise type "help".'),
        ("xyzzy", 'Unknown command "xyzzy"; please type "help".'),
        ("f", '"f" could be findings or freeze; type more of it, or "help".'),
        ("x" * 200, f'Unknown command "{"x" * 40}..."; please type "help".'),
        ("provider azzure", 'Unknown provider "azzure"; did you mean azure?'),
        ("provider a", '"a" could be aws or azure; type more of it.'),
        ("provider xyz", 'Unknown provider "xyz"; there are aws, gcp, azure and hetzner.'),
        ("signal aws laten", None),
        (
            "signal aws zzz",
            'Unknown signal "zzz"; there are latency_p95_ms, error_rate, cpu, requests and probe rsvp-aws.',
        ),
        ("providers nobody", 'No provider matches "nobody"; there are aws, gcp, azure and hetzner.'),
        ("range 2h", 'Unknown range "2h"; there are 5m, 15m, 1h, 6h and 24h.'),
        ("signal azure cpu 99y", 'Unknown range "99y"; there are 5m, 15m, 1h, 6h and 24h.'),
        ("signal azure latency p95 99y", 'Unknown range "99y"; there are 5m, 15m, 1h, 6h and 24h.'),
        ("signal azure cpux", 'Unknown signal "cpux"; did you mean cpu?'),
        ("every 0", 'Expected minutes from 1 to 60, got "0"; it stays at 5 minutes.'),
        ("every soon", 'Expected minutes from 1 to 60, got "soon"; it stays at 5 minutes.'),
        ("again", "Nothing has been announced yet."),
    ],
)
def test_a_mistake_is_one_sentence_that_helps(line: str, expected: str | None) -> None:
    if expected is None:
        assert asked(line).key.signal == "latency_p95_ms"
    else:
        assert lines(line) == (expected,)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "NOT well at 12:00:05 UTC: 1 CRITICAL (aws), 1 UNKNOWN (hetzner)"),
        (
            "status",
            "production is FROZEN until Mon 06:00 America/New_York, for another 1 day 21 hours: wedding weekend.",
        ),
        ("status", "Service running, heard 1 second ago. Mode shared."),
        ("status", "Clock Sat 20 Jun 2026 12:00:05 UTC, Sat 08:00 America/New_York."),
        ("providers", "aws CRITICAL, configured weight 60 %: rsvp-aws status 503"),
        ("providers crit", "aws CRITICAL"),
        ("provider aws", "Probe rsvp-aws: FAILED, status 503, expected 200, 1 second ago"),
        ("provider het", "Probe rsvp-hetzner: UNKNOWN, last passed 1 minute 35 seconds ago"),
        ("provider het", "Signal cpu: UNKNOWN, last 41.0 %, 2 minutes 20 seconds old, from prometheus main."),
        ("findings", "3 findings: 1 critical, 1 unknown and 1 warning."),
        ("findings", "1. CRITICAL: aws: "),
        ("freeze", "Frozen until Mon 10:00 UTC, Mon 06:00 America/New_York, in 1 day 21 hours."),
        ("freeze", "A freeze never stops a rescue"),
        ("signal aws", "Signal error_rate: 12.0 %, 12 seconds old"),
        ("help freeze", "freeze: frozen or not, until when and why."),
    ],
)
def test_what_is_answered(line: str, expected: str) -> None:
    assert expected in "\n".join(lines(line))


def test_who_leaves_hears_what_becomes_of_the_service() -> None:
    stopped = picture(service=replace(SERVICE, stopped_at=NOW))
    assert lines("quit") == ("The service goes on watching.",)
    assert lines("quit", Desk(Board(NOW, picture(), demo=True))) == ("The demo ends: its world and its service stop.",)
    for at in (desk(stopped), Desk(Board(NOW))):
        assert lines("quit", at) == ("It is not known that a service is watching.",)


def test_providers_come_worst_first_and_filtered() -> None:
    assert [line.split()[0] for line in lines("providers")] == ["aws", "hetzner", "gcp", "azure"]
    assert len(lines("providers crit")) == 1


def test_all_well_is_said_so_with_its_age() -> None:
    (line,) = lines("", desk(picture(WELL, freeze=OPEN)))
    assert line.startswith(
        "All well at 12:00:05 UTC: all 4 providers OK, evidence at most 12 seconds old; production is open"
    )


def test_before_anything_was_read_every_answer_is_unknown() -> None:
    empty = Desk(Board(NOW))
    for word in ("", "status", "providers", "findings", "freeze", "provider aws", "signal aws cpu"):
        assert lines(word, empty)[0].startswith("UNKNOWN at 12:00:05 UTC")


@pytest.mark.parametrize(
    ("line", "signal", "minutes"),
    [
        ("signal aws cpu", "cpu", 15),
        ("signal aws latency p95 1h", "latency_p95_ms", 60),
        ("sig gcp err 24 hours", "error_rate", 1440),
        ("signal aws rsvp 5m", probe_signal("rsvp-aws"), 5),
        ("signal aws probe rsvp-aws", probe_signal("rsvp-aws"), 15),
    ],
)
def test_a_signal_is_asked_for_by_name_title_or_probe(line: str, signal: str, minutes: int) -> None:
    key = asked(line).key
    assert (key.signal, key.span) == (signal, timedelta(minutes=minutes))


def test_a_signal_says_newest_lowest_and_highest_with_their_ages() -> None:
    at = desk()
    question = asked("signal aws cpu", at)
    series = wave("aws", "cpu", NOW - question.key.span, NOW)
    newest, over = question.finish(at.board, History(question.key, series))
    assert newest == "aws cpu: 41.0 %, 12 seconds old."
    assert over.startswith("Over the last 15 minutes: lowest ")
    assert over.count(" ago") == 3
    assert question.finish(at.board, None)[1] == "Its last 15 minutes could not be read in time; try again."
    assert question.finish(at.board, History(question.key, None, "locked"))[1].endswith("could not be read: locked.")


def test_range_and_pace_are_remembered() -> None:
    at = desk()
    assert lines("range 6h", at) == ("The range is 6 hours from now on.",)
    assert asked("signal aws cpu", at).key.span == timedelta(hours=6)
    assert lines("every 10", at) == ("All is summed up every 10 minutes from now on.",)
    assert at.every == timedelta(minutes=10)


def test_help_explains_every_command_from_the_one_table() -> None:
    told = lines("help")
    assert len(told) == len(COMMANDS) + 1
    assert all(any(line.startswith(c.word) and c.explanation in line for line in told) for c in COMMANDS)


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_it(line: str) -> None:
    for at in (desk(), Desk(Board(NOW))):
        given = answer(at, line)
        assert isinstance(given, Asked) or all(given)
