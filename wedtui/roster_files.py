"""Every roster that is written down: those of the configuration, and those of TOML files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wedtui.config_file import Loaded, key_name
from wedtui.config_oncall import RosterFile, RosterSection, roster_problems, step_problems
from wedtui.errors import ConfigurationError
from wedtui.toml_lines import KeyPath
from wedtui.typed_file import TypedFile, read_typed

FOLDER = "rosters"
"""Beside the configuration: every `*.toml` in it is read, by name."""


@dataclass(frozen=True, slots=True)
class WrittenRoster:
    """A roster, and the folder from which its calendar is named."""

    section: RosterSection
    folder: Path

    @property
    def calendar(self) -> Path | None:
        """Where its calendar is; None where it has none."""
        return None if self.section.calendar is None else self.folder / self.section.calendar


def roster_paths(configuration: Path | None) -> tuple[Path, ...]:
    """Return the files of rosters beside a configuration, by name."""
    if configuration is None:
        return ()
    return tuple(sorted((configuration.absolute().parent / FOLDER).glob("*.toml")))


def load_rosters(loaded: Loaded) -> tuple[WrittenRoster, ...]:
    """Return every roster: those of the configuration first, then those of each file beside it.

    Raises:
        ConfigurationError: with a line for each thing that is wrong: file, line, key, what was expected.
    """
    section, configuration = loaded.configuration.oncall, loaded.path
    folder = configuration.absolute().parent if configuration is not None else Path.cwd()
    found = [WrittenRoster(each, folder) for each in section.rosters]
    places = {each.name: str(configuration or "the environment") for each in section.rosters}
    problems: list[str] = []
    for path in roster_paths(configuration):
        try:
            read = read_typed(path, RosterFile)
        except ConfigurationError as error:
            problems += error.problems
            continue
        wrong = list(roster_problems(read.tree.rosters, section.contacts))
        wrong += _known_elsewhere(read, places)
        problems += read.sentences(wrong)
        places |= {each.name: str(path) for each in read.tree.rosters}
        found += [WrittenRoster(each, path.parent) for each in read.tree.rosters]
    if not problems:
        problems += _unknown_rosters(loaded, found)
    if problems:
        raise ConfigurationError("\n".join(problems))
    return tuple(found)


def _known_elsewhere(read: TypedFile[RosterFile], places: dict[str, str]) -> list[tuple[KeyPath, str]]:
    return [
        (("rosters", i, "name"), f'expected another name: "{each.name}" stands in {places[each.name]}')
        for i, each in enumerate(read.tree.rosters)
        if each.name in places
    ]


def _unknown_rosters(loaded: Loaded, found: Sequence[WrittenRoster]) -> list[str]:
    """Return what ladders say of rosters that there are not."""
    wrong = step_problems(loaded.configuration.oncall, [each.section.name for each in found])
    if not wrong:
        return []
    tree = loaded.configuration.model_dump(mode="json")
    return [f"{loaded.origins[path]}: {key_name(path, tree)}: {text}" for path, text in wrong]
