"""What is submitted as a release: parsed once, where it comes in.

Source: DESIGN, "Deployments"; issue of the queue ("parameters validated, never a shell string").
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.deployments.release import HIGHEST, LOWEST, MIGRATION, USUAL, Migration, Release, Source
from wedtui.core.text import single_line
from wedtui.core.wording import duration

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""Of a service, an environment, a template, a check, a stage."""
VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+/:@-]{0,253}[A-Za-z0-9])?")
"""A tag, a digest, or an image with either; never anything that a shell or a program takes for an option."""
LINK = re.compile(r"https?://[\x21-\x7e]{1,2000}")
LINKS_AT_MOST = 8
AFTER_AT_MOST = 16
LONGEST = timedelta(hours=24)
"""So long run and soak may take together."""


class Template(NamedTuple):
    """How releases of one kind are done, as the configuration says it."""

    name: str
    within: timedelta
    soak: timedelta
    checks: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    migration: Migration | None = None


class Submission(NamedTuple):
    """What somebody asks for."""

    service: str
    environment: str
    version: str
    source: Source
    priority: int = USUAL
    links: tuple[str, ...] = ()
    after: tuple[int, ...] = ()
    soak: timedelta | None = None
    """In place of the template's, where it is longer."""


def release_from(asked: Submission, template: Template, by: str, at: datetime) -> Release:
    """Return the release that is stored for what was asked for.

    Args:
        asked: as it came in.
        template: how it is to be done.
        by: who submits it.
        at: an aware instant.

    Raises:
        ValueError: it cannot be meant: one sentence that says what was expected.
    """
    _named("a service", asked.service)
    _named("an environment", asked.environment)
    if VERSION.fullmatch(asked.version) is None or ".." in asked.version:
        raise ValueError(f'expected a version such as 1.4.2 or sha-3f2c1a9, got "{single_line(asked.version, 60)}"')
    if not LOWEST <= asked.priority <= HIGHEST:
        raise ValueError(f"expected a priority of {LOWEST} to {HIGHEST}, got {asked.priority}")
    links = (*asked.links, *([asked.source.link] if asked.source.link else []))
    for link in links:
        if LINK.fullmatch(link) is None:
            raise ValueError(f'expected a link of http or https, got "{single_line(link, 60)}"')
    if len(links) > LINKS_AT_MOST:
        raise ValueError(f"expected at most {LINKS_AT_MOST} links, got {len(links)}")
    if len(asked.after) > AFTER_AT_MOST or any(number < 1 for number in asked.after):
        raise ValueError(f"expected at most {AFTER_AT_MOST} numbers of releases that it comes after")
    soak = template.soak if asked.soak is None else asked.soak
    if soak < template.soak:
        raise ValueError(f"expected a soak of {duration(template.soak)} or more: so long {template.name} asks for")
    if template.within + soak > LONGEST:
        raise ValueError(f"expected run and soak to take at most {duration(LONGEST)} together")
    # Data is changed before anything else is: whoever answers for it says so last of all.
    stages = (*template.stages, *([MIGRATION] if template.migration is not None else []))
    return Release(
        service=asked.service,
        environment=asked.environment,
        version=asked.version,
        template=template.name,
        source=asked.source,
        submitted_by=by,
        submitted_at=at,
        within=template.within,
        soak=soak,
        priority=asked.priority,
        links=asked.links,
        checks=template.checks,
        stages=stages,
        after=tuple(sorted(set(asked.after))),
        apart=template.apart,
        migration=template.migration,
    )


def _named(what: str, name: str) -> None:
    if NAME.fullmatch(name) is None:
        raise ValueError(
            f'expected the name of {what} (letters, digits, ".", "_" and "-"), got "{single_line(name, 60)}"'
        )
