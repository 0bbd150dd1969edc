"""Notifications: what is told, when a channel is asked again, and whom the end of it concerns. Pure.

A notification belongs to an episode: it begins with a trigger, and is over with a resolve. It leaves until a channel
has accepted it; what no channel will ever take, or nobody took within a day, is a dead letter, and shown.
Source: DESIGN, "Alerts"; docs/notifications.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from wedtui.core.text import single_line

SECOND_AFTER = timedelta(seconds=15)
"""The next channel is used where the one before has not accepted within this."""
TOO_OLD = timedelta(days=1)
"""What nobody took by then would call somebody up for nothing: it becomes a dead letter."""
LONGEST_KEY = 200
LONGEST_SENTENCE = 1000
"""Of a sentence and of each value: less than every channel takes."""
MOST_DETAILS = 32
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


class Event(StrEnum):
    """What it says of its episode."""

    TRIGGER = "trigger"
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
            and retry logic".
    """
    if answer.verdict is Verdict.LIMITED:
        least = _LIMITED if tries <= _LIMITED_TRIES else _LIMITED_LONG
    else:
        least = min(_FIRST * 2 ** min(tries - 1, 10), _LONGEST)
    return max(least, min(answer.after, _TRUSTED))


@dataclass(frozen=True, slots=True)
class Told:
    """How far a notification is with one channel."""

    channel: str
    state: Delivery
    since: datetime
    """When it was first put to it."""
    tries: int = 0


def more_channels(told: Sequence[Told], channels: Sequence[str], now: datetime, *, everybody: bool) -> tuple[str, ...]:
    """Return to which channels a trigger is to be put now, beside those that it was put to.

    Args:
        told: those that it was put to.
        channels: all that are configured, in their order.
        now: by the clock of `told`.
        everybody: whether each is to be told.
    """
    known = {each.channel for each in told}
    left = [channel for channel in channels if channel not in known]
    if everybody:
        return tuple(left)
    here = [each for each in told if each.channel in channels and each.state is not Delivery.REFUSED]
    waits = any(now - each.since < SECOND_AFTER for each in here)
    return () if waits else tuple(left[:1])


def stage(
    told: Sequence[Told], channels: Sequence[str], created_at: datetime, now: datetime, *, everybody: bool
) -> Stage:
    """Say how far a notification is, from how far it is with each channel that it concerns.

    Args:
        told: the channels that it was put to.
        channels: those that it concerns and that are configured.
        created_at: when it was written.
        now: by the same clock.
        everybody: whether each has to accept it, or one.
    """
    accepted = {each.channel for each in told if each.state is Delivery.ACCEPTED}
    done = {each.channel for each in told if each.state in {Delivery.ACCEPTED, Delivery.REFUSED}}
    left = [channel for channel in channels if channel not in done]
    if accepted and (not everybody or not left):
        return Stage.SENT
    if (channels and not left) or now - created_at >= TOO_OLD:
        return Stage.DEAD
    return Stage.WAITING
