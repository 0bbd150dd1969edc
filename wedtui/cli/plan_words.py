"""A plan as lines of text, from the JSON that is shown, digested and kept: so that stored old plans show too.

What a stored plan does not hold is said to be missing; nothing of it is taken for passed. Ages are counted up to `now`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from wedtui.core.text import single_line
from wedtui.core.wording import age, duration, listed

WIDTH = 80
ACCEPTED_WITHIN = timedelta(seconds=5)
"""A change takes less than this, or it is given up: docs/configuration.md, "Traffic"."""
ROUTE53_IN_SYNC_WITHIN = timedelta(seconds=60)
"""Source: Amazon Route 53 API reference, ChangeResourceRecordSets: "generally within 60 seconds"."""

_MISSING = "not kept with this plan"
_STOPS = {"everybody": "STOPS IT", "automatic": "stops automation alone"}


def plan_lines(
    plan: Mapping[str, Any], now: datetime, *, refused: Sequence[str] = (), width: int = WIDTH, open_plan: bool = True
) -> list[str]:
    """Return a plan for a tired person.

    Args:
        plan: as `core.failover.plan_json` writes it.
        now: an aware instant.
        refused: why it may not be submitted, as the service says, beside what its checks say.
        width: columns; only what has no space in it is longer.
        open_plan: whether it can still be confirmed: until when it holds is said only then.
    """
    why = [*dict.fromkeys((*refused, *stopped_by(plan)))]
    lines = [
        *_wrapped(headline(plan), width, "  "),
        *_wrapped(_record(plan), width, "  "),
        *(["an OVERLOAD is accepted: shares may go over the caps"] if plan.get("accepts_overload") else []),
        "",
        *_shares(plan),
        *_wrapped(_peak_words(plan), width, "  "),
        *([f"{plan['unplaced']} % find no room, or have yet to follow"] if plan.get("unplaced") else []),
        "",
        *_checks(plan, now, width),
        "",
        *_labelled("accepted", f"expected within {duration(ACCEPTED_WITHIN)} of the confirmation, or given up", width),
        *_labelled("moved", moved_words(plan), width),
        *_labelled("undo", undo_words(plan), width),
    ]
    if why:
        lines += ["", "REFUSED: this plan may not be submitted"]
        lines += [line for each in why for line in _wrapped(f"- {_said(each)}", width, "  ")]
    elif open_plan:
        lines += _labelled("holds", holds_words(plan, now), width)
    return lines


def headline(plan: Mapping[str, Any]) -> str:
    """Return what it does, in one sentence."""
    by = ", asked for by the service itself" if plan.get("automatic") else ""
    if plan.get("kind") == "failback":
        return f"REAL FAILBACK: traffic comes back to {_said(plan.get('to_words') or 'other shares')}{by}"
    lost = listed(tuple(_said(place) for place in plan.get("lost") or ())) or "nothing that is named"
    return f"REAL FAILOVER: {lost} loses all of its traffic{by}"


def stopped_by(plan: Mapping[str, Any]) -> list[str]:
    """Return the sentences of the checks that stop who asked."""
    stops = {"everybody", "automatic"} if plan.get("automatic") else {"everybody"}
    return [_said(c.get("sentence")) for c in _all_checks(plan) if c.get("result") != "PASS" and _stops(c) in stops]


def moved_words(plan: Mapping[str, Any]) -> str:
    """Return when customers are expected to have moved: in sync, and the TTL after that."""
    ttl = plan.get("ttl_seconds")
    if not isinstance(ttl, int | float):
        return "UNKNOWN: the TTL is not known"
    rest = timedelta(seconds=ttl)
    if plan.get("backend") == "route53":
        total = ROUTE53_IN_SYNC_WITHIN + rest
        sync = f"in sync within {duration(ROUTE53_IN_SYNC_WITHIN)}, by Amazon's word"
        return f"customers, expected within {duration(total)}: {sync}, and the TTL of {duration(rest)}"
    return (
        f"customers, expected {duration(rest)} (the TTL) after it is in sync; how soon it is in sync depends on how "
        "your name servers copy the zone"
    )


def undo_words(plan: Mapping[str, Any]) -> str:
    """Return how to take it back."""
    if plan.get("kind") == "failback":
        fell = [place for place in (plan.get("after") or {}) if _gain(plan, place) > 0]
        back = listed(tuple(_said(place) for place in fell)) or "a provider"
        return f"`wedtui failover run --from P --reason WHY` leaves {back} again"
    return "`wedtui failback run --to before --reason WHY`, by a manager; a freeze stops that, unless overridden"


def holds_words(plan: Mapping[str, Any], now: datetime) -> str:
    """Return until when it may be confirmed."""
    ends = instant(plan.get("expires_at"))
    if ends is None:
        return "UNKNOWN: until when it may be confirmed is not known"
    if ends <= now:
        return f"EXPIRED {age(ends, now)} ago: ask for a new one"
    return f"may be confirmed until {clock(ends)}, {duration(ends - now)} from now; then it needs a new plan"


def instant(text: object) -> datetime | None:
    """Return an aware instant, or None for what is none."""
    if isinstance(text, datetime):
        return text if text.tzinfo is not None else None
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def clock(at: datetime) -> str:
    """Return an instant as every line of a plan or an action has it."""
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"


def _record(plan: Mapping[str, Any]) -> str:
    if not plan.get("name"):
        return "the live shares could not be read"
    ttl = plan.get("ttl_seconds")
    lasts = f"TTL {duration(timedelta(seconds=ttl))}" if isinstance(ttl, int | float) else "TTL UNKNOWN"
    return f"{_said(plan['name'])} by {_said(plan.get('backend'))}, {lasts}; change number {plan.get('generation')}"


def _shares(plan: Mapping[str, Any]) -> list[str]:
    """Return before and after by place, with the room of each provider."""
    before, after = _shares_of(plan, "before"), _shares_of(plan, "after")
    if not before:
        return ["shares: UNKNOWN before, and nothing would be submitted"]
    rooms = {_said(room.get("provider")): room for room in plan.get("rooms") or () if isinstance(room, Mapping)}
    names = sorted({*before, *after})
    width = max(10, *(len(name) for name in (*names, *rooms)))
    lines = [f"{'':<{width}}  {'BEFORE':>6}  {'AFTER':>6}  {'CAP':>7}  HEADROOM AT THE PEAK"]
    shown = set[str]()
    for name in names:
        provider, _, region = name.partition("/")
        room = rooms.get(provider)
        if region and room is not None and provider not in shown:
            whole = f"{_percent(room.get('before')):>6}  {_percent(room.get('after')):>6}"
            lines.append(f"{provider:<{width}}  {whole}{_room(room)}")
        shown.add(provider)
        mine = f"{_percent(before.get(name)):>6}  {_percent(after.get(name)):>6}"
        lines.append(f"{name:<{width}}  {mine}{'' if region else _room(room)}{_arrow(before, after, name)}")
    return lines


def _room(room: Mapping[str, Any] | None) -> str:
    if room is None:
        return f"  {'UNKNOWN':>7}  UNKNOWN"
    spare = room.get("spare")
    words = "UNKNOWN"
    if isinstance(spare, int | float):
        words = f"{spare:+.0f} requests/s" + (", OVERLOADED" if spare < 0 else "")
    return f"  {_percent(room.get('cap')):>7}  {words}"


def _arrow(before: Mapping[str, int], after: Mapping[str, int], name: str) -> str:
    return "  <- changes" if before.get(name) != after.get(name) else ""


def _percent(share: object) -> str:
    return f"{share} %" if isinstance(share, int) else "UNKNOWN"


def _peak_words(plan: Mapping[str, Any]) -> str:
    peak = plan.get("peak")
    if not isinstance(peak, int | float):
        return "peak to be served: UNKNOWN, so no room is known"
    return f"peak to be served: {peak:g} requests/s, the larger of the last 24 h and the next 4 h"


def _checks(plan: Mapping[str, Any], now: datetime, width: int) -> Iterator[str]:
    """Yield weddings first, then what stops it, what has not passed, and what has."""
    checks = _all_checks(plan)
    weddings = [check for check in checks if check.get("rule") == "weddings"]
    if not weddings:
        yield from _labelled("UNKNOWN", f"live weddings: {_MISSING}", width)
    if not checks:
        yield from _labelled("UNKNOWN", f"checks: {_MISSING}", width)
    others = [check for check in checks if check.get("rule") != "weddings"]
    for check in (*weddings, *sorted(others, key=_urgency)):
        yield from _labelled(_result(check), _check_words(check, now), width)


def _check_words(check: Mapping[str, Any], now: datetime) -> str:
    at = instant(check.get("measured_at"))
    stops = _STOPS.get(_stops(check)) if _result(check) != "PASS" else None
    words = f"weddings: {_said(check.get('sentence'))}" if check.get("rule") == "weddings" else None
    if at is None:
        seen = "(not measured)" if _result(check) == "UNKNOWN" else None
    else:
        old = age(at, now)
        seen = f"({old})" if old == "in the future" else f"({old} ago)"
    return " ".join(filter(None, (words or _said(check.get("sentence")), seen, f"- {stops}" if stops else None)))


def _urgency(check: Mapping[str, Any]) -> int:
    if _result(check) == "PASS":
        return 3
    return {"everybody": 0, "automatic": 1}.get(_stops(check), 2)


def _result(check: Mapping[str, Any]) -> str:
    result = check.get("result")
    return str(result) if result in {"PASS", "FAIL"} else "UNKNOWN"


def _stops(check: Mapping[str, Any]) -> str:
    """Return whom a check stops: everybody, where that is not known."""
    stops = check.get("stops")
    return str(stops) if stops in {"nobody", "automatic"} else "everybody"


def _all_checks(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [check for check in plan.get("checks") or () if isinstance(check, Mapping)]


def _shares_of(plan: Mapping[str, Any], which: str) -> dict[str, int]:
    found = plan.get(which)
    return {_said(name): share for name, share in found.items()} if isinstance(found, Mapping) else {}


def _gain(plan: Mapping[str, Any], place: str) -> int:
    after, before = (plan.get("after") or {}).get(place), (plan.get("before") or {}).get(place)
    return after - before if isinstance(after, int) and isinstance(before, int) else 0


def _said(value: object) -> str:
    return single_line(str(value), 300)


def _labelled(label: str, words: str, width: int) -> list[str]:
    return textwrap.wrap(words, width, initial_indent=f"{label:<9}", subsequent_indent=" " * 9, break_long_words=False)


def _wrapped(words: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(words, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
