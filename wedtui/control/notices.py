"""The outbox by the control socket: what waits, what was sent, what nobody takes, and that a person looked at that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from wedtui.control.answers import NotificationIs, Problem
from wedtui.control.bodies import Body, ToBroadcast, ToEnd
from wedtui.control.desk import DONE, Work
from wedtui.control.entries import notification_is
from wedtui.control.office import ACTING, Acting, At, Caller, Number, alerting
from wedtui.core.roles import Permission
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.outbox_reader import OutboxReader

Act = Callable[[Caller, Body, Permission, Work], Response]
"""Has something done once, and answers what is kept of it."""


def add_notices(app: FastAPI, act: Act) -> None:
    """Add the paths.

    Args:
        app: to which they are added.
        act: by which what changes something is done.
    """
    posts: dict[str, Any] = {"status_code": DONE, "responses": {status: {"model": Problem} for status in ACTING}}

    @app.get("/v1/notifications", summary="What waits, what nobody takes, and the newest of the others")
    def list_notifications(office: At) -> list[NotificationIs]:
        reader = OutboxReader(office.desk.ledger_url)
        try:
            return [notification_is(each) for each in reader.notifications()]
        finally:
            reader.close()

    @app.post("/v1/notifications/{number}/dismiss", response_model=NotificationIs, summary="Say that you saw", **posts)
    def dismiss_notification(caller: Acting, number: Number, body: ToEnd) -> Response:
        def dismiss(ledger: Ledger, now: datetime) -> NotificationIs:
            ended = ledger.dismiss_notification(number, by=caller.name, at=now, reason=body.reason)
            return notification_is(ended)

        return act(caller, body, Permission.ACKNOWLEDGE, dismiss)

    @app.post("/v1/broadcasts", response_model=NotificationIs, summary="Have every channel told something", **posts)
    def broadcast(caller: Acting, body: ToBroadcast) -> Response:
        def tell(ledger: Ledger, now: datetime) -> NotificationIs:
            channels = alerting(caller.office).channels()
            told = ledger.broadcast(body.message, body.severity, by=caller.name, at=now, channels=channels)
            return notification_is(told)

        return act(caller, body, Permission.BROADCAST, tell)
