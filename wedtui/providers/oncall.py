"""Who is told, put together: the configuration, files of rosters, and what their calendars name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from wedtui.config_file import Loaded
from wedtui.core.oncall.plan import OnCallPlan
from wedtui.core.oncall.roster import Contact, Roster
from wedtui.core.zones import is_readable
from wedtui.roster_files import WrittenRoster, load_rosters

if TYPE_CHECKING:
    from wedtui.providers.roster_calendar import CalendarShifts


def load_plan(loaded: Loaded, at: datetime) -> OnCallPlan:
    """Return who is told around an instant; a calendar that cannot be read leaves a hole, and is said.

    Args:
        loaded: the configuration, beside whose file rosters stand.
        at: an aware instant: of calendars 92 days before and 400 days after it are known.

    Raises:
        ConfigurationError: a file of rosters cannot be used; a line for each thing that is wrong.
    """
    section = loaded.configuration.oncall
    contacts = section.made_contacts()
    return OnCallPlan(
        contacts,
        tuple(_roster(each, contacts, at) for each in load_rosters(loaded)),
        tuple(each.made() for each in section.ladders),
        section.default or "",
        tuple(loaded.configuration.notify),
        section.lapse,
    )


def _roster(written: WrittenRoster, contacts: tuple[Contact, ...], at: datetime) -> Roster:
    path = written.calendar
    if path is None:
        return written.section.made()
    from wedtui.providers.calendar import CalendarError  # noqa: PLC0415 - heavy, and most do without

    try:
        read = _shifts(written, path, contacts, at)
    except OSError as error:
        why = f"its calendar {path} cannot be read ({error.strerror})"
        return written.section.made(problems=[f"{why}: name another, or repair it"])
    except CalendarError as error:
        return written.section.made(problems=[f"its calendar {path} cannot be used: {error.problem}"])
    return written.section.made(read.shifts, read.problems)


def _shifts(written: WrittenRoster, path: Path, contacts: tuple[Contact, ...], at: datetime) -> CalendarShifts:
    from wedtui.providers.calendar import MAX_BYTES  # noqa: PLC0415
    from wedtui.providers.roster_calendar import read_shifts  # noqa: PLC0415

    zone = written.section.zone
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    own = ZoneInfo(zone) if zone is not None and is_readable(zone) else UTC
    return read_shifts(data, name=written.section.name, contacts=contacts, at=at, zone=own)
