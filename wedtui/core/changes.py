"""What changed, and when: one timeline of what persons decided and of what was observed.

Several sources know of changes: the ledger what was decided and done here, the cache what was seen to differ, alerts
their episodes. Each answers with a `Told`; `merge` puts them in one order. Where a source could not be read, or looks
back less far than was asked, or nobody watched, the answer has a `Gap`: a timeline never says that nothing changed
where nobody looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from wedtui.core.freeze_windows import shifted
from wedtui.core.text import single_line
from wedtui.core.wording import utc_words

BEFORE_AN_ALERT = timedelta(minutes=30)
"""How long before an alert began what changed is shown with it."""
SEEN_BY = timedelta(hours=1)
"""What changed before an alert may be seen only after it began: up to so much later is looked at."""
LOOKED_BACK = timedelta(hours=24)
"""How far back a question looks that does not say it."""
READ_AT_MOST = 2_000
"""So many changes are read of one source at once; what is older is asked for by itself."""
LISTED = 200
"""How many changes an answer lists that is not asked for another number."""
LEDGER = "ledger"
"""From where it is known what persons decided, and what was done here."""
WRITTEN_LATE = timedelta(seconds=5)
"""So far a change that was made here may be from the readings around it, by the clocks of two machines."""


class ChangeKind(StrEnum):
    """What kind of thing changed; the value is the word for people."""

    RELEASE = "release"
    CONFIGURATION = "configuration"
    WEIGHTS = "weights"
    FREEZE = "freeze"
    VENDOR = "vendor"
    PROTECTION = "protection"
    SERVICE = "service"
    ALERT = "alert"


EVERY_KIND = frozenset(ChangeKind)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed."""

    at: datetime
    """When, aware; of what was only seen to have changed, when it was first seen to be other."""
    kind: ChangeKind
    object: str
    """What changed: `www.example.com.`, `aws`, `freeze 3`."""
    sentence: str
    """What it was, without who and when."""
    known_from: str
    """`ledger`, or what in the cache saw it: `traffic`, `inventory`."""
    key: str
    """Tells it from every other one, the same each time it is read."""
    who: str | None = None
    """Who did it; None where that is not known here, or nobody did."""
    more: str | None = None
    """The command that says more: `wedtui actions show 7`."""
    not_before: datetime | None = None
    """When it was last seen to be as before: it changed between that and `at`; None: `at` is when it changed."""

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Where it stands among others: a total order, the same for every reader."""
        return (self.at, self.known_from, self.key)

    def touches(self, since: datetime, until: datetime) -> bool:
        """Whether it happened, or may have, in [since, until)."""
        return self.at >= since and (self.at if self.not_before is None else min(self.not_before, self.at)) < until

    @property
    def words(self) -> str:
        """What it was, and who did it."""
        return self.sentence if self.who is None else f"{self.sentence}, by {self.who}"

    @property
    def when(self) -> str:
        """When it was, in UTC, and whether that is known exactly."""
        if self.not_before is None:
            return utc_words(self.at)
        return f"between {clock_words(self.not_before, self.at)} and {utc_words(self.at)}"


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which something is not known."""

    kinds: frozenset[ChangeKind]
    """Changes of which kinds may be missing."""
    sentence: str
    """Why, without the kinds and the time."""
    since: datetime | None = None
    """From when on; None: from the beginning."""
    until: datetime | None = None
    """Up to when; None: up to the end."""
    problem: bool = False
    """Whether something is wrong: a source that ought to be there could not be read."""

    def touches(self, since: datetime, until: datetime) -> bool:
        """Whether it has to do with [since, until)."""
        return (self.since is None or self.since < until) and (self.until is None or self.until > since)

    @property
    def words(self) -> str:
        """Of what is not known, when, and why: `freeze, weights before 12:00:00: the ledger cannot be read`."""
        names = "everything" if self.kinds == EVERY_KIND else ", ".join(k for k in ChangeKind if k in self.kinds)
        span = ""
        if self.since is not None and self.until is not None:
            span = f" from {utc_words(self.since)} to {utc_words(self.until)}"
        elif self.until is not None:
            span = f" before {utc_words(self.until)}"
        elif self.since is not None:
            span = f" since {utc_words(self.since)}"
        return f"{names}{span}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """What is asked."""

    since: datetime
    until: datetime
    """Before this aware instant."""
    kinds: frozenset[ChangeKind] = EVERY_KIND
    limit: int = LISTED
    """At most so many, the newest."""
    before: tuple[datetime, str, str] | None = None
    """Only what stands before this in the order (`Change.order`): the next page."""

    @property
    def newest(self) -> datetime:
        """The last instant at which a change may stand that is asked for, and that itself is."""
        last = self.until - timedelta(microseconds=1)
        return last if self.before is None else min(last, self.before[0])


@dataclass(frozen=True, slots=True)
class Write:
    """A change of shares that was made here, as a reading of the live record is compared with it."""

    shares: Mapping[str, int]
    """Percent by place."""
    first: datetime
    """When it was begun."""
    last: datetime | None
    """When it was done; None: that is not known."""


@dataclass(frozen=True, slots=True)
class SeenShares:
    """Shares that were read and differ from those read before."""

    change: Change
    shares: Mapping[str, int]
    """Percent by place, after."""
    ours: bool
    """Whether the cache knew, when it was read, that it was written here."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one source answers."""

    changes: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()
    writes: tuple[Write, ...] | None = None
    """What was written of shares; None where this source does not know."""
    shares: tuple[SeenShares, ...] = ()
    """What was seen of shares; it is a change of its own where no source says that it was written here."""
    complete_after: datetime | None = None
    """There is more than was read: whatever is at or before this instant is left out; None: nothing is."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The answer."""

    query: ChangeQuery
    changes: tuple[Change, ...]
    """Oldest first."""
    gaps: tuple[Gap, ...] = ()
    earlier: bool = False
    """Whether there are older ones in the time that was asked for, beside those listed."""

    @property
    def next(self) -> tuple[datetime, str, str] | None:
        """Where the page of what is older begins; None where there is none."""
        return self.changes[0].order if self.earlier and self.changes else None


def merge(told: Iterable[Told], query: ChangeQuery) -> Timeline:
    """Put what several sources say into one order, and keep the newest that are asked for.

    Args:
        told: what each source says.
        query: what is asked; what a source says beyond it is left out.
    """
    all_told = tuple(told)
    found = {(c.known_from, c.key): c for each in all_told for c in each.changes}
    for change in _foreign(all_told):
        found[change.known_from, change.key] = change
    for change in _said_twice(tuple(found.values())):
        del found[change.known_from, change.key]
    cut = max((each.complete_after for each in all_told if each.complete_after is not None), default=None)
    wanted = sorted((c for c in found.values() if _asked_for(c, query)), key=lambda c: c.order)
    kept = [c for c in wanted if cut is None or c.at > cut]
    gaps = {g: None for each in all_told for g in each.gaps if g.kinds & query.kinds}
    held = [replace(g, kinds=g.kinds & query.kinds) for g in gaps if g.touches(query.since, query.until)]
    more = cut is not None and cut >= query.since
    if more and cut is not None and not kept:
        sentence = "there are more changes than are read at once, all at one time: ask for a shorter time"
        held.append(Gap(query.kinds, sentence, until=cut + timedelta(microseconds=1)))
    listed = kept[max(len(kept) - query.limit, 0) :]
    return Timeline(query, tuple(listed), tuple(held), earlier=more or len(kept) > len(listed))


def before(changes: Iterable[Change], alert_since: datetime, span: timedelta = BEFORE_AN_ALERT) -> tuple[Change, ...]:
    """Return what changed before an alert began, the newest first: what is nearest to it is looked at first.

    What was seen only later but may have changed before belongs to it; other alerts do not explain one.

    Args:
        changes: of a timeline, in any order.
        alert_since: when its condition began to hold, aware.
        span: how long before.
    """
    start, end = alert_since - span, alert_since + timedelta(microseconds=1)
    near = (c for c in changes if c.kind is not ChangeKind.ALERT and c.touches(start, end))
    return tuple(sorted(near, key=lambda c: c.order, reverse=True))


def beforehand(timeline: Timeline, alert_since: datetime) -> Timeline:
    """Return of an answer to `before_query` what belongs before an alert, and what is not known of that time.

    What is known to have been before comes first, the newest of it first, and then what may have been.
    """
    found = sorted(before(timeline.changes, alert_since), key=lambda change: change.at > alert_since)
    start = shifted(alert_since, -BEFORE_AN_ALERT)
    gaps = tuple(gap for gap in timeline.gaps if gap.touches(start, alert_since))
    return replace(timeline, changes=tuple(found), gaps=gaps)


def before_query(alert_since: datetime, now: datetime) -> ChangeQuery:
    """Return what is asked of the stores for `before`: not alerts, of which there may be thousands at that time.

    Args:
        alert_since: when its condition began to hold, aware.
        now: an aware instant; what a person asked for that is still to come has changed nothing yet.
    """
    until = min(shifted(alert_since, SEEN_BY), now + timedelta(microseconds=1))
    kinds = EVERY_KIND - {ChangeKind.ALERT}
    return ChangeQuery(shifted(alert_since, -BEFORE_AN_ALERT), until, kinds, limit=READ_AT_MOST)


def unread(kinds: frozenset[ChangeKind], source: str, problem: str) -> Told:
    """Return what a source says that cannot be read: nothing, and that."""
    return Told(gaps=(Gap(kinds, f"{source} cannot be read: {single_line(problem)}", problem=True),))


def matching(changes: Sequence[Change], words: str) -> tuple[Change, ...]:
    """Return the changes in which each of some words occurs, whatever the case."""
    wanted = words.casefold().split()

    def text(change: Change) -> str:
        return " ".join((change.kind, change.object, change.words, change.known_from)).casefold()

    return tuple(c for c in changes if all(word in text(c) for word in wanted))


def clock_words(at: datetime, beside: datetime) -> str:
    """Return an instant in UTC beside another one: without its date where that is the same."""
    here, there = at.astimezone(UTC), beside.astimezone(UTC)
    return f"{here:%H:%M:%S}" if here.date() == there.date() else f"{here:%Y-%m-%d %H:%M:%S}"


def _asked_for(change: Change, query: ChangeQuery) -> bool:
    inside = change.kind in query.kinds and query.since <= change.at < query.until
    return inside and (query.before is None or change.order < query.before)


def _foreign(told: Sequence[Told]) -> Iterable[Change]:
    """Yield which shares were seen that nobody here wrote."""
    known = [each.writes for each in told if each.writes is not None]
    writes = [write for some in known for write in some]
    for seen in (seen for each in told for seen in each.shares):
        if seen.ours or any(_explains(write, seen) for write in writes):
            if not known:
                yield seen.change  # who wrote them is on record, and that record is not read
            continue
        unsure = "whether they were written here is not known" if not known else "nobody wrote that here"
        yield replace(seen.change, sentence=f"{seen.change.sentence}; {unsure}")


def _said_twice(changes: Sequence[Change]) -> Iterable[Change]:
    """Yield which changes of the configuration were seen that are on record in full as well."""
    configuration = [c for c in changes if c.kind is ChangeKind.CONFIGURATION]
    on_record = [c.at for c in configuration if c.known_from == LEDGER]
    for seen in (c for c in configuration if c.known_from != LEDGER):
        first = (seen.not_before or seen.at) - WRITTEN_LATE
        if any(first <= at <= seen.at + WRITTEN_LATE for at in on_record):
            yield seen


def _explains(write: Write, seen: SeenShares) -> bool:
    """Whether shares that were seen are those of a change that was made here, at that time."""
    if {**write.shares} != {**seen.shares}:
        return False
    first = seen.change.not_before or seen.change.at
    return write.first <= seen.change.at + WRITTEN_LATE and (write.last is None or write.last >= first - WRITTEN_LATE)
