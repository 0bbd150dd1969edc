"""All that a dashboard asks every second while something is wrong, in one answer.

Who asks and who arms what needs no ledger, and is answered while nobody reaches that.
"""

from __future__ import annotations

from fastapi import FastAPI

from wedtui.control.action_answers import action_is
from wedtui.control.answers import ActionIs, EmergencyIs, StandingIs, WhoAmI
from wedtui.control.office import Asking, At, Changes, Office, Token
from wedtui.control.presence import Presence
from wedtui.core.roles import Person, permissions
from wedtui.errors import StoreError, WedtuiError


def add_standing(app: FastAPI, presence: Presence) -> None:
    """Add the path; a dashboard names itself by a number that it made up."""

    @app.get("/v1/standing/{token}", summary="Who asks, what is under way, and who is arming what elsewhere")
    def standing(who: Asking, office: At, token: Token) -> StandingIs:
        actions, unlisted = _recent(office.changes)
        arming = presence.others(who.account.name, token)
        return StandingIs(who_is(office, who), actions, unlisted, emergency_is(office.changes), arming)


def who_is(office: Office, who: Person) -> WhoAmI:
    """Return who asks, as it is answered."""
    account = who.account
    return WhoAmI(
        user=account.name,
        uid=account.uid,
        groups=list(account.groups.values()),
        role=who.role.value,
        because=who.because,
        mode=office.desk.mode,
        may=[each.value for each in permissions(who)],
    )


def emergency_is(changes: Changes | None) -> EmergencyIs:
    """Return whether automation is stopped, and whether the ledger can be reached."""
    if changes is None:
        return EmergencyIs("off")
    path = changes.emergency_path()
    try:
        mode, stop, _ = changes.standing()
    except StoreError as error:
        return EmergencyIs("off", ledger=str(error), standby=path.file, unrecorded=path.unrecorded)
    by, at, _ = stop or (None, None, None)
    return EmergencyIs(mode, by, at, standby=path.file, unrecorded=path.unrecorded)


def _recent(changes: Changes | None) -> tuple[list[ActionIs], str | None]:
    """Return what is under way and the newest of what was confirmed, or why that is not known."""
    if changes is None:
        return [], None
    try:
        return [action_is(each) for each in changes.actions(open_only=True, newest=True)], None
    except WedtuiError as error:
        return [], str(error)
