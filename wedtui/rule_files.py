"""Rules of alerts as they are written in TOML: those that are shipped, and those beside the configuration."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from wedtui.config_base import Section
from wedtui.config_values import Duration, Name, between
from wedtui.core.alerts.condition import Comparison, Condition, Function, leaves_of
from wedtui.core.alerts.grammar import parse_condition
from wedtui.core.alerts.rule import Clear, Elevation, Inhibition, NoData, Rule, RuleBook, Severity, Where
from wedtui.core.evidence import RATIO_SIGNALS
from wedtui.errors import ConfigurationError
from wedtui.toml_lines import KeyPath
from wedtui.typed_file import TypedFile, read_typed

SHIPPED = Path(str(files("wedtui") / "default_rules.toml"))
FOLDER = "rules"
"""Beside the configuration: every `*.toml` in it is read, by name."""
LIVE = "live weddings"
_LONGEST = timedelta(days=7)

_Entry = TypeVar("_Entry")


def _condition(text: str) -> str:
    parse_condition(text)
    return text


def _label(text: str) -> str:
    if not (text.isascii() and text.isidentifier() and text == text.lower() and len(text) <= 63):
        raise ValueError('expected the name of a label such as "provider": small letters, digits and "_"')
    return text


def _values(value: object) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else ()
    texts = tuple(each for each in values if isinstance(each, str) and each.isprintable() and 0 < len(each) <= 200)
    if not texts or len(texts) < len(values):
        raise ValueError("expected a value or a list of values, each of 1 to 200 characters on one line")
    return texts


def _some(entries: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
    """Refuse an empty list; the validator's own check would also refuse one of which an entry is wrong."""
    if not entries:
        raise ValueError("expected at least 1 entry")
    return entries


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 500:
        raise ValueError("expected 1 to 500 characters on one line")
    return text


SOME = AfterValidator(_some)
Written = Annotated[str, AfterValidator(_condition)]
LabelName = Annotated[str, AfterValidator(_label)]
Wanted = dict[LabelName, Annotated[tuple[str, ...], BeforeValidator(_values)]]
Span = Annotated[Duration, between(most=_LONGEST)]
Line = Annotated[str, AfterValidator(_line)]
Word = Literal["critical", "warning"]


class _Table(Section):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class ClearSection(_Table):
    """When it is over."""

    when: Written | None = None
    for_: Span | None = Field(None, alias="for")


class InhibitSection(_Table):
    """What hides the message."""

    by: Annotated[tuple[Name, ...], SOME]
    equal: Annotated[tuple[LabelName, ...], SOME]


class RuleSection(_Table):
    """One `[[rules]]`."""

    name: Name
    enabled: bool = True
    condition: Written | None = None
    raises: Word | None = None
    for_: Span | None = Field(None, alias="for")
    clear: ClearSection = ClearSection()
    nodata: Literal["hold", "warn", "fire"] = "hold"
    severity: Word | None = None
    where: Wanted = Field(default_factory=dict)
    during: Literal["live weddings"] | None = None
    group: tuple[LabelName, ...] = ()
    inhibit: InhibitSection | None = None
    route: Name | None = None
    runbook: Line | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if not self.enabled:
            return self
        if (self.condition is None) == (self.raises is None):
            raise ValueError(
                f'expected exactly one of condition (such as "error_rate > 5%") and raises in rule "{self.name}"'
            )
        if self.condition is not None and self.severity is None:
            raise ValueError(f'expected a severity ("critical" or "warning") in rule "{self.name}"')
        own = self.model_fields_set - {"name", "enabled", "raises", "where", "during"}
        if self.raises is not None and own:
            odd = ", ".join(sorted(each.rstrip("_") for each in own))
            raise ValueError(f'expected only name, raises, where and during in rule "{self.name}", got {odd}')
        return self

    def made(self) -> Rule | Elevation:
        """Return the rule."""
        where = Where(self.where)
        if self.raises is not None:
            return Elevation(self.name, Severity(self.raises), where, live_only=self.during == LIVE)
        assert self.condition is not None
        assert self.severity is not None
        duration = self.for_ or timedelta()
        over = None if self.clear.when is None else parse_condition(self.clear.when)
        return Rule(
            self.name,
            parse_condition(self.condition),
            Severity(self.severity),
            duration,
            Clear(duration if self.clear.for_ is None else self.clear.for_, over),
            NoData(self.nodata),
            where,
            live_only=self.during == LIVE,
            group=self.group,
            inhibit=None if self.inhibit is None else Inhibition(self.inhibit.by, self.inhibit.equal),
            route=self.route or "",
            runbook=self.runbook or "",
        )


class RulesSection(_Table):
    """A file of rules."""

    rules: tuple[RuleSection, ...] = ()


RulesFile = TypedFile[RulesSection]


@dataclass(frozen=True)
class LoadedRules:
    """The rules that count, and where each stands."""

    book: RuleBook
    places: Mapping[str, str]
    """By name, `FILE:LINE`."""
    replaced: tuple[str, ...] = ()
    """The shipped rules in whose place another one counts."""
    off: tuple[str, ...] = ()
    """The rules that are switched off."""


@dataclass
class _Gathered:
    """The rules of several files, by name."""

    sections: dict[str, tuple[RulesFile, KeyPath, RuleSection]] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, path: Path) -> None:
        """Read a file; a rule of its own replaces a shipped one of that name."""
        try:
            read = read_typed(path, RulesSection)
        except ConfigurationError as error:
            self.problems += error.problems
            return
        for number, section in enumerate(read.tree.rules):
            key: KeyPath = ("rules", number)
            other = self.sections.get(section.name)
            if other is not None and other[0].path != SHIPPED:
                text = f'expected another name: "{section.name}" stands at {other[0].place(other[1])}'
                self.problems += read.sentences([((*key, "name"), text)])
                continue
            if other is not None:
                self.replaced.append(section.name)
            self.sections[section.name] = (read, key, section)


def rule_paths(configuration: Path | None) -> tuple[Path, ...]:
    """Return the files of rules beside a configuration, by name; none where there is no folder of them.

    Raises:
        ConfigurationError: the folder cannot be listed, so nobody knows which files there are.
    """
    if configuration is None:
        return ()
    folder = configuration.absolute().parent / FOLDER
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigurationError(f"{folder}: expected a folder of files that can be listed: {error.strerror}") from None
    return tuple(folder / name for name in sorted(names) if name.endswith(".toml"))


def load_rules(paths: Sequence[Path]) -> LoadedRules:
    """Read the shipped rules and these files.

    Raises:
        ConfigurationError: with a line for each thing that is wrong: file, line, key, what was expected.
    """
    gathered = _Gathered()
    for path in (SHIPPED, *paths):
        gathered.add(path)
    on = {name: each for name, each in gathered.sections.items() if each[2].enabled}
    made = {name: section.made() for name, (_read, _key, section) in on.items()}
    known = list(gathered.sections)
    for name, (read, key, _section) in on.items():
        gathered.problems += read.sentences(((*key, *where), text) for where, text in _wrong(made[name], made, known))
    if gathered.problems:
        raise ConfigurationError("\n".join(gathered.problems))
    rules = tuple(rule for rule in made.values() if isinstance(rule, Rule))
    elevations = tuple(rule for rule in made.values() if isinstance(rule, Elevation))
    places = {name: read.place(key) for name, (read, key, _section) in gathered.sections.items()}
    off = tuple(name for name in gathered.sections if name not in on)
    return LoadedRules(RuleBook(rules, elevations), places, tuple(gathered.replaced), off)


def _wrong(
    rule: Rule | Elevation, made: Mapping[str, Rule | Elevation], known: Iterable[str]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with a rule beyond how it is written."""
    if isinstance(rule, Elevation):
        return
    for text in _mistaken_units(rule.condition):
        yield ("condition",), text
    if rule.clear.condition is not None:
        for text in [*_mistaken_units(rule.clear.condition), *_contradicted(rule.condition, rule.clear.condition)]:
            yield ("clear", "when"), text
    if rule.inhibit is not None:
        for place, name in enumerate(rule.inhibit.by):
            text = _unusable_inhibitor(rule, name, made, list(known))
            if text:
                yield ("inhibit", "by", place), text


def _mistaken_units(condition: Condition) -> Iterator[str]:
    """Yield each limit of a ratio that no ratio reaches: somebody thought of percent."""
    for leaf in leaves_of(condition):
        if not isinstance(leaf, Comparison) or leaf.divisor is not None or leaf.limit.normal:
            continue
        ratio = leaf.term.signal in RATIO_SIGNALS and leaf.term.function is not Function.RATE
        if ratio and not 0 <= leaf.limit.number <= 1:
            yield (
                f'expected a limit of 0% to 100% (0 to 1), which {leaf.term.signal} is, got "{leaf.limit}"; '
                f'did you mean "{leaf.limit.number:g}%"?'
            )


def _contradicted(condition: Condition, over: Condition) -> Iterator[str]:
    """Yield why a rule would fire and be over by the same value."""
    if not isinstance(condition, Comparison) or not isinstance(over, Comparison):
        return
    if condition.measure != over.measure or condition.limit.normal != over.limit.normal:
        return
    up = condition.sign.startswith(">")
    opposite = over.sign.startswith("<" if up else ">")
    beyond = over.limit.number - condition.limit.number
    if not opposite or (beyond > 0 if up else beyond < 0):
        sign = "<" if up else ">"
        yield (
            f'expected what is not so while the condition holds, such as "{condition.measure} {sign} '
            f'{condition.limit}" or a limit still {"lower" if up else "higher"}, got "{over}"'
        )


def _unusable_inhibitor(rule: Rule, name: str, made: Mapping[str, Rule | Elevation], known: list[str]) -> str:
    if name == rule.name:
        return f'expected another rule than "{name}" itself, which would hide every message of its own'
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        return f'expected the name of a rule, got "{name}"{hint}'
    other = made.get(name)
    if isinstance(other, Elevation):
        return f'expected a rule with a condition, got "{name}", which raises others'
    if _hidden_by(name, rule.name, made):
        return f'expected a rule that "{rule.name}" does not hide in turn: where both fire, nobody would be told'
    return ""


def _hidden_by(name: str, hider: str, made: Mapping[str, Rule | Elevation]) -> bool:
    """Whether a rule is hidden by another one, directly or by one that is."""
    seen: set[str] = set()
    left = [name]
    while left:
        here = left.pop()
        rule = made.get(here)
        if here in seen or not isinstance(rule, Rule) or rule.inhibit is None:
            continue
        seen.add(here)
        if hider in rule.inhibit.by:
            return True
        left += rule.inhibit.by
    return False
