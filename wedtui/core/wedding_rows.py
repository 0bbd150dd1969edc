"""From what a source says of a wedding, field by field, to a `Wedding`, or to what was expected instead.

Pure, and the only place that decides whether a row can be used. A rejection names the field and what was expected and
never quotes the value: in a file whose columns have shifted it may be the name of a person. For the same reason
nothing is kept that a table does not know, but for the reference and the venue, which are cleaned.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from wedtui.core.freeze_windows import settled
from wedtui.core.wedding import CULTURES, OTHER, OTHER_WEIGHT, Assumed, Wedding, others_words

MOST_GUESTS = 10_000
LONGEST = timedelta(days=14)
"""By the wall clock of the venue."""
LONGEST_REFERENCE = 200
LONGEST_VENUE = 80
YEARS = range(1990, 2200)

VENUE_KINDS = (
    *("barn", "beach", "castle", "church", "farm", "garden", "gurdwara", "hall", "hotel", "house", "marquee", "mosque"),
    *("registry office", "restaurant", "ship", "synagogue", "temple", "villa", "vineyard", "winery", "woods"),
)
"""Kinds of venues that are known where the configuration names none."""

CALENDAR_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "reference": "UID",
        "venue": "LOCATION",
        "venue_kind": "X-VENUE-KIND",
        "zone": "X-ZONE",
        "start": "DTSTART",
        "end": "DTEND",
        "culture": "X-CULTURE",
        "guests": "X-GUESTS",
    }
)
"""Which property of an iCalendar event is which field, where the configuration does not say."""
NAMELESS = frozenset({"SUMMARY", "DESCRIPTION", "ATTENDEE", "ORGANIZER", "CONTACT", "COMMENT"})
"""Properties that hold names of persons: they are never read."""

FIELDS = ("reference", "venue", "venue_kind", "zone", "start", "end", "culture", "guests")
"""The order of what a source says of a wedding."""
REQUIRED = ("reference", "start", "end")
"""Fields whose column a source has to have."""

Said = str | datetime | date | int | float | None
"""What a source says of one field: text, or what its protocol has a type for."""


class RawRow(NamedTuple):
    """What a source says of one wedding."""

    place: str
    """Where it stands: `line 17`, `event 3`, `page 2 row 5`."""
    reference: Said
    venue: Said
    venue_kind: Said
    zone: Said
    start: Said
    end: Said
    culture: Said
    guests: Said


class Rejection(NamedTuple):
    """Why a row cannot be used."""

    field: str
    expected: str


class Unusable(NamedTuple):
    """A row that cannot even be taken apart, or a field that is no text and no number."""

    place: str
    why: Rejection
    reference: Said
    """What it is about, where that can be told."""


class Row(NamedTuple):
    """A row that can be used."""

    wedding: Wedding
    unknown_culture: bool
    """Whether it named a culture that the table does not know."""
    unknown_kind: bool
    """Whether it named a kind of venue that nobody knows."""
    notes: tuple[Rejection, ...] = ()
    """What was expected where something else is counted in its place."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What counts where a row does not say."""

    zone: str | None = None
    culture: str = OTHER
    venue_kinds: Collection[str] = frozenset(VENUE_KINDS)


_REFERENCE = Rejection("reference", f"expected 1 to {LONGEST_REFERENCE} printable characters")
_ZONE = Rejection("zone", "expected an IANA time zone")
_AT = "expected an ISO 8601 date or time such as 2026-06-06T14:00, between the years 1990 and 2199"
_START, _END = Rejection("start", _AT), Rejection("end", _AT)
_AFTER = Rejection("end", "expected an end after the start")
_TOO_LONG = Rejection("end", f"expected an end at most {LONGEST.days} days after the start")
_GUESTS = Rejection("guests", "expected a whole number, not negative")
_MANY = Rejection("guests", f"expected at most {MOST_GUESTS:,}, and counts as that many")
_CULTURE = Rejection("culture", f"expected one of {', '.join(CULTURES)}, and counts as {OTHER} ({others_words()})")
_JUMPED = "expected a time that the clock there shows: it jumps over this one, and the first after the gap counts"
_SKIPPED = {Assumed.START_SKIPPED: Rejection("start", _JUMPED), Assumed.END_SKIPPED: Rejection("end", _JUMPED)}
_NUMBER = re.compile(r"\+?[0-9]{1,9}(\.0+)?")
# Zones of files that are no zones of people: with leap seconds, or whatever the machine is set to.
_NO_ZONES = ("right/", "posix/", "localtime", "posixrules", "Factory")
_DAY = timedelta(days=1)


def read_row(raw: RawRow, defaults: Defaults) -> Row | Rejection:
    """Return the wedding that a row describes, or why it describes none.

    A time without an offset is local to the venue's zone: one that the clock jumps over becomes the first instant
    after the gap, which is noted; one that it shows twice is the first for a start and the last for an end. A date
    without a time is the whole day there, the last one included. Guests that are not said are as many as is typical of
    the culture.
    """
    reference = usable_reference(raw.reference)
    if reference is None:
        return _REFERENCE
    named = _text(raw.zone) or defaults.zone or ""
    zone = zone_of(named)
    if zone is None:
        return _ZONE
    times = _times(raw, zone)
    if isinstance(times, Rejection):
        return times
    named_culture = _text(raw.culture).casefold()
    said = named_culture or defaults.culture
    culture = said if said in CULTURES else OTHER
    guests = _guests(raw.guests, culture)
    if guests is None:
        return _GUESTS
    # However unlikely: not to count it at all would protect the largest one least.
    guests, many = (MOST_GUESTS, _MANY) if guests > MOST_GUESTS else (guests, None)
    unknown = said != culture
    moved = times[2]
    kind = _text(raw.venue_kind).casefold()
    known = kind in defaults.venue_kinds or kind in {"", OTHER}
    wedding = Wedding(
        reference=reference,
        venue=clean(raw.venue, LONGEST_VENUE) if raw.venue is not None else "",
        venue_kind=kind if known else OTHER,
        zone=named,
        start=times[0],
        end=times[1],
        culture=culture,
        guests=guests,
        assumed=(*_assumed(raw, named_culture, unknown=unknown, many=many is not None), *moved),
    )
    # Of its weight one is enough: what is counted too many weighs most, whatever it is.
    weight = many or (_CULTURE if unknown else None)
    notes = (*([weight] if weight else []), *(_SKIPPED[each] for each in moved))
    return Row(wedding, unknown, not known, notes)


def _assumed(raw: RawRow, culture: str, *, unknown: bool, many: bool) -> tuple[Assumed, ...]:
    """Return what counts of a row though it does not say so."""
    found: list[Assumed] = []
    if not culture:
        found.append(Assumed.CULTURE_NOT_SAID)
    elif unknown:
        found.append(Assumed.CULTURE_UNKNOWN)
    if many:
        found.append(Assumed.GUESTS_TOO_MANY)
    elif _says_nothing(raw.guests):
        found.append(Assumed.GUESTS_NOT_SAID)
    return tuple(found)


def _says_nothing(said: Said) -> bool:
    return said is None or (isinstance(said, str) and not said.strip())


def _times(raw: RawRow, zone: tzinfo) -> tuple[datetime, datetime, tuple[Assumed, ...]] | Rejection:
    """Return start and end, and which of them the venue's clock jumps over."""
    began = _instant(raw.start, zone, last=False)
    if began is None:
        return _START
    ended = _instant(raw.end if raw.end is not None and raw.end != "" else _whole_day(raw.start), zone, last=True)
    if ended is None:
        return _END
    (start, start_skipped), (end, end_skipped) = began, ended
    if end <= start:
        return _AFTER
    length = end - start
    # On the wall clock, so that a night with a clock change neither helps nor hurts.
    if length > LONGEST - _DAY and _wall(end, zone) - _wall(start, zone) > LONGEST:
        return _TOO_LONG
    if not (start_skipped or end_skipped):
        return start, end, ()
    skipped = ((Assumed.START_SKIPPED, start_skipped), (Assumed.END_SKIPPED, end_skipped))
    return start, end, tuple(what for what, here in skipped if here)


@lru_cache(maxsize=4096)
def zone_of(name: str) -> tzinfo | None:
    """Return the IANA zone of a name; None where there is none."""
    if not name or name.startswith(_NO_ZONES):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # an unknown one is a KeyError; others are no names of files
        return None


def _text(said: Said) -> str:
    return said.strip() if isinstance(said, str) else "" if said is None else str(said)


def usable_reference(said: Said) -> str | None:
    """Return what names a wedding; None where nothing that could does."""
    if isinstance(said, bool | float | date):
        return None
    text = _text(said)
    return text if 0 < len(text) <= LONGEST_REFERENCE and text.isprintable() else None


def reference_of(raw: RawRow | Unusable) -> str | None:
    """Return the wedding that a row is about, also where nothing else of it can be used; None where nobody knows."""
    return usable_reference(raw.reference)


def clean(said: Said, most: int) -> str:
    """Return text fit for a screen: one line, no control or invisible characters, at most so many characters."""
    text = _text(said)
    if not text.isascii() or not text.isprintable():
        text = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text)
    return " ".join(text.split())[:most].rstrip()


def _guests(said: Said, culture: str) -> int | None:
    """Return how many guests there are; None where that is no number of guests."""
    if said is None or _says_nothing(said):
        return CULTURES.get(culture, OTHER_WEIGHT).guests
    if isinstance(said, str):
        text = said.strip()
        if not text.isascii() or not _NUMBER.fullmatch(text):
            return None
        count = int(text.partition(".")[0])
    elif isinstance(said, bool | date) or not math.isfinite(said) or int(said) != said:
        return None
    else:
        count = int(said)
    return count if count >= 0 else None


def _whole_day(start: Said) -> Said:
    """Return the end of what names no end: that of its day, where it is a day."""
    day = isinstance(start, date) and not isinstance(start, datetime)
    return start if day or (isinstance(start, str) and _is_day(start.strip())) else None


def _is_day(text: str) -> bool:
    return len(text) <= len("2026-06-06")


def _instant(said: Said, zone: tzinfo, *, last: bool) -> tuple[datetime, bool] | None:
    """Return the instant in UTC at which something begins, or (`last`) ends; None where nobody can say.

    Beside it stands whether it is a time that the clock of the zone jumps over; midnight of a whole day is none.
    """
    at = _parsed(said) if isinstance(said, str) else said
    if not isinstance(at, date) or at.year not in YEARS:
        return None
    if isinstance(at, datetime) and at.tzinfo is not None:
        return at.astimezone(UTC), False
    if isinstance(at, datetime):
        return settled(at, zone, last=last)
    midnight = datetime(at.year, at.month, at.day) + (_DAY if last else timedelta())  # noqa: DTZ001 - a wall time
    return settled(midnight, zone, last=last)[0], False


def _parsed(text: str) -> date | None:
    text = text.strip()
    try:
        return date.fromisoformat(text) if _is_day(text) else datetime.fromisoformat(text)
    except ValueError:
        return None


def _wall(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)
