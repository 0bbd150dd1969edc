"""What is remembered of what people were told of alerts, from one round to the next: values that JSON can hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from wedtui.core.alerts.memory import Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.track import Labels

VERSION = 1


class Hidden(StrEnum):
    """Why a message is not told."""

    SILENCED = "silenced"
    INHIBITED = "inhibited"
    TAKEN = "taken"
    """Somebody has it: whoever saw it on a screen before anybody was called is not to be called for it."""


class Over(StrEnum):
    """How an episode ended."""

    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    """Its rule, or what was remembered of it, is gone: nobody knows how it stands."""


@dataclass(frozen=True, slots=True)
class Untold:
    """An episode that somebody is to be told of, and was not yet."""

    key: str
    rule: str
    labels: Labels
    group: Labels | None
    """What it is told together with has the same; None where it stands for itself."""
    severity: Severity
    reason: Reason
    since: datetime
    """When the episode began."""
    waits_since: datetime
    """Since when it is to be told."""
    value: float | None = None
    raised: bool = False
    """Whether it was told as a warning, and is critical now."""
    hidden: Hidden | None = None
    """Why it is not told now."""
    until_now: str = ""
    """By what it was not told before, or is not now: `silenced by ada`, `hidden by down`, `taken by ada`."""
    over: Over | None = None
    """How it ended meanwhile."""
    said: str = ""
    """What another system that judges it says of it."""
    runbook: str = ""
    """The one that it names."""
    link: str = ""
    """Where it can be looked at there."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One notification that somebody was told: the episodes that it is about, until the last of them is over."""

    key: str
    """Of the notification."""
    about: str
    """What it is about, in words."""
    at: datetime
    severity: Severity
    members: Mapping[str, Severity]
    """The keys of episodes that are not over, and how grave each was told to be."""
    count: int
    """How many they were."""
    rule: str = ""
    """Empty where they are of several."""
    group: Labels | None = None
    withdrawn: int = 0
    """Of how many nobody knows how they stand."""


@dataclass(frozen=True, slots=True)
class Flap:
    """A series that begins again and again: told once, until that stops."""

    keys: tuple[str, ...]
    """Of the notifications: of one that became critical there are two."""
    rule: str
    labels: Labels
    severity: Severity
    since: datetime
    """When it was told."""
    began_at: datetime
    """When the newest of its episodes began."""
    episode: str
    """The newest of its episodes."""
    episodes: int = 1
    """How many there were since it was told, the one it was told with included."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Everything that is remembered of what was told, and what of it was not."""

    at: datetime | None = None
    """The instant of the last round."""
    bundles: tuple[Bundle, ...] = ()
    untold: tuple[Untold, ...] = ()
    flaps: tuple[Flap, ...] = ()
    recent: tuple[datetime, ...] = ()
    """When beginnings were told within the last minute, oldest first."""
    storm_at: datetime | None = None
    """When the last notification of a storm was told."""
    storm_severity: Severity = Severity.WARNING
    silenced: int = 0
    """How many episodes are over of which nobody was told because of a silence."""
    inhibited: int = 0
    """How many are over of which nobody was told because another one hid them."""
    collapsed: int = 0
    """How many were told by nothing but the word that their series flaps."""
    stormed: int = 0
    """How many were told by nothing but the count of a storm."""
    taken: int = 0
    """How many are over of which nobody was told because somebody had them before."""

    def keys_of(self, episode: str) -> tuple[str, ...]:
        """Return the keys of the notifications by which somebody was told of an episode that is not over."""
        bundles = [bundle.key for bundle in self.bundles if episode in bundle.members]
        return (*bundles, *(key for flap in self.flaps if flap.episode == episode for key in flap.keys))

    def members_of(self, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return which episodes that are not over people were told of by each of some notifications."""
        found = {bundle.key: tuple(bundle.members) for bundle in self.bundles if bundle.key in keys}
        return found | {key: (flap.episode,) for flap in self.flaps for key in flap.keys if key in keys}

    def moved(self, by: timedelta) -> Telling:
        """Return the same with every instant earlier by so much; what has waited, has waited as long."""
        return replace(
            self,
            at=None if self.at is None else self.at - by,
            bundles=tuple(replace(each, at=each.at - by) for each in self.bundles),
            untold=tuple(
                replace(each, since=each.since - by, waits_since=each.waits_since - by) for each in self.untold
            ),
            flaps=tuple(replace(each, since=each.since - by, began_at=each.began_at - by) for each in self.flaps),
            recent=tuple(at - by for at in self.recent),
            storm_at=None if self.storm_at is None else self.storm_at - by,
        )


_COUNTS = ("silenced", "inhibited", "collapsed", "stormed", "taken")


def telling_document(telling: Telling) -> dict[str, Any]:
    """Return what is remembered as JSON can hold it, of this version and of older ones.

    Hidden because somebody has it is no value that an older one knows: of all that it reads nothing would be left.
    """
    taken = [each.key for each in telling.untold if each.hidden is Hidden.TAKEN]
    return {
        "version": VERSION,
        "at": _text(telling.at),
        "bundles": [_plain(each) for each in telling.bundles],
        "untold": [_plain(replace(each, hidden=_of_any_version(each.hidden))) for each in telling.untold],
        "taken_untold": taken,
        "flaps": [_plain(each) for each in telling.flaps],
        "recent": [_text(at) for at in telling.recent],
        "storm_at": _text(telling.storm_at),
        "storm_severity": telling.storm_severity.value,
        **{name: getattr(telling, name) for name in _COUNTS},
    }


def telling_of(document: Mapping[str, Any]) -> Telling:
    """Return what `telling_document` wrote.

    Raises:
        ValueError: it is that of another version; KeyError, TypeError: or none.
    """
    if document["version"] != VERSION:
        raise ValueError(f"expected what was told of alerts of version {VERSION}, got {document['version']}")
    taken = frozenset(document.get("taken_untold", ()))
    untold = map(_untold_of, document["untold"])
    return Telling(
        at=_instant(document["at"]),
        bundles=tuple(map(_bundle_of, document["bundles"])),
        untold=tuple(replace(each, hidden=Hidden.TAKEN) if each.key in taken else each for each in untold),
        flaps=tuple(map(_flap_of, document["flaps"])),
        recent=tuple(datetime.fromisoformat(at) for at in document["recent"]),
        storm_at=_instant(document["storm_at"]),
        storm_severity=Severity(document["storm_severity"]),
        # An older version did not count all of them.
        **{name: document.get(name, 0) for name in _COUNTS},
    )


def _of_any_version(hidden: Hidden | None) -> Hidden | None:
    return None if hidden is Hidden.TAKEN else hidden


def _plain(record: Bundle | Untold | Flap) -> dict[str, Any]:
    """Return a record without what is as it is by default."""
    return dict(_values(record))


def _values(record: Bundle | Untold | Flap) -> Iterator[tuple[str, Any]]:
    defaults = {name: each.default for name, each in record.__dataclass_fields__.items()}
    for name, default in defaults.items():
        value = getattr(record, name)
        if value is default or value == default:
            continue
        if isinstance(value, datetime):
            yield name, value.isoformat()
        elif isinstance(value, Mapping):
            yield name, {key: severity.value for key, severity in value.items()}
        elif name in {"labels", "group"} and value is not None:
            yield name, [list(pair) for pair in value]
        else:
            yield name, list(value) if isinstance(value, tuple) else value


def _bundle_of(document: Mapping[str, Any]) -> Bundle:
    members = {key: Severity(severity) for key, severity in document["members"].items()}
    return Bundle(**{**_read(document), "members": members})


def _untold_of(document: Mapping[str, Any]) -> Untold:
    read = {**_read(document), "reason": Reason(document["reason"])}
    if "hidden" in read:
        read["hidden"] = Hidden(read["hidden"])
    if "over" in read:
        read["over"] = Over(read["over"])
    return Untold(**read)


def _flap_of(document: Mapping[str, Any]) -> Flap:
    return Flap(**{**_read(document), "keys": tuple(document["keys"])})


def _read(document: Mapping[str, Any]) -> dict[str, Any]:
    read = {**document, "severity": Severity(document["severity"])}
    for name in ("at", "since", "waits_since", "began_at"):
        if name in read:
            read[name] = datetime.fromisoformat(read[name])
    for name in ("labels", "group"):
        if read.get(name) is not None:
            read[name] = tuple((key, value) for key, value in read[name])
    return read


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def remembered(document: Mapping[str, Any]) -> Telling:
    """Return what is remembered of what was told; of what another version wrote nothing is.

    Whoever is told again hears nothing new by that: the outbox knows which episodes are not over.
    """
    try:
        return telling_of(document) if document else Telling()
    except (KeyError, TypeError, ValueError):
        return Telling()
