"""Asking a service on another machine: where it is, and the token, which no argument of a command ever holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.errors import ConfigurationError
from wedtui.paths import AUTHORITIES_VARIABLE, TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE

if TYPE_CHECKING:
    from wedtui.control.remote_client import RemoteClient

_VARIABLES = (URL_VARIABLE, TOKEN_VARIABLE, TOKEN_FILE_VARIABLE)
URL = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar=URL_VARIABLE,
        help=f"A service on another machine (https://HOST:PORT); its token stands in {TOKEN_VARIABLE} or in the file "
        f"{TOKEN_FILE_VARIABLE}.",
    ),
]


def remote_client(url: str | None) -> RemoteClient | None:
    """Return who asks a service on another machine, by the token and the authorities that the environment names.

    None where nothing says that it is another machine's. What was meant to say it and is empty, as a variable that a
    pipeline did not get, is an error: the machine of a pipeline knows nothing of what is frozen.

    Raises:
        ConfigurationError: URL, token or authorities cannot be used; no sentence quotes a token.
    """
    if url is None:
        named = [each for each in _VARIABLES if each in os.environ]
        if named:
            raise ConfigurationError(f"{named[0]} is set, and it is not said where: expected {URL_VARIABLE} or --url")
        return None
    from wedtui.control.remote_client import RemoteClient

    authorities = os.environ.get(AUTHORITIES_VARIABLE)
    return RemoteClient(url, _secret(), Path(authorities) if authorities else None)


def _secret() -> str:
    """Return the token's secret: of the environment, or of the first line of a file that it names."""
    given, file = os.environ.get(TOKEN_VARIABLE), os.environ.get(TOKEN_FILE_VARIABLE)
    if given and file:
        raise ConfigurationError(f"expected {TOKEN_VARIABLE} or {TOKEN_FILE_VARIABLE}, got both")
    if given:
        return given.strip()
    if not file:
        raise ConfigurationError(
            f"expected a token in {TOKEN_VARIABLE}, or in a file that {TOKEN_FILE_VARIABLE} names: "
            "`wedtui token create` makes one"
        )
    try:
        return Path(file).read_text(encoding="ascii").partition("\n")[0].strip()
    except OSError as error:
        raise ConfigurationError(f"{TOKEN_FILE_VARIABLE}: {file} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{TOKEN_FILE_VARIABLE}: {file} holds no token") from None
