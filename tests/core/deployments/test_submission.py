"""What is submitted is parsed where it comes in: nothing that a shell or a program could take for something else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.deployments.made import HOUR, MINUTE, NOW
from wedtui.core.deployments.release import Migration, Release, ReleaseState, Source, SourceKind
from wedtui.core.deployments.submission import Submission, Template, release_from

PERSON = Source(SourceKind.PERSON, "ada")
ASKED = Submission("rsvp", "production", "1.4.2", PERSON)
TEMPLATE = Template("web", 10 * MINUTE, 20 * MINUTE, ("image",), ("security",), ("gallery",))


def made(template: Template = TEMPLATE, **asked: Any) -> Release:
    return release_from(ASKED._replace(**asked), template, "ada", NOW)


def test_a_release_is_what_was_asked_for_done_as_its_template_says() -> None:
    release = made(after=(7, 3, 7), priority=9, links=("https://example.test/42",))
    assert release == Release(
        "rsvp",
        "production",
        "1.4.2",
        "web",
        PERSON,
        "ada",
        NOW,
        10 * MINUTE,
        20 * MINUTE,
        priority=9,
        links=("https://example.test/42",),
        checks=("image",),
        stages=("security",),
        after=(3, 7),
        apart=("gallery",),
    )
    assert (release.state, release.needs, release.object) == (ReleaseState.QUEUED, 30 * MINUTE, "release/0")


def test_a_migration_is_approved_by_itself_and_last() -> None:
    release = made(TEMPLATE._replace(migration=Migration("add-column")))
    assert release.stages == ("security", "migration")


@pytest.mark.parametrize("version", ["1.4.2", "v1", "sha-3f2c1a9", "registry.test/app@sha256:0a", "2026.11.21+b7"])
def test_versions_as_they_are_written(version: str) -> None:
    assert made(version=version).version == version


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"version": "-rf"}, "expected a version"),
        ({"version": "--help"}, "expected a version"),
        ({"version": "1;reboot"}, "expected a version"),
        ({"version": "$(id)"}, "expected a version"),
        ({"version": "a b"}, "expected a version"),
        ({"version": "a/../../etc"}, "expected a version"),
        ({"version": ""}, "expected a version"),
        ({"version": "1\n"}, "expected a version"),
        ({"version": "1" * 256}, "expected a version"),
        ({"service": "rsvp\x1b[2J"}, "expected the name of a service"),
        ({"service": "-x"}, "expected the name of a service"),
        ({"environment": "../prod"}, "expected the name of an environment"),
        ({"environment": ""}, "expected the name of an environment"),
        ({"priority": 10}, "expected a priority of 0 to 9, got 10"),
        ({"priority": -1}, "expected a priority of 0 to 9, got -1"),
        ({"links": ("javascript:alert(1)",)}, "expected a link of http or https"),
        ({"links": ("https://a.test/\x1b",)}, "expected a link of http or https"),
        ({"links": ("https://a.test/",) * 9}, "at most 8 links, got 9"),
        ({"source": Source(SourceKind.PIPELINE, "ci", "file:///etc")}, "expected a link of http or https"),
        ({"after": (0,)}, "numbers of releases"),
        ({"after": tuple(range(1, 18))}, "numbers of releases"),
        ({"soak": 19 * MINUTE}, "expected a soak of 20 m 00 s or more: so long web asks for"),
        ({"soak": 24 * HOUR}, "at most 1 d 0 h together"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        made(**asked)
    assert str(refused.value).isprintable()


def test_a_longer_soak_may_be_asked_for() -> None:
    assert made(soak=HOUR).soak == HOUR
    assert made(TEMPLATE._replace(within=timedelta(0), soak=24 * HOUR)).needs == 24 * HOUR


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_taken_is_plain(service: str, environment: str, version: str) -> None:
    try:
        release = made(service=service, environment=environment, version=version)
    except ValueError:
        return
    for each in (release.service, release.environment, release.version):
        assert each.isascii()
        assert each.isprintable()
        assert not set(each) & set(" '\"$`;|&<>(){}*?!~\\#%^=,\n")
        assert not each.startswith("-")
    assert replace(release, version="") != release
