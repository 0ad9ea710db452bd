"""Every channel that comes with the product keeps the contract, and so does the reference channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import orderweft_joor
import orderweft_oms_generic
import orderweft_shopify
import orderweft_zedonk
from orderweft.testing import ChannelKit, brand, kit

from .mutation import CHECKS
from .reference import channel

K = TypeVar("K", bound=type[ChannelKit])
SEASONS = [name for _, name in brand.SEASONS]
JOOR = {"warehouse": "Default", "acknowledge": "v4"}
ZEDONK = {"stock_seasons": SEASONS, "price_seasons": SEASONS, "price_lists": ["Wholesale"]}


def adding(*hooks: str) -> Callable[[K], K]:
    """Leave out the checks of other hooks than those, which the settings of the class make possible."""

    def leave_out(made: K) -> K:
        for name, part in CHECKS.items():
            needed = kit.needs_of(part, name)
            named = {*needed.every, *needed.some}
            if named and not named & {*hooks}:
                setattr(made, name, None)
        return made

    return leave_out


class TestJoor(ChannelKit):
    """JOOR."""

    plugin = orderweft_joor


@adding("write_inventory", "acknowledge_orders")
class TestJoorWithStock(ChannelKit):
    """JOOR, with what its stock and its acknowledgements need."""

    plugin = orderweft_joor
    settings = JOOR


class TestShopify(ChannelKit):
    """Shopify."""

    plugin = orderweft_shopify


class TestZedonk(ChannelKit):
    """Zedonk, with files in a folder."""

    plugin = orderweft_zedonk


@adding("read_inventory", "read_catalog")
class TestZedonkWithSeasons(ChannelKit):
    """Zedonk, with the seasons its stock and prices are read from."""

    plugin = orderweft_zedonk
    settings = ZEDONK


class TestOrderManagement(ChannelKit):
    """An order-management system: Order Desk."""

    plugin = orderweft_oms_generic


class TestReference(ChannelKit):
    """The reference channel, which every mutant is a copy of."""

    plugin = channel
