"""`wedtui rules`: what is said of rules that can be used and of those that cannot, and trials."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.base import Machine, machine
from wedtui.core.alerts.rule import Severity
from wedtui.rule_files import SHIPPED, load_rules

__all__ = ["machine"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "alerts.md"
DESIGN = {
    "down": ("up < 1", 60, "critical"),
    "errors": ("error_rate > 5%", 300, "critical"),
    "errors-rising": ("error_rate > 1%", 600, "warning"),
    "latency": ("latency_p95_ms > 2x normal", 600, "critical"),
    "cpu": ("cpu > 80%", 900, "warning"),
    "memory": ("memory > 80%", 900, "warning"),
    "cache-hits": ("cache_hit_rate < 85%", 1800, "warning"),
}
MILD = """\
[[rules]]
name = "mine"
condition = "queue > 100"
severity = "warning"
"""
TRIAL = """\
rules = ["mine.toml"]

[[tests]]
name = "a queue"

[[tests.series]]
signal = "queue"
labels = { service = "rsvp" }
values = "0 200x3"

[[tests.expect]]
at = "1m"
rule = "mine"
pending = [{ service = "rsvp" }]

[[tests.expect]]
at = "2m"
rule = "mine"
firing = [{ service = "rsvp" }]
severity = "warning"
"""


def write(machine: Machine, name: str, text: str) -> Path:
    path = machine.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def blocks(kind: str) -> list[str]:
    """Return the blocks of the document that hold tables of a kind."""
    found = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in found if f"[[{kind}]]" in block]


def test_the_rules_that_are_shipped_are_those_of_the_design(machine: Machine) -> None:
    answer = machine.run("rules", "check", "--json")
    assert answer.code == 0
    *rules, raising = answer.json["rules"]
    assert {rule["name"]: (rule["condition"], rule["for_s"], rule["severity"]) for rule in rules} == DESIGN
    assert raising == {
        "name": "guest-facing",
        "origin": "shipped",
        "raises": "critical",
        "where": {"guest_facing": ["true"]},
        "during": "live weddings",
    }
    assert "evaluated" not in answer.json


def test_each_rule_is_said_in_one_line_and_that_nothing_is_watched_by_them(machine: Machine) -> None:
    answer = machine.run("rules", "check")
    assert answer.code == 0
    assert answer.out.splitlines()[1] == (
        "errors: critical when error_rate > 5% for 5m; over when error_rate < 4% for 5m; no data warns; "
        "together by provider; hidden while down fires for the same provider (shipped)"
    )
    assert answer.out.splitlines()[-1] == "ok: 8 rules; `wedtui alerts list` says what fires"


def test_a_route_that_leads_to_no_channel_is_said(machine: Machine) -> None:
    write(machine, "rules/own.toml", MILD + 'route = "platform"\n')
    answer = machine.run("rules", "check")
    assert answer.code == 0
    assert 'note: no channel is configured for the route "platform" under [routes]' in answer.out
    assert machine.run("rules", "check", "--json").json["unrouted"] == ["platform"]
    hook = '[notify.team]\nkind = "webhook"\nurl = "https://hooks.example.com/1"\n[routes]\nplatform = ["team"]\n'
    machine.config.write_text(hook)
    assert "no channel is configured" not in machine.run("rules", "check").out
    assert machine.run("rules", "check", "--json").json["unrouted"] == []


PROVIDER = """\
[[providers]]
name = "aws"
kind = "probed"
[[probes]]
name = "rsvp"
provider = "aws"
url = "https://rsvp.example.com/"
"""


def test_a_rule_that_nothing_configured_can_make_fire_is_a_note_and_no_error(machine: Machine) -> None:
    gcp = '[[rules]]\nname = "gcp"\ncondition = "up < 1"\nseverity = "warning"\nwhere = { provider = "gcp" }\n'
    path = write(machine, "rules/own.toml", MILD + gcp)
    machine.config.write_text(PROVIDER)
    answer = machine.run("rules", "check")
    assert answer.code == 0
    notes = [line for line in answer.out.splitlines() if line.startswith("note: ")]
    assert notes == [
        f'note: the rule "mine" can never fire by a value: nothing that is configured measures queue ({path}:1)',
        'note: the rule "gcp" can never fire by a value: nothing that is configured has what it is about: '
        f"provider is gcp ({path}:5)",
        "note: shipped rules that are not set, because nothing is configured for them: errors, errors-rising, latency, "
        "cpu, memory, cache-hits and guest-facing",
    ]
    listed = machine.run("rules", "check", "--json").json
    assert [*listed["unmeasured"]] == ["mine", "gcp"]
    assert listed["not_set"][:2] == ["errors", "errors-rising"]
    machine.config.write_text(PROVIDER.replace('"aws"', '"gcp"') + "guest_facing = true\n")
    listed = machine.run("rules", "check", "--json").json
    assert ([*listed["unmeasured"]], "guest-facing" in listed["not_set"]) == (["mine"], False)
    # Of a configuration that cannot be used nobody knows what it measures.
    machine.config.write_text("nonsense")
    assert machine.run("rules", "check", "--json").json["unmeasured"] == {}


def test_the_rules_that_watch_over_alert_sources_are_among_them(machine: Machine) -> None:
    head = '[routes]\nplatform = ["team"]\n[notify.team]\nkind = "webhook"\nurl = "https://hooks.example.com/1"\n'
    source = '[[alert_sources]]\nname = "{}"\nkind = "alertmanager"\nurl = "https://{}.example.com"\n'
    expects = 'expects = "Watchdog"\nunanswered = "critical"\nroute = "platform"\n'
    machine.config.write_text(head + source.format("eu", "eu") + expects + source.format("us", "us"))
    answer = machine.run("rules", "check")
    lines = [line for line in answer.out.splitlines() if line.startswith("sources/")]
    over = "over when not so any more in 2 samples"
    assert lines == [
        f"sources/eu: critical when expected_alert < 1 for 2m where source is eu; {over}; no data fires; to platform "
        "(watches over the alert source eu)",
        f"sources/eu/whole: warning when whole_answer < 1 for 2m where source is eu; {over}; no data holds; to "
        "platform (watches over the alert source eu)",
        f"sources/us: critical when alert_source < 1 for 2m where source is us; {over}; no data warns "
        "(watches over the alert source us)",
        f"sources/us/whole: warning when whole_answer < 1 for 2m where source is us; {over}; no data holds "
        "(watches over the alert source us)",
    ]
    assert answer.out.splitlines()[-1].startswith("ok: 12 rules;")
    rules = machine.run("rules", "check", "--json").json["rules"]
    assert [(each["name"], each["origin"]) for each in rules[8:]] == [
        (f"sources/{name}{more}", f"watches over the alert source {name}")
        for name in ("eu", "us")
        for more in ("", "/whole")
    ]
    # Of a configuration that cannot be used nobody knows what is watched over.
    machine.config.write_text("nonsense")
    assert "sources/" not in machine.run("rules", "check").out


def test_a_window_that_is_longer_than_what_is_kept_is_a_note(machine: Machine) -> None:
    long = '[[rules]]\nname = "{}"\ncondition = "burn(failing, 99.9%, {}, 5m) > 1"\nseverity = "warning"\n'
    path = write(machine, "rules/own.toml", long.format("month", "30d") + long.format("week", "7d"))
    machine.config.write_text(PROVIDER)
    answer = machine.run("rules", "check")
    assert (
        'note: the rule "month" looks back 30d, of which 1w are kept (keep_samples under [cache]): after each start of '
        f"the service it says nothing until that has run for 15d ({path}:1)"
    ) in answer.out.splitlines()
    assert (answer.code, [*machine.run("rules", "check", "--json").json["outlasting"]]) == (0, ["month"])
    machine.config.write_text(PROVIDER + '[cache]\nkeep_samples = "15d"\n')
    assert machine.run("rules", "check", "--json").json["outlasting"] == {}


def test_rules_beside_the_configuration_count_and_replace_shipped_ones(machine: Machine) -> None:
    own = MILD + '[[rules]]\nname = "cpu"\ncondition = "cpu > 95%"\nseverity = "critical"\n'
    path = write(machine, "rules/own.toml", own + '[[rules]]\nname = "memory"\nenabled = false\n')
    answer = machine.run("rules", "check")
    assert answer.code == 0
    assert (
        f"mine: warning when queue > 100 in 2 samples; over when not so any more in 2 samples; no data holds ({path}:1)"
        in answer.out
    )
    assert f'note: the shipped rule "cpu" does not count: {path}:5 has its name' in answer.out
    assert f"memory: switched off ({path}:9)" in answer.out
    listed = machine.run("rules", "check", "--json").json
    assert (listed["replaced"], listed["off"]) == (["cpu", "memory"], ["memory"])
    other = write(machine, "other.toml", MILD.replace("mine", "other"))
    assert "mine" not in machine.run("rules", "check", str(other)).out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[rules]]\nname = "a"\ncondition = "cpu >"\nseverity = "warning"',
            '3: rules.1.condition: expected a limit such as "5%"',
        ),
        ('[[rules]]\nname = "a"\ncondition = "cpu > 80"\nseverity = "warning"', 'did you mean "80%"?'),
        (
            '[[rules]]\nname = "a"\ncondition = "x > 1"',
            '1: rules.1: expected a severity ("critical" or "warning") in rule "a"',
        ),
        ('[[rules]]\nname = "a"\nseverity = "warning"', "1: rules.1: expected exactly one of condition"),
        ('[[rules]]\nname = "a"\nraises = "critical"\nfor = "5m"', "expected only name, raises, where and during"),
        (MILD + 'fro = "5m"', '5: rules.1.fro: expected a known key; did you mean "for"?'),
        (MILD + 'for = "-5m"', "5: rules.1.for: expected a duration such as"),
        (MILD + 'for = "8d"', "5: rules.1.for: expected at most 7d"),
        (MILD + 'nodata = "ok"', "5: rules.1.nodata: expected 'hold', 'warn' or 'fire', got \"ok\""),
        (MILD + "where = { service = [3] }", "5: rules.1.where.service: expected a value or a list of values"),
        (MILD + "where = { service = [] }", "5: rules.1.where.service: expected a value or a list of values"),
        (
            MILD + 'where = { Service = "a" }',
            '5: rules.1.where.Service: expected the name of a label such as "provider"',
        ),
        (
            MILD + 'clear = { when = "queue < 200" }',
            "5: rules.1.clear.when: expected what is not so while the condition",
        ),
        (
            MILD + 'clear = { when = "queue > 50" }',
            "5: rules.1.clear.when: expected what is not so while the condition",
        ),
        (
            MILD + 'inhibit = { by = ["mine"], equal = ["a"] }',
            '5: rules.1.inhibit.by.1: expected another rule than "mine"',
        ),
        (MILD + 'inhibit = { by = ["donw"], equal = ["a"] }', 'got "donw"; did you mean "down"?'),
        (MILD + 'inhibit = { by = ["guest-facing"], equal = ["a"] }', "which raises others"),
        (MILD + 'inhibit = { by = [], equal = ["a"] }', "5: rules.1.inhibit.by: expected at least 1 entry"),
        (MILD + MILD, '6: rules.2.name: expected another name: "mine" stands at'),
        ("[[rules]\n", "1: expected TOML"),
        ("[[rule]]\n", '1: rule: expected a known key; did you mean "rules"? known here: rules'),
        ("rules = 3\n", "1: rules: expected a list"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_line_and_what_was_expected(
    machine: Machine, text: str, said: str
) -> None:
    path = write(machine, "bad.toml", text)
    answer = machine.run("rules", "check", str(path))
    assert (answer.code, answer.out) == (2, "")
    assert f"wedtui: {path}:" in answer.err
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


def test_rules_that_hide_each_other_are_refused(machine: Machine) -> None:
    hides = 'inhibit = {{ by = ["{}"], equal = ["service"] }}\n'
    text = "".join(MILD.replace("mine", name) + hides.format(by) for name, by in (("a", "b"), ("b", "c"), ("c", "a")))
    answer = machine.run("rules", "check", str(write(machine, "bad.toml", text)))
    assert answer.code == 2
    assert answer.err.count("nobody would be told") == 3


def test_everything_that_is_wrong_is_said_at_once(machine: Machine) -> None:
    text = MILD + 'fro = "5m"\nnodata = "ok"\n' + MILD.replace("100", "")
    answer = machine.run("rules", "check", str(write(machine, "bad.toml", text)))
    assert [line.split(":")[2] for line in answer.err.splitlines()] == ["5", "6", "9"]


def test_a_file_that_is_not_there_or_no_text_is_named(machine: Machine) -> None:
    gone = machine.run("rules", "check", str(machine.folder / "gone.toml"))
    assert gone.code == 2
    assert "gone.toml: cannot be read" in gone.err
    odd = machine.folder / "odd.toml"
    odd.write_bytes(b"# a\n\xff")
    assert "odd.toml:2: expected UTF-8" in machine.run("rules", "check", str(odd)).err


def test_a_trial_that_is_as_expected_ends_with_0(machine: Machine) -> None:
    write(machine, "mine.toml", MILD)
    answer = machine.run("rules", "test", str(write(machine, "trial.toml", TRIAL)))
    assert (answer.code, answer.out) == (0, "ok: 1 test with 2 expectations\n")
    assert machine.run("rules", "test", str(machine.folder / "trial.toml"), "--json").json == {
        "tests": ["a queue"],
        "differences": [],
    }


def test_a_level_of_a_trial_holds_until_the_next_one(machine: Machine) -> None:
    write(machine, "mine.toml", MILD + 'for = "8m"\n')
    levels = 'protection = [{ at = "4m", level = "NORMAL" }, { at = "1m", level = "MAXIMUM" }]\n'
    expected = "".join(
        f'[[tests.expect]]\nat = "{at}m"\nrule = "mine"\n{phase} = [{{ service = "{service}" }}]\n'
        for at, phase, service in ((3, "firing", "rsvp"), (7, "pending", "late"), (13, "pending", "late"))
    )
    expected = expected.replace("pending =", 'firing = [{ service = "rsvp" }]\npending =')
    late = '[[tests.series]]\nsignal = "queue"\nlabels = { service = "late" }\nvalues = "0x5 200x20"\n'
    text = TRIAL.partition("[[tests.expect]]")[0].replace("0 200x3", "0 200x20")
    text = text.replace('name = "a queue"\n', f'name = "a queue"\n{levels}')
    answer = machine.run("rules", "test", str(write(machine, "trial.toml", text + late + expected)))
    assert (answer.code, answer.out) == (0, "ok: 1 test with 3 expectations\n")


def test_a_trial_that_is_not_says_each_difference_and_ends_with_1(machine: Machine) -> None:
    write(machine, "mine.toml", MILD)
    text = TRIAL.replace('"1m"', '"0m"').replace("firing = [{ service", "resolved = [{ provider")
    path = write(machine, "trial.toml", text.replace('"warning"', '"critical"'))
    answer = machine.run("rules", "test", str(path))
    assert answer.code == 1
    assert answer.out.splitlines() == [
        f"{path}:11: a queue: at 0s, mine: expected service=rsvp to be pending, it is ok",
        f"{path}:16: a queue: at 2m, mine: service=rsvp is firing, which was not expected",
        f"{path}:16: a queue: at 2m, mine: expected provider=rsvp to be resolved, it is of no such series",
        f"{path}:16: a queue: at 2m, mine: expected service=rsvp to be critical, it is warning",
        "not as expected: 4 differences in 1 test with 2 expectations",
    ]
    found = machine.run("rules", "test", str(path), "--json")
    assert found.code == 1
    assert found.json["differences"][0]["at"] == f"{path}:11"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0 200x3", "0 zwei", '9: tests.1.series.1.values: expected a value, "_" or a run such as'),
        ('rule = "mine"\npending', 'rule = "yours"\npending', "13: tests.1.expect.1.rule: expected the name of a rule"),
        ('at = "1m"', 'at = "soon"', "12: tests.1.expect.1.at: expected a duration"),
        ("[[tests.series]]", "[[tests.serie]]", 'did you mean "series"?'),
        ("mine.toml", "gone.toml", "gone.toml: cannot be read"),
        (
            'name = "a queue"',
            'name = "a queue"\ninterval = "1s"\nevery = "0s"',
            "6: tests.1.every: expected a duration longer",
        ),
        (
            'name = "a queue"',
            'name = "a queue"\nweddings = [{ at = "0m", live = "maybe" }]',
            "live: expected true, false or",
        ),
        ('at = "2m"', 'at = "40d"', "17: tests.1.expect.2.at: expected at most 31d"),
    ],
)
def test_a_trial_that_cannot_be_used_is_said_with_its_line(machine: Machine, old: str, new: str, said: str) -> None:
    write(machine, "mine.toml", MILD)
    assert old in TRIAL
    answer = machine.run("rules", "test", str(write(machine, "trial.toml", TRIAL.replace(old, new, 1))))
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1 + ("serie]]" in new)


def test_the_examples_of_the_document_can_be_used_and_are_as_expected(machine: Machine) -> None:
    rules = blocks("rules")
    assert len(rules) == 2
    for text in rules:
        loaded = load_rules([write(machine, "example.toml", text)])
        assert all(rule.severity in Severity for rule in loaded.book.rules)
    (trial,) = blocks("tests")
    answer = machine.run("rules", "test", str(write(machine, "trial.toml", trial)))
    assert (answer.code, answer.out) == (0, "ok: 2 tests with 5 expectations\n")


def test_the_document_names_the_rules_that_are_shipped_and_says_that_they_are_judged() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    loaded = load_rules([])
    assert all(f"`{name}`" in text for name in loaded.places)
    assert all(place.startswith(str(SHIPPED)) for place in loaded.places.values())
    assert "The service judges them" in " ".join(text.split())
