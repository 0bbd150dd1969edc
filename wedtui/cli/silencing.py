"""`wedtui alerts silence`: what nobody is to be told of for a while. It is shown first what that would hide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.actions import plain_json
from wedtui.cli.asking import deciding
from wedtui.cli.common import Session, person, print_json, session_of, writable_ledger
from wedtui.cli.failover import AS_JSON, REASON, said
from wedtui.cli.judged import UNSERVED, believed, start_words, unserved
from wedtui.cli.saying import say
from wedtui.errors import ConfigurationError, StoreMissingError, WedtuiError

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
NAMED = 5
"""So many values of a label are named."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("silence")(silence_command)
    app.command("silences")(silences_command)
    app.command("unsilence")(unsilence_command)


def silence_command(
    context: typer.Context,
    lasts: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long, at most 24h.")],
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="WHY", help="Why; everybody will read it. Not for --preview.")
    ] = None,
    rule: RULES = None,
    label: LABELS = None,
    only_preview: Annotated[bool, typer.Option("--preview", help="Say what it would hide, and store nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Have nobody told of alerts for a while, once it was said what that hides; they fire and stand here all the same.

    Their ends are told, and the alerts that it is about are told when it is over, where they still fire.

    Exit code: 0 it holds, or was only looked at; 3 it was not confirmed, and nothing is stored; 5 it is stored, and
    nobody judges alerts at present.
    """
    session = session_of(context)
    why = "" if only_preview and reason is None else said(reason or "")
    wanted = _Wanted(session, tuple(dict.fromkeys(rule or ())), tuple(label or ()), lasts, why)
    hides = wanted.preview()
    for note in wanted.notes():
        say(note, err=True)
    if only_preview and as_json:
        print_json(plain_json(asdict(hides)))
        return
    say(hides.sentence, err=as_json)
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
        say(_line(made))
    _say_unjudged(session, "until one does, nobody is told of any, silenced or not", err=as_json)


def _say_unjudged(session: Session, then: str, *, err: bool = False) -> None:
    """Say that nobody judges alerts, where that is so, and what it means; and end with its exit code."""
    why = unserved(session, session.clock.now())
    if why is not None:
        say(f"NOBODY JUDGES ALERTS: {why}; {then}: {start_words(session)}", err=err)
        raise typer.Exit(UNSERVED)


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
        from wedtui.core.alerts.silences import foreseen, looked_at

        asked, client = self._asked(), deciding(self.session)
        if client is not None:
            return client.silence_preview(asked.rules, asked.where.wanted, reason=asked.reason, until=asked.until)
        desk = _desk(self.session)
        book = desk.book()
        try:
            looked_at(asked, book, asked.since)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        return hides_is(foreseen(asked, desk.alerts(), asked.since, book))

    def notes(self) -> Iterator[str]:
        """Yield what whoever asks may not have meant: a label that nothing has, what is silenced already."""
        from wedtui.core.alerts.silences import unknown_labels, unknown_values
        from wedtui.core.text import single_line
        from wedtui.core.wording import listed, utc_words

        asked = self._asked()
        known = _known_labels(self.session)
        names = tuple(f'"{single_line(name, 80)}"' for name in unknown_labels(asked, known))
        if names:
            yield f"note: nothing that is configured, and no rule, has a label {listed(names)}: it would hide nothing"
        for name, value in unknown_values(asked, known):
            there = sorted(known[name])
            some = listed((*there[:NAMED], *([f"{len(there) - NAMED:,} more"] if len(there) > NAMED else [])))
            label = f"{single_line(name, 80)}={single_line(value, 80)}"
            yield f"note: nothing that is configured or fires has {label}: there is {single_line(some, 400)}"
        for name in self._unheard_of():
            yield f"note: nothing of the name {name} fires or is pending now: it would hide what begins under that name"
        try:
            held = _silences(self.session)
        except WedtuiError:
            return  # whoever may not read them may ask all the same
        for each in map(_silence_of, held):
            if each.holds(asked.since) and each.covers(asked):
                until = "" if each.until >= asked.until else ", and this one would for longer"
                yield (
                    f"note: silence {each.number} of {single_line(each.by, 80)} hides all of that already, until "
                    f"{utc_words(each.until)}{until}"
                )

    def _unheard_of(self) -> Iterator[str]:
        """Yield the alerts of other systems that are named and that nobody has heard of lately: one may be a typo."""
        from wedtui.core.alerts.names import source_of
        from wedtui.core.text import single_line

        names = [name for name in self.rules if source_of(name)]
        try:
            alerts = believed(self.session, self.session.clock.now())[0] if names else None
        except WedtuiError:
            return  # of what cannot be read nobody knows what is not there
        if alerts is not None:
            known = {each.rule for each in alerts.alerts}
            yield from (f'"{single_line(name, 80)}"' for name in names if name not in known)

    def store(self) -> SilenceIs:
        """Have it hold from now on; raises what `preview` does."""
        from wedtui.control.entries import silence_is
        from wedtui.core.alerts.silences import foreseen

        # Anew: whoever was asked may have taken their time.
        asked, client = self._asked(), deciding(self.session)
        if client is not None:
            return client.silence(asked.rules, asked.where.wanted, reason=asked.reason, until=asked.until)
        desk = _desk(self.session)
        book = desk.book()
        hides = foreseen(asked, desk.alerts(), asked.since, book)
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


def _known_labels(session: Session) -> dict[str, set[str]]:
    """Return the labels of all that is configured or fires, and those that rules name, each with its values."""
    from wedtui.poller.measured import configured_series

    desk = _desk(session)
    alerts = desk.alerts()
    every = [labels for some in configured_series(session.loaded.configuration).values() for labels in some]
    every += [] if alerts is None else [each.labels for each in alerts.alerts]
    known: dict[str, set[str]] = {}
    for labels in every:
        for name, value in labels:
            known.setdefault(name, set()).add(value)
    for rule in desk.book().rules:
        for name, values in rule.where.wanted.items():
            known.setdefault(name, set()).update(values)
        for name in (*rule.group, *(rule.inhibit.equal if rule.inhibit is not None else ())):
            known.setdefault(name, set())
    return known


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
        say(_line(each), indent=" " * 6)
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

    now, desk = session.clock.now(), _desk(session)
    alerts, book = desk.alerts(), desk.book()
    reader = SilenceReader(session.ledger_url)
    try:
        return [silence_is(each, foreseen(each.asked, alerts, now, book)) for each in reader.silences(now)]
    except StoreMissingError:
        return []
    finally:
        reader.close()


def unsilence_command(context: typer.Context, number: NUMBER, reason: REASON, as_json: AS_JSON = False) -> None:
    """End a silence before it ends by itself: what still fires is told, unless something else hides it, or it was.

    Exit code: 0 it is over; 5 it is, and nobody judges alerts at present.
    """
    why, session = said(reason), session_of(context)
    ended = _ended(session, number, why)
    released = _released_words(session, _silence_of(ended))
    if as_json:
        print_json({**plain_json(asdict(ended)), "released": released})
    else:
        say(f"silence {number}: ended; {released}")
    _say_unjudged(session, "what it hid and still fires is told by nobody until somebody judges it", err=as_json)


def _ended(session: Session, number: int, why: str) -> SilenceIs:
    from wedtui.control.entries import silence_is

    client = deciding(session)
    if client is not None:
        return client.end_silence(number, reason=why)
    ledger = writable_ledger(session)
    try:
        return silence_is(ledger.end_silence(number, by=person(), at=session.clock.now(), reason=why), None)
    finally:
        ledger.close()


def _released_words(session: Session, ended: Silence) -> str:
    """Say what becomes of what it was about; where nobody judges alerts, that it is not known."""
    from wedtui.core.alerts.silences import released

    now = session.clock.now()
    try:
        alerts, doubt = believed(session, now)
        others = _silences(session)
    except WedtuiError:
        # It is over, whatever can be said of it.
        alerts, doubt, others = None, None, []
    if alerts is None or doubt is not None:
        return "what it hid, and what of that still fires, is NOT KNOWN"
    return released(ended, map(_silence_of, others), alerts.alerts, now).sentence


def _silence_of(silence: SilenceIs) -> Silence:
    """Return what it asks for."""
    from wedtui.core.alerts.rule import Where
    from wedtui.core.alerts.silences import Silence

    where = Where({name: tuple(values) for name, values in silence.labels.items()})
    return Silence(silence.id, where, tuple(silence.rules), silence.reason, silence.by, silence.since, silence.until)


def _line(silence: SilenceIs) -> str:
    from wedtui.core.text import single_line

    about, by = single_line(f"{_silence_of(silence)}"), single_line(silence.by, 80)
    return f"silence {silence.id}: alerts {about} until {_at(silence.until)}, by {by}: {single_line(silence.reason)}"


def _hides(silence: SilenceIs) -> str:
    hides = silence.hides
    if not hides.known:
        return "what it hides is NOT KNOWN: no service judges alerts at present"
    return f"hides {len(hides.firing):,} that fire and {len(hides.pending):,} that are pending"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
