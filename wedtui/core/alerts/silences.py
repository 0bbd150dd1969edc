"""Silences: what people say for a while is not to be told. A silence hides messages, never a row, and never an end.

Source: DESIGN, "Alerts" ("Silences need a reason and an end").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wedtui.core.alerts.attention import has_somebody
from wedtui.core.alerts.condition import span_words
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.names import PAGED, PAGES, rule_of, source_of
from wedtui.core.alerts.rule import RuleBook, Severity, Where
from wedtui.core.alerts.standing import AlertIs, AlertsNow, by_urgency
from wedtui.core.alerts.track import Labels
from wedtui.core.finding import Finding
from wedtui.core.finding import Severity as Weight
from wedtui.core.text import single_line
from wedtui.core.wording import counted, listed, utc_words

LONGEST_SILENCE = timedelta(hours=24)
"""Whoever is on call on another day looks anew: no silence of a Thursday reaches into a wedding on Saturday."""
CLOCKS_DIFFER = timedelta(seconds=5)
"""Who asks for the longest one names its end by a clock of their own, which may be so far ahead."""
LONGEST_REASON = 500
MOST_VALUES = 50
"""Of all labels of a silence together."""
_LONGEST_WORD = 200
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Silence:
    """What is not to be told, why, and until when."""

    number: int
    where: Where
    """Alerts with these labels; with none, whatever labels they have."""
    rules: tuple[str, ...]
    """Of these rules; with none, of any."""
    reason: str
    by: str
    since: datetime
    until: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it counts at an aware instant."""
        return self.since <= now < self.until

    def fits(self, rule: str, labels: Labels) -> bool:
        """Whether it is about an alert, whenever it counts."""
        return (not self.rules or rule in self.rules) and self.where.fits(labels)

    def covers(self, other: Silence) -> bool:
        """Whether it is about all that another one is about, whenever either counts."""
        rules = not self.rules or (bool(other.rules) and set(other.rules) <= set(self.rules))
        theirs = other.where.wanted
        return rules and all(
            name in theirs and set(theirs[name]) <= set(values) for name, values in self.where.wanted.items()
        )

    def __str__(self) -> str:
        rules = f"of {listed(self.rules)}" if self.rules else ""
        where = f"where {self.where}" if self.where.wanted else ""
        return " ".join(filter(None, (rules, where)))


def silencing(silences: Iterable[Silence], rule: str, labels: Labels, now: datetime) -> Silence | None:
    """Return the silence that hides what is told of an alert now, of several the one that ends last."""
    found = [each for each in silences if each.holds(now) and each.fits(rule, labels)]
    return max(found, key=lambda each: (each.until, each.number), default=None)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a silence would hide of the alerts that there are."""

    firing: tuple[AlertIs, ...]
    """Of which nothing would be told that has not been told."""
    pending: tuple[AlertIs, ...]
    """That may fire soon."""
    told: int
    """Of how many that fire somebody was told already; their ends are told all the same."""
    behind: int = 0
    """How many more that fire these hide by their rules: nobody is told of them either."""

    @property
    def critical(self) -> int:
        """How many of all these are critical: of them somebody would be called."""
        return sum(each.severity is Severity.CRITICAL for each in (*self.firing, *self.pending))

    @property
    def sentence(self) -> str:
        """Return what it would hide, in one sentence."""
        if not self.firing and not self.pending:
            return "it would hide nothing of what fires or is pending now"
        fires, waits = len(self.firing), len(self.pending)
        first = listed(tuple(f"{each.rule} ({each.about})" for each in (*self.firing, *self.pending)[:3]))
        more = f" and {fires + waits - 3:,} more" if fires + waits > 3 else ""
        grave = f"; {self.critical:,} of them critical" if self.critical else ""
        told = f"; {self.told:,} of them were told already, and their end will be" if self.told else ""
        behind = f"; and {self.behind:,} more that these hide, of which nobody is told either" if self.behind else ""
        return f"it would hide {fires:,} that fire and {waits:,} that are pending: {first}{more}{grave}{told}{behind}"


def preview(silence: Silence, alerts: Iterable[AlertIs], book: RuleBook) -> Preview:
    """Return what a silence would hide of given alerts, by urgency; its times are not looked at.

    Args:
        silence: what is not to be told.
        alerts: those that there are.
        book: the rules that count: by them one alert hides the message of another.
    """
    there = by_urgency(alerts)
    hidden = [each for each in there if silence.fits(each.rule, each.labels)]
    firing = tuple(each for each in hidden if each.phase is Phase.FIRING)
    pending = tuple(each for each in hidden if each.phase is Phase.PENDING)
    return Preview(firing, pending, sum(each.told_at is not None for each in firing), _behind(silence, there, book))


def _behind(silence: Silence, alerts: Iterable[AlertIs], book: RuleBook) -> int:
    """Return of how many alerts nobody is told because whatever hides them is silenced."""
    equal = {rule.name: rule.inhibit.equal for rule in book.rules if rule.inhibit is not None}
    fires = [each for each in alerts if each.phase is Phase.FIRING]
    by_rule: dict[str, list[AlertIs]] = {}
    for each in fires:
        by_rule.setdefault(each.rule, []).append(each)

    def told_of(other: AlertIs) -> bool:
        return not silence.fits(other.rule, other.labels) and not other.silenced_by

    def is_behind(each: AlertIs) -> bool:
        names = equal.get(each.rule, ())
        if not each.inhibited_by or silence.fits(each.rule, each.labels):
            return False
        ours = _values(each, names)
        hiders = [other for other in by_rule.get(each.inhibited_by, ()) if _values(other, names) == ours]
        return any(silence.fits(other.rule, other.labels) for other in hiders) and not any(map(told_of, hiders))

    return sum(map(is_behind, fires))


def _values(alert: AlertIs, names: Iterable[str]) -> tuple[str | None, ...]:
    there = dict(alert.labels)
    return tuple(there.get(name) for name in names)


def foreseen(silence: Silence, alerts: AlertsNow | None, now: datetime, book: RuleBook) -> Preview | None:
    """Return what a silence would hide of the alerts that there are now; None where nobody knows how they stand."""
    return preview(silence, alerts.alerts, book) if alerts is not None and alerts.is_fresh(now) else None


@dataclass(frozen=True, slots=True)
class Released:
    """What becomes of the alerts that fire and that a silence was about, once it is over."""

    told: tuple[AlertIs, ...] = ()
    """Of which people are told then, by urgency."""
    silenced: int = 0
    """How many other silences hide."""
    by: tuple[int, ...] = ()
    """The numbers of these."""
    inhibited: int = 0
    """How many another alert hides."""
    before: int = 0
    """Of how many somebody was told before: that is not told again."""
    taken: int = 0
    """How many somebody has of which nobody was told."""
    has: tuple[str, ...] = ()
    """Who has these."""

    @property
    def sentence(self) -> str:
        """Return that in one sentence."""
        said = []
        if self.told:
            first = listed(tuple(f"{each.rule} ({each.about})" for each in self.told[:3]))
            more = f" and {len(self.told) - 3:,} more" if len(self.told) > 3 else ""
            said.append(f"people are told of {len(self.told):,} now: {first}{more}")
        if self.silenced:
            by = listed(tuple(map(str, self.by)))
            said.append(f"{self.silenced:,} stay hidden by silence {by}")
        if self.inhibited:
            said.append(f"{self.inhibited:,} stay hidden by another alert that fires")
        if self.taken:
            has = listed(tuple(single_line(each, _LONGEST_NAME) for each in self.has))
            said.append(f"{self.taken:,} stay with {has}, and are told only once nobody has them")
        if self.before:
            said.append(f"people were told of {self.before:,} before, and are not told again")
        return (
            f"of the alerts that it was about and that fire: {'; '.join(said)}"
            if said
            else "nothing fires that it was about"
        )


def released(ended: Silence, others: Iterable[Silence], alerts: Iterable[AlertIs], now: datetime) -> Released:
    """Return what becomes of what a silence was about.

    Args:
        ended: the one that is over.
        others: the silences that there are beside it.
        alerts: those that there are.
        now: an aware instant; of the others those count that hold at it.
    """
    holding = [each for each in others if each.holds(now) and each.number != ended.number]
    about = [each for each in by_urgency(alerts) if each.phase is Phase.FIRING and ended.fits(each.rule, each.labels)]
    hiding = [(each, [one.number for one in holding if one.fits(each.rule, each.labels)]) for each in about]
    open_to = [each for each, by in hiding if not by]
    heard = [each for each in open_to if not each.inhibited_by]
    new = [each for each in heard if each.told_at is None]
    # Whoever has what nobody was told of knows: nobody is called for it.
    taken = [each for each in new if has_somebody(each, now)]
    return Released(
        tuple(each for each in new if not has_somebody(each, now)),
        len(about) - len(open_to),
        tuple(sorted({number for _each, by in hiding for number in by})),
        len(open_to) - len(heard),
        len(heard) - len(new),
        len(taken),
        tuple(sorted({each.acknowledged_by for each in taken})),
    )


def foreseen_words(hides: Preview | None) -> str:
    """Return what it would hide, or that nobody knows, in one sentence."""
    if hides is None:
        return "what it would hide is NOT KNOWN: no service judges alerts at present"
    return hides.sentence


def silence_notes(silences: Iterable[Silence], now: datetime) -> tuple[Finding, ...]:
    """Return the note that something is silenced, so that nobody takes what is not told for what is well."""
    held = [each for each in silences if each.holds(now)]
    if not held:
        return ()
    last = max(held, key=lambda each: each.until)
    until = utc_words(last.until)
    lists = "`wedtui alerts silences`"
    if len(held) == 1:
        said = f"one silence holds until {until}, {last}, by {last.by}: {last.reason}; {lists} says what it hides"
    else:
        said = f"{counted(len(held), 'silence')} hold, the last until {until}: {lists} says what they hide"
    return (Finding(Weight.NOTE, "alerts", said, max(each.since for each in held)),)


_ESCAPED = re.compile(r"\\([,\\ ])")
# Spaces within a value need none.
_SIGNS = re.compile(r"([,\\]|^ +| +$)")
_HELD = {",": "\ue000", "\\": "\ue001", " ": "\ue002"}
_LET_GO = {ord(held): sign for sign, held in _HELD.items()}


def _escaped_signs(found: re.Match[str]) -> str:
    return "".join(f"\\{sign}" for sign in found[1])


def where_of(words: Sequence[str]) -> Where:
    """Return which labels are meant by `provider=aws,gcp`, `service=rsvp`: each label once, of its values any.

    A comma, a space or a backslash after a backslash is part of a value.

    Raises:
        ValueError: one says no label, or no value of it.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, sign, values = word.partition("=")
        name, found = name.strip(), tuple(dict.fromkeys(_meant(values)))
        if not sign or not name or not found:
            raise ValueError(f'expected a label and its value such as "provider=aws", got "{single_line(word, 80)}"')
        if name in wanted:
            raise ValueError(f'expected each label once, got "{single_line(name, 80)}" twice: write provider=aws,gcp')
        wanted[name] = found
    return Where(wanted)


def _meant(text: str) -> Iterator[str]:
    held = _ESCAPED.sub(lambda found: _HELD[found[1]], text)
    for value in filter(None, (each.strip() for each in held.split(","))):
        yield value.translate(_LET_GO)


def label_word(name: str, value: str) -> str:
    """Return a label as `where_of` reads it: with this one value, whatever is in it."""
    return f"{name}={_SIGNS.sub(_escaped_signs, value)}"


def within_longest(silence: Silence, now: datetime) -> Silence:
    """Return a silence of which the end is past the longest by no more than clocks differ, ended at the longest."""
    if timedelta() < silence.until - now - LONGEST_SILENCE < CLOCKS_DIFFER:
        return replace(silence, until=now + LONGEST_SILENCE)
    return silence


def checked(silence: Silence, book: RuleBook, now: datetime) -> Silence:
    """Return a silence as it may be kept: a reason, an end that is near enough, and something that it is about.

    Args:
        silence: as somebody asks for it.
        book: the rules that count.
        now: an aware instant.

    Raises:
        ValueError: it may not be; one sentence that says what is missing.
    """
    reason = single_line(silence.reason, LONGEST_REASON + 1)
    if not reason:
        raise ValueError("expected a reason: whoever is on call next reads why nothing is told")
    if len(reason) > LONGEST_REASON:
        raise ValueError(f"expected a reason of at most {LONGEST_REASON} characters")
    return replace(looked_at(silence, book, now), reason=reason)


def looked_at(silence: Silence, book: RuleBook, now: datetime) -> Silence:
    """Return a silence of which it may be asked what it would hide: as `checked`, but nobody has to say why."""
    if silence.since.tzinfo is None or silence.until.tzinfo is None:
        raise ValueError("expected an end with a zone")
    if silence.until <= max(now, silence.since):
        raise ValueError("expected an end that is still to come, and after the beginning")
    if silence.until - now > LONGEST_SILENCE:
        longest = span_words(LONGEST_SILENCE)
        raise ValueError(f"expected an end within {longest}: what has to be quiet for longer is a change of the rules")
    _check_subject(silence, book)
    return silence


def unknown_labels(silence: Silence, known: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return the labels by which it asks that nothing has: it is about nothing then.

    Args:
        silence: as somebody asks for it.
        known: the labels of everything that is configured or fires, and that rules name, each with its values.
    """
    return tuple(name for name in silence.where.wanted if name not in known)


def unknown_values(silence: Silence, known: Mapping[str, Collection[str]]) -> tuple[tuple[str, str], ...]:
    """Return the values by which it asks that no label of that name has, as far as any value of it is known.

    Args:
        silence: as somebody asks for it.
        known: as `unknown_labels` takes them.
    """
    wanted = silence.where.wanted.items()
    return tuple(
        (name, value) for name, some in wanted for value in some if known.get(name) and value not in known[name]
    )


def _check_subject(silence: Silence, book: RuleBook) -> None:
    if not silence.rules and not silence.where.wanted:
        raise ValueError("expected a rule or a label: a silence of everything would hide what nobody has thought of")
    known = [rule.name for rule in book.rules]
    known += [rule_of(PAGES, each) for each in PAGED]
    sources = {source.name for source in book.sources}
    for name in silence.rules:
        # What other systems call their alerts is theirs to say.
        if name not in known and source_of(name) not in sources:
            names = ", ".join(known)
            raise ValueError(f'there is no rule "{single_line(name, 80)}": choose one of {names}')
    values = [value for each in silence.where.wanted.values() for value in each]
    if any(not each for each in silence.where.wanted.values()):
        raise ValueError("expected a value behind each label")
    if len(values) > MOST_VALUES:
        raise ValueError(f"expected at most {counted(MOST_VALUES, 'value')} of labels, got {len(values):,}")
    for word in (*silence.where.wanted, *values):
        if not word.isprintable() or len(word) > _LONGEST_WORD:
            raise ValueError(f"expected labels and values of at most {_LONGEST_WORD} printable characters")
