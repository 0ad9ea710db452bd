"""Telling JOOR what was shipped of its orders, with everything its documentation leaves open both ways."""

from __future__ import annotations

from typing import Any

import orderweft_joor
import pytest
from orderweft import Accepted, AlreadyThere, NotSent, Outcome, Refused, SettingsError, Shipment, Unknown
from orderweft.testing import Fault, brand
from pydantic import ValidationError

from .test_inventory import Account

SKU = brand.skus()[0].sku
LEFT_OPEN: list[tuple[dict[str, Any], type[Outcome], tuple[str, str | None]]] = [
    ({"ship_orders": "refused"}, Refused, ("approved", None)),
    ({"tracking_length": 3}, Refused, ("approved", None)),
    ({"hide_tracking": True}, Accepted, ("shipped", "T100")),
    ({"export_modifies": True}, Accepted, ("shipped", "T100")),
]
"""What the documentation leaves open, what becomes of a parcel with all pieces then, and of its order."""


class Told(Account):
    """An account with one approved order of ten pieces."""

    def __init__(self, *faults: Fault, switches: dict[str, Any] | None = None, **given: Any) -> None:
        super().__init__(*faults, switches=switches, **{"experimental_shipments": True, **given})
        self.id = str(self.joor.add_order({SKU: 10}))

    def tell(self, *shipments: Shipment) -> list[Outcome]:
        """Write shipments."""
        return orderweft_joor.write_shipments(self.connection, shipments)

    @property
    def order(self) -> tuple[str, str | None]:
        """Return status and tracking number of the order."""
        order = self.joor.orders[int(self.id)]
        return order.status, order.tracking

    def parcel(self, number: str, pieces: int = 4, *, key: str | None = "joor", **fields: Any) -> Shipment:
        """Build a parcel for the order."""
        return Shipment.model_validate(
            {
                "origin": {"channel": "shopify", "connection": "shop", "id": number},
                "order_id": "gid://shopify/Order/1",
                "order_key": key and f"{key}:{self.id}",
                "tracking_numbers": [number],
                "lines": [{"item": {"sku": SKU}, "quantity": pieces}],
                **fields,
            }
        )


def test_parcels_are_added_up_and_the_last_one_ships_the_order() -> None:
    """Each parcel adds its number; the same again is harmless; the order is shipped when its source says so."""
    told = Told()
    assert isinstance(told.tell(told.parcel("T1"))[0], Accepted)
    assert told.order == ("approved", "T1")
    assert isinstance(told.tell(told.parcel("T1"))[0], AlreadyThere)
    last = told.parcel("T2", 6, custom_fields={"order_status": "shipped"})
    assert isinstance(told.tell(told.parcel("T1"), last)[1], Accepted)
    assert told.order == ("shipped", "T1, T2")
    assert [one.outcome for one in told.tell(told.parcel("T1"), last)] == ["already_there"] * 2


def test_parcels_that_have_all_pieces_ship_the_order() -> None:
    """Where the source says nothing of the whole order, the pieces tell."""
    told = Told()
    told.tell(told.parcel("T1", 3), told.parcel("T2", 7))
    assert told.order == ("shipped", "T1, T2")


def test_a_parcel_that_was_cancelled_takes_its_number_back() -> None:
    """The others stay, and a parcel that is only being packed says nothing yet."""
    told = Told()
    told.tell(told.parcel("T1"), told.parcel("T2"), told.parcel("T3", status="open"))
    told.tell(told.parcel("T1", status="cancelled"))
    assert told.order == ("approved", "T2")


def test_orders_of_another_export_are_found_by_their_key() -> None:
    """What stands in front of the colon does not matter; a shipment without key names no order of JOOR's."""
    told = Told()
    outcomes = told.tell(told.parcel("T1", key="joor.2"), told.parcel("T2", key=None))
    assert [one.outcome for one in outcomes] == ["accepted", "refused"]
    assert told.order == ("approved", "T1")


@pytest.mark.parametrize("change", ["cancel", "unknown"])
def test_an_order_that_cannot_be_on_its_way_is_left_to_a_person(change: str) -> None:
    """One that was cancelled in JOOR, or that JOOR does not have, is never changed."""
    told = Told()
    if change == "cancel":
        told.joor.cancel(int(told.id))
    else:
        told.id = "12345"
    (outcome,) = told.tell(told.parcel("T1"))
    assert isinstance(outcome, Refused)
    assert ("was sent" if change == "cancel" else "does not know") in outcome.message


@pytest.mark.parametrize(
    ("switches", "outcome", "order"),
    LEFT_OPEN,
    ids=["shipping refused", "number too long", "number not shown", "plain"],
)
def test_what_joor_leaves_open_both_ways(
    switches: dict[str, Any], outcome: type[Outcome], order: tuple[str, str | None]
) -> None:
    """Where JOOR takes no such change, the shipment is held with JOOR's words."""
    told = Told(switches=switches)
    (done,) = told.tell(told.parcel("T100", 10))
    assert isinstance(done, outcome), done
    assert told.order == order
    if switches.get("hide_tracking"):
        assert isinstance(done, Accepted)
        assert "earlier ones may be gone" in done.receipt.remarks[0]


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_a_lost_answer_is_unknown_and_the_same_again_harmless(kind: Any) -> None:
    """Whatever came of it, the next try leaves the order as it is to be."""
    told = Told(Fault("orders.acknowledge", kind))
    assert isinstance(told.tell(told.parcel("T1"))[0], Unknown)
    again = told.tell(told.parcel("T1"))[0]
    assert isinstance(again, AlreadyThere if kind == "timeout_after" else Accepted)
    assert told.order == ("approved", "T1")


def test_an_account_that_cannot_be_asked_is_tried_later() -> None:
    """Nothing is written before the order was read."""
    told = Told(Fault("orders.v4_read", "refuse", times=9))
    assert isinstance(told.tell(told.parcel("T1"))[0], NotSent)


def test_it_is_off_until_somebody_switches_it_on() -> None:
    """By default JOOR takes no shipments, and says what would make it; the setting needs the v4 sign-in."""
    told = Told(experimental_shipments=False)
    assert orderweft_joor.accepts_shipments(told.connection, "shipments") is None
    with pytest.raises(SettingsError, match="experimental_shipments = true"):
        told.tell()
    with pytest.raises(ValidationError, match="experimental_shipments = true also needs account_id"):
        orderweft_joor.Settings.model_validate({"token": "t", "experimental_shipments": True})
