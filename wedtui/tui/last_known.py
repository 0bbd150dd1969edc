"""What is known of actions while the service does not answer: its last answer, or the copy in the cache."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from wedtui.core.services import ServiceCondition

if TYPE_CHECKING:
    from wedtui.core.picture import Picture
    from wedtui.tui.emergency import Told

COPIED_WITHIN = timedelta(seconds=10)
"""The copy is made at each move, and anyway every few seconds: one that is older than this is not kept any more."""


class AsOf(NamedTuple):
    """That nothing newer is known."""

    at: datetime
    why: str
    """`service dead`."""

    @property
    def words(self) -> str:
        """`as of 14:02:10 UTC, service dead`."""
        return f"as of {self.at.astimezone(UTC):%H:%M:%S} UTC, {self.why}"


def last_known(told: Told, picture: Picture | None) -> Told:
    """Return what the service said; while it is silent what is known by the cache, with the instant of that."""
    if told.problem is None:
        return told
    silent = picture is None or picture.condition in {ServiceCondition.RUNNING, ServiceCondition.UNSEEN}
    why = "service silent" if silent or picture is None else f"service {picture.condition.value}"
    copied = picture.actions if picture is not None else None
    if copied is None or (told.at is not None and copied.at < told.at - COPIED_WITHIN):
        return told if told.at is None else told._replace(as_of=AsOf(told.at, why))
    from wedtui.control.action_answers import action_is  # noqa: PLC0415 - not needed for the first paint
    from wedtui.tui.emergency import is_kept  # noqa: PLC0415 - it imports this

    found = tuple(action_is(each) for each in copied.actions)
    kept = tuple(each for each in found if is_kept(each, copied.at))
    return told._replace(actions=kept, as_of=AsOf(copied.at, why))
