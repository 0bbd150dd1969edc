"""`wedtui audit`: who decided and did what, and whether the chain that says so is still what was written."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli.common import Session, parse_instant, person, print_json, session_of
from wedtui.core.chain import (
    START,
    Anchor,
    Bad,
    Cut,
    Fault,
    Head,
    Link,
    Written,
    canonical,
    instant_words,
    parse_anchors,
    understood,
    verify,
    verify_cut,
)
from wedtui.core.text import shortened, single_line
from wedtui.core.wording import counted
from wedtui.errors import AuditError, ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from wedtui.ledger.audit_reader import AuditReader
    from wedtui.ledger.signing import PublicKeys

app = typer.Typer(help="Who decided and did what, and proof of it.", no_args_is_help=True)

SINCE = Annotated[str | None, typer.Option("--from", metavar="T", help="From this instant, with its offset.")]
UNTIL = Annotated[str | None, typer.Option("--to", metavar="T", help="Before this instant.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_TARGETS = ("target", "object", "name", "source", "alias", "level", "through", "freeze", "override", "raise", "asked")
"""Of what of a body it is said on what it was done: the first of these that it has."""
_WHO, _WHAT, _REST, _OF_ONE = 10, 22, 19, 60
"""So many columns of a line of the list; `show` says all of it."""
CHANGED = "CHANGED: `wedtui audit verify` says more"


@app.command("list")
def list_command(
    context: typer.Context,
    since: SINCE = None,
    until: UNTIL = None,
    last: Annotated[int, typer.Option("--last", min=1, metavar="N", help="How many, without --from and --to.")] = 50,
    as_json: AS_JSON = False,
) -> None:
    """List links, oldest first, a line each: number, instant in UTC, who, what, on what, and how it stood then."""
    session = session_of(context)
    first, end = _instants(session, since, until)
    with _reading(session) as reader:
        bounded = first is not None or end is not None
        found: Any = reader.written(since=first, until=end) if bounded else reader.newest(last)
        if as_json:
            print_json([_as_json(each) for each in found], record=True)
            return
        count = 0
        for count, each in enumerate(found, start=1):  # noqa: B007 - it is looked at below
            typer.echo(_line(each))
    if not count:
        typer.echo("the audit chain has no such link" if bounded else "the audit chain has no link yet")


@app.command("show")
def show_command(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="N", help="Its number, as `wedtui audit list` says it.")],
    as_json: AS_JSON = False,
) -> None:
    """Show all that one link says. Exit code: 1 where it was changed."""
    with _reading(session_of(context)) as reader:
        found = reader.link(number)
    if found is None:
        raise NotFoundError(f"the audit chain has no link {number}: `wedtui audit list` says which there are")
    link = _link(found)
    if as_json:
        print_json(_as_json(found), record=True)
    elif link is None:
        typer.echo(f"link {number}: {CHANGED}")
    else:
        typer.echo(f"link {link.number} of the audit chain: {link.kind}")
        typer.echo(f"{instant_words(link.at)} by {single_line(link.person)}")
        if link.action is not None:
            typer.echo(f"action {single_line(link.action)}")
        # Escapes in a reason must not reach the terminal: as JSON writes them they do not.
        typer.echo(json.dumps(link.body, indent=2))
        typer.echo(f"hash {link.hash}\nafter {link.previous}")
    if link is None:
        raise typer.Exit(1)


@app.command("export")
def export_command(
    context: typer.Context,
    shape: Annotated[str, typer.Option("--format", metavar="json|md", help="json can be verified.")] = "json",
    since: SINCE = None,
    until: UNTIL = None,
) -> None:
    """Print the chain, or the part of it between two instants. Exit code: 1 where a link of it was changed."""
    from wedtui.cli.audit_export import markdown

    if shape not in {"json", "md"}:
        raise ConfigurationError(f'expected --format json or md, got "{shape}"')
    session = session_of(context)
    first, end = _instants(session, since, until)
    changed = 0
    with _reading(session) as reader:
        if shape == "json":
            changed = _export_json(reader, session, first, end)
        else:
            typer.echo("# Audit\n")
            for each in reader.written(since=first, until=end):
                link = _link(each)
                changed += link is None
                lines = markdown(link) if link is not None else iter((f"## {each.number} · {CHANGED}", ""))
                for line in lines:
                    typer.echo(line)
    if changed:
        links = "1 link was" if changed == 1 else f"{changed} links were"
        print(f"wedtui: {links} changed since written: `wedtui audit verify` says more", file=sys.stderr)
        raise typer.Exit(1)


def _export_json(reader: AuditReader, session: Session, first: datetime | None, end: datetime | None) -> int:
    """Print the chain as JSON, one object a line; return how many links were changed."""
    from wedtui.cli import audit_export
    from wedtui.ledger.audit import KEY_KIND

    changed, head, begun = 0, START, False
    made_at, whole = instant_words(session.clock.now()), end is None

    def begin(after: Head) -> None:
        typer.echo(audit_export.begin_line(after, made_at, person(), whole=whole))

    cut = reader.cut()
    after = START if cut is None else cut.after
    for each in reader.written(since=first, until=end):
        if not begun:
            # Before the first link that is there, no link says anything.
            after = before if first is not None and (before := reader.before(each.number)) != START else after
            begin(after)
            begun = True
        changed += _link(each) is None
        typer.echo(audit_export.link_line(each))
        head = Head(each.number, each.hash)
    if not begun:
        begin(START)
    for _, anchor in reader.anchors():
        # What was signed while this was printed is of links that are not in it.
        if after.number < anchor.number <= head.number:
            typer.echo(audit_export.anchor_line(anchor))
    for fingerprint, public_key in reader.public_keys(KEY_KIND).items():
        typer.echo(audit_export.key_line(fingerprint, public_key))
    typer.echo(audit_export.end_line(head))
    return changed


@app.command("verify")
def verify_command(
    context: typer.Context,
    anchor: Annotated[
        list[Path] | None, typer.Option("--anchor", metavar="FILE", help="Anchors kept elsewhere; may be repeated.")
    ] = None,
    public_key: Annotated[
        list[Path] | None, typer.Option("--public-key", metavar="FILE", help="Who signed them; may be repeated.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Verify an export instead of the ledger.")
    ] = None,
) -> None:
    """Read the whole chain and name the first bad link, if there is one. Exit code: 0 it is right, 1 it is not."""
    keys = _keys(public_key or [])
    outside = [each for file in anchor or [] for each in _anchors_in(file)]
    if export is not None:
        result = _verify_export(export, outside, keys)
    else:
        session = session_of(context)
        with _reading(session) as reader:
            # What was signed is read first: links that come meanwhile are no harm.
            own = [each for _, each in reader.anchors()]
            now = session.clock.now()
            result = _verify(reader.written(), own, outside, keys, now=now, cut=reader.cut())
    for line in result.lines:
        typer.echo(line)
    if result.bad is not None:
        typer.echo(f"BAD at link {result.bad.number}, {result.bad.fault}: {result.bad.text}")
    if result.bad is not None or result.unsigned is not None:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Result:
    lines: list[str]
    bad: Bad | None
    unsigned: str | None
    head: Head = START
    """The newest link that is right."""


def _verify(
    written: Iterator[Written],
    own: list[Anchor],
    outside: list[Anchor],
    keys: PublicKeys | None,
    *,
    after: Head = START,
    now: datetime,
    cut: Cut | None = None,
) -> _Result:
    """Verify a chain against what was signed, and say what that means and what it does not."""
    after = cut.after if cut is not None else after
    # What is not signed as it says is no evidence, neither for nor against the chain.
    unsigned = None
    if keys is not None:
        unsigned = next(filter(None, map(keys.problem, [*outside, *own])), None)
        own, outside = ([a for a in each if keys.problem(a) is None] for each in (own, outside))
    anchors = [*outside, *own]
    verdict = verify(written, anchors, after=after) if cut is None else verify_cut(written, anchors, cut, now)
    lines = [] if unsigned is None else [f"NOT SIGNED: {unsigned}"]
    lines += [cut.words] if cut is not None else []
    if verdict.bad is not None:
        return _Result([*lines, f"{verdict.links} links were read"], verdict.bad, unsigned, verdict.head)
    if not verdict.links:
        return _Result([*lines, "the audit chain has no link yet: there is nothing to verify"], None, unsigned, after)
    first = after.number + 1
    span = f"links {first} to {verdict.head.number}" if verdict.links > 1 else f"link {first}"
    lines.append(f"{span}: whole; the newest has the hash {verdict.head.hash}")
    lines.append(_anchor_words(verdict.anchored, len(own), len(outside)))
    lines.append(
        "signatures were not checked: --public-key names the key"
        if keys is None
        else f"signatures were checked by the key {', '.join(keys.fingerprints)}"
    )
    return _Result(lines, None, unsigned, verdict.head)


def _anchor_words(anchored: int, own: int, outside: int) -> str:
    if not outside:
        unseen = "so a cut-off end would not be noticed; give --anchor FILE"
        if not own:
            return f"no anchor was given, {unseen}"
        beside = f"{counted(own, 'anchor')} kept beside it"
        return f"compared only with {beside}; none from outside was given, {unseen}"
    return f"compared with {outside} anchors from outside and {own} beside it: confirmed up to link {anchored}"


def _verify_export(file: Path, outside: list[Anchor], keys: PublicKeys | None) -> _Result:
    from wedtui.cli.audit_export import read_export

    export = read_export(file)
    made = instant_words(export.made_at)
    if export.end is None:
        text = f"the end was cut off: {file} has no line that says where it ends"
        return _Result([], Bad(export.after.number + 1, Fault.TAIL_CUT, text), None)
    end = export.end
    # What was signed since it was made says nothing about it.
    known = [a for a in outside if a.number <= end.number or (export.whole and a.at <= export.made_at)]
    result = _verify(export.written(), export.anchors, known, keys, after=export.after, now=export.made_at)
    if result.bad is None and result.head != end and (result.head.number or end.number):
        text = f"the end was cut off: link {end.number} is the last that was written into the export"
        return replace(result, bad=Bad(result.head.number + 1, Fault.TAIL_CUT, text))
    of = "all" if export.whole and export.after == START else "a part"
    return replace(result, lines=[f"an export of {made}, of {of}", *result.lines])


@app.command("prune")
def prune_command(
    context: typer.Context,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="WORD", help="The word `prune`, instead of typing it.")
    ] = None,
) -> None:
    """Remove links that are older than `audit.keep_years`; nothing else ever does. A link says what was removed.

    Export the chain before. Exit code: 3 where it was not confirmed.
    """
    from wedtui.cli.typing_in import attended, typed
    from wedtui.ledger.pruning import prune

    session = session_of(context)
    years = session.loaded.configuration.audit.keep_years
    if years is None:
        raise ConfigurationError("expected [audit] keep_years: without it every link is kept, however old it is")
    typer.echo(f"links of the audit chain that are older than {years} years are removed for good: export it before")
    if not (confirm == "prune" or (confirm is None and attended() and typed("prune"))):
        typer.echo("NOT CONFIRMED: `prune` was not typed, and no --confirm prune was given; nothing was removed")
        raise typer.Exit(3)
    link = prune(session.ledger_url, years, person=person(), now=session.clock.now())
    if link is None:
        typer.echo("nothing was removed: no link that may be is so old")
        return
    gone = link.body
    typer.echo(f"removed links {gone['first']} to {gone['through']} ({gone['removed']}): link {link.number} says so")


@app.command("key")
def key_command(context: typer.Context) -> None:
    """Make the key that signs the chain, where there is none yet; print the public one, in PEM.

    The private key stays in `audit.key_file`, readable for the service's user alone, and is never shown. Keep the
    public one where whoever may change the ledger cannot change it.
    """
    from wedtui.ledger.signing import load_signer, make_key

    session = session_of(context)
    configuration = session.loaded.configuration
    file, service = configuration.audit.key_file, configuration.service
    if file is None:
        raise ConfigurationError("expected [audit] key_file: name the absolute path of the key, then run this again")
    if service.mode == "shared" and person() != service.user:
        raise AuditError(f"the key is for the service's user: run this as {service.user}")
    made = not os.path.lexists(file)
    signer = make_key(file) if made else load_signer(file)
    typer.echo(signer.public_key, nl=False)
    what = "made" if made else "there already"
    print(f"wedtui: the key {signer.fingerprint} is {what}: keep the public key above elsewhere", file=sys.stderr)


def _reading(session: Session) -> closing[AuditReader]:
    from wedtui.ledger.audit_reader import AuditReader

    return closing(AuditReader(session.ledger_url))


def _instants(session: Session, since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    now = session.clock.now()
    first, end = (None if text is None else parse_instant(text, now) for text in (since, until))
    if first is not None and end is not None and end <= first:
        raise ConfigurationError("expected --to after --from")
    return first, end


def _keys(files: list[Path]) -> PublicKeys | None:
    from wedtui.ledger.signing import PublicKeys

    return PublicKeys([_text(file, "public key") for file in files]) if files else None


def _anchors_in(file: Path) -> list[Anchor]:
    found = list(parse_anchors(_text(file, "file of anchors").splitlines()))
    if not found:
        raise AuditError(f"{file} holds no anchor: one begins with wedtui-audit-1")
    return found


def _text(file: Path, what: str) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AuditError(f"the {what} {file} cannot be read ({error.strerror}): name another") from None


def _link(written: Written) -> Link | None:
    try:
        return understood(written)
    except ValueError:
        return None


def _line(written: Written) -> str:
    """Return a link in one line that fits 80 columns: number, instant, who, what, of what, and how it stood then."""
    link = _link(written)
    if link is None:
        return f"{written.number:>6}  {CHANGED}"
    at, body = link.at.astimezone(UTC), link.body
    target = next((body[key] for key in _TARGETS if isinstance(body.get(key), str | int)), "")
    alone = "ALONE " if body.get("broke_glass") else ""
    stood = f"{alone}{body.get('outcome') or body.get('state') or ''}"
    parts = (f"#{link.action}" if link.action else "", _short(target), stood)
    rest = shortened(" ".join(part for part in parts if part), _REST)
    who, what = shortened(link.person, _WHO), shortened(link.kind, _WHAT)
    return f"{link.number:>6} {at:%Y-%m-%d %H:%M:%S} {who:<{_WHO}} {what:<{_WHAT}} {rest}".rstrip()


def _short(value: object) -> str:
    return shortened(value if isinstance(value, str) else canonical(value), _OF_ONE)


def _as_json(written: Written) -> dict[str, Any]:
    link = _link(written)
    if link is None:
        return {"number": written.number, "changed": True}
    return {**json.loads(link.content), "hash": link.hash, "changed": False}
