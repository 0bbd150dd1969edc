"""Acting through the service: it decides by role, once, and puts on record what it refuses."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wedtui.cli.common import Session
from wedtui.poller.lock import holder

if TYPE_CHECKING:
    from wedtui.control.client import ControlClient


def client_of(session: Session) -> ControlClient:
    """Return who asks the service of this machine, whether or not there is one.

    Raises:
        ConfigurationError: the configuration cannot be used.
        ServiceError: there is no user as whom it should run.
    """
    from wedtui.control.client import ControlClient
    from wedtui.control.identity import uid_of

    configuration = session.loaded.configuration
    section = configuration.service
    uid = uid_of(section.user) if section.mode == "shared" else os.getuid()
    return ControlClient(session.paths.control(configuration), service_uid=uid)


def deciding(session: Session) -> ControlClient | None:
    """Return who has a decision written: a service that runs; None where whoever may writes the ledger herself.

    Raises:
        ConfigurationError: the configuration cannot be used.
        ServiceError: whether a service runs cannot be told.
    """
    return None if holder(session.paths.lock) is None else client_of(session)
