"""Silences of alerts by the control socket: what one would hide is shown before it is stored, and with each after."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from wedtui.control.acting import act
from wedtui.control.answers import HidesIs, Problem, SilenceIs
from wedtui.control.bodies import SilenceAsked, SilenceToAdd, SilenceToPreview, ToEnd
from wedtui.control.desk import DONE
from wedtui.control.entries import hides_is, silence_is
from wedtui.control.office import ACTING, Acting, At, Number, Office, alerting
from wedtui.core.alerts.rule import RuleBook, Where
from wedtui.core.alerts.silences import Silence, foreseen, looked_at, within_longest
from wedtui.core.alerts.standing import AlertsNow
from wedtui.core.roles import Permission
from wedtui.errors import ConfigurationError, StoreMissingError
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.silence_reader import SilenceReader


def add_silences(app: FastAPI) -> None:
    """Add the paths."""
    posts: dict[str, Any] = {"status_code": DONE, "responses": {status: {"model": Problem} for status in ACTING}}

    @app.get("/v1/silences", summary="The silences that are not over, newest first, and what each hides")
    def list_silences(office: At) -> list[SilenceIs]:
        now, reader = office.desk.now(), SilenceReader(office.desk.ledger_url)
        try:
            found = reader.silences(now)
        except StoreMissingError:
            return []  # nobody has decided anything yet
        finally:
            reader.close()
        book, alerts = _known(office)
        return [silence_is(each, foreseen(each.asked, alerts, now, book)) for each in found]

    @app.post("/v1/silence-previews", summary="Say what a silence would hide, and ask for nothing", **posts)
    def preview_silence(caller: Acting, body: SilenceToPreview) -> HidesIs:
        office, now = caller.office, caller.office.desk.now()
        book = alerting(office).book()
        try:
            said = looked_at(_asked(body, body.reason or "", "", now), book, now)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        return hides_is(foreseen(said, alerting(office).alerts(), now, book))

    @app.post("/v1/silences", response_model=SilenceIs, summary="Have alerts not be told for a while", **posts)
    def silence_alerts(caller: Acting, body: SilenceToAdd) -> Response:
        # Before the ledger is held, for which the one who tells people would have to wait.
        book, alerts = _known(caller.office)

        def silence(ledger: Ledger, now: datetime) -> SilenceIs:
            alerting(caller.office)
            asked = _asked(body, body.reason, caller.name, now)
            hides = foreseen(asked, alerts, now, book)
            return silence_is(ledger.silence_alerts(asked, book, hides), hides)

        return act(caller, body, Permission.SILENCE, silence)

    @app.post("/v1/silences/{number}/end", response_model=SilenceIs, summary="End a silence early", **posts)
    def end_silence(caller: Acting, number: Number, body: ToEnd) -> Response:
        book, alerts = _known(caller.office)

        def end(ledger: Ledger, now: datetime) -> SilenceIs:
            entry = ledger.end_silence(number, by=caller.name, at=now, reason=body.reason)
            return silence_is(entry, foreseen(entry.asked, alerts, now, book))

        return act(caller, body, Permission.SILENCE, end)


def _asked(body: SilenceAsked, reason: str, by: str, now: datetime) -> Silence:
    """Return what is asked for, from now on."""
    rules = tuple(dict.fromkeys(body.rules))
    # A command names the end by its own clock.
    return within_longest(Silence(0, Where(body.labels), rules, reason, by, now, body.until), now)


def _known(office: Office) -> tuple[RuleBook, AlertsNow | None]:
    """Return the rules that count and how it stands with alerts; nothing where nobody here knows."""
    if office.alerting is None:
        return RuleBook(), None
    return office.alerting.book(), office.alerting.alerts()
