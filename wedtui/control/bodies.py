"""What a request may ask for: every field, its bounds, and nothing else. Who asks is never among it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from wedtui.config_values import Environment, Instant, Name
from wedtui.core.freeze import UNTIL_LIFTED
from wedtui.core.text import single_line

REASON_AT_MOST = 500


def _says_something(value: str) -> str:
    text = single_line(value)
    if not text:
        raise ValueError("expected text that says something: everybody will read it")
    return text


def _in_utc(value: datetime) -> datetime:
    try:
        at = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected an instant between the years 1970 and 9998") from None
    if not 1970 <= at.year <= UNTIL_LIFTED.year - 1:
        raise ValueError("expected an instant between the years 1970 and 9998")
    return at


At = Annotated[Instant, AfterValidator(_in_utc)]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_AT_MOST), AfterValidator(_says_something)]


class Body(BaseModel):
    """A request's body; a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FreezeToAdd(Body):
    """A freeze [start, end)."""

    start: At | None = None
    """Without it now."""
    end: At
    reason: Reason
    name: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_says_something)] | None = None
    """By default the reason."""
    environments: Annotated[tuple[Environment, ...], Field(min_length=1, max_length=32)] | None = None
    """By default the service's own."""
    services: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    """None means all."""


class Lockdown(Body):
    """A freeze of everything, from now on."""

    reason: Reason
    until: At | None = None
    """Without it until a person lifts it."""


class ToOverride(Body):
    """A freeze that is not to count for one object, from now on."""

    object: Annotated[str, Field(min_length=1, max_length=130)]
    reason: Reason
    until: At
    """Within 4 h."""


FreezeWord = Literal["lockdown", "freeze-add", "freeze-lift", "freeze-override"]
Subject = Annotated[str, Field(min_length=1, max_length=150)]
"""`everything`, `4h`, the number of a freeze, `traffic 2h`, by the kind."""


class FreezeToConfirm(Body):
    """A person's word for exactly the plan that they saw."""

    kind: FreezeWord
    subject: Subject
    reason: Reason
    digest: Annotated[str, Field(min_length=64, max_length=64, pattern="^[0-9a-f]+$")]
    at: At
    """When it was planned."""
    typed: Annotated[str, Field(max_length=300)]


def _named(value: str) -> str:
    return single_line(value, 60)


class ToArm(Body):
    """On what a panel is open."""

    kind: Literal["failover", "failback", "lockdown", "freeze-add", "freeze-lift", "freeze-override"]
    target: Annotated[str, Field(max_length=130), AfterValidator(_named)] = ""


class RaiseToAdd(Body):
    """A protection level that is asked for, from now on."""

    level: Literal["HIGH", "MAXIMUM"]
    reason: Reason
    until: At


class ToEnd(Body):
    """Why something ends before its time."""

    reason: Reason


Where = Annotated[str, Field(min_length=1, max_length=130, pattern=r"^[^\s/]+(/[^\s/]+)?$")]


class PlanWanted(Body):
    """A change of shares that is to be planned."""

    kind: Literal["failover", "failback"]
    lost: Annotated[tuple[Where, ...], Field(max_length=16)] = ()
    """Of a failover, what loses all it has: `aws`, or `aws/eu-west-1`."""
    accepts_overload: bool = False
    to: Literal["configured", "before"] = "configured"
    """Of a failback: to the shares of the configuration, or to those before the newest failover."""
    without_ledger: bool = False
    """Of a failover: the emergency path, open only while the ledger cannot be reached. It is put on record after."""
    vouched: Annotated[tuple[Name, ...], Field(max_length=16)] = ()
    """On that path: providers of which nothing is known, and which whoever asks says are well."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.without_ledger and self.kind != "failover":
            raise ValueError("expected a failover: nothing else rescues, and can wait for the ledger")
        if self.vouched and not self.without_ledger:
            raise ValueError("expected without_ledger beside vouched: else health is read, and nobody vouches")
        return self


class ToChange(PlanWanted):
    """A change of shares that is asked for."""

    reason: Reason


class ToApprove(Body):
    """A second person's word for exactly the plan that they saw."""

    digest: Annotated[str, Field(min_length=64, max_length=64, pattern="^[0-9a-f]+$")]
    typed: Annotated[str, Field(max_length=300)]


class ToConfirm(ToApprove):
    """The word of who asked for it, for exactly the plan that they saw."""

    break_glass: Reason | None = None
    """Why it cannot wait for the second person who is demanded: everybody is told, and another person reviews it."""


class ToSettle(Body):
    """How an action stands that was handed over; or what was found of one that was done without a second person."""

    sentence: Reason
