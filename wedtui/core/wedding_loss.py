"""When a reading of a source of weddings is not believed: it lost too much of what is still to come.

A source that loses more than half of its weddings, of their load, or of the load x hours of a heavy day of the next
two weeks, or of these weeks together (all may have moved to another year), is broken more often than it is right. So
that none wastes away by halves, what it lost within the last day counts along until that very wedding is back; a
person who accepts a reading ends that.
Source: DESIGN, "Freeze" (a feed that has lost more than half) and issue "Weddings".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import NamedTuple

from wedtui.core.wedding import UNITS, standard, standard_number
from wedtui.core.wording import counted

_SECOND = 1_000_000
REMEMBERED = timedelta(hours=24)
"""So long a loss counts along, unless its wedding would be over before."""
DAY = 86_400 * _SECOND
DAYS = 15
"""Today, of which what is over does not count, and the 14 days after; days are those of UTC, since 1970."""
ALL_DAYS = -1
"""The number by which all of them together go: many a light day is a heavy fortnight."""
HEAVY = 8 * UNITS
"""Load of a day from which it is judged by itself: under it a wedding or two may be called off."""
MOST_NAMED = 5_000
"""Losses that are remembered one by one, the soonest; what is lost beyond is remembered in sums, and for its time."""
MISSING_KEPT = 1_000
"""Of the weddings that a questioned reading loses or moves, so many are kept one by one, the soonest."""
_REMEMBERED = REMEMBERED // timedelta(microseconds=1)
_EPOCH = date(1970, 1, 1)


class OfDay(NamedTuple):
    """What weddings weigh on a day."""

    load: int = 0
    """Units of all that are live at any time of it."""
    work: int = 0
    """Load x time: units x seconds."""


class Coming(NamedTuple):
    """What is not over of a calendar."""

    weddings: int = 0
    """Distinct references, without those that have begun and are only not listed any more: they stay to their end."""
    load: int = 0
    """Units."""
    days: Mapping[int, OfDay] = {}


class Placed(NamedTuple):
    """A row of a wedding. Instants are microseconds since 1970 in UTC."""

    reference: str
    starts_at: int
    ends_at: int
    load: int
    """Units."""


class Loss(NamedTuple):
    """What a reading took away, for as long as it counts along: a row as it was before."""

    until: int
    """Microseconds since 1970 in UTC."""
    reference: str
    """Empty: several."""
    starts_at: int
    ends_at: int
    load: int
    """Units."""
    weddings: int = 1


class Missing(NamedTuple):
    """A row that a questioned reading would take away or change, as it is; and what it names instead, if anything.

    Instants are microseconds since 1970 in UTC, loads units.
    """

    reference: str
    zone: str
    starts_at: int
    ends_at: int
    load: int
    zone_after: str | None = None
    """None: the wedding is not named any more."""
    starts_after: int | None = None
    ends_after: int | None = None
    load_after: int | None = None


class Lost(NamedTuple):
    """How much a reading loses at once: what a person looks at and accepts."""

    weddings: int
    load: int
    """Units."""
    comes: bool
    """Whether it names any wedding that is still to come."""
    days: Mapping[int, int]
    """Units x seconds that each day loses; every day that was judged is here."""
    at: int = 0
    """When that was, in microseconds since 1970 in UTC; 0 where a former program did not store it."""

    def stored(self) -> list[list[int]]:
        """Return it as lists of numbers."""
        sums = [self.weddings, self.load, int(self.comes), self.at]
        return [sums, *([day, work] for day, work in sorted(self.days.items()))]

    @property
    def work(self) -> int:
        """Units x seconds that all days together lose."""
        return self.days.get(ALL_DAYS, sum(work for day, work in self.days.items() if day >= 0))

    @property
    def moved(self) -> int:
        """Units x seconds that are at other hours, or on another day, than before, beyond what is lost."""
        held = sum(work for day, work in self.days.items() if day < ALL_DAYS)
        return max(0, held - self.work)

    @property
    def words(self) -> str:
        """What is lost, as a sentence names it: `3 coming weddings, load 4.5, 54 load x hours of the next 14 days`."""
        hours = f"load x hours of the next {DAYS - 1} days"
        parts = (
            (self.weddings, counted(self.weddings, "coming wedding")),
            (self.load, f"load {standard(self.load)}"),
            (self.work // 3600, f"{standard(self.work // 3600)} {hours}"),
            (self.moved // 3600, f"{standard(self.moved // 3600)} {hours} to other hours"),
            (not self.comes, "and names none to come"),
        )
        return ", ".join(words for much, words in parts if much) or "nothing that is still to come"

    @property
    def document(self) -> dict[str, object]:
        """The same as numbers, in standard weddings."""
        return {
            "weddings": self.weddings,
            "load": standard_number(self.load),
            "load_hours": standard_number(self.work // 3600),
            "load_hours_moved": standard_number(self.moved // 3600),
            "none_to_come": not self.comes,
        }


def lost_of(stored: Sequence[Sequence[int]]) -> Lost | None:
    """Return what `Lost.stored` made lists of; None where nothing was questioned."""
    if not stored:
        return None
    (weddings, load, comes, *at), *days = stored
    worked = {day: work for day, work in days}  # noqa: C416 - lists, no pairs
    return Lost(weddings, load, bool(comes), worked, *at)


def spans(now: int) -> list[tuple[int, int, int]]:
    """Return what is judged, all days together first: number, from when, until when."""
    today = now // DAY
    whole = (ALL_DAYS, now, (today + DAYS) * DAY)
    return [whole, *((day, max(now, day * DAY), (day + 1) * DAY) for day in range(today, today + DAYS))]


def by_day(row: Placed | Loss, now: int) -> dict[int, OfDay]:
    """Return what a row weighs on each of the days that are judged."""
    found = {}
    for day, since, until in spans(now):
        if row.starts_at < until and row.ends_at > since:
            seconds = (min(row.ends_at, until) - max(row.starts_at, since)) // _SECOND
            found[day] = OfDay(row.load, row.load * seconds)
    return found


def lost_between(before: Coming, after: Coming, *, comes: bool) -> Lost:
    """Return what is in the one and not in the other; more of something is no loss."""
    days = {day: max(0, was.work - after.days.get(day, OfDay()).work) for day, was in before.days.items()}
    return Lost(max(0, before.weddings - after.weddings), max(0, before.load - after.load), comes, days)


def with_moved(before: Coming, after: Coming, moved: Mapping[int, OfDay]) -> tuple[Coming, Coming]:
    """Return both with what of each day is at the hours of before, as days of their own: a day may keep all its hours.

    Args:
        before: what was known.
        after: what is left.
        moved: what of each day weddings weighed that are still named, at hours at which they are no longer.
    """
    days = {day: had for day, had in before.days.items() if day >= 0}
    held = {_hours_of(day): had._replace(work=had.work - moved.get(day, OfDay()).work) for day, had in days.items()}
    known = {_hours_of(day): had for day, had in days.items()}
    return before._replace(days={**before.days, **known}), after._replace(days={**after.days, **held})


def _hours_of(day: int) -> int:
    """Return the number by which the hours of a day go, and the other way round."""
    return ALL_DAYS - 1 - day


def questionable(
    before: Coming,
    after: Coming,
    whole: Coming,
    accepted: Lost | None = None,
    passed: Mapping[int, int] = MappingProxyType({}),
) -> str | None:
    """Say what a reading lost more than half of; None where it is to be believed.

    Args:
        before: what was known.
        after: what is left: `weddings` and `load` without what is new in the reading, days with it.
        whole: what was known, and what was lost before and still counts.
        accepted: what a person accepted that it loses.
        passed: units x seconds of each day that went by in what is left since that was looked at: what was left then
            and is over by now is no greater loss, though what was known of the evening is still to come.
    """
    found = (_of_sums(before, after, whole, accepted), _of_days(before, after, whole, accepted, passed))
    said = " and ".join(filter(None, found))
    over = f" within {REMEMBERED // timedelta(hours=1)} h" if whole != before else ""
    return f"{said}{over}" if said else None


def _of_sums(before: Coming, after: Coming, whole: Coming, accepted: Lost | None) -> str | None:
    """Say whether more than half of all weddings, or of their load, is lost."""
    lost = lost_between(before, after, comes=True)
    given = accepted or Lost(0, 0, comes=True, days={})
    if lost.weddings > given.weddings and 2 * after.weddings < whole.weddings:
        return f"more than half of its {counted(whole.weddings, 'coming wedding')}"
    if lost.load > given.load and 2 * after.load < whole.load:
        return f"more than half of the load of its coming weddings, which was {standard(whole.load)}"
    return None


def _of_days(
    before: Coming, after: Coming, whole: Coming, accepted: Lost | None, passed: Mapping[int, int]
) -> str | None:
    """Say of which day more than half is lost: the first, or all together."""
    lost = lost_between(before, after, comes=True)
    given = accepted or Lost(0, 0, comes=True, days={})
    last = max(given.days, default=None)
    for day, known in sorted(whole.days.items(), key=lambda each: (each[0] < 0, each[0])):
        until = max(whole.days) if day == ALL_DAYS else day if day >= 0 else _hours_of(day)
        # Days that were not judged yet when a person looked go by the sums alone.
        if last is not None and until > last and day != ALL_DAYS:
            continue
        left, gone, leave = after.days.get(day, OfDay()), lost.days.get(day, 0), given.days.get(day, 0)
        if day == ALL_DAYS and last is not None:
            gone -= sum(work for other, work in lost.days.items() if other > last)
            # A former program did not judge all of them together.
            leave = given.days.get(day, sum(work for other, work in given.days.items() if other >= 0))
        if gone > leave + passed.get(day, 0) and 2 * left.work < known.work and known.load >= HEAVY:
            when = ("all days up to " if day == ALL_DAYS else "") + (_EPOCH + timedelta(days=until)).isoformat()
            hours = f"{standard(known.work // 3600)} before, {standard(left.work // 3600, known.work // 7200)} after"
            to = " to other hours" if day < ALL_DAYS else ""
            return f"more than half of the load x hours of {when} UTC{to} ({hours})"
    return None


def with_losses(known: Coming, losses: Iterable[Loss], stored: Iterable[Placed], now: int) -> Coming:
    """Return what is known, and what was lost before beyond it.

    Of each wedding, and on each day, the higher counts of what was lost and of what is stored: one that was moved or
    became lighter is not counted twice.

    Args:
        known: what is stored.
        losses: what counts along.
        stored: all rows that are stored of the weddings in `losses`.
        now: in microseconds.
    """
    here: dict[str, list[Placed]] = {}
    for row in stored:
        if row.ends_at > now:
            here.setdefault(row.reference, []).append(row)
    gone: dict[str, list[Loss]] = {}
    for number, loss in enumerate(losses):
        # Sums are of other weddings each.
        gone.setdefault(loss.reference or f"\n{number}", []).append(loss)
    weddings, load, days = known.weddings, known.load, dict(known.days)
    for reference, rows in gone.items():
        old = here.get(reference, [])
        # Of one that was moved several times on a day, each place counts once.
        heaviest: dict[int, int] = {}
        for loss in rows:
            heaviest[loss.starts_at // DAY] = max(loss.load, heaviest.get(loss.starts_at // DAY, 0))
        load += max(0, sum(heaviest.values()) - sum(each.load for each in old))
        weddings += 0 if old else max(loss.weddings for loss in rows)
        for day, beyond in _beyond(rows, old, now).items():
            had = days.get(day, OfDay())
            days[day] = OfDay(had.load + beyond.load, had.work + beyond.work)
    return Coming(weddings, load, days)


def _beyond(lost: list[Loss], stored: list[Placed], now: int) -> dict[int, OfDay]:
    most: dict[int, OfDay] = {}
    for loss in lost:
        for day, each in by_day(loss, now).items():
            had = most.get(day, OfDay())
            most[day] = OfDay(max(had.load, each.load), max(had.work, each.work))
    for kept in stored:
        for day, each in by_day(kept, now).items():
            if day in most:
                most[day] = OfDay(max(0, most[day].load - each.load), max(0, most[day].work - each.work))
    return most


def remembered(
    losses: Iterable[Loss], new: Iterable[Placed], back: Collection[tuple[str, int]], now: int
) -> tuple[Loss, ...]:
    """Return what counts along with the next reading: a bounded number, however many are lost.

    Args:
        losses: what counted along with this one.
        new: rows as they were before this one took them away, or made them lighter or shorter.
        back: reference and start of what is as it was before it was lost.
        now: in microseconds; what ended before does not count any more.
    """
    kept = {loss[1:3]: loss for loss in losses if loss.until > now and loss[1:3] not in back}
    for row in new:
        if row.ends_at <= now:
            continue
        until, key = min(row.ends_at, now + _REMEMBERED), (row.reference, row.starts_at)
        had = kept.get(key)
        ends_at, load = (row.ends_at, row.load) if had is None else (max(row.ends_at, had.ends_at), max(row[3], had[4]))
        kept[key] = Loss(until, row.reference, row.starts_at, ends_at, load)
        if len(kept) > 2 * MOST_NAMED:
            kept = _folded(kept.values(), now)
    return tuple(sorted(_folded(kept.values(), now).values()))


def _folded(losses: Iterable[Loss], now: int) -> dict[tuple[str, int], Loss]:
    """Put together what is more than can be remembered one by one, by the day on which it begins."""
    # Sums first: they are never put together by name again.
    ordered = sorted(losses, key=lambda loss: (loss.reference == "", loss.starts_at))
    named = [loss for loss in ordered if loss.reference][:MOST_NAMED]
    found = {loss[1:3]: loss for loss in named}
    horizon = (now // DAY + DAYS) * DAY
    for loss in [loss for loss in ordered if loss.reference][MOST_NAMED:] + [x for x in ordered if not x.reference]:
        start = min(max(loss.starts_at // DAY, now // DAY) * DAY, horizon)
        had = found.get(("", start), Loss(0, "", start, start, 0, 0))
        load = had.load + loss.load
        work = had.load * (had.ends_at - start) + loss.load * (loss.ends_at - loss.starts_at)
        end = start + (work // load if load else DAY)
        found["", start] = Loss(max(had.until, loss.until), "", start, end, load, had.weddings + loss.weddings)
    return found
