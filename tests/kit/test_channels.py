"""Every channel that comes with the product keeps the contract, and so does the reference channel."""

from __future__ import annotations

import orderweft_joor
import orderweft_oms_generic
import orderweft_shopify
import orderweft_zedonk
from orderweft.testing import ChannelKit, brand

from .reference import channel

SEASONS = [name for _, name in brand.SEASONS]
JOOR = {"warehouse": "Default", "acknowledge": "v4"}
ZEDONK = {"stock_seasons": SEASONS, "price_seasons": SEASONS, "price_lists": ["Wholesale"]}


class TestJoor(ChannelKit):
    """JOOR, with what its stock and its acknowledgements need."""

    plugin = orderweft_joor
    settings = JOOR


class TestShopify(ChannelKit):
    """Shopify."""

    plugin = orderweft_shopify


class TestZedonk(ChannelKit):
    """Zedonk, with files in a folder, and the seasons its stock and prices are read from."""

    plugin = orderweft_zedonk
    settings = ZEDONK


class TestOrderManagement(ChannelKit):
    """An order-management system: Order Desk."""

    plugin = orderweft_oms_generic


class TestReference(ChannelKit):
    """The reference channel, which every mutant is a copy of."""

    plugin = channel
