"""Who has it now, until when, and who comes next: what the dashboard and the commands show of a roster. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedtui.core.freeze_windows import shifted
from wedtui.core.oncall.ladder import Kind, Target
from wedtui.core.oncall.plan import OnCallPlan, empty_steps, unreachable
from wedtui.core.oncall.roster import Roster
from wedtui.core.oncall.shifts import AHEAD, Stretch, roster_problems, stretch_at, stretches
from wedtui.core.wording import listed, utc_words

LOOKED_AHEAD = timedelta(days=14)
"""How far holes and overlaps are looked for unless somebody asks for more."""


@dataclass(frozen=True, slots=True)
class OnCallNow:
    """Who has a roster at an instant."""

    roster: str
    """Empty where no roster is configured."""
    at: datetime
    contacts: tuple[str, ...] = ()
    """Whom the roster names, by name: several where shifts overlap, nobody in a hole."""
    until: datetime | None = None
    """When that changes; None where it does not within 400 days."""
    next_contacts: tuple[str, ...] = ()
    """Who has it then; nobody where a hole begins."""
    told: tuple[str, ...] = ()
    """Who is told now: in a hole the default contact; none means every channel."""
    overridden: bool = False
    """Whether somebody stands in for whom the roster names."""
    problem: str = ""
    """What is wrong with it, in a sentence: a hole, an overlap, a calendar that cannot be read."""
    doubted: bool = False
    """Whether it may name others than it should, because something of it cannot be read."""

    @property
    def is_hole(self) -> bool:
        """Whether nobody has it."""
        return not self.contacts

    @property
    def words(self) -> str:
        """Return who has it in words."""
        return listed(self.contacts) if self.contacts else "nobody"


def roster_now(plan: OnCallPlan, roster: Roster, at: datetime) -> OnCallNow:
    """Return who has a roster at an aware instant."""
    here = stretch_at(roster, at)
    end, last = here.end, shifted(at, AHEAD)
    following = stretch_at(roster, end)
    while following.contacts == here.contacts and end < last:
        # Who stands in for somebody may have it next as well.
        end = following.end
        following = stretch_at(roster, end)
    ends = end < last
    reached = plan.reach(Target(Kind.ROSTER, roster.name), at)
    said = [*roster_problems(roster)]
    if here.is_hole:
        said.append(f"nobody has it, so {_told(plan, reached.contacts)}")
    elif reached.problem:
        said.append(f"{reached.problem}, so {_told(plan, reached.contacts)}")
    if here.is_overlap:
        said.append(f"{listed(here.contacts)} have it at the same time, so each is told")
    return OnCallNow(
        roster.name,
        at,
        here.contacts,
        end if ends else None,
        following.contacts if ends else (),
        reached.contacts,
        here.overridden,
        "; ".join(said),
        bool(roster_problems(roster)),
    )


def _told(plan: OnCallPlan, contacts: tuple[str, ...]) -> str:
    if not contacts:
        return plan.instead_words
    return f"{listed(contacts)} {'is' if len(contacts) == 1 else 'are'} told"


def on_call_now(plan: OnCallPlan, at: datetime) -> tuple[OnCallNow, ...]:
    """Return who has each roster at an aware instant, in the order of the configuration."""
    return tuple(roster_now(plan, roster, at) for roster in plan.rosters)


def gaps(roster: Roster, start: datetime, end: datetime) -> tuple[Stretch, ...]:
    """Return the holes and overlaps of a roster from an aware instant to another, by start."""
    return tuple(each for each in stretches(roster, start, end) if each.is_hole or each.is_overlap)


def gap_words(roster: str, gap: Stretch) -> str:
    """Say what a hole or an overlap is."""
    when = f"from {utc_words(gap.start)} to {utc_words(gap.end)}"
    if gap.is_hole:
        return f"nobody has {roster} {when}"
    return f"{listed(gap.contacts)} have {roster} at the same time {when}"


def shortcomings(plan: OnCallPlan, now: datetime) -> Iterator[str]:
    """Yield what is wrong with who is told in the next 14 days, a sentence each; overlaps are not wrong."""
    until = shifted(now, LOOKED_AHEAD)
    for roster in plan.rosters:
        yield from (f"{roster.name}: {each}" for each in roster_problems(roster))
        yield from (gap_words(roster.name, gap) for gap in gaps(roster, now, until) if gap.is_hole)
    for name in unreachable(plan):
        yield f"{name} has no channel"
    for ladder, target in empty_steps(plan, now, until):
        yield f"the ladder {ladder} names nobody who can be told by {target.words}"
