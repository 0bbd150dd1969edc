"""The rules of alerts that count: read again where they change, and the last good ones where they cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from wedtui.errors import ConfigurationError
from wedtui.rule_files import SHIPPED, LoadedRules, load_rules, rule_paths

Files = Sequence[tuple[str, str]]
"""Name and text of each file."""
GONE_AFTER_S = 60.0
"""Files that counted count on for so long after all of them are gone: a deployment or a mount may put them back."""
_LAST = "the last that could be used count on"


class CountingRules:
    """Knows which rules count. Used by one thread."""

    def __init__(self, configuration: Path | None) -> None:
        """Remember where they are; nothing is read yet.

        Args:
            configuration: the file beside which they stand; None where there is none.
        """
        self._configuration = configuration
        self._seen: object = None
        """Of the files that count; None where others do than there are."""
        self._files: Files = ()
        """Those that count."""
        self._else = _LAST
        """Which count where these cannot be used."""
        self._gone_since: float | None = None
        """Since when there are none, where there were some."""
        self.loaded: LoadedRules | None = None
        """None before they were first read."""
        self.news: Files | None = None
        """What counts since the last look, to be kept; None where that is kept already."""
        self.problem: str | None = None
        """Why what is written does not count, in a sentence."""

    @property
    def shipped(self) -> frozenset[str]:
        """The names of the rules that nobody wrote here."""
        if self.loaded is None:
            return frozenset()
        return frozenset(name for name, place in self.loaded.places.items() if place.startswith(f"{SHIPPED}:"))

    def look(self, kept: Files, at: float) -> LoadedRules:
        """Read the rules where they changed, and return those that count.

        Args:
            kept: the last files that could be used, for where these cannot be and none have been read here.
            at: an instant in seconds, of a clock that nobody sets.
        """
        try:
            loaded = self._read(kept, at)
        except (ConfigurationError, OSError, UnicodeError) as error:
            if self.loaded is None:
                self._files = kept
                self.loaded, self._else = _last_good(kept)
            self._seen = None
            why = str(error).splitlines()[0]
            self.problem = f"the rules of alerts cannot be used, and {self._else}: {why}; see `wedtui rules check`"
            return self.loaded
        self.problem = None
        return loaded

    def _read(self, kept: Files, at: float) -> LoadedRules:
        since, self._gone_since = self._gone_since, None
        paths = rule_paths(self._configuration)
        seen = [_stamp(path) for path in paths]
        if self.loaded is not None and seen == self._seen:
            return self.loaded
        if not paths and (self._files if self.loaded is not None else kept):
            self._gone_since = at if since is None else since
            if at - self._gone_since < GONE_AFTER_S:
                raise ConfigurationError("their files are gone, which counts once it is so for a minute")
        texts = [(path.name, path.read_text(encoding="utf-8")) for path in paths]
        first, self.loaded = self.loaded is None, load_rules(paths)
        # Only now: what could not be read once is read again, whether or not the file has changed since.
        self._seen, self._files, self._else = seen, texts, _LAST
        self.news = None if first and [*texts] == [*kept] else texts
        return self.loaded


def _last_good(kept: Files) -> tuple[LoadedRules, str]:
    try:
        with TemporaryDirectory() as folder:
            paths = []
            for name, text in kept:
                paths.append(Path(folder, Path(name).name))
                paths[-1].write_text(text, encoding="utf-8")
            return load_rules(paths), _LAST if kept else "the shipped ones count alone"
    except (ConfigurationError, OSError):
        return load_rules(()), "the shipped ones count alone"


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return path, None
    return path, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
