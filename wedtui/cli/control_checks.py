"""What `wedtui doctor` says of the control socket: whether the service can be asked, and what one may there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wedtui.cli.asking import client_of
from wedtui.cli.checks import Check, Level
from wedtui.cli.common import Session
from wedtui.errors import ServiceError, StoreError, ThrottledError, WedtuiError
from wedtui.poller.lock import holder

if TYPE_CHECKING:
    from wedtui.control.answers import WhoAmI
    from wedtui.control.client import ControlClient


def control_checks(session: Session) -> Iterator[Check]:
    """Ask the service of this machine who one is; where none runs nobody is asked."""
    try:
        if holder(session.paths.lock) is None:
            text = "no service runs here, so nobody is asked: nothing can be done through it"
            yield Check(Level.WARNING, "control", text, "`wedtui service start`")
            return
    except ServiceError:
        pass  # who may not look at the lock can still be heard at the socket
    client = client_of(session)
    try:
        known = client.whoami()
    except ThrottledError as error:
        yield Check(Level.WARNING, "control", f"the service answers: {error}")
        return
    except WedtuiError as error:
        yield Check(Level.PROBLEM, "control", str(error))
        return
    yield Check(Level.OK, "control", _words(known))
    yield from _unstored(session, client)


def _unstored(session: Session, client: ControlClient) -> Iterator[Check]:
    """Say what the service knows to be wrong and could not store: why it stores nothing is only to be heard from it."""
    from wedtui.cache.reader import CacheReader

    reader = CacheReader(session.cache_url)
    try:
        said = client.service().problems
        stored = {problem for service in reader.services() for problem in service.problems}
    except StoreError:
        stored = set()
    except WedtuiError:
        return  # it was heard a moment ago; what it stored is looked at elsewhere
    finally:
        reader.close()
    for problem in said:
        if problem not in stored:
            yield Check(Level.PROBLEM, "service", f"it says: {problem}")


def _words(known: WhoAmI) -> str:
    return f"the service hears {known.user} as {known.role} ({known.because})"
