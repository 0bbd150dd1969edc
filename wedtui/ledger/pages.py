"""Which pages of failover, automation and the calendar wait for somebody: those whose end nobody has told."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, func, or_, select

from wedtui.core.actions import ActionState
from wedtui.core.alerts.pages import Page
from wedtui.core.notify import Event, Stage
from wedtui.core.paging import ABOUT, Waits, action_of, waits
from wedtui.ledger.tables import METADATA

_NOTICE, _ACTION = METADATA.tables["notification"], METADATA.tables["action"]


class PagesThatWait:
    """Looks for them again where the outbox is another one than before. Used by one thread."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._seen: tuple[int | None, int] = (-1, 0)
        self._open: tuple[Page, ...] = ()

    def read(self, connection: Connection) -> tuple[Page, ...]:
        """Return them, the oldest first: of each action the newest, which says what there is to do."""
        newest = connection.execute(select(func.max(_NOTICE.c.id))).scalar()
        dismissed = select(func.count()).where(_NOTICE.c.stage == Stage.DISMISSED.value)
        seen = newest, connection.execute(dismissed).scalar_one()
        if seen != self._seen:
            self._open, self._seen = _newest_of_each(_open(connection)), seen
        return _undecided(connection, self._open)


def _open(connection: Connection) -> tuple[Page, ...]:
    about = or_(*(_NOTICE.c.key.startswith(each) for each in ABOUT))
    newest = select(func.max(_NOTICE.c.id)).where(about).group_by(_NOTICE.c.key)
    unended = select(_NOTICE.c.key, _NOTICE.c.episode)
    unended = unended.where(_NOTICE.c.id.in_(newest), _NOTICE.c.event != Event.RESOLVE.value)
    episodes = [row.episode for row in connection.execute(unended) if waits(row.key) is not None]
    # What nobody took, and a person has looked at, is in that person's hands.
    begun = (_NOTICE.c.event == Event.TRIGGER.value) & (_NOTICE.c.stage != Stage.DISMISSED.value)
    found = select(_NOTICE).where(_NOTICE.c.episode.in_(episodes), begun).order_by(_NOTICE.c.id)
    return tuple(Page(row.id, row.key, row.sentence, row.created_at) for row in connection.execute(found))


def _newest_of_each(pages: Iterable[Page]) -> tuple[Page, ...]:
    newest: dict[int | str, Page] = {}
    for page in pages:
        number = action_of(page.key)
        newest[page.key if number is None else number] = page
    return tuple(sorted(newest.values()))


def _undecided(connection: Connection, pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """Leave out what waits for a decision that was made."""
    asked = {page.key: action_of(page.key) for page in pages if waits(page.key) is Waits.UNTIL_DECIDED}
    if not asked:
        return pages
    awaiting = (_ACTION.c.state == ActionState.AWAITING.value) & _ACTION.c.id.in_(asked.values())
    left = set(connection.execute(select(_ACTION.c.id).where(awaiting)).scalars())
    return tuple(page for page in pages if page.key not in asked or asked[page.key] in left)
