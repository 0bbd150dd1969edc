"""The emergency panel's lines: what will be changed, on which evidence, what is typed, and how it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from wedtui.core.actions import LEFT, NEVER_MADE, Outcome
from wedtui.core.customers import CUSTOMERS, moved
from wedtui.core.emergency import Target
from wedtui.core.left_under_way import WARNING
from wedtui.core.shell_lines import folded
from wedtui.core.state import State
from wedtui.core.step_words import interrupted, reason_of, state_of, waiting
from wedtui.core.wording import asked_of_demo, duration
from wedtui.tui.arming import Arming, Offer, Stage
from wedtui.tui.draw.emergency import action_role
from wedtui.tui.draw.panel_paths import ledger_lines, second_lines
from wedtui.tui.draw.panel_plan import is_refused, plan_lines
from wedtui.tui.spans import Line, Role, Span, crop, rule, state_role, wrap

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs, StepIs
    from wedtui.tui.last_known import AsOf

_STEPS = {"done": ("●", Role.OK), "failed": ("◆", Role.CRITICAL), "unknown": ("◇", Role.UNKNOWN)}


class Drawn(NamedTuple):
    """The panel in three parts."""

    head: Line
    body: tuple[Line, ...]
    """Scrolls, where there is no room for all of it."""
    foot: tuple[Line, ...]
    vital: int = 0
    """So many of the body's first lines have to have been seen before the plan is confirmed."""


class Beside(NamedTuple):
    """What is known beside the panel's own state."""

    by_hand: tuple[str, ...] = ()
    """What a person can run without the service."""
    key: str = ""
    """Opens on any dashboard what waits for somebody's word."""
    standby: str = ""
    """The service's file for what is done without its ledger."""
    as_of: AsOf | None = None
    """That nothing newer is known of the action: the service does not answer."""


NOTHING = Beside()


def panel_lines(arming: Arming, now: datetime, width: int, *, demo: bool, beside: Beside = NOTHING) -> Drawn:
    """Return the panel.

    Args:
        arming: its state.
        now: ages and what is left are counted from it.
        width: its columns.
        demo: whether the world is made up.
        beside: what is known beside it.
    """
    paths = [*second_lines(arming, now, width, beside.key), *ledger_lines(arming, width, beside.standby)]
    body, vital = _body(arming, now, width, beside, paths)
    return Drawn(_head(arming, width, demo=demo), tuple(body), _foot(arming, now, width, demo=demo), vital)


class Scrolled(NamedTuple):
    """The panel's lines for a height."""

    lines: tuple[Line, ...]
    top: int
    """How far down they really are."""
    seen: range
    """Which lines of the body stand there."""


def scrolled(drawn: Drawn, top: int, height: int, width: int) -> Scrolled:
    """Return the lines for a height; it is said how many lines are not seen."""
    room = max(height - 1 - len(drawn.foot), 1)
    top = max(min(top, len(drawn.body) - room), 0)
    shown = list(drawn.body[top : top + room])
    below = len(drawn.body) - top - room
    first, last = top, top + len(shown)
    if below > 0:
        last -= 1
        shown[-1] = crop(((f" ↓ {below + 1} lines more below", Role.ACCENT),), width)
    if top > 0 and len(shown) > 1:
        first += 1
        shown[0] = crop(((f" ↑ {top + 1} lines more above", Role.ACCENT),), width)
    shown += [()] * (room - len(shown))
    return Scrolled((drawn.head, *shown, *drawn.foot)[:height], top, range(first, last))


def _head(arming: Arming, width: int, *, demo: bool) -> Line:
    target = arming.action.target if arming.action is not None else _subject(arming)
    # What is typed to confirm a failback is that very word.
    target = arming.chosen if target == arming.kind else target
    entry = arming.entry
    named = entry.title if entry is not None else arming.kind
    title = f"{named} {target}".rstrip() if arming.stage is not Stage.CHOOSE else _question(arming)
    title = f"{title} without the ledger" if arming.aside or arming.numbered is not None else title
    return rule(title, width, (_mode(arming, demo=demo),))


def _mode(arming: Arming, *, demo: bool) -> Span:
    """Say whether it is real and what that means; of what is over and changed nothing, that."""
    if is_refused(arming):
        return (" REFUSED: nothing is done ", Role.BADGE)
    over = _OVER.get(arming.action.outcome or "") if arming.action is not None else None
    if over is not None:
        return (f" {'DRILL' if demo else 'REAL'}: {over} ", Role.BADGE)
    entry = arming.entry
    drill, real = (entry.drill, entry.real) if entry is not None else ("nothing is done", "it was asked for elsewhere")
    return (f" DRILL: a made-up world, {drill} ", Role.MARK) if demo else (f" REAL: {real} ", Role.ALARM)


def _subject(arming: Arming) -> str:
    """Return what was chosen, in words for the title; of a freeze that is lifted its name, once that is known."""
    lifts = arming.entry is not None and arming.entry.target is Target.FREEZE
    known = arming.target if lifts else ""
    return known or arming.chosen


_OVER: dict[str, str] = {**dict.fromkeys(NEVER_MADE, "nothing was done"), Outcome.UNDONE: "it was taken back"}
"""Outcome -> what of it is live."""


def _question(arming: Arming) -> str:
    return f"{arming.entry.title}: {arming.entry.question}" if arming.entry is not None else arming.kind


def _body(arming: Arming, now: datetime, width: int, beside: Beside, paths: list[Line]) -> tuple[list[Line], int]:
    """Return the body, and how many of its first lines have to have been seen before anything is confirmed."""
    if arming.stage is Stage.CHOOSE:
        return [*_choices(arming, width), *paths], 0
    if arming.stage is Stage.BY_HAND:
        return _by_hand(beside.by_hand, width), 0
    if arming.stage is Stage.DONE:
        return wrap(arming.said or "", width - 1, Role.OK, indent=" "), 0
    planned = plan_lines(arming, now, width)
    if arming.stage is Stage.FOLLOW and arming.action is not None:
        followed = [*_followed(arming.action, now, width, beside.as_of), *paths]
        return ([*followed, (), *planned.lines] if arming.plan is not None else followed), 0
    return [*paths, *planned.lines], len(paths) + planned.vital


def _choices(arming: Arming, width: int) -> list[Line]:
    if not arming.choices:
        if arming.waits is not None:
            return []
        if arming.said is not None:
            return []  # why it is not known stands below
        if arming.journaled:
            nothing = (
                "nothing is known that could be chosen: no share was read yet"
                if arming.moves_traffic
                else "nothing is known yet"
            )
            return wrap(nothing, width - 1, Role.UNKNOWN, indent=" ")
        left = "Nothing is left to lift: no freeze and no lockdown that a person added is in force or to come."
        rest = "What is frozen beside that, by a weekly window, a feed or weddings, a person can override."
        return wrap(f"{left} {rest}", width - 1, Role.TEXT, indent=" ")
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
        role = Role.CRITICAL if each.startswith(f"# {WARNING}") else Role.STRONG
        # Whoever copies all of it copies remarks too: each of their lines is one to a shell.
        remark = wrap(each.lstrip("# "), width - 1, role, indent=" # ")
        lines += [(), *remark] if each.startswith("#") else _broken(each, width)
    return lines


def _broken(text: str, width: int) -> list[Line]:
    """Return a command in full, as it can be copied: a shell takes no indented line for the rest of a word."""
    return [((line, Role.TEXT),) for line in folded(text, width - 1)]


def _followed(action: ActionIs, now: datetime, width: int, as_of: AsOf | None = None) -> list[Line]:
    """Return how an action stands: its state, its sentence, and each step with how long it took.

    Of one that may go on unseen that is said, and how long a step takes is counted only as far as it was seen.
    """
    state = (action.outcome or {"claimed": "running"}.get(action.state, action.state)).upper()
    role, old = action_role(action), as_of is not None and action.state != "ended"
    state, role = (f"({state})", Role.STALE) if old else (state, role)
    by = f" · confirmed by {action.confirmed_by}" if action.confirmed_by else ""
    by += f" · approved by {action.approved_by}" if action.approved_by else ""
    asked = f"{action.person} asked {duration(now - action.requested_at)} ago{by}"
    words: Line = ((f" #{action.id} ", Role.STRONG), (state, role), (f"  {asked}", Role.MUTED))
    lines: list[Line] = [crop(words, width)]
    if as_of is not None and old:
        lines += wrap(f"{as_of.words}: how it stands now is UNKNOWN", width - 1, Role.STALE, indent=" ")
    # Beside the outcome, for of a low screen only the top is seen; how it is known stands below, with the times.
    lines += wrap(_moved(action), width - 1, Role.STRONG, indent=" ")
    stands = waiting(action.state, action.deadline, action.sentence) or action.sentence
    lines += wrap(stands, width - 1, Role.STRONG, indent=" ")
    lines += wrap(f"reason: {action.reason}", width - 1, Role.MUTED, indent=" ")
    if action.state == "handed over":
        lines += wrap(
            "HANDED OVER: nothing more is done by itself; look at the live records, then say how it stands: "
            f"`wedtui actions show {action.id}`",
            width - 1,
            Role.CRITICAL,
            indent=" ",
        )
    longest = max([12, *(len(_name(step)) for step in action.steps)])
    for number, step in enumerate(action.steps):
        again = interrupted(action.steps, number)
        lines += _step(step, as_of.at if as_of is not None else now, width, again, longest)
    return lines


def _moved(action: ActionIs) -> str:
    """Say whether customers moved and after how long; nothing of what was not carried out, or is not known."""
    if action.outcome in NEVER_MADE or action.outcome == Outcome.UNDONE:
        return ""
    return moved(action.confirmed_at, action.steps, None).came_of_it()


def _name(step: StepIs) -> str:
    return f"{step.name} (takes back)" if step.undoes else step.name


def _given_up(again: str) -> str:
    return "left" if again.startswith(LEFT) else "again"


def _step(step: StepIs, now: datetime, width: int, again: str | None, longest: int) -> list[Line]:
    glyph, role = _STEPS.get(step.state, ("…", Role.DEGRADED)) if again is None else ("▲", Role.DEGRADED)
    took = (step.ended_at or now) - step.intended_at
    lasting = duration(took) if step.ended_at is None or took >= timedelta(seconds=10) else _short(took)
    if step.name == CUSTOMERS and step.ended_at is not None:
        # How long was looked is not how long they took, which is said at the top.
        lasting = ""
    state = {"intended": "under way"}.get(step.state, state_of(step)) if again is None else _given_up(again)
    at = step.intended_at.astimezone(UTC)
    lines: list[Line] = [
        crop(
            (
                (f" {glyph} {state:<9} ", role),
                (f"{_name(step):<{longest}} ", Role.STRONG),
                (f"{lasting:<8} ", Role.TEXT),
                (f"since {at:%H:%M:%S} UTC", Role.MUTED),
                (f"  {again}" if again else "", Role.MUTED),
            ),
            width,
        )
    ]
    if again is None and step.state in {"failed", "unknown"} and reason_of(step):
        lines += wrap(reason_of(step), width - 1, Role.CRITICAL, indent=" " * 13)
    return lines


def _short(span: timedelta) -> str:
    return f"{span.total_seconds():.1f} s"


def _foot(arming: Arming, now: datetime, width: int, *, demo: bool) -> tuple[Line, ...]:
    """Return what is said, the field, and the way out; the cursor is a mark and a word, not a colour alone."""
    told = (arming.said or arming.unheard) if arming.stage is not Stage.DONE else None
    told = asked_of_demo(told) if demo and told else told
    said: list[Line] = wrap(told, width - 1, Role.CRITICAL, indent=" ")[:3] if told else []
    if arming.waits is not None:
        return (*said, crop(((f" … {arming.waits}", Role.ACCENT),), width))
    if arming.stage is Stage.CHOOSE:
        does = " shows the plan; nothing is done yet" if arming.chosen else " leaves: there is nothing to choose"
        return (*said, crop(((" Enter", Role.KEY), (does, Role.TEXT)), width))
    lines: list[Line] = []
    if arming.has_field:
        asked = {Stage.REASON: "why", Stage.GLASS: "why alone", Stage.VOUCH: "who is well"}.get(
            arming.stage, f"type {arming.target}"
        )
        lines.append(_field(asked, arming, width))
    if arming.offer is not None:
        here, words = arming.in_field, f"[{_OFFERS[arming.offer].words}]"
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
    if arming.offer is not None:
        offer = _OFFERS[arming.offer]
        does = (
            f"Enter {offer.enter}{'' if arming.offer is Offer.CONFIRM else '; nothing is done yet'}"
            if arming.in_field
            else f"{offer.leaves}Tab goes to {offer.name}"
        )
        return ((f"  {does}", Role.MUTED),)
    if not arming.has_field:
        return (("  Enter leaves; the action goes on" if _goes_on(arming) else "  Enter leaves", Role.MUTED),)
    if arming.expired(now):
        return (("  the plan expired: leave, and ask again", Role.CRITICAL),)
    if not arming.in_field:
        return (("  Tab goes to the field", Role.MUTED),)
    if arming.unheard is not None:
        return (("  the service is not heard: Enter may come to nothing", Role.CRITICAL),)
    does = "CONFIRMS it with this reason" if arming.one_stage else _ENTER[arming.stage]
    return ((f"  Enter {does}", Role.MUTED),)


_ENTER = {
    Stage.REASON: "asks for it; it is not confirmed yet",
    Stage.VOUCH: "plans it anew by your word; nothing is done yet",
    Stage.NAME: "confirms, once the name is typed",
    Stage.APPROVE: "approves, once the name is typed",
    Stage.GLASS: "goes on to the name; it is not confirmed yet",
    Stage.GLASS_NAME: "confirms ALONE, once the name is typed",
}
"""What Enter does in the field."""


class _Words(NamedTuple):
    words: str
    name: str
    enter: str
    leaves: str = ""


_OFFERS = {
    Offer.OVERLOAD: _Words("Plan it again, and accept the overload", "the overload", "plans it anew"),
    Offer.ASIDE: _Words("Emergency path: plan it without the ledger", "the emergency path", "plans it so"),
    Offer.VOUCH: _Words("Vouch: say who is well, of whom nothing is known", "vouching", "asks for whom"),
    Offer.CONFIRM: _Words("Confirm", "Confirm", "confirms it"),
    Offer.GLASS: _Words(
        "Break the glass: act alone, and everybody is paged", "break-glass", "asks why", "Enter leaves; it waits on · "
    ),
}


def _goes_on(arming: Arming) -> bool:
    return arming.action is not None and arming.action.state not in {"handed over", "ended"}
