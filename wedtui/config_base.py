"""What every table of the configuration is made of: tables that know their keys, secrets by reference, headers."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, model_validator

from wedtui.config_values import AbsolutePath, HeaderName, HeaderText


class Section(BaseModel):
    """A table of the file; unknown keys are errors."""

    # Built when the first configuration is checked: building each table by itself as well would take twice as long.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Secret(Section):
    """Where a secret is found; the secret itself never stands in the configuration."""

    env: str | None = None
    """The environment variable that holds it."""
    file: AbsolutePath | None = None
    """The file that holds it, on its first line."""
    keyring: str | None = None
    """`service/user` in the operating system's keyring."""

    @model_validator(mode="before")
    @classmethod
    def _is_a_reference(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(
                "expected where the secret is found: "
                '{ env = "NAME" }, { file = "/path" } or { keyring = "service/user" }'
            )
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(v is not None for v in (self.env, self.file, self.keyring)) != 1:
            raise ValueError("expected exactly one of env, file and keyring")
        if self.keyring is not None and "/" not in self.keyring:
            raise ValueError('expected "service/user" for keyring')
        return self


def _header_value(value: object) -> str:
    return "secret" if isinstance(value, dict | Secret) else "text"


Headers = dict[
    HeaderName,
    Annotated[
        Annotated[HeaderText, Tag("text")] | Annotated[Secret, Tag("secret")],
        Discriminator(_header_value),
    ],
]
"""HTTP headers; what must not be read by everyone who reads the file is a `Secret`."""
