"""Alerts that begin, end and grow worse by chance, beside what everybody has to be told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st

from tests.core.alerts.stage import CRITICAL, MINUTE, WARNING, Stage, ends, named, silence, triggers
from tests.core.alerts.world import START
from wedtui.core.alerts import telling_words as words
from wedtui.core.alerts.evaluation import Kind
from wedtui.core.alerts.hiding import Hiding
from wedtui.core.alerts.rule import Inhibition, Rule, RuleBook, Severity, worse
from wedtui.core.alerts.telling import GROUP_WAIT, STORM_FROM, STORM_WINDOW
from wedtui.core.alerts.told import Untold
from wedtui.core.alerts.track import Labels, labels_of
from wedtui.core.notify import Event, Notice

RULES = (
    named("down"),
    named("errors", group=("provider",), inhibit=Inhibition(("down",), ("provider", "host"))),
    named("cpu", severity=WARNING),
)
SERIES = tuple(labels_of({"provider": p, "host": h}) for p in ("aws", "gcp") for h in ("a", "b"))
MANY = tuple(labels_of({"provider": "aws", "host": f"{n}"}) for n in range(2 * STORM_FROM))

Script = list[tuple[list[tuple[str, Labels, str]], int, str]]


DOINGS = ("warns", "pages", "ends", "worsens", "comes and goes")


def scripts(rules: list[str], around: list[str], doings: tuple[str, ...]) -> st.SearchStrategy[Script]:
    doing = st.sampled_from(doings)
    moves = st.lists(st.tuples(st.sampled_from(rules), st.sampled_from(SERIES), doing), max_size=6)
    seconds = st.sampled_from([1, 10, 40, 70, 600, 2400])
    return st.lists(st.tuples(moves, seconds, st.sampled_from(around)), min_size=1, max_size=25)


rounds = scripts(["down", "errors", "cpu"], ["", "", "", "quiet", "loud", "storm", "calm"], (*DOINGS, "take", "let go"))
loud = scripts(["errors", "cpu"], ["", "", "", "storm", "calm"], DOINGS)


class Play:
    """A stage, and what of each episode it could not have been told of."""

    def __init__(self, *, stored: bool = True) -> None:
        self.stage = Stage(RuleBook(RULES), stored=stored)
        self.severity: dict[str, Severity] = {}
        self.visible: dict[str, Severity] = {}
        """Of each episode that nothing hid in a round and nobody had, the gravest that it was then."""
        self.about: dict[str, tuple[str, Labels]] = {}
        self.flapped: set[str] = set()
        """Those that were told as flapping, or left to that."""

    def move(self, rule: str, labels: Labels, what: str) -> None:
        stage = self.stage
        if what in {"warns", "pages", "comes and goes"} and not stage.fires(rule, labels):
            severity = WARNING if what == "warns" else CRITICAL
            key = stage.begin(rule, labels, severity)
            self.severity[key], self.about[key] = severity, (rule, labels)
            if what == "comes and goes":
                stage.end(rule, labels)
        elif what == "ends" and stage.fires(rule, labels):
            stage.end(rule, labels)
        elif what in {"take", "let go"} and stage.fires(rule, labels):
            stage.take(rule, labels, "ada" if what == "take" else "")
        elif what == "worsens" and stage.fires(rule, labels):
            episode = stage.memory(rule, labels).episode
            assert episode is not None
            if episode.severity is WARNING:
                stage.raised(rule, labels)
                self.severity[episode.key] = CRITICAL

    def around(self, what: str) -> None:
        if what == "quiet":
            self.stage.silences = [silence(START + timedelta(days=9), provider="gcp")]
        elif what == "loud":
            self.stage.silences = []
        elif what in {"storm", "calm"}:
            for labels in MANY:
                self.move("cpu", labels, "warns" if what == "storm" else "ends")

    def round(self, after: float) -> None:
        stage = self.stage
        stage.now += timedelta(seconds=after)
        hiding = Hiding(stage.book, stage.state)
        begun = {event.key for event in stage.events if event.kind is not Kind.RESOLVED}
        for key, (rule, labels) in self.about.items():
            episode = stage.memory(rule, labels).episode
            fires = stage.fires(rule, labels) and episode is not None and episode.key == key
            silenced = any(each.fits(rule, labels) for each in stage.silences)
            hidden = silenced or hiding.by(rule, labels)
            if (fires or key in begun) and not hidden and not self._is_taken(key):
                self.visible[key] = self.severity[key]
        stage.round()
        self.flapped |= {flap.episode for flap in stage.telling.flaps}

    def _is_taken(self, key: str) -> bool:
        """Whether somebody has it, and its series was not told as flapping."""
        rule, labels = self.about[key]
        episode = self.stage.memory(rule, labels).episode
        has = episode is not None and episode.key == key and bool(episode.acknowledged_by)
        return has and all((flap.rule, flap.labels) != (rule, labels) for flap in self.stage.telling.flaps)


def played(script: Script, *, stored: bool = True) -> Play:
    play = Play(stored=stored)
    for moved, seconds, what in script:
        play.around(what)
        for each in moved:
            play.move(*each)
        play.round(seconds)
    return play


def to_its_end(play: Play) -> None:
    """End everything, and wait for whatever waits."""
    stage = play.stage
    for rule, series in list(stage.memories.items()):
        for labels in list(series):
            if stage.fires(rule, labels):
                stage.end(rule, labels)
    play.round(1)
    for _ in range(4):
        play.round(max(GROUP_WAIT, STORM_WINDOW) / timedelta(seconds=1))
    play.round(7200)


@given(rounds)
def test_whatever_could_be_told_is_told_once_and_ends_once(script: Script) -> None:
    play = played(script)
    to_its_end(play)
    stage = play.stage
    begun, ended = triggers(stage.told), ends(stage.told)
    assert max(Counter(each.key for each in begun).values(), default=1) == 1
    assert Counter(each.key for each in begun) == Counter(each.key for each in ended)
    remembered = stage.telling
    assert (remembered.bundles, remembered.untold, remembered.flaps) == ((), (), ())


@dataclass
class Spy:
    """Sees which episodes each beginning is about."""

    told: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """By episode, and whether it was told as a warning before."""
    severity: dict[str, Severity] = field(default_factory=dict)
    flapping: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    """That were told to flap once more, as graver than it was said before."""

    @contextmanager
    def looking(self) -> Iterator[None]:
        with (
            patch.object(words, "begun", self._of_list(words.begun, 2)),
            patch.object(words, "storm", self._of_list(words.storm, 1)),
            patch.object(words, "flapping", self._of_flap(words.flapping)),
        ):
            yield

    def _of_list(self, real: Callable[..., Notice], place: int) -> Callable[..., Notice]:
        def seen(*given: Any, **named: Any) -> Notice:
            for each in given[place]:
                self.told[each.key, each.raised] += 1
                self.severity[each.key] = worse(self.severity.get(each.key, each.severity), each.severity)
            return real(*given, **named)

        return seen

    def _of_flap(self, real: Callable[..., Notice]) -> Callable[..., Notice]:
        def seen(key: str, rule: Rule | None, newest: Untold, often: int) -> Notice:
            if newest.raised and newest.key not in self.flapping:
                self.again.add(newest.key)
            elif not newest.raised:
                self.flapping.add(newest.key)
            return real(key, rule, newest, often)

        return seen


def seen(script: Script) -> tuple[Play, Spy]:
    spy = Spy()
    with spy.looking():
        play = played(script)
        to_its_end(play)
    return play, spy


def check_counts(play: Play, spy: Spy) -> None:
    remembered = play.stage.telling
    told = {key for key, _raised in spy.told}
    known = told | spy.flapping
    again = spy.again | (told & play.flapped)
    more = remembered.collapsed - len(again - spy.flapping)
    hidden = remembered.silenced + remembered.inhibited + remembered.taken
    assert len(known | again) + more + hidden == len(play.stage.keys)


@given(rounds)
def test_every_episode_is_told_once_or_counted(script: Script) -> None:
    play, spy = seen(script)
    assert max(spy.told.values(), default=1) == 1
    assert {key for key, _raised in spy.told} | spy.flapping <= set(play.visible)
    check_counts(play, spy)


HERE = ("errors", labels_of({"host": "a", "provider": "aws"}))
BY_TURNS = [(*HERE, each) for each in ("warns", "ends", "comes and goes", "comes and goes", "warns")]
"""Four episodes of one series that began at one instant."""


@given(loud)
@example([(BY_TURNS, 1, ""), ([], 1, "")])
def test_without_silence_and_inhibition_every_one_is_told_as_grave_as_it_was(script: Script) -> None:
    play, spy = seen(script)
    assert (play.stage.telling.silenced, play.stage.telling.inhibited) == (0, 0)
    check_counts(play, spy)
    if not play.stage.telling.collapsed and not spy.flapping:
        assert spy.severity == play.visible


@given(rounds)
def test_what_is_stored_between_two_rounds_is_all_that_the_next_one_needs(
    script: Script,
) -> None:
    one, split = (played(script, stored=stored).stage for stored in (False, True))
    assert split.told == one.told
    assert split.telling == one.telling


@given(rounds, st.integers(0, 24), st.integers(1, 400))
def test_a_clock_that_is_set_back_tells_nothing_twice(script: Script, number: int, back: int) -> None:
    play = Play()
    for place, (moved, seconds, what) in enumerate(script):
        play.around(what)
        for each in moved:
            play.move(*each)
        if place == number:
            play.stage.now -= back * MINUTE
        play.round(seconds)
    begun = Counter(each.key for each in triggers(play.stage.told))
    ended = Counter(each.key for each in ends(play.stage.told))
    assert max(begun.values(), default=1) == 1
    assert ended <= begun


@given(rounds)
def test_there_is_no_end_without_a_beginning_and_nothing_but_both(
    script: Script,
) -> None:
    told = played(script).stage.told
    open_: set[str] = set()
    for notice in told:
        if notice.event is Event.TRIGGER:
            assert notice.key not in open_
            open_.add(notice.key)
        else:
            open_.remove(notice.key)
