"""Who may do what, and the socket on which the service is asked to: `[roles]` and `[control]`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from wedtui.config_base import Section
from wedtui.config_values import AbsolutePath, Address, Principal, Whole
from wedtui.core.emergency import EMERGENCIES, Way
from wedtui.core.roles import Role


def _confirmed(kind: str) -> str:
    """Take the kind of an action that awaits its confirmation, so that another can see its plan before."""
    kinds = EMERGENCIES.of(Way.TRAFFIC, Way.STEPS)
    if kind not in kinds:
        raise ValueError(f"expected {' or '.join(kinds)}")
    return kind


class RolesSection(Section):
    """What users and groups of the operating system are, in shared mode; everybody else is a viewer."""

    users: dict[Principal, Role] = Field(default_factory=dict)
    """User -> `viewer`, `engineer`, `manager`, `admin` or `owner`; it counts before the user's groups. A number is a
    uid."""
    groups: dict[Principal, Role] = Field(default_factory=dict)
    """Group -> role; of several the highest counts. A number is a gid."""
    second_person: tuple[Annotated[str, AfterValidator(_confirmed)], ...] = ()
    """Actions that take a second person, who sees and approves the same plan."""


class ControlSection(Section):
    """The socket on which the service is asked to act, and where pipelines on other machines ask it by tokens."""

    socket: AbsolutePath | None = None
    """By default `control.sock` in the state directory."""
    group: Principal | None = None
    """The group whose members may ask; by default that of the service's user."""
    requests_per_minute: Whole = Field(default=600, ge=1, le=60_000)
    """Of one user: requests that only look. A dashboard makes 60 while a provider is CRITICAL, and 130 with a panel."""
    actions_per_minute: Whole = Field(default=30, ge=1, le=60_000)
    """Of one user: requests that plan or change something; they have room of their own."""
    listen: Address | None = None
    """Where pipelines on other machines ask, over TLS alone; by default nowhere."""
    certificate: AbsolutePath | None = None
    """With which they are answered: PEM, those between it and the root behind it. Read anew once it is renewed."""
    key: AbsolutePath | None = None
    """Of that certificate: PEM without a password, and for the service alone to read."""

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        given = {"listen": self.listen, "certificate": self.certificate, "key": self.key}
        missing = [name for name, value in given.items() if value is None]
        if missing and len(missing) < len(given):
            raise ValueError(f"expected {' and '.join(missing)} as well: other machines are answered over TLS alone")
        return self
