"""What is wrong with a user's themes, and with the one that the configuration names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wedtui.cli.common import Session
from wedtui.errors import ConfigurationError
from wedtui.paths import theme_folders
from wedtui.tui.theme import ThemeFile, read_theme, theme_files, theme_folder

_MOST = 5


def theme_problems(session: Session) -> Iterator[str]:
    """Yield what keeps a theme from being used: of every file of the user's, and of `dashboard.theme`."""
    loaded = session.loaded
    files = theme_files(theme_folders(loaded.path))
    chosen = loaded.configuration.dashboard.theme
    if chosen not in files:
        origin = loaded.named_origin("dashboard.theme")
        yield f'{origin}: dashboard.theme: expected one of {", ".join(files)}, got "{chosen}"'
    for folder in theme_folders(loaded.path):
        for path in sorted(folder.glob("*.toml")):
            counts = files.get(path.stem)
            if counts is None:
                yield f'{path}: expected a name of letters, digits, ".", "_" and "-": rename the file'
            elif counts.parent == theme_folder():
                yield f"{path}: a theme that is shipped has this name, and is used instead: rename the file"
            elif counts != path:
                yield f"{path}: {counts} has the same name, and is used instead: rename one of them"
            else:
                yield from _problems_of(path)


def theme_warnings(session: Session) -> Iterator[str]:
    """Yield what is hard to read in the user's themes: role, ground and ratio."""
    from wedtui.tui.contrast import AA, failures

    for theme in _own_themes(session):
        found = sorted(failures(theme), key=lambda f: f.ratio)
        for failure in found[:_MOST]:
            yield (
                f"theme {theme.name}: {failure.role} on {failure.ground} has a contrast of {failure.ratio:.1f}, less "
                f"than {AA} (WCAG AA), with {failure.where}"
            )
        if len(found) > _MOST:
            yield f"theme {theme.name}: {len(found) - _MOST} further pairs have too little contrast"


def _problems_of(path: Path) -> Iterator[str]:
    try:
        read_theme(path)
    except ConfigurationError as error:
        yield from str(error).splitlines()


def _own_themes(session: Session) -> Iterator[ThemeFile]:
    for path in theme_files(theme_folders(session.loaded.path)).values():
        if path.parent == theme_folder():
            continue
        try:
            yield read_theme(path)
        except ConfigurationError:
            continue  # `theme_problems` says it
