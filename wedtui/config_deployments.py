"""The configuration of releases: how many at once, and templates: how each kind is done, checked and watched."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from wedtui.config_base import Section
from wedtui.config_executors import CommandSection, EcsSection, GitHubActionsSection
from wedtui.config_values import Duration, Environment, Name, Whole, number
from wedtui.core.deployments.submission import LONGEST
from wedtui.core.wording import duration

EXECUTORS = ("command", "ecs", "github_actions")


class WatchSection(Section):
    """A signal that tells whether a release hurts: a higher value is a worse one."""

    provider: Name
    signal: Name
    above: Annotated[float, BeforeValidator(number), Field(ge=0, allow_inf_nan=False)] | None = None
    """It hurts above this, in the unit of the signal."""
    times_before: Annotated[float, BeforeValidator(number), Field(gt=0, allow_inf_nan=False)] | None = None
    """It hurts above so many times what it was before, on average over as long a time as it soaks."""
    at_least: Annotated[float, BeforeValidator(number), Field(ge=0, allow_inf_nan=False)] = 0.0
    """It is compared with before only above this: twice next to nothing is next to nothing."""

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.above is None and self.times_before is None:
            raise ValueError("expected above, or times_before, or both")
        return self


class MigrationSection(Section):
    """What is done to data before a release of this kind starts; it has an approval of its own."""

    name: Name
    undo: Name | None = None
    """The name of what takes it back; without it the panel says that nothing does."""


class TemplateSection(Section):
    """How releases of one kind are done."""

    name: Name
    services: tuple[Name, ...] = ()
    """Of which services; none means of any."""
    environments: tuple[Environment, ...] = ()
    """Where; none means anywhere."""
    within: Duration
    """So long a run may take, until the version is in place everywhere."""
    soak: Duration
    """So long it is watched after that. Run and soak have to end before the next freeze begins."""
    checks: tuple[Name, ...] = ()
    """What a pipeline has to report as passed before a release stands in line."""
    approvals: tuple[Name, ...] = ()
    """The stages that persons approve, in this order; never who submitted it, and each another one."""
    apart: tuple[Name, ...] = ()
    """The services of the same environment that are not released while one of this kind is under way."""
    migration: MigrationSection | None = None
    executor: Literal["command", "ecs", "github_actions"] = "command"
    """Who puts a version in place: of it, and of no other, there is a table of that name."""
    command: CommandSection | None = None
    ecs: EcsSection | None = None
    github_actions: GitHubActionsSection | None = None
    watch: Annotated[tuple[WatchSection, ...], Field(min_length=1)]
    """Without any nothing would ever be known of how a release did."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.within + self.soak > LONGEST:
            raise ValueError(f"expected within and soak to be {duration(LONGEST)} together at most")
        given = [name for name in EXECUTORS if getattr(self, name) is not None]
        if given != [self.executor]:
            there = f"; got {' and '.join(given)}" if given else "; got none"
            raise ValueError(
                f'expected the table {self.executor}, and no other, for executor = "{self.executor}"{there}'
            )
        for what, names in (("checks", self.checks), ("approvals", self.approvals), ("apart", self.apart)):
            if len(set(names)) < len(names):
                raise ValueError(f"expected each of {what} once")
        return self


class DeploymentsSection(Section):
    """Releases: the queue, and how each kind is done."""

    at_once: Whole = Field(default=2, ge=1, le=8)
    """So many are under way at once; of one service and environment never more than one."""
    templates: tuple[TemplateSection, ...] = ()


def deployment_problems(
    section: DeploymentsSection, signals: Collection[tuple[str, str]]
) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what no single template can know: names that occur twice, and signals that nothing measures.

    Args:
        section: of all templates.
        signals: what is measured, by provider and name.
    """
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    names = [each.name for each in section.templates]
    measured = ", ".join(sorted(f"{provider} {signal}" for provider, signal in signals)) or "none"
    for i, template in enumerate(section.templates):
        here = ("deployments", "templates", i)
        if template.name in names[:i]:
            wrong.append(((*here, "name"), f'expected a name of its own; "{template.name}" occurs twice'))
        for j, each in enumerate(template.watch):
            if (each.provider, each.signal) not in signals:
                said = f'expected a signal that is measured ({measured}); "{each.provider} {each.signal}" is none'
                wrong.append(((*here, "watch", j, "signal"), said))
        if template.migration is not None:
            wrong.append(((*here, "migration"), "expected no migration: no step of one is made yet"))
    return wrong
