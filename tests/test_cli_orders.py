"""`run`, `orders` and `runs` as a user would type them."""

from __future__ import annotations

import json

import pytest
from orderweft.runs import delivery_key

from .conftest import OpenScene
from .scenarios import RUN_KEYS

COUNTS = {"fetched", "new", "skipped", "held", "delivered", "already_there"}
HOLD = {"id", "number", "customer", "reason", "message", "fix", "retry_at", "owner"}
PREVIEW = {"number", "customer", "action", "message", "total"}

# Running


def test_run_for_machines(open_scene: OpenScene) -> None:
    """`run --json` writes one document of a stable form to standard output, and nothing else."""
    opened = open_scene(2)
    opened.joor.add_order({"1010-401-S": 4})
    said = opened.say("run", "--json")
    assert (said.code, said.err) == (3, "")
    assert set(said.json) == RUN_KEYS
    assert set(said.json["counts"]) == COUNTS
    assert set(said.json["holds"][0]) == HOLD
    assert (said.json["pipeline"], said.json["run"], said.json["result"]) == ("orders", 1, "held")
    told = opened.say("run", "--dry-run", "--since", "2026-10-01", "--json").json
    assert set(told) == RUN_KEYS
    assert told["run"] is None


def test_a_dry_run_for_machines(open_scene: OpenScene) -> None:
    """The previews of a dry run name customer, total and fate of each order."""
    opened = open_scene()
    opened.joor.add_order({"1001-401-S": 2})
    said = opened.say("run", "--dry-run", "--json")
    [preview] = said.json["previews"]
    assert (said.code, set(preview)) == (0, PREVIEW)
    assert (preview["action"], preview["total"]) == ("deliver", "92.00 GBP")


def test_run_with_a_limit(open_scene: OpenScene) -> None:
    """A limited run delivers that many; the next one delivers the rest."""
    opened = open_scene(5)
    assert opened.say("run", "--limit", "2").code == 0
    assert len(opened.delivered) == 2
    assert opened.say("orders", "list", "--json").json["counts"]["delivered"] == 2
    opened.say("run")
    assert opened.delivered == sorted(opened.joor.orders)


def test_run_for_one_order(open_scene: OpenScene) -> None:
    """One order by its number is delivered alone, whatever else waits; an unknown number is told."""
    opened = open_scene(3)
    assert opened.say("run", "--order", "9000002").code == 0
    assert opened.delivered == [9_000_002]
    assert "joor has no order 123 among those it was asked for" in opened.say("run", "--order", "123").text
    opened.say("run")
    assert opened.delivered == [9_000_001, 9_000_002, 9_000_003]


def test_a_person_may_try_a_held_order_now(open_scene: OpenScene) -> None:
    """Asking for a held order by its number tries it at once, not only after its time."""
    opened = open_scene()
    number = opened.joor.add_order({"1010-401-S": 4})
    opened.say("run")
    opened.shop.set_stock("1010-401-S", "London", 9)
    assert opened.say("run", "--order", str(number)).code == 0
    assert opened.delivered == [number]


# Asking afterwards


def test_orders_are_listed_by_state(open_scene: OpenScene) -> None:
    """The list shows number, state, customer and the number at the destination, and can be narrowed to one state."""
    opened = open_scene(2)
    held = opened.joor.add_order({"1010-401-S": 4})
    opened.joor.add_order(status="pending")
    opened.say("run")
    said = opened.say("orders", "list")
    assert said.code == 0
    assert "9000001 delivered C100 Example Store Ltd #100" in said.text
    assert "In all: 2 delivered, 1 held, 1 skipped." in said.text
    told = opened.say("orders", "list", "--state", "held", "--json").json
    assert [row["number"] for row in told["orders"]] == [str(held)]
    assert told["counts"] == {"delivered": 2, "held": 1, "skipped": 1}
    assert len(opened.say("orders", "list", "--limit", "1", "--json").json["orders"]) == 1


@pytest.mark.parametrize("command", ["list", "runs"])
def test_nothing_is_known_before_the_first_run(open_scene: OpenScene, command: str) -> None:
    """Asked before any run, the ledger is not there yet, which is told and leaves none behind."""
    opened = open_scene()
    said = opened.say(*(["runs"] if command == "runs" else ["orders", command]))
    assert said.code == 2
    assert "does not exist yet: no pipeline of" in said.text
    assert list(opened.folder.glob("*.db*")) == []


def test_why_finds_an_order_by_any_of_its_numbers(open_scene: OpenScene) -> None:
    """An order is found by JOOR's number, the shop's number with and without `#`, and the key it was sent under."""
    opened = open_scene(1)
    opened.say("run")
    for number in ("9000001", "#1001", "1001", delivery_key("joor", "9000001")):
        said = opened.say("orders", "why", number)
        assert said.out == (
            "Order 9000001 (C100 Example Store Ltd) arrived at shop as #1001 on 2026-11-02 09:00:00 UTC.\n"
        )


def test_why_after_an_edit_keeps_the_day_of_the_delivery(open_scene: OpenScene) -> None:
    """An order edited after its delivery still says when it arrived, and that the edit was not sent."""
    opened = open_scene(1)
    opened.say("run")
    opened.wait(86_400)
    opened.joor.edit(9_000_001, quantity=50)
    opened.say("run")
    said = opened.why(9_000_001)
    assert "arrived at shop as #1001 on 2026-11-02 09:00:00 UTC. It was edited at joor since" in said
    [told] = opened.say("orders", "why", "9000001", "--json").json
    assert (told["revision"], told["delivered_revision"], told["sentence"]) == (2, 1, said)


def test_why_says_what_would_release_a_hold(open_scene: OpenScene) -> None:
    """A held order says what is wrong, what to do, and when it is tried again."""
    opened = open_scene()
    number = opened.joor.add_order({"1010-401-S": 4})
    opened.say("run")
    said = opened.why(number)
    assert "is held: not enough stock: 1010 Navy S" in said
    assert "What to do: add stock in Shopify" in said
    assert "It is tried again from 2026-11-02 09:04:00 UTC on" in said
    assert f"`orderweft run --order {number}`" in said


def test_show_tells_the_whole_story_in_its_order(open_scene: OpenScene) -> None:
    """`show` lists what happened to an order from first to last; `--json` adds every payload."""
    opened = open_scene(1)
    opened.say("run")
    said = opened.say("orders", "show", "9000001")
    sent = f"sent under key {delivery_key('joor', '9000001')}"
    story = ["seen for the first time", sent, "answer: accepted", "source told: accepted"]
    assert sorted(story, key=said.text.index) == story
    [told] = opened.say("orders", "show", "9000001", "--json", private=True).json
    assert set(told) == {"order", "revisions", "attempts", "told", "actions", "mapped", "exchanges", "changes"}
    assert told["revisions"][0]["record"]["number"] == "9000001"
    assert json.loads(told["revisions"][0]["payload"])["order_id"] == 9_000_001
    assert told["attempts"][0]["receipt"]["number"] == "#1001"
    assert told["told"]["message"] == "Delivered as #1001."


def test_runs_are_listed_with_their_ends(open_scene: OpenScene) -> None:
    """Each run is listed, newest first, with its result, and a failed one with its reason."""
    opened = open_scene(2)
    opened.say("run")
    (opened.folder / "joor-token").write_text("wrong")
    opened.say("run")
    told = opened.say("runs", "--json").json
    assert [(row["id"], row["result"]) for row in told] == [(2, "failed"), (1, "done")]
    assert "JOOR refuses the token" in told[0]["message"]
    assert told[1]["counts"]["delivered"] == 2
    assert "failed" in opened.say("runs", "orders", "--limit", "1").text
