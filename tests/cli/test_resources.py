"""`wedtui resources` and `wedtui providers sync|regions|services`, as a person at a terminal sees them."""

from __future__ import annotations

import json
import shlex
import tomllib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from tests.cache.inventories import INSTANCE, MINUTE, asking, resource
from tests.cli.base import WEDNESDAY, Machine, machine, on_both
from tests.pictures import NOW, TROUBLED, WELL, picture
from tests.tui.inventories import group
from wedtui.cli.render import picture_json, picture_text
from wedtui.config import Configuration, ProviderSection
from wedtui.core.evidence import ProviderEvidence, VendorEvent, VendorStatus
from wedtui.core.finding import Finding, Severity
from wedtui.core.inventory import NO_INVENTORY, ApiFacts, InventoryFacts
from wedtui.core.observation import ApiObservation, Observation, Principal, SignalObservation, VendorObservation
from wedtui.core.resource import Reach
from wedtui.core.state import State, exit_code
from wedtui.poller.lock import ServiceLock
from wedtui.providers import registry
from wedtui.providers.base import Schedule

__all__ = ["machine"]

PROVIDERS = '[[providers]]\nname = "aws"\nweight = 60\n\n[[providers]]\nname = "gcp"\nweight = 40\n'
SECOND = timedelta(seconds=1)
DATABASE = resource(
    "db",
    kind="rds.instance",
    name="orders",
    state=State.CRITICAL,
    status="failed",
    detail="storage is full",
    tags=(("env", "prod"),),
    depends_on=("i-1", "vpc-9"),
    monthly_cost=1234.5,
    backed_up=True,
    backed_up_at=WEDNESDAY - timedelta(hours=30),
)


def store(machine: Machine, *observations: Observation) -> None:
    """Have the service of `PROVIDERS` store what it saw."""
    machine.configure(PROVIDERS)
    machine.state.mkdir(exist_ok=True)
    with machine.cache() as cache:
        section = Configuration.model_validate(tomllib.loads(PROVIDERS))
        cache.configure(section, probe_interval=MINUTE, query_interval=MINUTE)
        cache.record(observations)


def known(machine: Machine) -> None:
    store(
        machine,
        asking([resource("1"), resource("2", name="web-two"), DATABASE], WEDNESDAY, kinds=[INSTANCE, "rds.instance"]),
        asking([], WEDNESDAY, region="us-east-1", reach=Reach.DENIED, problem="ec2:DescribeInstances is not allowed"),
    )
    machine.now = WEDNESDAY + 4 * SECOND


@on_both
def test_a_list_has_state_and_age_and_says_what_it_may_lack(machine: Machine) -> None:
    known(machine)
    answer = machine.run("resources", "list")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "STATE      PROVIDER KIND               REGION       NAME                    AGE",
        "● OK       aws      ec2.instance       eu-west-1    web-1                    4s",
        "● OK       aws      ec2.instance       eu-west-1    web-two                  4s",
        "■ CRITICAL aws      rds.instance       eu-west-1    orders                   4s",
        "  storage is full",
        "3 of 3 shown",
        "note: aws ec2 in us-east-1: denied, asked 4 s ago; some may be missing",
    ]
    assert max(map(cell_len, answer.out.splitlines())) <= 80


@on_both
def test_a_stopped_machine_is_neither_ok_nor_bad_to_look_at_nor_in_the_counts(machine: Machine) -> None:
    off = resource("2", name="web-two", status="stopped", detail="stopped")
    store(machine, asking([resource("1"), off], WEDNESDAY))
    machine.now = WEDNESDAY + 4 * SECOND
    assert machine.run("resources", "list").out.splitlines()[1:3] == [
        "● OK       aws      ec2.instance       eu-west-1    web-1                    4s",
        "- stopped  aws      ec2.instance       eu-west-1    web-two                  4s",
    ]
    assert machine.run("resources", "show", "web-two").out.startswith("- stopped web-two (stopped), seen 4 s ago")
    told = machine.run("resources", "list", "--json").json["resources"]
    assert [(each["state"], each["stopped"]) for each in told] == [("OK", False), ("OK", True)]
    (region,) = machine.run("providers", "regions", "aws", "--json").json
    assert region["last_states"] == {"OK": 1, "stopped": 1}
    machine.now = WEDNESDAY + 40 * MINUTE
    told = machine.run("resources", "list", "--json").json["resources"]
    assert [(each["state"], each["stopped"]) for each in told] == [("UNKNOWN", False)] * 2


@pytest.mark.parametrize("options", [[], ["--kind", "ec2"], ["--vanished"]])
def test_that_nothing_was_ever_read_is_said_with_the_reason_and_its_age(machine: Machine, options: list[str]) -> None:
    problem = "the SDK found no credentials: name a profile"
    store(machine, asking([], WEDNESDAY, kinds=[], service="sts", reach=Reach.NO_CREDENTIALS, problem=problem))
    machine.now = WEDNESDAY + 4 * SECOND
    first, *notes = machine.run("resources", "list", *options).out.splitlines()
    assert first == f"nothing was ever read of aws: no credentials, asked 4 s ago: {problem}"
    assert notes == ["note: aws sts in eu-west-1: no credentials, asked 4 s ago; some may be missing"]
    machine.now = WEDNESDAY + 40 * MINUTE
    said = machine.run("resources", "list", *options).out
    assert "nothing was ever read of aws: UNKNOWN, stale; last no credentials, asked 40 m 00 s ago" in said
    # An account that answers and has nothing is an empty one.
    store(machine, asking([], machine.now))
    assert "nothing was ever read" not in machine.run("resources", "list", *options).out


def test_long_names_stay_within_80_cells(machine: Machine) -> None:
    long = resource("婚" * 90, name="婚" * 90, kind="k" * 60, region="r" * 60, state=State.DEGRADED, detail="d" * 300)
    store(machine, asking([long], WEDNESDAY, kinds=[long.kind]))
    for line in machine.run("resources", "list").out.splitlines()[:3]:
        assert cell_len(line) <= 80


@on_both
@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--kind", "rds"], ["i-db"]),
        (["--kind", "ec2.instance"], ["i-1", "i-2"]),
        (["--state", "critical"], ["i-db"]),
        (["--state", "unknown"], []),
        (["--words", "ENV=prod ORD"], ["i-db"]),
        (["--words", "web- two"], ["i-2"]),
        (["--words", "%"], []),
        (["--region", "us-east-1"], []),
        (["--provider", "gcp"], []),
        (["--order", "worst"], ["i-db", "i-1", "i-2"]),
        (["--vanished"], []),
    ],
)
def test_filters_narrow_the_list(machine: Machine, options: list[str], found: list[str]) -> None:
    known(machine)
    assert [each["id"] for each in machine.run("resources", "list", "--json", *options).json["resources"]] == found


@on_both
def test_old_knowledge_is_unknown_and_never_ok(machine: Machine) -> None:
    known(machine)
    machine.now = WEDNESDAY + 3 * MINUTE
    assert machine.run("resources", "list", "--state", "ok", "--json").json["resources"] == []
    found = machine.run("resources", "list", "--state", "unknown", "--json").json
    assert [(each["state"], each["last_state"]) for each in found["resources"]] == [
        ("UNKNOWN", "OK"),
        ("UNKNOWN", "OK"),
        ("UNKNOWN", "CRITICAL"),
    ]
    assert len(found["incomplete"]) == 2
    out = machine.run("resources", "list").out
    assert "  last known: OK (running), stale" in out
    assert "● OK" not in out


@on_both
def test_the_command_for_the_next_page_prints_it(machine: Machine) -> None:
    store(machine, asking([resource(f"{n:03}") for n in range(25)], WEDNESDAY))
    out = machine.run("resources", "list", "--limit", "10", "--words", "web").out
    pages = [out]
    while "next: " in out:
        assert "10 of 25 shown" in out
        command = shlex.split(out.splitlines()[-1].removeprefix("next: "))
        out = machine.run(*command[1:]).out
        pages.append(out)
    assert [page.count("web-") for page in pages] == [10 + 0, 10, 5]


@pytest.mark.parametrize("token", ["x", "", "WzFd", "WyJwbGFjZSIsMSwyLDMsNCw1XQ"])
def test_a_page_that_none_named_is_refused(machine: Machine, token: str) -> None:
    known(machine)
    answer = machine.run("resources", "list", "--after", token)
    assert answer.code == 2
    assert "expected what the page before named as the next one" in answer.err


def test_where_nothing_was_asked_it_says_how_to(machine: Machine) -> None:
    store(machine)
    machine.configure(COST)
    assert machine.run("resources", "list").out == (
        "no provider's API was ever asked here: ask with `wedtui providers sync`\n"
    )
    for noun in ("regions", "services"):
        answer = machine.run("providers", noun, "aws")
        assert answer.out == "the API of aws was never asked here: ask with `wedtui providers sync aws`\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("resources", "list", "--provider", "asw"),
        ("resources", "show", "i-1", "--provider", "asw"),
        ("providers", "sync", "asw"),
        ("providers", "regions", "asw"),
        ("providers", "services", "asw"),
    ],
)
def test_a_provider_that_is_not_configured_is_an_error_and_no_empty_list(
    machine: Machine, arguments: tuple[str, ...]
) -> None:
    known(machine)
    answer = machine.run(*arguments)
    assert answer.code == 17
    assert answer.err == 'wedtui: the configuration has no provider "asw": choose one of aws, gcp\n'


def test_without_a_cache_it_says_so(machine: Machine) -> None:
    machine.configure(PROVIDERS)
    answer = machine.run("resources", "list")
    assert answer.code == 10
    assert "start the service" in answer.err


@on_both
@pytest.mark.parametrize("name", ["i-db", "orders", "ord", "i-d"])
def test_one_resource_in_full_by_id_name_or_beginning(machine: Machine, name: str) -> None:
    known(machine)
    answer = machine.run("resources", "show", name)
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "■ CRITICAL orders (failed), seen 4 s ago",
        "why         storage is full",
        "id          i-db",
        "kind        rds.instance",
        "where       aws eu-west-1",
        "first seen  2026-07-22T12:00:00Z, 4 s ago",
        "backed up   2026-07-21T06:00:00Z, 1 d 6 h ago",
        "cost        US$ 1,234.50 a month",
        "tags        env=prod",
        "rests on    i-1 ec2.instance web-1, OK, seen 4 s ago",
        "rests on    vpc-9 (not in the inventory)",
    ]
    assert "needed by   i-db rds.instance orders, CRITICAL, seen 4 s ago" in machine.run("resources", "show", "i-1").out


@on_both
def test_a_neighbour_in_another_region_is_said_with_it(machine: Machine) -> None:
    away, mine = resource("db", kind="rds.instance", region="us-east-1"), ("i-1", "us-east-1/i-db", "us-east-1/i-9")
    copy = resource("copy", kind="rds.instance", depends_on=mine)
    kinds = ["rds.instance", INSTANCE]
    store(
        machine,
        asking([resource("1"), copy], WEDNESDAY, service="rds", kinds=kinds),
        asking([away], WEDNESDAY, region="us-east-1", service="rds", kinds=kinds),
    )
    assert machine.run("resources", "show", "i-copy").out.splitlines()[-3:] == [
        "rests on    i-1 ec2.instance web-1, OK, seen 0 s ago",
        "rests on    i-db rds.instance web-db in us-east-1, OK, seen 0 s ago",
        "rests on    us-east-1/i-9 (not in the inventory)",
    ]
    last = machine.run("resources", "show", "i-db").out.splitlines()[-1]
    assert last == "needed by   i-copy rds.instance web-copy in eu-west-1, OK, seen 0 s ago"


@on_both
def test_a_name_that_several_have_is_refused_with_their_places(machine: Machine) -> None:
    known(machine)
    answer = machine.run("resources", "show", "web")
    assert answer.code == 2
    assert '"web" could be any of aws eu-west-1 ec2.instance i-1, aws eu-west-1 ec2.instance i-2: ' in answer.err
    with machine.cache() as cache:
        cache.record([asking([resource(f"9{n}") for n in range(9)], WEDNESDAY)])
    answer = machine.run("resources", "show", "i-9")
    assert "i-93, aws eu-west-1 ec2.instance i-94 and more: type more of it" in answer.err
    answer = machine.run("resources", "show", "nowhere")
    assert answer.code == 17
    assert "find it with `wedtui resources list --words nowhere`" in answer.err


@on_both
def test_what_vanished_is_shown_as_gone_with_when(machine: Machine) -> None:
    known(machine)
    with machine.cache() as cache:
        cache.record([asking([resource("1")], WEDNESDAY + MINUTE)])
    machine.now = WEDNESDAY + 3 * MINUTE
    out = machine.run("resources", "list", "--vanished").out
    assert out.splitlines()[:2] == [
        "STATE      PROVIDER KIND               REGION       NAME                   GONE",
        "- gone     aws      ec2.instance       eu-west-1    web-two                  2m",
    ]
    shown = machine.run("resources", "show", "i-2").out.splitlines()
    assert shown[0] == "? UNKNOWN web-two, last known OK (running), seen 3 m 00 s ago"
    assert shown[1] == "vanished    2026-07-22T12:01:00Z, 2 m 00 s ago"


@on_both
def test_services_say_what_was_asked_where_and_why_not(machine: Machine) -> None:
    known(machine)
    out = machine.run("providers", "services", "aws").out
    assert out.splitlines() == [
        "REGION         SERVICE          REACH                 AS OF IN FULL REQUESTS",
        "eu-west-1      ec2              answered                 4s      4s        0",
        "us-east-1      ec2              denied                   4s   never        0",
        "  ec2:DescribeInstances is not allowed",
    ]
    machine.now = WEDNESDAY + 5 * MINUTE
    out = machine.run("providers", "services", "aws", "--region", "us-east-1").out
    assert out.splitlines()[1:3] == [
        "us-east-1      ec2              UNKNOWN, stale           5m   never        0",
        "  last: denied",
    ]


def test_what_is_asked_of_the_whole_account_says_so(machine: Machine) -> None:
    known(machine)
    assert "as a whole" not in machine.run("providers", "services", "aws").out
    with machine.cache() as cache:
        refused = asking([], WEDNESDAY, region="global", service="health", kinds=[], reach=Reach.REJECTED)
        cache.record([replace(refused, problem="DescribeEvents in us-east-1 was refused")])
    lines = machine.run("providers", "services", "aws").out.splitlines()
    assert "  DescribeEvents in us-east-1 was refused" in lines
    assert lines[-1] == "global: the account as a whole, which is asked in one region; what fails names that"
    assert "as a whole" not in machine.run("providers", "services", "aws", "--region", "eu-west-1").out


@on_both
def test_services_say_when_credentials_expire(machine: Machine) -> None:
    known(machine)
    assert "credentials" not in machine.run("providers", "services", "aws").out
    with machine.cache() as cache:
        cache.record([asking([resource("1")], WEDNESDAY, credentials_expire_at=WEDNESDAY + 54 * MINUTE)])
    for more in ([], ["--region", "us-east-1"]):
        out = machine.run("providers", "services", "aws", *more).out
        assert out.splitlines()[-1] == "credentials expire 2026-07-22 12:54 UTC, in 53 m 56 s"


ROLE = Principal("123456789012", "role wedtui", "arn:aws:sts::123456789012:assumed-role/wedtui/kay.smith")


def identified(at: datetime = WEDNESDAY, **more: Any) -> ApiObservation:
    values: dict[str, Any] = {"account": ROLE.account, "principal": ROLE, **more}
    return asking([], at, region="global", service="sts", kinds=[], **values)


def test_whose_account_it_is_is_said_and_the_name_of_a_person_only_where_asked_for(machine: Machine) -> None:
    store(machine, identified())
    machine.now = WEDNESDAY + 4 * SECOND
    lines = machine.run("providers", "services", "aws").out.splitlines()
    place = lines.index("account 123456789012, role wedtui, as of 4 s ago")
    assert lines[place + 1] == f"  {ROLE.arn}"
    (asked,) = machine.run("providers", "services", "aws", "--json").json
    assert (asked["identity"]["id"], asked["identity"]["arn"]) == (ROLE.account, ROLE.arn)
    listed = machine.run("providers", "list", "--json")
    assert [each["identity"] and each["identity"]["id"] for each in listed.json] == [ROLE.account, None]
    doctor = machine.run("doctor")
    assert "aws: 123456789012, as of 4 s ago" in doctor.out
    for command in (listed, doctor, machine.run("status"), machine.run("status", "--json")):
        assert "kay.smith" not in command.out


def test_another_account_is_a_problem_with_both_numbers(machine: Machine) -> None:
    why = "the credentials now belong to account 210987654321; until 2026-07-22 12:00 UTC they belonged to 123456789012"
    refused = identified(WEDNESDAY + SECOND, account=None, principal=None, reach=Reach.OTHER_ACCOUNT, problem=why)
    store(machine, identified(), refused)
    machine.now = WEDNESDAY + 4 * SECOND
    assert f"aws: another account: {why}" in machine.run("status").out
    doctor = machine.run("doctor", "--json")
    (said,) = (each for each in doctor.json if each["name"] == "account")
    assert (said["level"], said["text"]) == ("problem", f"aws: {why}")


def test_what_was_another_account_before_is_said_afterwards(machine: Machine) -> None:
    taken = identified(WEDNESDAY + SECOND, account="210987654321", principal=None, account_wanted=True)
    store(machine, identified(), taken)
    out = machine.run("providers", "services", "aws").out
    assert "  until 2026-07-22T12:00:00Z account 123456789012" in out.splitlines()


def test_regions_that_are_on_and_not_configured_are_named(machine: Machine) -> None:
    regions = asking(
        [], WEDNESDAY, region="global", service="regions", kinds=[], regions_on=("eu-west-1", "us-east-1", "us-west-2")
    )
    bucket = resource("b", kind="s3.bucket", region="us-west-2")
    store(machine, asking(), regions, asking([bucket], kinds=["s3.bucket"], region="global", service="s3"))
    machine.now = WEDNESDAY + 4 * SECOND
    assert "not configured" not in machine.run("providers", "regions", "aws").out, "without any all are asked"
    machine.configure(PROVIDERS.replace("weight = 60\n", 'weight = 60\nkind = "aws"\naws.regions = ["eu-west-1"]\n'))
    lines = machine.run("providers", "regions", "aws").out.splitlines()
    for region in ("us-east-1", "us-west-2"):
        (row,) = (n for n, line in enumerate(lines) if line.startswith(region))
        assert lines[row].endswith("not configured: nothing there is watched")
    assert lines[row + 1].strip() == "listed from elsewhere: 1 OK"
    known = {each["region"]: each["configured"] for each in machine.run("providers", "regions", "aws", "--json").json}
    assert known == {"eu-west-1": True, "global": True, "us-east-1": False, "us-west-2": False}
    (note,) = (each for each in machine.run("doctor", "--json").json if each["name"] == "regions")
    assert (note["level"], note["text"]) == (
        "note",
        "aws: switched on and not configured, so nothing there is watched: us-east-1, us-west-2",
    )


def test_services_and_status_say_what_the_vendor_says_of_itself(machine: Machine) -> None:
    said = VendorEvent("EC2", "eu-west-1", "issue", "AWS_EC2_ISSUE", WEDNESDAY - MINUTE, WEDNESDAY, "calls fail")
    vendor = VendorObservation("aws", WEDNESDAY, "aws health", VendorStatus.INCIDENT, events=(said,), more=2)
    store(machine, asking([], WEDNESDAY, region="global", service="health", kinds=[]), vendor)
    machine.now = WEDNESDAY + 4 * SECOND
    lines = machine.run("providers", "services", "aws").out.splitlines()
    place = lines.index("aws health: incident, as of 4 s ago")
    assert lines[place + 1].startswith("  EC2 in eu-west-1: issue since ")
    assert lines[place + 1].endswith(": calls fail")
    assert lines[place + 2] == "  and 2 more, which were not read"
    status = machine.run("status")
    assert "aws health says EC2 in eu-west-1: issue since" in status.out
    known = json.loads(machine.run("status", "--json").out)
    (event,) = known["providers"][0]["vendor"]["events"]
    assert (event["service"], event["region"], event["text"]) == ("EC2", "eu-west-1", "calls fail")
    assert known["providers"][0]["vendor"]["age_s"] == 4
    assert known["providers"][1]["vendor"] is None


@on_both
def test_regions_say_how_asking_went_and_what_is_there(machine: Machine) -> None:
    known(machine)
    assert machine.run("providers", "regions", "aws").out.splitlines() == [
        "REGION         SERVICES     AGE REACH AND LAST STATES",
        "eu-west-1             1     4 s 1 answered",
        "                                1 CRITICAL, 2 OK",
        "us-east-1             1     4 s 1 denied",
        "                                no resources known",
    ]
    assert [each["reach"] for each in machine.run("providers", "regions", "aws", "--json").json] == [
        {"answered": 1},
        {"denied": 1},
    ]


class FakeApi:
    """A provider's API that answers once."""

    key = "aws aws ec2"
    schedule = Schedule(None, timedelta(seconds=5))

    def __init__(self, answer: ApiObservation) -> None:
        self.answer = answer
        self.more: tuple[Observation, ...] = ()

    async def observe(self) -> tuple[Observation, ...]:
        return (self.answer, *self.more)

    def gave_up(self, why: str) -> tuple[Observation, ...]:
        return (replace(self.answer, reach=Reach.GARBLED, problem=why),)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """Give aws an API; what builds targets from a configuration is the adapter's own."""
    made = FakeApi(asking([resource("7")], WEDNESDAY))

    def account(section: ProviderSection, *_rest: object) -> registry.Targets:
        return registry.Targets((made,) if section.name == "aws" else ())

    monkeypatch.setattr(registry, "_account", account)
    return made


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("arguments", [("aws",), ()])
def test_sync_asks_and_stores(machine: Machine, arguments: tuple[str, ...]) -> None:
    machine.configure(PROVIDERS)
    answer = machine.run("providers", "sync", *arguments)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "ok    aws eu-west-1 ec2: answered, 1 resource",
        "stored: `wedtui resources list` shows what there is",
    ]
    assert "web-7" in machine.run("resources", "list").out


@pytest.mark.usefixtures("api")
def test_sync_beside_a_service_only_shows(machine: Machine) -> None:
    known(machine)
    with ServiceLock(machine.state / "service.lock"):
        answer = machine.run("providers", "sync", "aws")
        assert answer.code == 0
        assert answer.out.splitlines()[-1] == "a service runs and keeps the cache: this was only shown, not stored"
    assert "web-7" not in machine.run("resources", "list").out


def test_sync_says_what_failed(machine: Machine, api: FakeApi) -> None:
    machine.configure(PROVIDERS)
    api.answer = replace(api.answer, reach=Reach.EXPIRED, resources=(), problem="the token has expired: sign in again")
    answer = machine.run("providers", "sync", "aws", "--json")
    assert answer.code == 1
    assert json.loads(answer.out)["stored"] is True
    assert json.loads(answer.out)["observations"][0]["reach"] == "credentials expired"
    answer = machine.run("providers", "sync", "aws")
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "FAIL  aws eu-west-1 ec2: the token has expired: sign in again",
        "nothing was answered, and only that is stored: what was known before grows old, and then is UNKNOWN",
    ]


def test_sync_says_a_fault_that_many_askings_share_once(machine: Machine, api: FakeApi) -> None:
    machine.configure(PROVIDERS)
    denied = replace(api.answer, reach=Reach.EXPIRED, resources=(), problem="the token has expired: sign in again")
    regions = ["eu-west-1", "us-east-1", "eu-north-1", "us-west-2"]
    api.more = (
        *(replace(denied, region=each) for each in regions),
        VendorObservation("aws", WEDNESDAY, "aws health", None, "the token has expired: sign in again"),
    )
    answer = machine.run("providers", "sync", "aws")
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "ok    aws eu-west-1 ec2: answered, 1 resource",
        "FAIL  aws: the token has expired: sign in again (4 askings failed: ec2 in eu-west-1, ec2 in us-east-1, "
        "ec2 in eu-north-1 and 1 more)",
        "stored what 1 of 5 askings answered: `wedtui resources list` shows it, and what else was known before, with "
        "its age",
    ]


def test_sync_pays_only_where_it_is_told_to(machine: Machine) -> None:
    machine.configure(PROVIDERS)
    answer = machine.run("providers", "sync", "--cost")
    assert answer.code == 2
    assert "no provider here is configured to be asked for its costs" in answer.err


def test_sync_of_what_has_no_api_says_so(machine: Machine) -> None:
    machine.configure(PROVIDERS)
    answer = machine.run("providers", "sync", "gcp")
    assert answer.code == 1
    assert answer.out == "there is no API to ask of gcp: probes and queries are asked by `wedtui poll --once`\n"


@on_both
def test_a_kind_that_is_not_there_is_told_which_are(machine: Machine) -> None:
    known(machine)
    out = machine.run("resources", "list", "--kind", "bogus").out
    assert out.splitlines()[0] == 'no resource is of the kind "bogus": there are ec2.instance, rds.instance'
    out = machine.run("resources", "list", "--kind", "rds", "--words", "nothing").out
    assert out.splitlines()[0] == "no resource matches", "there are some, only not with this word"


@on_both
def test_the_kinds_there_are_stand_in_json_too(machine: Machine) -> None:
    known(machine)
    answer = json.loads(machine.run("resources", "list", "--kind", "bogus", "--json").out)
    assert (answer["total"], answer["kinds"]) == (0, ["ec2.instance", "rds.instance"])
    answer = json.loads(machine.run("resources", "list", "--provider", "gcp", "--json").out)
    assert answer["kinds"] == []


@on_both
def test_where_names_repeat_a_list_shows_the_ids(machine: Machine) -> None:
    store(
        machine, asking([resource("1", name="rsvp"), resource("2", name="rsvp"), resource("3", name="till")], WEDNESDAY)
    )
    lines = machine.run("resources", "list").out.splitlines()
    ids = [line for line in lines if line.startswith("  id ")]
    assert len(ids) == 2
    assert all("rsvp" in lines[lines.index(line) - 1] for line in ids)
    for line in ids:
        assert machine.run("resources", "show", line.removeprefix("  id ")).code == 0


COST = """\
[[providers]]
name = "aws"
kind = "aws"
weight = 100
[providers.aws]
regions = ["eu-west-1"]
cost = true
endpoint_url = "http://127.0.0.1:9"
timeout = "100ms"
"""


def test_where_there_is_nothing_to_ask_nobody_is_sent_to_ask(machine: Machine) -> None:
    store(machine)
    none = "there is no API to ask of any provider: probes and queries alone watch them\n"
    assert machine.run("resources", "list").out == none
    one = "there is no API to ask of gcp: it is of the kind probed, which probes and queries alone watch\n"
    for words in ("resources list --provider gcp", "providers regions gcp", "providers services gcp"):
        assert machine.run(*words.split()).out == one
    # Beside one that can be asked it still says so of the other.
    machine.configure(COST.replace("weight = 100", "weight = 60") + PROVIDERS.partition("\n\n")[2])
    assert machine.run("providers", "regions", "gcp").out == one
    assert "never asked here: ask with" in machine.run("providers", "regions", "aws").out


@pytest.mark.parametrize("noun", ["regions", "services", "sync", "test"])
def test_of_nothing_that_is_configured_there_is_no_choice(machine: Machine, noun: str) -> None:
    machine.configure("")
    answer = machine.run("providers", noun, "aws")
    assert answer.code == 17
    assert answer.err == 'wedtui: the configuration has no provider "aws": none is configured\n'


def test_only_what_lists_resources_can_leave_some_out(machine: Machine) -> None:
    refused = [
        asking([], WEDNESDAY, kinds=[], service=service, region="global", reach=Reach.DENIED, problem="not allowed")
        for service in ("cost", "health", "metrics")
    ]
    store(machine, asking([resource("1")], WEDNESDAY), *refused)
    assert machine.run("resources", "list").out.endswith("1 of 1 shown\n")
    assert machine.run("resources", "list", "--json").json["incomplete"] == []
    # What was billed is listed by that asking alone.
    bills = machine.run("resources", "list", "--kind", "cost.service")
    assert "note: aws cost in global: denied, asked 0 s ago; some may be missing" in bills.out


def test_a_failed_asking_for_costs_is_a_warning_of_the_doctor(machine: Machine) -> None:
    machine.configure(COST)
    machine.state.mkdir()
    section = Configuration.model_validate(tomllib.loads(COST))

    def told() -> tuple[str, str]:
        (check,) = (c for c in machine.run("doctor", "--json").json if c["name"] == "cost")
        return check["level"], check["text"].partition("; not asked now")[0]

    assert told() == ("ok", "aws cost_month_usd: never read")
    with machine.cache() as cache:
        cache.configure(section, probe_interval=MINUTE, query_interval=MINUTE)
        lost = SignalObservation("aws", "cost_month_usd", "cost explorer", WEDNESDAY, None, "ce is not allowed")
        cache.record([lost])
    failed = "the last asking failed: ce is not allowed"
    assert told() == ("warning", f"aws cost_month_usd: never read, {failed}")
    with machine.cache() as cache:
        read = SignalObservation("aws", "cost_month_usd", "cost explorer", WEDNESDAY + MINUTE, 700.75)
        cache.record([read])
        machine.now = WEDNESDAY + 3 * MINUTE
        assert told() == ("ok", "aws cost_month_usd: US$ 700.75, read 2 m 00 s ago")
        cache.record([replace(lost, at=WEDNESDAY + 2 * MINUTE)])
    assert told() == ("warning", f"aws cost_month_usd: US$ 700.75, read 2 m 00 s ago, {failed}")
    (known,) = machine.run("providers", "sync", "--json").json["known_costs"]
    assert (known["value"], known["problem"]) == (700.75, "ce is not allowed")
    (machine.state / "cache.db").write_bytes(b"no database" * 100)
    level, text = told()
    assert level == "warning"
    assert "never read" not in text


@pytest.mark.parametrize("command", ["providers test aws", "poll --once", "providers sync", "doctor"])
@pytest.mark.usefixtures("no_credentials")
def test_who_asks_by_hand_is_told_what_was_read_last_and_pays_nothing(machine: Machine, command: str) -> None:
    machine.configure(COST)
    asks = "not asked now, because each request costs money: `wedtui providers sync aws --cost` asks"
    assert f"aws cost_month_usd: never read; {asks}" in machine.run(*command.split()).out
    with machine.cache() as cache:
        section = Configuration.model_validate(tomllib.loads(COST))
        cache.configure(section, probe_interval=MINUTE, query_interval=MINUTE)
        cache.record([SignalObservation("aws", "cost_month_usd", "cost explorer", WEDNESDAY, 700.75)])
    machine.now = WEDNESDAY + 180 * MINUTE
    out = machine.run(*command.split()).out
    assert f"aws cost_month_usd: US$ 700.75, read 3 h 00 m ago; {asks}" in out
    assert "cost in global" not in out


def test_what_an_asking_would_also_have_told_is_not_a_second_failure(machine: Machine, api: FakeApi) -> None:
    machine.configure(PROVIDERS)
    why = "the token has expired: sign in again"
    api.answer = replace(api.answer, region="global", service="health", resources=(), reach=Reach.EXPIRED, problem=why)
    api.more = (VendorObservation("aws", WEDNESDAY, "aws health", None, why),)
    assert machine.run("providers", "sync", "aws").out.splitlines()[0] == f"FAIL  aws global health: {why}"


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("no_credentials")
def test_doctor_says_once_that_there_are_no_credentials(machine: Machine) -> None:
    machine.configure(COST)
    lines = [line for line in machine.run("doctor").out.splitlines() if "there are no credentials" in line]
    assert len(lines) == 1
    assert "(12 askings failed: " in lines[0]


ILL = InventoryFacts(
    (ApiFacts("aws", "eu-west-1", "ec2", MINUTE, NOW - 12 * SECOND, NOW - 12 * SECOND, Reach.ANSWERED),),
    (
        group("cloudwatch.alarm", "eu-west-1", 12, CRITICAL=2),
        group("ec2.instance", "eu-west-1", 30, DEGRADED=1, OK=9),
        group("ec2.instance", "us-east-1", 400, OK=40),
    ),
)
SOUND = replace(ILL, groups=(group("ec2.instance", "eu-west-1", 12, OK=9),))


@pytest.mark.parametrize(
    ("world", "inventory", "headline", "says"),
    [
        (
            WELL,
            ILL,
            "OK, but 1 critical finding of resources",
            "1 critical finding (12 s ago), 2 warnings (6 m 40 s ago); no part of the state, which is the ",
        ),
        (
            TROUBLED[:1],
            ILL,
            "CRITICAL",
            "1 critical finding (12 s ago), 2 warnings (6 m 40 s ago); no part of the state, ",
        ),
        (WELL, SOUND, "OK", "nothing critical, no warning (asked 12 s ago); no part of the state, "),
        (WELL, NO_INVENTORY, "OK", None),
    ],
)
def test_the_status_says_how_much_is_wrong_with_resources_which_it_leaves_out(
    world: tuple[ProviderEvidence, ...], inventory: InventoryFacts, headline: str, says: str | None
) -> None:
    seen = picture(world, inventory=inventory)
    lines = picture_text(seen).splitlines()
    assert lines[0].partition(" UTC: ")[2] == headline
    of_resources = [line for line in lines if line.startswith("resources ")]
    assert len(of_resources) == (says is not None)
    for line in of_resources:
        assert line.removeprefix("resources   ").startswith(says or "")
        assert line.endswith("`wedtui resources list --order worst`")


def test_a_finding_that_was_never_measured_says_so() -> None:
    never = Finding(Severity.WARNING, "aws", "cpu is UNKNOWN: no value ever came")
    at = Finding(Severity.NOTE, "aws", "something", NOW - MINUTE)
    text = picture_text(picture(WELL, problems=(never, at)))
    assert any(line.endswith("aws: cpu is UNKNOWN: no value ever came (never measured)") for line in text.splitlines())
    assert "aws: something (1 m " in text


def test_the_status_names_what_shows_that_there_are_no_credentials() -> None:
    none = replace(ILL.apis[0], reach=Reach.NO_CREDENTIALS, answered_at=None)
    seen = picture(WELL, inventory=InventoryFacts((none,)))
    (line,) = [line for line in picture_text(seen).splitlines() if line.startswith("resources ")]
    assert line.endswith("`wedtui providers services aws`")
    assert picture_json(seen)["resources"]["command"] == "wedtui providers services aws"


def test_the_status_in_json_says_the_same_and_its_exit_code_is_the_providers_health() -> None:
    seen = picture(WELL, inventory=ILL)
    assert exit_code(seen.state) == 0
    assert picture_json(seen)["resources"] == {
        "critical": 1,
        "critical_age_s": 12.0,
        "warning": 2,
        "warning_age_s": 400.0,
        "asked_age_s": 12.0,
        "counts_in_state": False,
        "command": "wedtui resources list --order worst",
    }
    assert picture_json(picture(WELL))["resources"] is None


def test_the_command_that_the_status_names_is_one(machine: Machine) -> None:
    known(machine)
    words = machine.run("status").out.partition("`wedtui resources")[2].partition("`")[0]
    answer = machine.run("resources", *shlex.split(words))
    assert (answer.code, "orders" in answer.out.splitlines()[1]) == (0, True)


def test_a_service_of_the_bill_is_listed_with_what_it_costs(machine: Machine) -> None:
    billed = resource("EC2", kind="cost.service", region="global", name="EC2", status="billed", monthly_cost=1234.5)
    store(machine, asking([billed], WEDNESDAY, kinds=["cost.service"], region="global", service="cost"))
    assert "  US$ 1,234.50 a month" in machine.run("resources", "list", "--kind", "cost.service").out.splitlines()
