"""Who is told, as it counts: read again where its files change and every hour, the last good one where it cannot be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from wedtui.config import Configuration
from wedtui.config_file import Loaded
from wedtui.core.oncall.plan import OnCallPlan
from wedtui.errors import ConfigurationError
from wedtui.providers.oncall import load_plan
from wedtui.roster_files import load_rosters, roster_paths

Files = Sequence[tuple[str, str]]
READ_EVERY = timedelta(hours=1)
"""Of a calendar only the time around its reading is known; and a file may change without a trace."""


class CountingPlan:
    """Knows who is told. Used by one thread; `problem` by any."""

    def __init__(self, configuration: Configuration, path: Path | None) -> None:
        """Remember where it is; nothing is read yet.

        Args:
            configuration: with contacts, ladders and rosters.
            path: its file, beside which further rosters stand; None where there is none.
        """
        origins = defaultdict[tuple[str | int, ...], str](lambda: str(path or "the configuration"))
        self._loaded = Loaded(configuration, path, origins, None, "")
        self._files: tuple[Path, ...] = ()
        self._seen: object = None
        self._read_at: datetime | None = None
        self._plan: OnCallPlan | None = None
        self._texts: Files | None = None
        self.news: Files | None = None
        """The files that count since the last look, to be noted; None where that is done already."""
        self.problem: str | None = None
        """Why what is written does not count, in a sentence."""

    def look(self, now: datetime) -> OnCallPlan:
        """Read it again where that is due, and return who is told.

        Args:
            now: the instant of the round, aware.
        """
        seen = self._stamps()
        due = self._read_at is None or abs(now - self._read_at) >= READ_EVERY
        if self._plan is not None and seen == self._seen and not due:
            return self._plan
        self._read_at = now
        try:
            rosters = load_rosters(self._loaded)
            self._files = tuple(each.calendar for each in rosters if each.calendar is not None)
            self._plan = load_plan(self._loaded, now)
            self.problem = None
            self._note()
        except (ConfigurationError, OSError, UnicodeError) as error:
            which = "the last that could be used count on"
            if self._plan is None:
                self._plan, which = self._everybody(), "every channel is told"
            why = str(error).splitlines()[0]
            self.problem = f"the rosters cannot be used, and {which}: {why}; see `wedtui oncall check`"
        self._seen = self._stamps()
        return self._plan

    def _note(self) -> None:
        """Have it noted by which files it is told, where they are others than at the last look."""
        paths = (*roster_paths(self._loaded.path), *self._files)
        texts = [(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in paths if path.is_file()]
        if texts != self._texts:
            self._texts = self.news = texts

    def _everybody(self) -> OnCallPlan:
        """Return who is told where nobody can be named: every channel, by the ladders of DESIGN."""
        configuration = self._loaded.configuration
        return OnCallPlan(channels=tuple(configuration.notify), lapse=configuration.oncall.lapse)

    def _stamps(self) -> object:
        return [_stamp(path) for path in (*roster_paths(self._loaded.path), *self._files)]


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return path, None
    return path, status.st_mtime_ns, status.st_size, status.st_ino
