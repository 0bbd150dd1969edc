"""Who puts the versions of a template in place, as the configuration says it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from wedtui.clock import Clock
from wedtui.config_base import Secret
from wedtui.config_deployments import TemplateSection
from wedtui.config_executors import AwsExecutorSection, CommandSection, EcsSection, GitHubActionsSection
from wedtui.providers.deploy.aws import AwsPlace
from wedtui.providers.deploy.base import Deployer
from wedtui.providers.deploy.command import Command, CommandDeployer
from wedtui.providers.deploy.ecs import EcsDeployer, EcsService
from wedtui.providers.deploy.github import GitHubDeployer, Workflow
from wedtui.providers.deploy.github_api import Repository
from wedtui.providers.secrets import resolve


class Place(NamedTuple):
    """Where versions are put in place from."""

    state: Path
    """A folder of this machine for what commands leave behind."""
    machine: str
    clock: Clock
    held: AsyncExitStack
    """Closes what is kept open, at the end."""


def deployer_of(section: TemplateSection, place: Place) -> Deployer:
    """Return who puts the versions of a template in place; raises a ConfigurationError where a secret is missing."""
    if section.command is not None:
        return _command(section, section.command, place)
    if section.github_actions is not None:
        return _github(section.github_actions, place)
    if section.ecs is not None:
        return _ecs(section.ecs, place)
    raise AssertionError("a template without a table of its executor is refused where it is read")


def _command(section: TemplateSection, command: CommandSection, place: Place) -> Deployer:
    environ = {name: resolve(value) if isinstance(value, Secret) else value for name, value in command.environ.items()}
    how = Command(command.argv, command.shows, section.within, environ, command.user, command.folder)
    return CommandDeployer(how, place.state, place.machine)


def _github(section: GitHubActionsSection, place: Place) -> Deployer:
    workflow = Workflow(section.workflow, section.ref, section.inputs, section.mark, section.jobs, section.environments)
    repository = Repository(section.repository, section.token, section.url, section.ca_file)
    deployer = GitHubDeployer(workflow, repository, place.clock)
    place.held.push_async_callback(deployer.close)
    return deployer


def _ecs(section: EcsSection, place: Place) -> Deployer:
    service = EcsService(section.cluster, section.service, section.container, section.image)
    deployer = EcsDeployer(service, _at(section), place.clock)
    place.held.push_async_callback(deployer.close)
    return deployer


def _at(section: AwsExecutorSection) -> AwsPlace:
    return AwsPlace(section.region, section.profile, section.role_arn, section.endpoint_url)
