"""Papershop keeps the contract of the hooks."""

from orderweft.testing import ChannelKit

import orderweft_papershop


class TestChannel(ChannelKit):
    """The channel, held to the conformance kit."""

    plugin = orderweft_papershop
