"""What people are told of alerts in a round: which beginnings and ends, together with what, and what not. Pure.

It goes by what fires, and not by what has just happened: whatever fires and is neither hidden nor told is told, so that
a silence that ends, an inhibitor that is over and a restart need no case of their own. What a notification is about is
kept until the last of it is over; then its end is told, whatever hides what else there is.

- The first of a group never waits, nor does its first critical one; who joins later waits for others to join.
- What became graver is told again, under a key of its own: who was posted a warning was not called.
- What somebody has is told nobody until they have it no more: they know. What was told as flapping is told anew when
  that stops, whoever has it: what people knew of it is over then.
- A series that begins again and again is told once, until that stops. Whatever is too much for one minute is one
  notification that counts it.
- That somebody has it is told once every one of a notification that fires has somebody: who is called for many is not
  to hear that all is in hands because one is.
- Nobody is told that an episode is over of which nobody knows how it stands, or of which nobody was told.

Source: DESIGN, "Alerts" and laws 3 and 8; docs/notifications.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.alerts import telling_words as words
from wedtui.core.alerts.evaluation import Round
from wedtui.core.alerts.hiding import Hiding
from wedtui.core.alerts.memory import Memory, Phase, Report
from wedtui.core.alerts.names import source_of
from wedtui.core.alerts.outside import INHIBITED
from wedtui.core.alerts.rule import Rule, RuleBook, Severity, Source, worse
from wedtui.core.alerts.silences import Silence, silencing
from wedtui.core.alerts.telling_facts import Facts, Seen, facts_of
from wedtui.core.alerts.told import (
    Bundle,
    Flap,
    Hidden,
    Over,
    Telling,
    Untold,
    remembered,
    telling_document,
    telling_of,
)
from wedtui.core.alerts.track import Labels
from wedtui.core.notify import Event, Level, Notice

__all__ = ["Silence", "Telling", "acknowledgements", "remembered", "tell", "telling_document", "telling_of"]

GROUP_WAIT = timedelta(seconds=30)
"""Who joins a group that was told waits so long for others to join."""
FLAPS_FROM = 4
"""From so many beginnings within an hour a series flaps."""
FLAP_STEADY = timedelta(minutes=30)
"""It flaps no more when it has not begun for so long: what begins more seldom than that never flaps."""
STORM_FROM = 20
"""More beginnings than this in a minute are a storm, and told as one."""
STORM_WINDOW = timedelta(minutes=1)


def tell(
    book: RuleBook,
    round_: Round,
    telling: Telling,
    silences: Sequence[Silence],
    now: datetime,
) -> tuple[tuple[Notice, ...], Telling]:
    """Say what is to be told after a round of evaluation, in the order in which it is to be written.

    Args:
        book: the rules that count.
        round_: what the round found.
        telling: what was told before.
        silences: all that there are; each is looked at for whether it holds.
        now: the instant of the round, aware.

    Returns:
        What is to be told, and what is to be remembered of that; the two are to be stored together.
    """
    if telling.at is not None and now < telling.at:
        telling = telling.moved(telling.at - now)
    turn = _Turn(book, facts_of(round_), telling, silences, now)
    turn.go()
    return tuple(turn.notices), turn.after()


def acknowledgements(
    telling: Telling, episode: str, by: str, about: str, alone: Collection[str] = ()
) -> tuple[Notice, ...]:
    """Return what is told when somebody has an episode: to those who were told of it, or of it among others.

    Nothing is told of what was told together with one that fires and that nobody has: that has still to call somebody.

    Args:
        telling: what was told.
        episode: its key.
        by: who has it.
        about: what it is about, such as `errors (provider=aws)`.
        alone: the keys of the episodes that fire and that nobody has.
    """
    of_others = {bundle.key for bundle in telling.bundles if any(key in alone for key in bundle.members)}
    keys = [key for key in telling.keys_of(episode) if key not in of_others]
    return tuple(Notice(key, Level.INFO, f"{by} has {about}", event=Event.ACKNOWLEDGE) for key in keys)


class _Unit(NamedTuple):
    """What one notification is to be about."""

    kind: str
    rule: str
    which: Labels | str


_GROUP, _ONE, _FLAP = "group", "one", "flap"


class _Turn:
    """One round: what was told before goes in, notices and what is remembered come out."""

    def __init__(
        self,
        book: RuleBook,
        facts: Facts,
        before: Telling,
        silences: Sequence[Silence],
        now: datetime,
    ) -> None:
        self.book, self.facts, self.before, self.now = book, facts, before, now
        self.rules: dict[str, Rule | Source] = {rule.name: rule for rule in book.rules}
        self.sources = {source.name: source for source in book.sources}
        self.silences = [each for each in silences if each.holds(now)]
        self.hiding = Hiding(book, facts.round.state)
        self.notices: list[Notice] = []
        self.bundles = list(before.bundles)
        self.flaps = {(flap.rule, flap.labels): flap for flap in before.flaps}
        self.untold: dict[str, Untold] = {}
        self.recent = [at for at in before.recent if now - at < STORM_WINDOW]
        self.storm_at, self.storm_severity = before.storm_at, before.storm_severity
        self.never = {
            Hidden.SILENCED: before.silenced,
            Hidden.INHIBITED: before.inhibited,
            Hidden.TAKEN: before.taken,
        }
        self.collapsed, self.stormed = before.collapsed, before.stormed
        self.flapped: dict[tuple[str, Labels], Flap] = {}
        """Those that flap no more from this round on."""

    def go(self) -> None:
        """Look at everything once."""
        ends = list(self._flap_ends())
        self._gather()
        self._collapse()
        self._put()
        self.notices += ends
        self._end()

    def after(self) -> Telling:
        """Return what is remembered."""
        return Telling(
            at=self.now,
            bundles=tuple(self.bundles),
            untold=tuple(self.untold.values()),
            flaps=tuple(self.flaps.values()),
            recent=tuple(self.recent[-STORM_FROM - 1 :]),
            storm_at=self.storm_at,
            storm_severity=self.storm_severity,
            silenced=self.never[Hidden.SILENCED],
            inhibited=self.never[Hidden.INHIBITED],
            collapsed=self.collapsed,
            stormed=self.stormed,
            taken=self.never[Hidden.TAKEN],
        )

    def _gather(self) -> None:
        """Find what is to be told, and what hides it."""
        covered: dict[str, Severity] = {}
        for bundle in self.bundles:
            for key, severity in bundle.members.items():
                covered[key] = worse(covered.get(key, severity), severity)
        for flap in self.flaps.values():
            covered[flap.episode] = worse(covered.get(flap.episode, flap.severity), flap.severity)
        before = {each.key: each for each in self.before.untold}
        for seen in (*self.facts.gone.values(), *self.facts.firing.values()):
            told = covered.get(seen.key)
            if told is not None and worse(told, seen.severity) is told:
                continue
            self._keep(self._untold(seen, before.get(seen.key), raised=told is not None))
        for key, waited in before.items():
            if key not in self.facts.firing and key not in self.facts.gone:
                self._keep(replace(waited, over=waited.over or self.facts.over(key)))

    def _untold(self, seen: Seen, known: Untold | None, *, raised: bool) -> Untold:
        rule = self._rule(seen.rule)
        memory = self.facts.memory(seen.rule, seen.labels)
        report = None if memory is None else memory.report
        named = dict(seen.labels)
        group = tuple((name, named.get(name, "")) for name in rule.group) if rule is not None and rule.group else None
        value = seen.value
        if value is None and known is not None:
            value = known.value
        return Untold(
            seen.key,
            seen.rule,
            seen.labels,
            group,
            seen.severity,
            seen.reason,
            known.since if known is not None else seen.since,
            known.waits_since if known is not None else self.now,
            value,
            raised=raised,
            hidden=known.hidden if known is not None else None,
            until_now=self._until_now(seen, known),
            over=seen.over,
            said="" if report is None else report.said,
            runbook="" if report is None else report.runbook,
            link="" if report is None else report.link,
        )

    def _until_now(self, seen: Seen, known: Untold | None) -> str:
        """Return by what it was not told before this round."""
        flap = self.flapped.get((seen.rule, seen.labels))
        if flap is not None and seen.over is None:
            return words.FLAPPED if flap.episode == seen.key else words.SERIES_FLAPPED
        return "" if known is None else known.until_now

    def _rule(self, name: str) -> Rule | Source | None:
        """Return the rule of that name, or the source whose alert it is."""
        return self.rules.get(name) or self.sources.get(source_of(name))

    def _keep(self, untold: Untold) -> None:
        """Remember what is to be told; what is hidden and over is told to nobody any more, and counted."""
        hidden, by = self._hidden(untold)
        if untold.over is not None and hidden is None:
            # What hid it to its end may have ended with it.
            hidden = untold.hidden
        if untold.over is not None and hidden is not None:
            # What was told as flapping is told, or counted as that.
            self.never[hidden] += not untold.raised and not words.is_flapped(untold)
            return
        self.untold[untold.key] = replace(untold, hidden=hidden, until_now=words.hidden_now(untold, by))

    def _hidden(self, untold: Untold) -> tuple[Hidden | None, str]:
        silence = silencing(self.silences, untold.rule, untold.labels, self.now)
        if silence is not None:
            return Hidden.SILENCED, words.silenced_by(silence.by)
        hider = self.hiding.by(untold.rule, untold.labels)
        if hider:
            return Hidden.INHIBITED, words.hidden_by(hider)
        memory = self.facts.memory(untold.rule, untold.labels)
        hidden, there = _hidden_there(None if memory is None else memory.report)
        if hidden is not None or memory is None or memory.episode is None or memory.episode.key != untold.key:
            return hidden, there
        by = memory.episode.acknowledged_by
        return (Hidden.TAKEN, words.taken_by(by)) if by and not words.is_anew(untold) else (None, "")

    def _collapse(self) -> None:
        """Leave what belongs to a series that is known to flap to what was told of that, whoever has it."""
        heard = [each for each in self.untold.values() if each.hidden in {None, Hidden.TAKEN}]
        for untold in sorted(heard, key=self._began):
            flap = self.flaps.get((untold.rule, untold.labels))
            if flap is None or worse(flap.severity, untold.severity) is not flap.severity:
                continue
            del self.untold[untold.key]
            self.collapsed += 1
            self.flaps[untold.rule, untold.labels] = replace(
                flap, episode=untold.key, began_at=max(flap.began_at, self._began(untold)), episodes=flap.episodes + 1
            )

    def _ready(self) -> list[Untold]:
        return [each for each in self.untold.values() if each.hidden is None]

    def _put(self) -> None:
        """Tell what is due: each for itself, or all together where that is too much for one minute."""
        units: dict[_Unit, list[Untold]] = {}
        for untold in self._ready():
            units.setdefault(self._unit(untold), []).append(untold)
        due = {unit: waiting for unit, waiting in units.items() if self._is_due(unit, waiting)}
        if not due or self._is_held(due):
            return
        # What had to wait for a storm belongs to it.
        if len(due) + len(self.recent) > STORM_FROM or (self._storm_goes_on and len(due) > 1):
            self._storm([untold for waiting in units.values() for untold in waiting])
            return
        for unit, waiting in due.items():
            self._tell(unit, sorted(waiting, key=_by_gravity))

    def _unit(self, untold: Untold) -> _Unit:
        if self._flaps(untold):
            return _Unit(_FLAP, untold.rule, untold.labels)
        if untold.group is not None:
            return _Unit(_GROUP, untold.rule, untold.group)
        return _Unit(_ONE, untold.rule, untold.key)

    def _flaps(self, untold: Untold) -> bool:
        if (untold.rule, untold.labels) in self.flaps:
            return True
        memory = self.facts.memory(untold.rule, untold.labels)
        often = memory is not None and memory.flaps(self.now) + 1 >= FLAPS_FROM
        # What became steady meanwhile is told as what it is.
        return often and not untold.raised and self.now - self._began(untold) < FLAP_STEADY

    def _began(self, untold: Untold) -> datetime:
        """Return when an episode began here: what another system judges may have begun there long before."""
        if not source_of(untold.rule):
            return untold.since
        memory = self.facts.memory(untold.rule, untold.labels)
        newest = memory is not None and memory.episode is not None and memory.episode.key == untold.key
        return memory.begun[-1] if memory is not None and newest and memory.begun else untold.waits_since

    def _is_due(self, unit: _Unit, waiting: list[Untold]) -> bool:
        if unit.kind != _GROUP or any(each.until_now for each in waiting):
            return True
        told = [bundle for bundle in self.bundles if (bundle.rule, bundle.group) == (unit.rule, unit.which)]
        if not told or self.now - min(each.waits_since for each in waiting) >= GROUP_WAIT:
            return True
        paged = any(bundle.severity is Severity.CRITICAL for bundle in told)
        return not paged and any(each.severity is Severity.CRITICAL for each in waiting)

    def _is_held(self, due: dict[_Unit, list[Untold]]) -> bool:
        """Whether a storm was told so lately that what goes on of it waits; the first critical one never does."""
        if self.storm_at is None or self.now - self.storm_at >= STORM_WINDOW:
            return False
        grave = any(each.severity is Severity.CRITICAL for waiting in due.values() for each in waiting)
        return not (grave and self.storm_severity is Severity.WARNING)

    def _tell(self, unit: _Unit, waiting: list[Untold]) -> None:
        first = waiting[0]
        rule = self._rule(unit.rule)
        self.recent.append(self.now)
        if unit.kind == _FLAP:
            self._tell_flap(unit, waiting)
            return
        key = f"{first.key}/critical" if first.raised else first.key
        group = unit.which if unit.kind == _GROUP and not isinstance(unit.which, str) else None
        before = sum(b.count for b in self.bundles if group is not None and (b.rule, b.group) == (unit.rule, group))
        about = words.about(waiting, group)
        self.notices.append(words.begun(key, rule, waiting, about, told_before=before))
        members = {each.key: each.severity for each in waiting}
        self.bundles.append(Bundle(key, about, self.now, first.severity, members, len(members), unit.rule, group))
        self._are_told(waiting)

    def _tell_flap(self, unit: _Unit, waiting: list[Untold]) -> None:
        # Of those that began at one instant it is the one that still fires: what goes on is not counted a second time.
        newest = max(waiting, key=lambda each: (self._began(each), each.over is None))
        here = (newest.rule, newest.labels)
        flap = self.flaps.get(here)
        key = f"{newest.key}/flapping" + ("/critical" if flap is not None else "")
        memory = self.facts.memory(*here)
        often = len(waiting) if memory is None else memory.flaps(self.now) + 1
        self.notices.append(words.flapping(key, self._rule(unit.rule), newest, often))
        severity = max((each.severity for each in waiting), key=_GRAVITY.__getitem__)
        # What became graver was told, or counted, before.
        self.collapsed += sum(not each.raised for each in waiting if each is not newest)
        if flap is None:
            self.flaps[here] = Flap((key,), *here, severity, self.now, self._began(newest), newest.key, len(waiting))
        else:
            grown = flap.episodes + sum(each.key != flap.episode for each in waiting)
            self.flaps[here] = replace(
                flap,
                keys=(*flap.keys, key),
                severity=severity,
                began_at=max(flap.began_at, self._began(newest)),
                episode=newest.key,
                episodes=grown,
            )
        self._are_told(waiting)

    @property
    def _storm_goes_on(self) -> bool:
        return self.storm_at is not None and self.now - self.storm_at < 2 * STORM_WINDOW

    def _storm(self, waiting: list[Untold]) -> None:
        waiting = sorted(waiting, key=_by_gravity)
        first = waiting[0]
        key = f"{first.key}/storm" + ("/critical" if first.raised else "")
        self.notices.append(words.storm(key, waiting, goes_on=self._storm_goes_on))
        members = {each.key: each.severity for each in waiting}
        about = words.storm_about(len(members))
        self.bundles.append(Bundle(key, about, self.now, first.severity, members, len(members)))
        self.recent.append(self.now)
        self.storm_at, self.storm_severity = self.now, first.severity
        self.stormed += len(members)
        self._are_told(waiting)

    def _are_told(self, waiting: list[Untold]) -> None:
        for each in waiting:
            del self.untold[each.key]
            if each.over is not None:
                self.facts.ended[each.key] = each.over

    def _end(self) -> None:
        """Tell the end of what was told, where the last of it is over; and of what nobody knows how it stands."""
        left: list[Bundle] = []
        unknown: list[tuple[Bundle, int]] = []
        for bundle in self.bundles:
            over = {key: how for key in bundle.members if (how := self.facts.over(key)) is not None}
            if not over:
                left.append(bundle)
                continue
            lost = sum(how is Over.WITHDRAWN for how in over.values())
            members = {key: severity for key, severity in bundle.members.items() if key not in over}
            after = replace(bundle, members=members, withdrawn=bundle.withdrawn + lost)
            if lost:
                unknown.append((after, lost))
            if members:
                left.append(after)
            elif not lost:
                self.notices.append(words.over(after))
        self.bundles = left
        if len(unknown) > STORM_FROM:
            self.notices.append(words.all_withdrawn(unknown))
        else:
            self.notices += [words.withdrawn(bundle, lost) for bundle, lost in unknown]

    def _flap_ends(self) -> Iterator[Notice]:
        """Say of what flaps no more how it stands; where it fires, it is told anew."""
        for here, flap in tuple(self.flaps.items()):
            memory = self.facts.memory(*here)
            if memory is None and self.facts.over(flap.episode) is Over.WITHDRAWN:
                yield words.flap_withdrawn(flap)
            elif memory is not None and not self._is_steady(flap, memory):
                continue
            else:
                firing = memory is not None and memory.phase is Phase.FIRING
                for key in flap.keys:
                    yield words.steady(key, flap, self.now, firing=firing)
            self.flapped[here] = self.flaps.pop(here)

    def _is_steady(self, flap: Flap, memory: Memory) -> bool:
        newest = max((flap.began_at, *memory.begun))
        if memory.phase is not Phase.FIRING and memory.unknown_since is not None:
            return False  # it does not begin because nothing is known, and not because all is well
        return self.now - newest >= FLAP_STEADY


_GRAVITY = {Severity.WARNING: 0, Severity.CRITICAL: 1}


def _hidden_there(report: Report | None) -> tuple[Hidden | None, str]:
    """Return what hides the message of an alert where it is judged, if that is elsewhere."""
    if report is None or not report.hidden:
        return None, ""
    hidden = Hidden.INHIBITED if report.hidden == INHIBITED else Hidden.SILENCED
    return hidden, words.hidden_there(report.source, report.hidden)


def _by_gravity(untold: Untold) -> tuple[int, datetime, str, Labels]:
    return -_GRAVITY[untold.severity], untold.since, untold.rule, untold.labels
