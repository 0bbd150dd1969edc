"""What `wedtui doctor` says of the database that holds releases back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from wedtui.cli.checks import Check, Level
from wedtui.core.wording import dated, duration
from wedtui.errors import StoreError

if TYPE_CHECKING:
    from wedtui.cli.common import Session
    from wedtui.ledger.guards import Guards, Known

SKEW_WARNING, SKEW_PROBLEM = timedelta(seconds=2), timedelta(seconds=30)
RUNS_OUT_SOON = timedelta(hours=1)
"""A service that runs stores anew, every few minutes, what is known for much longer."""
_PUT_BACK = "hold what waits, find out who did that, and put it back as revision ledger_0016 made it"


def release_checks(session: Session, starting: str) -> Iterator[Check]:
    """Look at the guards of releases, at the clock that they go by, and at how long what they know lasts.

    Args:
        session: whose ledger it is.
        starting: the command that starts the service.
    """
    from wedtui.ledger.guards import GuardReader

    reader = GuardReader(session.ledger_url)
    try:
        before = session.clock.now()
        found = reader.read()
        after = session.clock.now()
    except StoreError:
        return  # that it cannot be read is said of the ledger
    finally:
        reader.close()
    for text in found.wrong:
        yield Check(Level.PROBLEM, "releases", f"{text}: the database may let one start in a freeze", _PUT_BACK)
    if not found.wrong:
        yield Check(Level.OK, "releases", "the ledger's own guards of them are as they were made")
    yield from _clock(found, before, after, demo=session.demo)
    for known in found.known:
        yield from _lasts(known, found.judged, starting)


def _clock(found: Guards, before: datetime, after: datetime, *, demo: bool) -> Iterator[Check]:
    """Compare the clock by which it judges with ours, which was asked before it and after it."""
    if found.offset and not demo:
        way = "ahead of" if found.offset > timedelta() else "behind"
        text = f"the ledger's database judges releases by an instant {duration(abs(found.offset))} {way} its own clock"
        yield Check(Level.PROBLEM, "releases", text, "delete the row of database_clock: only a demo has one")
    instant = found.judged if demo else found.own
    size = max(before - instant, instant - after, timedelta())
    level = Level.PROBLEM if size > SKEW_PROBLEM else Level.WARNING if size > SKEW_WARNING else Level.OK
    text = f"the clock that the ledger's database goes by is within {size.total_seconds():.1f} s of this machine's"
    if level is not Level.OK:
        text = f"the clock that the ledger's database goes by is {size.total_seconds():.1f} s off this machine's"
    yield Check(level, "clock", text, "" if level is Level.OK else "set this machine's clock by NTP, or its server's")


def _lasts(known: Known, judged: datetime, starting: str) -> Iterator[Check]:
    where = f"{known.service} in {known.environment}"
    if known.until is None:
        text = f"the database knows nothing of what freezes {where}: it lets no release of it start"
        yield Check(Level.WARNING, "releases", text, f"a service that runs stores it: `{starting}`")
    elif known.until <= judged:
        since = dated(known.until, "UTC", judged)
        text = f"what freezes {where} is not known to the database since {since} UTC: it lets no release of it start"
        remedy = f"`{starting}`; where it runs, `wedtui freeze status` says what is unread"
        yield Check(Level.PROBLEM, "releases", text, remedy)
    elif known.until - judged < RUNS_OUT_SOON:
        text = (
            f"what freezes {where} is known to the database for {duration(known.until - judged)} more: then it lets no "
            "release of it start"
        )
        yield Check(
            Level.WARNING, "releases", text, f"`{starting}`; where it runs, `wedtui freeze status` says what is old"
        )
