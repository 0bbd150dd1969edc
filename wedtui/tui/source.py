"""Where the dashboard's pictures come from, as it sees it; `cli` hands in what stands behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from wedtui.core.calendar_query import Conflicts, ListedWedding, LiveBreakdown, SourceDetails, WeddingPage, WeddingQuery
from wedtui.core.changes import ChangeQuery, Timeline
from wedtui.core.inventory import ResourcePage, ResourceQuery
from wedtui.core.picture import Picture
from wedtui.core.series import Series


class Source(Protocol):
    """Reads pictures. Used by one thread only, which is not the one that draws."""

    def changed(self) -> bool:
        """Say, cheaply, whether anything was written since the last picture."""
        ...

    def picture(self, now: datetime) -> Picture:
        """Return the whole picture, judged at `now`.

        Raises:
            WedtuiError: the cache cannot be read; the last picture stays on screen with its age.
        """
        ...

    def rejudge(self, last: Picture, now: datetime) -> Picture:
        """Return the same facts judged at a later instant, without reading anything again."""
        ...

    def series(self, provider: str, signal: str, since: datetime, until: datetime) -> Series:
        """Return the history of one signal.

        Raises:
            WedtuiError: the cache cannot be read.
        """
        ...

    def resources(self, query: ResourceQuery, now: datetime) -> ResourcePage:
        """Return one page of the resources that a question asks for.

        Raises:
            WedtuiError: the cache cannot be read.
        """
        ...

    def weddings(self, query: WeddingQuery) -> WeddingPage:
        """Return one page of the weddings that a question asks for.

        Raises:
            WedtuiError: the cache cannot be read.
        """
        ...

    def wedding(self, reference: str) -> tuple[ListedWedding, ...]:
        """Return every row of a reference, by start; none where no source names it.

        Raises:
            WedtuiError: the cache cannot be read.
        """
        ...

    def live(self, now: datetime) -> LiveBreakdown:
        """Return who is live at an aware instant, by culture, kind of venue and zone.

        Raises:
            WedtuiError: the cache cannot be read.
        """
        ...

    def wedding_sources(self) -> tuple[SourceDetails, ...]:
        """Return every source of weddings, and how its newest reading went.

        Raises:
            WedtuiError: the cache cannot be read.
        """
        ...

    def wedding_conflicts(self, now: datetime) -> Mapping[str, Conflicts]:
        """Return source -> its weddings that are live or begin soon, at times that overlap and differ.

        Raises:
            WedtuiError: the cache cannot be read.
        """
        ...

    def changes(self, query: ChangeQuery, now: datetime) -> Timeline:
        """Return what changed in a time; a source that cannot be read is a gap in it."""
        ...

    def close(self) -> None:
        """Let go of every file."""
        ...
