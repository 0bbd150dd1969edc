"""The emergency panel's lines about what is not as ever: a second person, acting without one, or without the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wedtui.core.emergency import EmergencyKind
from wedtui.core.roles import Demand
from wedtui.core.wording import duration, listed
from wedtui.tui.arming import AWAITING, Arming, Stage
from wedtui.tui.spans import Line, Role, wrap

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs


def second_lines(arming: Arming, now: datetime, width: int, key: str) -> list[Line]:
    """Say who has to give their word, until when and how; or what it means to act without them.

    Args:
        arming: the panel's state.
        now: what is left is counted from it.
        width: the panel's columns.
        key: opens on another's dashboard what waits.
    """
    action = arming.action
    if action is None:
        return []
    match arming.stage:
        case Stage.NAME:
            lines = _proposed(action, now) if action.automatic else []
        case Stage.SECOND:
            lines = _waiting(arming, action, now, key)
        case Stage.APPROVE:
            lines = _approving(action, now)
        case Stage.GLASS | Stage.GLASS_NAME:
            lines = _breaking(arming, action)
        case Stage.FOLLOW:
            lines = [*_watching(arming, action), *_alone(action)]
        case _:
            lines = []
    return [line for text, role in lines for line in wrap(text, width - 1, role, indent=" ")]


_Said = list[tuple[str, Role]]


def _proposed(action: ActionIs, now: datetime) -> _Said:
    """Say that nobody who sits here asked for it, but the service, and why."""
    did = "proposed" if action.acts_at is None else "asked for"
    ago = duration(now - action.requested_at)
    return [(f"#{action.id} {did} by the service {ago} ago: {action.reason}", Role.STRONG)]


def _waiting(arming: Arming, action: ActionIs, now: datetime, key: str) -> _Said:
    least = arming.entry.role if arming.entry is not None else "somebody"
    until = action.expires_at
    ends = f"{until.astimezone(UTC):%H:%M:%S} UTC, {duration(until - now)} more" if until else "UNKNOWN"
    press = f"`{key}` on their dashboard, or " if key else ""
    return [
        ("WAITS FOR A SECOND PERSON: you confirmed it, and nothing is done before another approves it.", Role.CRITICAL),
        (f"who: any {least} or more, but not {action.person}, who asked for it", Role.STRONG),
        (f"until: {ends}", Role.STRONG),
        (f"how: {press}`wedtui actions approve {action.id}`", Role.STRONG),
        (f"take it back: `wedtui actions cancel {action.id}`", Role.MUTED),
    ]


def _approving(action: ActionIs, now: datetime) -> _Said:
    asked = f"{action.person} asked {duration(now - action.requested_at)} ago: {action.reason}"
    confirmed = action.confirmed_by is not None
    then = "confirmed it; your word begins it." if confirmed else "has yet to confirm it."
    who = action.confirmed_by or action.person
    return [(f"YOU ARE THE SECOND PERSON: {who} {then}", Role.CRITICAL), (asked, Role.STRONG)]


def _breaking(arming: Arming, action: ActionIs) -> _Said:
    said = [
        (f"BREAK THE GLASS: {action.target} without the second person who is demanded.", Role.CRITICAL),
        (
            "Everybody is paged at once, with your reason. It stays open until another person has reviewed it.",
            Role.STRONG,
        ),
    ]
    return [*said, (f"your reason: {arming.alone}", Role.TEXT)] if arming.alone else said


def _watching(arming: Arming, action: ActionIs) -> _Said:
    """Say why nothing can be done here about what waits for a word."""
    if action.state not in AWAITING:
        return []
    if not arming.me.user:
        return [("it waits for a word, and the service that would hear it does not answer", Role.DEGRADED)]
    if action.automatic:
        least = arming.entry.role if arming.entry is not None else "somebody"
        return [(f"the service proposes it, and waits for a person who is {least} or more: you are not", Role.DEGRADED)]
    if Demand.SECOND_PERSON.value in action.needs and action.person != arming.me.user:
        least = arming.entry.role if arming.entry is not None else "somebody"
        return [(f"it waits for a second person, who is {least} or more: you may not approve it", Role.DEGRADED)]
    approved = f"{action.approved_by} approved it; " if action.approved_by else ""
    return [(f"{approved}{action.person} asked for it, and only {action.person} may confirm it", Role.DEGRADED)]


def _alone(action: ActionIs) -> _Said:
    if action.broke_glass is None:
        return []
    did = (f"WITHOUT A SECOND PERSON: {action.confirmed_by} broke the glass: {action.broke_glass}", Role.CRITICAL)
    if action.reviewed_by is not None:
        return [did, (f"reviewed by {action.reviewed_by}: {action.review}", Role.TEXT)]
    how = f"`wedtui actions review {action.id} --sentence WHAT-YOU-FOUND`"
    return [did, (f"NOT REVIEWED: another person than {action.confirmed_by} says {how}", Role.CRITICAL)]


def _vouching(arming: Arming) -> _Said:
    """Say of whom nothing is known, and what whoever looked can do about that; and for whom was vouched."""
    said: _Said = []
    if arming.vouched:
        said.append(
            (f"BY YOUR WORD, not by what wedtui knows, these are well: {listed(arming.vouched)}", Role.CRITICAL)
        )
    if arming.vouching:
        who = f"Nothing is known of {listed(arming.unknown)}, so they gain nothing."
        look = "Look at them yourself; who is well can be vouched for here, and that goes on record"
        each = " ".join(f"--vouch {name}" for name in (*arming.vouched, *arming.unknown))
        how = f"`wedtui failover emergency --from {arming.chosen} --reason WHY {each}`"
        said.append((f"{who} {look}; as a command, with those alone that are well: {how}", Role.STRONG))
    return said


def ledger_lines(arming: Arming, width: int, file: str) -> list[Line]:
    """Say that the service cannot reach its ledger, what is offered instead, and how far that is on record.

    Args:
        arming: the panel's state.
        width: the panel's columns.
        file: of the service, in which what is done without the ledger is written first; empty where it is not known.
    """
    return [line for text, role in _ledger(arming, file) for line in wrap(text, width - 1, role, indent=" ")]


def _ledger(arming: Arming, file: str) -> _Said:
    where = file or "a file"
    if arming.numbered is not None and arming.stage is Stage.FOLLOW and arming.action is not None:
        if arming.action.aside:
            return [
                (f"NOT YET RECONCILED: it stands in {where} of the service, until its ledger is back", Role.CRITICAL)
            ]
        was = f"action {arming.action.id} (without the ledger it was {arming.numbered})"
        return [(f"RECONCILED: it is in journal and audit chain as {was}", Role.OK)]
    if arming.aside or arming.numbered is not None:
        path = f"EMERGENCY PATH, WITHOUT THE LEDGER: each step is written to {where} of the service before it is made,"
        said: _Said = [(f"{path} and reconciled into the audit chain once its ledger is back.", Role.CRITICAL)]
        return [*said, *_vouching(arming)]
    if arming.ledger is None or not arming.journaled or arming.stage not in {Stage.CHOOSE, Stage.REASON, Stage.VOUCH}:
        return []
    lost = "THE SERVICE CANNOT REACH ITS LEDGER: nothing can be asked for as ever."
    if arming.kind != EmergencyKind.FAILOVER:
        return [(f"{lost} It has to wait: only a failover can be done without.", Role.CRITICAL)]
    return [(f"{lost} A failover can be done without, by the emergency path.", Role.CRITICAL), *_vouching(arming)]
