"""What is installed beside the program: the unit, its user, its directories, the container and the example files.

No container can be built in a test: its file is read, and held against what the package really has.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.needs import need, require_program
from tests.postgres import Postgres, programs
from wedtui.config import Configuration
from wedtui.config_file import load
from wedtui.errors import ConfigurationError, StoreVersionError
from wedtui.paths import SHARED_STATE_DIR, SYSTEM_CONFIGURATION

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "wedtui.service"


class _Unit(configparser.RawConfigParser):
    """Keys keep their case; one that comes twice keeps both."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit() -> configparser.SectionProxy:
    parsed = _Unit(strict=False, delimiters=("=",), comment_prefixes=("#",), interpolation=None)
    parsed.read_string(UNIT.read_text())
    return parsed["Service"]


def lines(file: Path) -> list[list[str]]:
    return [line.split() for line in file.read_text().splitlines() if line and not line.startswith("#")]


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"(?m)^#.*\n", "", (DEPLOY / "container" / "Containerfile").read_text()).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in text.splitlines() if line.strip()]


def test_the_unit_names_the_places_that_the_program_looks_at() -> None:
    service = unit()
    assert service["ExecStart"].split()[1:] == ["--config", str(SYSTEM_CONFIGURATION), "service", "run"]
    assert service["Environment"] == f"WEDTUI_STATE_DIR={SHARED_STATE_DIR}"
    assert f"/var/lib/{service['StateDirectory']}" == str(SHARED_STATE_DIR)
    assert service["User"] == service["Group"] == Configuration().service.user
    assert service["StateDirectoryMode"] == "0750"
    assert service["UMask"] == "0027"


def test_the_unit_waits_for_ready_and_restarts_what_fails_but_not_what_cannot_succeed() -> None:
    service = unit()
    assert (service["Type"], service["KillSignal"], service["Restart"]) == ("notify", "SIGTERM", "on-failure")
    hopeless = {str(kind.exit_code) for kind in (ConfigurationError, StoreVersionError)}
    assert set(service["RestartPreventExitStatus"].split()) == hopeless
    assert int(service["WatchdogSec"]) > 0


def test_the_unit_may_do_nothing_but_watch() -> None:
    service = unit()
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == ""
    assert service["ProtectSystem"] == "strict"
    for key in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictSUIDSGID"):
        assert service[key] == "yes"
    assert "DynamicUser" not in service
    assert "ReadWritePaths" not in service


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = require_program("systemd-analyze", package="systemd")
    # The program is not installed in its place, and the folder of a test is nobody's unit path.
    (tmp_path / "wedtui.service").write_text(UNIT.read_text().replace("/opt/wedtui/bin/wedtui", "/bin/true"))
    command = [analyze, "verify", "--man=no", str(tmp_path / "wedtui.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_user_and_its_directories() -> None:
    ((kind, name, _number, *_gecos, home, shell),) = lines(DEPLOY / "sysusers.d" / "wedtui.conf")
    assert (kind, name, home, shell) == ("u", "wedtui", str(SHARED_STATE_DIR), "/usr/sbin/nologin")
    made = {path: (kind, mode, user, group) for kind, path, mode, user, group, _age in lines(_tmpfiles())}
    assert made == {
        str(SYSTEM_CONFIGURATION.parent): ("d", "0750", "root", "wedtui"),
        f"{SYSTEM_CONFIGURATION.parent}/secrets": ("d", "0700", "wedtui", "wedtui"),
        str(SHARED_STATE_DIR): ("d", "0750", "wedtui", "wedtui"),
    }


def _tmpfiles() -> Path:
    return DEPLOY / "tmpfiles.d" / "wedtui.conf"


def test_systemd_makes_the_user_and_its_directories(tmp_path: Path) -> None:
    makers = [require_program(name, package="systemd") for name in ("systemd-sysusers", "systemd-tmpfiles")]
    need(os.geteuid() == 0, "needs root, to make users in a folder of the test")
    (tmp_path / "etc").mkdir()
    for program, options, file in zip(
        makers, ([], ["--create"]), (DEPLOY / "sysusers.d" / "wedtui.conf", _tmpfiles()), strict=True
    ):
        command = [program, *options, f"--root={tmp_path}", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
    (entry,) = (tmp_path / "etc" / "passwd").read_text().splitlines()
    assert entry.startswith("wedtui:x:")
    state = (tmp_path / "var" / "lib" / "wedtui").stat()
    assert (stat.S_IMODE(state.st_mode), str(state.st_uid)) == (0o750, entry.split(":")[2])


@pytest.mark.parametrize("name", ["etc/config.toml", "container/config.toml"])
def test_the_example_configurations_can_be_used_and_are_shared(name: str) -> None:
    loaded = load(DEPLOY / name, {})
    assert loaded.configuration.service.mode == "shared"
    assert loaded.configuration.probes


def test_the_image_is_not_root_and_is_asked_how_it_is() -> None:
    found = instructions()
    known = "ARG FROM WORKDIR COPY RUN ENV USER VOLUME STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD"
    assert {word for word, _rest in found} <= set(known.split())
    last = [rest for word, rest in found if word == "USER"]
    assert last == ["9464:9464"]
    (health,) = (rest for word, rest in found if word == "HEALTHCHECK")
    assert health.endswith('CMD ["wedtui", "service", "status"]')
    environment = dict(pair.split("=", 1) for word, rest in found if word == "ENV" for pair in rest.split())
    assert environment["WEDTUI_STATE_DIR"] == str(SHARED_STATE_DIR)
    assert environment["WEDTUI_CONFIG"] == str(SYSTEM_CONFIGURATION)


def test_the_image_is_built_from_files_that_are_there_and_sent() -> None:
    ignore = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY" and not rest.startswith("--from")]
    names = [name for each in copied for name in each]
    assert sorted(names) == sorted(line[1:] for line in ignore)
    assert all((ROOT / name).exists() for name in names)
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert needed["project"]["readme"] in names
    assert set(needed["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]) <= set(names)


def test_the_images_python_is_one_that_the_program_runs_on() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    found = instructions()
    # Both stages begin with the same: the program is built for the Python that runs it.
    assert {rest.split()[0] for word, rest in found if word == "FROM"} == {"${BASE}"}
    assert found[0] == ("ARG", f"BASE=python:{needed.removeprefix('>=')}-slim-bookworm")


def test_the_containers_of_service_and_database() -> None:
    folder = DEPLOY / "container"
    found = yaml.safe_load((folder / "compose.yaml").read_text())
    service, database = found["services"]["service"], found["services"]["database"]
    assert set(found) == {"services", "networks", "volumes", "secrets"}, "what docker-compose 1.29 takes"
    assert (folder / ".env").read_text() == "COMPOSE_PROJECT_NAME=wedtui\n"
    assert (folder / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert database["image"] == "postgres:15"
    assert (service["user"], service["read_only"], service["cap_drop"]) == ("9464:9464", True, ["ALL"])
    (health,) = (rest for word, rest in instructions() if word == "HEALTHCHECK")
    assert health.endswith(f"CMD {json.dumps(service['healthcheck']['test'][1:])}")
    # While it makes the database, the server listens on its socket alone: it must not look ready.
    assert "--host=127.0.0.1" in database["healthcheck"]["test"]
    made = [mount.split(":") for mount in database["volumes"] if "initdb.d" in mount]
    assert [Path(inside).name for _, inside, _ in made] == ["10-roles.sql", "20-password.sql"]
    assert all((folder / file).is_file() for file, _, _ in made)
    urls = [value for name, value in service["environment"].items() if name.endswith("__URL")]
    assert urls == ["postgresql+psycopg://wedtui_service@database/wedtui"] * 2
    assert "POSTGRES_USER" not in database["environment"]
    mounts = dict(mount.split(":")[:2] for mount in service["volumes"])
    assert mounts == {"./config.toml": str(SYSTEM_CONFIGURATION), "state": str(SHARED_STATE_DIR)}
    assert (folder / "config.toml").is_file()
    for part in (service, database):
        assert set(part["secrets"]) <= set(found["secrets"])
        assert set(part["networks"]) <= set(found["networks"])
        assert "ports" not in part


def test_the_tests_run_on_the_postgresql_of_the_containers(postgres: Postgres) -> None:
    found = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text())
    named = found["services"]["database"]["image"].removeprefix("postgres:")
    ((number,),) = postgres.query("postgres", "SHOW server_version_num")
    major = str(int(number) // 10_000)
    need(major == named, f"needs PostgreSQL {named}, not {major}, from the Debian package postgresql-{named}")


def test_the_service_in_a_container_gets_its_password_and_is_no_superuser(postgres: Postgres, tmp_path: Path) -> None:
    secret = tmp_path / "wedtui_password"
    secret.write_text("it's\\one")
    text = (DEPLOY / "container" / "roles.sql").read_text()
    assert str(Path("/run/secrets") / secret.name) in text
    file = tmp_path / "roles.sql"
    file.write_text(text.replace("/run/secrets", str(tmp_path)))
    name = postgres.database()
    for each in (ROOT / "docs" / "postgresql.sql", file):
        command = [str(programs() / "psql"), "-X", "-q", "--set=ON_ERROR_STOP=1", f"--file={each}", postgres.dsn(name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    found = postgres.query(name, "SELECT rolsuper, rolpassword FROM pg_authid WHERE rolname = %s", "wedtui_service")
    assert [(admin, str(password)[:14]) for admin, password in found] == [(False, "SCRAM-SHA-256$")]


def test_a_password_that_the_database_may_not_read_is_said_and_not_taken_for_none(
    postgres: Postgres, tmp_path: Path
) -> None:
    file = tmp_path / "roles.sql"
    file.write_text((DEPLOY / "container" / "roles.sql").read_text().replace("/run/secrets", str(tmp_path)))
    command = [str(programs() / "psql"), "-X", "-q", "--set=ON_ERROR_STOP=1", f"--file={file}"]
    done = subprocess.run([*command, postgres.dsn(postgres.database())], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "secrets/wedtui_password is empty, or closed to user 999" in done.stderr


def test_the_guide_gives_each_secret_to_who_reads_it() -> None:
    text = (ROOT / "docs" / "install.md").read_text()
    # The database's server runs as user 999 of its image and reads this one itself; the other one is read by root.
    owners = dict(re.findall(r"(?m)^chown (\d+:\d+) secrets/(\w+)", text))
    assert owners == {"9464:9464": "wedtui_pgpass", "999:999": "wedtui_password"}


def test_no_password_stands_in_the_compose_file() -> None:
    text = (DEPLOY / "container" / "compose.yaml").read_text()
    found = yaml.safe_load(text)
    assert not re.search(r"://[^@/\s]*:[^@/\s]*@", text)
    variables = [name for part in found["services"].values() for name in part["environment"]]
    assert [name for name in variables if "PASSWORD" in name] == ["POSTGRES_PASSWORD_FILE"]
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert all(f"deploy/container/{Path(secret['file']).parent}/" in ignored for secret in found["secrets"].values())


def test_the_guide_names_files_that_are_there() -> None:
    text = (ROOT / "docs" / "install.md").read_text()
    named = set(re.findall(r"\bdeploy/[\w./-]+\w", text))
    assert {"deploy/systemd/wedtui.service", "deploy/etc/config.toml"} <= named
    assert all((ROOT / name).exists() for name in named)


def test_every_figure_of_the_guide_is_one_that_is_served() -> None:
    source = "".join(path.read_text() for path in (ROOT / "wedtui" / "poller").glob("*figures.py"))
    for name in set(re.findall(r"\bwedtui_[a-z_]+", (ROOT / "docs" / "install.md").read_text())):
        if "password" in name or name in {"wedtui_pgpass", "wedtui_reader", "wedtui_service"}:
            continue
        stem = re.sub(r"_(total|bucket|info)$", "", name)
        assert f'"{stem}"' in source or f'"{name}"' in source, name
