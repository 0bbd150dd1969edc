"""Who has to be told of a move of an action: what follows from the action before and after it, and nothing else.

Source: DESIGN, "Traffic and failover" ("refuse and page", "hold and page") and "Roles" (break-glass).
"""

from __future__ import annotations

from collections.abc import Iterator

from wedtui.core.actions import Action, ActionState
from wedtui.core.notify import Detail, Event, Level, Notice

HANDED_OVER, PROPOSAL, COUNTDOWN, ACTS = "handed-over", "proposal", "countdown", "by-itself"
"""Of what people are told of an action; the last three of one that the service itself asked for, until it ended."""


def key_of(action: int, what: str) -> str:
    """Return the key of what is told of an action: each action is an episode of its own."""
    return f"action/{action}/{what}"


def notices(before: Action, after: Action) -> Iterator[Notice]:
    """Yield what is to be told of a move.

    Args:
        before: the action as it was stored.
        after: as it is stored with that.
    """
    what, details = f"action {after.id} ({after.kind} {after.target})", _details(after)
    handed_over = key_of(after.id, HANDED_OVER)
    if after.state is ActionState.HANDED_OVER and before.state is not after.state:
        said = f"{what} is handed over to a person: {after.sentence}; see `wedtui actions show {after.id}`"
        yield Notice(handed_over, Level.CRITICAL, said, details)
    if before.state is ActionState.HANDED_OVER and after.state is not before.state:
        yield Notice(handed_over, Level.INFO, f"{what} is settled: {after.sentence}", details, event=Event.RESOLVE)
    if after.automatic and after.state is ActionState.ENDED and before.state is not after.state:
        said = f"{what} ended: {after.sentence}"
        for told in (PROPOSAL, COUNTDOWN, ACTS):
            yield Notice(key_of(after.id, told), Level.INFO, said, details, event=Event.RESOLVE)
    alone = f"action/{after.id}/break-glass"
    if after.broke_glass is not None and before.broke_glass is None:
        said = (
            f"{after.confirmed_by} broke the glass for {what}, without the second person who is demanded: "
            f"{after.broke_glass}; another person reviews it with `wedtui actions review {after.id}`"
        )
        yield Notice(alone, Level.CRITICAL, said, details, everybody=True)
    if after.reviewed_by is not None and before.reviewed_by is None:
        said = f"{after.reviewed_by} reviewed {what}: {after.review}"
        yield Notice(alone, Level.INFO, said, details, event=Event.RESOLVE)


def refused(action: Action, why: str) -> Notice:
    """Return what is told where nobody may gain, or there is no room: a failover that was asked for is not done."""
    said = f"action {action.id} ({action.kind} {action.target}) was refused, and traffic stays as it is: {why}"
    return Notice(f"action/{action.id}/refused", Level.CRITICAL, said, _details(action))


def _details(action: Action) -> dict[str, Detail]:
    return {
        "action": action.id,
        "kind": action.kind,
        "target": action.target,
        "asked by": action.person,
        "reason": action.reason,
    }
