"""The commands of the line mode: one table, from which a typed word is understood and help is made.

A further command is a function and a line in `COMMANDS`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from wedtui.core.changes import LOOKED_BACK
from wedtui.core.picture import ProviderPicture, ServiceCondition
from wedtui.core.series import probe_of
from wedtui.core.wording import counted
from wedtui.tui.board import SPANS, Board, ChangesTold, History, Lookback, SeriesKey
from wedtui.tui.draw.metrics import signals_of
from wedtui.tui.plain import alerts, answers, inventory, timeline, weddings
from wedtui.tui.plain.describe import pulse
from wedtui.tui.plain.desk import Answer, Asked, AskedChanges, Desk
from wedtui.tui.plain.words import ago, listed, spoken
from wedtui.tui.values import signal_title

LONGEST_EVERY = timedelta(hours=1)
_NEAR = 0.5
_QUOTED = 40


@dataclass(frozen=True, slots=True)
class Command:
    """One word that can be typed."""

    word: str
    arguments: str
    """What follows it, for people: `NAME`; in brackets what may be left out."""
    explanation: str
    """What it does, in one short sentence."""
    answer: Callable[[Desk, Sequence[str]], Answer]
    at_once: bool = False
    """Whether it needs no picture, and so is answered before the first was read."""
    also: tuple[str, ...] = ()
    """Other words for it."""


def quoted(text: str) -> str:
    """Return what a person typed, in quotes and cut to a length that can be read aloud."""
    return f'"{text[:_QUOTED]}..."' if len(text) > _QUOTED else f'"{text}"'


def choose(typed: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the name that was typed or begun; several where it could be any of them, none where it is none.

    A name that begins all others that fit is meant itself: `prov` is `provider`, not `providers`.
    """
    known, word = tuple(names), typed.casefold()
    exact = [n for n in known if n == typed] or [n for n in known if n.casefold() == word]
    if exact:
        return tuple(exact[:1])
    begun = [n for n in known if word and n.casefold().startswith(word)]
    stem = next((n for n in begun if all(other.startswith(n) for other in begun)), None)
    return (stem,) if stem is not None else tuple(begun)


def _unclear(kind: str, typed: str, fits: Sequence[str], names: Sequence[str]) -> str:
    """Say in one sentence what else could have been meant."""
    if fits:
        return f"{quoted(typed)} could be {' or '.join(fits)}; type more of it."
    near = difflib.get_close_matches(typed.casefold(), names, n=1, cutoff=_NEAR)
    if near:
        return f"Unknown {kind} {quoted(typed)}; did you mean {near[0]}?"
    return f"Unknown {kind} {quoted(typed)}; there are {listed(names)}." if names else f"There is no {kind} here."


def find(typed: str) -> Command | str:
    """Return the command that a word means, or one sentence that names the nearest."""
    for command in COMMANDS:
        if typed.casefold() in command.also:
            return command
    words = [c.word for c in COMMANDS]
    fits = choose(typed, words)
    if len(fits) == 1:
        return next(c for c in COMMANDS if c.word == fits[0])
    if fits:
        return f'{_unclear("command", typed, fits, words)[:-1]}, or "help".'
    near = difflib.get_close_matches(typed.casefold(), words, n=1, cutoff=_NEAR)
    hint = f"did you mean {near[0]}? Otherwise" if near else "please"
    return f'Unknown command {quoted(typed)}; {hint} type "help".'


def answer(desk: Desk, line: str) -> Answer:
    """Answer one typed line; an empty one asks whether all is well."""
    words = line.split()
    if not words:
        return (pulse(desk.board),)
    command = find(words[0])
    return (command,) if isinstance(command, str) else command.answer(desk, words[1:])


def at_once(line: str) -> bool:
    """Whether a line can be answered before anything was read."""
    words = line.split()
    command = find(words[0]) if words else None
    return isinstance(command, str) or (command is not None and command.at_once)


def _status(desk: Desk, _words: Sequence[str]) -> Answer:
    return answers.status(desk.board)


def _providers(desk: Desk, words: Sequence[str]) -> Answer:
    return answers.providers(desk.board, " ".join(words))


def _provider_of(board: Board, typed: str) -> ProviderPicture | str:
    """Return the provider of that name or beginning, or one sentence that says why there is none."""
    if board.picture is None:
        return pulse(board)
    names = [p.name for p in board.picture.providers]
    fits = choose(typed, names)
    found = board.picture.provider(fits[0]) if len(fits) == 1 else None
    return found if found is not None else _unclear("provider", typed, fits, names)


def _provider(desk: Desk, words: Sequence[str]) -> Answer:
    if not words:
        return answers.providers(desk.board)
    found = _provider_of(desk.board, words[0])
    return (found,) if isinstance(found, str) else answers.provider(desk.board, found)


def _resources(desk: Desk, words: Sequence[str]) -> Answer:
    if not words:
        return inventory.resources(desk.board)
    found = _provider_of(desk.board, words[0])
    return (found,) if isinstance(found, str) else inventory.resources(desk.board, found.name)


def _findings(desk: Desk, _words: Sequence[str]) -> Answer:
    return answers.findings(desk.board)


def _alerts(desk: Desk, words: Sequence[str]) -> Answer:
    return alerts.alerts(desk.board, " ".join(words))


def _freeze(desk: Desk, _words: Sequence[str]) -> Answer:
    return answers.freeze(desk.board)


def _changes(desk: Desk, words: Sequence[str]) -> Answer:
    rest, span = _without_range(("", *words), LOOKED_BACK)

    def finish(board: Board, told: ChangesTold | None) -> tuple[str, ...]:
        return timeline.changes(board, told, " ".join(rest), span)

    return AskedChanges(Lookback(span), finish)


def _weddings(desk: Desk, words: Sequence[str]) -> Answer:
    return weddings.weddings(desk.board, " ".join(words))


def _protection(desk: Desk, _words: Sequence[str]) -> Answer:
    return weddings.protection(desk.board)


def _signal(desk: Desk, words: Sequence[str]) -> Answer:
    if not words:
        return ('Say which: "signal PROVIDER SIGNAL", for example "signal aws cpu"; "signal PROVIDER" lists them.',)
    found = _provider_of(desk.board, words[0])
    if isinstance(found, str):
        return (found,)
    rest, span = _without_range(words[1:], desk.span)
    if not rest:
        return answers.signals(desk.board, found)
    known = signals_of(found)
    signal = _signal_of(" ".join(rest), known)
    if signal is None:
        return (_no_signal(rest, known),)
    if len(signal) > 1:
        return (_unclear("signal", " ".join(rest), signal, known),)
    name, chosen = found.name, signal[0]

    def finish(board: Board, got: History | None) -> tuple[str, ...]:
        return answers.history(board, name, chosen, span, got)

    return Asked(SeriesKey(name, chosen, span), finish)


def _no_signal(words: Sequence[str], known: Sequence[str]) -> str:
    """Say in one sentence what of the words is not known: a range behind a signal, or the signal."""
    if words[-1][:1].isdigit() and _signal_of(" ".join(words[:-1]), known):
        return _unknown_range(words[-1:])
    return _unclear("signal", " ".join(words), (), known)


def _without_range(words: Sequence[str], usual: timedelta) -> tuple[Sequence[str], timedelta]:
    """Take a range from the end of the words: `1h` or `1 h`."""
    for size in (2, 1):
        span = answers.range_of(words[-size:]) if len(words) > size else None
        if span is not None:
            return words[:-size], span
    return words, usual


def _signal_of(typed: str, known: Sequence[str]) -> tuple[str, ...] | None:
    """Return the signals that a name, a title (`latency p95`) or a probe's own name can mean; None for none."""
    names = {name: name for name in known}
    names.update({signal_title(name): name for name in reversed(known)})
    names.update({probe: name for name in known if (probe := probe_of(name)) is not None and probe not in names})
    return tuple(dict.fromkeys(names[n] for n in choose(typed, names))) or None


def _ranges() -> str:
    return listed([title.replace(" ", "") for title, _ in SPANS])


def _unknown_range(words: Sequence[str]) -> str:
    return f"Unknown range {quoted(' '.join(words))}; there are {_ranges()}."


def _range(desk: Desk, words: Sequence[str]) -> Answer:
    if not words:
        return (f"The range is {answers.range_words(desk.span)}; there are {_ranges()}.",)
    span = answers.range_of(words)
    if span is None:
        return (_unknown_range(words),)
    desk.span = span
    return (f"The range is {answers.range_words(span)} from now on.",)


def _every(desk: Desk, words: Sequence[str]) -> Answer:
    if not words:
        return (f"All is summed up every {spoken(desk.every)}.",)
    limit = LONGEST_EVERY // timedelta(minutes=1)
    text = words[0]
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= limit):
        return (f"Expected minutes from 1 to {limit}, got {quoted(text)}; it stays at {spoken(desk.every)}.",)
    desk.every = timedelta(minutes=int(text))
    return (f"All is summed up every {spoken(desk.every)} from now on.",)


def _again(desk: Desk, _words: Sequence[str]) -> Answer:
    if desk.said is None:
        return ("Nothing has been announced yet.",)
    return (f"Said {ago(desk.said.at, desk.board.now)}:", *desk.said.lines)


def _help(_desk: Desk, words: Sequence[str]) -> Answer:
    if words:
        command = find(words[0])
        return (command if isinstance(command, str) else _explained(command),)
    head = f"{counted(len(COMMANDS), 'command')}; the beginning of a word is enough. Enter alone: is all well?"
    return (head, *(_explained(c) for c in COMMANDS))


def _explained(command: Command) -> str:
    usage = f"{command.word} {command.arguments}".rstrip()
    return f"{usage}: {command.explanation}"


def _quit(desk: Desk, _words: Sequence[str]) -> Answer:
    desk.leaving = True
    if desk.board.demo:
        return ("The demo ends: its world and its service stop.",)
    picture = desk.board.picture
    if picture is not None and picture.condition is ServiceCondition.RUNNING:
        return ("The service goes on watching.",)
    return ("It is not known that a service is watching.",)


COMMANDS: tuple[Command, ...] = (
    Command("status", "", "environment, providers, freeze, protection, service and clock.", _status),
    Command(
        "providers", "[WORDS]", "every provider, worst first; or those whose name or state has the words.", _providers
    ),
    Command("provider", "NAME", "one provider in full: score, limits, probes, signals.", _provider),
    Command("resources", "[PROVIDER]", "what they have: of each kind how many in which state.", _resources),
    Command("findings", "", "everything that is wrong, worst first.", _findings),
    Command("alerts", "[WORDS]", "what fires, since when and who has it; or those that have the words.", _alerts),
    Command("freeze", "", "frozen or not, until when and why.", _freeze),
    Command(
        "changes",
        "[WORDS] [RANGE]",
        "what changed, the newest first, and by whom; or only what has the words. RANGE: 5m to 24h.",
        _changes,
    ),
    Command(
        "weddings", "[ZONE]", "who gets married: live, today by zone, the days ahead, and how old that is.", _weddings
    ),
    Command("protection", "", "the level, until when, why, and what it changes.", _protection),
    Command(
        "signal",
        "PROVIDER [SIGNAL] [RANGE]",
        "the newest value, and the lowest and highest over the range; without SIGNAL their names.",
        _signal,
    ),
    Command("range", "[RANGE]", "over how long: 5m, 15m, 1h, 6h or 24h.", _range, at_once=True),
    Command("every", "[MINUTES]", "how often all is summed up unasked.", _every, at_once=True),
    Command("again", "", "repeat the last announcement.", _again, at_once=True, also=("repeat",)),
    Command("help", "[COMMAND]", "these words.", _help, at_once=True, also=("?",)),
    Command("quit", "", "leave; the service goes on, a demo ends.", _quit, at_once=True, also=("exit", "bye")),
)
