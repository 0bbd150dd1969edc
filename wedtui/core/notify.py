"""Notifications: what is told, when a channel is asked again, and whom the end of it concerns. Pure.

A notification belongs to an episode: it begins with a trigger, and is over with a resolve. It leaves until a channel
has accepted it; what no channel will ever take, or nobody took within a day, is a dead letter, and shown.
Source: DESIGN, "Alerts"; docs/notifications.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from wedtui.core.text import single_line
from wedtui.core.wording import asked_of_demo

SECOND_AFTER = timedelta(seconds=15)
"""The next channel is used where the one before has not accepted within this."""
POSTED_WITHIN = timedelta(seconds=45)
"""So long a post beside a call is waited for: longer than a channel that is limited, shorter than a finding."""
TOO_OLD = timedelta(days=1)
"""What nobody took by then would call somebody up for nothing: it becomes a dead letter."""
REPEATS_APART = timedelta(seconds=2)
"""Between two that are put to one channel again: PagerDuty takes about 120 a minute, which are for pages first."""
LONGEST_KEY = 200
LONGEST_SENTENCE = 1000
"""Of a sentence and of each value: less than every channel takes."""
MOST_DETAILS = 32
ROUTE = "route"
"""The detail that says whom a notification is for, by a name that the configuration maps to channels."""
_FIRST, _LONGEST = timedelta(seconds=1), timedelta(minutes=1)
_LIMITED, _LIMITED_LONG, _LIMITED_TRIES = timedelta(seconds=30), timedelta(minutes=3), 3
_TRUSTED = timedelta(hours=1)

Detail = str | int | float | bool | None


class Page(Protocol):
    """How whoever decides something tells people; `ledger.outbox.Outbox.page` is one."""

    def __call__(self, key: str, severity: str, sentence: str, details: Mapping[str, Detail]) -> None:
        """Tell whoever is on call; the same key again tells nobody anew while that is not over.

        Args:
            key: of what it is about, such as `traffic/aws`.
            severity: `critical`, `error`, `warning` or `info`.
            sentence: what happened, and what to do.
            details: more of it, as names and plain values; no secrets.
        """
        ...


class Level(StrEnum):
    """How much it matters; the words of PagerDuty's Events API v2."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


GRAVITY = {Level.INFO: 0, Level.WARNING: 1, Level.ERROR: 2, Level.CRITICAL: 3}
CALLS_FROM = Level.ERROR
"""From this on somebody is to be called, and not only to be able to read it."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a notification concerns."""

    channels: tuple[str, ...]
    """All of them, in the order in which they are asked."""
    calls: frozenset[str] = frozenset()
    """Those of which one has to accept it; empty where any of all may."""
    beside: frozenset[str] = frozenset()
    """Those that are told beside the call; that they accepted calls nobody."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which channels are for what: by how much it matters, and by routes."""

    least: Mapping[str, Level] = field(default_factory=dict)
    """By channel, from which severity on it is told; one that is not here is told everything."""
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By route, its channels in their order."""
    calls: frozenset[str] = frozenset()
    """The channels that call people; the others are read when somebody looks."""

    def audience(self, channels: Sequence[str], severity: Level, route: str = "") -> Audience:
        """Return whom a beginning concerns: what calls is accepted by a channel that calls, where there is one.

        The others of its route are told beside the call, or all others where it has no route.

        Args:
            channels: all that are configured, in their order.
            severity: how much it matters; from `error` on it calls.
            route: whom it is for; one that is not configured is for all.
        """
        concerned = self.of(channels, severity, route)
        named = set(self.routes.get(route, ())).intersection(concerned)
        return self._calling(concerned, severity, named or concerned)

    def of(self, channels: Sequence[str], severity: Level, route: str = "") -> tuple[str, ...]:
        """Return which channels a beginning is put to, in the order in which they are asked.

        Those of its route come first, and the others after them: whose channel is down is not told by nobody. What no
        channel is for goes to all, because somebody has to be told.

        Args:
            channels: all that are configured, in their order.
            severity: how much it matters.
            route: whom it is for; one that is not configured is for all.
        """
        first = [name for name in self.routes.get(route, ()) if name in channels]
        ordered = tuple(dict.fromkeys([*first, *channels]))
        return self._taking(ordered, severity) or ordered

    def every(self, channels: Sequence[str], severity: Level) -> Audience:
        """Return everybody: every channel, whatever it is for."""
        return self._calling(tuple(channels), severity, channels)

    def of_each(
        self, channels: Sequence[str], severity: Level, wanted: Sequence[Sequence[str]]
    ) -> tuple[Audience, ...]:
        """Return each of those whom a beginning is for, with the channels that are asked until enough accept.

        The own channels of each come first, those of nobody else among them after these: whose channel is down is not
        told by nobody. What calls is accepted by a channel that calls, where there is one for them. Where none of what
        is wanted is configured, it is as if nobody had been named.

        Args:
            channels: all that are configured, in their order.
            severity: how much it matters; from `error` on it calls. Who has no channel for that is told by what there
                is.
            wanted: the channels of each, in their order.
        """
        known = [[name for name in each if name in channels] for each in wanted]
        own = [self._taking(each, severity) or tuple(each) for each in known if each]
        if not own:
            return (self.audience(channels, severity),)
        taken = {name for each in own for name in each}
        rest = tuple(name for name in self.of(channels, severity) if name not in taken)
        return tuple(dict.fromkeys(self._calling((*each, *rest), severity, each) for each in own))

    def _calling(self, concerned: tuple[str, ...], severity: Level, named: Collection[str]) -> Audience:
        calls = self.calls.intersection(concerned)
        if not calls or GRAVITY[severity] < GRAVITY[CALLS_FROM]:
            return Audience(concerned)
        return Audience(concerned, calls, frozenset(named) - calls)

    def _taking(self, channels: Sequence[str], severity: Level) -> tuple[str, ...]:
        return tuple(n for n in channels if GRAVITY[severity] >= GRAVITY[self.least.get(n, Level.INFO)])


class Event(StrEnum):
    """What it says of its episode."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    """Somebody has it; it is not over."""
    RESOLVE = "resolve"


class Stage(StrEnum):
    """How far a notification is."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    """No channel takes it: a person has to look."""
    DISMISSED = "dismissed"
    """A person looked at the dead letter."""


class Delivery(StrEnum):
    """How far a notification is with one channel."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """It will never be taken."""
    SPARED = "spared"
    """Another channel accepted it, and this one is not asked any more."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told."""

    key: str
    """Of what it is about, such as `action/7`: a second trigger of an episode that is not over tells nobody anew."""
    severity: Level
    sentence: str
    details: Mapping[str, Detail] = field(default_factory=dict)
    everybody: bool = False
    """Whether every channel is told, and not the first that accepts."""
    event: Event = Event.TRIGGER
    channels: tuple[tuple[str, ...], ...] = ()
    """For each of those whom it is for, by which channels, in the order in which they are asked; none: for whoever the
    configuration says."""

    def bounded(self) -> Notice:
        """Return it as every channel takes it: on one line, and not too long.

        Raises:
            ValueError: its key cannot be used.
        """
        if not self.key or len(self.key) > LONGEST_KEY or not self.key.isprintable():
            raise ValueError("the key of a notification has 1 to 200 printable characters")
        few = list(self.details.items())[:MOST_DETAILS]
        details = {single_line(k, 80): single_line(v, LONGEST_SENTENCE) if isinstance(v, str) else v for k, v in few}
        return Notice(
            self.key,
            self.severity,
            single_line(self.sentence, LONGEST_SENTENCE),
            details,
            everybody=self.everybody,
            event=self.event,
            channels=self.channels,
        )


@dataclass(frozen=True, slots=True)
class Message:
    """A notification as a channel is told."""

    number: int
    """Of the notification, in the ledger."""
    key: str
    episode: str
    """By which a channel knows what it has already."""
    event: Event
    severity: Level
    sentence: str
    details: Mapping[str, Detail]
    created_at: datetime


def of_drill(message: Message) -> Message:
    """Return a notification of a made-up world: it says so first, and its commands as they are typed there."""
    return replace(message, sentence=drill_words(message.sentence))


def drill_words(sentence: str) -> str:
    """Return what is told of a made-up world: nobody gets up for it."""
    return single_line(f"DRILL in a made-up world: {asked_of_demo(sentence)}", LONGEST_SENTENCE)


class Verdict(StrEnum):
    """What a channel's answer comes to."""

    ACCEPTED = "accepted"
    LATER = "later"
    """It may take it another time; whether it took it this time may not be known."""
    LIMITED = "limited"
    """It takes nothing at the moment, from anybody."""
    REFUSED = "refused"
    """It will never take this."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt."""

    verdict: Verdict
    words: str = ""
    """Why, in a few words without any secret."""
    after: timedelta = timedelta()
    """How long the channel asks to wait; zero where it does not say."""
    exact: bool = False
    """Whether its own word is enough, however short."""


def verdict_of(status: int) -> Verdict:
    """Say what a status of HTTP means for a notification.

    What is neither an acceptance nor a refusal (a redirect, a gateway's page) is asked again.
    """
    if status == 429:
        return Verdict.LIMITED
    if 400 <= status < 500 and status not in {408, 421, 425}:
        return Verdict.REFUSED
    return Verdict.LATER


def wait(tries: int, answer: Answer) -> timedelta:
    """Return how long to wait before a channel is asked again.

    Args:
        tries: how often it was asked, this time included.
        answer: what came of it. A channel's own word counts where it is longer, up to an hour; one that is limited is
            asked again after 30 s three times, and then after 3 min. Source: PagerDuty, "Events API v2, Response codes
            and retry logic". One whose word is exact is taken at it.
    """
    if answer.exact and answer.after:
        return min(answer.after, _TRUSTED)
    if answer.verdict is Verdict.LIMITED:
        least = _LIMITED if tries <= _LIMITED_TRIES else _LIMITED_LONG
    else:
        least = min(_FIRST * 2 ** min(tries - 1, 10), _LONGEST)
    return max(least, min(answer.after, _TRUSTED))


REPEATED_AFTER: Mapping[Event, Sequence[timedelta]] = {
    # Before the ladder calls the next one; of one that is open it asks for nobody again.
    Event.TRIGGER: (timedelta(seconds=45),),
    # Later PagerDuty may have asked for somebody again, and this would say that somebody has it.
    Event.ACKNOWLEDGE: (timedelta(minutes=2), timedelta(minutes=3)),
    Event.RESOLVE: (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1)),
}
"""After how long what a channel accepted is put to it again where it may have lost it: each since the time before."""
_REPEATED_LATE = {Event.TRIGGER: timedelta(minutes=2), Event.ACKNOWLEDGE: timedelta(minutes=5), Event.RESOLVE: TOO_OLD}
"""So long after it was due it may still be put to it: for a while no service ran, or the channel took nothing."""


def next_repeat(event: Event, repeats: int, now: datetime) -> datetime | None:
    """Return when a channel that may lose what it accepts is told the same again; None: never.

    Args:
        event: what it was told.
        repeats: how often it was told that again already, whatever came of it.
        now: when it was told last.
    """
    after = REPEATED_AFTER[event]
    return now + after[repeats] if repeats < len(after) else None


def is_repeated(event: Event, due: datetime, now: datetime, *, newer: bool) -> bool:
    """Whether a channel is still to be told again what is due.

    Args:
        event: what it was told.
        due: when it was to be told again.
        now: by the same clock.
        newer: whether there is something newer of the same episode: that is told, and this says nothing any more.
    """
    return not newer and now - due <= _REPEATED_LATE[event]


@dataclass(frozen=True, slots=True)
class Told:
    """How far a notification is with one channel."""

    channel: str
    state: Delivery
    since: datetime
    """When it was first put to it."""
    tries: int = 0


def more_channels(
    told: Sequence[Told],
    channels: Sequence[str],
    now: datetime,
    *,
    everybody: bool,
    calls: AbstractSet[str] = frozenset(),
    beside: AbstractSet[str] = frozenset(),
) -> tuple[str, ...]:
    """Return to which channels a trigger is to be put now, beside those that it was put to.

    Args:
        told: those that it was put to.
        channels: all that are configured, in their order.
        now: by the clock of `told`.
        everybody: whether each is to be told.
        calls: those of which one has to accept it, asked before the others; empty where any may.
        beside: those that are told at once, whoever else is.
    """
    known = {each.channel for each in told}
    left = [channel for channel in channels if channel not in known]
    if everybody:
        return tuple(left)
    at_once = tuple(channel for channel in left if channel in beside)
    here = [
        each
        for each in told
        if each.channel in channels and each.channel not in beside and each.state is not Delivery.REFUSED
    ]
    called = any(each.channel in calls and each.state is Delivery.ACCEPTED for each in here)
    if called or any(now - each.since < SECOND_AFTER for each in here):
        return at_once
    in_turn = sorted((channel for channel in left if channel not in beside), key=lambda channel: channel not in calls)
    return (*at_once, *in_turn[:1])


def stage(
    told: Sequence[Told],
    channels: Sequence[str],
    created_at: datetime,
    now: datetime,
    *,
    everybody: bool,
    calls: AbstractSet[str] = frozenset(),
    beside: AbstractSet[str] = frozenset(),
) -> Stage:
    """Say how far a notification is, from how far it is with each channel that it concerns.

    Args:
        told: the channels that it was put to.
        channels: those that it concerns and that are configured.
        created_at: when it was written.
        now: by the same clock.
        everybody: whether each has to accept it, or one.
        calls: those of which one has to accept it; empty where any may.
        beside: those that are told beside the call. For a while it waits for them too, and no longer: its end is not
            held back by a post that nobody takes.
    """
    accepted = {each.channel for each in told if each.state is Delivery.ACCEPTED}
    done = {each.channel for each in told if each.state in {Delivery.ACCEPTED, Delivery.REFUSED}}
    left = [channel for channel in channels if channel not in done]
    if everybody:
        enough = bool(accepted) and not left
    else:
        posting = (each for each in told if each.channel in beside and each.state is Delivery.WAITING)
        has_to = accepted & calls if calls else accepted
        enough = bool(has_to) and not any(now - each.since < POSTED_WITHIN for each in posting)
    if enough:
        return Stage.SENT
    if (channels and not left) or now - created_at >= TOO_OLD:
        return Stage.DEAD
    return Stage.WAITING
