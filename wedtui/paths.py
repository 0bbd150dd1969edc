"""Where configuration and state are, for this user on this system."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wedtui.errors import ServiceError
from wedtui.store.opening import url_of

if TYPE_CHECKING:
    from wedtui.config import Configuration, ServiceSection

CONFIG_VARIABLE = "WEDTUI_CONFIG"
URL_VARIABLE, TOKEN_VARIABLE, TOKEN_FILE_VARIABLE, AUTHORITIES_VARIABLE = (
    "WEDTUI_URL",
    "WEDTUI_TOKEN",
    "WEDTUI_TOKEN_FILE",
    "WEDTUI_CA_FILE",
)
"""By which a service on another machine is asked: where it is, the token or its file, and whom to trust."""
STATE_DIR_VARIABLE = "WEDTUI_STATE_DIR"
DIRECTORY_MODE = 0o750
SHARED_STATE_DIR = Path("/var/lib/wedtui")
SYSTEM_CONFIGURATION = Path("/etc/wedtui/config.toml")


def machine_name() -> str:
    """Return the first part of the machine's name, as far as it can be a name here."""
    first = socket.gethostname().partition(".")[0]
    return "".join(c for c in first if c.isascii() and (c.isalnum() or c in "_-")).strip("_-")[:63] or "here"


def boot_id() -> str:
    """Return what this start of the machine has for itself (`/proc/sys/kernel/random/boot_id`)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class StatePaths:
    """The files of one state directory."""

    directory: Path

    @property
    def place(self) -> str:
        """This machine and state directory, of which there is one service at a time."""
        return f"{socket.gethostname()}:{self.directory}"

    @property
    def lock(self) -> Path:
        """The file whose lock the service holds."""
        return self.directory / "service.lock"

    @property
    def log(self) -> Path:
        """The service's log."""
        return self.directory / "service.log"

    @property
    def output(self) -> Path:
        """What a service in the background prints beside its log."""
        return self.directory / "service.out"

    @property
    def standby(self) -> Path:
        """The ledger that takes what is done while the configured one cannot be reached."""
        return self.directory / "standby.db"

    def cache_url(self, configuration: Configuration) -> str:
        """Return the cache's URL: the configured one, else `cache.db` here."""
        return configuration.cache.url or url_of(self.directory / "cache.db")

    def ledger_url(self, configuration: Configuration) -> str:
        """Return the ledger's URL: the configured one, else `ledger.db` here."""
        return configuration.ledger.url or url_of(self.directory / "ledger.db")

    def control(self, configuration: Configuration) -> Path:
        """Return the socket on which the service is asked: the configured one, else `control.sock` here."""
        return configuration.control.socket or self.directory / "control.sock"

    def make(self) -> None:
        """Make the directory, readable for its group and nobody else.

        Raises:
            ServiceError: it cannot be made.
        """
        try:
            self.directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        except OSError as error:
            raise ServiceError(
                f"cannot make the state directory {self.directory} ({error.strerror}): "
                f"name another with {STATE_DIR_VARIABLE}"
            ) from None


def state_paths(environ: Mapping[str, str] = os.environ, service: ServiceSection | None = None) -> StatePaths:
    """Return the state directory that counts.

    `WEDTUI_STATE_DIR`, else the configured one, else in shared mode that of the machine, else the user's own.

    Args:
        environ: where `WEDTUI_STATE_DIR` may name one.
        service: how the service is configured; None where that is not known (yet).
    """
    named = environ.get(STATE_DIR_VARIABLE)
    if named:
        return StatePaths(Path(named).absolute())
    if service is not None and service.state_dir is not None:
        return StatePaths(service.state_dir)
    if service is not None and service.mode == "shared":
        return StatePaths(SHARED_STATE_DIR)
    import platformdirs  # noqa: PLC0415 - most starts name the directory or need it late

    return StatePaths(platformdirs.user_state_path("wedtui"))


def theme_folders(configuration: Path | None) -> tuple[Path, ...]:
    """Return where a user keeps themes of their own: beside the configuration that counts, and in their own directory.

    Args:
        configuration: what `find_configuration` found.
    """
    beside = [configuration.absolute().parent / "themes"] if configuration is not None else []
    own = configuration_candidates()[0].parent / "themes"
    return tuple(dict.fromkeys([*beside, own]))


def own_directory(paths: StatePaths) -> Path:
    """Return where what is a person's own goes: the state directory if it is hers, else the user's.

    The directory of a shared service belongs to that service's user, and what one person had open is not for it.
    """
    return paths.directory if _is_own(paths.directory) else user_directory()


def user_directory() -> Path:
    """Return the user's own state directory, whatever the environment names."""
    import platformdirs  # noqa: PLC0415 - as above

    return platformdirs.user_state_path("wedtui")


def _is_own(directory: Path) -> bool:
    """Whether a directory belongs to this user or, where it is not there yet, would be made among what does."""
    for place in (directory, *directory.parents):
        try:
            return place.stat().st_uid == os.getuid()
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return False


def find_configuration(path: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the configuration file that counts: the one named, else the first that exists, else None.

    Args:
        path: what the command line names, or None.
        environ: where `WEDTUI_CONFIG` may name one.
    """
    if path is not None:
        return path
    named = environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    return next((c for c in configuration_candidates() if _is_there(c)), None)


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:
        # A folder that may not be looked into may hide what counts: reading the file will say so.
        return True


def configuration_candidates() -> tuple[Path, ...]:
    """Return where a configuration is looked for when none is named, in order."""
    import platformdirs  # noqa: PLC0415 - as above

    return (platformdirs.user_config_path("wedtui") / "config.toml", SYSTEM_CONFIGURATION)
