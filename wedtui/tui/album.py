"""Where pictures are kept: two files each, for their owner alone, never one over another, the oldest given up."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wedtui.errors import WedtuiError
from wedtui.tui.private_files import PRIVATE_DIRECTORY, add_own, make_own

if TYPE_CHECKING:
    from wedtui.tui.pictures import Caption

MOST_FILES = 50
_MOST_OF_ONE_SECOND = 100
_OURS = re.compile(r"(?P<stem>\d{8}T\d{6}Z(?:-\d+)?)\.(?:svg|txt)")


@dataclass(frozen=True, slots=True)
class Album:
    """A directory of pictures, and what no picture in it may tell."""

    directory: Path
    version: str
    """Of this program."""
    names: Callable[[], Iterable[str]]
    """Returns the user's and the machine's names; called on the thread that saves."""

    def save(self, exported: str, caption: Caption, shown: frozenset[str] = frozenset()) -> str:
        """Save a picture; return a sentence that says where it is. It touches the disk: not for the thread that draws.

        Args:
            exported: what `App.export_screenshot` returned.
            caption: what the picture says of itself.
            shown: names of watched objects: they are shown, even where the machine or user is called the same.

        Raises:
            WedtuiError: it could not be saved; the sentence says why.
        """
        from wedtui.tui.pictures import picture_of  # noqa: PLC0415 - when somebody saves one

        picture = picture_of(exported, caption, set(self.names()) - shown)
        try:
            self._make()
            stem = self._add(caption.at, picture.svg.encode(), picture.text.encode())
        except OSError as error:
            why = "no room" if error.errno in {errno.ENOSPC, errno.EDQUOT} else error.strerror or type(error).__name__
            raise WedtuiError(f"no picture was saved ({why}): see to {_short(self.directory)}") from None
        try:
            self._give_up_oldest(keep=stem)
        except OSError as error:
            return f"saved {stem}.svg and .txt, but older ones stay ({error.strerror}): {_short(self.directory)}"
        return f"saved {stem}.svg and .txt in {_short(self.directory)}"

    def _make(self) -> None:
        """Make the directory, or see to it that the one that is there is private.

        Raises:
            OSError: it cannot be made, or is not a directory of this user's.
        """
        make_own(self.directory)
        status = self.directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            raise PermissionError(errno.EPERM, "it is not a directory of yours")
        if stat.S_IMODE(status.st_mode) != PRIVATE_DIRECTORY:
            self.directory.chmod(PRIVATE_DIRECTORY)

    def _add(self, at: datetime, svg: bytes, text: bytes) -> str:
        """Write both files under a name that is free; return it."""
        base = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        for number in range(1, _MOST_OF_ONE_SECOND):
            stem = base if number == 1 else f"{base}-{number}"
            first, second = self.directory / f"{stem}.svg", self.directory / f"{stem}.txt"
            try:
                add_own(first, svg)
            except FileExistsError:
                continue
            try:
                add_own(second, text)
            except OSError as error:
                first.unlink(missing_ok=True)
                if isinstance(error, FileExistsError):
                    continue
                raise
            return stem
        raise FileExistsError(errno.EEXIST, f"{base} is there too often")

    def _give_up_oldest(self, keep: str) -> None:
        """Remove the oldest pictures, by the time they were written, so that at most `MOST_FILES` files are left."""
        files = [(path, match["stem"]) for path in self.directory.iterdir() if (match := _OURS.fullmatch(path.name))]
        # A demo's clock may say any time: what a name says is not how old it is.
        written: dict[str, int] = {}
        for path, stem in files:
            try:
                written[stem] = max(written.get(stem, 0), path.lstat().st_mtime_ns)
            except FileNotFoundError:
                continue  # another dashboard gave it up
        oldest = sorted(written, key=lambda stem: (stem == keep, written[stem], stem))
        left = len(files)
        for stem in oldest:
            if left <= MOST_FILES or stem == keep:
                return
            for path in (path for path, of in files if of == stem):
                path.unlink(missing_ok=True)
                left -= 1


def _short(path: Path) -> str:
    """Return a path with `~` for the user's home."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)
