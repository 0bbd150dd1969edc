"""Who has it now, read again when a roster, a calendar or the configuration changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from wedtui.config_file import Loaded
from wedtui.core.finding import Finding, Severity
from wedtui.core.oncall.plan import OnCallPlan
from wedtui.core.oncall.standing import OnCallNow, on_call_now
from wedtui.errors import ConfigurationError
from wedtui.roster_files import load_rosters, roster_paths

LOOKED_EVERY = timedelta(seconds=10)
"""How often it is looked whether a file changed."""
READ_EVERY = timedelta(hours=1)
"""Of calendars only a time around the reading is known."""

_Stamp = tuple[Path, int, int]


class OnCallReading:
    """Goes on with what it knows where files can no longer be used."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._plan = OnCallPlan()
        self._of: Loaded | None = None
        self._read_of: Loaded | None = None
        """By which configuration what is known was read."""
        self._stamps: tuple[_Stamp, ...] = ()
        self._looked_at: datetime | None = None
        self._read_at: datetime | None = None
        self._problem: str | None = None
        self.good_at: datetime | None = None
        """When the files were last found to be of use; None: never."""
        self._now: tuple[OnCallNow, ...] = ()

    @property
    def problem(self) -> str:
        """Why they cannot be used since then; empty where they can."""
        return self._problem or ""

    def now(self, loaded: Loaded, at: datetime) -> tuple[tuple[OnCallNow, ...], tuple[Finding, ...]]:
        """Return who has each roster at an aware instant, and what is wrong with that."""
        if self._of is not loaded or _over(self._looked_at, at, LOOKED_EVERY):
            self._look(loaded, at)
            self._now = on_call_now(self._plan, at)
        elif any(each.until is not None and at >= each.until for each in self._now):
            self._now = on_call_now(self._plan, at)
        found = [Finding(Severity.WARNING, "on call", self._problem, at)] if self._problem else []
        found += [
            Finding(Severity.WARNING, "on call", f"{each.roster}: {each.problem}", at)
            for each in self._now
            if each.is_hole
        ]
        return self._now, tuple(found)

    def _look(self, loaded: Loaded, at: datetime) -> None:
        """Read everything again where something changed."""
        self._looked_at = at
        try:
            stamps = _stamps(loaded)
            if self._read_of is not loaded or stamps != self._stamps or _over(self._read_at, at, READ_EVERY):
                self._plan = _plan(loaded, at)
                self._read_of, self._stamps, self._read_at = loaded, stamps, at
            # A file that could not be used may be gone again: then what is known is right as it is.
            self._problem, self.good_at = None, at
        except ConfigurationError as error:
            self._problem = error.problems[0]
        self._of = loaded


def _plan(loaded: Loaded, at: datetime) -> OnCallPlan:
    section = loaded.configuration.oncall
    if not (section.contacts or section.rosters or roster_paths(loaded.path)):
        return OnCallPlan()
    from wedtui.providers.oncall import load_plan

    return load_plan(loaded, at)


def _stamps(loaded: Loaded) -> tuple[_Stamp, ...]:
    """Return what changes when a file of rosters, or one of their calendars, does."""
    if not loaded.configuration.oncall.rosters and not roster_paths(loaded.path):
        return ()
    rosters = load_rosters(loaded)
    calendars = (each.calendar for each in rosters)
    return tuple(_stamp(path) for path in (*roster_paths(loaded.path), *calendars) if path is not None)


def _stamp(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError:
        return path, 0, 0
    return path, status.st_mtime_ns, status.st_size


def _over(since: datetime | None, at: datetime, span: timedelta) -> bool:
    # A clock that was set back says nothing of how long it is.
    return since is None or abs(at - since) >= span
