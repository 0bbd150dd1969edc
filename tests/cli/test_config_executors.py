"""Who puts versions in place, in the configuration: what is taken, and what is said of what is wrong or missing."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from wedtui.cli.deployers import Place, deployer_of
from wedtui.clock import SystemClock
from wedtui.config_deployments import TemplateSection
from wedtui.config_file import load
from wedtui.errors import ConfigurationError
from wedtui.providers.deploy.command import CommandDeployer
from wedtui.providers.deploy.ecs import EcsDeployer
from wedtui.providers.deploy.github import GitHubDeployer

TEMPLATE = """\
[[providers]]
name = "aws"
[[prometheus]]
name = "main"
url = "http://127.0.0.1:9090"
[[prometheus.queries]]
provider = "aws"
signal = "error_rate"
query = "x"
[[deployments.templates]]
name = "web"
within = "10m"
soak = "10m"
watch = [{ provider = "aws", signal = "error_rate", above = 0.05 }]
"""
COMMAND = 'command = { argv = ["/opt/deploy", "{version}"], shows = ["/opt/version"] }\n'
GITHUB = """\
executor = "github_actions"
[deployments.templates.github_actions]
repository = "octo-org/octo-repo"
workflow = "deploy.yml"
token = { env = "GITHUB_TOKEN" }
"""
ECS = """\
executor = "ecs"
[deployments.templates.ecs]
region = "eu-west-1"
cluster = "{environment}"
container = "app"
image = "registry/{service}:{version}"
"""


def read(folder: Path, text: str) -> TemplateSection:
    """Return the one template of a configuration."""
    path = folder / "config.toml"
    path.write_text(TEMPLATE + text)
    return load(path, {}).configuration.deployments.templates[0]


def wrong(folder: Path, text: str) -> str:
    """Return what is said of a configuration that cannot be used."""
    with pytest.raises(ConfigurationError) as raised:
        read(folder, text)
    return str(raised.value)


@pytest.mark.parametrize(("text", "kind"), [(COMMAND, CommandDeployer), (GITHUB, GitHubDeployer), (ECS, EcsDeployer)])
def test_each_executor_is_made_of_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, kind: type
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_x")
    section = read(tmp_path, text)

    async def made() -> None:
        async with AsyncExitStack() as held:
            assert isinstance(deployer_of(section, Place(tmp_path, "a", SystemClock(), held)), kind)

    asyncio.run(made())


def test_a_token_that_is_not_there_is_said_and_nothing_of_it_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    section = read(tmp_path, GITHUB)
    with pytest.raises(ConfigurationError, match="the environment variable GITHUB_TOKEN should hold a secret"):
        deployer_of(section, Place(tmp_path, "a", SystemClock(), AsyncExitStack()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'expected the table command, and no other, for executor = "command"; got none'),
        (
            'executor = "github_actions"\n' + COMMAND,
            'expected the table github_actions, and no other, for executor = "github_actions"; got command',
        ),
        (COMMAND + GITHUB, "got command and github_actions"),
        ('executor = "heroku"\n' + COMMAND, "deployments.templates.web.executor"),
        (GITHUB.replace("octo-org/octo-repo", "octo-org"), 'expected a repository such as "octo-org/octo-repo"'),
        (GITHUB.replace("octo-org/octo-repo", "octo-org/.."), 'expected a repository such as "octo-org/octo-repo"'),
        (GITHUB.replace("deploy.yml", "../deploy.yml"), "expected the name of a workflow's file"),
        (
            GITHUB.replace('{ env = "GITHUB_TOKEN" }', '"ghp_0123456789abcdef0123"'),
            "expected where the secret is found",
        ),
        (GITHUB.replace("repository", "repo"), "github_actions.repository"),
        (GITHUB + 'inputs = { version = "{verison}" }\n', "has a word in braces that stands for nothing"),
        (GITHUB + 'inputs = { "a b" = "{version}" }\n', 'expected the name of an input, such as "version"'),
        (GITHUB + 'inputs = { wedtui = "{version}" }\n', "expected an input of its own for the mark"),
        (ECS.replace(":{version}", ":latest"), 'expected "{version}" in it, once'),
        (ECS.replace("{version}", "{version}-{version}"), 'expected "{version}" in it, once'),
        (ECS.replace("{service}:", "{release}:"), "has a word in braces that stands for nothing"),
        (ECS.replace("{environment}", "{version}"), "has a word in braces that stands for nothing"),
        (ECS.replace('container = "app"\n', ""), "ecs.container: expected this key"),
        (ECS.replace("eu-west-1", "europe"), 'expected the name of a region such as "eu-west-1"'),
        (GITHUB + 'url = "ftp://github.example.com"\n', "expected a URL that begins with http:// or https://"),
    ],
)
def test_what_is_wrong_is_said_with_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    found = wrong(tmp_path, text)
    assert said in found
    assert "ghp_" not in found
