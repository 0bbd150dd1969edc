"""Real commands, run by a real supervisor: what they do well and badly, and what is left where a service dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from wedtui.core.deployments.submission import VERSION
from wedtui.core.deployments.words import arguments
from wedtui.errors import ConflictError, NotNowError, ProviderUnavailableError
from wedtui.providers.deploy import supervising
from wedtui.providers.deploy.base import Placing, Progress, Seen, Trace, Try
from wedtui.providers.deploy.command import LOCK, Command, CommandDeployer
from wedtui.providers.deploy.supervising import BEGUN, RESULT, SEGMENT

P = Progress
WHAT = Placing(7, "rsvp", "production", "1.4.2", "1.4.1")
SHELL = "/bin/sh"
WAITS_S = 20.0


class Site:
    """A made-up host: a file says which version is in place, and a program of the test's puts one there."""

    def __init__(self, path: Path) -> None:
        self.path, self.state = path, path / "releases"
        self.version = path / "version"
        self.version.write_text("1.4.1\n")

    def deployer(self, script: str = "", *, machine: str = "a", **other: object) -> CommandDeployer:
        """Return what puts versions in place by a script of the test's; `put` in it puts the asked one there."""
        program = self.path / "deploy"
        lines = f'#!{SHELL}\nput() {{ echo "$1" > {self.version}; }}\n{textwrap.dedent(script)}\n'
        program.write_text(lines)
        program.chmod(0o755)
        what: dict[str, object] = {
            "argv": (str(program), "{version}", "{service}"),
            "shows": ("/bin/cat", str(self.version)),
            "within": timedelta(seconds=30),
            "environ": {"PATH": "/usr/bin:/bin"},
            **other,
        }
        return CommandDeployer(Command(**what), self.state, machine)  # type: ignore[arg-type]

    def supervisor(self) -> psutil.Process:
        """Return who runs the command."""
        return psutil.Process(int((self.state / WHAT.name / BEGUN).read_text().partition(": ")[2].rstrip("}")))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    for begun in made.state.glob(f"*/{BEGUN}"):
        number = int(begun.read_text().partition(": ")[2].rstrip("}"))
        for each in [number, *supervising.descendants(number)] if psutil.pid_exists(number) else []:
            os.kill(each, signal.SIGKILL)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    ends = time.monotonic() + WAITS_S
    while not holds():
        assert time.monotonic() < ends, "it never came to be"
        time.sleep(0.02)


def run(deployer: CommandDeployer, what: Placing = WHAT) -> Seen:
    """Start it, and return how it ended."""

    async def all_of_it() -> Seen:
        await deployer.start(what)
        return await ended(deployer, what)

    return asyncio.run(asyncio.wait_for(all_of_it(), WAITS_S))


async def ended(deployer: CommandDeployer, what: Placing = WHAT) -> Seen:
    """Return how a command ended that was started."""
    while True:
        seen = await deployer.observe(what)
        if seen.progress is not P.GOING:
            return seen
        await asyncio.sleep(0.02)


def test_a_version_is_put_in_place_and_seen_there(site: Site) -> None:
    deployer = site.deployer('put "$1"; echo "$2 is up"')
    assert asyncio.run(deployer.prepare(WHAT)) == "1.4.1"
    assert run(deployer) == Seen(P.DONE, 'the command ended well; it printed "rsvp is up"; 1.4.2 is in place')
    assert asyncio.run(deployer.in_place(WHAT)) == "1.4.2"
    with pytest.raises(ConflictError, match=r"1\.4\.2 of rsvp in production is in place already"):
        asyncio.run(deployer.prepare(WHAT))
    back = WHAT._replace(version="1.4.1", previous="1.4.2", tries=Try.ROLLBACK)
    assert run(deployer, back).progress is P.DONE
    assert asyncio.run(deployer.in_place(WHAT)) == "1.4.1"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0", "the command ended well and did nothing: 1.4.1 is in place, not 1.4.2"),
        ("put 9", "the command ended well and did nothing: 9 is in place, not 1.4.2"),
        ("put ''", "the command ended well and did nothing: nothing is in place, not 1.4.2"),
        ('put "$1"; echo no room; exit 3', 'the command ended with 3; it printed "no room"'),
        ('put "$1"; kill -9 $$', "the command was killed by signal 9"),
    ],
)
def test_what_does_not_do_what_it_should_has_failed(site: Site, script: str, said: str) -> None:
    assert run(site.deployer(script)) == Seen(P.FAILED, said)


def test_a_program_that_is_not_there_has_failed_and_changed_nothing(site: Site) -> None:
    deployer = site.deployer(argv=("/nowhere/deploy", "{version}"))
    assert run(deployer) == Seen(P.FAILED, "the command cannot be run: No such file or directory")


@pytest.mark.parametrize("script", ["sleep 1000", "trap '' TERM; echo deaf; while :; do sleep 1; done"])
def test_one_that_hangs_is_ended_when_its_time_is_up(site: Site, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {each.pid for each in psutil.process_iter()}
    program = Path(supervising.__file__).read_text().replace("ENDS_WITHIN_S = 10.0", "ENDS_WITHIN_S = 0.5")
    hurried = site.path / "supervising.py"
    hurried.write_text(program)
    monkeypatch.setattr(supervising, "__file__", str(hurried))
    seen = run(site.deployer(script, within=timedelta(seconds=1)))
    assert seen.progress is P.FAILED
    assert seen.said.startswith("the command did not end within 1 s, and was ended")
    until(lambda: not _ours(site, before))


def _ours(site: Site, before: set[int]) -> list[psutil.Process]:
    found = []
    for each in psutil.process_iter(["cmdline"]):
        if each.pid not in before and any(str(site.path) in word for word in each.info["cmdline"] or ()):
            found.append(each)
    return found


def test_what_it_prints_is_kept_and_a_flood_of_it_is_bounded(site: Site) -> None:
    deployer = site.deployer('put "$1"; yes flood | head -n 8000000; echo the end')
    assert run(deployer).said == 'the command ended well; it printed "the end"; 1.4.2 is in place'
    kept = deployer.output(WHAT)
    assert SEGMENT <= len(kept) <= 2 * SEGMENT + 65536
    assert kept.endswith(b"flood\nthe end\n")
    assert sum(each.stat().st_size for each in (site.state / WHAT.name).iterdir()) < 3 * SEGMENT


@pytest.mark.parametrize(
    "script",
    [
        'put "$1"; sleep 1000 & ',
        'put "$1"; setsid sleep 1000 & sleep 0.2',
        f'put "$1"; {sys.executable} -c "import os, time; os.fork() and os._exit(0); os.setsid(); time.sleep(99)"',
    ],
)
def test_what_forks_away_is_ended_and_has_failed(site: Site, script: str) -> None:
    before = {each.pid for each in psutil.process_iter()}
    seen = run(site.deployer(script))
    assert seen.progress is P.FAILED
    assert seen.said.startswith("the command left 1 processes behind, which were ended with it")
    until(lambda: not set(supervising.descendants(os.getpid())) - before)


def test_it_is_ended_when_somebody_asks_for_that(site: Site) -> None:
    deployer = site.deployer("echo begun; sleep 1000")

    async def abort() -> Seen:
        await deployer.start(WHAT)
        await asyncio.to_thread(until, lambda: b"begun" in deployer.output(WHAT))
        assert await deployer.observe(WHAT) == Seen(P.GOING, 'it printed "begun"')
        await deployer.abort(WHAT)
        return await ended(deployer)

    assert asyncio.run(abort()) == Seen(P.FAILED, 'the command was ended; it printed "begun"')
    asyncio.run(deployer.abort(WHAT))
    asyncio.run(deployer.abort(WHAT._replace(release=8)))


def test_what_was_submitted_is_one_argument_and_never_a_program(site: Site) -> None:
    wicked = WHAT._replace(version="1.4.2;touch$(id)")
    assert VERSION.fullmatch(wicked.version) is None
    deployer = site.deployer('printf "%s\\n" "$#" "$1" > $0.asked')
    run(deployer, wicked)
    assert (site.path / "deploy.asked").read_text() == f"2\n{wicked.version}\n"


def test_it_has_the_environment_that_is_configured_and_no_other(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    run(
        site.deployer(
            "env > $0.environ; exec 3<&0; ls -l /proc/self/fd > $0.open",
            environ={"TOKEN": "t", "PATH": "/bin:/usr/bin"},
        )
    )
    given = (site.path / "deploy.environ").read_text()
    assert "hunter2" not in given
    assert {line.partition("=")[0] for line in given.splitlines()} <= {"TOKEN", "PATH", "PWD", "SHLVL", "_"}
    assert LOCK not in (site.path / "deploy.open").read_text(), "the lock is not handed on"


@pytest.mark.skipif(os.getuid() != 0, reason="only root runs a command as another user")
def test_it_is_run_as_the_user_that_is_configured(site: Site) -> None:
    for each in (site.path, *list(site.path.parents)[:3]):
        each.chmod(0o755)
    site.path.chmod(0o777)
    deployer = site.deployer("id -un > $0.who; id -Gn >> $0.who", user="nobody")
    run(deployer)
    assert (site.path / "deploy.who").read_text().splitlines() == ["nobody", "nogroup"]
    with pytest.raises(ConflictError, match="there is no user somebody-else on this machine"):
        asyncio.run(site.deployer(user="somebody-else").start(WHAT._replace(release=8)))


def test_a_start_is_made_once(site: Site) -> None:
    deployer = site.deployer('put "$1"; echo once >> $0.count')
    assert run(deployer).progress is P.DONE
    with pytest.raises(RuntimeError, match="7-release was begun before"):
        asyncio.run(deployer.start(WHAT))
    assert (site.path / "deploy.count").read_text() == "once\n"


class TestFound:
    """What somebody finds who comes after a service that died."""

    def find(self, deployer: CommandDeployer, what: Placing = WHAT) -> tuple[Trace, str]:
        return asyncio.run(deployer.find(what))

    def test_nothing_was_begun(self, site: Site) -> None:
        assert self.find(site.deployer())[0] is Trace.NOT_MADE
        assert run(site.deployer('put "$1"')).progress is P.DONE

    def test_a_folder_and_no_supervisor_is_cleared_away(self, site: Site) -> None:
        (site.state / WHAT.name).mkdir(parents=True)
        assert self.find(site.deployer())[0] is Trace.NOT_MADE
        assert run(site.deployer('put "$1"')).progress is P.DONE

    def test_it_goes_on_and_it_ended(self, site: Site) -> None:
        deployer = site.deployer('while [ ! -e $0.go ]; do sleep 0.02; done; put "$1"')
        asyncio.run(deployer.start(WHAT))
        assert self.find(deployer)[0] is Trace.MADE
        assert asyncio.run(deployer.observe(WHAT)).progress is P.GOING
        (site.path / "deploy.go").touch()
        until((site.state / WHAT.name / RESULT).exists)
        assert self.find(deployer)[0] is Trace.MADE
        assert asyncio.run(deployer.observe(WHAT)).progress is P.DONE

    def test_its_supervisor_died(self, site: Site) -> None:
        deployer = site.deployer("sleep 1000")
        asyncio.run(deployer.start(WHAT))
        supervisor = site.supervisor()
        left = supervising.descendants(supervisor.pid)
        supervisor.kill()
        until(lambda: not supervisor.is_running() or supervisor.status() == psutil.STATUS_ZOMBIE)
        assert self.find(deployer) == (
            Trace.UNKNOWABLE,
            "the command was started, and its supervisor died: its end is not known",
        )
        assert asyncio.run(deployer.observe(WHAT)).progress is P.UNKNOWN
        for each in left:
            os.kill(each, signal.SIGKILL)

    def test_another_machine_does_not_know(self, site: Site) -> None:
        elsewhere = WHAT._replace(begun_on="b")
        assert self.find(site.deployer(machine="a"), elsewhere) == (
            Trace.UNKNOWABLE,
            "it was begun on b: whether the command was started is not known here",
        )
        assert asyncio.run(site.deployer(machine="a").observe(elsewhere)) == Seen(
            P.UNKNOWN, "it was begun on b: how far the command is is not known here"
        )
        assert self.find(site.deployer(machine="b"), elsewhere)[0] is Trace.NOT_MADE


def test_a_service_that_is_killed_leaves_the_command_to_its_end(site: Site) -> None:
    deployer = site.deployer('while [ ! -e $0.go ]; do sleep 0.02; done; put "$1"; echo once >> $0.count')
    program = f"""
        import asyncio, os, signal
        from datetime import timedelta
        from pathlib import Path
        from wedtui.providers.deploy.base import Placing, Try
        from wedtui.providers.deploy.command import Command, CommandDeployer
        command = Command(("{site.path}/deploy", "{{version}}"), ("/bin/cat", "{site.version}"), timedelta(seconds=30),
                          {{"PATH": "/usr/bin:/bin"}})
        asyncio.run(CommandDeployer(command, Path("{site.state}"), "a").start(Placing{tuple(WHAT)!r}))
        os.kill(os.getpid(), signal.SIGKILL)
    """.replace("<Try.RELEASE: 'release'>", "Try.RELEASE")
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert asyncio.run(deployer.find(WHAT)).trace is Trace.MADE
    (site.path / "deploy.go").touch()
    until((site.state / WHAT.name / RESULT).exists)
    assert asyncio.run(deployer.observe(WHAT)).progress is P.DONE
    assert (site.path / "deploy.count").read_text() == "once\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 4", "ended with 4"),
        ("exec sleep 1000", "did not end within 10 s"),
    ],
)
def test_where_nothing_shows_the_version_it_is_not_known(
    site: Site, script: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "wedtui.providers.deploy.command.SHOWS_WITHIN", timedelta(seconds=10 if "exit" in script else 0.3)
    )
    deployer = site.deployer(script, shows=(str(site.path / "deploy"),))
    said = said.replace("10 s", "0 s")
    with pytest.raises(ProviderUnavailableError, match=f"which version is in place is not known: deploy {said}"):
        asyncio.run(deployer.prepare(WHAT))


def test_where_no_folder_can_be_made_nothing_was_started(site: Site) -> None:
    site.state.write_text("in the way")
    with pytest.raises(NotNowError, match="no folder can be made for the command"):
        asyncio.run(site.deployer().start(WHAT))


@pytest.mark.parametrize(
    "words", [(), ("deploy",), ("./deploy",), ("/bin/x", "{verison}"), ("/bin/x", "{"), ("/bin/x", "\0")]
)
def test_a_command_that_cannot_be_meant_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected the arguments|stands for nothing"):
        arguments(words)


def test_a_command_is_its_arguments() -> None:
    assert arguments(["/bin/x", "--tag={service}-{version}"]) == ("/bin/x", "--tag={service}-{version}")
