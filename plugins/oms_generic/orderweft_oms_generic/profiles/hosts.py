"""Hosts that only this machine or its own network reaches: a profile leads there only when the connection allows it.

A profile may come from a stranger, and credentials go where it says. So its addresses must be public ones, by their
text when it is loaded and by what they resolve to before the first call.
"""

from __future__ import annotations

import ipaddress
import socket

from orderweft import SettingsError

# RFC 6761 (localhost), RFC 6762 (local), RFC 8375 (home.arpa), ICANN board resolution of 29 July 2024 (internal)
_INNER = ("localhost", "local", "internal", "home.arpa")
# What Azure's machines are told about themselves, at a public address: Microsoft Learn, "What is IP address
# 168.63.129.16?"
_TELLS_SECRETS = ipaddress.ip_address("168.63.129.16")


def is_private(host: str) -> bool:
    """Return whether *host*, a name or an address in any spelling, is one of this machine or its network."""
    address = _address(host)
    if address is not None:
        return not address.is_global or address.is_multicast or address == _TELLS_SECRETS
    name = host.lower().rstrip(".")
    return "." not in name or name.endswith(tuple(f".{ending}" for ending in _INNER))


def refuse_private(host: str, title: str) -> None:
    """Raise SettingsError when *host* resolves to an address of this machine or its network.

    A name that does not resolve here is left to the call itself, which may go through a proxy.
    """
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    except OSError:
        return
    if is_private(host) or any(is_private(address) for address in found):
        raise SettingsError(told(host, title))


def told(host: str, title: str) -> str:
    """Return what to say of a profile that leads to a private host."""
    return (
        f"the profile of {title} leads to {host}, which is this machine or its own network; if that is meant, "
        "set allow_private = true, or give the address as base_url"
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            # 127.1, 0x7f000001 and 2130706433 are 127.0.0.1 too
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    inner = (address.ipv4_mapped or address.sixtofour) if isinstance(address, ipaddress.IPv6Address) else None
    return inner or address
