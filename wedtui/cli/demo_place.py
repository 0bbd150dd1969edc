"""Where a demo that runs keeps what it makes, and how a command is let into it: `wedtui --demo COMMAND`.

Nothing of the user's own configuration or credentials goes in, and nothing of the demo's comes out.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wedtui.errors import NotFoundError
from wedtui.paths import CONFIG_VARIABLE, STATE_DIR_VARIABLE

PREFIX = "wedtui-demo-"
KEPT_VARIABLES = frozenset({f"WEDTUI_DASHBOARD__{key}" for key in ("THEME", "MOUSE", "COLOURS", "CHARSET")})
_PASSPORT = "demo.json"
_LARGEST = 4096


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """The folder of a demo."""

    folder: Path

    @property
    def config(self) -> Path:
        """Its configuration."""
        return self.folder / "config.toml"

    @property
    def state(self) -> Path:
        """Its state directory."""
        return self.folder / "state"

    @property
    def credentials(self) -> Path:
        """The SDK's file with the credentials of the world's account."""
        return self.folder / "aws-credentials"

    def announce(self, offset: timedelta, scenario: str) -> None:
        """Say that the demo of this process may be asked now."""
        said = {"process": os.getpid(), "offset_s": offset.total_seconds(), "scenario": scenario}
        # Whoever looks must find all of it or nothing.
        made = self.folder / f"{_PASSPORT}.new"
        made.write_text(json.dumps(said), encoding="utf-8")
        made.replace(self.folder / _PASSPORT)


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demo that runs."""

    place: DemoPlace
    offset: timedelta
    """How far its world's clock is ahead of ours."""
    scenario: str


def enter(place: DemoPlace, environ: MutableMapping[str, str] = os.environ) -> None:
    """Let nothing of the user's own configuration into the demo, nor anything of the demo into hers."""
    for variable in [v for v in environ if v.startswith("WEDTUI_") and v not in KEPT_VARIABLES]:
        del environ[variable]
    environ[CONFIG_VARIABLE], environ[STATE_DIR_VARIABLE] = str(place.config), str(place.state)


def with_credentials(place: DemoPlace, environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the SDK finds the demo's credentials and no others, and goes round no proxy."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("AWS_", "BOTO_")) and not name.lower().endswith("_proxy")
    }
    # One file for both: sections of profiles and of credentials do not get into each other's way.
    files = dict.fromkeys(("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"), str(place.credentials))
    return {**kept, **files, "AWS_EC2_METADATA_DISABLED": "true"}


def join(config: Path | None) -> RunningDemo:
    """Turn this process into a command on the demo that runs.

    Args:
        config: the configuration of the one that is meant; None where there is only one.

    Raises:
        NotFoundError: none runs, or it is not said which of several.
    """
    from wedtui.store.clock import keep_files_by

    found = running_demos()
    if config is not None:
        found = [each for each in found if each.place.config.resolve() == config.resolve()]
    if not found:
        where = f" with the configuration {config}" if config is not None else ""
        raise NotFoundError(f"no demo{where} runs: open one with `wedtui demo` in another terminal")
    if len(found) > 1:
        names = ", ".join(f"{each.place.config} ({each.scenario})" for each in found)
        raise NotFoundError(f"{len(found)} demos run: say which one with --config FILE: {names}")
    (demo,) = found
    enter(demo.place)
    theirs = with_credentials(demo.place, os.environ)
    for name in set(os.environ) - set(theirs):
        del os.environ[name]
    os.environ.update(theirs)
    keep_files_by(demo.offset)
    return demo


def running_demos() -> list[RunningDemo]:
    """Return the demos of this user that run, by their folders."""
    folders = sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))
    found = (_running(DemoPlace(folder)) for folder in folders if _is_ours(folder))
    return [each for each in found if each is not None]


def _is_ours(folder: Path) -> bool:
    """Whether nobody else could have put anything there: the folder around it is everybody's."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077


def _running(place: DemoPlace) -> RunningDemo | None:
    try:
        text = (place.folder / _PASSPORT).read_text(encoding="utf-8")
        said = json.loads(text[:_LARGEST])
        os.kill(int(said["process"]), 0)
        return RunningDemo(place, timedelta(seconds=float(said["offset_s"])), str(said["scenario"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        # Not ready yet, over, or what a demo left that was killed.
        return None
