"""What the service's answers make of the emergency panel: a plan, an action, or why there is none.

A newer plan that differs is shown anew, and nothing that was typed under the one before counts any more (law 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from wedtui.core.plan_words import otherwise_words
from wedtui.errors import ConflictError, ServiceError, WedtuiError
from wedtui.tui.arming import AGED, AT_ONCE, CHANGED, GLASSES, NAMES, NEWER, Arming, Choice, Stage, another, stage_of

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs, PlanIs


def planned(arming: Arming, answer: PlanIs | WedtuiError) -> Arming:
    """Take what came of asking for a plan."""
    if isinstance(answer, ServiceError):
        stage = Stage.BY_HAND if arming.moves_traffic else Stage.CHOOSE
        return another(arming, stage=stage, said=str(answer))
    if isinstance(answer, WedtuiError):
        return another(arming, stage=Stage.CHOOSE, said=str(answer), aside=False, vouched=())
    return another(arming, stage=Stage.REASON, plan=answer.plan, refused=tuple(answer.refused), digest=answer.digest)


def listed(arming: Arming, answer: tuple[Choice, ...] | WedtuiError) -> Arming:
    """Take what there is to choose from, where the service had to be asked."""
    if isinstance(answer, WedtuiError):
        return another(arming, said=str(answer))
    return another(arming, choices=answer)


def named(arming: Arming, answer: PlanIs | WedtuiError) -> Arming:
    """Take the plan that is to be confirmed, of what changes a freeze; it is newer than the one that was shown."""
    if isinstance(answer, WedtuiError):
        return replace(arming, waits=None, said=str(answer))
    if answer.refused:
        return another(arming, stage=Stage.REASON, plan=answer.plan, refused=tuple(answer.refused))
    other = _changed(NEWER, arming, answer.plan) if answer.digest != arming.digest else None
    shown = another(arming, stage=Stage.NAME, plan=answer.plan, refused=(), digest=answer.digest, said=other)
    return shown if other or arming.dangerous else _at_once(shown)


def planned_again(arming: Arming, answer: PlanIs | WedtuiError) -> Arming:
    """Take a newer plan of what waits for its confirmation: the same one stays, and expires when it was to."""
    if isinstance(answer, WedtuiError):
        return replace(arming, unheard=str(answer))
    arming = replace(arming, unheard=None)
    if arming.stage is not Stage.NAME or answer.digest == arming.digest:
        return arming
    if answer.refused:
        refused = tuple(answer.refused)
        return another(arming, stage=Stage.REASON, plan=answer.plan, refused=refused, digest="", said=CHANGED)
    said = _changed(CHANGED, arming, answer.plan)
    return another(arming, plan=answer.plan, digest=answer.digest, said=said)


def done(arming: Arming, answer: str | WedtuiError) -> Arming:
    """Take what came of a confirmation that does everything at once: what is said of it, or why it was not done."""
    if isinstance(answer, ConflictError):
        return another(arming, said=f"{CHANGED}: {answer}")
    if isinstance(answer, WedtuiError):
        return another(arming, said=str(answer))
    return another(arming, stage=Stage.DONE, said=answer)


def asked(arming: Arming, answer: ActionIs | WedtuiError) -> Arming:
    """Take what came of asking for the action: its plan is newer than the one that was shown."""
    if isinstance(answer, WedtuiError):
        return replace(arming, waits=None, said=str(answer))
    stage = stage_of(answer, arming.me)
    other = _changed(NEWER, arming, answer.plan) if answer.digest != arming.digest else None
    said, numbered = other if stage is Stage.NAME else None, answer.id if answer.aside else None
    shown = another(arming, stage=stage, action=answer, plan=answer.plan, said=said, numbered=numbered)
    return _at_once(shown) if stage is Stage.NAME and not (other or arming.dangerous) else shown


def _at_once(arming: Arming) -> Arming:
    """Confirm with what asked for it: the plan is the one that was read, and no name is to be typed."""
    return replace(arming, waits=AT_ONCE)


def confirmed(arming: Arming, answer: ActionIs | WedtuiError) -> Arming:
    """Take what came of the confirmation; one that was refused has to be typed again."""
    if isinstance(answer, ConflictError):
        return another(arming, said=f"{CHANGED}: {answer}")
    if isinstance(answer, WedtuiError):
        return another(arming, said=str(answer))
    return polled(replace(arming, waits=None), answer)


def polled(arming: Arming, answer: ActionIs | WedtuiError) -> Arming:
    """Take how the action is now."""
    if isinstance(answer, WedtuiError):
        return replace(arming, unheard=str(answer))
    arming = replace(arming, unheard=None)
    stage = stage_of(answer, arming.me)
    stays = stage is (Stage.SECOND if arming.stage in GLASSES else arming.stage)
    if stays and stage is Stage.FOLLOW:
        return replace(arming, action=answer, plan=answer.plan, said=None)
    same = arming.action is not None and arming.action.digest == answer.digest
    if stays and same:
        # Made anew it has newer figures and a later end, and what was typed stays.
        return replace(arming, action=answer, plan=answer.plan)
    expired = arming.action is not None and arming.action.confirmed_by is not None and answer.confirmed_by is None
    why = (AGED if expired else None) if same else _changed(CHANGED, arming, answer.plan)
    said = why if stage in NAMES else None
    return another(arming, stage=stage, action=answer, plan=answer.plan, said=said, alone="")


def _changed(words: str, arming: Arming, newer: Mapping[str, object] | None) -> str:
    """Return that it is another plan, and what is another in it: nobody has the former in mind to the percent."""
    otherwise = otherwise_words(arming.plan or {}, newer or {}) if arming.plan and newer else ""
    return f"{words}: {otherwise}" if otherwise else words
