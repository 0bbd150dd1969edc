"""The emergency panel's lines: what will be changed, on which evidence, what is typed, and how it goes.

The plan comes as plain data from the service (`core.failover.plan_json`); what of it cannot be read is said to be
UNKNOWN and never left out silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from wedtui.core.emergency import EmergencyKind, emergency
from wedtui.core.state import State
from wedtui.core.wording import duration
from wedtui.tui.arming import Arming, Stage
from wedtui.tui.draw.emergency import action_role
from wedtui.tui.draw.panel_freeze import freeze_lines
from wedtui.tui.spans import Line, Role, crop, fit, rule, state_role, wrap

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs, StepIs

ACCEPTED_WITHIN = timedelta(seconds=2)
"""From the confirmation until the backend took the change, where all is well."""
IN_SYNC_WITHIN = {"route53": timedelta(seconds=60), "powerdns": timedelta(0)}
"""Amazon Route 53 Developer Guide, "How Amazon Route 53 routes traffic": changes propagate within 60 s, as a rule."""

_RESULTS = {"PASS": ("●", Role.OK), "FAIL": ("◆", Role.CRITICAL), "UNKNOWN": ("◇", Role.UNKNOWN)}
_STEPS = {"done": ("●", Role.OK), "failed": ("◆", Role.CRITICAL), "unknown": ("◇", Role.UNKNOWN)}
_BARS = 20


class Drawn(NamedTuple):
    """The panel in three parts."""

    head: Line
    body: tuple[Line, ...]
    """Scrolls, where there is no room for all of it."""
    foot: tuple[Line, ...]


def panel_lines(arming: Arming, now: datetime, width: int, *, demo: bool, by_hand: tuple[str, ...] = ()) -> Drawn:
    """Return the panel.

    Args:
        arming: its state.
        now: ages and what is left are counted from it.
        width: its columns.
        demo: whether the world is made up.
        by_hand: what a person can run without the service.
    """
    return Drawn(_head(arming, width, demo=demo), tuple(_body(arming, now, width, by_hand)), _foot(arming, now, width))


def scrolled(drawn: Drawn, top: int, height: int, width: int) -> tuple[tuple[Line, ...], int]:
    """Return the lines for a height, and how far down they really are; it is said how many lines are not seen."""
    room = max(height - 1 - len(drawn.foot), 1)
    top = max(min(top, len(drawn.body) - room), 0)
    shown = list(drawn.body[top : top + room])
    below = len(drawn.body) - top - room
    if below > 0:
        shown[-1] = crop(((f" ↓ {below + 1} lines more below", Role.ACCENT),), width)
    if top > 0 and len(shown) > 1:
        shown[0] = crop(((f" ↑ {top + 1} lines more above", Role.ACCENT),), width)
    shown += [()] * (room - len(shown))
    return (drawn.head, *shown, *drawn.foot)[:height], top


def _head(arming: Arming, width: int, *, demo: bool) -> Line:
    target = arming.action.target if arming.action is not None else _subject(arming)
    title = f"{emergency(arming.kind).title} {target}" if arming.stage is not Stage.CHOOSE else _question(arming)
    drill, real = _SERIOUS[arming.kind]
    kind = (f" DRILL: a made-up world, {drill} ", Role.MARK) if demo else (f" REAL: {real} ", Role.ALARM)
    return rule(title, width, (kind,))


def _subject(arming: Arming) -> str:
    """Return what was chosen, in words for the title; of a freeze that is lifted its name, once that is known."""
    known = arming.target if arming.kind is EmergencyKind.FREEZE_LIFT else ""
    return known or arming.chosen


_SERIOUS = {
    EmergencyKind.FAILOVER: ("nobody is moved", "customers move"),
    EmergencyKind.FAILBACK: ("nobody is moved", "customers move"),
    EmergencyKind.LOCKDOWN: ("nobody is stopped", "everybody is stopped"),
    EmergencyKind.FREEZE_ADD: ("nobody is stopped", "everybody is stopped"),
    EmergencyKind.FREEZE_LIFT: ("nothing is let through", "changes go through"),
    EmergencyKind.FREEZE_OVERRIDE: ("nothing is let through", "a change goes through"),
}
"""Kind -> what does not happen in a drill, and what does where it is real."""
_QUESTIONS = {
    EmergencyKind.FAILOVER: "away from where?",
    EmergencyKind.FAILBACK: "to which shares?",
    EmergencyKind.LOCKDOWN: "what?",
    EmergencyKind.FREEZE_ADD: "for how long?",
    EmergencyKind.FREEZE_LIFT: "which?",
    EmergencyKind.FREEZE_OVERRIDE: "for what, for how long?",
}


def _question(arming: Arming) -> str:
    return f"{emergency(arming.kind).title}: {_QUESTIONS[arming.kind]}"


def _body(arming: Arming, now: datetime, width: int, by_hand: tuple[str, ...]) -> list[Line]:
    if arming.stage is Stage.CHOOSE:
        return _choices(arming, width)
    if arming.stage is Stage.BY_HAND:
        return _by_hand(by_hand, width)
    if arming.stage is Stage.DONE:
        return wrap(arming.said or "", width - 1, Role.OK, indent=" ")
    if arming.stage is Stage.FOLLOW and arming.action is not None:
        followed = _followed(arming.action, now, width)
        return [*followed, (), *_plan(arming, now, width)] if arming.plan is not None else followed
    return _plan(arming, now, width)


def _choices(arming: Arming, width: int) -> list[Line]:
    if not arming.choices:
        if arming.waits is not None:
            return []
        nothing = "no share was read yet" if arming.moves_traffic else "no person has frozen anything"
        return wrap(f"nothing is known that could be chosen: {nothing}", width - 1, Role.UNKNOWN, indent=" ")
    lines: list[Line] = []
    longest = max(len(each.name) for each in arming.choices)
    for i, each in enumerate(arming.choices):
        here = i == arming.at
        name = (f" {'›' if here else ' '} {each.name:<{longest}}  ", Role.STRONG if here else Role.TEXT)
        state = (each.state, state_role(State(each.state)) if each.state else Role.MUTED)
        lines.append(crop((name, (f"{each.words}  ", Role.TEXT), state), width))
    return lines


def _by_hand(by_hand: tuple[str, ...], width: int) -> list[Line]:
    lines = wrap("THE SERVICE DOES NOT ANSWER: nothing can be done from here.", width - 1, Role.CRITICAL, indent=" ")
    if not by_hand:
        lines += wrap("No command can be given: no reading of the shares is at hand.", width - 1, indent=" ")
    for each in by_hand:
        lines += [(), *wrap(each, width - 1, Role.STRONG, indent=" ")] if each.startswith("#") else _broken(each, width)
    return lines


def _broken(text: str, width: int) -> list[Line]:
    """Return a command in full, broken where the line ends: nothing of it may be left out."""
    room = max(width - 1, 1)
    return [((f" {text[i : i + room]}", Role.TEXT),) for i in range(0, len(text), room)]


def _plan(arming: Arming, now: datetime, width: int) -> list[Line]:
    plan = arming.plan or {}
    lines: list[Line] = []
    for why in arming.refused:
        lines += wrap(f"REFUSED: {why}", width - 1, Role.CRITICAL, indent=" ")
    if not arming.moves_traffic:
        return [*lines, *freeze_lines(plan, now, width), *_left(arming, now, width), *_checks(plan, now, width)]
    if plan.get("accepts_overload"):
        words = "AN OVERLOAD IS ACCEPTED: whoever gains is given more than it is known to bear"
        lines += wrap(words, width - 1, Role.CRITICAL, indent=" ")
    lines += [*_shares(plan, width), *_times(arming, plan, now, width), *_checks(plan, now, width)]
    return lines


def _shares(plan: Mapping[str, object], width: int) -> list[Line]:
    """Say what each place has and will have, and what room is left then."""
    before, after = _shares_of(plan, "before"), _shares_of(plan, "after")
    rooms = {str(each.get("provider")): each for each in _objects(plan, "rooms")}
    lines: list[Line] = []
    longest = max((len(name) for name in before), default=0)
    for name in before:
        now, then = before[name], after.get(name, before[name])
        bars = "█" * round(then * _BARS / 100) if width >= 100 else ""
        head = (f" {name:<{longest}} {now:>3} % → {then:>3} % ", Role.STRONG if now != then else Role.TEXT)
        bar = (fit(bars, _BARS + 1) if width >= 100 else "", Role.CHART)
        lines.append(crop((head, bar, _headroom(rooms.get(name.partition("/")[0]))), width))
    if not lines:
        lines.append(((" the live shares are UNKNOWN", Role.UNKNOWN),))
    return lines


def _headroom(room: Mapping[str, object] | None) -> tuple[str, Role]:
    cap, spare = (room or {}).get("cap"), (room or {}).get("spare")
    if not isinstance(spare, int | float) or not isinstance(cap, int):
        return (" room UNKNOWN", Role.UNKNOWN)
    if spare < 0:
        return (f" cap {cap} %: {-spare:.0f} requests/s TOO MANY at the peak", Role.CRITICAL)
    return (f" cap {cap} %, {spare:.0f} requests/s spare at the peak", Role.MUTED)


def _times(arming: Arming, plan: Mapping[str, object], now: datetime, width: int) -> list[Line]:
    """Say when it counts, how it is undone, and how long the plan holds."""
    ttl, backend = plan.get("ttl_seconds"), plan.get("backend")
    sync = IN_SYNC_WITHIN.get(str(backend))
    lines: list[Line] = []
    if isinstance(ttl, int | float) and sync is not None:
        whole = sync + timedelta(seconds=ttl)
        words = f"within {duration(whole)} (in sync {duration(sync)} + TTL {ttl:.0f} s)"
    else:
        words = "UNKNOWN"
    lines += wrap(
        f"accepted: within {duration(ACCEPTED_WITHIN)} · customers moved: {words} · {backend or 'no backend'}",
        width - 1,
        indent=" ",
    )
    undo = "undo: fail back to the shares before, once whoever gains then is well and has room"
    lines += wrap(undo, width - 1, Role.MUTED, indent=" ")
    return [*lines, *_left(arming, now, width)]


def _left(arming: Arming, now: datetime, width: int) -> list[Line]:
    """Say how long the plan that waits for its confirmation holds."""
    if arming.stage is not Stage.NAME or arming.expires_at is None:
        return []
    left = arming.expires_at - now
    role = Role.CRITICAL if left <= timedelta(seconds=10) else Role.ACCENT
    text = f"this plan expires in {duration(left)}" if left > timedelta(0) else "THIS PLAN EXPIRED: ask again"
    return [crop(((f" {text}", role),), width)]


def _checks(plan: Mapping[str, object], now: datetime, width: int) -> list[Line]:
    """Return each rule, those that do not pass first: of a low screen only the first lines are seen."""
    checks = _objects(plan, "checks")
    if not checks:
        return [((" ◇ UNKNOWN the plan has no checks", Role.UNKNOWN),)]
    order = {"FAIL": 0, "UNKNOWN": 1, "PASS": 2}

    def weight(check: Mapping[str, object]) -> tuple[bool, int]:
        return (check.get("rule") != "weddings", order.get(str(check.get("result")), 1))

    lines: list[Line] = []
    for check in sorted(checks, key=weight):
        result = str(check.get("result"))
        glyph, role = _RESULTS.get(result, ("◇", Role.UNKNOWN))
        head: Line = ((f" {glyph} {result:<7} ", role),)
        indent = 11
        text = f"{check.get('sentence')}{_age(check.get('measured_at'), now)}"
        wrapped = wrap(text, max(width - indent - 1, 10))
        lines += [(*(head if i == 0 else ((" " * indent, Role.TEXT),)), *line) for i, line in enumerate(wrapped)]
    return lines


def _age(measured_at: object, now: datetime) -> str:
    if not isinstance(measured_at, str):
        return ""
    try:
        at = datetime.fromisoformat(measured_at)
    except ValueError:
        return " (age UNKNOWN)"
    if at.tzinfo is None:
        return " (age UNKNOWN)"
    return f" ({duration(now - at)} old)" if at <= now else " (dated in the future)"


def _followed(action: ActionIs, now: datetime, width: int) -> list[Line]:
    """Return how an action stands: its state, its sentence, and each step with how long it took."""
    state = action.outcome or action.state
    by = f" · confirmed by {action.confirmed_by}" if action.confirmed_by else ""
    asked = f"{action.person} asked {duration(now - action.requested_at)} ago{by}"
    words: Line = ((f" #{action.id} ", Role.STRONG), (state.upper(), action_role(action)), (f"  {asked}", Role.MUTED))
    lines: list[Line] = [crop(words, width)]
    lines += wrap(action.sentence, width - 1, Role.STRONG, indent=" ")
    lines += wrap(f"reason: {action.reason}", width - 1, Role.MUTED, indent=" ")
    if action.state == "handed over":
        lines += wrap(
            "HANDED OVER: nothing more is done by itself; look at the live records, then say how it stands: "
            f"`wedtui actions show {action.id}`",
            width - 1,
            Role.CRITICAL,
            indent=" ",
        )
    for step in action.steps:
        lines += _step(step, now, width)
    return lines


def _step(step: StepIs, now: datetime, width: int) -> list[Line]:
    glyph, role = _STEPS.get(step.state, ("…", Role.DEGRADED))
    took = (step.ended_at or now) - step.intended_at
    lasting = duration(took) if step.ended_at is None or took >= timedelta(seconds=10) else _short(took)
    name = f"{step.name} (takes back)" if step.undoes else step.name
    state = step.state if step.state != "intended" else "under way"
    at = step.intended_at.astimezone(UTC)
    lines: list[Line] = [
        crop(
            (
                (f" {glyph} {state:<9} ", role),
                (f"{name:<12} ", Role.STRONG),
                (f"{lasting:<8} ", Role.TEXT),
                (f"since {at:%H:%M:%S} UTC", Role.MUTED),
            ),
            width,
        )
    ]
    if step.state in {"failed", "unknown"} and step.detail:
        lines += wrap(step.detail, width - 1, Role.CRITICAL, indent=" " * 13)
    return lines


def _short(span: timedelta) -> str:
    return f"{span.total_seconds():.1f} s"


def _foot(arming: Arming, now: datetime, width: int) -> tuple[Line, ...]:
    """Return what is said, the field, and the way out; the cursor is a mark and a word, not a colour alone."""
    told = arming.said if arming.stage is not Stage.DONE else None
    said: list[Line] = wrap(told, width - 1, Role.CRITICAL, indent=" ")[:3] if told else []
    if arming.waits is not None:
        return (*said, crop(((f" … {arming.waits}", Role.ACCENT),), width))
    if arming.stage is Stage.CHOOSE:
        return (*said, crop(((" Enter", Role.KEY), (" shows the plan; nothing is done yet", Role.TEXT)), width))
    lines: list[Line] = []
    if arming.has_field:
        asked = "why" if arming.stage is Stage.REASON else f"type {arming.target}"
        lines.append(_field(asked, arming, width))
    if arming.offers_overload:
        here, words = arming.in_field, "[Plan it again, and accept the overload]"
        mark = (f" {'›' if here else ' '} ", Role.STRONG)
        lines.append(crop((mark, (words, Role.MARK if here else Role.TEXT)), width))
    way = "Cancel" if arming.has_field else "Close"
    here = not arming.in_field
    word = (f"[{way}]", Role.MARK if here else Role.TEXT)
    lines.append(crop(((f" {'›' if here else ' '} ", Role.STRONG), word, *_next(arming, now)), width))
    return (*said, *lines)


def _field(asked: str, arming: Arming, width: int) -> Line:
    label = f" {'›' if arming.in_field else ' '} {asked}: "
    cursor = "█" if arming.in_field else ""
    room = max(width - len(label) - 2, 1)
    # Of a long reason the end is seen, where it is being typed.
    text = arming.text[-room:]
    return crop(((label, Role.STRONG), (text + cursor, Role.TEXT)), width)


def _next(arming: Arming, now: datetime) -> Line:
    """Say what Enter does here."""
    if arming.offers_overload:
        does = "Enter plans it anew; nothing is done yet" if arming.in_field else "Tab goes to the overload"
        return ((f"  {does}", Role.MUTED),)
    if not arming.has_field:
        return (("  Enter leaves; the action goes on" if _goes_on(arming) else "  Enter leaves", Role.MUTED),)
    if arming.expired(now):
        return (("  the plan expired: leave, and ask again", Role.CRITICAL),)
    if not arming.in_field:
        return (("  Tab goes to the field", Role.MUTED),)
    does = (
        "asks for it; it is not confirmed yet" if arming.stage is Stage.REASON else "confirms, once the name is typed"
    )
    return ((f"  Enter {does}", Role.MUTED),)


def _goes_on(arming: Arming) -> bool:
    return arming.action is not None and arming.action.state not in {"handed over", "ended"}


def _objects(plan: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    found = plan.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _shares_of(plan: Mapping[str, object], key: str) -> dict[str, int]:
    found = plan.get(key)
    if not isinstance(found, dict):
        return {}
    return {str(name): share for name, share in found.items() if isinstance(share, int)}
