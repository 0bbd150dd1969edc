"""What `wedtui doctor` says of who is on call: holes to come, contacts without a channel, ladders that name nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from wedtui.cli.checks import Check, Level
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from wedtui.config_file import Loaded

_REMEDY = "`wedtui oncall check` lists the shifts; docs/oncall.md"
_MOST = 5


def oncall_checks(loaded: Loaded, now: datetime) -> Iterator[Check]:
    """Look at rosters, contacts and ladders; nothing is said where none is configured."""
    from wedtui.core.oncall.standing import shortcomings
    from wedtui.core.wording import counted
    from wedtui.providers.oncall import load_plan

    try:
        plan = load_plan(loaded, now)
    except ConfigurationError as error:
        for line in error.problems:
            yield Check(Level.PROBLEM, "on call", line, "correct it; `wedtui oncall check` says when it is right")
        return
    if not (plan.rosters or plan.contacts or plan.ladders):
        return
    said = list(shortcomings(plan, now))
    for text in said[:_MOST]:
        yield Check(Level.WARNING, "on call", text, _REMEDY)
    if len(said) > _MOST:
        yield Check(Level.WARNING, "on call", f"{len(said) - _MOST} more of the kind in the next 14 days", _REMEDY)
    if plan.rosters and not said:
        text = f"{counted(len(plan.rosters), 'roster')} without a hole in the next 14 days"
        yield Check(Level.OK, "on call", text)
