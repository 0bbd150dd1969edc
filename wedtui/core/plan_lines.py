"""A plan as lines of text, from the JSON that is shown and kept: so that stored old plans show too.

What a stored plan does not hold is said to be missing; nothing of it is taken for passed. Ages are counted up to `now`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from wedtui.core.plan_words import (
    accepted_words,
    as_of,
    back_words,
    check_rows,
    clock,
    instant,
    moved_words,
    room_is_useless,
    said,
    stopped_by,
    ttl_of,
    undo_words,
)
from wedtui.core.text import shortened
from wedtui.core.wording import age, duration, figure, listed

WIDTH = 80
LATER = "; if shares were changed again since, `before` is before that change"
RECALLED_AT_MOST = 4
"""So many checks that have not passed are said again right above where the name is typed."""


def plan_lines(
    plan: Mapping[str, Any],
    now: datetime,
    *,
    refused: Sequence[str] = (),
    width: int = WIDTH,
    open_plan: bool = True,
    drill: bool = False,
) -> list[str]:
    """Return a plan for a tired person.

    Args:
        plan: as `core.failover.plan_json` writes it.
        now: an aware instant.
        refused: why it may not be submitted, as the service says, beside what its checks say.
        width: columns; only what has no space in it is longer.
        open_plan: whether it can still be confirmed: until when it holds is said only then.
        drill: whether its world is a made-up one.
    """
    why = [*dict.fromkeys((*refused, *stopped_by(plan)))]
    return [
        *(_refused(why, width) if why else ()),
        *_wrapped(headline(plan, refused=bool(why), drill=drill), width, "  "),
        *(_wrapped(back_words(plan), width, "  ") if plan.get("kind") == "failback" else ()),
        *_wrapped(f"{_record(plan)}; {as_of(plan)}", width, "  "),
        *_overload(plan),
        "",
        *_shares(plan, refused=bool(why)),
        *_wrapped(_peak_words(plan), width, "  "),
        *([f"{plan['unplaced']} % find no room, or have yet to follow"] if plan.get("unplaced") else []),
        "",
        *_checks(plan, now, width),
        *([] if why else _estimates(plan, now, width, open_plan=open_plan)),
    ]


def _refused(why: Sequence[str], width: int) -> Iterator[str]:
    """Yield that it may not be, and why, before anything else."""
    yield "REFUSED: nothing is done, for this plan may not be submitted"
    for each in why:
        yield from _wrapped(f"- {said(each)}", width, "  ")
    yield ""


def _estimates(plan: Mapping[str, Any], now: datetime, width: int, *, open_plan: bool) -> list[str]:
    """Return when it counts and how it is taken back: of a refused plan that would be a promise of nothing.

    Of one that is not open any more it is measured, and said with its steps.
    """
    if not open_plan:
        # It may be long ago: "before" is before the newest change, whichever that is by now.
        later = "" if plan.get("kind") == "failback" else LATER
        return ["", *labelled("undo", f"{undo_words(plan)}{later}", width)]
    return [
        "",
        *labelled("accepted", accepted_words(), width),
        *labelled("moved", moved_words(plan), width),
        *labelled("undo", undo_words(plan), width),
        *labelled("holds", holds_words(plan, now), width),
    ]


def recap(plan: Mapping[str, Any], now: datetime, *, width: int = WIDTH) -> list[str]:
    """Return in a few lines what is confirmed, for where the plan above it may have left the screen.

    Args:
        plan: as `core.failover.plan_json` writes it.
        now: an aware instant.
        width: columns; what is longer ends in `…`.
    """
    before, after = _shares_of(plan, "before"), _shares_of(plan, "after")
    moved = [
        f"{name} {_percent(before.get(name))} -> {_percent(after.get(name))}" for name in sorted({*before, *after})
    ]
    rows = [row for row in check_rows(plan, now) if row.word != "PASS"]
    rest = len(rows) - RECALLED_AT_MOST
    return [
        *_wrapped(f"in short, {as_of(plan)}: {', '.join(moved) or 'the shares are UNKNOWN'}", width, "  "),
        *_overload(plan),
        *(shortened(f"{row.word}: {row.text}", width) for row in rows[:RECALLED_AT_MOST]),
        *([f"(+{rest} more above)"] if rest > 0 else []),
    ]


def _overload(plan: Mapping[str, Any]) -> list[str]:
    return ["an OVERLOAD is accepted: shares may go over the caps"] if plan.get("accepts_overload") else []


def headline(plan: Mapping[str, Any], *, refused: bool = False, drill: bool = False) -> str:
    """Return what it does, in one sentence; of a refused plan what was asked for; of a drill that it is one."""
    real, where = ("DRILL", " in a made-up world") if drill else ("REAL", "")
    by = ", asked for by the service itself" if plan.get("automatic") else ""
    if plan.get("kind") == "failback":
        return f"{'asked for: a failback' if refused else f'{real} FAILBACK{where}: traffic comes back'}{by}"
    lost = listed(tuple(said(place) for place in plan.get("lost") or ())) or "nothing that is named"
    if refused:
        return f"asked for: a failover from {lost}{by}"
    return f"{real} FAILOVER{where}: {lost} loses all of its traffic{by}"


def holds_words(plan: Mapping[str, Any], now: datetime) -> str:
    """Return until when it may be confirmed."""
    ends = instant(plan.get("expires_at"))
    if ends is None:
        return "UNKNOWN: until when it may be confirmed is not known"
    if ends <= now:
        return f"EXPIRED {age(ends, now)} ago: ask for a new one"
    return f"may be confirmed until {clock(ends)}, {duration(ends - now)} from now; then it needs a new plan"


def _record(plan: Mapping[str, Any]) -> str:
    if not plan.get("name"):
        return "the live shares could not be read"
    ttl = ttl_of(plan)
    lasts = "TTL UNKNOWN" if ttl is None else f"TTL {duration(ttl)}"
    return f"{said(plan['name'])} by {said(plan.get('backend'))}, {lasts}; change number {plan.get('generation')}"


def _shares(plan: Mapping[str, Any], *, refused: bool) -> list[str]:
    """Return before and after by place, with the room of each provider; of a refused plan what is live."""
    before, after = _shares_of(plan, "before"), _shares_of(plan, "after")
    if not before:
        return ["shares: UNKNOWN before, and nothing would be submitted"]
    rooms = {said(room.get("provider")): room for room in plan.get("rooms") or () if isinstance(room, Mapping)}
    names = sorted({*before, *after})
    width = max(10, *(len(name) for name in (*names, *rooms)))
    titles = f"{'LIVE':>6}" if refused else f"{'BEFORE':>6}  {'AFTER':>6}"

    def percents(name: str, then: object, later: object, room: str) -> str:
        return f"{name:<{width}}  {_percent(then):>6}{'' if refused else f'  {_percent(later):>6}'}{room}"

    lines = [f"{'':<{width}}  {titles}  {'CAP':>7}  HEADROOM AT THE PEAK"]
    shown = set[str]()
    for name in names:
        provider, _, region = name.partition("/")
        room = rooms.get(provider)
        if region and room is not None and provider not in shown:
            lines.append(percents(provider, room.get("before"), room.get("after"), _room(plan, room)))
        shown.add(provider)
        mine = percents(name, before.get(name), after.get(name), "" if region else _room(plan, room))
        lines.append(f"{mine}{'' if refused else _arrow(before, after, name)}")
    return lines


def _room(plan: Mapping[str, Any], room: Mapping[str, Any] | None) -> str:
    if room is None:
        return f"  {'UNKNOWN':>7}  UNKNOWN"
    if room_is_useless(plan, room):
        return f"  {_percent(room.get('cap')):>7}  -"
    spare = room.get("spare")
    words = "UNKNOWN"
    if isinstance(spare, int | float):
        words = f"{'-' if spare < 0 else '+'}{figure(abs(spare))} requests/s" + (", OVERLOADED" if spare < 0 else "")
    return f"  {_percent(room.get('cap')):>7}  {words}"


def _arrow(before: Mapping[str, int], after: Mapping[str, int], name: str) -> str:
    return "  <- changes" if before.get(name) != after.get(name) else ""


def _percent(share: object) -> str:
    return f"{share} %" if isinstance(share, int) else "UNKNOWN"


def _peak_words(plan: Mapping[str, Any]) -> str:
    peak = plan.get("peak")
    if not isinstance(peak, int | float):
        return "peak to be served: UNKNOWN, so no room is known"
    return f"peak to be served: {figure(peak)} requests/s, the larger of the last 24 h and the next 4 h"


def _checks(plan: Mapping[str, Any], now: datetime, width: int) -> Iterator[str]:
    for row in check_rows(plan, now):
        yield from labelled(row.word, row.text, width)


def _shares_of(plan: Mapping[str, Any], which: str) -> dict[str, int]:
    found = plan.get(which)
    return {said(name): share for name, share in found.items()} if isinstance(found, Mapping) else {}


def labelled(label: str, words: str, width: int) -> list[str]:
    """Return words behind a label, on as many lines as they take."""
    return textwrap.wrap(words, width, initial_indent=f"{label:<9}", subsequent_indent=" " * 9, break_long_words=False)


def _wrapped(words: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(words, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
