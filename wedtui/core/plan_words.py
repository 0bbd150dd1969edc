"""What panel and commands say of a plan, from the JSON that is shown and kept: one function a question.

What a stored plan does not hold is said to be missing; nothing of it is taken for passed. Where two things can be
promised, it is the less rosy one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from wedtui.core.confirming import SEND_WITHIN
from wedtui.core.text import single_line
from wedtui.core.wording import age, duration, listed

ACCEPTED_WITHIN = timedelta(seconds=5)
"""A change takes less than this, or it waits: docs/configuration.md, "Traffic"."""
ROUTE53_IN_SYNC_WITHIN = timedelta(seconds=60)
"""Source: Amazon Route 53 API reference, ChangeResourceRecordSets: "generally within 60 seconds"."""

LONGEST_TTL_S = 2**31 - 1
"""Source: RFC 2181, section 8."""
NOTE = "NOTE"
"""The word for a check that is broken and stops nobody who asks: they decide with it before their eyes."""
_MISSING = "not kept with this plan"
_STOPS = {"everybody": "STOPS IT", "automatic": "stops automation alone", "nobody": "stops nobody"}


class Row(NamedTuple):
    """One check as a line."""

    word: str
    """PASS, FAIL, UNKNOWN or NOTE."""
    text: str
    """Its sentence, how old its evidence is, and whom it stops."""
    counts: bool
    """Whether a person has to have seen it before they confirm: it has not passed, or says who is getting married."""


def check_rows(plan: Mapping[str, Any], now: datetime) -> list[Row]:
    """Return every check: what stops it, what else has not passed, who is getting married, and what has passed.

    Args:
        plan: as `plan_json` of `core.failover` or `core.freeze_plan` writes it.
        now: an aware instant; ages are counted up to it, or to the plan's own instant where that is later.
    """
    made = instant(plan.get("at"))
    until = now if made is None else max(now, made)
    checks = sorted(checks_of(plan), key=lambda each: _urgency(plan, each))
    rows = [_row(plan, each, until) for i, each in enumerate(checks) if not _is_said(each, checks[:i])]
    if not checks:
        rows.append(Row("UNKNOWN", f"checks: {_MISSING}", counts=True))
    if not any(check.get("rule") == "weddings" for check in checks):
        failed = sum(row.word == "FAIL" for row in rows)
        rows.insert(failed, Row("UNKNOWN", f"live weddings: {_MISSING}", counts=True))
    return rows


def stopped_by(plan: Mapping[str, Any]) -> list[str]:
    """Return the sentences of the checks that stop who asked."""
    return [said(check.get("sentence")) for check in checks_of(plan) if _is_stopping(plan, check)]


def as_of(plan: Mapping[str, Any]) -> str:
    """Return the instant of the plan, which is that of every line without an age of its own."""
    at = instant(plan.get("at"))
    return f"as of {clock(at)}" if at is not None else "as of UNKNOWN"


def accepted_words() -> str:
    """Return when the backend has taken the change."""
    within = f"expected within {duration(ACCEPTED_WITHIN)} of the confirmation"
    return f"{within}; waits {duration(SEND_WITHIN)} at most"


def ttl_of(plan: Mapping[str, Any]) -> timedelta | None:
    """Return the TTL of a plan; None where it has none, or a number that no record can have."""
    seconds = plan.get("ttl_seconds")
    return timedelta(seconds=seconds) if isinstance(seconds, int | float) and 0 <= seconds <= LONGEST_TTL_S else None


def moved_words(plan: Mapping[str, Any]) -> str:
    """Return when customers are expected to have moved: in sync, and the TTL after that."""
    rest = ttl_of(plan)
    if rest is None:
        return "UNKNOWN: the TTL is not known"
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
        back = listed(tuple(said(place) for place in fell)) or "a provider"
        # Of several, or of a region, whoever undoes it says which.
        lost = said(fell[0]) if len(fell) == 1 and "/" not in fell[0] else "P"
        return f"`wedtui failover run --from {lost} --reason WHY` leaves {back} again"
    return "`wedtui failback run --to before --reason WHY`, by a manager; a freeze stops that, unless overridden"


def room_is_useless(plan: Mapping[str, Any], room: Mapping[str, Any]) -> bool:
    """Whether what a provider has to spare helps nobody: it will carry nothing, and is being left or may not gain."""
    if room.get("after") != 0:
        return False
    rule = f"eligible:{room.get('provider')}"
    barred = any(check.get("rule") == rule and _result(check) != "PASS" for check in checks_of(plan))
    return barred or room.get("before") != 0


def before_words(at: datetime, action: int) -> str:
    """Return what the shares from before a failover are called in a sentence.

    Args:
        at: when they were read, before it.
        action: the failover's number.
    """
    return f"the shares of {at.astimezone(UTC):%a %d %b %H:%M} UTC, before action {action}"


def back_words(plan: Mapping[str, Any]) -> str:
    """Return to which shares a failback comes back: `back to the configured shares: aws 60 %, gcp 40 %`."""
    words = said(plan.get("to_words") or "other shares")
    return f"back to {words}: {shares_words(plan.get('to'))}"


def shares_words(shares: object) -> str:
    """Return shares by place, or that they are not known."""
    if not isinstance(shares, Mapping) or not shares:
        return "UNKNOWN which"
    return ", ".join(f"{said(place)} {said(share)} %" for place, share in sorted(shares.items()))


def otherwise_words(seen: Mapping[str, Any], newer: Mapping[str, Any]) -> str:
    """Return what of a newer plan is another than of the one that was seen: who gets what, then what is judged anew."""
    shares = [
        f"{said(place)} gets {_share(newer, 'after', place)}, not {_share(seen, 'after', place)}"
        for place in sorted({*_shares_of(seen), *_shares_of(newer)})
        if _share(seen, "after", place) != _share(newer, "after", place)
    ]
    known = {check.get("rule"): _result(check) for check in checks_of(seen)}
    judged = [
        f"{_result(check)}: {said(check.get('sentence'))}"
        for check in checks_of(newer)
        if known.get(check.get("rule")) != _result(check)
    ]
    live = ["the live records are others"] if seen.get("records") != newer.get("records") else []
    return "; ".join([*shares, *live, *judged])


def _shares_of(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    found = plan.get("after")
    # Of what changes a freeze these are no shares: what is frozen then stands in its checks and above them.
    return found if isinstance(found, Mapping) and plan.get("before") and "rooms" in plan else {}


def _share(plan: Mapping[str, Any], which: str, place: str) -> str:
    found = plan.get(which)
    return f"{said(found[place])} %" if isinstance(found, Mapping) and place in found else "UNKNOWN"


def checks_of(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the checks of a plan."""
    found = plan.get("checks")
    return [check for check in found if isinstance(check, Mapping)] if isinstance(found, list) else []


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


def said(value: object) -> str:
    """Return what others wrote, on one line of bounded length."""
    return single_line(str(value), 300)


def _row(plan: Mapping[str, Any], check: Mapping[str, Any], now: datetime) -> Row:
    result, stopping = _result(check), _is_stopping(plan, check)
    word = NOTE if result == "FAIL" and not stopping else result
    weddings = check.get("rule") == "weddings"
    stops = "everybody" if stopping else _stops(check)
    tail = None if result == "PASS" or (weddings and stops == "nobody") else f"- {_STOPS[stops]}"
    sentence = f"weddings: {said(check.get('sentence'))}" if weddings else said(check.get("sentence"))
    at = instant(check.get("measured_at"))
    if at is None:
        # Without evidence of its own it holds at the plan's instant, which is said once.
        seen = "(not measured)" if result == "UNKNOWN" else None
    else:
        old = age(at, now)
        seen = f"({old})" if old == "in the future" else f"({old} ago)"
    return Row(word, " ".join(filter(None, (sentence, seen, tail))), result != "PASS" or weddings)


def _urgency(plan: Mapping[str, Any], check: Mapping[str, Any]) -> tuple[int, int]:
    """Return the place of a check: of a low screen only the first lines are seen, which say what is wrong."""
    weddings, result = check.get("rule") == "weddings", _result(check)
    if result == "PASS":
        return (4 if weddings else 5), 0
    worst = 0 if result == "FAIL" else 1
    if _is_stopping(plan, check):
        return 0, worst
    # Whom it would hurt comes before what keeps the service from acting by itself.
    return (1 if weddings else 2 if _stops(check) == "automatic" else 3), worst


def _is_said(check: Mapping[str, Any], before: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a broken check that stands above gives this broken one as its reason, word by word.

    The same fact with another verdict behind it reads as if both could not be.
    """
    mine = said(check.get("sentence"))
    above = (said(each.get("sentence")) for each in before if _result(each) != "PASS")
    return _result(check) != "PASS" and any(mine in text and mine != text for text in above)


def _is_stopping(plan: Mapping[str, Any], check: Mapping[str, Any]) -> bool:
    stops = {"everybody", "automatic"} if plan.get("automatic") else {"everybody"}
    return _result(check) != "PASS" and _stops(check) in stops


def _result(check: Mapping[str, Any]) -> str:
    result = check.get("result")
    return str(result) if result in {"PASS", "FAIL"} else "UNKNOWN"


def _stops(check: Mapping[str, Any]) -> str:
    """Return whom a check stops: everybody, where that is not known."""
    stops = check.get("stops")
    return str(stops) if stops in {"nobody", "automatic"} else "everybody"


def _gain(plan: Mapping[str, Any], place: str) -> int:
    after, before = (plan.get("after") or {}).get(place), (plan.get("before") or {}).get(place)
    return after - before if isinstance(after, int) and isinstance(before, int) else 0
