"""What the reader's thread says to the app. A newer one of a kind replaces an older one that was not yet taken."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wedtui.core.picture import Picture
    from wedtui.tui.board import ChangesTold, History, Listed, WeddingsTold


class PictureArrived(NamedTuple):
    """A new picture, or the last one judged anew."""

    picture: Picture


class SourceFailed(NamedTuple):
    """Nothing could be read; what is known stays, judged at a later instant."""

    sentence: str
    at: datetime
    picture: Picture | None


class HistoryArrived(NamedTuple):
    """The answer to a chart's question."""

    history: History


class ResourcesArrived(NamedTuple):
    """A page of resources."""

    listed: Listed


class WeddingsArrived(NamedTuple):
    """An answer of the calendar of weddings."""

    told: WeddingsTold


class ChangesArrived(NamedTuple):
    """What changed."""

    told: ChangesTold


class ReaderBroke(NamedTuple):
    """The reader met a mistake of ours; the app ends loudly with it."""

    error: Exception


News = (
    PictureArrived | SourceFailed | HistoryArrived | ResourcesArrived | WeddingsArrived | ChangesArrived | ReaderBroke
)
