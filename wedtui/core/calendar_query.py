"""Asking the calendar: which weddings, by page, one of them in full, and who is live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from wedtui.core.calendar import SourceFacts
from wedtui.core.wedding import Wedding, others_words
from wedtui.core.wedding_loss import Missing
from wedtui.core.wording import counted

MOST_ROWS = 500
"""That one page can have."""


@dataclass(frozen=True, slots=True)
class WeddingQuery:
    """Which weddings are wanted; what is None does not narrow."""

    source: str | None = None
    zone: str | None = None
    culture: str | None = None
    venue_kind: str | None = None
    overlaps_from: datetime | None = None
    """Only those that end after this instant."""
    overlaps_to: datetime | None = None
    """Only those that start before this instant."""
    limit: int = 100
    after: str | None = None
    """What the page before gave as `next`."""
    before: str | None = None
    """What the page after gave as `previous`; instead of `after`."""
    reaching: datetime | None = None
    """Without either: of all pages the one with the first wedding that is not over at this instant."""


@dataclass(frozen=True, slots=True)
class ListedWedding:
    """A wedding, and the source that names it; several may."""

    source: str
    wedding: Wedding
    conflict: tuple[str, ...] = ()
    """The sources by which it is at these times and at others that overlap, by name; see `conflicting`."""


def conflicting(rows: Sequence[ListedWedding]) -> tuple[str, ...]:
    """Return the sources that say of one wedding times that overlap and differ, by name; one may do so by itself.

    Both times count in load, so that it is never too little; the wedding counts once. Times that do not overlap are
    several days of it.
    """
    found = set()
    for one, other in combinations(rows, 2):
        a, b = one.wedding, other.wedding
        if a.start < b.end and b.start < a.end and (a.start, a.end) != (b.start, b.end):
            found |= {one.source, other.source}
    return tuple(sorted(found))


CONFLICT_SIGN = "!"
"""In front of the times of a row that conflicts."""
CONFLICT_NOTE = f"{CONFLICT_SIGN} CONFLICT: named at times that overlap and differ; each counts in load"
"""What that sign means."""
CONFLICT_HINT = "look with `wedtui weddings show REF`, and correct the source that is wrong"
"""What to do about one."""
CONFLICTS_NAMED = 5
"""Of the weddings with times that overlap and differ, so many are named."""


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Weddings of a source that have, there or elsewhere, times that overlap and differ; see `conflicting`."""

    weddings: int
    references: tuple[str, ...]
    """The first by name, at most `CONFLICTS_NAMED`."""

    @property
    def words(self) -> str:
        """How many, and what that means."""
        what = "at times that overlap and differ, CONFLICT: each counts in load, the wedding once"
        return f"{counted(self.weddings, 'wedding')} {what}"

    @property
    def hint(self) -> str:
        """Which, and what to do: `W-1, W-2 and 7 more: look with ...`."""
        more = self.weddings - len(self.references)
        named = ", ".join(self.references) + (f" and {more:,} more" if more else "")
        return f"{named}: {CONFLICT_HINT}"


NO_CONFLICTS = Conflicts(0, ())


@dataclass(frozen=True, slots=True)
class WeddingPage:
    """One page of weddings, by start."""

    rows: tuple[ListedWedding, ...]
    next: str | None
    """What asks for the page after; None: there is none."""
    total: int
    """How many rows the question has in all."""
    skipped: int = 0
    """How many of them stand before these, where pages were asked for in both directions."""
    previous: str | None = None
    """What asks for the page before; None: there is none, or only what comes was asked for."""


@dataclass(frozen=True, slots=True)
class LivePart:
    """What is live of one culture, kind of venue or zone."""

    name: str
    weddings: int
    """Distinct references."""
    load: int
    """Units."""


@dataclass(frozen=True, slots=True)
class LiveBreakdown:
    """Who is live at an instant, heaviest first."""

    by_culture: tuple[LivePart, ...] = ()
    by_venue_kind: tuple[LivePart, ...] = ()
    by_zone: tuple[LivePart, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDetails:
    """A source, and what of its newest reading is not in its facts."""

    facts: SourceFacts
    place: str
    """Redacted."""
    unknown_cultures: int
    """Rows whose culture the table does not know; they count as `other`."""
    unknown_kinds: int
    repeated: int
    """Rows with the reference and the start of another."""
    kept: int
    """Weddings that it no longer named and that stay: they have begun and are not over, or their row was unusable."""
    accept_next: bool
    """Whether a person accepted what was questioned, and a reading that loses no more than that is taken."""
    missing: tuple[Missing, ...] = ()
    """Of the weddings that its questioned reading would take away, move or make lighter the soonest, at most
    `MISSING_KEPT`; none where nothing is questioned."""
    missing_in_all: int = 0
    """How many there are of these."""
    notes: tuple[str, ...] = ()
    """Some rows that were used, but count as other than they say: `line 7: guests: expected at most 10,000, ...`."""

    @property
    def odd(self) -> dict[str, str]:
        """What is odd about the newest reading, but used: a sentence for each sort of which there is any."""
        other = f"of a culture that is not known, counted as other ({others_words()})"
        numbers = (
            ("culture", self.unknown_cultures, "row", other),
            ("venue kind", self.unknown_kinds, "row", "of a kind of venue that is not known"),
            ("repeated", self.repeated, "row", "with another's reference and start"),
            ("kept", self.kept, "row", "kept that it no longer names: live, or the row is unusable"),
        )
        return {sort: f"{counted(count, thing)} {words}" for sort, count, thing, words in numbers if count}
