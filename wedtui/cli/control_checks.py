"""What `wedtui doctor` says of the control socket: whether the service can be asked, and what one may there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wedtui.cli.asking import client_of
from wedtui.cli.checks import Check, Level
from wedtui.cli.common import Session
from wedtui.errors import ServiceError, ThrottledError, WedtuiError
from wedtui.poller.lock import holder

if TYPE_CHECKING:
    from wedtui.control.answers import WhoAmI


def control_checks(session: Session) -> Iterator[Check]:
    """Ask the service of this machine who one is; where none runs nobody is asked."""
    try:
        if holder(session.paths.lock) is None:
            text = "no service runs here, so nobody is asked: nothing can be done through it"
            yield Check(Level.WARNING, "control", text, "`wedtui service start`")
            return
    except ServiceError:
        pass  # who may not look at the lock can still be heard at the socket
    try:
        known = client_of(session).whoami()
    except ThrottledError as error:
        yield Check(Level.WARNING, "control", f"the service answers: {error}")
        return
    except WedtuiError as error:
        yield Check(Level.PROBLEM, "control", str(error))
        return
    yield Check(Level.OK, "control", _words(known))


def _words(known: WhoAmI) -> str:
    return f"the service hears {known.user} as {known.role} ({known.because})"
