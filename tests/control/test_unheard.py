"""What is refused before anybody decides it: on the audit chain, and never more of it than so many links a minute."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.control.base import ME, TOMORROW, Served, SetClock, ask, everybody, serving
from wedtui.config_control import ControlSection
from wedtui.control.identity import Peer, account_of
from wedtui.control.unheard import ASKED_AT_MOST, Refused, Unheard
from wedtui.core.chain import Link
from wedtui.core.roles import Role
from wedtui.errors import StoreError

ADA, BOB = Peer(1, 1001, 1001), Peer(2, 1002, 1002)
FREEZE = {"name": "x", "start": "2026-06-03T10:00:00+00:00", "end": TOMORROW, "reason": "y"}
SOON_S = 0.01


@dataclass
class Chain:
    """Takes links, or does not."""

    links: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    away: Exception | None = None

    def tell(self, peer: Peer, _kind: str, body: Mapping[str, Any]) -> None:
        if self.away is not None:
            raise self.away
        self.links.append((peer.uid, dict(body)))

    def counts(self) -> list[tuple[int, int]]:
        return [(uid, body["requests"]) for uid, body in self.links]


async def until(chain: Chain, count: int) -> None:
    async with asyncio.timeout(20):
        while len(chain.links) < count:  # noqa: ASYNC110 - threads tell it
            await asyncio.sleep(0)


def heard(served: Served) -> list[Link]:
    return [link for link in served.links() if link.kind == "request.unheard"]


class TestCounting:
    def test_the_first_is_on_record_before_it_is_answered_and_the_others_are_one_link(self) -> None:
        chain = Chain()

        async def flood() -> None:
            unheard = Unheard(chain.tell, SetClock())
            await unheard.note(ADA, Refused("POST /v1/freezes", 422))
            assert chain.counts() == [(1001, 1)]
            for _ in range(10_000):
                await unheard.note(ADA, Refused("POST /v1/freezes", 429))
            await unheard.note(BOB, Refused("POST /v1/nothing", 404))
            assert chain.counts() == [(1001, 1), (1002, 1)], "of another user it is the first"
            await unheard.close()

        asyncio.run(flood())
        assert chain.counts() == [(1001, 1), (1002, 1), (1001, 10_000)]
        assert chain.links[-1][1]["answered"] == {"429": 10_000}

    def test_what_came_while_the_first_was_put_on_record_is_on_record_where_it_closes_meanwhile(self) -> None:
        chain, begun, going_on = Chain(), threading.Event(), threading.Event()

        def slowly(peer: Peer, kind: str, body: Mapping[str, Any]) -> None:
            begun.set()
            going_on.wait(20)
            chain.tell(peer, kind, body)

        async def closed_early() -> None:
            unheard = Unheard(slowly, SetClock())
            first = asyncio.create_task(unheard.note(ADA, Refused("POST /v1/freezes", 422)))
            await asyncio.to_thread(begun.wait, 20)
            await unheard.note(ADA, Refused("POST /v1/freezes", 429))
            closing = asyncio.create_task(unheard.close())
            await asyncio.sleep(0)
            going_on.set()
            await asyncio.gather(first, closing)

        asyncio.run(closed_early())
        assert sum(count for _, count in chain.counts()) == 2

    def test_what_is_counted_is_a_link_after_each_minute_until_one_is_quiet(self) -> None:
        chain = Chain()

        async def go_on() -> None:
            unheard = Unheard(chain.tell, SetClock(), every_s=SOON_S)
            await unheard.note(ADA, Refused("POST /a", 422))
            for n in range(1, 3):
                await unheard.note(ADA, Refused("POST /a", 422))
                await until(chain, n + 1)
            await unheard.close()

        asyncio.run(go_on())
        assert chain.counts() == [(1001, 1)] * 3

    @pytest.mark.parametrize("away", [StoreError("no ledger"), OSError("no directory of users")])
    def test_what_cannot_be_put_on_record_is_counted_on(self, away: Exception) -> None:
        chain = Chain(away=away)

        async def go_on() -> None:
            unheard = Unheard(chain.tell, SetClock(), every_s=SOON_S)
            await unheard.note(ADA, Refused("POST /a", 422))
            await unheard.note(ADA, Refused("POST /b", 429))
            chain.away = None
            await until(chain, 1)
            await unheard.close()

        asyncio.run(go_on())
        (_, body), *_ = chain.links
        assert (body["requests"], body["asked"]) == (2, ["POST /a", "POST /b"])

    def test_what_somebody_sent_is_a_bounded_excerpt_without_control_characters(self) -> None:
        chain = Chain()

        async def many() -> None:
            unheard = Unheard(chain.tell, SetClock())
            for n in range(200):
                await unheard.note(ADA, Refused(f"POST /\x1b[2J\u202e{n}{'x' * 9_000}", 404))
            await unheard.close()

        asyncio.run(many())
        asked = chain.links[-1][1]["asked"]
        assert len(asked) == ASKED_AT_MOST
        assert all(len(each) <= 80 and each.isprintable() for each in asked)
        assert len(json.dumps(chain.links[-1][1])) < 1_000


class TestSocket:
    def test_what_cannot_be_read_or_is_not_there_is_on_the_chain(self, tmp_path: Path) -> None:
        with serving(tmp_path, everybody(Role.VIEWER)) as served:
            assert served.ask("POST", "/v1/freezes", {"name": "x"}, key="1").status_code == 422
            assert len(heard(served)) == 1, "the first is there when it is answered"
            assert served.ask("POST", "/v1/freezes", FREEZE).status_code == 422, "it has no key"
            assert ask(served.path, "POST", "/v1/freezes", content=b"{", key="2").status_code == 422
            assert served.ask("POST", "/v1/nothing", {}, key="3").status_code == 404
            assert served.ask("PATCH", "/v1/freezes", {}, key="4").status_code == 405
        first, counted = heard(served)
        assert (first.person, first.body["role"]) == (account_of(Peer(0, ME, 0)).name, "viewer")
        assert (first.body["requests"], first.body["answered"]) == (1, {"422": 1})
        assert first.body["asked"] == ["POST /v1/freezes"]
        assert (counted.body["requests"], counted.body["answered"]) == (4, {"404": 1, "405": 1, "422": 2})
        assert counted.body["asked"] == ["POST /v1/freezes", "POST /v1/nothing", "PATCH /v1/freezes"]

    def test_a_flood_is_two_links(self, tmp_path: Path) -> None:
        section = ControlSection(requests_per_minute=100, actions_per_minute=1)
        with serving(tmp_path, section=section) as served:
            codes = [served.ask("POST", "/v1/freezes", FREEZE, key=str(n)).status_code for n in range(40)]
            assert codes == [200, *[429] * 39]
        assert [link.body["answered"] for link in heard(served)] == [{"429": 1}, {"429": 38}]

    def test_what_only_looks_and_what_was_decided_is_not_counted(self, tmp_path: Path) -> None:
        section = ControlSection(requests_per_minute=6, actions_per_minute=30)
        with serving(tmp_path, everybody(Role.VIEWER), section=section) as served:
            assert served.ask("POST", "/v1/freezes", FREEZE, key="1").status_code == 403
            assert served.ask("POST", "/v1/freezes", {**FREEZE, "name": "z"}, key="1").status_code == 422
            assert served.ask("POST", "/v1/actions/77/cancel", {}, key="2").status_code == 404
            assert served.ask("POST", "/v1/plans", {"kind": 7}, key="3").status_code == 422
            codes = [served.ask("GET", f"/v1/actions/{n}x").status_code for n in range(8)]
            assert codes == [422] * 6 + [429] * 2
            assert served.ask("PUT", "/v1/arming/x", {}).status_code == 429
        assert heard(served) == []
        assert [link.kind for link in served.links()] == ["request.refused"] * 3
