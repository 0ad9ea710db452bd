"""`orders retry`, `release`, `skip` and `re-export` as a user types them, and what a death in the middle leaves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from orderweft import LedgerError, SettingsError
from orderweft.config import load_config
from orderweft.ledger import Ledger, Signature, find
from orderweft.runs import delivery_key
from orderweft.runs.actions import Claimed, desk
from orderweft.testing import FakeClock, Fault

from .conftest import OpenScene
from .core.memory import CONFIG, World, order
from .scenarios import Scene, scene
from .wrecks import Died, MortalLedger, QuickLedger

SHORT = "1010-401-S"
"""An item of which there are 3."""


def held(opened: Scene, many: int = 1) -> list[str]:
    """Let JOOR have orders of an item there is not enough of, and run once."""
    numbers = [str(opened.joor.add_order({SHORT: 4})) for _ in range(many)]
    opened.say("run").expect(3)
    return numbers


def state(opened: Scene, number: str) -> str:
    """Return the state of an order."""
    [told] = opened.say("orders", "why", number, "--json").json
    return str(told["state"])


# Trying again and leaving out


def test_a_held_order_is_tried_again_at_the_next_run(open_scene: OpenScene) -> None:
    """`retry` puts it among what the next run sends, whatever its time says, and the history says who wanted it."""
    opened = open_scene()
    [number] = held(opened)
    opened.shop.set_stock(SHORT, "London", 9)
    opened.say("orders", "retry", number, "--by", "ann", "--note", "restocked").expect(0, "the next run tries it again")
    assert state(opened, number) == "staged"
    opened.say("run").expect(0)
    assert opened.delivered == [int(number)]
    opened.say("orders", "show", number).expect(0, "retry by ann", "restocked")


def test_now_means_now(open_scene: OpenScene) -> None:
    """With `--now` the pipeline runs right after it, and its exit code counts."""
    opened = open_scene()
    [number] = held(opened)
    opened.say("orders", "retry", number, "--now").expect(3, "1 order held", "4 wanted")
    opened.shop.set_stock(SHORT, "London", 9)
    said = opened.say("orders", "retry", number, "--now", "--json")
    assert (said.code, said.json["orders"], said.json["runs"][0]["counts"]["delivered"]) == (0, [number], 1)


def test_an_order_left_out_by_hand_stays_out(open_scene: OpenScene) -> None:
    """Neither an edit, nor other settings, nor asking for it by number brings it back; `retry` does."""
    opened = open_scene(1)
    opened.joor.add_order({SHORT: 4})
    opened.say("run")
    number = "9000002"
    opened.say("orders", "skip", number, "--reason", "a sample order", "--by", "ann").expect(0, "it is left out")
    opened.shop.set_stock(SHORT, "London", 9)
    opened.joor.edit(int(number), quantity=2)
    opened.configure(shop={"tags": ["b2b"]})
    opened.wait(86_400)
    opened.say("run").expect(0)
    opened.say("run", "--order", number).expect(0)
    assert "was left out: a sample order." in opened.why(int(number))
    [told] = opened.say("orders", "show", number, "--json", private=True).json
    [done] = told["actions"]
    assert (done["what"], done["who"], done["why"]) == ("skip", "ann", "a sample order")
    assert done["done_at"].startswith("2026-11-02T09:00")
    assert opened.delivered == [9_000_001]
    opened.say("orders", "retry", number, "--now").expect(0)
    assert opened.delivered == [9_000_001, 9_000_002]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["skip", "9000001", "--reason", "mistake"], "order 9000001 is delivered; only one that still waits"),
        (["retry", "9000001"], "order 9000001 is delivered; only one that is held"),
        (["release", "9000001"], "order 9000001 is delivered; only one in doubt"),
        (["re-export", "9000001"], "shop does not show as cancelled #1001; cancel it there"),
        (["re-export", "9000001", "--cancelled-by-hand"], "--cancelled-by-hand needs --reason"),
        (["re-export", "9000002"], "order 9000002 is held; only a delivered one"),
        (["release", "9000002"], "order 9000002 is held for no_stock; only one in doubt"),
        (["retry", "77"], "order 77 has never been fetched"),
        (["retry"], "say which orders"),
        (["retry", "9000002", "--reason", "no_stock"], "but not both"),
        (["retry", "--older-than", "soon"], "write it as 3d"),
        (["retry", "--reason", "no_stock"], "1 order would be offered again; without a terminal to ask on, say --yes"),
        (["skip", "9000002", "--reason", " "], "--reason is empty"),
        (["release", "9000002", "--arrived", "7", "--not-arrived"], "--arrived is for one order"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused(opened_once: Scene, words: list[str], told: str) -> None:
    """Each refusal says why, ends with 2 and leaves everything as it was."""
    before = opened_once.say("orders", "list", "--json").json
    opened_once.say("orders", *words).expect(2, told)
    assert opened_once.say("orders", "list", "--json").json == before


@pytest.fixture(scope="module")
def opened_once(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give a scene with a delivered and a held order."""
    with scene(tmp_path_factory.mktemp("once"), 1, clock=FakeClock()) as opened:
        held(opened)
        yield opened


def test_many_are_chosen_by_a_filter(open_scene: OpenScene) -> None:
    """`--reason`, `--pipeline` and `--older-than` choose held orders; `--yes` stands for the question."""
    opened = open_scene()
    old = held(opened, 2)
    opened.wait(3 * 86_400)
    new = held(opened)
    said = opened.say("orders", "skip", "--held-for", "no_stock", "--older-than", "2d", "--reason", "too old", "--yes")
    said.expect(0, *(f"Order {number}: it is left out." for number in old))
    assert [state(opened, number) for number in (*old, *new)] == ["skipped", "skipped", "held"]
    opened.say("orders", "retry", "--reason", "unknown_item", "--yes").expect(0, "No order waits for that.")
    opened.say("orders", "retry", "--pipeline", "orders", "--yes").expect(0, f"Order {new[0]}: the next run")


class Terminal(BytesIO):
    """Somebody at a terminal who types this."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def test_on_a_terminal_many_are_shown_first_and_agreed_to(open_scene: OpenScene) -> None:
    """Without `--yes` a table and a question come first: after `n` nothing has changed, after `y` it is done."""
    opened = open_scene()
    numbers = held(opened, 2)
    words = ("orders", "skip", "--held-for", "no_stock", "--reason", "samples")
    opened.say(*words, input=Terminal(b"n\n")).expect(1, "2 orders to be left out", *numbers, "Go on? [y/N]")
    assert [state(opened, number) for number in numbers] == ["held", "held"]
    opened.say(*words, input=Terminal(b"y\n")).expect(0, f"Order {numbers[1]}: it is left out.")
    assert [state(opened, number) for number in numbers] == ["skipped", "skipped"]
    opened.say("orders", "retry", "--pipeline", "orders", input=Terminal()).expect(0, "No order waits for that.")


def test_what_waits_already_or_was_left_out_by_a_rule(open_scene: OpenScene) -> None:
    """`retry` says what else to do about an order that goes out anyway, and about one a rule leaves out."""
    opened = open_scene(settings={"orders": {"skip": [{"when": "order.number == '9000001'", "reason": "a sample"}]}})
    opened.joor.add_order()
    [number] = held(opened)
    opened.say("orders", "retry", "9000001").expect(2, "left out by a rule or a setting and not by a person (a sample)")
    opened.say("orders", "retry", str(number)).expect(0)
    opened.say("orders", "retry", str(number)).expect(2, f"`orderweft run --order {number}` is one")


def test_nothing_is_decided_during_a_run(open_scene: OpenScene) -> None:
    """While a run of the pipeline is under way, an action is refused and changes nothing."""
    opened = open_scene()
    [number] = held(opened)
    with closing(Ledger(opened.folder / "orderweft.db", opened.clock)) as ledger, ledger.claimed("orders"):  # type: ignore[arg-type]
        opened.say("orders", "retry", number).expect(1, "is already running")
    assert state(opened, number) == "held"


def test_a_purged_order_that_is_tried_again_is_read_again(open_scene: OpenScene) -> None:
    """`retry` says how it is read again; with `--now` each such order has a run that looks back for it alone."""
    opened = open_scene()
    numbers = held(opened, 3)
    opened.say("orders", "skip", *numbers[:2], "--reason", "samples").expect(0)
    opened.wait(100 * 86_400)
    opened.say("purge", "--older-than", "90d", "--yes").expect(0)
    command = f"orderweft run orders --order {numbers[0]} --since 2026-09-03"
    told = f"Order {numbers[0]}: the next run tries it again, but what it contained is not kept any more: `{command}`"
    opened.say("orders", "retry", numbers[0]).expect(0, told)
    opened.say("orders", "skip", numbers[0], "--reason", "samples").expect(0)
    opened.shop.set_stock(SHORT, "London", 99)
    said = opened.say("orders", "retry", *numbers, "--now", "--json")
    assert (said.code, len(said.json["runs"])) == (0, 3)
    assert sorted(opened.delivered) == sorted(map(int, numbers))


# Releasing


def world(folder: Path, **switches: Any) -> World:
    """Open a market and a store with one order that was sent without an answer."""
    made = World(folder, **switches)
    made.offer(order(1))
    return made


def decide(one: World, action: Callable[[Any, Any], str], pipeline: str = "orders") -> str:
    """Let a person decide about order 1."""
    config = load_config(one.path, one.plugins).pipeline(pipeline)
    [row] = [row for row in find(one.ledger, "1") if row.pipeline == pipeline]
    with desk(config, one.plugins, one.ledger, one.clock, Signature("ann", "looked")) as opened:
        return action(opened, row)


def test_a_store_that_cannot_be_asked_leaves_it_to_a_person(tmp_path: Path) -> None:
    """An order in doubt is delivered, or sent again under its old key, as the person says; nothing is guessed."""
    one = world(tmp_path, can_find=False)
    one.script = ["unknown but there"]
    one.run()
    with pytest.raises(SettingsError, match="say --arrived NUMBER or --not-arrived"):
        decide(one, lambda opened, row: opened.release(row))
    assert one.state(1) == "held"
    assert "has it as S-7" in decide(one, lambda opened, row: opened.release(row, Claimed("S-7")))
    assert (one.state(1), find(one.ledger, "S-7")[0].number) == ("delivered", "1")
    one.run()
    assert one.sent == ["wholesale:1"]


def test_what_has_not_arrived_is_sent_again(tmp_path: Path) -> None:
    """An order of which a person says that it has not arrived goes out again, under its old key."""
    one = world(tmp_path, can_find=False)
    one.script = ["unknown and lost"]
    one.run()
    assert "the next run sends it again" in decide(one, lambda opened, row: opened.release(row, Claimed(None)))
    one.run()
    assert (one.sent, one.state(1)) == (["wholesale:1"] * 2, "delivered")
    one.ledger.close()


def test_the_store_is_believed_before_the_person(open_scene: OpenScene) -> None:
    """An order the shop turns out to have is delivered, though somebody says that it has not arrived."""
    opened = open_scene(1)
    opened.shop_door.faults.append(Fault("CreateOrder", "timeout_after"))
    opened.shop_door.faults.append(Fault("FindOrder", "timeout_before", times=100, call=3))
    opened.say("run")
    opened.shop_door.faults.clear()
    opened.say("orders", "release", "9000001", "--not-arrived").expect(0, "shop has it as #1001")
    opened.say("run").expect(0)
    assert opened.delivered == [9_000_001]


def test_all_in_doubt_are_released_at_once(open_scene: OpenScene) -> None:
    """`release --reason in_doubt` asks about each: what is there is delivered, what is not goes out again."""
    opened = open_scene(2, settings={"shop": {"in_flight": 1}})
    opened.shop_door.faults += [Fault("CreateOrder", "timeout_after"), Fault("CreateOrder", "timeout_before", call=2)]
    opened.shop_door.faults.append(Fault("FindOrder", "timeout_before", times=100, call=4))
    opened.say("run")
    opened.shop_door.faults.clear()
    with closing(Ledger(opened.folder / "orderweft.db", FakeClock())) as ledger, ledger.transaction() as db:
        db.execute("UPDATE orders SET state = 'held', reason = 'in_doubt'")
    said = opened.say("orders", "release", "--reason", "in_doubt", "--yes", "--by", "ann", "--note", "the shop is back")
    said.expect(0, "Order 9000001: shop has it as #1001.", "Order 9000002: shop does not have it; the next run sends")
    [told] = opened.say("orders", "show", "9000002", "--json", private=True).json
    [done] = told["actions"]
    assert (done["what"], done["who"], done["why"]) == ("release", "ann", "the shop is back")
    assert done["done_at"] >= "2026-11-02T09:00"
    opened.say("run").expect(0)
    assert opened.delivered == [9_000_001, 9_000_002]


def test_what_was_superseded_tells_nothing_of_the_next_export(tmp_path: Path) -> None:
    """An order held because another pipeline is in doubt is not looked up under the key of its cancelled export."""
    one = world(tmp_path)
    one.configure(f"{CONFIG}[pipelines.b]{CONFIG.partition('[pipelines.orders]')[2]}")
    one.run()
    one.run("b")
    one.cancelled.add("wholesale:1")
    for name in ("orders", "b"):
        decide(one, lambda opened, row: opened.re_export(row), name)
    told: list[str] = []

    def meanwhile() -> None:
        one.run()
        assert one.state(1) == "held"
        with pytest.raises(SettingsError) as caught:
            decide(one, lambda opened, row: opened.release(row))
        told.append(str(caught.value))

    one.on_delivery = meanwhile
    one.run("b")
    assert (told, one.state(1)) == (
        ["order 1: run pipeline 'b', which looks it up first; then this one goes on with it"],
        "held",
    )
    one.ledger.close()


# Exporting once more


def test_a_cancelled_order_is_exported_once_more(open_scene: OpenScene) -> None:
    """S12: the shop is asked, a new order is made under a key of its own, and both stand in the history."""
    opened = open_scene(1)
    opened.say("run")
    opened.shop.cancel_order("#1001")
    opened.say("orders", "re-export", "9000001", "--by", "ann", "--reason", "wrong color").expect(
        0, "shop has cancelled #1001", "the next run delivers it once more"
    )
    assert "deliver it once more to shop" in opened.why(9_000_001)
    opened.say("run").expect(0)
    opened.say("run").expect(0)
    keys = [delivery_key("joor", "9000001"), delivery_key("joor", "9000001", 2)]
    assert [str(one.external_id) for one in opened.shop.orders] == keys
    assert "arrived at shop as #1002" in opened.why(9_000_001)
    assert "#1002" in opened.joor.acknowledged[9_000_001][1]
    opened.say("orders", "show", "#1001").expect(0, "re-export by ann", "wrong color", "answer: superseded", *keys)
    opened.say("orders", "re-export", "9000001").expect(2, "does not show as cancelled #1002")


def test_several_are_exported_once_more_each_by_itself(open_scene: OpenScene) -> None:
    """They are shown and agreed to first; what is not cancelled yet is refused and keeps nothing from the others."""
    opened = open_scene(3, settings={"shop": {"in_flight": 1}})
    opened.say("run")
    for name in ("#1001", "#1003"):
        opened.shop.cancel_order(name)
    words = ("orders", "re-export", "9000001", "9000002", "#1002", "9000003")
    opened.say(*words).expect(2, "3 orders would be exported once more", "say --yes")
    opened.say(*words, input=Terminal(b"n\n")).expect(1, "3 orders to be exported once more", "Go on? [y/N]")
    said = opened.say(*words, "--yes", "--now")
    said.expect(2, "shop has cancelled #1001", "Error: order 9000002 is not exported", "2 orders delivered.")
    assert len(opened.shop.orders) == 5


def test_a_person_may_vouch_for_it(open_scene: OpenScene) -> None:
    """What the shop does not show as cancelled goes out again on somebody's word, which stands in the history."""
    opened = open_scene(1)
    opened.say("run")
    words = ["--cancelled-by-hand", "--reason", "the shop has closed it"]
    opened.say("orders", "re-export", "9000001", *words, "--now").expect(0, "a person says that it is cancelled")
    assert len(opened.shop.orders) == 2
    opened.say("orders", "show", "9000001").expect(0, "the shop has closed it")


def test_a_purged_order_is_read_again_first(open_scene: OpenScene) -> None:
    """What is not kept any more is not sent; asked for by its number, it is read again and goes out."""
    opened = open_scene(1)
    opened.say("run")
    opened.wait(100 * 86_400)
    opened.say("purge", "--older-than", "90d", "--yes").expect(0)
    opened.shop.cancel_order("#1001")
    command = "run orders --order 9000001 --since 2026-09-03"
    opened.say("orders", "re-export", "9000001").expect(0, f"`orderweft {command}` reads it again")
    assert f"waits to be read again: `orderweft {command}`" in opened.why(9_000_001)
    opened.say(*command.split()).expect(0)
    assert len(opened.shop.orders) == 2


def test_another_pipeline_does_not_send_what_was_superseded(tmp_path: Path) -> None:
    """Whoever comes upon an order that was exported twice takes it for delivered."""
    one = world(tmp_path)
    one.configure(f"{CONFIG}[pipelines.b]{CONFIG.partition('[pipelines.orders]')[2]}")
    one.run()
    one.cancelled.add("wholesale:1")
    decide(one, lambda opened, row: opened.re_export(row))
    one.run("b")
    one.run()
    assert one.sent == ["wholesale:1", "wholesale.2:1"]
    assert one.state(1, "b") == "delivered"
    one.ledger.close()


# Dying in the middle


def _re_export(opened: Any, row: Any) -> str:
    return str(opened.re_export(row))


def _release(opened: Any, row: Any) -> str:
    return str(opened.release(row, Claimed(None)))


@pytest.mark.parametrize(
    ("action", "first", "expected"),
    [
        (_re_export, "accept", ["wholesale:1", "wholesale.2:1"]),
        (_release, "unknown and lost", ["wholesale:1", "wholesale:1"]),
    ],
    ids=["re-export", "release"],
)
def test_death_at_every_step(tmp_path: Path, action: Any, first: str, expected: list[str]) -> None:
    """A process that dies after any commit of the action, or of the run after it, loses nothing and doubles nothing."""
    for step in count(1):
        (folder := tmp_path / str(step)).mkdir()
        one = world(folder, can_find=action is _re_export)
        one.ledger.close()
        one.ledger = QuickLedger(folder / "orderweft.db", one.clock)
        one.script = [first]
        one.run()
        one.cancelled.add("wholesale:1")
        died = _die(one, action, step)
        one.clock.sleep(3600)
        one.ledger = QuickLedger(folder / "orderweft.db", one.clock)
        [row] = find(one.ledger, "1")
        if row.export == 1 and row.state != "staged" and len(one.sent) == 1:
            decide(one, action)
        one.run()
        if one.state(1) == "held":
            assert len(one.sent) == 2, "a second doubt"
            decide(one, lambda opened, row: opened.release(row, Claimed("S")))
        one.run()
        assert (one.sent, one.state(1)) == (expected, "delivered"), step
        one.ledger.close()
        if not died:
            assert step > 8
            return


def _die(one: World, action: Any, step: int) -> bool:
    one.ledger.close()
    one.ledger = ledger = MortalLedger(one.folder / "orderweft.db", one.clock)
    left = [step]

    def commit() -> None:
        left[0] -= 1
        if left[0] <= 0:
            ledger.close()
            raise Died

    ledger.on_commit = commit
    with suppress(Died, LedgerError):
        decide(one, action)
        one.run()
    ledger.close()
    return left[0] <= 0
