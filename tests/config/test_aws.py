"""The table of an AWS account: what it may hold, and where what is wrong with it is said to be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.base import read, refused
from wedtui.config import AwsSection

HEAD = '[[providers]]\nname = "aws"\nkind = "aws"\n'
METRIC = '[[providers.aws.metrics]]\nsignal = "cpu"\nnamespace = "AWS/EC2"\nmetric = "CPUUtilization"\n'


def test_an_account_needs_no_table(tmp_path: Path) -> None:
    (section,) = read(tmp_path, HEAD).configuration.providers
    assert (section.kind, section.aws) == ("aws", None)


def test_what_costs_money_is_not_asked_by_default() -> None:
    account = AwsSection()
    assert (account.cost, account.resource_cost) == (False, False)
    assert account.resource_cost_services == ("Amazon Elastic Compute Cloud - Compute",)
    assert account.resource_cost_interval == timedelta(days=1)


def test_everything(tmp_path: Path) -> None:
    text = (
        HEAD
        + '[providers.aws]\nprofile = "weddings"\nrole_arn = "arn:aws:iam::123456789012:role/path/wedtui"\n'
        + 'regions = ["eu-west-1", "us-gov-west-1"]\nendpoint_url = "http://127.0.0.1:5000"\ncost = true\n'
        + METRIC
        + 'unit = "percent"\nperiod = "1m"\ndimensions = { InstanceId = "i-1" }\n'
    )
    account = read(tmp_path, text).configuration.providers[0].aws
    assert account is not None
    assert account.regions == ("eu-west-1", "us-gov-west-1")
    assert account.metrics[0].dimensions == {"InstanceId": "i-1"}
    assert account.metrics[0].period == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('regions = ["London"]', 'providers.aws.aws.regions.0: expected the name of a region such as "eu-west-1"'),
        ('role_arn = "wedtui"', "providers.aws.aws.role_arn: expected the ARN of a role"),
        ('account = "12345"', "providers.aws.aws.account: expected the number of an account"),
        ("account = 123456789012", "providers.aws.aws.account: expected"),
        ('endpoint_url = "localhost"', "providers.aws.aws.endpoint_url: expected a URL that begins with http"),
        ('profil = "x"', 'providers.aws.aws.profil: expected a known key; did you mean "profile"?'),
        ('cost_interval = "1m"', "providers.aws.aws.cost_interval: expected at least 1h"),
        ('cost = "often"', "providers.aws.aws.cost: expected true or false"),
        ('resource_cost = "often"', "providers.aws.aws.resource_cost: expected true or false"),
        ('resource_cost_interval = "1m"', "providers.aws.aws.resource_cost_interval: expected at least 1h"),
        ("resource_cost_services = []", "providers.aws.aws.resource_cost_services: expected"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    (problem,) = refused(tmp_path, f"{HEAD}[providers.aws]\n{line}\n")
    assert problem.startswith(f"config.toml:5: {said}")


@pytest.mark.parametrize("user", ["AKIA:hunter2", "hunter2", "a:hunter2@b", ":hunter2", "%61:hunter2"])
def test_an_endpoint_holds_no_secret(tmp_path: Path, user: str) -> None:
    (problem,) = refused(tmp_path, f'{HEAD}[providers.aws]\nendpoint_url = "https://{user}@aws.example.com/"\n')
    said = "expected a URL without user and password: requests are signed with the SDK's credentials"
    assert problem == f"config.toml:5: providers.aws.aws.endpoint_url: {said}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('unit = "bytes"', "expected 'percent', 'seconds', 'microseconds' or 'count'"),
        ('period = "90s"', "expected a period of whole minutes"),
        ("sparse = true", "expected per beside sparse"),
        ('per = "Requests"\nunit = "seconds"', "expected no such unit beside per"),
        ('signal = "CPU"', "config.toml:"),
    ],
)
def test_metrics_that_cannot_be_read(tmp_path: Path, line: str, said: str) -> None:
    metric = METRIC.replace('signal = "cpu"\n', "") if line.startswith("signal") else METRIC
    (problem,) = refused(tmp_path, f"{HEAD}{metric}{line}\n")
    assert said in problem


def test_an_account_of_a_provider_that_is_only_probed(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, '[[providers]]\nname = "a"\n[providers.aws]\ncost = true\n')
    assert problem == 'config.toml:3: providers.a.aws: expected kind = "aws" beside it; "a" is of another'


def test_a_signal_has_one_source(tmp_path: Path) -> None:
    query = '[[prometheus]]\nname = "main"\nurl = "http://127.0.0.1"\n'
    query += '[[prometheus.queries]]\nprovider = "aws"\nquery = "x"\n'
    twice = f'{HEAD}{METRIC}{query}signal = "cpu"\n'
    (problem,) = refused(tmp_path, twice)
    assert problem.endswith('expected one query for each signal; cpu of "aws" has two')
    assert problem.startswith("config.toml:14: ")
    money = f"{HEAD}[providers.aws]\ncost = true\n{METRIC.replace('cpu', 'cost_month_usd')}"
    assert refused(tmp_path, money)[0].endswith('cost_month_usd of "aws" has two')


def test_by_environment(tmp_path: Path) -> None:
    environ = {"WEDTUI_PROVIDERS__AWS__AWS__REGIONS": '["eu-west-2"]', "WEDTUI_PROVIDERS__AWS__AWS__COST": "true"}
    account = read(tmp_path, HEAD, environ).configuration.providers[0].aws
    assert account is not None
    assert (account.regions, account.cost) == (("eu-west-2",), True)
