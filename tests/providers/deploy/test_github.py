"""Workflows of GitHub Actions: dispatched once, found again by their mark, approved, watched, ended."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import TypeVar

import pytest

from tests.providers.deploy import strict_github as strict
from tests.providers.deploy.strict_github import FILE, REPOSITORY, TOKEN, Run, StrictGitHub, refusing
from tests.providers.faults import refusing_port
from tests.providers.traffic.strict_route53 import (
    Answer,
    Fault,
    done_and_closed,
    done_and_failed,
    done_and_silent,
    silence,
)
from wedtui.clock import SystemClock
from wedtui.config_base import Secret
from wedtui.errors import ConflictError, NotNowError, OutcomeUnknownError, ProviderUnavailableError
from wedtui.providers.deploy import github as adapter
from wedtui.providers.deploy import github_api
from wedtui.providers.deploy.base import Placing, Progress, Seen, Trace, Try
from wedtui.providers.deploy.github import GitHubDeployer, Workflow
from wedtui.providers.deploy.github_api import Repository

P = Progress
WHAT = Placing(7, "rsvp", "production", "1.4.2", "1.4.1", mark="a3f0")
BACK = WHAT._replace(version="1.4.1", previous="1.4.2", tries=Try.ROLLBACK)
RUN = f"https://github.com/{REPOSITORY}/actions/runs/30433643"
WITHIN_S = 20.0
T = TypeVar("T")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once, and give up soon where nobody answers."""
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    for module in (adapter, github_api):
        monkeypatch.setattr(module, "backoff_s", lambda *_: 0.0)
    monkeypatch.setattr(adapter, "LOOKS_EVERY", timedelta())
    monkeypatch.setattr(adapter, "APPEARS_WITHIN", timedelta(seconds=2))
    monkeypatch.setattr(github_api, "READ_WITHIN", timedelta(seconds=2))
    monkeypatch.setattr(github_api, "REQUEST_WITHIN", timedelta(seconds=1))


@pytest.fixture
def github() -> Iterator[StrictGitHub]:
    with strict.running() as running:
        yield running


def using(
    github: StrictGitHub, work: Callable[[GitHubDeployer], Awaitable[T]], *, url: str | None = None, **more: object
) -> T:
    """Work with a deployer of its own, as a service that was just started has it."""

    async def worked() -> T:
        given: dict[str, object] = {"inputs": {"version": "{version}"}, **more}
        workflow = Workflow(FILE, "main", **given)  # type: ignore[arg-type]
        repository = Repository(REPOSITORY, Secret(env="GITHUB_TOKEN"), url or github.url)
        deployer = GitHubDeployer(workflow, repository, SystemClock())
        try:
            async with asyncio.timeout(WITHIN_S):
                return await work(deployer)
        finally:
            await deployer.close()

    return asyncio.run(worked())


def title(what: Placing = WHAT) -> str:
    return f"deploy [wedtui {what.name} {what.service} {what.environment} {what.version}]"


def test_a_version_is_put_in_place_by_a_run_that_is_found_by_its_mark(github: StrictGitHub) -> None:
    github.add(title(BACK._replace(release=6)))

    async def all_of_it(deployer: GitHubDeployer) -> list[Seen]:
        assert await deployer.prepare(WHAT) == "1.4.1"
        said = await deployer.start(WHAT)
        assert said == f"the workflow {FILE} of {REPOSITORY} was dispatched for 1.4.2"
        seen = [await deployer.observe(WHAT)]
        github.run.status = "in_progress"
        seen.append(await deployer.observe(WHAT))
        github.run.end()
        return [*seen, await deployer.observe(WHAT)]

    url = RUN.replace("643", "644")
    assert using(github, all_of_it) == [
        Seen(P.GOING, f"the run is queued: {url}"),
        Seen(P.GOING, f"the run is in_progress: {url}"),
        Seen(P.DONE, f"the run ended well: {url}"),
    ]
    assert github.run.title == "deploy 1.4.2 [wedtui 7-a3f0-release rsvp production 1.4.2]"
    with pytest.raises(ConflictError, match=r"1\.4\.2 of rsvp in production is in place already"):
        using(github, lambda deployer: deployer.prepare(WHAT))
    using(github, lambda deployer: deployer.start(BACK))
    assert github.run.title == "deploy 1.4.1 [wedtui 7-a3f0-rollback rsvp production 1.4.1]"


@pytest.mark.parametrize(
    ("runs", "there"),
    [
        ([], ""),
        ([(title(BACK), "success"), ("by hand", "success")], ""),
        ([(title(BACK), "success"), ("by hand", "failure")], "1.4.1"),
        ([(title(BACK), "success"), (title(BACK._replace(version="9")), "failure")], "1.4.1"),
        ([(title(BACK), "success"), (title(BACK._replace(version="9", service="gallery")), "success")], "1.4.1"),
        ([(title(BACK), "success"), (title(BACK._replace(version="9", environment="staging")), "success")], "1.4.1"),
        ([(title(BACK)[:-1], "success")], ""),
    ],
)
def test_what_is_in_place_is_what_the_last_run_that_ended_well_put_there(
    github: StrictGitHub, runs: list[tuple[str, str]], there: str
) -> None:
    for name, conclusion in runs:
        github.add(name, conclusion)
    assert using(github, lambda deployer: deployer.prepare(WHAT)) == there


def test_nothing_is_begun_beside_another_run_nor_by_a_workflow_that_is_off(github: StrictGitHub) -> None:
    github.add(title(BACK), None)
    with pytest.raises(ConflictError, match=f"another run for rsvp in production goes on: {RUN}"):
        using(github, lambda deployer: deployer.prepare(WHAT))
    github.state = "disabled_manually"
    with pytest.raises(ConflictError, match="cannot be run: GitHub says that it is disabled_manually"):
        using(github, lambda deployer: deployer.prepare(WHAT))


def test_a_run_is_found_among_hundreds(github: StrictGitHub) -> None:
    using(github, lambda deployer: deployer.start(WHAT))
    for number in range(250):
        github.add(title(WHAT._replace(release=100 + number)))
    assert using(github, lambda deployer: deployer.find(WHAT)).trace is Trace.MADE
    assert using(github, lambda deployer: deployer.observe(WHAT)) == Seen(P.GOING, f"the run is queued: {RUN}")


def test_of_two_runs_with_one_mark_the_first_is_ours(github: StrictGitHub) -> None:
    using(github, lambda deployer: deployer.start(WHAT))
    github.add(github.run.title, "failure")
    assert using(github, lambda deployer: deployer.observe(WHAT)) == Seen(P.GOING, f"the run is queued: {RUN}")


@pytest.mark.parametrize("fault", [done_and_closed, done_and_failed, done_and_silent])
def test_a_start_whose_answer_is_lost_is_found_and_not_made_again(github: StrictGitHub, fault: Fault) -> None:
    github.new = Run(0, "", unlisted=3)
    github.fail("dispatch", fault)
    with pytest.raises(OutcomeUnknownError, match="may or may not have been started"):
        using(github, lambda deployer: deployer.start(WHAT))
    found = using(github, lambda deployer: deployer.find(WHAT))
    assert (found.trace, found.said) == (Trace.MADE, f"the workflow {FILE} of {REPOSITORY} was dispatched: {RUN}")
    with pytest.raises(RuntimeError, match="7-a3f0-release was begun before"):
        using(github, lambda deployer: deployer.start(WHAT))
    assert github.asked.count("dispatch") == len(github.runs) == 1


def test_a_run_that_never_appears_is_for_a_person(github: StrictGitHub) -> None:
    github.fail("dispatch", silence)
    with pytest.raises(OutcomeUnknownError):
        using(github, lambda deployer: deployer.start(WHAT))
    found = using(github, lambda deployer: deployer.find(WHAT))
    assert found.trace is Trace.UNKNOWABLE
    assert "shows [wedtui 7-a3f0-release rsvp production 1.4.2] in its name after 2 s" in found.said

    async def watched(deployer: GitHubDeployer) -> list[Seen]:
        seen = [await deployer.observe(WHAT)]
        while seen[-1].progress is P.GOING:
            seen.append(await deployer.observe(WHAT))
        return seen

    first, *_, last = using(github, watched)
    assert first == Seen(P.GOING, "GitHub lists no run of it yet")
    assert last.progress is P.UNKNOWN
    assert "its run-name has to have ${{ inputs.wedtui }}" in last.said


def test_a_workflow_that_does_not_show_the_mark_is_said(github: StrictGitHub) -> None:
    github.run_name = "deploy ${{ inputs.version }}"
    using(github, lambda deployer: deployer.start(WHAT))
    assert "run-name has to have ${{ inputs.wedtui }}" in using(github, lambda deployer: deployer.find(WHAT)).said


@pytest.mark.parametrize(
    ("fault", "error", "words", "wait_s"),
    [
        (refusing(422, "Unexpected inputs provided"), ProviderUnavailableError, "422 (Unexpected inputs", 0),
        (refusing(404, "Not Found"), ProviderUnavailableError, "there is none such", 0),
        (refusing(403, "Resource not accessible"), ProviderUnavailableError, "the token may not do that", 0),
        (refusing(429, "slow down", retry_after="7"), NotNowError, "to be left alone for 7 s", 7),
        (refusing(403, "secondary", retry_after="9"), NotNowError, "to be left alone for 9 s", 9),
        (refusing(429, "slow down"), NotNowError, "to be left alone for 60 s", 60),
        (refusing(502), OutcomeUnknownError, "may or may not have been started (status 502)", None),
        (refusing(408), OutcomeUnknownError, "status 408", None),
    ],
)
def test_what_a_refused_start_means(
    github: StrictGitHub, fault: Fault, error: type[Exception], words: str, wait_s: float | None
) -> None:
    github.fail("dispatch", fault)
    with pytest.raises(error) as raised:
        using(github, lambda deployer: deployer.start(WHAT))
    assert type(raised.value) is error
    assert words in str(raised.value)
    assert getattr(raised.value, "wait_s", None) == wait_s
    assert github.runs == []


def test_the_hour_of_a_spent_limit_is_waited_for(github: StrictGitHub) -> None:
    reset = str(int(SystemClock().now().timestamp()) + 1800)
    github.fail("dispatch", refusing(403, "limit", x_ratelimit_remaining="0", x_ratelimit_reset=reset))
    with pytest.raises(NotNowError) as raised:
        using(github, lambda deployer: deployer.start(WHAT))
    assert 1700 < raised.value.wait_s <= 1800


def test_what_cannot_be_sent_was_not_started(github: StrictGitHub) -> None:
    with refusing_port() as port, pytest.raises(NotNowError, match="GitHub cannot be asked"):
        using(github, lambda deployer: deployer.start(WHAT), url=f"http://127.0.0.1:{port}")


def test_reading_goes_on_through_what_passes(github: StrictGitHub) -> None:
    github.fail("list", refusing(500), refusing(503), lambda _work: Answer(b"<html>", 200))
    assert using(github, lambda deployer: deployer.prepare(WHAT)) == ""
    github.fail("list", refusing(429, retry_after="60"))
    with pytest.raises(ProviderUnavailableError) as raised:
        using(github, lambda deployer: deployer.prepare(WHAT))
    assert raised.value.wait_s == 60


@pytest.mark.parametrize(
    ("conclusion", "said"),
    [
        ("failure", "the run ended with failure"),
        ("cancelled", "the run ended with cancelled"),
        ("timed_out", "the run ended with timed_out"),
        ("startup_failure", "the run ended with startup_failure"),
        ("skipped", "the run ended and did nothing (skipped)"),
        ("neutral", "the run ended and did nothing (neutral)"),
    ],
)
def test_a_run_that_does_not_end_well_has_failed(github: StrictGitHub, conclusion: str, said: str) -> None:
    using(github, lambda deployer: deployer.start(WHAT))
    github.run.end(conclusion)
    assert using(github, lambda deployer: deployer.observe(WHAT)) == Seen(P.FAILED, f"{said}: {RUN}")


@pytest.mark.parametrize(
    ("jobs", "seen"),
    [
        ({"build": "success", "deploy": "success"}, Seen(P.DONE, f"the run ended well: {RUN}")),
        (
            {"build": "success", "deploy": "skipped"},
            Seen(P.FAILED, f'the run ended well and did nothing: the job "deploy" is skipped: {RUN}'),
        ),
        (
            {"build": "success"},
            Seen(P.FAILED, f'the run ended well and did nothing: the job "deploy" is not in it: {RUN}'),
        ),
    ],
)
def test_a_run_whose_job_did_nothing_has_failed(github: StrictGitHub, jobs: dict[str, str], seen: Seen) -> None:
    github.new = Run(0, "", jobs=jobs)
    using(github, lambda deployer: deployer.start(WHAT))
    github.run.end()
    assert using(github, lambda deployer: deployer.observe(WHAT), jobs=("deploy",)) == seen


def test_what_waits_for_wedtui_is_approved_and_nothing_else(github: StrictGitHub) -> None:
    github.new = Run(0, "", waits={"production": 161088068, "finance": 5})
    using(github, lambda deployer: deployer.start(WHAT))
    environments = ("production", "eu")
    seen = using(github, lambda deployer: deployer.observe(WHAT), environments=environments)
    assert seen == Seen(P.GOING, f"the run is waiting; waits for finance; production was approved: {RUN}")
    assert github.reviews == [
        {
            "environment_ids": [161088068],
            "state": "approved",
            "comment": "wedtui: release 7 of rsvp 1.4.2 is running",
        }
    ]
    assert github.run.waits == {"finance": 5}
    assert "review" not in github.asked[github.asked.index("review") + 1 :]


def test_without_environments_nothing_is_approved(github: StrictGitHub) -> None:
    github.new = Run(0, "", waits={"production": 161088068})
    using(github, lambda deployer: deployer.start(WHAT))
    assert using(github, lambda deployer: deployer.observe(WHAT)) == Seen(P.GOING, f"the run is waiting: {RUN}")
    assert github.run.waits
    assert "pending" not in github.asked


def test_an_approval_whose_answer_is_lost_is_seen_at_the_next_look(github: StrictGitHub) -> None:
    github.new = Run(0, "", waits={"production": 161088068})
    github.fail("review", done_and_closed)

    async def watched(deployer: GitHubDeployer) -> Seen:
        await deployer.start(WHAT)
        with pytest.raises(ProviderUnavailableError, match="GitHub could not be told"):
            await deployer.observe(WHAT)
        return await deployer.observe(WHAT)

    seen = using(github, watched, environments=("production",))
    assert seen == Seen(P.GOING, f"the run is in_progress: {RUN}")
    assert len(github.reviews) == 1


def test_a_gate_that_the_token_may_not_open_is_said(github: StrictGitHub) -> None:
    github.new, github.may_approve = Run(0, "", waits={"production": 161088068}), False
    using(github, lambda deployer: deployer.start(WHAT))
    seen = using(github, lambda deployer: deployer.observe(WHAT), environments=("production",))
    assert "waits for production, which this token may not approve" in seen.said
    github.may_approve = True
    github.fail("review", refusing(422, "already reviewed"))
    seen = using(github, lambda deployer: deployer.observe(WHAT), environments=("production",))
    assert "production cannot be approved: status 422 (already reviewed)" in seen.said


def test_what_is_ended_is_rejected_and_never_approved(github: StrictGitHub) -> None:
    github.new = Run(0, "", waits={"production": 161088068})

    async def ended(deployer: GitHubDeployer) -> Seen:
        await deployer.start(WHAT)
        await deployer.abort(WHAT)
        return await deployer.observe(WHAT)

    seen = using(github, ended, environments=("production",))
    assert seen == Seen(P.FAILED, f"the run ended with failure: {RUN}")
    assert [each["state"] for each in github.reviews] == ["rejected"]
    assert github.reviews[0]["comment"] == "wedtui: release 7 of rsvp 1.4.2 was ended"


@pytest.mark.parametrize("unlisted", [0, 2])
def test_what_goes_on_is_cancelled_as_soon_as_it_can_be(github: StrictGitHub, unlisted: int) -> None:
    github.new = Run(0, "", unlisted=unlisted)
    github.fail("cancel", refusing(500))

    async def ended(deployer: GitHubDeployer) -> Seen:
        await deployer.start(WHAT)
        await deployer.abort(WHAT)
        while True:
            try:
                seen = await deployer.observe(WHAT)
            except ProviderUnavailableError:
                continue
            if seen.progress is not P.GOING:
                return seen

    assert using(github, ended) == Seen(P.FAILED, f"the run ended with cancelled: {RUN}")
    assert github.asked.count("cancel") == 2


def test_a_run_is_asked_for_no_more_often_than_may_be(github: StrictGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "LOOKS_EVERY", timedelta(minutes=1))

    async def watched(deployer: GitHubDeployer) -> None:
        await deployer.start(WHAT)
        asked = [await deployer.observe(WHAT) for _ in range(5)]
        assert set(asked) == {Seen(P.GOING, f"the run is queued: {RUN}")}

    using(github, watched)
    # One before it was started, and one look.
    assert github.asked.count("list") == 2
    assert "run" not in github.asked


def test_whoever_asks_to_be_left_alone_is(github: StrictGitHub) -> None:
    async def watched(deployer: GitHubDeployer) -> None:
        await deployer.start(WHAT)
        await deployer.observe(WHAT)
        github.fail("run", refusing(429, retry_after="300"))
        for _ in range(5):
            with pytest.raises(ProviderUnavailableError, match="left alone for 300 s"):
                await deployer.observe(WHAT)

    using(github, watched)
    assert github.asked.count("run") == 1


def test_the_token_is_in_no_text(
    github: StrictGitHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_wrong")

    async def raised(deployer: GitHubDeployer) -> list[str]:
        said = []
        for work in (deployer.prepare, deployer.start, deployer.find, deployer.observe):
            try:
                await work(WHAT)
            except ProviderUnavailableError as error:
                said += [str(error), "".join(traceback.format_exception(error, limit=-50))]
        return said

    said = using(github, raised)
    assert len(said) == 8
    assert "the token is refused: correct deployments.templates.github_actions.token" in said[0]
    github.fail("dispatch", refusing(422, f"what is {TOKEN}?"))
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    with pytest.raises(ProviderUnavailableError) as quoted:
        using(github, lambda deployer: deployer.start(WHAT))
    assert "what is ***?" in str(quoted.value)
    assert not [text for text in [*said, str(quoted.value), caplog.text] if "ghp_" in text]
