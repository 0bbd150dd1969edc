"""A second person over the socket: who it is comes from the kernel, and who demands it from the configuration."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.control.base import Served, serving
from tests.control.changing import Changing
from tests.control.test_users import UIDS, Answer, as_user
from tests.core.emergency import NOW
from tests.needs import need
from wedtui.config import Configuration
from wedtui.control.mapping import demands_of
from wedtui.core.notify import Level, Notice
from wedtui.core.plan_lines import plan_lines
from wedtui.core.roles import Demand, Mapped, Role
from wedtui.ledger.outbox import Outbox

SHARED = Configuration.model_validate({"service": {"mode": "shared"}, "roles": {"second_person": ["failover"]}})
ADA, KAY, EVE = UIDS[Role.ENGINEER], UIDS[Role.MANAGER], UIDS[Role.VIEWER]
ASKED = {"kind": "failover", "lost": ["aws"], "reason": "it is down"}


@pytest.fixture
def served() -> Iterator[Served]:
    need(os.geteuid() == 0, "needs root, to become other users")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        roles = {str(uid): role for role, uid in UIDS.items()}
        changing = Changing(f"sqlite:///{folder / 'ledger.db'}")
        with serving(folder, Mapped(roles), changes=changing, demands=demands_of(SHARED)) as made_so:
            made_so.path.chmod(0o666)
            yield made_so
        changing.requests.close()


def ask(served: Served, uid: int, path: str, body: Mapping[str, object]) -> Answer:
    return as_user(served, uid, [["POST", path, dict(body)]])[0]


def test_it_is_demanded_where_the_configuration_says_so() -> None:
    assert demands_of(SHARED) == {"failover": frozenset({Demand.SECOND_PERSON})}
    personal = SHARED.model_copy(update={"service": Configuration().service})
    assert demands_of(personal) == {}


def test_two_persons_see_the_same_plan(served: Served) -> None:
    asked = ask(served, ADA, "/v1/actions", ASKED).body
    word = {"digest": asked["digest"], "typed": "aws"}
    assert (asked["state"], asked["needs"]) == ("awaiting confirmation", ["second-person"])
    path = f"/v1/actions/{asked['id']}"
    herself = ask(served, ADA, f"{path}/approve", word)
    assert (herself.status, "it takes another person" in herself.body["message"]) == (409, True)
    assert ask(served, EVE, f"{path}/approve", word).status == 403
    approved = ask(served, KAY, f"{path}/approve", word)
    assert (approved.status, approved.body["approved_by"], approved.body["needs"]) == (200, f"uid {KAY}", [])
    confirmed = ask(served, ADA, f"{path}/confirm", word)
    assert (confirmed.status, confirmed.body["state"], confirmed.body["broke_glass"]) == (200, "confirmed", None)
    assert served.ask("GET", "/v1/notifications").json() == []


def test_who_asked_confirms_first_and_the_second_person_completes_it(served: Served) -> None:
    asked = ask(served, ADA, "/v1/actions", ASKED).body
    word, path = {"digest": asked["digest"], "typed": "aws"}, f"/v1/actions/{asked['id']}"
    waits = ask(served, ADA, f"{path}/confirm", word)
    assert (waits.status, waits.body["state"]) == (200, "awaiting confirmation")
    assert (waits.body["confirmed_by"], waits.body["needs"]) == (f"uid {ADA}", ["second-person"])
    assert ask(served, ADA, f"{path}/approve", word).status == 409
    assert ask(served, KAY, f"{path}/approve", {**word, "typed": "gcp"}).status == 409
    approved = ask(served, KAY, f"{path}/approve", word)
    assert (approved.status, approved.body["state"], approved.body["approved_by"]) == (200, "confirmed", f"uid {KAY}")


def test_the_glass_is_broken_and_another_person_reviews_it(served: Served) -> None:
    asked = ask(served, ADA, "/v1/actions", ASKED).body
    path = f"/v1/actions/{asked['id']}"
    word = {"digest": asked["digest"], "typed": "aws", "break_glass": "nobody answers"}
    assert ask(served, ADA, f"{path}/confirm", {**word, "break_glass": " "}).status == 422
    confirmed = ask(served, ADA, f"{path}/confirm", word)
    assert (confirmed.status, confirmed.body["broke_glass"]) == (200, "nobody answers")
    (told,) = served.ask("GET", "/v1/notifications").json()
    assert (told["everybody"], told["stage"]) == (True, "waiting")
    found = {"sentence": "it was right"}
    assert ask(served, ADA, f"{path}/review", found).status == 409
    assert ask(served, EVE, f"{path}/review", found).status == 403
    reviewed = ask(served, KAY, f"{path}/review", found)
    assert (reviewed.status, reviewed.body["reviewed_by"]) == (200, f"uid {KAY}")
    assert [each["event"] for each in served.ask("GET", "/v1/notifications").json()] == ["resolve", "trigger"]


def moves(served: Served) -> dict[str, dict[str, Any]]:
    """Return what the chain says of each move of an action, the newest of each name."""
    return {link.kind: dict(link.body) for link in served.links() if link.action is not None}


def test_the_chain_says_why_the_glass_was_broken_by_whom_and_what_another_found(served: Served) -> None:
    asked = ask(served, ADA, "/v1/actions", ASKED).body
    word, path = {"digest": asked["digest"], "typed": "aws"}, f"/v1/actions/{asked['id']}"
    assert ask(served, ADA, f"{path}/confirm", {**word, "typed": "x", "break_glass": "in vain"}).status == 409
    assert ask(served, ADA, f"{path}/confirm", {**word, "break_glass": "nobody answers"}).status == 200
    assert ask(served, EVE, f"{path}/review", {"sentence": "hm"}).status == 403
    assert ask(served, KAY, f"{path}/review", {"sentence": "it was right"}).status == 200
    said = moves(served)
    engineer = {"role": "engineer", "role_from": f"roles.users.{ADA}"}
    assert said["action.request"].items() >= {**engineer, "needs": []}.items()
    assert said["action.plan"].items() >= {**engineer, "needs": ["second-person"]}.items()
    assert said["action.confirm-refused"].items() >= {**engineer, "break_glass": "in vain"}.items()
    assert "broke_glass" not in said["action.confirm-refused"]
    glass = {"broke_glass": "nobody answers", "confirmed_by": f"uid {ADA}", "needs": []}
    assert said["action.confirm"].items() >= {**engineer, **glass}.items()
    assert said["action.review-refused"].items() >= {"role": "viewer", **glass}.items()
    found = {"review": "it was right", "reviewed_by": f"uid {KAY}", "role": "manager"}
    assert said["action.review"].items() >= {**glass, **found}.items()


def test_the_chain_has_what_stood_before_each_person_and_what_they_typed(served: Served) -> None:
    asked = ask(served, ADA, "/v1/actions", ASKED).body
    word, path = {"digest": asked["digest"], "typed": "aws"}, f"/v1/actions/{asked['id']}"
    ask(served, ADA, f"{path}/confirm", {**word, "typed": "gcp"})
    ask(served, ADA, f"{path}/confirm", word)
    ask(served, KAY, f"{path}/approve", word)
    said = moves(served)
    assert (said["action.confirm-refused"]["typed"], "panel" in said["action.confirm-refused"]) == ("gcp", False)
    for move in ("action.confirm", "action.approve"):
        assert (said[move]["typed"], said[move]["digest"]) == ("aws", asked["digest"])
        assert said[move]["panel"] == plan_lines(said["action.plan"]["plan"]["plan"], NOW), "as the commands show it"
        text = " ".join(" ".join(said[move]["panel"]).split())
        assert "REAL FAILOVER: aws loses all of its traffic" in text
        for part in ("accepted expected within", "moved customers, expected", "undo `wedtui failback run", "s ago)"):
            assert part in text
    assert "panel" not in said["action.request"]


def test_the_chain_says_who_approved_and_what_was_still_missing(served: Served) -> None:
    asked = ask(served, ADA, "/v1/actions", ASKED).body
    word, path = {"digest": asked["digest"], "typed": "aws"}, f"/v1/actions/{asked['id']}"
    ask(served, ADA, f"{path}/confirm", word)
    ask(served, KAY, f"{path}/approve", word)
    said = moves(served)
    first = {"confirmed_by": f"uid {ADA}", "needs": ["second-person"], "state": "awaiting confirmation"}
    assert said["action.confirm"].items() >= first.items()
    both = {"confirmed_by": f"uid {ADA}", "approved_by": f"uid {KAY}", "needs": [], "role": "manager"}
    assert said["action.approve"].items() >= {**both, "state": "confirmed"}.items()
    assert not {"broke_glass", "review"} & said["action.approve"].keys()


def test_a_dead_letter_is_dismissed_by_who_may_acknowledge(served: Served) -> None:
    outbox = Outbox(f"sqlite:///{served.ledger}", clock=lambda _connection: NOW)
    number = outbox.post(Notice("k", Level.INFO, "down"))
    path = f"/v1/notifications/{number}/dismiss"
    assert ask(served, EVE, path, {"reason": "seen"}).status == 403
    waiting = ask(served, ADA, path, {"reason": "seen"})
    assert (waiting.status, "is waiting, and no dead letter" in waiting.body["message"]) == (409, True)
    refused = [link.body["role"] for link in served.links() if link.kind == "request.refused"]
    assert refused == ["viewer", "engineer"]
    outbox.close()
