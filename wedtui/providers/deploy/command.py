"""Versions put in place by a command of the configuration, run by a supervisor that outlives this service.

The command is a list of arguments, never a text for a shell; words in braces stand for what was submitted, and what
was submitted was parsed. It gets exactly the environment that is configured. A start is a folder of its own: whoever
makes that has the start to itself, and what is in it says how far it is to whoever comes later. Another machine cannot
look into it, and says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pwd
import select
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from wedtui.core.deployments.words import WORDS, filled
from wedtui.core.text import abridged, single_line
from wedtui.core.wording import duration
from wedtui.errors import ConflictError, NotNowError, ProviderUnavailableError
from wedtui.providers.deploy import supervising
from wedtui.providers.deploy.base import Found, Placing, Progress, Seen, Trace
from wedtui.providers.deploy.supervising import ABORT, BEGUN, COMMAND, OLDER, OUTPUT, RESULT

LOCK = "lock"
BEGINS_WITHIN = timedelta(seconds=10)
"""So long the supervisor has to begin."""
SHOWS_WITHIN = timedelta(seconds=10)
"""So long the command has that shows which version is in place."""
_SHOWN_AT_MOST = 4096
_QUOTED_AT_MOST = 160
_LINE_AT_MOST = 4_000


@dataclass(frozen=True, slots=True)
class Command:
    """How versions of one template are put in place."""

    argv: tuple[str, ...]
    """With `{version}`, `{previous}`, `{service}`, `{environment}` and `{release}` for what was submitted."""
    shows: tuple[str, ...]
    """The arguments of a command that prints the version that is in place; with the same words, but `{version}`."""
    within: timedelta
    environ: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    """As whom it is run; None: as the service's own user."""
    folder: Path = Path("/")
    """In which it is run."""


@dataclass(frozen=True, slots=True)
class Folders:
    """What starts of commands left behind on this machine, for who only looks."""

    state: Path

    def output(self, what: Placing) -> str | None:
        """Return what a start printed, as text without a terminal's words, as far as it is kept; None: it left none."""
        folder = self.state / what.name
        if not folder.is_dir():
            return None
        lines = _printed(folder).decode("utf-8", "replace").splitlines()
        return "\n".join(single_line(each, _LINE_AT_MOST) for each in lines)


class CommandDeployer:
    """Puts versions in place by a command."""

    def __init__(self, command: Command, state: Path, machine: str) -> None:
        """Remember what is run, and where its folders are.

        Args:
            command: how.
            state: a folder of this machine that nobody else can write; it is made where it is missing.
            machine: the name of this machine: another one cannot look into that folder.
        """
        self._command, self._state, self._machine = command, state, machine

    async def prepare(self, what: Placing) -> str:
        """Look which version is in place; raises what `Deployer.prepare` does."""
        there = await self.in_place(what)
        if there == what.version:
            raise ConflictError(f"{there} of {what.service} in {what.environment} is in place already")
        return there

    async def start(self, what: Placing) -> str:
        """Start the command; raises what `Deployer.start` does."""
        return await asyncio.to_thread(self._start, what)

    async def find(self, what: Placing) -> Found:
        """Say whether the command was started on this machine."""
        return await asyncio.to_thread(self._find, what)

    async def observe(self, what: Placing) -> Seen:
        """Say how far the command is; one that ended well has to have put the version in place."""
        seen = await asyncio.to_thread(self._observe, what)
        if seen.progress is not Progress.DONE:
            return seen
        there = await self.in_place(what)
        if there != what.version:
            shown = f"{there} is in place" if there else "nothing is in place"
            return Seen(Progress.FAILED, f"the command ended well and did nothing: {shown}, not {what.version}")
        return Seen(Progress.DONE, f"{seen.said}; {there} is in place")

    async def abort(self, what: Placing) -> None:
        """Have the command end."""
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread((self._folder(what) / ABORT).touch)

    async def in_place(self, what: Placing) -> str:
        """Return the version that is in place; empty where there is none.

        Raises:
            ProviderUnavailableError: the command that shows it does not say.
        """
        return await asyncio.to_thread(self._shown, what)

    def output(self, what: Placing) -> bytes:
        """Return what the command printed, as far as it is kept: the newest."""
        return _printed(self._folder(what))

    def _folder(self, what: Placing) -> Path:
        return self._state / what.name

    def _start(self, what: Placing) -> str:
        folder = self._folder(what)
        try:
            self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
        except OSError as error:
            if folder.exists():
                # Whoever made it has the start to itself, alive or dead: what came of that is for `find` to say.
                raise RuntimeError(f"{what.name} was begun before") from None
            raise NotNowError(f"no folder can be made for the command: {error.strerror}") from None
        with self._locked(folder) as lock:
            try:
                supervising.written(folder / COMMAND, self._document(what))
            except OSError as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise NotNowError(f"the command cannot be written down: {error.strerror}") from None
            return self._begun(folder, lock)

    def _begun(self, folder: Path, lock: int) -> str:
        """Start the supervisor, which holds the lock from now on, and wait until it has begun or ended."""
        # No shell, and arguments of ours alone.
        with (folder / "supervisor").open("wb") as words:
            child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", supervising.__file__, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                cwd="/",
                env={"PATH": os.defpath},
                pass_fds=(lock,),
                start_new_session=True,
            )
        # It outlives whoever started it, and is waited for by them as long as they live.
        threading.Thread(target=child.wait, name=f"release {folder.name}", daemon=True).start()
        watched = os.pidfd_open(child.pid)
        try:
            for _ in range(int(BEGINS_WITHIN / timedelta(milliseconds=50))):
                ended = bool(select.select([watched], [], [], 0.05)[0])
                if (folder / BEGUN).exists():
                    return f"the command was started (supervisor {child.pid})"
                if ended:
                    break
        finally:
            os.close(watched)
        raise RuntimeError("the supervisor of the command did not begin")

    def _document(self, what: Placing) -> dict[str, Any]:
        user, group, groups = self._user()
        return {
            "argv": [_filled(word, what) for word in self._command.argv],
            "environ": dict(self._command.environ),
            "cwd": str(self._command.folder),
            "within_s": self._command.within.total_seconds(),
            "user": user,
            "group": group,
            "groups": groups,
        }

    def _user(self) -> tuple[int | None, int | None, list[int]]:
        if self._command.user is None:
            return None, None, []
        try:
            who = pwd.getpwnam(self._command.user)
        except KeyError:
            raise ConflictError(f"there is no user {single_line(self._command.user, 60)} on this machine") from None
        return who.pw_uid, who.pw_gid, os.getgrouplist(who.pw_name, who.pw_gid)

    def _find(self, what: Placing) -> Found:
        folder = self._folder(what)
        if what.begun_on not in {"", self._machine}:
            return Found(Trace.UNKNOWABLE, f"{_elsewhere(what)}: whether the command was started is not known here")
        if not folder.exists():
            return Found(Trace.NOT_MADE, "the command was not started on this machine")
        try:
            with self._locked(folder):
                # Whoever had it has let go of it: nothing changes here any more.
                return self._left(folder)
        except BlockingIOError:
            return Found(Trace.MADE, "the command was started, and goes on")

    def _left(self, folder: Path) -> Found:
        """Say what is left where nobody is at work; a folder in which nothing was ever run goes."""
        if (folder / RESULT).exists():
            return Found(Trace.MADE, "the command was started, and ended")
        if (folder / BEGUN).exists():
            return Found(Trace.UNKNOWABLE, "the command was started, and its supervisor died: its end is not known")
        # Whoever made the folder died before there was a supervisor: nothing was run, and nothing will be.
        shutil.rmtree(folder)
        return Found(Trace.NOT_MADE, "the command was not started")

    def _observe(self, what: Placing) -> Seen:
        folder = self._folder(what)
        free = folder.exists() and self._is_free(folder)
        try:
            result: dict[str, Any] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            if not folder.exists():
                return Seen(Progress.UNKNOWN, f"{_elsewhere(what)}: how far the command is is not known here")
            if free:
                return Seen(Progress.UNKNOWN, "the supervisor of the command died: how it ended is not known")
            return Seen(Progress.GOING, self._last_line(what) or "the command goes on")
        return _ended(result, self._command.within, self._last_line(what))

    def _last_line(self, what: Placing) -> str:
        lines = self.output(what)[-_SHOWN_AT_MOST:].decode("utf-8", "replace").strip().splitlines()
        return f'it printed "{abridged(single_line(lines[-1]), _QUOTED_AT_MOST)}"' if lines else ""

    def _shown(self, what: Placing) -> str:
        argv = [_filled(word, what) for word in self._command.shows]
        user, group, groups = self._user()
        who: dict[str, Any] = {} if user is None else {"user": user, "group": group, "extra_groups": groups}
        try:
            done = subprocess.run(  # noqa: S603 - an argument list from the configuration, and no shell
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=dict(self._command.environ),
                cwd=self._command.folder,
                timeout=SHOWS_WITHIN.total_seconds(),
                check=False,
                start_new_session=True,
                **who,
            )
        except subprocess.TimeoutExpired:
            said = f"did not end within {duration(SHOWS_WITHIN)}"
        except OSError as error:
            said = f"cannot be run: {error.strerror}"
        else:
            if done.returncode == 0:
                lines = done.stdout[:_SHOWN_AT_MOST].decode("utf-8", "replace").splitlines()
                return single_line(lines[0], 256) if lines else ""
            said = f"ended with {done.returncode}"
        raise ProviderUnavailableError(f"which version is in place is not known: {Path(argv[0]).name} {said}")

    @contextlib.contextmanager
    def _locked(self, folder: Path) -> Iterator[int]:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield lock
        finally:
            os.close(lock)

    def _is_free(self, folder: Path) -> bool:
        """Whether nobody who could go on with a start lives."""
        try:
            with self._locked(folder):
                return True
        except BlockingIOError:
            return False


def _printed(folder: Path) -> bytes:
    found = b""
    for name in (OLDER, OUTPUT):
        with contextlib.suppress(FileNotFoundError):
            found += (folder / name).read_bytes()
    return found


def _filled(word: str, what: Placing) -> str:
    """Return an argument with what was submitted in it."""
    return filled(word, {name: str(getattr(what, name)) for name in WORDS})


def _elsewhere(what: Placing) -> str:
    return f"it was begun on {single_line(what.begun_on, 60) or 'another machine'}"


def _ended(result: Mapping[str, Any], within: timedelta, last: str) -> Seen:
    """Say how a command ended."""
    code, words = result.get("code"), f"; {last}" if last else ""
    if (problem := result.get("could_not_start")) is not None:
        return Seen(Progress.FAILED, f"the command cannot be run: {single_line(str(problem))}")
    if result.get("aborted"):
        return Seen(Progress.FAILED, f"the command was ended{words}")
    if result.get("timed_out"):
        return Seen(Progress.FAILED, f"the command did not end within {duration(within)}, and was ended{words}")
    if result.get("left"):
        return Seen(
            Progress.FAILED, f"the command left {result['left']} processes behind, which were ended with it{words}"
        )
    if code != 0:
        how = f"ended with {code}" if isinstance(code, int) and code >= 0 else f"was killed by signal {-int(code or 0)}"
        return Seen(Progress.FAILED, f"the command {how}{words}")
    return Seen(Progress.DONE, f"the command ended well{words}")
