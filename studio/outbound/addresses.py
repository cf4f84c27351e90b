"""Which IP addresses may be reached from here.

The table is our own because Python's `is_global` says yes to NAT64, 6to4, multicast, site-local and several
cloud metadata addresses. Sources: the IANA special-purpose registries for IPv4 and IPv6.

An IPv6 address that carries an IPv4 address is judged by what the operating system does with it:

- IPv4-mapped (`::ffff:a.b.c.d`) is connected to as plain IPv4, so it has the verdict of the IPv4 address.
- NAT64 (`64:ff9b::/96`) is translated by the network, so it has the verdict of the IPv4 address too, except
  that networks the operator opened do not count: the translator would resolve them in its own network.
- 6to4, Teredo, ISATAP, IPv4-compatible and SIIT forms have no honest use any more and are all refused.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
AllowedNetworks: TypeAlias = tuple[Network, ...]

NOTHING_PRIVATE: AllowedNetworks = ()
EVERYTHING: AllowedNetworks = (ip_network("0.0.0.0/0"), ip_network("::/0"))

_FORBIDDEN_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT; holds a cloud's metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent
        "169.254.0.0/16",  # link-local; metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata service
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved and broadcast
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments with Teredo; what is public in it is listed below
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "100:0:0:1::/64",  # never routed, so it leads to nobody
        "2001:1::1/128",
        "2001:1::2/128",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:20::/28",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


def parse_networks(text: str) -> AllowedNetworks:
    """Read `STUDIO_ALLOW_PRIVATE_NETWORKS`: a comma list of CIDRs, `*` for everything, empty for nothing."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if "*" in parts:
        return EVERYTHING
    return tuple(ip_network(part) for part in parts)


def is_allowed(address: Address, allowed_networks: AllowedNetworks = NOTHING_PRIVATE) -> bool:
    """Whether a socket may be connected to this address."""
    if isinstance(address, IPv4Address):
        return _is_public_v4(address) or _is_inside(address, allowed_networks)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_allowed(address.ipv4_mapped, allowed_networks)
    return _is_public_v6(address) or _is_inside(address, allowed_networks)


def is_opened(address: Address, allowed_networks: AllowedNetworks) -> bool:
    """Whether the operator named this address: then the rule about ports does not hold either."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return _is_inside(address.ipv4_mapped, allowed_networks)
    return _is_inside(address, allowed_networks)


def parse_address(text: str) -> Address | None:
    """The address in canonical spelling, or None for anything else: `127.1` and `0x7f000001` are names."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_public_v4(address: IPv4Address) -> bool:
    return not any(address in network for network in _FORBIDDEN_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    if address in _NAT64:
        return _is_public_v4(IPv4Address(int(address) & 0xFFFFFFFF))
    if any(address in network for network in _PUBLIC_V6):
        return True
    return address in _GLOBAL_V6 and not any(address in network for network in _FORBIDDEN_V6)


def _is_inside(address: Address, networks: AllowedNetworks) -> bool:
    return any(address.version == network.version and address in network for network in networks)
