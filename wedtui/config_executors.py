"""The configuration of who puts versions in place: a table for each way, of which a template has one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from wedtui.config_base import Secret, Section
from wedtui.config_values import AbsolutePath, Account, EndpointUrl, HttpUrl, Region, RoleArn, Title
from wedtui.core.deployments.words import arguments, worded

Arguments = Annotated[tuple[str, ...], AfterValidator(arguments)]
"""Of a command: a program by its whole path, and what it is given; never a text for a shell."""
Worded = Annotated[str, Field(max_length=1024), AfterValidator(worded)]
"""A text with `{version}`, `{previous}`, `{service}`, `{environment}` and `{release}` for what was submitted."""
_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_WORKFLOW = re.compile(r"[A-Za-z0-9._-]{1,100}\.ya?ml")
_INPUT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


def _repository(value: str) -> str:
    if _REPOSITORY.fullmatch(value) is None:
        raise ValueError('expected a repository such as "octo-org/octo-repo"')
    return value


def _workflow(value: str) -> str:
    if _WORKFLOW.fullmatch(value) is None:
        raise ValueError('expected the name of a workflow\'s file, such as "deploy.yml"')
    return value


def _input(value: str) -> str:
    if _INPUT.fullmatch(value) is None:
        raise ValueError('expected the name of an input, such as "version"')
    return value


def _placed(value: str) -> str:
    return worded(value, ("service", "environment"))


def _versioned(value: str) -> str:
    worded(value, ("version", "service", "environment"))
    if value.count("{version}") != 1:
        raise ValueError('expected "{version}" in it, once')
    return value


InputName = Annotated[str, AfterValidator(_input)]
Placed = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_placed)]
"""A text with `{service}` and `{environment}` for what was submitted."""
Versioned = Annotated[str, Field(pattern=r"^[!-~]{1,1024}$"), AfterValidator(_versioned)]
"""What a version is called elsewhere: with `{version}`, and perhaps `{service}` and `{environment}`."""


class CommandSection(Section):
    """A command of yours that puts a version in place."""

    argv: Arguments
    """With `{version}`, `{previous}`, `{service}`, `{environment}` and `{release}` for what was submitted."""
    shows: Arguments
    """A command that prints the version that is in place on its first line, nothing where there is none: without it
    nobody would know whether anything was done."""
    environ: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str | Secret] = Field(
        default_factory=dict
    )
    """All that it finds in its environment."""
    user: Account | None = None
    """As whom it is run; by default the service's own user. Only a service that runs as root can have another."""
    folder: AbsolutePath = Path("/")
    """In which it is run."""


class GitHubActionsSection(Section):
    """A workflow of GitHub Actions that puts a version in place."""

    repository: Annotated[str, AfterValidator(_repository)]
    """`owner/name`."""
    workflow: Annotated[str, AfterValidator(_workflow)]
    """The name of its file in `.github/workflows`."""
    ref: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,250}$")] = "main"
    """The branch or tag whose workflow is run."""
    token: Secret
    """Of a GitHub App or a person: it reads and writes Actions and Deployments of that repository."""
    inputs: dict[InputName, Worded] = Field(default_factory=lambda: {"version": "{version}"})
    """What the workflow is given, with `{version}` and the other words for what was submitted."""
    mark: InputName = "wedtui"
    """The input that gets a mark of the start, which the workflow has to show in its `run-name`."""
    jobs: tuple[Title, ...] = ()
    """The jobs that have to succeed; none means that the run has to end well."""
    environments: tuple[Title, ...] = ()
    """GitHub's own environments whose waiting jobs wedtui approves while a release runs, and rejects when it is
    ended."""
    url: HttpUrl = "https://api.github.com"
    """Where the API is; of a GitHub Enterprise Server `https://HOST/api/v3`."""
    ca_file: AbsolutePath | None = None

    @model_validator(mode="after")
    def _marks(self) -> Self:
        if self.mark in self.inputs:
            raise ValueError(f'expected an input of its own for the mark; "{self.mark}" is given something else')
        return self


class AwsExecutorSection(Section):
    """What each service of Amazon's needs that puts versions in place."""

    region: Region
    profile: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """A profile of the SDK's own files; by default as the SDK's environment variables say."""
    role_arn: RoleArn | None = None
    """A role to assume with these credentials."""
    endpoint_url: EndpointUrl | None = None
    """Where it is asked instead of at Amazon's own address."""


class EcsSection(AwsExecutorSection):
    """A service of Amazon ECS that is rolled out."""

    cluster: Placed
    service: Placed = "{service}"
    container: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
    """Whose image is the version, of those of the task."""
    image: Versioned
    """Such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com/{service}:{version}`."""
