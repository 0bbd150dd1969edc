"""What a request may ask for: every field, its bounds, and nothing else. Who asks is never among it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from wedtui.config_values import Environment, Instant, Name
from wedtui.core.deployments.release import HIGHEST, LOWEST, USUAL
from wedtui.core.deployments.submission import AFTER_AT_MOST, LINKS_AT_MOST
from wedtui.core.emergency import EMERGENCIES, Way
from wedtui.core.failover_facts import Kind
from wedtui.core.freeze import UNTIL_LIFTED
from wedtui.core.notify import Level
from wedtui.core.text import single_line
from wedtui.core.tokens import LASTS_AT_MOST, OVERLAP, OVERLAP_AT_MOST, Scope

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


class Registered:
    """That a word is the kind of an action of the registry, as that stands when it is asked."""

    def __init__(self, *ways: Way) -> None:
        """Remember which are meant.

        Args:
            ways: how they are carried out.
        """
        self._ways = ways

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Take such a word and no other."""
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, object]:
        """Describe which there are."""
        return {**handler(schema), "enum": [*EMERGENCIES.of(*self._ways)]}

    def _known(self, word: str) -> str:
        kinds = EMERGENCIES.of(*self._ways)
        if word not in kinds:
            raise ValueError(f"expected one of {', '.join(kinds)}")
        return word


FreezeWord = Annotated[str, Registered(Way.FREEZE)]
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

    kind: Annotated[str, Registered(*Way)]
    target: Annotated[str, Field(max_length=130), AfterValidator(_named)] = ""


class RaiseToAdd(Body):
    """A protection level that is asked for, from now on."""

    level: Literal["HIGH", "MAXIMUM"]
    reason: Reason
    until: At


class ToEnd(Body):
    """Why something ends before its time."""

    reason: Reason


class ToAcknowledge(Body):
    """That somebody looks at an alert. It need not be said why: nobody is to be kept from it by having to write."""

    reason: Annotated[str, Field(max_length=REASON_AT_MOST)] = ""


_Word = Annotated[str, Field(min_length=1, max_length=200)]


class SilenceAsked(Body):
    """Alerts that nobody is to be told of, from now on: of any of the rules, with all of the labels."""

    rules: Annotated[tuple[_Word, ...], Field(max_length=50)] = ()
    """None means any."""
    labels: Annotated[dict[_Word, Annotated[tuple[_Word, ...], Field(max_length=50)]], Field(max_length=50)] = Field(
        default_factory=dict
    )
    """By label, the values of which one must be there."""
    until: At
    """Within 24 h."""


class SilenceToAdd(SilenceAsked):
    """A silence that is asked for."""

    reason: Reason


class SilenceToPreview(SilenceAsked):
    """A silence of which it is asked what it would hide: nobody has to say why yet."""

    reason: Reason | None = None


class ToBroadcast(Body):
    """What everybody is told, by every channel."""

    message: Reason
    severity: Level = Level.INFO


Where = Annotated[str, Field(min_length=1, max_length=130, pattern=r"^[^\s/]+(/[^\s/]+)?$")]


class PlanWanted(Body):
    """An action of the journal that is to be planned: a change of shares, or whatever else is registered."""

    kind: Annotated[str, Registered(Way.TRAFFIC, Way.STEPS)]
    subject: Annotated[str, Field(max_length=150)] = ""
    """Of what is no change of shares: on what."""
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
        if self.kind in EMERGENCIES.of(Way.STEPS):
            return self._on_a_subject()
        if self.subject:
            raise ValueError("expected no subject: a change of shares says what is lost, or to which shares")
        if self.without_ledger and self.kind != Kind.FAILOVER:
            raise ValueError("expected a failover: nothing else rescues, and can wait for the ledger")
        if self.vouched and not self.without_ledger:
            raise ValueError("expected without_ledger beside vouched: else health is read, and nobody vouches")
        return self

    def _on_a_subject(self) -> Self:
        shares = {"lost", "accepts_overload", "to", "without_ledger", "vouched"} & self.model_fields_set
        if shares or not self.subject or single_line(self.subject) != self.subject:
            raise ValueError("expected a subject, and nothing of shares: it is no change of them")
        return self


class ToChange(PlanWanted):
    """An action of the journal that is asked for."""

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


Version = Annotated[str, Field(min_length=1, max_length=255)]
_Link = Annotated[str, Field(min_length=1, max_length=2010)]


class ReleaseAsked(Body):
    """What is to be in place: of which service, where."""

    service: Name
    environment: Environment | None = None
    """By default the service's own."""
    version: Version


class ReleaseToSubmit(ReleaseAsked):
    """A release that is to be put in the queue."""

    template: Name | None = None
    """By default the first that is for that service and environment."""
    priority: Annotated[int, Field(ge=LOWEST, le=HIGHEST)] = USUAL
    pipeline: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_says_something)] | None = None
    """The pipeline that it comes from; without it a person submits it."""
    link: _Link | None = None
    """Where that pipeline's run can be looked at."""
    links: Annotated[tuple[_Link, ...], Field(max_length=LINKS_AT_MOST)] = ()
    after: Annotated[tuple[Annotated[int, Field(ge=1, le=2**31 - 1)], ...], Field(max_length=AFTER_AT_MOST)] = ()
    """The numbers of the releases that have to have succeeded first."""
    soak_s: Annotated[int, Field(ge=0, le=86_400)] | None = None
    """So long it is watched, where that is longer than its template asks for."""


class ReleaseToApprove(Body):
    """A person's word for one stage of a release."""

    stage: Name
    reason: Annotated[str, Field(max_length=REASON_AT_MOST)] = ""


class CheckToReport(Body):
    """How one of the checks of a release ended."""

    check: Name
    passed: bool


class GateAsked(Body):
    """What a pipeline would like to release."""

    service: Name
    environment: Environment | None = None
    """By default the service's own."""
    version: Version | None = None
    """Without it the next one, whichever that is."""


_Digest = Annotated[str, Field(min_length=64, max_length=64, pattern="^[0-9a-f]+$")]
"""SHA-256 of a secret, which itself is never sent here."""
_Lasts = Annotated[int, Field(ge=60, le=int(LASTS_AT_MOST.total_seconds()))]


class TokenToMake(Body):
    """A token by which a pipeline asks from another machine."""

    name: Name
    digest: _Digest
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))]
    lasts_s: _Lasts
    services: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    """None means all."""
    environments: Annotated[tuple[Environment, ...], Field(max_length=32)] = ()
    """None means all."""


class TokenToRotate(Body):
    """Another secret for a token."""

    digest: _Digest
    overlap_s: Annotated[int, Field(ge=0, le=int(OVERLAP_AT_MOST.total_seconds()))] = int(OVERLAP.total_seconds())
    """So long the one before counts as well; 0: it ends at once."""
    lasts_s: _Lasts | None = None
    """Until when the token counts, from now on; without it as before."""
