"""`wedtui alerts silence`: what nobody is to be told of for a while. It is shown first what that would hide."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.actions import plain_json
from wedtui.cli.asking import deciding
from wedtui.cli.common import Session, person, print_json, session_of, writable_ledger
from wedtui.cli.failover import AS_JSON, REASON, said
from wedtui.errors import ConfigurationError, StoreMissingError

if TYPE_CHECKING:
    from wedtui.cli.alerting import AlertDesk
    from wedtui.control.answers import HidesIs, SilenceIs
    from wedtui.core.alerts.silences import Silence

RULES = Annotated[
    list[str] | None, typer.Option("--rule", metavar="R", help="Alerts of this rule; may be given several times.")
]
LABELS = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="K=V", help="Alerts with this label, such as provider=aws,gcp; several must fit."),
]
NUMBER = Annotated[int, typer.Argument(metavar="ID", min=1, help="Its number, as `wedtui alerts silences` says it.")]

WORD = "silence"
NOT_CONFIRMED = 3


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("silence")(silence_command)
    app.command("silences")(silences_command)
    app.command("unsilence")(unsilence_command)


def silence_command(
    context: typer.Context,
    reason: REASON,
    lasts: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long, at most 24h.")],
    rule: RULES = None,
    label: LABELS = None,
    only_preview: Annotated[bool, typer.Option("--preview", help="Say what it would hide, and store nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Have nobody told of alerts for a while, once it was said what that hides; they fire and stand here all the same.

    Their ends are told, and the alerts that it is about are told when it is over, where they still fire.

    Exit code: 0 it holds, or was only looked at; 3 it was not confirmed, and nothing is stored.
    """
    session = session_of(context)
    wanted = _Wanted(session, tuple(dict.fromkeys(rule or ())), tuple(label or ()), lasts, said(reason))
    hides = wanted.preview()
    if only_preview and as_json:
        print_json(plain_json(asdict(hides)))
        return
    typer.echo(hides.sentence, err=as_json)
    if only_preview:
        typer.echo("nothing was stored")
        return
    if not yes and not _confirmed():
        typer.echo("not confirmed: nothing is silenced; without a terminal --yes confirms it", err=True)
        raise typer.Exit(NOT_CONFIRMED)
    made = wanted.store()
    if as_json:
        print_json(plain_json(asdict(made)))
    else:
        typer.echo(_line(made))


def _confirmed() -> bool:
    """Have the word typed; without a terminal nobody confirms."""
    from wedtui.cli.typing_in import attended, typed

    return attended() and typed(WORD)


@dataclass(frozen=True)
class _Wanted:
    """A silence as it is asked for: of the service, where one runs, which knows rules and alerts; else done here."""

    session: Session
    rules: tuple[str, ...]
    labels: tuple[str, ...]
    lasts: str
    reason: str

    def preview(self) -> HidesIs:
        """Return what it would hide; nothing is stored.

        Raises:
            ConfigurationError: it may not be.
        """
        from wedtui.control.entries import hides_is
        from wedtui.core.alerts.silences import checked, foreseen

        asked, client = self._asked(), deciding(self.session)
        if client is not None:
            return client.silence_preview(asked.rules, asked.where.wanted, reason=asked.reason, until=asked.until)
        desk = _desk(self.session)
        try:
            checked(asked, desk.book(), asked.since)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        return hides_is(foreseen(asked, desk.alerts(), asked.since))

    def store(self) -> SilenceIs:
        """Have it hold from now on; raises what `preview` does."""
        from wedtui.control.entries import silence_is
        from wedtui.core.alerts.silences import foreseen

        # Anew: whoever was asked may have taken their time.
        asked, client = self._asked(), deciding(self.session)
        if client is not None:
            return client.silence(asked.rules, asked.where.wanted, reason=asked.reason, until=asked.until)
        desk = _desk(self.session)
        book, hides = desk.book(), foreseen(asked, desk.alerts(), asked.since)
        ledger = writable_ledger(self.session)
        try:
            return silence_is(ledger.silence_alerts(asked, book, hides), hides)
        finally:
            ledger.close()

    def _asked(self) -> Silence:
        from wedtui.config_values import parse_duration
        from wedtui.core.alerts.silences import Silence, where_of

        now = self.session.clock.now()
        try:
            until = now + parse_duration(self.lasts)
        except ValueError as error:
            raise ConfigurationError(f'--for: {error}, got "{self.lasts}"') from None
        try:
            return Silence(0, where_of(self.labels), self.rules, self.reason, person(), now, until)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None


def _desk(session: Session) -> AlertDesk:
    from wedtui.cli.alerting import AlertDesk

    return AlertDesk(session.loaded, session.cache_url, session.ledger_url)


def silences_command(context: typer.Context, as_json: AS_JSON = False) -> None:
    """List the silences that are not over, newest first, and what each hides now."""
    found = _silences(session_of(context))
    if as_json:
        print_json([plain_json(asdict(each)) for each in found])
        return
    for each in found:
        typer.echo(_line(each))
        typer.echo(f"      {_hides(each)}")
    if not found:
        typer.echo("nothing is silenced")


def _silences(session: Session) -> list[SilenceIs]:
    """Return them from the service where it runs, else from the ledger."""
    client = deciding(session)
    if client is not None:
        return client.silences()
    from wedtui.control.entries import silence_is
    from wedtui.core.alerts.silences import foreseen
    from wedtui.ledger.silence_reader import SilenceReader

    now, alerts = session.clock.now(), _desk(session).alerts()
    reader = SilenceReader(session.ledger_url)
    try:
        return [silence_is(each, foreseen(each.asked, alerts, now)) for each in reader.silences(now)]
    except StoreMissingError:
        return []
    finally:
        reader.close()


def unsilence_command(context: typer.Context, number: NUMBER, reason: REASON) -> None:
    """End a silence before it ends by itself: what it hid and still fires is told."""
    why, session = said(reason), session_of(context)
    client = deciding(session)
    if client is not None:
        client.end_silence(number, reason=why)
    else:
        ledger = writable_ledger(session)
        try:
            ledger.end_silence(number, by=person(), at=session.clock.now(), reason=why)
        finally:
            ledger.close()
    typer.echo(f"silence {number}: ended; what it hid and still fires is told")


def _line(silence: SilenceIs) -> str:
    from wedtui.core.alerts.rule import Where
    from wedtui.core.alerts.silences import Silence
    from wedtui.core.text import single_line

    where = Where({name: tuple(values) for name, values in silence.labels.items()})
    what = Silence(silence.id, where, tuple(silence.rules), silence.reason, silence.by, silence.since, silence.until)
    about, by = single_line(f"{what}"), single_line(silence.by, 80)
    return f"silence {silence.id}: alerts {about} until {_at(silence.until)}, by {by}: {single_line(silence.reason)}"


def _hides(silence: SilenceIs) -> str:
    hides = silence.hides
    if not hides.known:
        return "what it hides is NOT KNOWN: no service judges alerts at present"
    return f"hides {len(hides.firing):,} that fire and {len(hides.pending):,} that are pending"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
