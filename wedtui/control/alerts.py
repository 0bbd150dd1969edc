"""Alerts by the control socket: what became of them, and that somebody looks at one. No freeze stops that."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import FastAPI, Path
from starlette.responses import Response

from wedtui.control.acting import act
from wedtui.control.answers import AlertEventIs, AlertHadIs, Problem
from wedtui.control.bodies import ToAcknowledge
from wedtui.control.desk import DONE
from wedtui.control.office import ACTING, Acting, At
from wedtui.core.roles import Permission
from wedtui.ledger.alert_history import AlertHistory
from wedtui.ledger.ledger import Ledger

Hours = Annotated[int, Path(ge=1, le=24 * 366 * 10)]
EpisodeKey = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


def add_alerts(app: FastAPI) -> None:
    """Add the paths."""
    posts: dict[str, Any] = {"status_code": DONE, "responses": {status: {"model": Problem} for status in ACTING}}

    @app.get("/v1/alert-events/{hours}", summary="What became of alerts in the last hours, newest first")
    def list_events(office: At, hours: Hours) -> list[AlertEventIs]:
        history = AlertHistory(office.desk.ledger_url)
        try:
            since = office.desk.now() - timedelta(hours=hours)
            return [AlertEventIs(**asdict(each)) for each in history.events(since)]
        finally:
            history.close()

    @app.post("/v1/alerts/{episode:path}/ack", response_model=AlertHadIs, summary="Say that you look at it", **posts)
    def acknowledge(caller: Acting, episode: EpisodeKey, body: ToAcknowledge) -> Response:
        def have(ledger: Ledger, now: datetime) -> AlertHadIs:
            had = ledger.acknowledge_alert(episode, by=caller.name, at=now, reason=body.reason)
            return AlertHadIs(had.key, had.rule, dict(had.labels), had.by, had.at, again=had.again)

        return act(caller, body, Permission.ACKNOWLEDGE, have)
