"""What holds for a destination of stock, products, customers and shipments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ...errors import OrderweftError, SettingsError
from ...exchange import Kind, Moved
from ...records import Customer, NotSent, Product, Refused, StockLevel
from .base import Checks, taken
from .faults import ALL, DONE, OUTCOMES, Commit, commits, worded
from .samples import NOBODYS
from .stage import READING, RECORD_KINDS, WRITING, Stage, attempt, needs, told

_HOOKS = tuple(WRITING[kind] for kind in RECORD_KINDS)
_OUTAGES = ("nobody answers the phone", "no answer, all done", "429", "503, all done", "401")


class Writing(Checks):
    """What is true of every hook that writes records."""

    def writable(self, stage: Stage) -> list[Kind]:
        """Return the kinds that can be written."""
        usable = stage.usable
        kinds = [kind for kind in RECORD_KINDS if WRITING[kind] in usable]
        return kinds if "deliver_orders" in usable else [kind for kind in kinds if kind != "shipments"]

    @needs("write_inventory", "read_inventory")
    def test_stock_reads_back(self) -> None:
        """What is read of an item's stock is what was written, also when it goes up, down and up again."""
        stage = self.stage()
        for quantity in (10, 5, 10):
            level = self.level(stage, 0, quantity)
            taken(stage.open().write("inventory", [level])[0], stage)
            stage.settle()
            read = [one for one in stage.open().records("inventory") if isinstance(one, StockLevel)]
            same = [one.quantity for one in read if one.item.key == level.item.key and one.bucket == level.bucket]
            assert quantity in same or sum(filter(None, same)) == quantity, (
                f"write_inventory must set the quantity that read_inventory then gives: {quantity}, not {same}"
            )

    @needs("write_catalog", "read_catalog")
    def test_products_read_back(self) -> None:
        """What is read of a product is what was written: name, barcodes and wholesale prices."""
        stage = self.stage()
        for number in range(2):
            product = self.sample_product(number)
            taken(stage.open().write("catalog", [product])[0], stage)
            stage.settle()
            read = [one for one in stage.open().records("catalog") if isinstance(one, Product)]
            codes = {item.barcode for item in product.items()}
            same = [one for one in read if codes & {item.barcode for item in one.items()}]
            assert same, f"write_catalog must write what read_catalog then gives; {product.label} is not there"
            assert same[0].name == product.name, f"the name must stay {product.name!r}; it is {same[0].name!r}"
            got = {item.barcode for item in same[0].items()}
            assert codes <= got, f"every size must be read back; {len(codes - got)} of {len(codes)} are not there"

    @needs("write_customers", "read_customers")
    def test_customers_read_back(self) -> None:
        """What is read of a customer is what was written: code, name and where goods go to."""
        stage = self.stage()
        customer = self.sample_customer(0)
        receipt = taken(stage.open().write("customers", [customer])[0], stage)
        stage.settle()
        read = [one for one in stage.open().records("customers") if isinstance(one, Customer)]
        same = [one for one in read if one.account_code == customer.account_code]
        assert same or receipt.pending, (
            "write_customers must write what read_customers then gives, or say in the receipt that it is pending"
        )
        for one in same:
            assert one.name == customer.name, f"the name must stay {customer.name!r}; it is {one.name!r}"
            wanted = {(each.city, each.postcode) for each in customer.addresses}
            got = {(each.city, each.postcode) for each in one.addresses}
            assert wanted & got, "write_customers must write the addresses that read_customers then gives"

    @needs("write_shipments", "read_shipments", "deliver_orders")
    def test_shipments_read_back(self) -> None:
        """What is read of a shipment is what was written: its order, tracking numbers and pieces."""
        stage = self.stage()
        (sent,) = self.samples("shipments", stage, 1)
        taken(stage.open().write("shipments", [sent])[0], stage)
        stage.settle()
        read: list[Any] = stage.open().records("shipments")
        wanted = _shipped(sent)
        assert wanted in [_shipped(one) for one in read], (
            f"write_shipments must write what read_shipments then gives; {wanted} is not among {len(read)}"
        )

    @needs(some=_HOOKS)
    def test_one_outcome_per_record(self) -> None:
        """Batches of none, one and several give one outcome each, in order."""
        stage = self.stage()
        for kind in self.writable(stage):
            records = self.samples(kind, stage)
            assert stage.open().write(kind, []) == [], f"{WRITING[kind]} must return an empty list for no records"
            for batch in (records[:1], records):
                outcomes = stage.open().write(kind, batch)
                right = isinstance(outcomes, list) and len(outcomes) == len(batch)
                assert right, f"{WRITING[kind]} must return one outcome for each of {len(batch)}; got {outcomes!r}"
                odd = [one for one in outcomes if not isinstance(one, OUTCOMES)]
                assert not odd, f"an outcome is one of five, and nothing else; {WRITING[kind]} gave {odd[0]!r}"

    @needs("write_inventory")
    def test_a_bad_record_spoils_no_other(self) -> None:
        """Of three records, the one in the middle that nobody knows is the one that is refused, if any is."""
        stage = self.stage()
        good = [self.level(stage, number, 30 + number) for number in range(2)]
        bad = good[0].model_copy(update={"item": good[0].item.model_copy(update=NOBODYS)})
        outcomes = stage.open().write("inventory", [good[0], bad, good[1]])
        assert isinstance(outcomes[0], DONE), f"a good record must pass before a bad one; got {worded(outcomes[0])}"
        assert isinstance(outcomes[2], DONE), f"a good record must pass behind a bad one; got {worded(outcomes[2])}"

    @needs(some=_HOOKS)
    def test_writing_again_is_harmless(self) -> None:
        """Writing the same again is taken again and leaves the account as it is: that is what follows a crash."""
        stage = self.stage()
        for kind in self.writable(stage):
            records = self.samples(kind, stage)
            seen = []
            for _ in range(2):
                outcomes = stage.open().write(kind, records)
                stage.settle()
                bad = [one for one in outcomes if not isinstance(one, DONE)]
                assert not bad, f"{WRITING[kind]} must take the same again; it gave {worded(bad[0])}"
                seen.append((dict(stage.simulator.facts()), _timeless(stage, kind)))
            assert seen[0] == seen[1], f"{WRITING[kind]} must be harmless when repeated; the account differs after it"

    @needs("write_inventory", "read_inventory")
    def test_an_update_leaves_the_rest(self) -> None:
        """With mode `update`, stock that is not named stays as it is."""
        stage = self.stage()
        level = self.level(stage, 0, 77)
        before = _others(stage, level)
        taken(stage.open().write("inventory", [level])[0], stage)
        stage.settle()
        assert _others(stage, level) == before, "write_inventory must leave alone what is not named, with mode update"

    @needs("write_inventory", "read_inventory")
    def test_an_overwrite_clears_or_is_refused(self) -> None:
        """With mode `overwrite`, what is not named has no stock after it, unless SettingsError refuses the whole."""
        stage = self.stage()
        level = self.level(stage, 0, 77)
        before = _timeless(stage, "inventory")
        answer = attempt(lambda: stage.open().write("inventory", [level], "overwrite"))
        stage.settle()
        if isinstance(answer, SettingsError):
            assert _timeless(stage, "inventory") == before, "an overwrite that is refused must change nothing"
            return
        left = [one for one in stage.open().records("inventory") if isinstance(one, StockLevel)]
        kept = [one for one in left if one.item.key != level.item.key and one.quantity]
        assert not kept, f"overwrite must clear what is not named, or raise SettingsError; {len(kept)} levels are left"

    @needs(some=_HOOKS, http=True)
    def test_an_outage_refuses_no_record(self) -> None:
        """A channel that fails is no reason to hold a record: the outcome is not sent, unknown, or an error."""
        stage = self.stage()
        for kind in self.writable(stage):
            records = self.samples(kind, stage, 2)
            for name in _OUTAGES:
                line = stage.open(ALL[name].at("*", times=999))
                try:
                    answers: Sequence[Any] = line.write(kind, records)
                except OrderweftError as error:
                    answers = [error]
                except Exception as error:  # a stranger's hook may raise anything
                    raise AssertionError(
                        f"{WRITING[kind]} must answer every fault; for {name} it raised {worded(error)}"
                    ) from error
                wrong = [one for one in answers if isinstance(one, (Refused, *DONE))]
                assert not wrong, f"{WRITING[kind]} must not take {name} for an answer; it gave {worded(wrong[0])}"

    @needs(some=_HOOKS, http=True)
    def test_a_lost_record_is_not_called_there(self) -> None:
        """A record whose writing got no answer is not Accepted, and one that arrived so is not Refused or NotSent."""
        for kind in self.writable(self.stage()):
            clean, first = self._first_change(kind)
            for name, wrong in (("no answer, nothing done", DONE), ("no answer, all done", (Refused, NotSent))):
                stage = self.stage()
                line, again = stage.open(first.spoilt(ALL[name])), self.samples(kind, stage, 1)
                answer = attempt(partial(line.write, kind, again))
                outcome: Any = answer[0] if isinstance(answer, list) else answer
                assert not isinstance(outcome, wrong) or (wrong == DONE and _seen(stage, kind) == clean), (
                    f"{WRITING[kind]} must say Unknown when there is {name}; at {first.operation} it gave "
                    f"{worded(outcome)}"
                )

    @needs(some=_HOOKS, http=True)
    def test_a_lost_record_is_written_once(self) -> None:
        """A record that arrived without an answer, and is written again, is there once, as if nothing had happened."""
        for kind in self.writable(self.stage()):
            clean, first = self._first_change(kind)
            stage = self.stage()
            again = self.samples(kind, stage, 1)
            attempt(partial(stage.open(first.spoilt(ALL["no answer, all done"])).write, kind, again))
            stage.settle()
            attempt(partial(stage.open().write, kind, again))
            stage.settle()
            assert _seen(stage, kind) == clean, (
                f"{WRITING[kind]} must look for what is there before it creates; written again after a lost answer, "
                "the record does not stand there as if written once"
            )

    def _first_change(self, kind: Kind) -> tuple[Any, Commit]:
        """Write a record without faults; return what is seen then, and the first call to change a thing."""
        stage = self.stage()
        records = self.samples(kind, stage, 1)
        found = commits(stage, lambda line: line.write(kind, records), lambda: _seen(stage, kind), most=1)
        stage.settle()
        assert found, f"{WRITING[kind]} must change what can be seen of the account: its counts, or what is read"
        return _seen(stage, kind), found[0]


def _seen(stage: Stage, kind: Kind) -> Any:
    return dict(stage.simulator.facts()), _timeless(stage, kind)


def _timeless(stage: Stage, kind: Kind) -> list[str]:
    """Return the records of *kind* as texts, without when they were changed."""
    if not stage.can(READING[kind]):
        return []
    return told(_dateless(record) for record in stage.open().records(kind))


def _dateless(record: Moved) -> Moved:
    fields = {"updated_at": None} if "updated_at" in type(record).model_fields else {}
    return record.model_copy(update={**fields, "origin": record.origin.model_copy(update={"revision": None})})


def _others(stage: Stage, level: StockLevel) -> list[str]:
    read = [one for one in stage.open().records("inventory") if isinstance(one, StockLevel)]
    return told(_dateless(one) for one in read if one.item.key != level.item.key)


def _shipped(shipment: Any) -> tuple[Any, ...]:
    pieces = sorted((line.item.barcode or line.item.sku or "", line.quantity) for line in shipment.lines)
    return shipment.order_id, shipment.tracking_numbers, tuple(pieces)
