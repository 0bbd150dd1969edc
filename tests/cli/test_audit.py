"""`wedtui audit`: what is shown, what is exported, and that any change of either is found and named."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.base import WEDNESDAY, Answer, Machine, machine, on_both
from tests.needs import need, require_program
from wedtui.cli.common import person
from wedtui.config_audit import AuditSection
from wedtui.core.chain import Entry
from wedtui.ledger.audit import AuditLedger
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.ledger import Ledger
from wedtui.providers.anchors.anchoring import Anchoring
from wedtui.providers.anchors.places import FilePlace

__all__ = ["machine"]

HOUR = timedelta(hours=1)
DOCS = Path(__file__).parents[2] / "docs" / "audit.md"


@pytest.fixture
def audited(machine: Machine) -> Machine:
    """Give a machine with a key, on which an hour after each other three persons' decisions were made."""
    machine.configure(f'[audit]\nkey_file = "{machine.folder}/audit.key"\n')
    answer = machine.run("audit", "key")
    (machine.folder / "public.pem").write_text(answer.out)
    for number in range(3):
        machine.now = WEDNESDAY + number * HOUR
        at = machine.now.isoformat()
        ends = (machine.now + 9 * HOUR).isoformat()
        machine.run("freeze", "add", "--from", at, "--to", ends, "--reason", f"fair {number} — \x1b[2J[x](y)|`é`")
    return machine


def anchor(machine: Machine) -> Path:
    """Sign the newest link, as the service does, and return the file in which that is kept."""
    section = AuditSection.model_validate({"key_file": f"{machine.folder}/audit.key"})
    url = machine.ledger_url
    made = Anchoring(section, url, person="service")
    made.anchor(machine.now)
    file = machine.folder / "anchors"
    with closing(AuditReader(url)) as reader:
        file.write_text("".join(f"Jul 22 log: {each.line}\n" for _, each in reader.anchors()))
    return file


def tamper(machine: Machine, *statements: str) -> None:
    """Change the ledger as its owner can."""
    with closing(sqlite3.connect(machine.state / "ledger.db")) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


def exported(machine: Machine, *arguments: str) -> Path:
    answer = machine.run("audit", "export", *arguments)
    assert answer.code == 0, answer.err
    file = machine.folder / "export.jsonl"
    file.write_text(answer.out)
    return file


def verify(machine: Machine, *arguments: object) -> Answer:
    return machine.run("audit", "verify", *map(str, arguments))


def test_the_key_is_made_once_and_only_its_public_half_is_shown(machine: Machine) -> None:
    file = machine.folder / "audit.key"
    machine.configure("")
    answer = machine.run("audit", "key")
    assert (answer.code, answer.out) == (2, "")
    assert "expected [audit] key_file" in answer.err
    machine.configure(f'[audit]\nkey_file = "{file}"\n')
    first, second = machine.run("audit", "key"), machine.run("audit", "key")
    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out
    assert first.out.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert "is made" in first.err
    assert "is there already" in second.err
    private = file.read_text().splitlines()[1]
    assert private not in first.out + first.err + second.out + second.err
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    assert machine.run("audit", "key").code == 19


def test_the_key_of_a_shared_service_is_made_by_its_user(machine: Machine) -> None:
    machine.configure(f'[service]\nmode = "shared"\nuser = "nobody"\n[audit]\nkey_file = "{machine.folder}/k"\n')
    answer = machine.run("audit", "key")
    assert (answer.code, answer.err) == (19, "wedtui: the key is for the service's user: run this as nobody\n")
    assert not (machine.folder / "k").exists()


def test_without_a_ledger_and_without_a_link(machine: Machine) -> None:
    for command in (("list",), ("verify",), ("export",), ("show", "1")):
        assert machine.run("audit", *command).code == 10
    machine.run("db", "migrate")
    assert machine.run("audit", "list").out == "the audit chain has no link yet\n"
    answer = verify(machine)
    assert (answer.code, answer.out) == (0, "the audit chain has no link yet: there is nothing to verify\n")
    file = exported(machine)
    assert verify(machine, "--export", file).code == 0


def test_who_stood_alone_is_listed_shown_and_exported(machine: Machine) -> None:
    glass = {"broke_glass": "nobody answers " * 20, "review": "it was right", "reviewed_by": "kay", "needs": []}
    body = {"move": "review", "digest": "d" * 64, "kind": "failover", "said": "", "role": "manager", **glass}
    with closing(Ledger(f"sqlite:///{machine.state / 'ledger.db'}")) as ledger:
        ledger.record("action.review", "kay", body, WEDNESDAY)
    (line,) = machine.run("audit", "list").out.splitlines()
    assert line.split()[3:] == ["kay", "action.review", "ALONE"]
    for words in (machine.run("audit", "show", "1").out, machine.run("audit", "export", "--format", "md").out):
        assert f'"broke_glass": "{"nobody answers " * 20}"' in words
        assert '"review": "it was right"' in words
    assert verify(machine).code == 0


def test_what_has_no_room_in_the_list_ends_in_a_sign_that_there_is_more(machine: Machine) -> None:
    body = {"target": "aws", "state": "awaiting confirmation"}
    with closing(Ledger(f"sqlite:///{machine.state / 'ledger.db'}")) as ledger:
        ledger.record("action.plan", "a-long-name-of-somebody", body, WEDNESDAY)
    (line,) = machine.run("audit", "list").out.splitlines()
    assert line.endswith("a-long-na… action.plan            aws awaiting confi…")
    assert len(line) <= 80


@on_both
def test_links_are_listed_and_shown(audited: Machine) -> None:
    lines = audited.run("audit", "list").out.splitlines()
    assert [line.split()[:5] for line in lines] == [
        ["1", "2026-07-22", "12:00:00", person(), "freeze.add"],
        ["2", "2026-07-22", "13:00:00", person(), "freeze.add"],
        ["3", "2026-07-22", "14:00:00", person(), "freeze.add"],
    ]
    assert all(len(line) <= 80 for line in lines)
    assert audited.run("audit", "list", "--last", "1").out.splitlines() == lines[2:]
    assert (
        audited.run("audit", "list", "--from", "2026-07-22T13:00Z", "--to", "2026-07-22T14:00Z").out == f"{lines[1]}\n"
    )
    assert audited.run("audit", "list", "--from", "2027-01-01T00:00Z").out == "the audit chain has no such link\n"
    shown = audited.run("audit", "show", "2")
    assert shown.code == 0
    assert shown.out.startswith(
        f"link 2 of the audit chain: freeze.add\n2026-07-22T13:00:00.000000Z by {person()}\n{{\n"
    )
    assert "\x1b" not in shown.out + audited.run("audit", "list").out
    said = audited.run("audit", "show", "2", "--json").json
    assert (said["number"], said["changed"], said["previous"]) == (
        2,
        False,
        audited.run("audit", "show", "1", "--json").json["hash"],
    )
    assert [each["number"] for each in audited.run("audit", "list", "--json").json] == [1, 2, 3]
    assert audited.run("audit", "show", "4").code == 17
    assert audited.run("audit", "list", "--from", "2026-07-22T14:00Z", "--to", "2026-07-22T14:00Z").code == 2


def test_a_link_that_was_changed_is_never_shown_as_one(audited: Machine) -> None:
    tamper(audited, "UPDATE audit_link SET person = 'mallory' WHERE number = 2")
    assert "mallory" not in audited.run("audit", "list").out
    assert audited.run("audit", "list").out.splitlines()[1].endswith("2  CHANGED: `wedtui audit verify` says more")
    shown = audited.run("audit", "show", "2")
    assert (shown.code, shown.out) == (1, "link 2: CHANGED: `wedtui audit verify` says more\n")
    assert audited.run("audit", "show", "2", "--json").json == {"number": 2, "changed": True}
    for shape in ("json", "md"):
        answer = audited.run("audit", "export", "--format", shape)
        assert answer.code == 1
        assert answer.err == "wedtui: 1 link was changed since written: `wedtui audit verify` says more\n"


@on_both
def test_verify_says_what_it_compared_and_what_it_did_not(audited: Machine) -> None:
    alone = verify(audited)
    assert alone.code == 0
    assert "links 1 to 3: whole; the newest has the hash" in alone.out
    assert "no anchor was given, so a cut-off end would not be noticed; give --anchor FILE" in alone.out
    assert "signatures were not checked: --public-key names the key" in alone.out
    file = anchor(audited)
    assert (
        "compared only with 1 anchor kept beside it; none from outside was given, so a cut-off" in verify(audited).out
    )
    whole = verify(audited, "--anchor", file, "--public-key", audited.folder / "public.pem")
    assert whole.code == 0
    assert "links 1 to 4: whole" in whole.out
    assert "compared with 1 anchors from outside and 1 beside it: confirmed up to link 4" in whole.out
    assert re.search(r"signatures were checked by the key [0-9a-f]{16}$", whole.out, re.MULTILINE)


CHANGES = {
    "changed": ("UPDATE audit_link SET body = replace(body, 'fair', 'fare') WHERE number = 2", 2),
    "missing": ("DELETE FROM audit_link WHERE number = 2", 2),
    "head cut": ("DELETE FROM audit_link WHERE number = 1", 1),
    "tail cut": ("DELETE FROM audit_link WHERE number > 2", 3),
}


@pytest.mark.parametrize("fault", CHANGES)
def test_the_first_bad_link_is_named(audited: Machine, fault: str) -> None:
    file, (statement, number) = anchor(audited), CHANGES[fault]
    # The anchors in the ledger go as well, as they would.
    tamper(audited, statement, "DELETE FROM audit_anchor")
    answer = verify(audited, "--anchor", file)
    assert answer.code == 1
    assert f"BAD at link {number}, {fault}: " in answer.out
    assert verify(audited).code == (0 if fault == "tail cut" else 1)


def test_bytes_that_are_no_text_are_found_too(audited: Machine) -> None:
    tamper(audited, "UPDATE audit_link SET person = CAST(x'ff' AS TEXT) WHERE number = 2")
    answer = verify(audited)
    assert answer.code == 1
    assert "BAD at link 2, changed: " in answer.out


def test_an_anchor_that_was_forged_is_no_evidence(audited: Machine) -> None:
    """Neither one that says too much nor one by another key."""
    file, public = anchor(audited), audited.folder / "public.pem"
    right = file.read_text()
    file.write_text(right.replace("wedtui-audit-1 4 ", "wedtui-audit-1 9 "))
    assert verify(audited, "--anchor", file).code == 1  # without a key everything is believed
    answer = verify(audited, "--anchor", file, "--public-key", public)
    assert answer.code == 1
    assert "NOT SIGNED: the anchor of link 9 is not signed by the key" in answer.out
    assert "BAD" not in answer.out
    file.write_text(right)
    (audited.folder / "audit.key").unlink()
    other = audited.folder / "other.pem"
    other.write_text(audited.run("audit", "key").out)
    answer = verify(audited, "--anchor", file, "--public-key", other)
    assert answer.code == 1
    assert "which was not given" in answer.out
    assert verify(audited, "--anchor", file, "--public-key", public, "--public-key", other).code == 0


def test_files_that_hold_nothing_of_it_are_said(audited: Machine) -> None:
    file = audited.folder / "notes"
    for options in (("--anchor", file), ("--public-key", file), ("--export", file)):
        assert verify(audited, *options).code == 19
        assert "cannot be read (No such file or directory)" in verify(audited, *options).err
    file.write_text("Dear guests\n")
    assert "holds no anchor" in verify(audited, "--anchor", file).err
    assert "public key in PEM" in verify(audited, "--public-key", file).err
    assert "is no export" in verify(audited, "--export", file).err


def test_an_export_is_verified_without_the_ledger(audited: Machine) -> None:
    anchors, public = anchor(audited), audited.folder / "public.pem"
    file = exported(audited)
    (audited.state / "ledger.db").rename(audited.folder / "away")
    answer = verify(audited, "--export", file, "--public-key", public, "--anchor", anchors)
    assert answer.code == 0
    assert "an export of 2026-07-22T14:00:00.000000Z, of all\nlinks 1 to 4: whole" in answer.out
    assert "confirmed up to link 4" in answer.out


def test_any_line_of_an_export_that_is_changed_moved_or_gone_is_found(audited: Machine) -> None:
    anchors = anchor(audited)
    file = exported(audited)
    lines = file.read_text().splitlines(keepends=True)
    assert [json.loads(line).keys() & {"after", "link", "anchor", "key", "end"} for line in lines] == [
        {"after"}, {"link"}, {"link"}, {"link"}, {"link"}, {"anchor"}, {"key"}, {"end"}
    ]  # fmt: skip

    def bad(changed: list[str]) -> str:
        file.write_text("".join(changed))
        answer = verify(audited, "--export", file, "--anchor", anchors)
        assert answer.code == 1
        return answer.out.partition("BAD at ")[2].partition(":")[0]

    assert bad([*lines[:2], *lines[3:]]) == "link 2, missing"
    assert bad([*lines[:2], lines[3], lines[2], *lines[4:]]) == "link 2, reordered"
    assert bad([*lines[:3], lines[1], *lines[3:]]) == "link 1, doubled"
    assert bad([lines[0], *lines[2:]]) == "link 1, head cut"
    assert bad([*lines[:4], *lines[5:]]) == "link 4, tail cut"
    assert bad(lines[:-1]) == "link 1, tail cut"
    assert bad([*lines[:2], lines[2].replace("fair 1", "fair 7"), *lines[3:]]) == "link 2, changed"
    assert bad([*lines[:2], lines[2].replace('"body":', '"body": '), *lines[3:]]) == "link 2, changed"
    assert bad([*lines[:2], '{"hash"\n', *lines[3:]]) == "link 2, changed"
    # Without any anchor: by how the export says that it ends.
    file.write_text("".join([*lines[:4], *lines[6:]]))
    alone = verify(audited, "--export", file)
    assert (alone.code, "BAD at link 4, tail cut: the end was cut off: link 4 is the last" in alone.out) == (1, True)
    # A tail that is cut together with the anchor and the end, so that the file looks whole.
    end = json.loads(lines[3])
    forged = json.dumps({"end": {"hash": end["hash"], "number": 3}}) + "\n"
    assert bad([*lines[:4], forged]) == "link 4, tail cut"


@on_both
def test_an_old_export_is_not_bad_for_what_happened_since(audited: Machine) -> None:
    anchor(audited)
    file = exported(audited)
    audited.now += 5 * HOUR
    audited.run("freeze", "add", "--from", "now", "--to", "2026-09-01T00:00Z", "--reason", "later")
    answer = verify(audited, "--export", file, "--anchor", anchor(audited))
    assert answer.code == 0, answer.out


@on_both
def test_a_part_is_exported_and_verified_as_one(audited: Machine) -> None:
    anchors = anchor(audited)
    file = exported(audited, "--from", "2026-07-22T13:00Z", "--to", "2026-07-22T14:00Z")
    lines = file.read_text().splitlines()
    assert [json.loads(line)["link"]["number"] for line in lines if line.startswith('{"hash"')] == [2]
    answer = verify(audited, "--export", file, "--anchor", anchors)
    assert answer.code == 0
    assert "of a part\nlink 2: whole" in answer.out
    file.write_text("\n".join([lines[0].replace('"number":1', '"number":0'), *lines[1:]]))
    assert verify(audited, "--export", file).code == 19


def test_an_export_that_begins_later_never_passes_for_all(audited: Machine) -> None:
    file = exported(audited, "--from", "2026-07-22T13:00Z")
    assert "of a part\nlinks 2 to 3: whole" in verify(audited, "--export", file).out


@on_both
def test_an_export_for_people(audited: Machine) -> None:
    with closing(AuditLedger(audited.ledger_url)) as ledger:
        ledger.record(Entry(WEDNESDAY, "freeze.add", "ada", {"freeze": 4, "text": "\x9b\x7f\ud800\u202e"}))
    text = audited.run("audit", "export", "--format", "md").out
    assert text.startswith("# Audit\n\n## 1 · freeze.add\n\n2026-07-22T12:00:00.000000Z, ")
    blocks = re.findall(r"^```json\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    assert [json.loads(block)["freeze"] for block in blocks] == [1, 2, 3, 4]
    assert text.replace("\n", "").isprintable()
    assert audited.run("audit", "export", "--format", "pdf").code == 2


def test_the_recipe_of_the_documentation_needs_nothing_of_ours(audited: Machine) -> None:
    """What docs/audit.md says to do with an export, the public key and standard tools, done as it is written there."""
    require_program("openssl", package="openssl")
    anchor(audited)
    file = exported(audited)
    (recipe,) = re.findall(r"```sh\n(# verify-export.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)

    def run() -> subprocess.CompletedProcess[str]:
        command = ["sh", "-c", recipe, "verify-export", str(file), str(audited.folder / "public.pem")]
        environ = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=audited.folder, env=environ)

    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "whole: links 1 to 4, signed up to link 4"
    whole = file.read_text()
    lines = whole.splitlines(keepends=True)
    for changed, link in (
        (whole.replace("fair 1", "fair 7"), 2),
        ("".join([*lines[:2], *lines[3:]]), 2),
        ("".join([*lines[:2], lines[3], lines[2], *lines[4:]]), 2),
        ("".join([*lines[:3], lines[2], *lines[3:]]), 3),
        (whole.replace("wedtui-audit-1 4 2026", "wedtui-audit-1 4 2025"), None),
    ):
        file.write_text(changed)
        done = run()
        assert done.returncode != 0
        assert (f"bad: link {link}" in done.stdout) is (link is not None), done.stdout


def test_doctor_looks_at_key_and_places(audited: Machine) -> None:
    def said() -> list[str]:
        return [line for line in audited.run("doctor").out.splitlines() if " audit: " in line]

    key = audited.folder / "audit.key"
    assert said() == [
        f"ok       audit: the key {key} is the service's alone",
        "warning  audit: nothing outside of the ledger keeps the newest link of the audit chain -> "
        "name a place: [[audit.anchors]]",
    ]
    own = audited.folder / "own"
    own.touch()
    audited.configure(
        f'[audit]\nkey_file = "{key}"\n[[audit.anchors]]\nname = "a"\nkind = "file"\npath = "{own}"\n'
        f'[[audit.anchors]]\nname = "b"\nkind = "file"\npath = "{own}.none"\n'
        f'[[audit.anchors]]\nname = "c"\nkind = "syslog"\naddress = "{own}.log"\n'
    )
    key.chmod(0o640)
    lines = said()
    assert [line.split("  ")[0].split()[0] for line in lines] == ["problem"] * 4
    assert "has mode 0640, so that others may use it" in lines[0]
    assert "belongs to the user that writes the ledger, who could change both" in lines[1]
    assert "cannot be looked at (No such file or directory)" in lines[2]
    assert f"the anchor c: there is no {own}.log" in lines[3]
    key.unlink()
    assert "there is no key at" in said()[0]
    audited.configure("")
    assert [line.split()[0] for line in said()] == ["note"]


def test_two_places_of_one_name_are_refused(machine: Machine) -> None:
    machine.configure('[audit]\nkey_file = "/k"\n' + '[[audit.anchors]]\nname = "a"\nkind = "syslog"\n' * 2)
    answer = machine.run("config", "check")
    assert answer.code == 2
    assert 'expected a name of its own; "a" occurs twice' in answer.err


def test_the_path_of_a_webhook_is_not_shown(machine: Machine) -> None:
    machine.configure(
        '[audit]\nkey_file = "/k"\n[[audit.anchors]]\nname = "a"\nkind = "webhook"\nurl = "https://h/hunter2"\n'
    )
    assert "hunter2" not in machine.run("config", "show").out


@on_both
def test_entries_of_an_action_name_it(audited: Machine) -> None:
    with closing(AuditLedger(audited.ledger_url)) as ledger:
        ledger.record(Entry(WEDNESDAY, "failover.step", "ada", {"step": "submit"}, "a-7"))
    assert "failover.step          #a-7" in audited.run("audit", "list").out
    assert "\naction a-7\n" in audited.run("audit", "show", "4").out
    assert ", action a-7\n" in audited.run("audit", "export", "--format", "md").out


@on_both
def test_a_file_of_anchors_is_read_as_it_was_written(audited: Machine) -> None:
    need(os.geteuid() == 0, "needs root, to give a file away")
    file = audited.folder / "kept"
    file.touch()
    os.chown(file, 65534, -1)
    anchor(audited)
    with closing(AuditReader(audited.ledger_url)) as reader:
        for _, each in reader.anchors():
            FilePlace("file", file).take(each)
    assert verify(audited, "--anchor", file, "--public-key", audited.folder / "public.pem").code == 0
